package control_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/schemas"
)

// put stores users in a tenant, hidden ones where a name begins with a dot.
func (h *house) put(t *testing.T, tenant string, names ...string) store.Tenant {
	t.Helper()
	reg, err := schemas.Registry()
	if err != nil {
		t.Fatal(err)
	}
	to, err := h.store.TenantNamed(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	err = h.store.Do(ctx, to.Space, func(tx store.Tx) error {
		for _, name := range names {
			r := &store.Resource{Type: reg.Type("User"), ID: "id-of-" + name, Version: 1, Created: now, Modified: now, Hidden: name[0] == '.'}
			r.Body = &resource.Members{}
			r.Body.Set("userName", resource.Text(name))
			r.Doc, r.Cut = resource.Encode(r.Body)
			if err := tx.Insert(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// count is how many users a tenant has.
func (h *house) count(t *testing.T, tenant string) int {
	t.Helper()
	now, err := h.store.TenantNamed(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	reg, err := schemas.Registry()
	if err != nil {
		t.Fatal(err)
	}
	page, err := h.store.Query(ctx, &store.Query{Space: now.Space, Parts: []store.Part{{Type: reg.Type("User")}}})
	if err != nil {
		t.Fatal(err)
	}
	return page.Total
}

func TestSnapshotsAreSavedRestoredListedAndDeleted(t *testing.T) {
	t.Parallel()
	for where, view := range views {
		h := newHouse(t, view)
		tenant := h.put(t, "default", "ann", "bob", ".app")
		saved, err := h.SaveSnapshot(ctx, "", control.NewSnapshot{Name: "Two"})
		if err != nil || saved.Name != "two" || saved.Resources != 2 || !saved.Created.Equal(now) {
			t.Fatalf("%s: saved %+v, %v", where, saved, err)
		}
		h.put(t, "default", "carl")
		if _, err := h.SaveSnapshot(ctx, "default", control.NewSnapshot{Name: "two"}); !scimerr.Is(err, 409) || !strings.Contains(scimerr.From(err).Detail, "snapshot two already") {
			t.Errorf("%s: saved again: %v", where, err)
		}
		changes, swept := h.changes, h.swept
		r, err := h.RestoreSnapshot(ctx, "default", "TWO")
		if err != nil || *r != (control.Restored{Tenant: "default", Snapshot: "two", Resources: 2}) || h.count(t, "default") != 2 {
			t.Errorf("%s: restored %+v, %v; there are %d", where, r, err, h.count(t, "default"))
		}
		if h.changes != changes+1 || h.swept != swept+1 || !slices.Equal(h.restored, []int64{tenant.ID}) {
			t.Errorf("%s: told of %d changes, %d sweeps, %v", where, h.changes-changes, h.swept-swept, h.restored)
		}
		if _, err := h.SaveSnapshot(ctx, "default", control.NewSnapshot{Name: "seed"}); err != nil {
			t.Fatal(err)
		}
		h.put(t, "default", "dora")
		if r, err := h.Reset(ctx, "default"); err != nil || r.Snapshot != "seed" || r.Resources != 2 || h.count(t, "default") != 2 {
			t.Errorf("%s: reset %+v, %v", where, r, err)
		}
		if list, err := h.Snapshots(ctx, "default"); err != nil || len(list) != 2 || list[0].Name != "seed" || list[1].Name != "two" {
			t.Errorf("%s: snapshots %+v, %v", where, list, err)
		}
		if err := h.DeleteSnapshot(ctx, "default", "seed"); err != nil {
			t.Errorf("%s: %v", where, err)
		}
		if r, err := h.Reset(ctx, "default"); err != nil || r.Snapshot != "" || r.Resources != 0 || h.count(t, "default") != 0 {
			t.Errorf("%s: emptied %+v, %v", where, r, err)
		}
		for name, tc := range map[string]struct {
			status int
			detail string
			do     func() error
		}{
			"no such snapshot":         {404, `no snapshot "none"`, func() error { _, err := h.RestoreSnapshot(ctx, "default", "none"); return err }},
			"a restore of no name":     {404, `no snapshot ""`, func() error { _, err := h.RestoreSnapshot(ctx, "default", ""); return err }},
			"a deletion of none":       {404, `no snapshot "seed"`, func() error { return h.DeleteSnapshot(ctx, "default", "seed") }},
			"a deletion of no name":    {404, `no snapshot ""`, func() error { return h.DeleteSnapshot(ctx, "default", "") }},
			"a snapshot without name":  {400, "1 to 63", func() error { _, err := h.SaveSnapshot(ctx, "default", control.NewSnapshot{}); return err }},
			"a snapshot of no tenant":  {404, "no tenant x", func() error { _, err := h.SaveSnapshot(ctx, "x", control.NewSnapshot{Name: "s"}); return err }},
			"snapshots of no tenant":   {404, "no tenant x", func() error { _, err := h.Snapshots(ctx, "x"); return err }},
			"a reset of no tenant":     {404, "no tenant x", func() error { _, err := h.Reset(ctx, "x"); return err }},
			"a restore of no tenant":   {404, "no tenant x", func() error { _, err := h.RestoreSnapshot(ctx, "x", "s"); return err }},
			"a deletion of no tenants": {404, "no tenant x", func() error { return h.DeleteSnapshot(ctx, "x", "s") }},
		} {
			if e := scimerr.From(tc.do()); e.Status != tc.status || !strings.Contains(e.Detail, tc.detail) {
				t.Errorf("%s, %s: %v, want %d with %q", where, name, e, tc.status, tc.detail)
			}
		}
	}
}

func TestTenantsAreMadeOnDemandFromOthersAndExpire(t *testing.T) {
	t.Parallel()
	for where, view := range views {
		h := newHouse(t, view)
		if _, err := h.CreateTenant(ctx, control.NewTenant{Name: "source", TenantChange: control.TenantChange{Profile: "rfc7644", Limits: map[string]string{"maxBody": "500"}}}); err != nil {
			t.Fatal(err)
		}
		h.put(t, "source", "ann", ".app")
		if _, err := h.SaveSnapshot(ctx, "source", control.NewSnapshot{Name: "one"}); err != nil {
			t.Fatal(err)
		}
		h.put(t, "source", "bob")
		for from, want := range map[string]int{"": 0, "source": 2, "Source/One": 1} {
			h.removed = nil
			made, err := h.CreateTenant(ctx, control.NewTenant{From: from, TenantChange: control.TenantChange{Expires: "10m"}})
			if err != nil {
				t.Fatalf("%s, from %q: %v", where, from, err)
			}
			profile := "cyberark"
			if from != "" {
				profile = "rfc7644"
				if made.Limits["maxBody"] != 500 || !slices.Equal(h.removed, []string{"id-of-.app"}) {
					t.Errorf("%s, from %q: limits %v, removed %v", where, from, made.Limits, h.removed)
				}
			}
			if !scim.ValidTenantName(made.Name) || made.FirstToken.Text == "" || made.Profile != profile || !made.Expires.Equal(now.Add(10*time.Minute)) || h.count(t, made.Name) != want {
				t.Errorf("%s, from %q: %+v with %d users", where, from, made, h.count(t, made.Name))
			}
		}
		// A tenant that has expired is not there, and its name is free.
		if _, err := h.CreateTenant(ctx, control.NewTenant{Name: "short", TenantChange: control.TenantChange{ExpiresAt: now.Add(time.Second)}}); err != nil {
			t.Fatal(err)
		}
		was, err := h.store.TenantNamed(ctx, "short")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.store.UpdateTenant(ctx, was.ID, func(t *store.Tenant) error { t.Expires = now; return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Tenant(ctx, "short"); !scimerr.Is(err, 404) {
			t.Errorf("%s: an expired tenant: %v", where, err)
		}
		if list, err := h.Tenants(ctx); err != nil || slices.ContainsFunc(list, func(t control.Tenant) bool { return t.Name == "short" }) {
			t.Errorf("%s: an expired tenant is listed, %v", where, err)
		}
		again, err := h.CreateTenant(ctx, control.NewTenant{Name: "short", TenantChange: control.TenantChange{Expires: "1h"}})
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		if u, err := h.UpdateTenant(ctx, "short", control.TenantChange{Expires: "never"}); err != nil || !u.Expires.IsZero() || again.Expires.IsZero() {
			t.Errorf("%s: made again %+v, then %+v, %v", where, again, u, err)
		}
	}
}
