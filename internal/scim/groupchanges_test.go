package scim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// groupChangeRows are about writes.
var groupChangeRows = []directoryRow{
	{holds: "R7644-3.5.1-11 Q-165 a PUT gives the whole set, and none when it leaves members out", show: func(d *directory) {
		for i, c := range []struct {
			members, want string
			version       int64
		}{
			{`[{"value":"<bob>"},{"value":"<cyd>"}]`, "bob cyd", 2},
			{`[{"value":"<cyd>"},{"value":"<bob>"}]`, "bob cyd", 2},
			{``, "", 3}, {`[{"value":"<ada>"}]`, "ada", 4}, {`[]`, "", 5}, {`[{"value":"<ada>"}]`, "ada", 6}, {`null`, "", 7},
		} {
			res, err := d.service.Replace(d.Context(), d.call, d.rt("Group"), d.ids["crew"], []byte(d.fill(groupBody("crew", c.members))), &Params{})
			if err != nil {
				d.Fatal(err)
			}
			if got := decoded(d, res.Body); d.members("crew") != c.want || len(got.Members) != len(strings.Fields(c.want)) {
				d.Errorf("PUT %d: members %q, want %q; answered %s", i, d.members("crew"), c.want, res.Body)
			}
			if v := d.version("Group", "crew"); v != c.version {
				d.Errorf("PUT %d: version %d, want %d", i, v, c.version)
			}
		}
	}},
	{holds: "a POST or PUT with a member that is refused stores nothing", show: func(d *directory) {
		for _, members := range []string{`[{"value":"<ada>"},{"value":"nobody"}]`, `[{}]`, `"x y"`, `7`} {
			for _, write := range []func([]byte) error{
				func(b []byte) error {
					_, err := d.service.Create(d.Context(), d.call, d.rt("Group"), b, &Params{})
					return err
				},
				func(b []byte) error {
					_, err := d.service.Replace(d.Context(), d.call, d.rt("Group"), d.ids["crew"], b, &Params{})
					return err
				},
			} {
				err := write([]byte(d.fill(groupBody("new", members))))
				if e := scimerr.From(err); err == nil || e.Status != 400 && e.Status != 404 {
					d.Errorf("%s: %v", members, err)
				}
			}
		}
		if got := d.found("Group", `displayName eq "new"`) + d.members("crew"); got != "ada bob" || d.version("Group", "crew") != 1 {
			d.Errorf("left %q", got)
		}
	}},
	{holds: "the tenant names the member that is not there (cyberark-scim 7)", profile: "cyberark", show: func(d *directory) {
		_, err := d.patch("crew", `{"op":"add","path":"members","value":[{"value":"nobody"}]}`)
		if e := scimerr.From(err); e.Detail != "Member not found. Member value: nobody" {
			d.Errorf("%v", err)
		}
		_, err = d.service.Get(d.Context(), d.call, d.rt("Group"), "nothing%s", &Params{})
		if e := scimerr.From(err); e.Status != 404 || e.Detail != "Group not found" {
			d.Errorf("%v", err)
		}
		_, err = d.service.Get(d.Context(), d.call, d.rt("User"), "no%sone", &Params{})
		if e := scimerr.From(err); e.Status != 404 || e.Detail != "Resource no%sone not found" {
			d.Errorf("%v", err)
		}
	}},
	{holds: "the tenant's own status for a malformed member is a switch (cyberark-scim 18.7)", set: []string{"faithfulErrorCodes", "true", "objectAsList", "false"}, show: func(d *directory) {
		_, err := d.patch("crew", `{"op":"replace","path":"members","value":{"value":"<cyd>"}}`)
		if e := scimerr.From(err); e.Status != 500 || !strings.Contains(e.Detail, "List") {
			d.Errorf("%v", err)
		}
	}},
	{holds: "R7643-4.2-06 a change that would close a cycle is refused", profile: "cyberark", show: func(d *directory) {
		d.group("outer", "crew")
		d.group("top", "outer")
		_, err := d.patch("crew", `{"op":"add","path":"members","value":[{"value":"<top>"}]}`)
		wantError(d, err, "400 invalidValue")
		_, err = d.patch("crew", `{"op":"replace","path":"members","value":[{"value":"<outer>"},{"value":"<ada>"}]}`)
		wantError(d, err, "400 invalidValue")
		if got := d.members("crew"); got != "ada bob" {
			d.Errorf("members %s", got)
		}
	}},
	{holds: "R7643-4.2-06 a cycle is tolerated and cut", profile: "rfc7644", show: func(d *directory) {
		d.group("outer", "crew")
		if _, err := d.patch("crew", `{"op":"add","path":"members","value":[{"value":"<outer>"}]}`); err != nil {
			d.Fatal(err)
		}
		u, _ := d.get("User", "ada")
		if len(u.Groups) != 2 || d.found("User", `groups.value eq "<outer>"`) != "ada bob" {
			d.Errorf("groups %+v", u.Groups)
		}
		d.remove("Group", "crew")
		d.remove("Group", "outer")
	}},
	{holds: "two requests at once cannot close a cycle", profile: "cyberark", show: func(d *directory) {
		for i := range 5 {
			left, right := fmt.Sprintf("left%d", i), fmt.Sprintf("right%d", i)
			d.group(left)
			d.group(right)
			errs := make(chan error, 2)
			for _, pair := range [][2]string{{left, right}, {right, left}} {
				go func() {
					_, err := d.patch(pair[0], `{"op":"add","path":"members","value":[{"value":"<`+pair[1]+`>"}]}`)
					errs <- err
				}()
			}
			one, two := <-errs, <-errs
			if (one == nil) == (two == nil) {
				d.Fatalf("%v, %v: want one of the two refused", one, two)
			}
		}
	}},
	{holds: "R7644-3.5.2-19 Q-149 members added at the same time are all there", show: func(d *directory) {
		const n = 24
		for i := range n {
			d.create("User", fmt.Sprint("u", i), fmt.Sprintf(`{"userName":"u%d","schemas":["%s"]}`, i, d.rt("User").Schema.ID))
		}
		errs := make(chan error, n)
		for i := range n {
			go func() {
				_, err := d.patch("empty", fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":"<u%d>"}]}`, i))
				errs <- err
			}()
		}
		var all []error
		for range n {
			all = append(all, <-errs)
		}
		if err := errors.Join(all...); err != nil {
			d.Fatal(err)
		}
		if got := len(strings.Fields(d.members("empty"))); got != n || d.version("Group", "empty") != n+1 {
			d.Errorf("%d members at version %d", got, d.version("Group", "empty"))
		}
	}},
	{holds: "design: a PATCH of a large group answers without it, unless it asks for something", set: []string{"patchAnswerMembers", "2"}, show: func(d *directory) {
		for i, c := range []struct {
			op   string
			p    *Params
			body bool
		}{
			{`{"op":"replace","path":"externalId","value":"x"}`, &Params{}, true},
			{`{"op":"add","path":"members","value":[{"value":"<cyd>"}]}`, &Params{}, false},
			{`{"op":"replace","path":"externalId","value":"y"}`, &Params{ExcludedAttributes: []string{"members"}}, true},
			{`{"op":"replace","path":"externalId","value":"z"}`, &Params{Attributes: []string{"members"}}, true},
			{`{"op":"remove","path":"members[value eq \"<cyd>\"]"}`, &Params{}, true},
		} {
			res, err := d.patch("crew", c.op, c.p)
			if err != nil {
				d.Fatal(err)
			}
			if (res.Body != nil) != c.body || res.Location == "" {
				d.Errorf("operation %d answers %q", i, res.Body)
			}
		}
	}},
	{holds: "rule 11 Q-23 excluded members are not shown, and filters still see them", show: func(d *directory) {
		if _, body := d.get("Group", "crew", &Params{ExcludedAttributes: []string{"members"}}); strings.Contains(body, "members") {
			d.Errorf("%s", body)
		}
		if _, body := d.get("Group", "crew", &Params{Attributes: []string{"members.value"}}); !strings.Contains(body, d.fill(`"members":[{"value":"<ada>"},{"value":"<bob>"}]`)) {
			d.Errorf("%s", body)
		}
		for _, filter := range []string{`members.value eq "<ada>"`, `members.$ref ew "<ada>"`} {
			l, err := d.service.Query(d.Context(), d.call, d.rt("Group"), &Params{
				Filter: d.fill(filter), HasFilter: true, StartIndex: 1, ExcludedAttributes: []string{"members"},
			})
			if err != nil {
				d.Fatal(err)
			}
			var out strings.Builder
			if err := l.Write(d.Context(), &out); err != nil || !strings.Contains(out.String(), `"totalResults":1`) || strings.Contains(out.String(), "members") {
				d.Errorf("%s: %v %s", filter, err, out.String())
			}
		}
	}},
	{holds: "R7643-4.1.2-07 groups in a POST or PUT of a user are passed over (rule 14, Q-62)", show: func(d *directory) {
		body := `{"schemas":["` + d.rt("User").Schema.ID + `"],"userName":"ada","groups":[{"value":"<other>"}]}`
		if _, err := d.service.Replace(d.Context(), d.call, d.rt("User"), d.ids["ada"], []byte(d.fill(body)), &Params{}); err != nil {
			d.Fatal(err)
		}
		if got := d.members("other") + ", " + d.members("crew"); got != ", ada bob" {
			d.Errorf("members %s", got)
		}
	}},
	{holds: "Q-137 a displayName is one group's, in any letter case", show: func(d *directory) {
		_, err := d.service.Create(d.Context(), d.call, d.rt("Group"), []byte(groupBody("CREW", "")), &Params{})
		wantError(d, err, "409 uniqueness")
		_, err = d.patch("other", `{"op":"replace","path":"displayName","value":"Crew"}`)
		wantError(d, err, "409 uniqueness")
	}},
	{holds: "Q-83 Q-64 a user that is made inactive and active again keeps its groups", show: func(d *directory) {
		for _, active := range []string{"false", "true"} {
			body := `{"schemas":["` + urnPatchOp + `"],"Operations":[{"op":"replace","path":"active","value":` + active + `}]}`
			if _, err := d.service.Patch(d.Context(), d.call, d.rt("User"), d.ids["ada"], []byte(body), &Params{}); err != nil {
				d.Fatal(err)
			}
			if u, _ := d.get("User", "ada"); len(u.Groups) != 1 || d.members("crew") != "ada bob" {
				d.Errorf("active %s: groups %+v", active, u.Groups)
			}
		}
	}},
	{holds: "sorting by members and groups goes by the first of them", show: func(d *directory) {
		d.group("zero", "cyd")
		d.group("one", "ada")
		l, err := d.service.Query(d.Context(), d.call, d.rt("Group"), &Params{
			SortBy: "members.display", SortOrder: "descending", StartIndex: 1, Attributes: []string{"displayName"},
		})
		if err != nil {
			d.Fatal(err)
		}
		var out strings.Builder
		if err := l.Write(d.Context(), &out); err != nil {
			d.Fatal(err)
		}
		var order []string
		for _, name := range []string{"other", "empty", "zero", "crew", "one"} {
			order = append(order, name)
			if i := strings.Index(out.String(), `"displayName":"`+name+`"`); i < 0 {
				d.Fatalf("no %s in %s", name, out.String())
			}
		}
		if !slices.IsSortedFunc(order, func(a, b string) int {
			return strings.Index(out.String(), `"displayName":"`+a+`"`) - strings.Index(out.String(), `"displayName":"`+b+`"`)
		}) {
			d.Errorf("%s", out.String())
		}
	}},
}

// bareUser is a user as the engine would store it.
func bareUser(rt *schema.ResourceType, name string) *store.Resource {
	body := &resource.Members{}
	body.Set("userName", resource.Text(name))
	withSchemas(rt, body)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := &store.Resource{Type: rt, ID: name, Version: 1, Created: at, Modified: at, Body: body}
	r.Doc, r.Cut = resource.Encode(body)
	return r
}

// linkCounter is a store that counts the links that pass through it.
type linkCounter struct {
	store.Store
	seen atomic.Int64
}

func (l *linkCounter) Do(ctx context.Context, space int64, fn func(store.Tx) error) error {
	return l.Store.Do(ctx, space, func(tx store.Tx) error { return fn(countedTx{tx, l}) })
}

func (l *linkCounter) Get(ctx context.Context, space int64, rt *schema.ResourceType, id string, want []store.Want) (*store.Record, error) {
	rec, err := l.Store.Get(ctx, space, rt, id, want)
	return l.record(rec), err
}

// record counts a stream as more than anybody wants to see.
func (l *linkCounter) record(rec *store.Record) *store.Record {
	if rec != nil {
		l.seen.Add(int64(len(rec.Links) + 1000*len(rec.Streams)))
	}
	return rec
}

func (l *linkCounter) links(list []store.Link) []store.Link {
	l.seen.Add(int64(len(list)))
	return list
}

type countedTx struct {
	store.Tx
	counter *linkCounter
}

func (c countedTx) Get(rt *schema.ResourceType, id string) (*store.Record, error) {
	rec, err := c.Tx.Get(rt, id)
	return c.counter.record(rec), err
}

func (c countedTx) Links(seq int64, want []store.Want) ([]store.Link, error) {
	list, err := c.Tx.Links(seq, want)
	return c.counter.links(list), err
}

func (c countedTx) Find(types []*schema.ResourceType, ids []string) ([]store.Link, error) {
	list, err := c.Tx.Find(types, ids)
	return c.counter.links(list), err
}

func (c countedTx) FindLinks(rel store.Relation, src int64, types []*schema.ResourceType, ids []string) ([]store.Link, error) {
	list, err := c.Tx.FindLinks(rel, src, types, ids)
	return c.counter.links(list), err
}

func (c countedTx) SetLinks(rel store.Relation, src int64, dst []store.Link) ([]int64, error) {
	return c.Tx.SetLinks(rel, src, c.counter.links(dst))
}

// R7643-4.2-08: a change of one member of a large group costs as much as one of
// a small group, and a read that excludes members does not touch them.
func TestAMemberOfALargeGroupIsAddedWithoutReadingTheOthers(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, s store.Store) {
		d := newDirectory(t, s, "cyberark")
		const n = 5000
		err := s.Do(t.Context(), d.call.Tenant.Space, func(tx store.Tx) error {
			links := make([]store.Link, n)
			for i := range links {
				r := bareUser(d.rt("User"), fmt.Sprintf("bulk%05d", i))
				if err := tx.Insert(r); err != nil {
					return err
				}
				links[i] = store.Link{Type: r.Type, Seq: r.Seq, ID: r.ID}
			}
			g, err := tx.Get(d.rt("Group"), d.ids["empty"])
			if err == nil {
				_, err = tx.AddLinks(store.Member, g.Seq, links)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		spy := &linkCounter{Store: s}
		d.service = NewService(spy)
		for _, op := range []string{`{"op":"add","path":"members","value":[{"value":"<cyd>"}]}`, `{"op":"remove","path":"members[value eq \"<cyd>\"]"}`} {
			if _, err := d.patch("empty", op, &Params{ExcludedAttributes: []string{"members"}}); err != nil {
				t.Fatal(err)
			}
		}
		if _, body := d.get("Group", "empty", &Params{ExcludedAttributes: []string{"members"}}); strings.Contains(body, "bulk") {
			t.Fatal(body)
		}
		if seen := spy.seen.Load(); seen == 0 || seen > 10 {
			t.Errorf("two changes and a read saw %d of %d members, want the one that they name", seen, n)
		}
		d.service = NewService(s)
		if g, _ := d.get("Group", "empty"); len(g.Members) != n {
			t.Errorf("%d members", len(g.Members))
		}
	})
}
