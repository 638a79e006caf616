package storetest

import (
	"slices"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// sortCase stores resources and sorts them: want is the ascending order as
// indexes of list. Ascending, missing values come last; descending they come
// first, and equal ones stay in seq order.
type sortCase struct {
	name   string
	sortBy string
	list   []*Builder
	want   []int
	down   []int
}

var orderCases = []testCase{
	{"resources sort by attributes wherever the store keeps them", func(w *world) {
		for _, c := range []sortCase{
			{
				name: "a column, without letter case, missing last", sortBy: "displayName", // R7644-3.4.2.3-03, -06
				list: []*Builder{User("a").Set("displayName", "bob"), User("b"), User("c").Set("displayName", "Alice"), User("d").Set("displayName", "BOB"), User("e").Set("displayName", "alice b")},
				want: []int{2, 4, 0, 3, 1}, down: []int{1, 0, 3, 4, 2},
			},
			{
				name: "a sub-attribute in a column", sortBy: "name.familyName", // R7644-3.4.2.3-05
				list: []*Builder{familyName("a", "Öztürk"), familyName("b", "Zimmer"), familyName("c", "oz"), User("d"), familyName("e", "O\u0308ZTU\u0308RK")},
				want: []int{2, 1, 0, 4, 3}, down: []int{3, 0, 4, 1, 2},
			},
			{
				name: "an exact column", sortBy: "externalId",
				list: []*Builder{User("a").Set("externalId", "b"), User("b").Set("externalId", "B"), User("c").Set("externalId", "a"), User("d")},
				want: []int{1, 2, 0, 3}, down: []int{3, 0, 2, 1},
			},
			{
				name: "a boolean", sortBy: "active",
				list: []*Builder{User("a").Truth("active", true), User("b").Truth("active", false), User("c"), User("d").Truth("active", true)},
				want: []int{1, 0, 3, 2}, down: []int{2, 0, 3, 1},
			},
			{
				name: "a value row", sortBy: enterpriseURN + ":department",
				list: []*Builder{department("a", "Sales"), department("b", "it"), User("c"), department("d", "SALES"), department("e", "HR")},
				want: []int{4, 1, 0, 3, 2}, down: []int{2, 0, 3, 1, 4},
			},
			{
				name: "a member of an open extension", sortBy: customURN + ":desk",
				list: []*Builder{User("a").In(customURN, "desk", resource.Text("B")), User("b").In(customURN, "desk", resource.Text("a")), User("c"), User("d").In(customURN, "desk", resource.Text("b"))},
				want: []int{1, 0, 3, 2}, down: []int{2, 0, 3, 1},
			},
			{
				name: "a multi-valued attribute by its primary or else first element", sortBy: "emails", // R7644-3.4.2.3-04
				list: []*Builder{
					User("a").Email("work", "d@x").PrimaryEmail("home", "b@x").Email("", "0@x"),
					User("b").Email("work", "C@x").Email("home", "a@x"),
					User("c"),
					User("d").PrimaryEmail("home", "A@x"),
					User("e").Email("work", "B@X"),
				},
				want: []int{3, 0, 4, 1, 2}, down: []int{2, 1, 0, 4, 3},
			},
			{
				name: "a sub-attribute of a multi-valued attribute", sortBy: "emails.type",
				list: []*Builder{User("a").Email("work", "a@x").PrimaryEmail("home", "a@y"), User("b").Email("work", "b@x"), User("c"), User("d").Email("Other", "d@x")},
				want: []int{0, 3, 1, 2}, down: []int{2, 1, 3, 0},
			},
			{
				name: "an attribute that has no key in the store", sortBy: "nickName",
				list: []*Builder{User("a").Set("nickName", "ß"), User("b"), User("c").Set("nickName", "SS"), User("d").Set("nickName", "ss")},
				want: []int{2, 3, 0, 1}, down: []int{1, 0, 2, 3},
			},
			{
				name: "integers by value", sortBy: "slots", // R7644-3.4.2.3-07
				list: []*Builder{Device("a").Number("slots", "10"), Device("b").Number("slots", "9"), Device("c"), Device("d").Number("slots", "-10"), Device("e").Number("slots", "-9"), Device("f").Number("slots", "1e1")},
				want: []int{3, 4, 1, 0, 5, 2}, down: []int{2, 0, 5, 1, 4, 3},
			},
			{
				name: "decimals by value", sortBy: "load",
				list: []*Builder{Device("a").Number("load", "0.5"), Device("b").Number("load", "0.25"), Device("c").Number("load", "1e-9"), Device("d").Number("load", "-0.5")},
				want: []int{3, 2, 1, 0}, down: []int{0, 1, 2, 3},
			},
			{
				name: "instants by time, whatever their offsets", sortBy: "seen", // R7644-3.4.2.3-07
				list: []*Builder{Device("a").Set("seen", "2024-06-01T12:00:00+02:00"), Device("b").Set("seen", "2024-06-01T11:00:00Z"), Device("c"), Device("d").Set("seen", "2024-06-01T05:00:00.5-04:00")},
				want: []int{3, 0, 1, 2}, down: []int{2, 1, 0, 3},
			},
			{
				name: "exact text in the generic table", sortBy: "serial",
				list: []*Builder{Device("b"), Device("B"), Device("a"), Device("Ä"), Device("ä"), Device("😀"), Device("\uFFFD")},
				want: []int{1, 2, 0, 3, 4, 6, 5}, down: []int{5, 6, 4, 3, 0, 2, 1},
			},
			{
				name: "ids", sortBy: "id",
				list: []*Builder{User("a").ID("b"), User("b").ID("C"), User("c").ID("a")},
				want: []int{1, 2, 0}, down: []int{0, 2, 1},
			},
			{
				name: "creation times", sortBy: "meta.created",
				list: []*Builder{createdAt("a", 3), createdAt("b", 1), createdAt("c", 2), createdAt("d", 1)},
				want: []int{1, 3, 2, 0}, down: []int{0, 2, 1, 3},
			},
			{
				name: "change times", sortBy: "meta.lastModified",
				list: []*Builder{createdAt("a", 1), createdAt("b", 2), createdAt("c", 3)},
				want: []int{2, 1, 0}, down: []int{0, 1, 2},
			},
			{
				name: "long texts by their first 512 bytes", sortBy: "title",
				list: []*Builder{
					User("a").Set("title", strings.Repeat("t", schema.MaxKey)+"b"), User("b").Set("title", strings.Repeat("T", schema.MaxKey)+"A"),
					User("c").Set("title", strings.Repeat("t", schema.MaxKey-1)+"s"), User("d").Set("title", strings.Repeat("é", 300)), User("e").Set("title", strings.Repeat("É", 299)),
				},
				want: []int{2, 0, 1, 3, 4}, down: []int{3, 4, 0, 1, 2},
			},
		} {
			c.check(w.in(w.newTenant().Space))
		}
	}},
	{"several resource types sort together by what they have in common", func(w *world) {
		list := w.insert(
			User("u1").Set("externalId", "c"), Device("d1").Set("externalId", "b"), User("u2"), Device("d2").Set("externalId", "a"), Device("d3"),
			User("u3").Set("externalId", "b"))
		external := attribute(w, userType(), "externalId")
		for descending, want := range map[bool][]int{false: {3, 1, 5, 0, 2, 4}, true: {2, 4, 0, 1, 5, 3}} {
			q := w.query(w.users(""), w.devices(""))
			q.Order = &store.Order{Attr: external, Descending: descending}
			var ids []string
			for _, i := range want {
				ids = append(ids, list[i].ID)
			}
			if got := w.ask(q).ids(); !slices.Equal(got, ids) {
				w.Errorf("descending %t: %v, want %v", descending, got, ids)
			}
		}
	}},
}

// check sorts with and without a filter, whole and in pages (R7644-3.4.2.3-08).
func (c sortCase) check(w *world) {
	w.Helper()
	list := w.insert(c.list...)
	rt := list[0].Type
	for descending, order := range map[bool][]int{false: c.want, true: c.down} {
		var want []string
		for _, i := range order {
			want = append(want, list[i].ID)
		}
		for _, text := range []string{"", "meta.created pr"} {
			q := w.query(store.Part{Type: rt, Filter: w.compile(rt, text)})
			q.Order = &store.Order{Attr: attribute(w, rt, c.sortBy), Descending: descending}
			if got := w.ask(q).ids(); !slices.Equal(got, want) {
				w.Errorf("%s, descending %t, filter %q: %v, want %v", c.name, descending, text, c.positions(got), order)
			}
			var paged []string
			for q.Limit, q.Offset = 2, 0; q.Offset < len(want); q.Offset += 2 {
				paged = append(paged, w.ask(q).ids()...)
			}
			if !slices.Equal(paged, want) {
				w.Errorf("%s, descending %t, filter %q, in pages: %v, want %v", c.name, descending, text, c.positions(paged), order)
			}
		}
	}
}

func (c sortCase) positions(ids []string) []int {
	var list []int
	for _, id := range ids {
		list = append(list, slices.IndexFunc(c.list, func(b *Builder) bool { return b.id == id }))
	}
	return list
}

func familyName(user, name string) *Builder {
	return User(user).In("name", "familyName", resource.Text(name))
}

func department(user, name string) *Builder {
	return User(user).In(enterpriseURN, "department", resource.Text(name))
}

// createdAt is a user created n µs after the epoch and changed n hours before
// the next day.
func createdAt(user string, n int) *Builder {
	return User(user).At(epoch.Add(time.Duration(n)*time.Microsecond), epoch.Add(24*time.Hour-time.Duration(n)*time.Hour))
}
