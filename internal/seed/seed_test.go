package seed_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/scimd/scimd/internal/pgtest"
	"github.com/scimd/scimd/internal/phc"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/secret"
	"github.com/scimd/scimd/internal/seed"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/postgres"
	"github.com/scimd/scimd/internal/store/sqlite"
	"github.com/scimd/scimd/schemas"
)

// home is a tenant on a database of its own.
type home struct {
	testing.TB
	store   store.Store
	service *scim.Service
	tenant  *scim.Tenant
}

var registry = func() *schema.Registry {
	reg, err := schemas.Registry()
	if err != nil {
		panic(err)
	}
	return reg
}()

// engines are the databases that tests of both run on.
var engines = map[string]func(testing.TB) store.Store{
	"sqlite": func(t testing.TB) store.Store {
		s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Registry: registry, Ephemeral: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	},
	"postgres": func(t testing.TB) store.Store {
		s, err := postgres.Open(t.Context(), postgres.Options{URL: pgtest.URL(t), Registry: registry})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	},
}

func onBoth(t *testing.T, fn func(*testing.T, store.Store)) {
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fn(t, open(t))
		})
	}
}

// newHome makes a tenant called home under a profile; its master key is of its own.
func newHome(t testing.TB, s store.Store, profile string, set ...string) *home {
	t.Helper()
	stored, _, err := s.EnsureTenant(t.Context(), store.Tenant{Name: "home", Profile: profile, Created: time.Now().UTC()})
	if err != nil {
		t.Fatal(err)
	}
	master, err := secret.OpenMaster(t.Context(), t.TempDir(), "", s)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := secret.OpenKeyring(t.Context(), master, s, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	h := &home{TB: t, store: s, service: scim.NewService(s), tenant: newTenant(t, profile, set...)}
	h.service.HashWith(phc.Cost{Passes: 1, Memory: 64, Threads: 1})
	h.tenant.ID, h.tenant.Space, h.tenant.Name, h.tenant.Sealer = stored.ID, stored.Space, stored.Name, ring
	return h
}

// newTenant is a tenant without a database.
func newTenant(t testing.TB, profile string, set ...string) *scim.Tenant {
	t.Helper()
	p, err := scim.LoadProfile(schemas.FS, profile)
	for _, x := range set {
		name, value, _ := strings.Cut(x, "=")
		if err == nil {
			err = p.Set(name, value)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	d, err := scim.NewDiscovery(registry, p, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return &scim.Tenant{
		Name: "home", Profile: p, Discovery: d, Registry: registry, Now: time.Now,
		NewID: func(*schema.ResourceType) string { return uuid.NewString() },
	}
}

func read(t testing.TB, files ...string) (*seed.Seed, error) {
	t.Helper()
	var list []seed.File
	for i, text := range files {
		list = append(list, seed.File{Name: fmt.Sprintf("%c.yaml", 'a'+i), Body: strings.NewReader(text)})
	}
	s, err := seed.Read(registry, seed.List(list...))
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

// apply brings the only tenant of a seed into the home.
func (h *home) apply(text string, o seed.Options) (*seed.Report, error) {
	h.Helper()
	s, err := seed.Read(registry, seed.List(seed.File{Name: "a.yaml", Body: strings.NewReader(text)}))
	if strings.HasPrefix(text, "{") {
		s, err = seed.Read(registry, seed.List(seed.File{Name: "a.json", Body: strings.NewReader(text)}))
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }()
	if err := s.Check(s.Tenants[0], h.tenant, o.Key, false); err != nil {
		return nil, err
	}
	return s.Apply(h.Context(), h.service, s.Tenants[0], h.tenant, o)
}

func (h *home) mustApply(text string, o seed.Options) *seed.Report {
	h.Helper()
	r, err := h.apply(text, o)
	if err != nil {
		h.Fatal(err)
	}
	return r
}

// export is the tenant as a seed.
func (h *home) export(form string, key *seed.SealingKey) string {
	h.Helper()
	by, err := h.service.EnsureServiceUser(h.Context(), h.tenant)
	if err != nil {
		h.Fatal(err)
	}
	var b bytes.Buffer
	w := seed.NewWriter(&b, form)
	head := &resource.Members{}
	head.Set("name", resource.Text("home"))
	head.Set("exact", resource.Truth(true))
	if key != nil {
		head.Set("sealed", resource.Text(key.ID))
	}
	if err := w.Tenant(head, &resource.Members{}); err != nil {
		h.Fatal(err)
	}
	if err := seed.Export(h.Context(), h.service, h.tenant, w, key, map[string]string{by.ID: by.Display}); err != nil {
		h.Fatal(err)
	}
	if err := w.Close(); err != nil {
		h.Fatal(err)
	}
	return b.String()
}

// counts are the sums of a report.
func counts(r *seed.Report) string {
	var c, u, same, gone int
	for _, t := range r.Types {
		c, u, same, gone = c+t.Created, u+t.Updated, same+t.Unchanged, gone+t.Removed
	}
	return fmt.Sprintf("%d created, %d updated, %d unchanged, %d removed", c, u, same, gone)
}

// check looks for what must not be in the database.
func (h *home) check() {
	h.Helper()
	_, err := h.store.Check(h.Context(), store.CheckOptions{}, func(f store.Finding) { h.Errorf("the check finds %+v", f) })
	if err != nil {
		h.Error(err)
	}
}

func small(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("samples/small.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var testKey = func() *seed.SealingKey {
	k, err := seed.NewSealingKey(strings.Repeat("0a", 32))
	if err != nil {
		panic(err)
	}
	return k
}()

func TestASecondApplyChangesNothing(t *testing.T) {
	t.Parallel()
	for _, profile := range []string{"cyberark", "rfc7644", "strict"} {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, s store.Store) {
				h := newHome(t, s, profile, "passwords=hash")
				first := h.mustApply(small(t), seed.Options{})
				if got := counts(first); got != "34 created, 0 updated, 0 unchanged, 0 removed" {
					t.Error("the first apply:", got)
				}
				before := h.export(seed.YAML, testKey)
				if got := counts(h.mustApply(small(t), seed.Options{Prune: true})); got != "0 created, 0 updated, 34 unchanged, 0 removed" {
					t.Error("the second apply:", got)
				}
				if after := h.export(seed.YAML, testKey); after != before {
					t.Error("the second apply has changed something:\n" + firstDifference(before, after))
				}
				h.check()
			})
		})
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d:\n%s\n%s", i+1, x[i], y[i])
		}
	}
	return fmt.Sprintf("%d lines and %d", len(x), len(y))
}
