package scim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/scimd/scimd/internal/pgtest"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/postgres"
	"github.com/scimd/scimd/internal/store/sqlite"
)

// onEngines runs a test on a store of each engine.
func onEngines(t *testing.T, run func(*testing.T, store.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Registry: registry(), Ephemeral: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		run(t, s)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		s, err := postgres.Open(t.Context(), postgres.Options{URL: pgtest.URL(t), Registry: registry()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		run(t, s)
	})
}

// directory is a tenant with users and groups that tests name by one word: the
// login of a user, the displayName of a group.
type directory struct {
	testing.TB
	store   store.Store
	service *Service
	call    *Call
	ids     map[string]string
}

var directories atomic.Int64

// newDirectory makes a tenant with the users ada, bob and cyd, the group crew
// with ada and bob in it, and the groups other and empty. In texts, <ada> stands
// for an id.
func newDirectory(t testing.TB, s store.Store, profile string, set ...string) *directory {
	t.Helper()
	tenant := testTenant(t, profile, set...)
	stored, _, err := s.EnsureTenant(t.Context(), store.Tenant{Name: fmt.Sprintf("directory-%d", directories.Add(1)), Profile: profile})
	if err != nil {
		t.Fatal(err)
	}
	tenant.ID, tenant.Name, tenant.Space = stored.ID, stored.Name, stored.Space
	var n atomic.Int64
	tenant.NewID = func(rt *schema.ResourceType) string { return fmt.Sprintf("%s-Id-%d", rt.Name, n.Add(1)) }
	d := &directory{
		TB: t, store: s, service: NewService(s), ids: map[string]string{},
		call: &Call{Tenant: tenant, Base: "https://x.example/Scim/v2", Principal: store.Principal{Kind: "service", ID: "nobody"}},
	}
	for _, name := range []string{"ada", "bob", "cyd"} {
		d.create("User", name, `{"userName":"`+name+`","schemas":["`+d.rt("User").Schema.ID+`"]}`)
	}
	d.group("crew", "ada", "bob")
	d.group("other")
	d.group("empty")
	return d
}

func (d *directory) rt(name string) *schema.ResourceType { return d.call.Tenant.Registry.Type(name) }

// fill puts ids in place of names in angle brackets.
func (d *directory) fill(text string) string {
	for name, id := range d.ids {
		text = strings.ReplaceAll(text, "<"+name+">", id)
	}
	return text
}

func (d *directory) create(typ, name, body string) {
	d.Helper()
	res, err := d.service.Create(d.Context(), d.call, d.rt(typ), []byte(d.fill(body)), &Params{})
	if err != nil {
		d.Fatalf("create %s: %v", name, err)
	}
	d.ids[name] = decoded(d, res.Body).ID
}

// group makes a group with members.
func (d *directory) group(name string, members ...string) {
	d.Helper()
	var list []string
	for _, m := range members {
		list = append(list, `{"value":"<`+m+`>"}`)
	}
	d.create("Group", name, groupBody(name, "["+strings.Join(list, ",")+"]"))
}

func groupBody(name, members string) string {
	if members != "" {
		members = `,"members":` + members
	}
	return `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"` + name + `"` + members + `}`
}

// patch sends operations to a group.
func (d *directory) patch(name, ops string, p ...*Params) (*Result, error) {
	d.Helper()
	body := d.fill(`{"schemas":["` + urnPatchOp + `"],"Operations":[` + ops + `]}`)
	return d.service.Patch(d.Context(), d.call, d.rt("Group"), d.ids[name], []byte(body), append(p, &Params{})[0])
}

// shown is what a test looks at of a resource.
type shown struct {
	ID          string
	DisplayName string
	Members     []struct {
		Value, Type, Display string
		Ref                  string `json:"$ref"`
	}
	Groups []struct {
		Value, Type, Display string
		Ref                  string `json:"$ref"`
	}
}

func decoded(t testing.TB, body []byte) shown {
	t.Helper()
	var s shown
	if err := json.Unmarshal(body, &s); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return s
}

func (d *directory) get(typ, name string, p ...*Params) (shown, string) {
	d.Helper()
	res, err := d.service.Get(d.Context(), d.call, d.rt(typ), d.ids[name], append(p, &Params{})[0])
	if err != nil {
		d.Fatalf("get %s: %v", name, err)
	}
	if res.Stream != nil {
		var body bytes.Buffer
		if err := res.Stream(d.Context(), &body); err != nil {
			d.Fatalf("get %s: %v", name, err)
		}
		res.Body = body.Bytes()
	}
	return decoded(d, res.Body), string(res.Body)
}

// members are what the members of a group are called, sorted.
func (d *directory) members(name string) string {
	d.Helper()
	g, _ := d.get("Group", name)
	var list []string
	for _, m := range g.Members {
		list = append(list, m.Display)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func (d *directory) version(typ, name string) int64 {
	d.Helper()
	rec, err := d.store.Get(d.Context(), d.call.Tenant.Space, d.rt(typ), d.ids[name], nil)
	if err != nil {
		d.Fatal(err)
	}
	return rec.Version
}

// found are what the resources that a filter finds are called, sorted.
func (d *directory) found(typ, filter string) string {
	d.Helper()
	l, err := d.service.Query(d.Context(), d.call, d.rt(typ), &Params{Filter: d.fill(filter), HasFilter: true, StartIndex: 1})
	if err != nil {
		d.Fatalf("%s: %v", filter, err)
	}
	var out strings.Builder
	if err := l.Write(d.Context(), &out); err != nil {
		d.Fatal(err)
	}
	var list struct{ Resources []struct{ ID string } }
	if err := json.Unmarshal([]byte(out.String()), &list); err != nil {
		d.Fatal(err)
	}
	var names []string
	for name, id := range d.ids {
		for _, r := range list.Resources {
			if r.ID == id {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func (d *directory) remove(typ, name string) {
	d.Helper()
	if err := d.service.Delete(d.Context(), d.call, d.rt(typ), d.ids[name]); err != nil {
		d.Fatalf("delete %s: %v", name, err)
	}
}
