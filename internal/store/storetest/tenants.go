package storetest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/scimd/scimd/internal/store"
)

var tenantCases = []testCase{
	{"a tenant is made once and then read", func(w *world) {
		name := "Tenant-" + rand.Text()
		made, created, err := w.store.EnsureTenant(w.ctx, store.Tenant{Name: name, Profile: "rfc7644", Created: epoch})
		if err != nil || !created {
			w.Fatalf("first time: created %t, error %v", created, err)
		}
		if made.ID == 0 || made.Space == 0 || made.Name != name || made.Profile != "rfc7644" || !made.Created.Equal(epoch) {
			w.Errorf("tenant %+v", made)
		}
		again, created, err := w.store.EnsureTenant(w.ctx, store.Tenant{Name: name, Profile: "cyberark", Created: epoch.Add(time.Hour)})
		if err != nil || created || !sameTenant(again, made) {
			w.Errorf("second time: %+v, created %t, error %v; want %+v", again, created, err, made)
		}
		list, err := w.store.Tenants(w.ctx)
		if i := slices.IndexFunc(list, func(t store.Tenant) bool { return t.Name == name }); err != nil || i < 0 || !sameTenant(list[i], made) {
			w.Errorf("Tenants: %+v, error %v; want %+v among them", list, err, made)
		}
	}},
	{"of several that ensure one tenant one makes it, and all get it", func(w *world) {
		name := "race-" + rand.Text()
		tenants := make([]store.Tenant, 16)
		var made atomic.Int64
		errs := concurrently(len(tenants), func(i int) error {
			t, created, err := w.store.EnsureTenant(w.ctx, store.Tenant{Name: name, Profile: "cyberark", Created: epoch})
			if created {
				made.Add(1)
			}
			tenants[i] = t
			return err
		})
		if err := errors.Join(errs...); err != nil {
			w.Fatal(err)
		}
		for _, t := range tenants {
			if !sameTenant(t, tenants[0]) {
				w.Errorf("tenants %+v and %+v", t, tenants[0])
			}
		}
		if made.Load() != 1 {
			w.Errorf("made %d times", made.Load())
		}
	}},
	{"each tenant has an id and a space of its own", func(w *world) {
		a, b := w.newTenant(), w.newTenant()
		if a.ID == b.ID || a.Space == b.Space {
			w.Errorf("tenants %+v and %+v", a, b)
		}
	}},
	{"a tenant keeps all its fields", func(w *world) {
		want := store.Tenant{
			Name: "full-" + rand.Text(), Profile: "mine", Switches: `{"name":"ü"}`, Limits: `{"maxBody":1}`, Trust: `[{}]`,
			Hosts: []string{"b-" + hostName(), "a-" + hostName()}, Created: epoch.Add(time.Microsecond),
		}
		made, err := w.store.CreateTenant(w.ctx, want)
		if err != nil || made.ID == 0 || made.Space == 0 {
			w.Fatalf("made %+v, %v", made, err)
		}
		want.ID, want.Space, want.Home = made.ID, made.Space, made.Space
		slices.Sort(want.Hosts)
		if got, ok := w.tenantOf(made.ID); !ok || !sameTenant(got, want) || !sameTenant(made, want) {
			w.Errorf("made %+v, read %+v, want %+v", made, got, want)
		}
	}},
	{"a name serves one tenant, a host too", func(w *world) {
		host := hostName()
		first, err := w.store.CreateTenant(w.ctx, store.Tenant{Name: "first-" + rand.Text(), Hosts: []string{host}, Created: epoch})
		if err != nil {
			w.Fatal(err)
		}
		_, err = w.store.CreateTenant(w.ctx, store.Tenant{Name: first.Name, Created: epoch})
		w.taken("the same name", err, "name")
		name := "second-" + rand.Text()
		_, err = w.store.CreateTenant(w.ctx, store.Tenant{Name: name, Hosts: []string{hostName(), host}, Created: epoch})
		w.taken("the same host", err, "host")
		var taken *store.TakenError
		if !errors.As(err, &taken) || taken.Value != host {
			w.Errorf("%+v does not name %s", err, host)
		}
		list, err := w.store.Tenants(w.ctx)
		if err != nil || slices.ContainsFunc(list, func(t store.Tenant) bool { return t.Name == name }) {
			w.Errorf("half a tenant is there, or error %v", err)
		}
		second := w.newTenant()
		_, err = w.store.UpdateTenant(w.ctx, second.ID, func(t *store.Tenant) error { t.Hosts = []string{host}; return nil })
		w.taken("the host by an update", err, "host")
	}},
	{"an update changes profile, switches, limits and hosts, and nothing else", func(w *world) {
		made := w.newTenant()
		one, two, three := "1-"+hostName(), "2-"+hostName(), "3-"+hostName()
		for _, hosts := range [][]string{{two, one, two}, {three, one}, nil, {one}} {
			want := made
			want.Profile, want.Switches, want.Limits, want.Trust = "p"+rand.Text(), "s"+rand.Text(), "l"+rand.Text(), "t"+rand.Text()
			want.Hosts = slices.Compact(slices.Sorted(slices.Values(hosts)))
			got, err := w.store.UpdateTenant(w.ctx, made.ID, func(t *store.Tenant) error {
				t.ID, t.Name, t.Space, t.Created = 1, "other", 1, epoch.Add(time.Hour)
				t.Profile, t.Switches, t.Limits, t.Trust, t.Hosts = want.Profile, want.Switches, want.Limits, want.Trust, hosts
				return nil
			})
			if read, ok := w.tenantOf(made.ID); err != nil || !ok || !sameTenant(got, want) || !sameTenant(read, want) {
				w.Errorf("updated %+v, read %+v, error %v; want %+v", got, read, err, want)
			}
		}
		if _, err := w.store.UpdateTenant(w.ctx, made.ID, func(t *store.Tenant) error { t.Profile = "lost"; return errRefused }); !errors.Is(err, errRefused) {
			w.Errorf("error %v, want the one of the change", err)
		}
		if got, _ := w.tenantOf(made.ID); got.Profile == "lost" {
			w.Error("a refused change is there")
		}
		if _, err := w.store.UpdateTenant(w.ctx, 1<<40, func(*store.Tenant) error { return nil }); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("no tenant: %v, want ErrNotFound", err)
		}
	}},
	{"updates of one tenant at once lose nothing", func(w *world) {
		made := w.newTenant()
		errs := concurrently(12, func(int) error {
			_, err := w.store.UpdateTenant(w.ctx, made.ID, func(t *store.Tenant) error { t.Limits += "x"; return nil })
			return err
		})
		if got, _ := w.tenantOf(made.ID); errors.Join(errs...) != nil || got.Limits != strings.Repeat("x", 12) {
			w.Errorf("limits %q, errors %v", got.Limits, errs)
		}
	}},
	{"every change of a tenant makes the generation greater", func(w *world) {
		made := w.newTenant()
		last, err := w.store.TenantGeneration(w.ctx)
		if err != nil {
			w.Fatal(err)
		}
		for what, change := range map[string]func() error{
			"create": func() error {
				_, err := w.store.CreateTenant(w.ctx, store.Tenant{Name: "g-" + rand.Text(), Created: epoch})
				return err
			},
			"ensure": func() error { w.newTenant(); return nil },
			"update": func() error {
				_, err := w.store.UpdateTenant(w.ctx, made.ID, func(t *store.Tenant) error { t.Profile += "x"; return nil })
				return err
			},
			"delete": func() error { return w.store.DeleteTenant(w.ctx, w.newTenant().ID, epoch) },
		} {
			if err := change(); err != nil {
				w.Fatalf("%s: %v", what, err)
			}
			next, err := w.store.TenantGeneration(w.ctx)
			if err != nil || next <= last {
				w.Errorf("%s: generation %d after %d, error %v", what, next, last, err)
			}
			last = next
		}
	}},
	{"a deleted tenant is gone at once, with its tokens, hosts and settings", func(w *world) {
		host := hostName()
		made, err := w.store.CreateTenant(w.ctx, store.Tenant{Name: "gone-" + rand.Text(), Hosts: []string{host}, Created: epoch})
		if err != nil {
			w.Fatal(err)
		}
		tok := token(made, "ci")
		if err := w.store.CreateToken(w.ctx, tok); err != nil {
			w.Fatal(err)
		}
		others := fmt.Sprintf("tenant/%d0x", made.ID) // begins alike
		for _, key := range []string{store.TenantSettings(made.ID) + "x", others} {
			if _, err := w.store.SetSetting(w.ctx, key, "v"); err != nil {
				w.Fatal(err)
			}
		}
		if err := w.store.DeleteTenant(w.ctx, made.ID, epoch); err != nil {
			w.Fatal(err)
		}
		_, gone, err := w.store.Setting(w.ctx, store.TenantSettings(made.ID)+"x")
		_, kept, err2 := w.store.Setting(w.ctx, others)
		if gone || !kept || err != nil || err2 != nil {
			w.Errorf("its setting is there: %t, another tenant's: %t; %v, %v", gone, kept, err, err2)
		}
		if _, ok := w.tenantOf(made.ID); ok {
			w.Error("the tenant is still there")
		}
		if _, err := w.store.TokenByHash(w.ctx, tok.Hash); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("its token: %v, want ErrNotFound", err)
		}
		if err := w.store.CreateToken(w.ctx, token(made, "late")); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("a token for it: %v, want ErrNotFound", err)
		}
		if value, err := w.store.SetSetting(w.ctx, store.TenantSettings(made.ID)+"x", "late"); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("a setting for it: %q, %v, want ErrNotFound", value, err)
		}
		if err := w.store.DeleteTenant(w.ctx, made.ID, epoch); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("deleted again: %v, want ErrNotFound", err)
		}
		again, err := w.store.CreateTenant(w.ctx, store.Tenant{Name: made.Name, Hosts: []string{host}, Created: epoch})
		if err != nil || again.ID == made.ID || again.Space == made.Space {
			w.Errorf("its name and host again: %+v, %v", again, err)
		}
	}},
}

// hostName is a host name that nobody has.
func hostName() string { return strings.ToLower(rand.Text()) + ".example" }

// tenantOf reads the tenant of an id.
func (w *world) tenantOf(id int64) (store.Tenant, bool) {
	w.Helper()
	list, err := w.store.Tenants(w.ctx)
	if err != nil {
		w.Fatalf("Tenants: %v", err)
	}
	i := slices.IndexFunc(list, func(t store.Tenant) bool { return t.ID == id })
	if i < 0 {
		return store.Tenant{}, false
	}
	return list[i], true
}

func sameTenant(a, b store.Tenant) bool {
	at := a.Created.Equal(b.Created)
	a.Created = b.Created
	return at && reflect.DeepEqual(a, b)
}
