package storetest

import (
	"cmp"
	"errors"
	"slices"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

var aliasCases = []testCase{
	{"a permission is found by its id and by its alias, which follows renames", func(w *world) {
		list := w.insert(User("Ann").ID("u-1"), Group("Ops:West").ID("g-1"))
		c := w.insert(Container("HR-Win"))[0]
		a := w.insert(Account("root", c).ID("7_8"))[0]
		grants := w.insert(Grant(c, list[0]), Grant(c, list[1]), Grant(a, list[0]))
		for id, want := range map[string]*store.Resource{
			"HR-Win:u-1": grants[0], "hr-win:ANN": grants[0], "HR-Win:ops:WEST": grants[1], "HR-Win:g-1": grants[1], "7_8:ann": grants[2],
		} {
			w.same(w.get(want.Type, id), want)
			w.do(func(tx store.Tx) error {
				rec, err := tx.Get(want.Type, id)
				if err == nil && rec.ID != want.ID {
					w.Errorf("%s is %s in the transaction", id, rec.ID)
				}
				return err
			})
		}
		for _, id := range []string{"HR-Win:", "HR-Win", ":ann", "HR-Win:Ops", "7_8:ops:west", "8_8:ann"} {
			w.absent(permissionType(), id)
			w.absent(accountPermissionType(), id)
		}
		alias := store.Want{Alias: true}
		for i, want := range []string{"HR-Win:Ann", "HR-Win:Ops:West", "7_8:Ann"} {
			if rec := w.get(grants[i].Type, grants[i].ID, store.Want{Relation: store.Grantee}, alias); rec.Alias != want || len(rec.Links) != 1 {
				w.Errorf("alias %q, want %q (%d links)", rec.Alias, want, len(rec.Links))
			}
			if rec := w.get(grants[i].Type, grants[i].ID); rec.Alias != "" {
				w.Errorf("alias %q, not asked for", rec.Alias)
			}
		}
		w.do(func(tx store.Tx) error { return tx.Update(changed(list[0], "userName", "Bea"), 1) })
		w.absent(grants[0].Type, "HR-Win:Ann")
		if rec := w.get(grants[0].Type, "HR-Win:bea", alias); rec.Alias != "HR-Win:Bea" || rec.Version != 1 {
			w.Errorf("after the rename: %q, version %d", rec.Alias, rec.Version)
		}
	}},
	{"of two permissions with one alias the first has it, and none has the id of another", func(w *world) {
		list := w.insert(User("ops").ID("u-1"), Group("OPS").ID("g-1"), User("g-1").ID("u-2"), Group("Alone").ID("g-2"))
		c := w.insert(Container("Safe"), Container("Other"))
		grants := w.insert(Grant(c[0], list[1]), Grant(c[0], list[0]), Grant(c[1], list[0]), Grant(c[0], list[2]), Grant(c[0], list[3]), Grant(c[1], list[1]))
		aliases := func(want ...string) {
			w.Helper()
			q := w.query(store.Part{Type: permissionType()})
			q.Alias = true
			records := w.ask(q).records
			slices.SortFunc(records, func(a, b store.TypedRecord) int { return cmp.Compare(a.Seq, b.Seq) })
			var got []string
			for _, rec := range records {
				got = append(got, rec.Alias)
			}
			if !slices.Equal(got, want) {
				w.Errorf("aliases %q, want %q", got, want)
			}
		}
		// "Safe:g-1" is the stored id of the first, so the user of that name has none.
		aliases("Safe:OPS", "", "Other:ops", "", "Safe:Alone", "")
		w.same(w.get(permissionType(), "safe:ops"), grants[0])
		w.same(w.get(permissionType(), "Safe:u-1"), grants[1])
		w.same(w.get(permissionType(), "Safe:g-1"), grants[0])
		w.same(w.get(permissionType(), "Other:OPS"), grants[2])
		w.do(func(tx store.Tx) error { return tx.Delete(grants[0].Type, grants[0].Seq) })
		aliases("Safe:ops", "Other:ops", "Safe:g-1", "Safe:Alone", "")
		w.same(w.get(permissionType(), "safe:OPS"), grants[1])
	}},
	{"users and groups are found by their names where that is asked for", func(w *world) {
		list := w.insert(User("Ann").ID("u-1"), User("u-1").ID("u-2"), Group("Ops").ID("G-1"), Group("G-1").ID("G-2"), Device("S-1").ID("D-1"))
		alias := store.Want{Alias: true}
		for i, want := range []string{"Ann", "", "Ops", "", ""} {
			if rec := w.get(list[i].Type, list[i].ID, alias); rec.Alias != want {
				w.Errorf("%s has the alias %q, want %q", list[i].ID, rec.Alias, want)
			}
		}
		w.absent(userType(), "ann")
		w.absent(groupType(), "ops")
		w.same(w.get(userType(), "ann", alias), list[0])
		w.same(w.get(userType(), "u-1", alias), list[0])
		w.same(w.get(groupType(), "ops", alias), list[2])
		if _, err := w.store.Get(w.ctx, w.space, deviceType(), "S-1", []store.Want{alias}); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("a type without aliases: %v", err)
		}
	}},
	{"filters and orders by id are about what is shown, and decided in SQL", func(w *world) {
		list := w.insert(User("zoe").ID("u-1"), User("Bob").ID("u-2"), Group("bob").ID("g-1"))
		c := w.insert(Container("M"), Container("K"))
		w.insert(Grant(c[0], list[0]), Grant(c[0], list[1]), Grant(c[0], list[2]), Grant(c[1], list[0]))
		// Shown are M:zoe, M:Bob, M:g-1 and K:zoe.
		for _, q := range []struct {
			text       string
			descending bool
			want       []string
		}{
			{text: `id eq "M:zoe"`, want: []string{"M:zoe"}},
			{text: `id eq "m:zoe"`}, // ids in filters are exact
			{text: `id eq "M:u-1"`},
			{text: `id eq "M:g-1"`, want: []string{"M:g-1"}},
			{text: `id eq "M:bob"`},
			{text: `id eq "M:zoe" or id eq "K:zoe"`, want: []string{"K:zoe", "M:zoe"}},
			{text: `id eq "M:zoe" and container.value eq "m"`, want: []string{"M:zoe"}},
			{text: `id ne "M:zoe"`, want: []string{"K:zoe", "M:Bob", "M:g-1"}},
			{text: `not (id eq "M:zoe")`, descending: true, want: []string{"M:g-1", "M:Bob", "K:zoe"}},
			{text: `id sw "M:"`, descending: true, want: []string{"M:zoe", "M:g-1", "M:Bob"}},
			{text: `id co "zo"`, want: []string{"K:zoe", "M:zoe"}},
			{text: `id gt "M:Bob"`, want: []string{"M:g-1", "M:zoe"}},
			{text: `id pr`, want: []string{"K:zoe", "M:Bob", "M:g-1", "M:zoe"}},
		} {
			for _, sorted := range []bool{true, false} {
				query := w.query(store.Part{Type: permissionType(), Filter: w.compile(permissionType(), q.text)})
				query.Alias = true
				query.Match = func(*schema.ResourceType, *store.Record) bool { w.Errorf("a document was looked at"); return false }
				if sorted {
					query.Order = &store.Order{Attr: attribute(w, permissionType(), "id"), Descending: q.descending}
				}
				var got []string
				for _, rec := range w.ask(query).records {
					got = append(got, cmp.Or(rec.Alias, rec.ID))
				}
				want := slices.Clone(q.want)
				if !sorted {
					slices.Sort(got)
					slices.Sort(want)
				}
				if !slices.Equal(got, want) {
					w.Errorf("%s, sorted %t: %q, want %q", q.text, sorted, got, want)
				}
			}
		}
		plain := w.query(store.Part{Type: permissionType(), Filter: w.compile(permissionType(), `id eq "M:u-1"`)})
		if a := w.ask(plain); a.total != 1 || a.records[0].Alias != "" {
			w.Errorf("without aliases: %+v", a)
		}
	}},
	{"what documents decide sees the aliases", func(w *world) {
		u := w.insert(User("ann"))[0]
		w.insert(Grant(w.insert(Container("Safe"))[0], u))
		q := w.query(store.Part{Type: permissionType(), Filter: w.compile(permissionType(), `user.$ref pr`)})
		q.Alias = true
		q.Match = func(_ *schema.ResourceType, rec *store.Record) bool { return rec.Alias == "Safe:ann" }
		if a := w.ask(q); a.total != 1 || a.records[0].Alias != "Safe:ann" {
			w.Errorf("%+v", a)
		}
	}},
}
