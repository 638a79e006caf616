package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

var snapshotCases = []testCase{
	{"a snapshot, and what is restored from it, answer as the tenant did, whatever becomes of it; filters, orders and links too", func(w *world) {
		tenant := w.newTenant()
		live := w.in(tenant.Space)
		m := newModel(live, 3)
		questions := m.questions(3, 60)
		users := live.ask(live.query(live.users(""))).records
		live.do(func(tx store.Tx) error {
			return errors.Join(tx.SetPassword(users[0].Seq, []byte("hash")), tx.SetSecrets(users[1].Seq, map[string]store.Sealed{"s": {Key: "k", Data: []byte("x")}}))
		})
		kept := live.everything()
		saved := w.save(tenant, "one")
		same := func(what string, space int64) {
			w.Helper()
			for i, q := range questions {
				if err := m.check(w.ctx, w.store, space, q); err != nil {
					w.Fatalf("%s, question %d: %v", what, i, err)
				}
			}
			if got := w.in(space).everything(); !slices.Equal(got, kept) {
				w.Errorf("%s differs from what was saved: %d and %d rows", what, len(got), len(kept))
			}
		}
		live.scramble()
		same("the snapshot", saved.Space)
		r := w.restore(tenant, "one")
		if r.Tenant.Space == tenant.Space || r.Tenant.Space == saved.Space || r.Tenant.Home != tenant.Home || r.Resources != saved.Resources {
			w.Errorf("restored %+v of %+v", r, saved)
		}
		same("what was restored", r.Tenant.Space)
		scrambled := live.everything()
		w.in(r.Tenant.Space).scramble()
		same("the snapshot, after a restore was changed", saved.Space)
		if slices.Equal(scrambled, kept) || !slices.Equal(live.everything(), scrambled) {
			w.Error("what was given up has changed with what was restored")
		}
		w.sound(tenant)
	}},
	{"a name stands for one snapshot, which may be replaced and deleted", func(w *world) {
		tenant := w.newTenant()
		live := w.in(tenant.Space)
		live.insert(User("ann"))
		first := w.save(tenant, "s")
		if first.Resources != 1 || first.Tenant != tenant.ID || !first.Created.Equal(epoch) {
			w.Errorf("saved %+v", first)
		}
		live.insert(User("bob"))
		_, err := w.store.SaveSnapshot(w.ctx, tenant.ID, "s", false, epoch)
		w.taken("a second of the name", err, "name")
		second, err := w.store.SaveSnapshot(w.ctx, tenant.ID, "s", true, epoch)
		if err != nil || second.Resources != 2 || second.Space == first.Space {
			w.Errorf("replaced by %+v, %v", second, err)
		}
		w.save(tenant, "a")
		if list, err := w.store.Snapshots(w.ctx, tenant.ID); err != nil || len(list) != 2 || list[0].Name != "a" || !reflect.DeepEqual(list[1], second) {
			w.Errorf("snapshots %+v, %v", list, err)
		}
		if err := w.store.DeleteSnapshot(w.ctx, tenant.ID, "s", epoch); err != nil {
			w.Error(err)
		}
		for what, err := range map[string]error{
			"deleted again": w.store.DeleteSnapshot(w.ctx, tenant.ID, "s", epoch),
			"restored":      errorOf(w.store.RestoreSnapshot(w.ctx, tenant.ID, "s", restore())),
			"of no tenant":  errorOf(w.store.SaveSnapshot(w.ctx, 1<<40, "s", false, epoch)),
			"to no tenant":  errorOf(w.store.RestoreSnapshot(w.ctx, 1<<40, "", restore())),
		} {
			if !errors.Is(err, store.ErrNotFound) {
				w.Errorf("%s: %v, want ErrNotFound", what, err)
			}
		}
	}},
	{"a restore leaves logs and the tenant's own secrets, and is logged itself", func(w *world) {
		tenant := w.newTenant()
		live := w.in(tenant.Space)
		live.do(func(tx store.Tx) error {
			return errors.Join(tx.Event(numbered(1)), tx.SetSecrets(store.SpaceSeq, map[string]store.Sealed{"own": {Key: "k", Data: []byte("x")}}))
		})
		w.save(tenant, "s")
		live.do(func(tx store.Tx) error { return tx.Event(numbered(2)) })
		r := w.restore(tenant, "s")
		w.in(r.Tenant.Space).do(func(tx store.Tx) error {
			e := numbered(3)
			e.Home = tenant.Home
			return tx.Event(e)
		})
		list := w.in(tenant.Home).events(0, 10)
		if len(list) != 4 || list[2].Operation != "restore" || list[2].ID != "s" || list[3].ID != "3" {
			w.Errorf("events %+v", list)
		}
		w.in(r.Tenant.Home).do(func(tx store.Tx) error {
			own, err := tx.Secrets(store.SpaceSeq)
			if len(own) != 1 {
				w.Errorf("its own secrets %v", own)
			}
			return err
		})
		w.in(r.Tenant.Space).do(func(tx store.Tx) error {
			own, err := tx.Secrets(store.SpaceSeq)
			if len(own) != 0 {
				w.Errorf("copied %v", own)
			}
			return err
		})
	}},
	{"service users are carried over, made anew keep their ids, and those that are gone are named", func(w *world) {
		tenant := w.newTenant()
		live := w.in(tenant.Space)
		old := live.insert(hidden("stays"), hidden("gone"), hidden("made-anew"), Container("Safe"))
		live.insert(Grant(old[3], old[2]))
		w.save(tenant, "s")
		live.do(func(tx store.Tx) error {
			for _, r := range old[1:3] {
				if _, err := Empty(tx, r); err != nil {
					return err
				}
			}
			return nil
		})
		made := live.insert(hidden("new"), hidden("made-anew").ID("another"))
		live.do(func(tx store.Tx) error { return tx.SetPassword(made[0].Seq, []byte("p")) })
		r := w.restore(tenant, "s")
		now := w.in(r.Tenant.Space)
		for _, id := range []string{old[0].ID, old[1].ID, made[0].ID, "another"} {
			if rec := now.get(userType(), id); !rec.Hidden {
				w.Errorf("%s is not hidden", id)
			}
		}
		now.absent(userType(), old[2].ID)
		if !slices.Equal(r.Strays, []string{old[1].ID}) || r.Resources != 1+1 {
			w.Errorf("restored %+v", r)
		}
		if hash, err := w.store.Password(w.ctx, now.space, made[0].Seq); err != nil || string(hash) != "p" {
			w.Errorf("its password %q, %v", hash, err)
		}
		now.get(permissionType(), old[3].ID+":another")
		w.sound(tenant)
		live = now
		live.insert(User("ordinary").ID("ordinary"))
		w.save(tenant, "t")
		live.do(func(tx store.Tx) error {
			rec, err := tx.Get(userType(), "ordinary")
			return errors.Join(err, tx.Delete(userType(), rec.Seq))
		})
		live.insert(hidden("ordinary").ID("service"))
		_, err := w.store.RestoreSnapshot(w.ctx, tenant.ID, "t", restore())
		w.taken("a service user with the name of another", err, "userName")
	}},
	{"sessions of people whom a snapshot lacks end, and of those who are inactive in it", func(w *world) {
		tenant := w.newTenant()
		live := w.in(tenant.Space)
		people := live.insert(User("stays"), User("idle").Put("active", resource.Truth(false)))
		w.save(tenant, "s")
		people = append(people, live.insert(User("later"))...)
		for _, p := range people {
			s := store.Session{Tenant: tenant.ID, ID: "s-" + p.ID, App: "app", UserID: p.ID, About: "{}", Created: epoch, Expires: epoch.Add(time.Hour)}
			copy(s.Handle[:], s.ID[len(s.ID)-12:])
			if err := w.store.AddSession(w.ctx, s); err != nil {
				w.Fatal(err)
			}
		}
		w.restore(tenant, "s")
		for i, p := range people {
			s, err := w.store.Session(w.ctx, tenant.ID, "s-"+p.ID)
			if err != nil || s.Ended.IsZero() != (i == 0) {
				w.Errorf("%d: %+v, %v", i, s, err)
			}
		}
	}},
	{"an application comes to be in the space that its tenant has, or not at all", func(w *world) {
		tenant := w.newTenant()
		err := w.store.Do(w.ctx, tenant.Space, func(tx store.Tx) error {
			return tx.AddApplication(store.Application{Tenant: tenant.ID, ID: "a", ClientID: "a", Created: epoch})
		})
		if err != nil {
			w.Fatal(err)
		}
		w.restore(tenant, "")
		for what, fn := range map[string]func(store.Tx) error{
			"added": func(tx store.Tx) error {
				return tx.AddApplication(store.Application{Tenant: tenant.ID, ID: "b", ClientID: "b", Created: epoch})
			},
			"removed": func(tx store.Tx) error { return tx.RemoveApplication(tenant.ID, "a") },
		} {
			if err := w.store.Do(w.ctx, tenant.Space, fn); !errors.Is(err, store.ErrMoved) {
				w.Errorf("%s in a space that was given up: %v, want ErrMoved", what, err)
			}
		}
	}},
	{"restores and saves at once come one after the other", func(w *world) {
		tenant := w.newTenant()
		w.in(tenant.Space).insert(User("ann"), User("bob"))
		w.save(tenant, "s")
		errs := concurrently(12, func(i int) error {
			var err error
			switch i % 3 {
			case 0:
				_, err = w.store.SaveSnapshot(w.ctx, tenant.ID, "s", true, epoch)
			default:
				_, err = w.store.RestoreSnapshot(w.ctx, tenant.ID, "s", restore())
			}
			return err
		})
		if err := errors.Join(errs...); err != nil {
			w.Error(err)
		}
		now, _ := w.tenantOf(tenant.ID)
		in := w.in(now.Space)
		if got := in.found(in.users("")); len(got) != 2 {
			w.Errorf("in the end there are %v", got)
		}
		w.sound(tenant)
	}},
	{"a server finds what has changed since a generation", func(w *world) {
		since, err := w.store.TenantGeneration(w.ctx)
		if err != nil {
			w.Fatal(err)
		}
		made, restored, gone := w.newTenant(), w.newTenant(), w.newTenant()
		w.restore(restored, "")
		if err := w.store.DeleteTenant(w.ctx, gone.ID, time.Now()); err != nil {
			w.Fatal(err)
		}
		changed, deleted, err := w.store.ChangedTenants(w.ctx, since)
		has := func(id int64) bool {
			return slices.ContainsFunc(changed, func(t store.Tenant) bool { return t.ID == id })
		}
		if err != nil || !has(made.ID) || !has(restored.ID) || has(gone.ID) || !slices.Contains(deleted, gone.ID) {
			w.Errorf("changed %+v, deleted %v, %v", changed, deleted, err)
		}
		if named, err := w.store.TenantNamed(w.ctx, made.Name); err != nil || !sameTenant(named, made) {
			w.Errorf("by its name %+v, %v", named, err)
		}
		if _, err := w.store.TenantNamed(w.ctx, gone.Name); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("a deleted one by its name: %v", err)
		}
	}},
	{"a tenant expires when it is said to", func(w *world) {
		made := w.newTenant()
		at := epoch.Add(-time.Hour)
		if _, err := w.store.UpdateTenant(w.ctx, made.ID, func(t *store.Tenant) error { t.Expires = at; return nil }); err != nil {
			w.Fatal(err)
		}
		for _, c := range []struct {
			at   time.Time
			want bool
		}{{at.Add(-time.Microsecond), false}, {at, true}} {
			list, err := w.store.ExpiredTenants(w.ctx, c.at)
			if got := slices.ContainsFunc(list, func(t store.Tenant) bool { return t.ID == made.ID }); err != nil || got != c.want {
				w.Errorf("at %v: %t, %v", c.at, got, err)
			}
		}
	}},
}

