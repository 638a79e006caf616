package control_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/sqlite"
	"github.com/scimd/scimd/schemas"
)

// house is the control service on a real store, over the socket or directly.
type house struct {
	control.Service
	direct         *control.Direct // behind the Service
	store          store.Store
	changes, swept int
	revoked        [][32]byte
	restored       []int64
	removed        []string
}

func newHouse(t *testing.T, view func(*testing.T, control.Service) control.Service) *house {
	t.Helper()
	reg, err := schemas.Registry()
	if err != nil {
		t.Fatal(err)
	}
	st, err := sqlite.Open(ctx, sqlite.Options{Dir: t.TempDir(), Registry: reg, Ephemeral: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	options, err := scim.LoadProfile(schemas.FS, "cyberark")
	if err != nil {
		t.Fatal(err)
	}
	if err := options.Set("maxResults", "77"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := st.EnsureTenant(ctx, store.Tenant{Name: "default", Profile: "cyberark", Created: now}); err != nil {
		t.Fatal(err)
	}
	h := &house{store: st}
	h.direct = &control.Direct{
		Store: st, Profiles: schemas.FS, Profile: options, Now: func() time.Time { return now },
		About: control.Info{BaseURL: "https://id.example:8443/x/scim/v2"},
		ServiceUser: func(context.Context, store.Tenant) (store.Principal, error) {
			return store.Principal{Kind: "service", ID: "u"}, nil
		},
		Revoked: func(h2 [32]byte) { h.revoked = append(h.revoked, h2) },
		Changed: func(context.Context) error { h.changes++; return nil }, Restored: func(tenant int64) { h.restored = append(h.restored, tenant) },
		RemoveServiceUser: func(_ context.Context, t store.Tenant, id string, then func(store.Tx) error) error {
			h.removed = append(h.removed, id)
			return st.Do(ctx, t.Space, then)
		},
		Sweep: func(context.Context) error { h.swept++; return nil },
	}
	h.Service = view(t, h.direct)
	return h
}

var views = map[string]func(*testing.T, control.Service) control.Service{
	"direct":          func(_ *testing.T, s control.Service) control.Service { return s },
	"over the socket": overSocket,
}

func TestTheLifeOfATenantIsTheSameDirectAndOverTheSocket(t *testing.T) {
	t.Parallel()
	for name, view := range views {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, view)
			made, err := h.CreateTenant(ctx, control.NewTenant{Name: "Blue", TokenName: "ci", TenantChange: control.TenantChange{
				Profile: "rfc7644", Switches: map[string]string{"maxResults": "5"}, AddHosts: []string{"Blue.Example.", "b.example"},
				Limits: map[string]string{"maxResources": "9", "maxBody": "1000"},
			}})
			if err != nil {
				t.Fatal(err)
			}
			want := control.Tenant{
				Name: "blue", Profile: "rfc7644", Hosts: []string{"b.example", "blue.example"}, Limits: map[string]int{"maxResources": 9, "maxBody": 1000},
				BaseURLs: []string{"https://id.example:8443/x/tenants/blue/scim/v2", "https://b.example:8443/scim/v2", "https://blue.example:8443/scim/v2"},
				Created:  now,
			}
			if !reflect.DeepEqual(made.Tenant, want) {
				t.Errorf("made %+v, want %+v", made.Tenant, want)
			}
			token, err := h.store.TokenByHash(ctx, auth.Hash(made.FirstToken.Text))
			if err != nil || token.Name != "ci" || token.Rights != "all" || made.FirstToken.Tenant != "blue" {
				t.Errorf("token %+v of %+v, %v", token, made.FirstToken, err)
			}

			list, err := h.Tenants(ctx)
			if err != nil || len(list) != 2 || list[0].Name != "default" || !list[0].FollowsOptions || !reflect.DeepEqual(list[1], want) {
				t.Errorf("list %+v, %v", list, err)
			}
			switches := func(tenant string) map[string]string {
				t.Helper()
				got, err := h.Tenant(ctx, tenant)
				if err != nil {
					t.Fatal(err)
				}
				return got.Switches
			}
			if s := switches("BLUE"); s["maxResults"] != "5" || s["discovery"] != "complete" {
				t.Errorf("switches %v", s)
			}
			if s := switches("default"); s["maxResults"] != "77" {
				t.Errorf("switches of the options %v", s)
			}

			changed, err := h.UpdateTenant(ctx, "blue", control.TenantChange{
				Switches: map[string]string{"defaultCount": "3"}, AddHosts: []string{"c.example"}, RemoveHosts: []string{"B.example", "none.example"},
				Limits: map[string]string{"maxResources": "none", "maxConcurrent": "4"},
			})
			want.Hosts = []string{"blue.example", "c.example"}
			want.Limits = map[string]int{"maxBody": 1000, "maxConcurrent": 4}
			want.BaseURLs = append(want.BaseURLs[:1:1], "https://blue.example:8443/scim/v2", "https://c.example:8443/scim/v2")
			if err != nil || !reflect.DeepEqual(*changed, want) {
				t.Errorf("changed %+v, %v; want %+v", changed, err, want)
			}
			if s := switches("blue"); s["maxResults"] != "5" || s["defaultCount"] != "3" || s["discovery"] != "complete" {
				t.Errorf("switches %v", s)
			}

			for follows, c := range map[bool]control.TenantChange{false: {Switches: map[string]string{"maxResults": "6"}}, true: {FollowOptions: true}} {
				if _, err := h.UpdateTenant(ctx, "default", control.TenantChange{Profile: "rfc7644"}); err != nil {
					t.Fatal(err)
				}
				got, err := h.UpdateTenant(ctx, "", c)
				if err != nil || got.FollowsOptions != follows || follows != (got.Profile == "cyberark") || follows != (switches("")["maxResults"] == "77") {
					t.Errorf("default with %+v: %+v, %v", c, got, err)
				}
			}

			before := h.changes
			if err := h.DeleteTenant(ctx, "blue"); err != nil {
				t.Fatal(err)
			}
			if h.changes == before || h.swept != 1 || !slices.Contains(h.revoked, auth.Hash(made.FirstToken.Text)) {
				t.Errorf("%d changes after %d, %d sweeps, revoked %d", h.changes, before, h.swept, len(h.revoked))
			}
			if _, err := h.Tenant(ctx, "blue"); !scimerr.Is(err, 404) {
				t.Errorf("after its end: %v", err)
			}
		})
	}
}

