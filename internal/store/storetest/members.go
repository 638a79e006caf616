package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

var memberCases = []testCase{
	{"AddLinks, RemoveLinks and SetLinks tell what they have changed", func(w *world) {
		list := w.insert(Group("g"), User("a"), User("b"), User("c"), Group("n"))
		g, a, b, c, n := list[0], list[1], list[2], list[3], list[4]
		var done []int64
		for i, step := range []struct {
			op            string
			args, changed []*store.Resource
			after         []*store.Resource
		}{
			{"add", []*store.Resource{b, a, b}, []*store.Resource{a, b}, []*store.Resource{a, b}},
			{"add", []*store.Resource{a, n}, []*store.Resource{n}, []*store.Resource{a, b, n}},
			{"add", nil, nil, []*store.Resource{a, b, n}},
			{"remove", []*store.Resource{c, b, b}, []*store.Resource{b}, []*store.Resource{a, n}},
			{"remove", nil, nil, []*store.Resource{a, n}},
			{"set", []*store.Resource{c, n}, []*store.Resource{a, c}, []*store.Resource{c, n}},
			{"set", []*store.Resource{c, n}, nil, []*store.Resource{c, n}},
			{"set", nil, []*store.Resource{c, n}, nil},
		} {
			w.do(func(tx store.Tx) (err error) {
				var links []store.Link
				for _, r := range step.args {
					links = append(links, linkTo(r))
				}
				switch step.op {
				case "add":
					done, err = tx.AddLinks(store.Member, g.Seq, links)
				case "remove":
					done, err = tx.RemoveLinks(store.Member, g.Seq, seqsOf(step.args))
				case "set":
					done, err = tx.SetLinks(store.Member, g.Seq, links)
				}
				return err
			})
			slices.Sort(done)
			if want := seqsOf(step.changed); !slices.Equal(done, want) {
				w.Errorf("step %d, %s: changed %v, want %v", i, step.op, done, want)
			}
			w.leadsTo(fmt.Sprintf("step %d", i), w.get(g.Type, g.ID, store.Want{Relation: store.Member}).Links, step.after...)
		}
	}},
	{"an edge to a resource that is not there is not made", func(w *world) {
		list := w.insert(Group("g"), User("a"), User("gone"))
		w.do(func(tx store.Tx) error { return tx.Delete(list[2].Type, list[2].Seq) })
		w.do(func(tx store.Tx) error {
			changed, err := tx.AddLinks(store.Member, list[0].Seq, []store.Link{linkTo(list[1]), linkTo(list[2])})
			if !slices.Equal(changed, []int64{list[1].Seq}) {
				w.Errorf("changed %v", changed)
			}
			return err
		})
		w.edges(list[0], 1)
	}},
	{"FindLinks finds links by the ids of the types asked for", func(w *world) {
		list := w.insert(Group("g"), User("a").ID("A-1"), Group("n").ID("N-1"), User("b").ID("B-1"), Group("other"))
		g, a, n, b := list[0], list[1], list[2], list[3]
		both := []*schema.ResourceType{userType(), groupType()}
		w.do(func(tx store.Tx) error {
			if _, err := tx.AddLinks(store.Member, g.Seq, []store.Link{linkTo(a), linkTo(n)}); err != nil {
				return err
			}
			if _, err := tx.AddLinks(store.Member, list[4].Seq, []store.Link{linkTo(b)}); err != nil {
				return err
			}
			for _, c := range []struct {
				types []*schema.ResourceType
				ids   []string
				want  []*store.Resource
			}{
				{both, []string{"A-1", "N-1", "B-1", "nobody"}, []*store.Resource{a, n}},
				{both, []string{"a-1", "n-1"}, []*store.Resource{a}}, // as each type compares ids
				{both[1:], []string{"A-1", "N-1"}, []*store.Resource{n}},
				{both, nil, nil},
			} {
				links, err := tx.FindLinks(store.Member, g.Seq, c.types, c.ids)
				if err != nil {
					return err
				}
				w.leadsTo(fmt.Sprint(c.ids), bySeq(links), c.want...)
				for _, l := range links {
					if l.Relation != store.Member || l.ID == a.ID && l.Display != "a" {
						w.Errorf("link %+v", l)
					}
				}
			}
			return nil
		})
	}},
	{"CountLinks counts, and stops where it is told", func(w *world) {
		g := w.insert(Group("g"))[0]
		w.insertMembers(g, 30)
		w.do(func(tx store.Tx) error {
			for most, want := range map[int]int{100: 30, 30: 30, 29: 29, 1: 1} {
				n, err := tx.CountLinks(store.Member, g.Seq, most)
				if err != nil || n != want {
					return fmt.Errorf("up to %d: %d, %v", most, n, err)
				}
			}
			n, err := tx.CountLinks(store.Manager, g.Seq, 10)
			if n != 0 {
				w.Errorf("%d managers", n)
			}
			return err
		})
	}},
	{"Reaches follows one relation over any number of resources, and ends in a cycle", func(w *world) {
		g := w.nest("a b", "b c", "c d", "x y", "y x", "x a")
		w.do(func(tx store.Tx) error {
			for _, c := range []struct {
				from string
				to   string
				want bool
			}{
				{"a", "b", true}, {"a", "d", true}, {"x", "d", true}, {"b", "a", false}, {"d", "d", false}, {"x", "x", true},
				{"d c", "a", false}, {"d c b", "c", true}, {"", "a", false},
			} {
				var from []int64
				for _, name := range c.from {
					if name != ' ' {
						from = append(from, g[string(name)].Seq)
					}
				}
				got, err := tx.Reaches(store.Member, from, g[c.to].Seq)
				if err != nil {
					return err
				}
				if got != c.want {
					w.Errorf("from %q to %s: %t", c.from, c.to, got)
				}
			}
			got, err := tx.Reaches(store.Manager, []int64{g["a"].Seq}, g["b"].Seq)
			if got {
				w.Error("another relation is followed")
			}
			return err
		})
	}},
	{"transitive links are found once each, direct before indirect, and cycles are cut", func(w *world) {
		g := w.nest("a b", "b c", "c a", "d b", "e e2")
		u := w.insert(User("u"), User("v"), User("w"))
		w.do(func(tx store.Tx) error {
			for _, name := range []string{"c", "d"} {
				if _, err := tx.AddLinks(store.Member, g[name].Seq, []store.Link{linkTo(u[0])}); err != nil {
					return err
				}
			}
			_, err := tx.AddLinks(store.Member, g["e"].Seq, []store.Link{linkTo(u[1])})
			return err
		})
		want := store.Want{Relation: store.Member, Reverse: true, Transitive: true}
		for i, names := range []string{"a:indirect b:indirect c:direct d:direct", "e:direct", ""} {
			got := ""
			for _, l := range w.get(userType(), u[i].ID, want).Links {
				kind := map[bool]string{true: "indirect", false: "direct"}[l.Indirect]
				got += " " + l.Display + ":" + kind
				if l.Type != groupType() || !l.Reverse {
					w.Errorf("link %+v", l)
				}
			}
			if sorted := words(got); !slices.Equal(sorted, words(names)) {
				w.Errorf("user %d is in %v, want %v", i, sorted, words(names))
			}
		}
	}},
	{"Match sees the links it asks for, and the page has its own", func(w *world) {
		g := w.insert(Group("g"))[0]
		w.insertMembers(g, 3)
		for _, limit := range []int{-1, 10} {
			saw := 0
			q := w.query(store.Part{Type: groupType(), Filter: w.compile(groupType(), `members.$ref pr`)})
			q.Limit, q.Judge = limit, []store.Want{{Relation: store.Member}}
			q.Match = func(_ *schema.ResourceType, rec *store.Record) bool { saw = len(rec.Links); return true }
			if a := w.ask(q); saw != 3 || len(a.records) != 1 || len(a.records[0].Links) != 0 {
				w.Errorf("limit %d: the judge saw %d members, the page has %d groups", limit, saw, len(a.records))
			}
		}
	}},
	{"filters on memberships are decided in SQL", func(w *world) {
		g := w.nest("a b", "b c")
		w.insertMembers(g["c"], 3)
		id := w.found(w.users(`userName eq "member1"`))[0]
		group := func(text string) store.Part {
			return store.Part{Type: groupType(), Filter: w.compile(groupType(), text)}
		}
		for _, c := range []struct {
			part       store.Part
			transitive bool
			want       int
		}{
			{group(`members.value eq "` + id + `"`), false, 1},
			{group(`members[value eq "` + id + `"]`), false, 1},
			{group(`members eq "` + id + `"`), false, 1},
			{group(`members.value ne "` + id + `"`), false, 3},
			{group(`members.display sw "MEMBER"`), false, 1},
			{group(`members.type eq "group"`), false, 2},
			{group(`members[type eq "User" and display eq "member2"]`), false, 1},
			{group(`members[type eq "Group" and display eq "member2"]`), false, 0},
			{group(`members pr`), false, 3},
			{group(`not (members pr)`), false, 0},
			{w.users(`groups.display eq "C"`), false, 3},
			{w.users(`groups.display eq "a"`), false, 0},
			{w.users(`groups.display eq "a"`), true, 3},
			{w.users(`groups.value eq "` + g["b"].ID + `"`), true, 3},
			{w.users(`groups[display eq "a" and value eq "` + g["b"].ID + `"]`), true, 0},
			{w.users(`groups pr`), false, 3},
		} {
			q := w.query(c.part)
			q.Match = func(*schema.ResourceType, *store.Record) bool { w.Errorf("a document was looked at"); return false }
			if c.transitive {
				q.Transitive = []store.Relation{store.Member}
			}
			if a := w.ask(q); a.total != c.want {
				w.Errorf("%+v: %d, want %d", c.part.Filter, a.total, c.want)
			}
		}
	}},
	{"orders by memberships are decided in SQL", func(w *world) {
		g := w.nest("a b", "c")
		w.insertMembers(g["b"], 2)
		for path, rt := range map[string]*schema.ResourceType{
			"members.value": groupType(), "members.display": groupType(), "members.type": groupType(),
			"groups.value": userType(), "groups.display": userType(),
		} {
			q := w.query(store.Part{Type: rt})
			q.Order = &store.Order{Attr: attribute(w, rt, path)}
			q.SortKey = func(*schema.ResourceType, *store.Record) (string, bool) {
				w.Errorf("%s: a document was looked at", path)
				return "", false
			}
			a := w.ask(q)
			if last := a.records[len(a.records)-1]; rt == groupType() && last.ID != g["c"].ID {
				w.Errorf("%s: the group without members is not the last", path)
			}
		}
	}},
	{"Touch moves on the resources with an edge to one, and no others", func(w *world) {
		list := w.insert(Group("one"), Group("two"), Group("other"), User("u"), User("boss"))
		one, two, u, boss := list[0], list[1], list[3], list[4]
		w.do(func(tx store.Tx) error {
			for _, g := range []*store.Resource{one, two} {
				if _, err := tx.AddLinks(store.Member, g.Seq, []store.Link{linkTo(u)}); err != nil {
					return err
				}
			}
			return setLinks(tx, store.Manager, boss.Seq, []store.Link{linkTo(u)})
		})
		for i, at := range []time.Time{epoch.Add(time.Hour), epoch} { // the second time the clock has gone back
			var touched []store.Touched
			w.do(func(tx store.Tx) (err error) { touched, err = tx.Touch(store.Member, u.Seq, at); return err })
			if len(touched) != 2 {
				w.Fatalf("touched %+v", touched)
			}
			modified := epoch.Add(time.Hour).Add(time.Duration(i) * time.Microsecond)
			for _, x := range touched {
				rec := w.get(groupType(), x.ID)
				if x.Type != groupType() || x.Version != int64(2+i) || !x.Modified.Equal(modified) ||
					rec.Version != x.Version || !rec.Modified.Equal(modified) || !slices.Contains([]string{one.ID, two.ID}, x.ID) {
					w.Errorf("round %d: touched %+v, stored version %d of %v", i, x, rec.Version, rec.Modified)
				}
			}
		}
		for _, r := range []*store.Resource{list[2], u, boss} {
			if rec := w.get(r.Type, r.ID); rec.Version != 1 || !rec.Modified.Equal(r.Modified) {
				w.Errorf("%s was touched", r.ID)
			}
		}
	}},
}

