package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/scimd/scimd/internal/store"
)

var cancellationCases = []testCase{
	{"a write whose context has ended does not begin", func(w *world) {
		ctx, cancel := context.WithCancel(w.ctx)
		cancel()
		ran := false
		err := w.store.Do(ctx, w.space, func(store.Tx) error { ran = true; return nil })
		if !errors.Is(err, context.Canceled) || ran {
			w.Errorf("error %v, ran %t; want context.Canceled and false", err, ran)
		}
	}},
	{"a write that waits its turn ends with its context and leaves nothing", func(w *world) {
		release, running := make(chan struct{}), make(chan struct{})
		blocker := make(chan error, 1)
		go func() {
			first := true
			blocker <- w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
				if first {
					first = false
					close(running)
				}
				<-release
				return nil
			})
		}()
		<-running
		ctx, cancel := context.WithTimeout(w.ctx, 100*time.Millisecond)
		defer cancel()
		r := User("queued").Resource()
		queued := make(chan error, 1)
		go func() {
			queued <- w.store.Do(ctx, w.space, func(tx store.Tx) error { return tx.Insert(r) })
		}()
		var err error
		select {
		case err = <-queued:
		case <-time.After(20 * time.Second):
			w.Error("the write still waits 20 s after its context has ended")
		}
		close(release)
		if err := <-blocker; err != nil {
			w.Errorf("the write before it: %v", err)
		}
		// An engine without a queue has run it meanwhile.
		switch {
		case err == nil:
			w.same(w.get(r.Type, r.ID), r)
		case errors.Is(err, context.DeadlineExceeded):
			w.absent(r.Type, r.ID)
		default:
			w.Errorf("error %v, want the context's", err)
		}
	}},
	{"a write that runs is not ended by its context", func(w *world) {
		ctx, cancel := context.WithCancel(w.ctx)
		defer cancel()
		a, b := User("a").Resource(), User("b").Resource()
		err := w.store.Do(ctx, w.space, func(tx store.Tx) error {
			if err := tx.Insert(a); err != nil {
				return err
			}
			cancel()
			time.Sleep(20 * time.Millisecond)
			return tx.Insert(b)
		})
		if err != nil {
			w.Fatalf("error %v, want none", err)
		}
		w.same(w.get(a.Type, a.ID), a)
		w.same(w.get(b.Type, b.ID), b)
	}},
	{"a read whose context has ended fails with the context's error", func(w *world) {
		r := w.insert(User("read"))[0]
		ctx, cancel := context.WithCancel(w.ctx)
		cancel()
		if _, err := w.store.Get(ctx, w.space, r.Type, r.ID, nil); !errors.Is(err, context.Canceled) {
			w.Errorf("Get: %v, want context.Canceled", err)
		}
		if _, err := w.store.Query(ctx, w.query(w.users(""))); !errors.Is(err, context.Canceled) {
			w.Errorf("Query: %v, want context.Canceled", err)
		}
	}},
	{"clients that give up at any moment leave all or nothing", func(w *world) {
		const n = 40
		pairs := make([][2]*store.Resource, n)
		errs := concurrently(n, func(i int) error {
			ctx, cancel := context.WithTimeout(w.ctx, time.Duration(i)*250*time.Microsecond)
			defer cancel()
			pair := [2]*store.Resource{User("l" + User("").id).Resource(), User("r" + User("").id).Resource()}
			pairs[i] = pair
			return w.store.Do(ctx, w.space, func(tx store.Tx) error {
				if err := tx.Insert(pair[0]); err != nil {
					return err
				}
				return tx.Insert(pair[1])
			})
		})
		for i, pair := range pairs {
			_, left := w.store.Get(w.ctx, w.space, userType(), pair[0].ID, nil)
			_, right := w.store.Get(w.ctx, w.space, userType(), pair[1].ID, nil)
			switch {
			case errs[i] == nil && (left != nil || right != nil):
				w.Errorf("write %d was answered, and its reads give %v and %v", i, left, right)
			case errs[i] != nil && !errors.Is(errs[i], context.DeadlineExceeded):
				w.Errorf("write %d: %v, want the context's error", i, errs[i])
			case errs[i] != nil && (!errors.Is(left, store.ErrNotFound) || !errors.Is(right, store.ErrNotFound)):
				w.Errorf("write %d failed, and its reads give %v and %v", i, left, right)
			}
		}
		w.insert(User("afterwards"))
	}},
}
