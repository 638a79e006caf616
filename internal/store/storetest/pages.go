package storetest

import (
	"fmt"
	"slices"

	"github.com/scimd/scimd/internal/store"
)

// crowd is more than what engines are likely to read at once.
const crowd = 1100

var pageCases = []testCase{
	{"an empty space gives an empty page", func(w *world) {
		for _, limit := range []int{-1, 0, 10} {
			q := w.query(w.users(""))
			q.Limit = limit
			if a := w.ask(q); a.total != 0 || a.expected != 0 || len(a.records) != 0 {
				w.Errorf("limit %d: total %d, expected %d, %d records", limit, a.total, a.expected, len(a.records))
			}
		}
	}},
	{"offset and limit cut a window out of the matches, and the total is exact", func(w *world) {
		all := w.insertCrowd()
		some := all[:0:0] // those that the filter matches
		for i, id := range all {
			if i%4 == 1 {
				some = append(some, id)
			}
		}
		for filter, ids := range map[string][]string{"": all, `title eq "fourth"`: some, `title eq "none"`: {}} {
			for _, offset := range []int{0, 1, 250, 274, 1099, 1100, 1_000_000} {
				for _, limit := range []int{-1, 1, 2, 200, 251, 5000} {
					for _, order := range []*store.Order{nil, {Attr: attribute(w, userType(), "userName")}} {
						q := w.query(w.users(filter))
						q.Offset, q.Limit, q.Order = offset, limit, order
						want := window(ids, offset, limit)
						a := w.ask(q)
						if a.total != len(ids) || a.expected != len(want) || !slices.Equal(a.ids(), want) {
							w.Fatalf("filter %q, offset %d, limit %d, sorted %t: total %d, expected %d, %d records; want %d, %d and the right ones",
								filter, offset, limit, order != nil, a.total, a.expected, len(a.records), len(ids), len(want))
						}
					}
				}
			}
		}
	}},
	{"limit 0 only counts", func(w *world) {
		w.insertCrowd()
		for filter, want := range map[string]int{"": crowd, `title eq "fourth"`: crowd / 4, `userName eq "u00007"`: 1, `nickName pr`: 0} {
			q := w.query(w.users(filter))
			q.Limit = 0
			if a := w.ask(q); a.total != want || len(a.records) != 0 {
				w.Errorf("filter %q: total %d and %d records, want %d and none", filter, a.total, len(a.records), want)
			}
		}
	}},
	{"a walk gives each resource once, in creation order, and then stays at the end", func(w *world) {
		ids := w.insertCrowd()
		page, err := w.store.Query(w.ctx, w.query(w.users("")))
		if err != nil {
			w.Fatal(err)
		}
		if page.Total != crowd || page.Expected != crowd {
			w.Errorf("total %d, expected %d, want %d", page.Total, page.Expected, crowd)
		}
		var got []string
		for {
			batch, err := page.Next(w.ctx)
			if err != nil {
				w.Fatal(err)
			}
			if len(batch) == 0 {
				break
			}
			for _, rec := range batch {
				got = append(got, rec.ID)
			}
		}
		if !slices.Equal(got, ids) {
			w.Errorf("%d records, or in another order than they were created", len(got))
		}
		for range 2 {
			if batch, err := page.Next(w.ctx); err != nil || len(batch) != 0 {
				w.Errorf("after the end: %d records, error %v", len(batch), err)
			}
		}
	}},
	{"resources deleted during a walk are left out, and created ones do not come in", func(w *world) {
		ids := w.insertCrowd()
		page, err := w.store.Query(w.ctx, w.query(w.users("")))
		if err != nil {
			w.Fatal(err)
		}
		first, err := page.Next(w.ctx)
		if err != nil || len(first) == 0 || len(first) == crowd {
			w.Fatalf("the first batch has %d records, error %v", len(first), err)
		}
		w.do(func(tx store.Tx) error {
			for _, id := range []string{ids[0], ids[crowd-1], ids[crowd-200]} {
				rec, err := tx.Get(userType(), id)
				if err != nil {
					return err
				}
				if err := tx.Delete(userType(), rec.Seq); err != nil {
					return err
				}
			}
			return tx.Insert(User("newcomer").Resource())
		})
		got := len(first)
		for {
			batch, err := page.Next(w.ctx)
			if err != nil {
				w.Fatal(err)
			}
			if len(batch) == 0 {
				break
			}
			got += len(batch)
			for _, rec := range batch {
				if rec.ID == ids[crowd-1] || rec.ID == ids[crowd-200] || !slices.Contains(ids, rec.ID) {
					w.Errorf("the walk gave %s", rec.ID)
				}
			}
		}
		if got != crowd-2 {
			w.Errorf("%d records, want %d", got, crowd-2)
		}
	}},
	{"a page not walked to its end holds nothing back", func(w *world) {
		w.insertCrowd()
		for range 100 { // more than any pool has connections
			page, err := w.store.Query(w.ctx, w.query(w.users("")))
			if err != nil {
				w.Fatal(err)
			}
			if _, err := page.Next(w.ctx); err != nil {
				w.Fatal(err)
			}
		}
		w.insert(User("afterwards"))
	}},
	{"the default order is creation order within a process, over several transactions", func(w *world) {
		var ids []string
		for i := range 60 {
			b := User(fmt.Sprintf("u%02d", (i*37)%60)) // names, ids and times in other orders
			b.ID(fmt.Sprintf("id-%02d", (i*41)%60)).At(epoch, epoch)
			w.insert(b)
			ids = append(ids, b.id)
		}
		if got := w.found(w.users("")); !slices.Equal(got, ids) {
			w.Errorf("order %v, want %v", got, ids)
		}
		if got := w.found(w.users(`userName pr`)); !slices.Equal(got, ids) {
			w.Errorf("order with a filter %v, want %v", got, ids)
		}
	}},
	{"several resource types come in one query, each with its filter", func(w *world) {
		list := w.insert(User("u1").Set("title", "x"), Device("d1").Set("label", "x"), User("u2"), Device("d2"), User("u3").Set("title", "X"))
		for _, c := range []struct {
			users, devices string
			want           []int
		}{
			{"", "", []int{0, 1, 2, 3, 4}},
			{`title eq "x"`, `label eq "x"`, []int{0, 1, 4}},
			{`title eq "none"`, "", []int{1, 3}},
			{`userName eq "u2"`, `serial eq "d2"`, []int{2, 3}},
			{`title eq "none"`, `label eq "none"`, nil},
		} {
			var want []string
			for _, i := range c.want {
				want = append(want, list[i].ID)
			}
			a := w.ask(w.query(w.users(c.users), w.devices(c.devices)))
			if a.total != len(want) || !slices.Equal(a.ids(), want) {
				w.Errorf("%q and %q: %v of %d, want %v", c.users, c.devices, a.ids(), a.total, want)
			}
			for _, rec := range a.records {
				i := slices.IndexFunc(list, func(r *store.Resource) bool { return r.ID == rec.ID })
				if rec.Type != list[i].Type {
					w.Errorf("%s comes as a %s", rec.ID, rec.Type.Name)
				}
				w.same(rec.Record, list[i])
			}
			q := w.query(w.users(c.users), w.devices(c.devices))
			q.Offset, q.Limit = 1, 2
			if a := w.ask(q); a.total != len(want) || !slices.Equal(a.ids(), window(want, 1, 2)) {
				w.Errorf("%q and %q, two from the second: %v of %d, want %v", c.users, c.devices, a.ids(), a.total, window(want, 1, 2))
			}
		}
	}},
}

// insertCrowd stores users u00000 and so on; every fourth has the title
// "Fourth". It returns their ids in order.
func (w *world) insertCrowd() []string {
	w.Helper()
	list := make([]*Builder, crowd)
	ids := make([]string, crowd)
	for i := range list {
		list[i] = User(fmt.Sprintf("u%05d", i))
		if i%4 == 1 {
			list[i].Set("title", "Fourth")
		}
		ids[i] = list[i].id
	}
	w.insert(list...)
	return ids
}
