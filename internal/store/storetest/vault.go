package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// ends are the relations that lead to one resource at most.
var ends = []store.Relation{store.Owner, store.Safe, store.Target, store.Grantee}

var vaultCases = []testCase{
	{"a resource is inserted at the position reserved for it, and its id may tell it", func(w *world) {
		var c, a *store.Resource
		w.do(func(tx store.Tx) error {
			seq, err := tx.NewSeq()
			if err != nil {
				return err
			}
			c = Container("Numbered").Resource()
			if err := tx.Insert(c); err != nil {
				return err
			}
			a = Account("root", c).ID(fmt.Sprintf("%d_%d", c.Seq, seq)).Resource()
			a.Seq = seq
			if err := tx.Insert(a); err != nil {
				return err
			}
			if a.Seq != seq || c.Seq == seq || seq <= 0 {
				w.Errorf("reserved %d, inserted at %d beside %d", seq, a.Seq, c.Seq)
			}
			return nil
		})
		w.same(w.get(a.Type, a.ID), a)
	}},
	{"ends are set with an insert, replaced by an update that names them, and read from both sides", func(w *world) {
		list := w.insert(User("ann").Set("displayName", "Ann"), User("ben"), Group("Ops"))
		ann, ben, ops := list[0], list[1], list[2]
		c := w.insert(Container("HR-Win").Owned(ann))[0]
		list = w.insert(Account("win01", c), Account("win02", c), Grant(c, ben), Grant(c, ops))
		a1, a2, p1, p2 := list[0], list[1], list[2], list[3]
		p3 := w.insert(Grant(a1, ben))[0]
		forward := func(rel store.Relation) store.Want { return store.Want{Relation: rel} }
		reverse := func(rel store.Relation) store.Want { return store.Want{Relation: rel, Reverse: true} }
		for _, step := range []struct {
			from *store.Resource
			want store.Want
			to   []*store.Resource
			name string // of the first
		}{
			{c, forward(store.Owner), []*store.Resource{ann}, "ann"},
			{ann, reverse(store.Owner), []*store.Resource{c}, "HR-Win"},
			{ben, reverse(store.Owner), nil, ""},
			{c, reverse(store.Safe), []*store.Resource{a1, a2}, "win01"},
			{a1, forward(store.Safe), []*store.Resource{c}, "HR-Win"},
			{c, reverse(store.Target), []*store.Resource{p1, p2}, ""},
			{a1, reverse(store.Target), []*store.Resource{p3}, ""},
			{p1, forward(store.Target), []*store.Resource{c}, "HR-Win"},
			{p3, forward(store.Target), []*store.Resource{a1}, "win01"},
			{p1, forward(store.Grantee), []*store.Resource{ben}, "ben"},
			{p2, forward(store.Grantee), []*store.Resource{ops}, "Ops"},
			{ben, reverse(store.Grantee), []*store.Resource{p1, p3}, ""},
			{ops, reverse(store.Grantee), []*store.Resource{p2}, ""},
			{ann, reverse(store.Grantee), nil, ""},
		} {
			what := fmt.Sprintf("%s %+v", step.from.ID, step.want)
			links := w.get(step.from.Type, step.from.ID, step.want).Links
			w.leadsTo(what, links, step.to...)
			if len(links) > 0 && (links[0].Display != step.name || links[0].Relation != step.want.Relation || links[0].Reverse != step.want.Reverse) {
				w.Errorf("%s: link %+v, want it called %q", what, links[0], step.name)
			}
		}
		w.leadsTo("two ends at once", w.get(p2.Type, p2.ID, forward(store.Target), forward(store.Grantee)).Links, c, ops)

		next := changed(c, "description", "d")
		next.Ends = nil
		w.do(func(tx store.Tx) error { return tx.Update(next, 1) })
		w.leadsTo("the owner after an update without ends", w.get(c.Type, c.ID, forward(store.Owner)).Links, ann)
		next = changed(next, "description", "e")
		next.Ends = []store.Link{{Relation: store.Owner, Seq: ben.Seq}}
		w.do(func(tx store.Tx) error { return tx.Update(next, 2) })
		w.leadsTo("another owner", w.get(c.Type, c.ID, forward(store.Owner)).Links, ben)
		w.leadsTo("the former owner", w.get(ann.Type, ann.ID, reverse(store.Owner)).Links)
		w.leadsTo("the accounts", w.get(c.Type, c.ID, reverse(store.Safe)).Links, a1, a2)

		bad := Container("Bad").To(store.Grantee, ann).Resource()
		if err := w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Insert(bad) }); err == nil {
			w.Error("a container was given a grantee")
		}
	}},
	{"for a target and a grantee there is one permission", func(w *world) {
		list := w.insert(User("ann"), Group("Ops"))
		ann, ops := list[0], list[1]
		c := w.insert(Container("Safe"), Container("Other"))
		a := w.insert(Account("root", c[0]))[0]
		w.insert(Grant(c[0], ann), Grant(c[0], ops), Grant(c[1], ann), Grant(a, ann), Grant(a, ops))
		for attr, b := range map[string]*Builder{"container": Grant(c[0], ann).ID("another"), "privilegedData": Grant(a, ops).ID("another")} {
			r := b.Resource()
			w.taken("the pair", w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Insert(r) }), attr)
			w.do(func(tx store.Tx) error {
				w.taken("the pair inside Try", tx.Try(func() error { return tx.Insert(r) }), attr)
				return nil
			})
		}
		p := w.insert(Grant(c[1], ops))[0]
		next := changed(p)
		next.Ends = []store.Link{{Relation: store.Target, Seq: c[0].Seq}}
		w.taken("an update to a pair", w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Update(next, 1) }), "container")
		next.Ends = append(next.Ends, store.Link{Relation: store.Grantee, Seq: ann.Seq})
		w.taken("an update to a pair", w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Update(next, 1) }), "container")
		next.Ends = []store.Link{{Relation: store.Target, Seq: c[1].Seq}, {Relation: store.Grantee, Seq: ops.Seq}}
		w.do(func(tx store.Tx) error { return tx.Update(next, 1) })
		other := w.in(w.newTenant().Space)
		far := other.insert(Grant(c[0], ann))[0]
		other.do(func(tx store.Tx) error { return tx.Delete(far.Type, far.Seq) }) // it led to another space
	}},
	{"names of containers compare without letter case, ids of accounts with it", func(w *world) {
		c := w.insert(Container("HR-Win"))[0]
		a := w.insert(Account("root", c).ID("52_Ab"))[0]
		again := Container("hr-WIN").Resource()
		w.taken("another case", w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Insert(again) }), "name")
		w.same(w.get(c.Type, "hr-win"), c)
		w.same(w.get(a.Type, "52_Ab"), a)
		w.absent(a.Type, "52_ab")
		w.insert(Account("root", c).ID("52_aB"))
		p := w.insert(Grant(c, w.insert(User("ann").ID("aN"))[0]))[0]
		w.same(w.get(p.Type, "HR-win:An"), p)
	}},
	{"Holders finds what leads to the resources, over columns and edges, in seq order", func(w *world) {
		v := newVault(w)
		ids := func(held []store.Held) (list []string) {
			for _, h := range held {
				list = append(list, h.ID)
			}
			return list
		}
		w.do(func(tx store.Tx) error {
			if _, err := tx.AddLinks(store.Member, v.group.Seq, []store.Link{linkTo(v.user)}); err != nil {
				return err
			}
			for _, c := range []struct {
				rel  store.Relation
				dst  []*store.Resource
				want []*store.Resource
			}{
				{store.Owner, []*store.Resource{v.user}, v.containers},
				{store.Safe, v.containers[:1], v.accounts[:2]},
				{store.Safe, v.containers, v.accounts},
				{store.Target, v.containers[:1], v.grants[:2]},
				{store.Target, v.accounts, v.grants[4:]},
				{store.Grantee, []*store.Resource{v.user}, []*store.Resource{v.grants[0], v.grants[2], v.grants[4], v.grants[6]}},
				{store.Grantee, []*store.Resource{v.user, v.group}, v.grants},
				{store.Member, []*store.Resource{v.user, v.containers[0]}, []*store.Resource{v.group}},
				{store.Safe, []*store.Resource{v.user}, nil},
				{store.Grantee, nil, nil},
			} {
				held, err := tx.Holders(c.rel, seqsOf(c.dst))
				if err != nil {
					return err
				}
				var want []string
				for _, r := range c.want {
					want = append(want, r.ID)
				}
				if got := ids(held); !slices.Equal(got, want) {
					w.Errorf("relation %d: %v, want %v", c.rel, got, want)
				}
				for i, h := range held {
					if r := c.want[i]; h.Seq != r.Seq || h.Type != r.Type || h.Version != 1 || !h.Modified.Equal(r.Modified) {
						w.Errorf("held %+v, want %+v", h, r)
					}
				}
			}
			return nil
		})
	}},
	{"a delete ends links in columns, but not of what cannot be without", func(w *world) {
		v := newVault(w)
		for _, r := range []*store.Resource{v.user, v.group, v.containers[0], v.accounts[0]} {
			if err := w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Delete(r.Type, r.Seq) }); err == nil {
				w.Errorf("%s was deleted from under its permissions", r.ID)
			}
			w.same(w.get(r.Type, r.ID), r)
		}
		w.do(func(tx store.Tx) error {
			for _, r := range v.grants {
				if err := tx.Delete(r.Type, r.Seq); err != nil {
					return err
				}
			}
			return errors.Join(tx.Delete(v.user.Type, v.user.Seq), tx.Delete(v.group.Type, v.group.Seq))
		})
		c := v.containers[0]
		rec := w.get(c.Type, c.ID, store.Want{Relation: store.Owner})
		w.leadsTo("the owner who is gone", rec.Links)
		w.same(rec, c)
		if err := w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return tx.Delete(c.Type, c.Seq) }); err == nil {
			w.Error("a container was deleted from under its accounts")
		}
		w.do(func(tx store.Tx) error {
			return errors.Join(tx.Delete(v.accounts[0].Type, v.accounts[0].Seq), tx.Delete(v.accounts[1].Type, v.accounts[1].Seq), tx.Delete(c.Type, c.Seq))
		})
		w.absent(c.Type, c.ID)
	}},
	{"DeleteMany deletes what is there of one type, with all that belongs to it", func(w *world) {
		list := w.insert(User("ann").Email("work", "ann@x"), User("ben").Email("work", "ben@x"), User("kim").Email("work", "kim@x"), Group("Ops"), Device("S-1").Set("alias", "A"))
		ann, ben, kim, ops, device := list[0], list[1], list[2], list[3], list[4]
		c := w.insert(Container("Safe").Owned(ann), Container("Bens").Owned(ben))
		w.do(func(tx store.Tx) error {
			_, err := tx.AddLinks(store.Member, ops.Seq, []store.Link{linkTo(ann), linkTo(kim)})
			return errors.Join(err, tx.SetPassword(ann.Seq, []byte("h")), tx.SetSecrets(ann.Seq, map[string]store.Sealed{"s": {Key: "k", Data: []byte("d")}}))
		})
		w.do(func(tx store.Tx) error {
			return errors.Join(tx.DeleteMany(userType(), nil), tx.DeleteMany(userType(), []int64{ann.Seq, ben.Seq, ops.Seq, device.Seq, 1 << 40}))
		})
		w.absent(userType(), ann.ID)
		w.absent(userType(), ben.ID)
		w.unlinked(ann)
		w.leadsTo("the group", w.get(ops.Type, ops.ID, store.Want{Relation: store.Member}).Links, kim)
		for _, r := range c {
			w.leadsTo("the owner", w.get(r.Type, r.ID, store.Want{Relation: store.Owner}).Links)
		}
		w.same(w.get(device.Type, device.ID), device)
		if got := w.found(w.users(`emails.value co "@x"`)); !slices.Equal(got, []string{kim.ID}) {
			w.Errorf("keys of %v are left", got)
		}
		w.do(func(tx store.Tx) error {
			secrets, err := tx.Secrets(ann.Seq)
			if len(secrets) != 0 {
				w.Errorf("secrets %v are left", secrets)
			}
			return errors.Join(err, tx.DeleteMany(deviceType(), []int64{device.Seq, kim.Seq}))
		})
		w.insert(User("ann").ID(ann.ID), Device("S-1").Set("alias", "A"))
		w.get(kim.Type, kim.ID)
	}},
	{"secrets are stored, replaced and removed by name, and go with their resource", func(w *world) {
		c := w.insert(Container("Safe"))[0]
		a := w.insert(Account("one", c), Account("two", c))
		seal := func(text string) store.Sealed { return store.Sealed{Key: "key " + text, Data: []byte("\x00" + text)} }
		same := func(want map[string]store.Sealed) {
			w.Helper()
			w.do(func(tx store.Tx) error {
				got, err := tx.Secrets(a[0].Seq)
				if !maps.EqualFunc(got, want, func(a, b store.Sealed) bool { return a.Key == b.Key && string(a.Data) == string(b.Data) }) {
					w.Errorf("secrets %v, want %v", got, want)
				}
				return err
			})
			got, err := w.store.Secrets(w.ctx, w.space, a[0].Seq)
			if err != nil || !maps.EqualFunc(got, want, func(a, b store.Sealed) bool { return a.Key == b.Key && string(a.Data) == string(b.Data) }) {
				w.Errorf("outside of a transaction %v, %v, want %v", got, err, want)
			}
		}
		set := func(sealed map[string]store.Sealed) {
			w.Helper()
			w.do(func(tx store.Tx) error { return tx.SetSecrets(a[0].Seq, sealed) })
		}
		same(nil)
		set(map[string]store.Sealed{"secret": seal("a"), "password": seal("b")})
		w.do(func(tx store.Tx) error {
			return tx.SetSecrets(a[1].Seq, map[string]store.Sealed{"secret": seal("other")})
		})
		same(map[string]store.Sealed{"secret": seal("a"), "password": seal("b")})
		set(nil)
		set(map[string]store.Sealed{"secret": seal("c"), "pin": seal("d"), "password": {}, "nothing": {}})
		same(map[string]store.Sealed{"secret": seal("c"), "pin": seal("d")})
		w.same(w.get(a[0].Type, a[0].ID), a[0])
		w.do(func(tx store.Tx) error { return tx.Delete(a[0].Type, a[0].Seq) })
		same(nil)
		w.do(func(tx store.Tx) error {
			got, err := tx.Secrets(a[1].Seq)
			if len(got) != 1 {
				w.Errorf("the secrets of another resource are %v", got)
			}
			return err
		})
		w.in(w.newTenant().Space).do(func(tx store.Tx) error {
			got, err := tx.Secrets(a[1].Seq)
			if len(got) != 0 {
				w.Errorf("another space has the secrets %v", got)
			}
			return err
		})
	}},
	{"permissions are listed by target, then grantee, whole and in pages", func(w *world) {
		const users, targets = 40, 12
		var builders []*Builder
		for i := range users {
			builders = append(builders, User(fmt.Sprintf("u%02d", i)))
		}
		grantees := w.insert(builders...)
		builders = nil
		for i := range targets {
			builders = append(builders, Container(fmt.Sprintf("c%02d", i)))
		}
		containers := w.insert(builders...)
		rng := rand.New(rand.NewPCG(1, 1))
		builders = nil
		for _, i := range rng.Perm(users * targets) {
			b := Grant(containers[i%targets], grantees[i/targets])
			if i%3 == 0 {
				b.Set("externalId", "third")
			}
			if i%5 == 0 {
				b.Put("rights", resource.List(resource.Text("UseAccounts")))
			}
			builders = append(builders, b)
		}
		list := w.insert(builders...)
		slices.SortFunc(list, func(a, b *store.Resource) int {
			return cmp.Or(cmp.Compare(a.Ends[0].Seq, b.Ends[0].Seq), cmp.Compare(a.Ends[1].Seq, b.Ends[1].Seq))
		})
		for _, text := range []string{"", `externalId eq "third"`, `externalId eq "third" or rights pr`, `container.$ref pr`} {
			var want []string
			for _, r := range list {
				third, _ := r.Body.Get("externalId")
				rights, _ := r.Body.Get("rights")
				if text == "" || text == `container.$ref pr` || third.Str() == "third" || text != `externalId eq "third"` && !rights.Unassigned() {
					want = append(want, r.ID)
				}
			}
			for _, page := range []int{-1, 7, 250, 300} {
				q := w.query(store.Part{Type: permissionType(), Filter: w.compile(permissionType(), text)})
				q.Match = func(*schema.ResourceType, *store.Record) bool { return true } // every one has a target
				var got []string
				for q.Limit = page; q.Offset < len(want); q.Offset += page {
					a := w.ask(q)
					if a.total != len(want) {
						w.Fatalf("%q: total %d, want %d", text, a.total, len(want))
					}
					got = append(got, a.ids()...)
					if page < 0 {
						break
					}
				}
				if !slices.Equal(got, want) {
					w.Errorf("%q in pages of %d: %d permissions in another order, want %d", text, page, len(got), len(want))
				}
			}
		}
		// Equal sort keys still stand in the order of seq.
		q := w.query(store.Part{Type: permissionType()})
		q.Order = &store.Order{Attr: attribute(w, permissionType(), "externalId")}
		last := int64(0)
		for i, rec := range w.ask(q).records {
			if i != len(list)/3 && rec.Seq < last {
				w.Errorf("record %d of a sorted list is at %d, after %d", i, rec.Seq, last)
			}
			last = rec.Seq
		}
	}},
	{"many events are appended in order", func(w *world) {
		var list []store.Event
		for i := range 250 {
			list = append(list, numbered(i))
		}
		w.do(func(tx store.Tx) error { return errors.Join(tx.Events(nil), tx.Events(list), tx.Event(numbered(250))) })
		got := w.events(0, 1000)
		if len(got) != 251 {
			w.Fatalf("%d events", len(got))
		}
		for i, e := range got {
			if e.ID != fmt.Sprint(i) {
				w.Fatalf("event %d is %+v", i, e)
			}
		}
	}},
}
