package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/scimd/scimd/internal/store"
)

// sweepCases have a store of their own: a sweep is of all spaces.
var sweepCases = []testCase{
	{"what a deleted tenant held is swept, and nothing else", func(w *world) {
		gone, kept := w.newTenant(), w.newTenant()
		fill := func(in *world) {
			for n := range 3 {
				list := make([]*Builder, 1000)
				for i := range list {
					list[i] = User(fmt.Sprintf("u-%d", 1000*n+i)).Email("work", fmt.Sprintf("u%d@example.com", i))
				}
				in.insert(append(list, Device(fmt.Sprintf("d-%d", n)).Number("slots", "1"))...)
			}
			in.do(func(tx store.Tx) error {
				r := Group("all").Resource()
				if err := tx.Insert(r); err != nil {
					return err
				}
				_, err := tx.SetLinks(store.Member, r.Seq, []store.Link{{Seq: r.Seq, Type: r.Type}})
				return errors.Join(err, tx.SetPassword(r.Seq, []byte("x")), tx.Lock("l"), tx.Event(numbered(1)))
			})
			in.events(0, 1)
		}
		fill(w.in(gone.Space))
		fill(w.in(kept.Space))
		deleted := time.Now()
		if err := w.store.DeleteTenant(w.ctx, gone.ID, deleted); err != nil {
			w.Fatal(err)
		}
		empty := func(when string) {
			in := w.in(gone.Space)
			if n := len(in.found(in.users(""))) + len(in.found(in.devices(""))) + len(in.events(0, 10)); n != 0 {
				w.Errorf("%s, %d rows are left", when, n)
			}
		}
		cut, cancel := context.WithCancel(w.ctx)
		cancel()
		if err := w.store.Sweep(cut, deleted, nil); err == nil {
			w.Error("a sweep goes on without its context")
		}
		for _, settled := range []time.Time{deleted, deleted.Add(time.Second), deleted.Add(time.Second)} {
			if err := w.store.Sweep(w.ctx, settled, nil); err != nil {
				w.Fatal(err)
			}
			empty("after a sweep")
			if settled.Equal(deleted) {
				late := w.in(gone.Space)
				late.insert(User("late")) // by a request that was under way
				if err := w.store.Sweep(w.ctx, settled, nil); err != nil || len(late.found(late.users(""))) != 1 {
					w.Errorf("what was swept is looked through again before it can be done with: %v", err)
				}
			}
		}
		in := w.in(kept.Space)
		if n := len(in.found(in.users(""))); n != 3000 || len(in.found(in.devices("slots eq 1"))) != 3 || len(in.events(0, 10)) != 1 {
			w.Errorf("another tenant has %d users left", n)
		}
	}},
	{"the trail goes with its tenant", func(w *world) {
		tenant := w.newTenant()
		gone := w.in(tenant.Space)
		w.appendAudit(row(tenant.Space, 1))
		_ = gone.audit(store.TrailQuery{Limit: 1}) // numbers it
		if err := w.store.DeleteTenant(w.ctx, tenant.ID, epoch); err != nil {
			w.Fatal(err)
		}
		if err := w.store.Sweep(w.ctx, time.Now(), nil); err != nil {
			w.Fatal(err)
		}
		if got := gone.audit(store.TrailQuery{Limit: 1}); len(got) != 0 {
			w.Errorf("%+v is left", got)
		}
	}},
	{"a tenant made from another has its resources as its own seed, and the setting", func(w *world) {
		source := w.newTenant()
		live := w.in(source.Space)
		stray := live.insert(User("ann").ID("ann"), hidden("stray"))[1]
		if _, err := w.store.SetSetting(w.ctx, store.TenantSettings(source.ID)+"it", "v"); err != nil {
			w.Fatal(err)
		}
		w.save(source, "s")
		live.insert(User("bob").ID("bob"))
		for snapshot, want := range map[string][]string{"": {"ann", "bob"}, "s": {"ann"}} {
			copied, err := w.store.CopyTenant(w.ctx, store.Tenant{Name: "copy-" + hostName(), Created: epoch, OnDemand: true, Expires: epoch.Add(time.Hour)}, source.ID, snapshot, "it")
			if err != nil {
				w.Fatal(err)
			}
			made := copied.Tenant
			if copied.Resources != int64(len(want)) || !slices.Equal(copied.Strays, []string{stray.ID}) {
				w.Errorf("copied %+v", copied)
			}
			if read, ok := w.tenantOf(made.ID); !ok || !sameTenant(read, made) || !made.OnDemand || made.Expires.IsZero() {
				w.Errorf("made %+v, read %+v", made, read)
			}
			if v, ok, err := w.store.Setting(w.ctx, store.TenantSettings(made.ID)+"it"); v != "v" || !ok || err != nil {
				w.Errorf("setting %q, %t, %v", v, ok, err)
			}
			in := w.in(made.Space)
			if got := in.found(in.users("")); !slices.Equal(got, want) {
				w.Errorf("from %q: %v, want %v", snapshot, got, want)
			}
			in.insert(User("carl"))
			r := w.restore(made, store.SeedSnapshot)
			in = w.in(r.Tenant.Space)
			if got := in.found(in.users("")); !slices.Equal(got, want) {
				w.Errorf("reset from %q: %v, want %v", snapshot, got, want)
			}
			if snapshot != "" { // the two share a space, which stays as long as one of them
				if err := w.store.DeleteSnapshot(w.ctx, source.ID, snapshot, epoch); err != nil {
					w.Fatal(err)
				}
				w.sweep(time.Now())
				r = w.restore(made, store.SeedSnapshot)
				in = w.in(r.Tenant.Space)
				if got := in.found(in.users("")); !slices.Equal(got, want) {
					w.Errorf("after its source was deleted: %v, want %v", got, want)
				}
			}
			w.sound(made)
		}
		if got := live.found(live.users("")); len(got) != 2 {
			w.Errorf("the source has %v", got)
		}
	}},
	{"what was given up is swept when nobody can use it any more, and not the logs", func(w *world) {
		tenant := w.newTenant()
		live := w.in(tenant.Space)
		live.insert(User("ann"), Device("d"))
		live.do(func(tx store.Tx) error { return tx.Event(numbered(1)) })
		given := time.Now()
		e := restore()
		e.At = given
		if _, err := w.store.RestoreSnapshot(w.ctx, tenant.ID, "", e); err != nil {
			w.Fatal(err)
		}
		count := func() int { return len(live.found(live.users(""))) + len(live.found(live.devices(""))) }
		w.sweep(given)
		if n := count(); n != 2 {
			w.Errorf("swept at once, %d are left", n)
		}
		if err := w.store.Sweep(w.ctx, given, func(space int64) bool { return space == tenant.Space }); err != nil {
			w.Fatal(err)
		}
		if n, list := count(), live.events(0, 10); n != 0 || len(list) != 2 {
			w.Errorf("%d resources are left, and the events %+v", n, list)
		}
		if err := w.store.DeleteTenant(w.ctx, tenant.ID, given); err != nil {
			w.Fatal(err)
		}
		w.sweep(given)
		if list := live.events(0, 10); len(list) != 0 {
			w.Errorf("events of a deleted tenant: %+v", list)
		}
	}},
	{"what is saved is whole, however soon what a restore gives up is swept", func(w *world) {
		tenant := w.newTenant()
		w.in(tenant.Space).insert(User("ann"), User("bob"))
		w.save(tenant, "s")
		var given sync.Map // spaces
		over := make(chan struct{})
		var sweeping sync.WaitGroup
		sweeping.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				err := w.store.Sweep(w.ctx, epoch, func(space int64) bool { _, ok := given.Load(space); return ok })
				if err != nil {
					w.Errorf("Sweep: %v", err)
				}
			}
		})
		const rounds = 60
		errs := concurrently(3, func(i int) error {
			for n := range rounds {
				switch i {
				case 0:
					before, _ := w.tenantOf(tenant.ID)
					if _, err := w.store.RestoreSnapshot(w.ctx, tenant.ID, "s", restore()); err != nil {
						return err
					}
					given.Store(before.Space, true)
				case 1:
					saved, err := w.store.SaveSnapshot(w.ctx, tenant.ID, "m", true, epoch)
					if err != nil || saved.Resources != 2 {
						return fmt.Errorf("saved %+v: %w", saved, err)
					}
				case 2:
					made, err := w.store.CopyTenant(w.ctx, store.Tenant{Name: fmt.Sprintf("copy-%d-%s", n, hostName()), Created: epoch}, tenant.ID, []string{"", "m"}[n%2], "it")
					if err != nil && !errors.Is(err, store.ErrNotFound) || err == nil && made.Resources != 2 {
						return fmt.Errorf("copied %+v: %w", made, err)
					}
				}
			}
			return nil
		})
		close(over)
		sweeping.Wait()
		if err := errors.Join(errs...); err != nil {
			w.Error(err)
		}
	}},
}

func (w *world) sweep(settled time.Time) {
	w.Helper()
	if err := w.store.Sweep(w.ctx, settled, nil); err != nil {
		w.Fatalf("Sweep: %v", err)
	}
}
