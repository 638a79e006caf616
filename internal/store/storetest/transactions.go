package storetest

import (
	"errors"
	"fmt"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

var errRefused = errors.New("refused by the test")

var transactionCases = []testCase{
	{"an error of fn is returned as it is and undoes everything", func(w *world) {
		kept := w.insert(User("kept").Set("title", "old"), User("boss"))
		var fresh *store.Resource
		err := w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
			fresh = User("fresh").Resource()
			if err := tx.Insert(fresh); err != nil {
				return err
			}
			if err := tx.Update(changed(kept[0], "title", "new"), 1); err != nil {
				return err
			}
			if err := setLinks(tx, store.Manager, kept[0].Seq, []store.Link{linkTo(kept[1])}); err != nil {
				return err
			}
			if err := tx.Event(store.Event{At: epoch, Operation: "create", Type: "User", ID: fresh.ID}); err != nil {
				return err
			}
			if err := tx.Delete(kept[1].Type, kept[1].Seq); err != nil {
				return err
			}
			return errRefused
		})
		if err != errRefused {
			w.Errorf("error %v, want the one of fn itself", err)
		}
		w.absent(userType(), fresh.ID)
		w.same(w.get(userType(), kept[0].ID), kept[0])
		w.same(w.get(userType(), kept[1].ID), kept[1])
		if rec := w.get(userType(), kept[0].ID, store.Want{Relation: store.Manager}); len(rec.Links) != 0 {
			w.Errorf("links %v survived", rec.Links)
		}
		if got := w.found(w.users(`title eq "new" or userName eq "fresh"`)); len(got) != 0 {
			w.Errorf("keys of %v survived", got)
		}
		if events := w.events(0, 10); len(events) != 0 {
			w.Errorf("events %v survived", events)
		}
	}},
	{"a failed Try undoes its own changes only", func(w *world) {
		r := []*store.Resource{User("before").Resource(), User("within").Resource(), User("nested").Resource(), User("after").Resource()}
		w.do(func(tx store.Tx) error {
			if err := tx.Insert(r[0]); err != nil {
				return err
			}
			err := tx.Try(func() error {
				if err := tx.Insert(r[1]); err != nil {
					return err
				}
				if err := tx.Try(func() error { return tx.Insert(r[2]) }); err != nil {
					return err
				}
				return errRefused
			})
			if err != errRefused {
				w.Errorf("Try gave %v, want the error of fn itself", err)
			}
			return tx.Insert(r[3])
		})
		w.get(userType(), r[0].ID)
		w.absent(userType(), r[1].ID)
		w.absent(userType(), r[2].ID)
		w.get(userType(), r[3].ID)
	}},
	{"a Try that succeeds keeps its changes", func(w *world) {
		r := User("within").Resource()
		w.do(func(tx store.Tx) error { return tx.Try(func() error { return tx.Insert(r) }) })
		w.same(w.get(userType(), r.ID), r)
	}},
	{"after ErrVersion and ErrNotFound inside Try the transaction goes on", func(w *world) {
		r := w.insert(User("base"))[0]
		late := User("late").Resource()
		w.do(func(tx store.Tx) error {
			if err := tx.Try(func() error { return tx.Update(changed(r, "title", "x"), 9) }); !errors.Is(err, store.ErrVersion) {
				w.Errorf("update: %v, want ErrVersion", err)
			}
			err := tx.Try(func() error { _, err := tx.Get(userType(), "nobody"); return err })
			if !errors.Is(err, store.ErrNotFound) {
				w.Errorf("get: %v, want ErrNotFound", err)
			}
			return tx.Insert(late)
		})
		w.get(userType(), late.ID)
	}},
	{"a panic of fn is an error of its caller, undoes everything and harms nobody else", func(w *world) {
		const n = 24
		errs := concurrently(n, func(i int) error {
			r := User(fmt.Sprintf("p%02d", i)).Resource()
			return w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
				if err := tx.Insert(r); err != nil {
					return err
				}
				if i%3 == 0 {
					panic("a bug")
				}
				return nil
			})
		})
		for i, err := range errs {
			if (err != nil) != (i%3 == 0) {
				w.Errorf("transaction %d: error %v", i, err)
			}
		}
		if a := w.ask(w.query(w.users(`userName sw "p"`))); a.total != n*2/3 {
			w.Errorf("%d users, want the %d whose transaction did not panic", a.total, n*2/3)
		}
		w.insert(User("afterwards"))
	}},
	{"a write is seen by reads as soon as Do has returned", func(w *world) {
		for i := range 50 {
			r := w.insert(User(fmt.Sprintf("seen%d", i)))[0]
			if _, err := w.store.Get(w.ctx, w.space, r.Type, r.ID, nil); err != nil {
				w.Fatalf("write %d: %v", i, err)
			}
		}
	}},
	{"a read sees a transaction whole or not at all", func(w *world) {
		// Each transaction moves a title between two users, so that there is
		// always exactly one with it.
		pair := w.insert(User("left").Set("title", "mark"), User("right"))
		stop := make(chan struct{})
		done := make(chan error, 1)
		go func() {
			current := [2]*store.Resource{pair[0], pair[1]}
			for i := 0; ; i++ {
				select {
				case <-stop:
					done <- nil
					return
				default:
				}
				from, to := i%2, (i+1)%2
				a, b := changed(current[from], "title", ""), changed(current[to], "title", "mark")
				err := w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
					if err := tx.Update(a, a.Version-1); err != nil {
						return err
					}
					return tx.Update(b, b.Version-1)
				})
				if err != nil {
					done <- err
					return
				}
				current[from], current[to] = a, b
			}
		}()
		for range 200 {
			a := w.ask(w.query(w.users(`title eq "mark"`)))
			if a.total != 1 {
				w.Errorf("%d users hold the title, want 1", a.total)
				break
			}
		}
		close(stop)
		if err := <-done; err != nil {
			w.Errorf("writer: %v", err)
		}
	}},
}

func linkTo(r *store.Resource) store.Link {
	return store.Link{Seq: r.Seq, Type: r.Type, ID: r.ID}
}

// concurrently runs fn for 0 to n-1 at the same time and returns the errors.
func concurrently(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	done := make(chan struct{})
	for i := range n {
		go func() {
			defer func() { done <- struct{}{} }()
			<-start
			errs[i] = fn(i)
		}()
	}
	close(start)
	for range n {
		<-done
	}
	return errs
}

// find resolves ids in a transaction.
func find(tx store.Tx, ids ...string) ([]store.Link, error) {
	return tx.Find([]*schema.ResourceType{userType(), deviceType()}, ids)
}