// edges checks the number of edges from a group, those to nowhere counted too.
func (w *world) edges(g *store.Resource, want int) {
	w.Helper()
	w.do(func(tx store.Tx) error {
		n, err := tx.CountLinks(store.Member, g.Seq, want+100)
		if n != want {
			w.Errorf("%d edges, want %d", n, want)
		}
		return err
	})
}

// insertMembers stores n users member0 … and puts them into a group.
func (w *world) insertMembers(g *store.Resource, n int) {
	w.Helper()
	builders := make([]*Builder, n)
	for i := range builders {
		builders[i] = User(fmt.Sprintf("member%d", i))
	}
	var links []store.Link
	for _, r := range w.insert(builders...) {
		links = append(links, linkTo(r))
	}
	w.do(func(tx store.Tx) error { _, err := tx.AddLinks(store.Member, g.Seq, links); return err })
}

// nest stores groups by name; "a b" makes b a member of a, "c" only stores c.
func (w *world) nest(edges ...string) map[string]*store.Resource {
	w.Helper()
	g := map[string]*store.Resource{}
	for _, e := range edges {
		for _, name := range strings.Fields(e) {
			if g[name] == nil {
				g[name] = w.insert(Group(name))[0]
			}
		}
	}
	w.do(func(tx store.Tx) error {
		for _, e := range edges {
			ends := strings.Fields(e)
			if len(ends) == 1 {
				continue
			}
			if _, err := tx.AddLinks(store.Member, g[ends[0]].Seq, []store.Link{linkTo(g[ends[1]])}); err != nil {
				return err
			}
		}
		return nil
	})
	return g
}

func words(text string) []string {
	return slices.Sorted(slices.Values(strings.Fields(text)))
}

func seqsOf(list []*store.Resource) []int64 {
	var out []int64
	for _, r := range list {
		out = append(out, r.Seq)
	}
	slices.Sort(out)
	return out
}
