package storetest

import (
	"errors"
	"time"

	"github.com/scimd/scimd/internal/store"
)

func application(tenant store.Tenant, id string) store.Application {
	return store.Application{
		Tenant: tenant.ID, ID: id, ClientID: id + "@Corp.example", UserID: "u-" + id, Secret: "$argon2id$", Epoch: "e1",
		Scopes: "scim api", Rights: "users:read", PersonRights: "read", Lifetime: 90 * time.Second, Created: epoch.Add(time.Microsecond),
		Public: true, Grants: "authorization_code refresh_token", Redirects: "https://a.example/cb x.y:/", RefreshLifetime: time.Hour, Rotates: true,
	}
}

func (w *world) addApplication(tenant store.Tenant, a store.Application) error {
	return w.store.Do(w.ctx, tenant.Space, func(tx store.Tx) error { return tx.AddApplication(a) })
}

func sameApplication(a, b store.Application) bool {
	same := a.Created.Equal(b.Created) && a.Rotated.Equal(b.Rotated)
	a.Created, a.Rotated, b.Created, b.Rotated = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	return same && a == b
}

var applicationCases = []testCase{
	{"an application keeps all its fields, and is found by its names in any letter case", func(w *world) {
		tenant, other := w.newTenant(), w.newTenant()
		want := application(tenant, "ScimClient")
		if err := w.addApplication(tenant, want); err != nil {
			w.Fatal(err)
		}
		for _, find := range []func(int64) (store.Application, error){
			func(t int64) (store.Application, error) { return w.store.Application(w.ctx, t, "SCIMclient") },
			func(t int64) (store.Application, error) {
				return w.store.ApplicationByClient(w.ctx, t, "scimCLIENT@corp.EXAMPLE")
			},
		} {
			if got, err := find(tenant.ID); err != nil || !sameApplication(got, want) {
				w.Errorf("%+v, %v, want %+v", got, err, want)
			}
			if _, err := find(other.ID); !errors.Is(err, store.ErrNotFound) {
				w.Errorf("of another tenant: %v", err)
			}
		}
	}},
	{"what an application may do changes, and its names, user, secret and times do not", func(w *world) {
		tenant, other := w.newTenant(), w.newTenant()
		want := application(tenant, "app")
		if err := w.addApplication(tenant, want); err != nil {
			w.Fatal(err)
		}
		change := store.Application{
			Tenant: tenant.ID, ID: "APP", ClientID: "x", UserID: "x", Secret: "x", Epoch: "x", Created: epoch.Add(time.Hour), Rotated: epoch.Add(time.Hour),
			Scopes: "s", Rights: "all", Lifetime: time.Minute, Grants: "client_credentials", RefreshLifetime: time.Second,
		}
		if err := w.store.UpdateApplication(w.ctx, change); err != nil {
			w.Fatal(err)
		}
		want.Scopes, want.Rights, want.PersonRights, want.Lifetime, want.Public = "s", "all", "", time.Minute, false
		want.Grants, want.Redirects, want.RefreshLifetime, want.Rotates = "client_credentials", "", time.Second, false
		if got, err := w.store.Application(w.ctx, tenant.ID, "app"); err != nil || !sameApplication(got, want) {
			w.Errorf("%+v, %v, want %+v", got, err, want)
		}
		change.Tenant = other.ID
		if err := w.store.UpdateApplication(w.ctx, change); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("of another tenant: %v", err)
		}
	}},
	{"names of applications are taken once in a tenant, and rolled back with the transaction", func(w *world) {
		tenant, other := w.newTenant(), w.newTenant()
		for _, t := range []store.Tenant{tenant, other} {
			if err := w.addApplication(t, application(t, "app")); err != nil {
				w.Fatal(err)
			}
		}
		w.taken("the id", w.addApplication(tenant, application(tenant, "APP")), "id")
		sameClient := application(tenant, "second")
		sameClient.ClientID = "APP@corp.example"
		w.taken("the client id", w.addApplication(tenant, sameClient), "client")
		stop := errors.New("stop")
		err := w.store.Do(w.ctx, tenant.Space, func(tx store.Tx) error {
			return errors.Join(tx.AddApplication(application(tenant, "third")), stop)
		})
		if list, listErr := w.store.Applications(w.ctx, tenant.ID); !errors.Is(err, stop) || listErr != nil || len(list) != 1 {
			w.Errorf("%v, %v, %v", err, list, listErr)
		}
		if err := w.addApplication(tenant, application(store.Tenant{ID: 1 << 40}, "x")); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("without a tenant: %v", err)
		}
	}},
	{"another secret comes with another epoch, and leaves the rest", func(w *world) {
		tenant := w.newTenant()
		want := application(tenant, "app")
		if err := w.addApplication(tenant, want); err != nil {
			w.Fatal(err)
		}
		want.Secret, want.Epoch, want.Rotated = "s2", "e2", epoch.Add(time.Hour)
		if got, err := w.store.RotateApplication(w.ctx, tenant.ID, "App", "s2", "e2", want.Rotated); err != nil || !sameApplication(got, want) {
			w.Errorf("%+v, %v, want %+v", got, err, want)
		}
		if _, err := w.store.RotateApplication(w.ctx, tenant.ID, "none", "s", "e", epoch); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("error %v", err)
		}
	}},
	{"applications go one by one, and with their tenant", func(w *world) {
		tenant := w.newTenant()
		for _, id := range []string{"b", "A"} {
			if err := w.addApplication(tenant, application(tenant, id)); err != nil {
				w.Fatal(err)
			}
		}
		if list, err := w.store.Applications(w.ctx, tenant.ID); err != nil || len(list) != 2 || list[0].ID != "A" {
			w.Errorf("%+v, %v", list, err)
		}
		remove := func() error {
			return w.store.Do(w.ctx, tenant.Space, func(tx store.Tx) error { return tx.RemoveApplication(tenant.ID, "B") })
		}
		if err := remove(); err != nil {
			w.Error(err)
		}
		if err := remove(); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("error %v", err)
		}
		if err := w.store.DeleteTenant(w.ctx, tenant.ID, epoch); err != nil {
			w.Fatal(err)
		}
		if list, err := w.store.Applications(w.ctx, tenant.ID); err != nil || len(list) != 0 {
			w.Errorf("%+v, %v", list, err)
		}
	}},
}
