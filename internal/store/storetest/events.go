package storetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/scimd/scimd/internal/store"
)

var eventCases = []testCase{
	{"an event keeps all its fields", func(w *world) {
		e := store.Event{
			At: epoch.Add(123_456 * time.Microsecond), Operation: "patch", Type: "User", ID: "ID ü '1", Version: 1 << 40,
			Principal: store.Principal{Kind: "service", ID: "0190", Display: "Ünï's service"}, RequestID: "req-1",
			Credential: "entra", Address: "2001:db8::1", Attributes: "active,emails",
		}
		bare := store.Event{At: epoch, Operation: "create", Type: "Device", ID: "d"}
		w.do(func(tx store.Tx) error { return errors.Join(tx.Event(e), tx.Event(bare)) })
		got := w.events(0, 10)
		if len(got) != 2 || got[0].N <= 0 || got[1].N <= got[0].N {
			w.Fatalf("events %+v, want two, numbered in order", got)
		}
		for i, want := range []store.Event{e, bare} {
			want.N = got[i].N
			if !got[i].At.Equal(want.At) {
				w.Errorf("time %v, want %v", got[i].At, want.At)
			}
			if got[i].At = want.At; got[i] != want {
				w.Errorf("event %+v, want %+v", got[i], want)
			}
		}
	}},
	{"events are read in order, after a number and up to a limit", func(w *world) {
		for i := range 10 {
			w.do(func(tx store.Tx) error { return errors.Join(tx.Event(numbered(2*i)), tx.Event(numbered(2*i+1))) })
		}
		all := w.events(0, 1000)
		if len(all) != 20 {
			w.Fatalf("%d events, want 20", len(all))
		}
		for i, e := range all {
			if e.ID != fmt.Sprint(i) || i > 0 && e.N <= all[i-1].N {
				w.Errorf("event %d is %+v", i, e)
			}
		}
		for _, c := range []struct{ after, limit, want int }{{0, 1, 1}, {5, 7, 7}, {15, 100, 5}, {20, 1, 0}} {
			var after int64
			if c.after > 0 {
				after = all[c.after-1].N
			}
			if got := w.events(after, c.limit); !slices.EqualFunc(got, all[c.after:c.after+c.want], func(a, b store.Event) bool { return a.N == b.N && a.ID == b.ID }) {
				w.Errorf("after event %d, limit %d: %+v", c.after, c.limit, got)
			}
		}
	}},
	{"spaces have events of their own", func(w *world) {
		other := w.in(w.newTenant().Space)
		w.do(func(tx store.Tx) error { return tx.Event(numbered(1)) })
		other.do(func(tx store.Tx) error { return tx.Event(numbered(2)) })
		if here, there := w.events(0, 10), other.events(0, 10); len(here) != 1 || len(there) != 1 || here[0].ID != "1" || there[0].ID != "2" {
			w.Errorf("here %+v, there %+v", here, there)
		}
	}},
	{"an event of a failed Try is not there", func(w *world) {
		w.do(func(tx store.Tx) error {
			if err := tx.Event(numbered(1)); err != nil {
				return err
			}
			_ = tx.Try(func() error { return errors.Join(tx.Event(numbered(2)), errRefused) })
			return tx.Event(numbered(3))
		})
		if got := w.events(0, 10); len(got) != 2 || got[0].ID != "1" || got[1].ID != "3" {
			w.Errorf("events %+v, want 1 and 3", got)
		}
	}},
	{"a reader that goes on after the last number it saw misses no event", func(w *world) {
		// Transactions commit in another order than they began: numbers must
		// not become visible behind a later one.
		const writers, each = 8, 15
		done := make(chan []error, 1)
		go func() {
			done <- concurrently(writers, func(i int) error {
				for j := range each {
					err := w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
						if err := tx.Event(numbered(i*each + j)); err != nil {
							return err
						}
						time.Sleep(time.Duration((i+j)%3) * time.Millisecond)
						return nil
					})
					if err != nil {
						return err
					}
				}
				return nil
			})
		}()
		var seen []store.Event
		var last int64
		read := func() int {
			batch := w.events(last, 5)
			for _, e := range batch {
				if e.N <= last {
					w.Errorf("event %d comes after %d", e.N, last)
				}
				last = e.N
			}
			seen = append(seen, batch...)
			return len(batch)
		}
		for writing := true; writing; {
			read()
			select {
			case errs := <-done:
				if err := errors.Join(errs...); err != nil {
					w.Fatal(err)
				}
				writing = false
			default:
			}
		}
		for deadline := time.Now().Add(5 * time.Second); len(seen) < writers*each && time.Now().Before(deadline); {
			if read() == 0 {
				time.Sleep(5 * time.Millisecond)
			}
		}
		ids := map[string]bool{}
		for _, e := range seen {
			ids[e.ID] = true
		}
		if len(seen) != writers*each || len(ids) != writers*each {
			w.Errorf("%d events seen, %d different; want %d", len(seen), len(ids), writers*each)
		}
	}},
}

func numbered(i int) store.Event {
	return store.Event{At: epoch, Operation: "create", Type: "User", ID: fmt.Sprint(i)}
}

func (w *world) events(after int64, limit int) []store.Event {
	w.Helper()
	list, err := w.store.Events(w.ctx, w.space, after, limit)
	if err != nil {
		w.Fatalf("Events: %v", err)
	}
	return list
}
