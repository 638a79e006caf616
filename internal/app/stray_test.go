package app

import (
	"testing"
	"time"

	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// Between a restore and the removal of the service users that it brought back, another
// may make the application anew; so may anybody when that removal was cut.
func TestTheServiceUserOfNothingGivesItsNameUp(t *testing.T) {
	t.Parallel()
	e, _, m, _ := openHouse(t)
	make := func(id, client string) error {
		_, err := m.CreateApplication(t.Context(), control.NewApplication{AppID: id, ClientID: client, Rights: "all"})
		return err
	}
	for _, id := range []string{"brief", "lasting"} {
		if err := make(id, id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.SaveSnapshot(t.Context(), "", control.NewSnapshot{Name: "s"}); err != nil {
		t.Fatal(err)
	}
	if err := m.DeleteApplication(t.Context(), "", "brief"); err != nil {
		t.Fatal(err)
	}
	tenant, err := e.store.TenantNamed(t.Context(), control.DefaultTenant)
	if err != nil {
		t.Fatal(err)
	}
	r, err := e.store.RestoreSnapshot(t.Context(), tenant.ID, "s", store.Event{At: time.Now(), Operation: "restore", Type: "Tenant", ID: "s"})
	if err != nil || len(r.Strays) != 1 {
		t.Fatalf("strays %v, %v", r.Strays, err)
	}
	if err := make("brief", "brief"); err != nil {
		t.Errorf("the application is not made anew: %v", err)
	}
	for _, name := range []string{"brief", "lasting", "scimd-service@default"} {
		if err := make("another", name); !scimerr.Is(err, 409) {
			t.Errorf("an application takes the service user %s: %v", name, err)
		}
	}
	if found, err := m.Check(t.Context(), ""); err != nil || len(found.Findings) > 0 {
		t.Errorf("afterwards: %+v, %v", found, err)
	}
}

// A command that began before a restore may come to a space when that has been swept.
func TestNothingIsPutIntoASpaceThatWasGivenUp(t *testing.T) {
	t.Parallel()
	e, _, m, _ := openHouse(t)
	if _, err := m.SaveSnapshot(t.Context(), "", control.NewSnapshot{Name: "s"}); err != nil {
		t.Fatal(err)
	}
	stored, err := e.store.TenantNamed(t.Context(), control.DefaultTenant)
	if err != nil {
		t.Fatal(err)
	}
	before, _, err := e.tenant(stored)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.RestoreSnapshot(t.Context(), "", "s"); err != nil {
		t.Fatal(err)
	}
	if err := e.store.Sweep(t.Context(), time.Now().Add(time.Hour), nil); err != nil {
		t.Fatal(err)
	}
	now, err := e.defaultTenant(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	after, err := e.serviceUser(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	by, err := e.service.EnsureServiceUser(t.Context(), before)
	if err != nil || by != after {
		t.Errorf("the service user is %v (%v), want %v", by, err, after)
	}
	if err := e.service.RemoveServiceUser(t.Context(), before, by.ID, func(tx store.Tx) error { return nil }); err != nil {
		t.Errorf("one that is gone is removed: %v", err)
	}
	seeding, err := e.service.NewSeeding(t.Context(), before, scim.SeedOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := seeding.Put(t.Context(), nil, true); !scimerr.Is(err, 409) {
		t.Errorf("a seed goes in: %v", err)
	}
	if found, err := m.Check(t.Context(), ""); err != nil || len(found.Findings) > 0 {
		t.Errorf("afterwards: %+v, %v", found, err)
	}
}
