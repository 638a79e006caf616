package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

var vaultRaceCases = []testCase{
	{"of 32 permissions for one pair one is made", func(w *world) {
		list := w.insert(User("ann"), Group("Ops"), Container("Safe"))
		a := w.insert(Account("root", list[2]))[0]
		for i, c := range []struct {
			target, grantee *store.Resource
			attr            string
		}{{list[2], list[0], "container"}, {a, list[1], "privilegedData"}} {
			errs := concurrently(32, func(n int) error {
				r := Grant(c.target, c.grantee).ID(fmt.Sprintf("p%d-%d", i, n)).Resource()
				return w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Insert(r) })
			})
			won := 0
			for _, err := range errs {
				if err == nil {
					won++
					continue
				}
				w.taken("a loser", err, c.attr)
			}
			n := w.ask(w.query(store.Part{Type: Grant(c.target, c.grantee).rt})).total
			if won != 1 || n != 1 {
				w.Errorf("%d inserts won and %d permissions are there, want 1 and 1", won, n)
			}
		}
	}},
	{"grants against deletes of user, group, container and account leave no orphan", func(w *world) {
		const rounds = 6
		for round := range rounds {
			name := func(text string) string { return fmt.Sprintf("%s-%d", text, round) }
			list := w.insert(User(name("ann")), User(name("ben")), Group(name("Ops")), Container(name("Safe")), Container(name("Other")))
			accounts := w.insert(Account("root", list[3]), Account("admin", list[4]))
			targets := append(list[3:5:5], accounts...)
			doomed := []*store.Resource{list[0], list[2], list[3], accounts[1]}
			errs := concurrently(16+len(doomed), func(i int) error {
				if i >= 16 {
					time.Sleep(time.Duration(i-16) * time.Millisecond)
					return w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
						_, err := Empty(tx, doomed[i-16])
						if errors.Is(err, store.ErrNotFound) {
							return nil // gone with its container
						}
						return err
					})
				}
				grantee, target := list[i%3], targets[i/4]
				return w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
					found, err := tx.Find([]*schema.ResourceType{target.Type}, []string{target.ID})
					if err != nil || len(found) == 0 {
						return err
					}
					found, err = tx.Find([]*schema.ResourceType{grantee.Type}, []string{grantee.ID})
					if err != nil || len(found) == 0 {
						return err
					}
					err = tx.Try(func() error { return tx.Insert(Grant(target, grantee).Resource()) })
					if taken := (*store.TakenError)(nil); errors.As(err, &taken) {
						return nil
					}
					return err
				})
			})
			if err := errors.Join(errs...); err != nil {
				w.Fatalf("round %d: %v", round, err)
			}
			for _, r := range doomed {
				w.absent(r.Type, r.ID)
			}
		}
		w.orphans(permissionType(), accountPermissionType(), accountType())
	}},
	{"a container goes with 5,000 accounts and 5,000 permissions", func(w *world) {
		const many = 5000
		var users []*Builder
		for i := range many / 2 {
			users = append(users, User(fmt.Sprintf("u%d", i)))
		}
		grantees := w.insert(users...)
		c := w.insert(Container("Big"), Container("Small"))
		var fill []*Builder
		for i := range many {
			fill = append(fill, Account(fmt.Sprintf("a%d", i), c[0]))
		}
		accounts := w.insert(fill...)
		fill = fill[:0]
		for i, u := range grantees {
			fill = append(fill, Grant(c[0], u), Grant(accounts[i], u))
		}
		w.insert(fill...)
		kept := w.insert(Account("kept", c[1]), Grant(c[1], grantees[0]))
		w.do(func(tx store.Tx) error {
			return errors.Join(tx.SetSecrets(accounts[7].Seq, map[string]store.Sealed{"secret": {Key: "k", Data: []byte("d")}}))
		})
		began, gone := time.Now(), 0
		w.do(func(tx store.Tx) (err error) { gone, err = Empty(tx, c[0]); return err })
		w.Logf("%d resources deleted in %v", gone, time.Since(began).Round(time.Millisecond))
		if gone != 2*many+1 {
			w.Errorf("%d resources went", gone)
		}
		for _, rt := range []*schema.ResourceType{containerType(), accountType(), permissionType(), accountPermissionType()} {
			want := 1
			if rt == accountPermissionType() {
				want = 0
			}
			if n := w.ask(w.query(store.Part{Type: rt})).total; n != want {
				w.Errorf("%d of %s are left, want %d", n, rt.Name, want)
			}
		}
		w.same(w.get(kept[0].Type, kept[0].ID), kept[0])
		w.do(func(tx store.Tx) error {
			secrets, err := tx.Secrets(accounts[7].Seq)
			if len(secrets) != 0 {
				w.Error("a secret is left")
			}
			return err
		})
	}},
}
