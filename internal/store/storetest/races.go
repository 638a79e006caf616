package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/store"
)

var raceCases = []testCase{
	{"of 64 inserts of one userName one wins", func(w *world) {
		errs := concurrently(64, func(i int) error {
			r := User("one").Resource()
			return w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Insert(r) })
		})
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			w.taken("a loser", err, "userName")
		}
		if a := w.ask(w.query(w.users(""))); won != 1 || a.total != 1 {
			w.Errorf("%d inserts won and %d users are there, want 1 and 1", won, a.total)
		}
	}},
	{"of 16 inserts of one value in the generic table one wins", func(w *world) {
		errs := concurrently(16, func(i int) error {
			r := Device(strconv.Itoa(i)).Set("alias", "one").Resource()
			return w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Insert(r) })
		})
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			w.taken("a loser", err, "alias")
		}
		if a := w.ask(w.query(w.devices(""))); won != 1 || a.total != 1 {
			w.Errorf("%d inserts won and %d devices are there, want 1 and 1", won, a.total)
		}
	}},
	{"of 16 renames to one value one wins", func(w *world) {
		const n = 16
		for attr, b := range map[string]func(string) *Builder{"userName": User, "alias": Device} {
			builders := make([]*Builder, n)
			for i := range builders {
				builders[i] = b(fmt.Sprintf("%s%02d", attr, i))
			}
			list := w.insert(builders...)
			errs := concurrently(n, func(i int) error {
				return w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Update(changed(list[i], attr, "one"), 1) })
			})
			won := 0
			for _, err := range errs {
				if err == nil {
					won++
					continue
				}
				w.taken("a loser", err, attr)
			}
			rt := list[0].Type
			found := w.found(store.Part{Type: rt, Filter: w.compile(rt, attr+` eq "ONE"`)})
			if won != 1 || len(found) != 1 {
				w.Errorf("%d renames of %s won and %d resources have the value, want 1 and 1", won, attr, len(found))
			}
		}
	}},
	{"a name that its holder gives up is free or taken, never a conflict", func(w *world) {
		for round := range 40 {
			old := fmt.Sprintf("old%d", round)
			list := w.insert(User(old), User(fmt.Sprintf("heir%d", round)))
			names := []string{fmt.Sprintf("new%d", round), old}
			errs := concurrently(2, func(i int) error {
				return w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Update(changed(list[i], "userName", names[i]), 1) })
			})
			if errs[0] != nil {
				w.Fatal(errs[0])
			}
			if errs[1] != nil {
				w.taken("the heir", errs[1], "userName")
			}
		}
	}},
	{"16 writers that read, change and write one resource lose nothing", func(w *world) {
		const writers, each = 16, 5
		id := w.insert(User("counter").Number("count", "0"))[0].ID
		errs := concurrently(writers, func(int) error {
			for range each {
				if err := w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return increment(tx, id) }); err != nil {
					return err
				}
			}
			return nil
		})
		if err := errors.Join(errs...); err != nil {
			w.Fatal(err)
		}
		rec := w.get(userType(), id)
		if n := countOf(w, rec); n != writers*each || rec.Version != writers*each+1 {
			w.Errorf("count %d at version %d, want %d at %d", n, rec.Version, writers*each, writers*each+1)
		}
	}},
	{"of several updates from one version one wins", func(w *world) {
		r := w.insert(User("cas"))[0]
		errs := concurrently(16, func(i int) error {
			return w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
				return tx.Update(changed(r, "title", strconv.Itoa(i)), 1)
			})
		})
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, store.ErrVersion) {
				w.Errorf("a loser: %v, want ErrVersion", err)
			}
		}
		if rec := w.get(r.Type, r.ID); won != 1 || rec.Version != 2 {
			w.Errorf("%d updates won, version %d; want 1 and 2", won, rec.Version)
		}
	}},
	{"two transactions that lock two resources in opposite order both succeed", func(w *world) {
		pair := w.insert(User("left").Number("count", "0"), User("right").Number("count", "0"))
		var runs atomic.Int64
		both := make(chan struct{}, 2)
		errs := concurrently(2, func(i int) error {
			first, second := pair[i].ID, pair[1-i].ID
			return w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
				attempt := runs.Add(1)
				if err := increment(tx, first); err != nil {
					return err
				}
				if attempt <= 2 {
					// Let the other one take its first lock. An engine that runs one
					// transaction at a time has it wait in the queue instead.
					both <- struct{}{}
					deadline := time.After(300 * time.Millisecond)
					for len(both) < 2 {
						select {
						case <-deadline:
							return increment(tx, second)
						case <-time.After(time.Millisecond):
						}
					}
				}
				return increment(tx, second)
			})
		})
		if err := errors.Join(errs...); err != nil {
			w.Fatal(err)
		}
		for _, r := range pair {
			if n := countOf(w, w.get(r.Type, r.ID)); n != 2 {
				w.Errorf("%s was counted %d times, want once by each transaction", r.ID, n)
			}
		}
	}},
	{"16 writers that change many resources, each in another order, lose nothing", func(w *world) {
		const n, writers = 8, 16
		builders := make([]*Builder, n)
		ids := make([]string, n)
		for i := range builders {
			builders[i] = User(fmt.Sprintf("u%d", i))
			ids[i] = builders[i].id
		}
		bySeq := map[int64]*store.Resource{}
		for _, r := range w.insert(builders...) {
			bySeq[r.Seq] = r
		}
		for _, err := range concurrently(writers, func(i int) error {
			return w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
				list, err := tx.GetMany(userType(), append(slices.Clone(ids[i%n:]), ids[:i%n]...))
				if err != nil {
					return err
				}
				for _, rec := range list {
					r := changed(bySeq[rec.Seq], "title", fmt.Sprint(i))
					r.Version = rec.Version + 1
					if err := tx.Update(r, rec.Version); err != nil {
						return err
					}
				}
				return nil
			})
		}) {
			if err != nil {
				w.Errorf("a writer: %v", err)
			}
		}
		for _, id := range ids {
			if rec := w.get(userType(), id); rec.Version != 1+writers {
				w.Errorf("%s has version %d, want %d", id, rec.Version, 1+writers)
			}
		}
	}},
	{"reads and writes at the same time do not fail each other", func(w *world) {
		ctx, cancel := context.WithCancel(w.ctx)
		defer cancel()
		for i := range 40 {
			w.insert(User(fmt.Sprintf("base%02d", i)))
		}
		var reads atomic.Int64
		readers := make(chan []error)
		go func() {
			readers <- concurrently(8, func(int) error {
				for ctx.Err() == nil {
					a, err := walk(w.ctx, w.store, w.query(w.users(`userName sw "base"`)))
					if err != nil {
						return err
					}
					if a.total != 40 || len(a.records) != 40 {
						return fmt.Errorf("a read saw %d of %d, want 40", len(a.records), a.total)
					}
					reads.Add(1)
				}
				return nil
			})
		}()
		writes := concurrently(8, func(i int) error {
			for j := range 20 {
				r := User(fmt.Sprintf("w%d-%d", i, j)).Resource()
				err := w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Insert(r) })
				if err != nil {
					return err
				}
			}
			return nil
		})
		for deadline := time.Now().Add(10 * time.Second); reads.Load() < 8 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		cancel()
		if err := errors.Join(append(writes, <-readers...)...); err != nil {
			w.Error(err)
		}
		if reads.Load() == 0 {
			w.Error("no read came through beside the writes")
		}
	}},
	{"a resource that is referenced is not deleted in between", func(w *world) {
		// Each round sets a manager and deletes that manager at the same time:
		// whichever comes first, no edge leads to nowhere.
		for round := range 12 {
			list := w.insert(User(fmt.Sprintf("boss%d", round)), User(fmt.Sprintf("staff%d", round)))
			boss, staff := list[0], list[1]
			found := make(chan struct{}, 10) // one for each time the transaction runs
			errs := concurrently(2, func(i int) error {
				if i == 0 {
					return w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
						links, err := find(tx, boss.ID)
						if err != nil {
							return err
						}
						found <- struct{}{}
						time.Sleep(5 * time.Millisecond) // the delete gets its chance
						return setLinks(tx, store.Manager, staff.Seq, links)
					})
				}
				if round%2 == 0 {
					<-found
				}
				return w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
					rec, err := tx.Get(boss.Type, boss.ID)
					if err != nil {
						return err
					}
					time.Sleep(time.Duration(round%3) * time.Millisecond)
					return tx.Delete(boss.Type, rec.Seq)
				})
			})
			if err := errors.Join(errs...); err != nil {
				w.Fatalf("round %d: %v", round, err)
			}
			w.unlinked(boss)
			w.leadsTo("staff", w.get(staff.Type, staff.ID, store.Want{Relation: store.Manager}).Links)
		}
	}},
}

// increment adds one to the member count of a user, which no key holds.
func increment(tx store.Tx, id string) error {
	rec, err := tx.Get(userType(), id)
	if err != nil {
		return err
	}
	body, err := resource.Decode(rec.Doc)
	if err != nil {
		return err
	}
	count, _ := body.Get("count")
	n, err := strconv.Atoi(count.Literal())
	if err != nil {
		return err
	}
	body.Set("count", resource.NumberLiteral(strconv.Itoa(n+1)))
	r := &store.Resource{
		Type: userType(), Seq: rec.Seq, ID: rec.ID, Version: rec.Version + 1,
		Created: rec.Created, Modified: rec.Modified.Add(time.Microsecond), Body: body,
	}
	r.Doc, r.Cut = resource.Encode(body)
	return tx.Update(r, rec.Version)
}

func countOf(w *world, rec *store.Record) int {
	w.Helper()
	raw, _ := resource.Get(rec.Doc, "count")
	n, err := strconv.Atoi(string(raw))
	if err != nil {
		w.Fatalf("count of %s: %v", rec.ID, err)
	}
	return n
}
