package storetest

import (
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// filterRow is a filter and the labels of the resources that it selects.
type filterRow struct{ text, want string }

var filterCases = []testCase{
	{"filters on columns", func(w *world) { newCast(w).check(w, userType(), columnFilters) }},
	{"filters on value rows", func(w *world) { newCast(w).check(w, userType(), rowFilters) }},
	{"filters on common attributes", func(w *world) { newCast(w).check(w, userType(), commonFilters) }},
	{"filters across a relation", func(w *world) { newCast(w).check(w, userType(), relationFilters) }},
	{"filters on what has no key in the store", func(w *world) { newCast(w).check(w, userType(), documentFilters) }},
	{"filters with logic", func(w *world) { newCast(w).check(w, userType(), logicFilters) }},
	{"filter text is only text", func(w *world) { newCast(w).check(w, userType(), hostileFilters) }},
	{"values longer than a key are compared whole", func(w *world) { newCast(w).check(w, userType(), longFilters) }},
	{"filters on the generic table", func(w *world) { newCast(w).check(w, deviceType(), genericFilters) }},
	{"a filter of more than a thousand terms is answered", func(w *world) {
		list := w.insert(User("n7").Email("work", "n8"), User("other").Set("title", "n1200"))
		for _, c := range []struct {
			attr, op, join, want string
		}{
			{"userName", "eq", " or ", list[0].ID},
			{"emails.value", "eq", " or ", list[0].ID},
			{"title", "co", " or ", list[1].ID},
			{"title", "ne", " and ", list[0].ID},
		} {
			terms := make([]string, 1500)
			for i := range terms {
				terms[i] = c.attr + " " + c.op + ` "n` + strconv.Itoa(i) + `"`
			}
			p, err := filter.Compile(strings.Join(terms, c.join), userType(), filter.Options{MaxLength: 1 << 20})
			if err != nil {
				w.Fatal(err)
			}
			if got := w.found(store.Part{Type: userType(), Filter: p}); !slices.Equal(got, []string{c.want}) {
				w.Errorf("%s: %v, want %s", c.attr, got, c.want)
			}
		}
	}},
	{"a search inside texts looks at documents only where texts are long", func(w *world) {
		boss := User("boss").Set("displayName", "A needle")
		list := w.insert(boss, User("a").Set("title", "the needle").Email("work", "needle@x.example").In(customURN, "desk", resource.Text("needle")),
			User("b").Set("title", "nothing"), Device("d").Set("label", "needles").Add("tags", resource.Text("a needle")))
		w.do(func(tx store.Tx) error {
			return setLinks(tx, store.Manager, list[2].Seq, []store.Link{linkTo(list[0])})
		})
		ask := func(part store.Part) (ids []string, calls int64) {
			var n atomic.Int64
			q := w.query(part)
			match := q.Match
			q.Match = func(rt *schema.ResourceType, rec *store.Record) bool { n.Add(1); return match(rt, rec) }
			return w.ask(q).ids(), n.Load()
		}
		questions := func(check func(text string, ids []string, calls int64, of int)) {
			for _, c := range []struct {
				text string
				of   int
			}{
				{`title co "needle"`, 1}, {`title ew "needle"`, 1}, {`emails co "needle"`, 1}, {`emails.type ew "ork"`, 1},
				{`emails[type eq "work" and value co "needle"]`, 1}, {customURN + `:desk co "needle"`, 1},
				{enterpriseURN + `:manager.displayName co "needle"`, 2}, {`not (title co "the needle") and title pr`, 2},
			} {
				ids, calls := ask(w.users(c.text))
				check(c.text, ids, calls, c.of)
			}
			ids, calls := ask(w.devices(`tags co "needle"`))
			check("tags", ids, calls, 3)
		}
		questions(func(text string, ids []string, calls int64, of int) {
			if !slices.Equal(ids, []string{list[of].ID}) || calls != 0 {
				w.Errorf("%s: %v, %d documents looked at; want %s and none", text, ids, calls, list[of].ID)
			}
		})
		w.insert(User("long").Set("title", long+"the needle").Set("displayName", long).Email("work", long+"needle").In(customURN, "desk", resource.Text(long)),
			User("typed").Email(long, "x"),
			Device("long").Set("label", long+"needle").Add("tags", resource.Text(long)))
		questions(func(text string, ids []string, calls int64, of int) {
			if !slices.Contains(ids, list[of].ID) || calls == 0 && !strings.Contains(text, "manager") {
				w.Errorf("%s: %v, %d documents looked at; want %s and some", text, ids, calls, list[of].ID)
			}
		})
		for text, want := range map[string]int{`title co "the needle"`: 2, `emails ew "needle"`: 1, `not (title co "the needle")`: 3} {
			if ids, _ := ask(w.users(text)); len(ids) != want {
				w.Errorf("%s: %d users, want %d", text, len(ids), want)
			}
		}
	}},
	{"a filter follows changes of the other side of a relation", func(w *world) {
		list := w.insert(User("boss").Set("displayName", "Old Name"), User("staff").Set("displayName", "Staff"))
		w.do(func(tx store.Tx) error {
			return setLinks(tx, store.Manager, list[1].Seq, []store.Link{linkTo(list[0])})
		})
		text := enterpriseURN + `:manager.displayName eq "new name"`
		if got := w.found(w.users(text)); len(got) != 0 {
			w.Errorf("before the change: %v", got)
		}
		w.do(func(tx store.Tx) error { return tx.Update(changed(list[0], "displayName", "New Name"), 1) })
		if got := w.found(w.users(text)); !slices.Equal(got, []string{list[1].ID}) {
			w.Errorf("after the change: %v, want the one managed", got)
		}
		w.do(func(tx store.Tx) error { return tx.Delete(list[0].Type, list[0].Seq) })
		if got := w.found(w.users(text)); len(got) != 0 {
			w.Errorf("after the delete: %v", got)
		}
	}},
}

// cast is a small set of resources with labels, stored and in memory.
type cast struct {
	labels  map[string]string // by type name and id
	members map[string]*resource.Members
	order   map[*schema.ResourceType][]string // labels by seq
}

// long is a text whose key does not fit; what follows it is beyond the key.
var long = strings.Repeat("long é ", 100)

func newCast(w *world) *cast {
	text, number := resource.Text, resource.NumberLiteral
	builders := []*Builder{
		User("Ada").At(epoch.Add(time.Second), epoch.Add(time.Hour)).
			Set("externalId", "Ext-1").In("name", "familyName", text("Lovelace")).In("name", "givenName", text("Ada")).
			In("name", "formatted", text("Ada, Countess of Lovelace")).Set("displayName", "Ada Lovelace").
			Set("nickName", "Enchantress").Set("title", "Countess").Set("userType", "Employee").Truth("active", true).
			Set("preferredLanguage", "en-GB").Email("work", "ada@work.example").PrimaryEmail("home", "ada@home.example").
			Add("phoneNumbers", element("+44 1", "work", false)).
			In(enterpriseURN, "department", text("Math")).In(enterpriseURN, "employeeNumber", text("007")).
			In(customURN, "desk", text("A1")).In(customURN, "floor", number("3")).In(customURN, "remote", resource.Truth(true)),
		User("École").At(epoch.Add(2*time.Second), epoch.Add(2*time.Second)).
			Set("externalId", "ext-1").In("name", "familyName", text("Öztürk")).Set("displayName", "École Normale").Set("title", "Director").
			Set("userType", "Contractor").Truth("active", true).PrimaryEmail("work", "boss@work.example").Email("work", "boss@home.example").
			In(enterpriseURN, "department", text("math")).In(customURN, "floor", text("3")),
		User(`bob_100%`).At(epoch.Add(2*time.Second+time.Microsecond), epoch.Add(3*time.Hour)).
			Set("displayName", `100% "b\b"`).Set("title", "clerk").Truth("active", false).
			Email("home", "bob@WORK.example").Email("", "BOB@home.example").
			In(customURN, "desk", text("a1")).In(customURN, "floor", number("10")).In(customURN, "remote", resource.Truth(false)),
		User("dora").At(epoch.Add(3*time.Second), epoch.Add(4*time.Hour)),
		User("ИВАН").At(epoch.Add(4*time.Second), epoch.Add(5*time.Hour)).
			Set("displayName", "Иван Straße").Set("title", "Director ").Set("nickName", "ваня").
			Email("work", "ivan@work.example").Email("work", "ivan@other.example").Add("roles", element("admin", "", true)).
			In(enterpriseURN, "department", text("Sales")).In(customURN, "floor", number("3.0")),
		User("' OR '1'='1").At(epoch.Add(5*time.Second), epoch.Add(6*time.Hour)).
			Set("displayName", `'; DROP TABLE user_r; --`).Set("title", "${x} a and (b) or not [c]").Email("w'k", "%_@x.example"),
		User("long").At(epoch.Add(6*time.Second), epoch.Add(7*time.Hour)).
			Set("displayName", long+"tail 1").Set("title", long+"same").Email("home", long+"@one.example").
			In(enterpriseURN, "department", text(long+"Y")),
		User("longer").At(epoch.Add(7*time.Second), epoch.Add(8*time.Hour)).
			Set("displayName", long+"tail 2").Set("title", long+"SAME").Email("home", long+"@two.example").
			In(enterpriseURN, "department", text(long+"Z")),
		Device("A-1").Number("slots", "9").Number("load", "1.10").Set("seen", "2024-06-01T12:00:00+02:00").Truth("enabled", true).
			Set("firmware", "AQI=").Add("tags", text("red")).Add("tags", text("Blue")).In("maker", "name", text("Acme")).
			In("maker", "founded", number("1990")).Add("ports", port("80", "http", true)).Add("ports", port("443", "https", false)),
		Device("a-1").Set("alias", "Front").Number("slots", "10").Number("load", "11e-1").Set("seen", "2024-06-01T10:00:00.000Z").Truth("enabled", false).
			Add("tags", text("green")).In("maker", "founded", number("205")).Add("ports", port("443", "http", false)),
		Device("B%").Number("slots", "-5").Number("load", "-0.5").Set("seen", "2024-06-01T10:00:00.0000001Z").Set("firmware", "aqi=").
			Add("tags", text("RED")).Set("label", long+"L"),
		Device("bare"),
	}
	c := &cast{labels: map[string]string{}, members: map[string]*resource.Members{}, order: map[*schema.ResourceType][]string{}}
	list := w.insert(builders...)
	for i, r := range list {
		name := firstText(r.Body, "userName", "serial")
		key := r.Type.Name + r.ID
		c.labels[key] = name
		c.order[r.Type] = append(c.order[r.Type], name)
		c.members[key] = withMeta(builders[i].Resource().Body, r.Type, r.ID, r.Created.Format(timeLayout), r.Modified.Format(timeLayout))
	}
	// École manages Ada and bob, the one with the long name manages dora.
	for _, edge := range [][2]int{{0, 1}, {2, 1}, {3, 6}} {
		staff, boss := list[edge[0]], list[edge[1]]
		w.do(func(tx store.Tx) error { return setLinks(tx, store.Manager, staff.Seq, []store.Link{linkTo(boss)}) })
		(&modelled{Resource: staff, members: c.members["User"+staff.ID]}).manage(&modelled{Resource: boss, members: c.members["User"+boss.ID]})
	}
	return c
}

func firstText(m *resource.Members, names ...string) string {
	for _, name := range names {
		if v, ok := m.Get(name); ok {
			return v.Str()
		}
	}
	return ""
}

func port(number, typ string, primary bool) resource.Value {
	v := object("value", resource.NumberLiteral(number))
	v.Members().Set("type", resource.Text(typ))
	v.Members().Set("primary", resource.Truth(primary))
	return v
}

// check shows that store and judge select the rows' resources, and that the
// negation selects exactly the others (R7644-3.4.2.2-21).
func (c *cast) check(w *world, rt *schema.ResourceType, rows []filterRow) {
	w.Helper()
	all := c.order[rt]
	for _, row := range rows {
		want := strings.Split(row.want, "|")
		switch row.want {
		case "":
			want = nil
		case "*":
			want = all
		}
		others := slices.DeleteFunc(slices.Clone(all), func(label string) bool { return slices.Contains(want, label) })
		c.one(w, rt, row.text, want)
		c.one(w, rt, "not ("+row.text+")", others)
	}
}

func (c *cast) one(w *world, rt *schema.ResourceType, text string, want []string) {
	w.Helper()
	p := w.compile(rt, text)
	var judged []string
	q := w.query(store.Part{Type: rt, Filter: p})
	judgeWith(q, func(rt *schema.ResourceType, rec *store.Record) *resource.Members { return c.members[rt.Name+rec.ID] })
	var got []string
	a := w.ask(q)
	for _, rec := range a.records {
		got = append(got, c.labels[rt.Name+rec.ID])
	}
	for key, m := range c.members {
		if strings.HasPrefix(key, rt.Name) && filter.Match(p, m) {
			judged = append(judged, c.labels[key])
		}
	}
	slices.SortFunc(judged, func(a, b string) int { return slices.Index(c.order[rt], a) - slices.Index(c.order[rt], b) })
	if !slices.Equal(judged, want) {
		w.Errorf("%.200s: the judge selects %q, want %q", text, judged, want)
	}
	if !slices.Equal(got, want) || a.total != len(want) {
		w.Errorf("%.200s: the store selects %q of %d, want %q", text, got, a.total, want)
	}
}
