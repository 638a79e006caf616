package seed_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/seed"
	"github.com/scimd/scimd/internal/store"
)

// create makes a resource as a client does, with the rights of the service user.
func (h *home) create(typ, body string) {
	h.Helper()
	by, err := h.service.EnsureServiceUser(h.Context(), h.tenant)
	if err != nil {
		h.Fatal(err)
	}
	c := &scim.Call{Tenant: h.tenant, Principal: by}
	if _, err := h.service.Create(h.Context(), c, registry.Type(typ), []byte(body), &scim.Params{}); err != nil {
		h.Fatalf("%s %s: %v", typ, body, err)
	}
}

func (h *home) patch(typ, id, ops string) {
	h.Helper()
	by, err := h.service.EnsureServiceUser(h.Context(), h.tenant)
	if err != nil {
		h.Fatal(err)
	}
	c := &scim.Call{Tenant: h.tenant, Principal: by}
	body := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":` + ops + `}`
	if _, err := h.service.Patch(h.Context(), c, registry.Type(typ), id, []byte(body), &scim.Params{}); err != nil {
		h.Fatalf("%s %s %s: %v", typ, id, ops, err)
	}
}

const urns = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],`

// live fills a home as clients do, in an order in which groups come before their
// members, so that no export finds things in the order in which it wants them.
func (h *home) live() {
	h.create("Group", `{"displayName":"Early","schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"]}`)
	h.mustApply(small(h.TB), seed.Options{})
	h.create("User", `{`+urns+`"userName":"späte@x.example","displayName":"true","nickName":"a: b #c","password":"pass-word-1",
		"emails":[{"value":"1e5@x.example","type":"home"}],"urn:scim:schemas:extension:custom:2.0":{"level":1.50,"flag":true,"text":"\u2028\u0085\ufeff\ud83d\ude00 'quoted' \"too\"\n\tx\u0007"}}`)
	early := h.id("Group", "Early")
	h.patch("Group", h.id("Group", "Board"), `[{"op":"add","path":"members","value":[{"value":"`+early+`"}]}]`)
	h.patch("Group", early, `[{"op":"add","path":"members","value":[{"value":"`+h.id("User", "späte@x.example")+`"}]}]`)
	h.patch("User", h.id("User", "ada@acme.example"), `[{"op":"replace","path":"title","value":"Head"},{"op":"remove","path":"displayName"}]`)
	h.create("Container", `{"schemas":["urn:ietf:params:scim:schemas:pam:1.0:Container"],"name":"By-Client"}`)
	h.create("PrivilegedData", `{"schemas":["urn:ietf:params:scim:schemas:pam:1.0:PrivilegedData"],"name":"root","urn:ietf:params:scim:schemas:cyberark:1.0:PrivilegedData":
		{"safe":"By-Client","password":"canary-secret","properties":[{"key":"platformId","value":"Unix"}]}}`)
	h.create("ContainerPermission", `{"schemas":["urn:ietf:params:scim:schemas:pam:1.0:ContainerPermission"],"container":{"name":"By-Client"},"group":{"display":"Early"},"rights":["UseAccounts"]}`)
	h.create("ContainerPermission", `{"schemas":["urn:ietf:params:scim:schemas:pam:1.0:ContainerPermission"],"container":{"name":"By-Client"},"user":{"display":"späte@x.example"},"rights":["UseAccounts"],
		"urn:ietf:params:scim:schemas:cyberark:1.0:SafeMember":{"membershipExpirationDate":1}}`)
}

// read is the resource of that name as clients see it, whose service user is another
// in each home.
func (h *home) read(typ, name string) string {
	h.Helper()
	by, err := h.service.EnsureServiceUser(h.Context(), h.tenant)
	if err != nil {
		h.Fatal(err)
	}
	got, err := h.service.Get(h.Context(), &scim.Call{Tenant: h.tenant, Principal: by}, registry.Type(typ), h.id(typ, name), &scim.Params{})
	if err != nil {
		h.Fatal(err)
	}
	return strings.ReplaceAll(string(got.Body), by.ID+`"`, `SERVICE"`)
}

// id is the id of the resource of that name.
func (h *home) id(typ, name string) string {
	h.Helper()
	rt := registry.Type(typ)
	page, err := h.store.Query(h.Context(), &store.Query{Space: h.tenant.Space, Parts: []store.Part{{Type: rt}}, Limit: -1})
	if err != nil {
		h.Fatal(err)
	}
	for {
		list, err := page.Next(h.Context())
		if err != nil || len(list) == 0 {
			h.Fatalf("there is no %s %s: %v", typ, name, err)
		}
		for _, r := range list {
			if strings.Contains(string(r.Doc), `"`+name+`"`) {
				return r.ID
			}
		}
	}
}

// An export brought into an empty tenant on the other engine, under another master
// key, is exported byte for byte the same.
func TestAnExportMovesATenantToTheOtherEngine(t *testing.T) {
	t.Parallel()
	for _, way := range [][2]string{{"sqlite", "postgres"}, {"postgres", "sqlite"}} {
		for _, c := range []struct{ form, profile, set string }{
			{seed.YAML, "cyberark", "passwords=hash"}, {seed.JSON, "rfc7644", "passwords=hash"}, {seed.YAML, "cyberark", "vaultMode=selfHosted"},
		} {
			t.Run(fmt.Sprintf("%s to %s, %s, %s, %s", way[0], way[1], c.form, c.profile, c.set), func(t *testing.T) {
				t.Parallel()
				from, to := newHome(t, engines[way[0]](t), c.profile, c.set), newHome(t, engines[way[1]](t), c.profile, c.set)
				from.live()
				text := from.export(c.form, testKey)
				if again := from.export(c.form, testKey); again != text {
					t.Error("two exports of one state differ:\n" + firstDifference(text, again))
				}
				for _, canary := range []string{"canary-secret", "pass-word-1", "argon2", "not-a-real-secret"} {
					if strings.Contains(text, canary) {
						t.Errorf("the export shows %s", canary)
					}
				}
				to.mustApply(text, seed.Options{Key: testKey})
				for _, x := range [][2]string{{"Container", "By-Client"}, {"User", "späte@x.example"}} {
					if was, is := from.read(x[0], x[1]), to.read(x[0], x[1]); was != is {
						t.Errorf("the %s is answered otherwise:\n%s\n%s", x[0], was, is)
					}
				}
				if there := to.export(c.form, testKey); there != text {
					t.Error("the copy is described otherwise:\n" + firstDifference(text, there))
				}
				if got := counts(to.mustApply(text, seed.Options{Key: testKey, Prune: true})); !strings.HasPrefix(got, "0 created, 0 updated") || !strings.HasSuffix(got, " 0 removed") {
					t.Error("applied again:", got)
				}
				if c.set == "passwords=hash" {
					if who, err := to.service.SignIn(t.Context(), to.tenant, "späte@x.example", "pass-word-1"); err != nil || who == nil {
						t.Errorf("the password is not that of before: %v, %v", who, err)
					}
				}
				// What comes after gets ids that nothing has, also where they are numbers.
				to.create("User", `{`+urns+`"userName":"after@x.example"}`)
				to.create("PrivilegedData", `{"schemas":["urn:ietf:params:scim:schemas:pam:1.0:PrivilegedData"],"name":"after","urn:ietf:params:scim:schemas:cyberark:1.0:PrivilegedData":
					{"safe":"By-Client","properties":[{"key":"platformId","value":"Unix"}]}}`)
				to.check()
			})
		}
	}
}

// crowd is a seed of n users, managed by the one after them, and a group of all, in
// groups that come in the wrong order.
func crowd(n int) string {
	var b strings.Builder
	b.WriteString("version: 1\nGroups:\n  - id: outer\n    displayName: Outer\n    members: [{value: inner, type: Group}]\n  - id: inner\n    displayName: Inner\n    members:\n")
	for i := range n {
		fmt.Fprintf(&b, "      - {value: u%d}\n", i)
	}
	b.WriteString("Users:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - id: u%d\n    userName: user%d@x.example\n    urn:ietf:params:scim:schemas:extension:enterprise:2.0:User: {manager: {value: u%d}}\n", i, i, (i+1)%n)
	}
	return b.String()
}

func TestALargeSeedGoesInByBatchesAndIsTheSameInTheEnd(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s store.Store) {
		const n = 1200
		h := newHome(t, s, "cyberark", "managerMustExist=true")
		r := h.mustApply(crowd(n), seed.Options{Whole: 100})
		if r.Whole || counts(r) != fmt.Sprintf("%d created, 0 updated, 0 unchanged, 0 removed", n+2) {
			t.Errorf("whole %t, %s", r.Whole, counts(r))
		}
		before := h.export(seed.JSON, nil)
		if got := counts(h.mustApply(crowd(n), seed.Options{Prune: true, Whole: 100})); got != fmt.Sprintf("0 created, 0 updated, %d unchanged, 0 removed", n+2) {
			t.Error("the second apply:", got)
		}
		if after := h.export(seed.JSON, nil); after != before {
			t.Error(firstDifference(before, after))
		}
		h.check()
		page, err := h.store.Query(t.Context(), &store.Query{
			Space: h.tenant.Space, Parts: []store.Part{{Type: registry.Type("User")}}, Limit: -1, Want: []store.Want{{Relation: store.Manager}},
		})
		if err != nil {
			t.Fatal(err)
		}
		managed := 0
		for {
			list, err := page.Next(t.Context())
			if err != nil || len(list) == 0 {
				break
			}
			for _, u := range list {
				managed += len(u.Links)
			}
		}
		if managed != n {
			t.Errorf("%d of %d users have a manager", managed, n)
		}
		var dry seed.Options
		dry.DryRun, dry.Prune = true, true
		plan := h.mustApply("version: 1\nUsers: [{id: u1, userName: other@x.example}]", dry)
		if got := counts(plan); got != fmt.Sprintf("0 created, 1 updated, 0 unchanged, %d removed", n+1) {
			t.Error("the plan:", got)
		}
		if after := h.export(seed.JSON, nil); after != before {
			t.Error("the plan has changed something")
		}
	})
}

// chain is a seed of n users and n groups that each name the next.
func chain(n int) string {
	var b strings.Builder
	b.WriteString("version: 1\nUsers:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {id: u%d, userName: user%d@x.example, urn:ietf:params:scim:schemas:extension:enterprise:2.0:User: {manager: {value: u%d}}}\n", i, i, (i+1)%n)
	}
	b.WriteString("Groups:\n")
	for i := range n {
		next := fmt.Sprintf(", {value: g%d, type: Group}", i+1)
		if i == n-1 {
			next = ""
		}
		fmt.Fprintf(&b, "  - {id: g%d, displayName: Group %d, members: [{value: u%d}%s]}\n", i, i, i, next)
	}
	return b.String()
}

// A seed that is cut off again and again, wherever that is, ends as one that is not.
func TestASeedThatIsCutOffEndsAsIfItHadNotBeen(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s store.Store) {
		const n = 1100 // of each type more than go in at once
		text := chain(n)
		h := newHome(t, s, "cyberark", "groupCycles=tolerate", "managerMustExist=true")
		now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		h.tenant.Now = func() time.Time { return now }
		apply := func(most int, resume bool) error {
			x, err := seed.Read(registry, seed.List(seed.File{Name: "a.yaml", Body: strings.NewReader(text)}))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = x.Close() }()
			ctx, cut := context.WithCancel(t.Context())
			defer cut()
			left := most
			h.tenant.Now = func() time.Time {
				if left--; left == 0 {
					cut()
				}
				return now
			}
			_, err = x.Apply(ctx, h.service, x.Tenants[0], h.tenant, seed.Options{Whole: 100, Resume: resume})
			return err
		}
		if err := apply(-1, false); err != nil {
			t.Fatal(err)
		}
		want := h.export(seed.JSON, nil)
		h.mustApply("version: 1\nUsers: []", seed.Options{Prune: true})
		now = now.Add(time.Hour)
		want = strings.ReplaceAll(want, "T03:04:05", "T04:04:05")
		cuts := 0
		for most := 300; ; most = 450 {
			err := apply(most, cuts > 0)
			if err == nil {
				break
			}
			if cuts++; !errors.Is(err, context.Canceled) || cuts > 20 {
				t.Fatalf("after %d cuts: %v", cuts, err)
			}
		}
		if cuts < 3 {
			t.Errorf("the seed was cut off %d times", cuts)
		}
		if got := h.export(seed.JSON, nil); got != want {
			t.Error(firstDifference(want, got))
		}
		h.check()
	})
}
