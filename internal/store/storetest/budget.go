package storetest

import (
	"fmt"
	"sync/atomic"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// In these cases nickName is the attribute that the store has no key for.
var budgetCases = []testCase{
	{"a filter may look at as many documents as the budget allows, and not at one more", func(w *world) {
		w.insertNicks(50)
		for _, c := range []struct {
			text    string
			budget  int
			matches int // -1: too many
		}{
			{`nickName eq "nick7"`, 50, 1},
			{`nickName eq "nick7"`, 49, -1},
			{`nickName eq "nick7"`, 1, -1},
			{`nickName eq "nick7"`, 0, 1},                     // the default
			{`nickName co "nick" and title eq "odd"`, 25, 25}, // only what SQL leaves counts
			{`nickName co "nick" and title eq "odd"`, 24, -1},
			{`title eq "odd" and not (nickName eq "nick7")`, 25, 24},
			{`nickName eq "nick7" or title eq "odd"`, 24, -1},
			{`title eq "odd"`, 1, 25}, // nothing to look at
			{`emails.value pr and nickName pr`, 1, 0},
		} {
			for _, limit := range []int{-1, 0, 10} {
				q := w.query(w.users(c.text))
				q.Limit, q.Budget = limit, c.budget
				a, err := walk(w.ctx, w.store, q)
				switch {
				case c.matches < 0:
					w.tooMany(fmt.Sprintf("%s, budget %d, limit %d", c.text, c.budget, limit), err, "nickName")
				case err != nil:
					w.Errorf("%s, budget %d, limit %d: %v", c.text, c.budget, limit, err)
				case a.total != c.matches:
					w.Errorf("%s, budget %d, limit %d: total %d, want %d", c.text, c.budget, limit, a.total, c.matches)
				}
			}
		}
	}},
	{"an order without a key counts against the budget and names its attribute", func(w *world) {
		w.insertNicks(30)
		q := w.query(w.users(""))
		q.Order = &store.Order{Attr: attribute(w, userType(), "nickName")}
		q.Limit, q.Budget = 5, 30
		if a := w.ask(q); a.total != 30 || len(a.records) != 5 {
			w.Errorf("%d of %d, want 5 of 30", len(a.records), a.total)
		}
		q.Budget = 29
		_, err := walk(w.ctx, w.store, q)
		w.tooMany("sorted", err, "nickName")
	}},
	{"links that go beyond the budget are too many, with and without an order", func(w *world) {
		ann := w.insert(User("ann"))[0]
		w.insert(Grant(w.insert(Container("Safe"))[0], ann))
		for _, order := range []*store.Order{nil, {Attr: attribute(w, permissionType(), "user.value")}} {
			q := w.query(store.Part{Type: permissionType(), Filter: w.compile(permissionType(), `container.$ref eq "x"`)})
			q.Judge = []store.Want{{Relation: store.Target}, {Relation: store.Grantee}}
			q.Order, q.Budget = order, 1
			_, err := walk(w.ctx, w.store, q)
			w.tooMany("beyond", err, "container.$ref")
			q.Budget = 2
			if a := w.ask(q); a.total != 0 {
				w.Errorf("%d found", a.total)
			}
		}
	}},
	{"what SQL decides is not given to Match", func(w *world) {
		w.insertNicks(20)
		var calls atomic.Int64
		for _, text := range []string{
			``, `userName sw "u"`, `title eq "odd" and not (userName ew "3")`, `emails[type eq "work" and value co "x"]`, `meta.created pr`,
			enterpriseURN + `:department pr or ` + customURN + `:desk eq "1"`, enterpriseURN + `:manager.displayName co "x"`,
		} {
			q := w.query(w.users(text))
			q.Match = func(*schema.ResourceType, *store.Record) bool { calls.Add(1); return true }
			q.SortKey = func(*schema.ResourceType, *store.Record) (string, bool) { calls.Add(1); return "", false }
			q.Order = &store.Order{Attr: attribute(w, userType(), "displayName")}
			w.ask(q)
			if n := calls.Swap(0); n > 0 {
				w.Errorf("%q looked at %d documents", text, n)
			}
		}
	}},
}

// insertNicks stores n users with nick names; those with an odd number have
// the title "Odd".
func (w *world) insertNicks(n int) {
	w.Helper()
	list := make([]*Builder, n)
	for i := range list {
		list[i] = User(fmt.Sprintf("u%d", i)).Set("nickName", fmt.Sprintf("Nick%d", i))
		if i%2 == 1 {
			list[i].Set("title", "Odd")
		}
	}
	w.insert(list...)
}

func (w *world) tooMany(what string, err error, attr string) {
	w.Helper()
	if scimerr.From(err).Type != scimerr.TooManyType || scimerr.From(err).At != attr {
		w.Errorf("%s: error %v, want tooMany at %s", what, err, attr)
	}
}