// hidden is a service user.
func hidden(userName string) *Builder { return User(userName).Hidden() }

func restore() store.Event {
	return store.Event{At: epoch, Operation: "restore", Type: "Tenant", ID: "s"}
}

func errorOf[T any](_ T, err error) error { return err }

func (w *world) save(t store.Tenant, name string) store.Snapshot {
	w.Helper()
	s, err := w.store.SaveSnapshot(w.ctx, t.ID, name, false, epoch)
	if err != nil {
		w.Fatalf("SaveSnapshot: %v", err)
	}
	return s
}

func (w *world) restore(t store.Tenant, name string) store.Restored {
	w.Helper()
	r, err := w.store.RestoreSnapshot(w.ctx, t.ID, name, restore())
	if err != nil {
		w.Fatalf("RestoreSnapshot: %v", err)
	}
	return r
}

// sound checks a tenant and its snapshots.
func (w *world) sound(t store.Tenant) {
	w.Helper()
	checked, err := w.store.Check(w.ctx, store.CheckOptions{Tenant: t.Name}, func(f store.Finding) {
		if !slices.Contains(ofProtocol, f.Rule) {
			w.Errorf("found %+v", f)
		}
	})
	if err != nil || checked["snapshot"] == 0 {
		w.Errorf("Check: %v, %v", checked, err)
	}
}