func TestATenantMadeWithoutAProfileKeepsThatOfTheOptions(t *testing.T) {
	t.Parallel()
	h := newHouse(t, views["direct"])
	if _, err := h.CreateTenant(ctx, control.NewTenant{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	file := t.TempDir() + "/p.json"
	own, err := scim.LoadProfile(schemas.FS, "strict")
	if err != nil {
		t.Fatal(err)
	}
	own.Name = "mine"
	if _, err := h.CreateTenant(ctx, control.NewTenant{Name: "b", TenantChange: control.TenantChange{Document: own.Text()}}); err != nil {
		t.Fatal(err)
	}
	list, err := h.store.Tenants(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int]string{1: "77", 2: "1000"} {
		p, _, err := scim.StoredProfile(schemas.FS, list[i].Switches)
		if err != nil || list[i].Profile != p.Name || p.MaxResults == 77 != (want == "77") {
			t.Errorf("%s: %+v, %v", list[i].Name, p, err)
		}
	}
	if _, err := h.CreateTenant(ctx, control.NewTenant{Name: "c", TenantChange: control.TenantChange{Profile: file}}); !scimerr.Is(err, 400) {
		t.Errorf("the server reads a file: %v", err)
	}
}

func TestWhatATenantCannotBeIsRefusedWithItsReason(t *testing.T) {
	t.Parallel()
	for where, view := range views {
		h := newHouse(t, view)
		if _, err := h.CreateTenant(ctx, control.NewTenant{Name: "taken", TenantChange: control.TenantChange{AddHosts: []string{"taken.example"}}}); err != nil {
			t.Fatal(err)
		}
		create := func(name string, c control.TenantChange) func() error {
			return func() error {
				_, err := h.CreateTenant(ctx, control.NewTenant{Name: name, TenantChange: c})
				return err
			}
		}
		update := func(name string, c control.TenantChange) func() error {
			return func() error {
				_, err := h.UpdateTenant(ctx, name, c)
				return err
			}
		}
		from := func(source string) func() error {
			return func() error { _, err := h.CreateTenant(ctx, control.NewTenant{Name: "x", From: source}); return err }
		}
		for name, tc := range map[string]struct {
			status int
			detail string
			do     func() error
		}{
			"a blank":                  {400, "1 to 63", create(" ", control.TenantChange{})},
			"an end that has passed":   {400, "expired already", create("x", control.TenantChange{ExpiresAt: now})},
			"an end twice":             {400, "not both", create("x", control.TenantChange{Expires: "1h", ExpiresAt: now.Add(time.Hour)})},
			"no end":                   {400, "tells no time", create("x", control.TenantChange{Expires: "soon"})},
			"an end of the default":    {400, "cannot expire", update("default", control.TenantChange{Expires: "1h"})},
			"from nothing":             {404, "no tenant nobody", from("nobody")},
			"from no snapshot":         {404, "no tenant or snapshot taken/none", from("taken/none")},
			"from half a name":         {400, "TENANT/SNAPSHOT", from("taken/")},
			"a name with a dot":        {400, "1 to 63", create("a.b", control.TenantChange{})},
			"a long name":              {400, "1 to 63", create(strings.Repeat("a", 64), control.TenantChange{})},
			"a name in use":            {409, "tenant taken already", create("TAKEN", control.TenantChange{})},
			"a host in use":            {409, "taken.example leads", create("x", control.TenantChange{AddHosts: []string{"free.example", "Taken.example"}})},
			"no host":                  {400, "no host name", create("x", control.TenantChange{AddHosts: []string{"http://a.example"}})},
			"a host with a port":       {400, "without scheme, port", create("x", control.TenantChange{AddHosts: []string{"a.example:80"}})},
			"an unknown profile":       {400, `no profile "entra"`, create("x", control.TenantChange{Profile: "entra"})},
			"a profile file":           {400, "by the command", create("x", control.TenantChange{Profile: "./x.json"})},
			"a wrong document":         {400, "no switch", create("x", control.TenantChange{Document: `{"name":"x","switches":{"nope":true}}`})},
			"a document's file":        {400, "not read here", create("x", control.TenantChange{Document: `{"name":"x","extends":"/etc/x.json"}`})},
			"no document":              {400, "profile", create("x", control.TenantChange{Document: `[]`})},
			"an unknown switch":        {400, "no switch", create("x", control.TenantChange{Switches: map[string]string{"nope": "1"}})},
			"an unknown limit":         {400, "there are maxBody", create("x", control.TenantChange{Limits: map[string]string{"nope": "1"}})},
			"a wrong limit":            {400, "maxBody takes", create("x", control.TenantChange{Limits: map[string]string{"maxBody": "0"}})},
			"options to follow":        {400, "Only the tenant default", create("x", control.TenantChange{FollowOptions: true})},
			"both":                     {400, "Only the tenant default", update("default", control.TenantChange{FollowOptions: true, Profile: "rfc7644"})},
			"an update of none":        {404, "no tenant x", update("x", control.TenantChange{})},
			"an update to a host":      {409, "taken.example leads", update("default", control.TenantChange{AddHosts: []string{"taken.example"}})},
			"no such tenant":           {404, "no tenant x", func() error { return h.DeleteTenant(ctx, "x") }},
			"the default tenant":       {409, "cannot be deleted", func() error { return h.DeleteTenant(ctx, "default") }},
			"a profile and a document": {400, "not both", create("x", control.TenantChange{Profile: "strict", Document: `{"name":"x"}`})},
			"a profile's name":         {400, "printable", create("x", control.TenantChange{Document: `{"name":"x\u001b[2J"}`})},
			"a token of dots": {400, "not . or ..", func() error {
				_, err := h.CreateTenant(ctx, control.NewTenant{Name: "x", TokenName: ".."})
				return err
			}},
			"a token's name": {400, "printable", func() error {
				_, err := h.CreateTenant(ctx, control.NewTenant{Name: "x", TokenName: "a\n"})
				return err
			}},
		} {
			e := scimerr.From(tc.do())
			if e.Status != tc.status || !strings.Contains(e.Detail, tc.detail) {
				t.Errorf("%s, %s: %v, want %d with %q", where, name, e, tc.status, tc.detail)
			}
		}
		if list, err := h.Tenants(ctx); err != nil || len(list) != 2 {
			t.Errorf("%s: a refused tenant is there: %+v, %v", where, list, err)
		}
	}
}

// cutting is a store whose changes of tenants are cut off by their caller, just
// after they are committed.
type cutting struct {
	control.Admin
	cut func()
}

func (c cutting) CreateTenant(ctx context.Context, t store.Tenant) (store.Tenant, error) {
	defer c.cut()
	return c.Admin.CreateTenant(ctx, t)
}

func (c cutting) UpdateTenant(ctx context.Context, id int64, change func(*store.Tenant) error) (store.Tenant, error) {
	defer c.cut()
	return c.Admin.UpdateTenant(ctx, id, change)
}

func (c cutting) DeleteTenant(ctx context.Context, id int64, at time.Time) error {
	defer c.cut()
	return c.Admin.DeleteTenant(ctx, id, at)
}

// What is stored is told to the server, and a tenant has its token, however soon
// the caller goes away.
func TestAChangeOfATenantIsNotCutOffByItsCaller(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(context.Context, *house) error{
		"create": func(ctx context.Context, h *house) error {
			_, err := h.CreateTenant(ctx, control.NewTenant{Name: "new"})
			return err
		},
		"update": func(ctx context.Context, h *house) error {
			_, err := h.UpdateTenant(ctx, "old", control.TenantChange{AddHosts: []string{"old.example"}})
			return err
		},
		"delete": func(ctx context.Context, h *house) error { return h.DeleteTenant(ctx, "old") },
	} {
		var d *control.Direct
		h := newHouse(t, func(_ *testing.T, s control.Service) control.Service {
			d = s.(*control.Direct)
			return s
		})
		if _, err := h.CreateTenant(ctx, control.NewTenant{Name: "old"}); err != nil {
			t.Fatal(err)
		}
		caller, cut := context.WithCancel(ctx)
		told := 0
		d.Store = cutting{h.store, cut}
		d.Changed = func(ctx context.Context) error {
			told++
			return ctx.Err()
		}
		if err := change(caller, h); err != nil || told == 0 {
			t.Errorf("%s: %v, the server is told %d times", name, err, told)
		}
		list, err := h.store.Tenants(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, tenant := range list[1:] {
			if tokens, err := h.store.Tokens(ctx, tenant.ID); err != nil || len(tokens) != 1 {
				t.Errorf("%s: the tenant %s has the tokens %+v, %v", name, tenant.Name, tokens, err)
			}
		}
	}
}

func TestATenantIsMadeWithItsTokenOrNotAtAll(t *testing.T) {
	t.Parallel()
	for what, breaks := range map[string]func(*control.Direct){
		"its token": func(d *control.Direct) {
			d.ServiceUser = func(context.Context, store.Tenant) (store.Principal, error) {
				return store.Principal{}, errors.New("no user")
			}
		},
		"telling the server": func(d *control.Direct) {
			failed := false
			d.Changed = func(context.Context) error {
				if failed {
					return nil
				}
				failed = true
				return errors.New("not read")
			}
		},
	} {
		h := newHouse(t, func(_ *testing.T, s control.Service) control.Service {
			breaks(s.(*control.Direct))
			return s
		})
		_, err := h.CreateTenant(ctx, control.NewTenant{Name: "blue"})
		list, listErr := h.store.Tenants(ctx)
		if err == nil || listErr != nil || len(list) != 1 {
			t.Errorf("%s: %v, tenants %+v, %v", what, err, list, listErr)
		}
	}
}