// allTypes are the types of the model.
func allTypes() []*schema.ResourceType {
	return []*schema.ResourceType{userType(), groupType(), deviceType(), containerType(), accountType(), permissionType(), accountPermissionType()}
}

// everything is what is in the space: a line for each resource with its links,
// its password and its secrets.
func (w *world) everything() []string {
	w.Helper()
	var lines []string
	for _, rt := range allTypes() {
		q := w.query(store.Part{Type: rt})
		q.IncludeHidden = true
		for _, rel := range []store.Relation{store.Member, store.Manager, store.Owner, store.Safe, store.Target, store.Grantee} {
			q.Want = append(q.Want, store.Want{Relation: rel}, store.Want{Relation: rel, Reverse: true})
		}
		for _, rec := range w.ask(q).records {
			var hash []byte
			var secrets map[string]store.Sealed
			if rt == userType() {
				w.do(func(tx store.Tx) error {
					var err, failed error
					hash, err = tx.Password(rec.Seq)
					secrets, failed = tx.Secrets(rec.Seq)
					return errors.Join(err, failed)
				})
			}
			line := fmt.Sprint(rt.Name, rec.Seq, rec.ID, rec.Version, rec.Created, rec.Modified, rec.Hidden, rec.Cut, string(rec.Doc), string(hash), secrets)
			for _, l := range rec.Links {
				line += fmt.Sprint(" ", l.Relation, l.Reverse, l.Seq, l.ID, l.Display)
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// scramble changes and removes much of what is in the space.
func (w *world) scramble() {
	w.Helper()
	for _, rt := range []*schema.ResourceType{accountPermissionType(), permissionType(), deviceType()} {
		records := w.ask(w.query(store.Part{Type: rt})).records
		w.do(func(tx store.Tx) error {
			var seqs []int64
			for i, rec := range records {
				if i%2 == 0 {
					seqs = append(seqs, rec.Seq)
				}
			}
			return tx.DeleteMany(rt, seqs)
		})
	}
	groups, users := w.ask(w.query(store.Part{Type: groupType()})).records, w.ask(w.query(w.users(""))).records
	w.do(func(tx store.Tx) error {
		for i, rec := range groups {
			if _, err := tx.SetLinks(store.Member, rec.Seq, []store.Link{{Seq: users[i].Seq, Type: userType()}}); err != nil {
				return err
			}
		}
		for i, rec := range users {
			switch {
			case i%3 == 0:
				r := User(fmt.Sprintf("scrambled-%d", rec.Seq)).Resource()
				r.Seq, r.ID, r.Version, r.Created, r.Modified = rec.Seq, rec.ID, rec.Version+1, rec.Created, rec.Modified.Add(time.Second)
				if err := tx.Update(r, rec.Version); err != nil {
					return err
				}
			case i%3 == 1:
				if err := errors.Join(tx.SetPassword(rec.Seq, []byte("other")), tx.SetSecrets(rec.Seq, map[string]store.Sealed{"s": {Key: "k", Data: []byte("y")}})); err != nil {
					return err
				}
			}
		}
		return nil
	})
	w.insert(User("only-here"), Device("only-here"))
}
