package app

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/schemas"
)

// asked is a store that counts how often it is asked whether tenants have
// changed, and says that others may change them.
type asked struct {
	store.Store
	times, lists atomic.Int64
	// alone says that no others may.
	alone bool
}

func (a *asked) Capabilities() store.Capabilities {
	return store.Capabilities{Engine: "sqlite", SharedDatabase: !a.alone}
}

func (a *asked) Tenants(ctx context.Context) ([]store.Tenant, error) {
	a.lists.Add(1)
	return a.Store.Tenants(ctx)
}

func (a *asked) TenantGeneration(ctx context.Context) (int64, error) {
	a.times.Add(1)
	return a.Store.TenantGeneration(ctx)
}

// openHouse is an engine on a new database with its directory. The control
// service tells nobody of changes, as one in another process would not.
func openHouse(t *testing.T) (*engine, *directory, *control.Direct, *asked) {
	t.Helper()
	cfg := Defaults()
	cfg.Ephemeral = true
	e, err := newEngine(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.open(t.Context(), t.TempDir(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.store.Close() })
	a := &asked{Store: e.store}
	e.store = a
	if _, err := e.defaultTenant(t.Context()); err != nil {
		t.Fatal(err)
	}
	d, err := openDirectory(t.Context(), e, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	nothing := func(context.Context) error { return nil }
	return e, d, e.manage(control.Info{}, func([32]byte) {}, nothing, nothing), a
}

func create(t *testing.T, m *control.Direct, name string, c control.TenantChange) {
	t.Helper()
	if _, err := m.CreateTenant(t.Context(), control.NewTenant{Name: name, TenantChange: c}); err != nil {
		t.Fatal(err)
	}
}

func TestTenantsOfOneProfileShareIt(t *testing.T) {
	t.Parallel()
	e, d, m, _ := openHouse(t)
	for _, name := range []string{"a", "b"} {
		create(t, m, name, control.TenantChange{Profile: "rfc7644", AddHosts: []string{name + ".example"}})
	}
	create(t, m, "c", control.TenantChange{Profile: "strict", Limits: map[string]string{"maxBody": "5", "maxFilterDepth": "9999"}})
	if err := d.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, err := d.Named(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	b, own, err := d.At("b.example")
	if err != nil || !own || a.Profile != b.Profile || a.Discovery != b.Discovery || a.Space == b.Space || a.Usage == b.Usage {
		t.Errorf("a %+v, b %+v (own %t), %v", a, b, own, err)
	}
	c, err := d.Named(t.Context(), "c")
	if err != nil || c.MaxBody != 5 || c.MaxFilterDepth != e.cfg.MaxFilterDepth || a.MaxBody != 0 || a.MaxFilterLength != int(e.cfg.MaxFilterLength) {
		t.Errorf("limits %+v and %+v, %v", c.Limits, a.Limits, err)
	}
	if other, own, err := d.At("elsewhere.example"); err != nil || own || other.Name != "default" || other.Profile != e.profile {
		t.Errorf("another host leads to %+v, %v", other, err)
	}
	if _, err := m.UpdateTenant(t.Context(), "c", control.TenantChange{Profile: "rfc7644"}); err != nil {
		t.Fatal(err)
	}
	if err := d.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, err := d.Named(t.Context(), "c")
	if err != nil || again.Profile != a.Profile || again.Usage != c.Usage {
		t.Errorf("changed: %+v, %v", again, err)
	}
	if n := len(e.behaviours.byText); n != 2 { // that of the options, and one
		t.Errorf("%d behaviours are kept", n)
	}
}

func TestAnUnknownNameIsLookedForSeldom(t *testing.T) {
	t.Parallel()
	_, d, m, a := openHouse(t)
	before := a.times.Load()
	began := time.Now()
	for range 1000 {
		if _, err := d.Named(t.Context(), "blue"); !scimerr.Is(err, 404) {
			t.Fatal(err)
		}
	}
	if n, most := a.times.Load()-before, int64(time.Since(began)/unknownPoll)+1; n > most || n == 0 {
		t.Errorf("asked %d times, want 1 to %d", n, most)
	}
	for _, name := range []string{"", "Blue", "a/b", "ü"} { // can be none
		before = a.times.Load()
		if _, err := d.Named(t.Context(), name); !scimerr.Is(err, 404) || a.times.Load() != before {
			t.Errorf("%q: %v", name, err)
		}
	}
	create(t, m, "blue", control.TenantChange{})
	time.Sleep(unknownPoll)
	if _, err := d.Named(t.Context(), "blue"); err != nil {
		t.Errorf("a tenant made by another server: %v", err)
	}
	before = a.times.Load()
	for range 1000 {
		if _, err := d.Named(t.Context(), "blue"); err != nil {
			t.Fatal(err)
		}
		_, _, _ = d.At("blue.example")
	}
	if a.times.Load() != before {
		t.Error("a request asks the database for its tenant")
	}
}

func TestOtherServersChangesAreNoticed(t *testing.T) {
	t.Parallel()
	_, d, m, _ := openHouse(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.poll(ctx)
	}()
	create(t, m, "blue", control.TenantChange{AddHosts: []string{"blue.example"}})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, own, _ := d.At("blue.example"); own {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the host is not known")
		}
	}
	cancel()
	<-ended
}

func TestATenantThatCannotBeReadHindersNoOther(t *testing.T) {
	t.Parallel()
	e, d, m, _ := openHouse(t)
	create(t, m, "good", control.TenantChange{})
	var log bytes.Buffer
	d.log = slog.New(slog.NewTextHandler(&log, nil))
	_, err := e.store.CreateTenant(t.Context(), store.Tenant{
		Name: "broken", Hosts: []string{"broken.example"}, Created: time.Now(), Switches: `{"name":"x","switches":[]}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = d.Named(t.Context(), "broken")
	_, own, at := d.At("broken.example")
	if !scimerr.Is(err, 500) || !scimerr.Is(at, 500) || own {
		t.Errorf("%v, %v", err, at)
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "scimd tenant update broken --profile") {
		t.Errorf("the log says %s", text)
	}
	for _, name := range []string{"good", "default"} {
		if _, err := d.Named(t.Context(), name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A restored tenant is found in its new space; requests that are in the one before
// keep it from being swept, until the last has left.
func TestASpaceThatWasGivenUpIsIdleWhenTheLastRequestHasLeft(t *testing.T) {
	t.Parallel()
	_, d, m, a := openHouse(t)
	a.alone = true
	m.Changed = d.refresh
	before, err := d.Named(t.Context(), "default")
	if err != nil || !before.Visits.Enter() {
		t.Fatal(err)
	}
	if _, err := m.Reset(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	after, err := d.Named(t.Context(), "default")
	if err != nil || after.Space == before.Space || after.Home != before.Home || before.Visits.Enter() || !after.Visits.Enter() {
		t.Errorf("before %+v, after %+v, %v", before, after, err)
	}
	if d.idle(before.Space) || d.idle(after.Space) || d.idle(1<<40) {
		t.Error("idle with a request in it")
	}
	before.Visits.Leave()
	if !d.idle(before.Space) || d.idle(before.Space) {
		t.Error("not idle, once")
	}
	a.alone = false // another server may have a request in it
	if _, err := m.Reset(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	after.Visits.Leave()
	if d.idle(after.Space) {
		t.Error("idle in the sight of one of several servers")
	}
}

// interrupted is a store to which something is done when a moment of it has begun.
type interrupted struct {
	control.Admin
	do func()
}

func (i interrupted) Moment(ctx context.Context, fn func(store.Reader) error) error {
	return i.Admin.Moment(ctx, func(at store.Reader) error {
		if _, err := at.Tenants(ctx); err != nil {
			return err
		}
		i.do()
		return fn(at)
	})
}

// An export is of one state, also when that is given up and swept meanwhile.
func TestAnExportKeepsWhatARestoreGivesUp(t *testing.T) {
	t.Parallel()
	e, d, m, a := openHouse(t)
	a.alone = true
	m.Changed, e.idle = d.refresh, d.idle
	tenant, err := d.Named(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	c := &scim.Call{Tenant: tenant}
	for _, r := range [][2]string{
		{"User", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada","displayName":"` + strings.Repeat("x", 70<<10) + `"}`},
		{"Group", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"all"}`},
	} {
		if _, err := e.service.Create(t.Context(), c, e.registry.Type(r[0]), []byte(r[1]), &scim.Params{}); err != nil {
			t.Fatal(err)
		}
	}
	groups := func() int {
		q := &store.Query{Space: tenant.Space, Parts: []store.Part{{Type: e.registry.Type("Group")}}}
		page, err := e.store.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return page.Total
	}
	sweep := func() {
		t.Helper()
		if err := e.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	m.Store = interrupted{m.Store, func() {
		if _, err := m.Reset(t.Context(), ""); err != nil {
			t.Error(err)
		}
		sweep()
	}}
	if err := m.ExportSeed(t.Context(), control.ExportQuery{Tenant: "default"}, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "displayName: all") {
		t.Error("the group is missing")
	}
	if groups() != 0 {
		t.Error("what was given up is still there")
	}
}

// What changes through others is read, and nothing else; names and hosts lead where
// they should, also those that go from one tenant to another.
func TestOnlyChangesAreReadAgain(t *testing.T) {
	t.Parallel()
	e, d, m, a := openHouse(t)
	refresh := func() {
		t.Helper()
		if err := d.refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a", "b", "c"} {
		create(t, m, name, control.TenantChange{AddHosts: []string{name + ".example"}})
	}
	refresh()
	var gone []string
	d.gone = func(t store.Tenant) { gone = append(gone, t.Name) }
	same, _ := d.Named(t.Context(), "a")
	lists := a.lists.Load()
	if err := m.DeleteTenant(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	if _, err := m.UpdateTenant(t.Context(), "c", control.TenantChange{AddHosts: []string{"b.example"}, RemoveHosts: []string{"c.example"}}); err != nil {
		t.Fatal(err)
	}
	create(t, m, "b", control.TenantChange{AddHosts: []string{"c.example"}})
	refresh()
	for host, name := range map[string]string{"a.example": "a", "b.example": "c", "c.example": "b", "x.example": "default"} {
		if got, _, err := d.At(host); err != nil || got.Name != name {
			t.Errorf("%s leads to %+v, %v", host, got, err)
		}
	}
	if now, _ := d.Named(t.Context(), "a"); now != same || a.lists.Load() != lists {
		t.Errorf("what has not changed is made anew, or all were read (%d times)", a.lists.Load()-lists)
	}
	// A tenant that has expired is not there, and its hosts lead to the default one.
	id := func(name string) int64 { n, _ := d.Named(t.Context(), name); return n.ID }
	if _, err := e.store.UpdateTenant(t.Context(), id("c"), func(t *store.Tenant) error { t.Expires = time.Now(); return nil }); err != nil {
		t.Fatal(err)
	}
	refresh()
	if _, err := d.Named(t.Context(), "c"); !scimerr.Is(err, 404) {
		t.Errorf("an expired tenant: %v", err)
	}
	if got, own, err := d.At("b.example"); err != nil || own || got.Name != "default" {
		t.Errorf("its host leads to %+v, %v", got, err)
	}
	// Who has not looked for long reads all: what was deleted may be swept.
	d.read = time.Now().Add(-trusted)
	if err := m.DeleteTenant(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := e.store.Sweep(t.Context(), time.Now().Add(time.Hour), nil); err != nil {
		t.Fatal(err)
	}
	refresh()
	if _, err := d.Named(t.Context(), "a"); !scimerr.Is(err, 404) || a.lists.Load() != lists+1 {
		t.Errorf("a deleted tenant: %v, read all %d times", err, a.lists.Load()-lists)
	}
	if !slices.Equal(gone, []string{"b", "a"}) || len(e.targets.byID) != len(d.byID) {
		t.Errorf("gone are %v; %d are kept of %d tenants", gone, len(e.targets.byID), len(d.byID))
	}
}

func TestTheSweeperRemovesWhatDeletedTenantsHeld(t *testing.T) {
	t.Parallel()
	e, _, m, _ := openHouse(t)
	create(t, m, "blue", control.TenantChange{})
	list, err := e.store.Tenants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	count := func() int {
		q := &store.Query{Space: list[1].Space, IncludeHidden: true, Parts: []store.Part{{Type: e.registry.Type("User")}}}
		page, err := e.store.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return page.Total
	}
	if count() != 1 { // the service user
		t.Fatalf("%d users", count())
	}
	if _, err := e.keys(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := newSweeper()
	m.Sweep = s.wake
	s.expire = (&control.Audited{Direct: m, Keep: func(context.Context, store.Audit) {}}).DeleteExpired
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.run(ctx, e, slog.New(slog.DiscardHandler))
	}()
	if _, err := e.store.UpdateTenant(t.Context(), list[1].ID, func(t *store.Tenant) error { t.Expires = time.Now(); return nil }); err != nil {
		t.Fatal(err)
	}
	_ = s.wake(ctx) // it has expired now, and goes as one that is deleted
	for deadline := time.Now().Add(time.Minute); count() != 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it is still there")
		}
	}
	cancel()
	<-ended
}

// One wrong value among the stored switches of a tenant is as if it were not
// there: the tenant is served, the log names the switch, and a change mends it.
func TestAWrongStoredSwitchIsNamedAndMended(t *testing.T) {
	t.Parallel()
	e, d, m, _ := openHouse(t)
	var log bytes.Buffer
	d.log = slog.New(slog.NewTextHandler(&log, nil))
	_, err := e.store.CreateTenant(t.Context(), store.Tenant{
		Name: "odd", Created: time.Now(), Switches: `{"name":"x","extends":"rfc7644","switches":{"maxResults":"many","defaultCount":3}}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	served := func() *scim.Tenant {
		t.Helper()
		if err := d.refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		tenant, err := d.Named(t.Context(), "odd")
		if err != nil {
			t.Fatal(err)
		}
		return tenant
	}
	base, err := scim.LoadProfile(schemas.FS, "rfc7644")
	if err != nil {
		t.Fatal(err)
	}
	if p := served().Profile; p.MaxResults != base.MaxResults || p.DefaultCount != 3 {
		t.Errorf("%+v", p)
	}
	create(t, m, "other", control.TenantChange{})
	served()
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "tenant=odd") || !strings.Contains(text, "maxResults") {
		t.Errorf("the log says %s", text)
	}
	if shown, err := m.Tenant(t.Context(), "odd"); err != nil || shown.Switches["defaultCount"] != "3" {
		t.Errorf("%+v, %v", shown, err)
	}
	if _, err := m.CreateToken(t.Context(), control.NewToken{Tenant: "odd", Rights: "all"}); err != nil {
		t.Error(err)
	}
	if _, err := m.UpdateTenant(t.Context(), "odd", control.TenantChange{Switches: map[string]string{"maxResults": "7"}}); err != nil {
		t.Fatal(err)
	}
	log.Reset()
	if p := served().Profile; p.MaxResults != 7 || p.DefaultCount != 3 || log.Len() > 0 {
		t.Errorf("mended: %+v, log %s", p, log.String())
	}
}

// Limits that cannot be read bound nothing, in the default tenant too: the others
// hold, the log names them, and a change mends them.
func TestWrongStoredLimitsAreNamedAndMended(t *testing.T) {
	t.Parallel()
	for stored, holds := range map[string]bool{`{"maxBody":"5","maxResources":7}`: true, "[": false} {
		e, d, m, _ := openHouse(t)
		var log bytes.Buffer
		d.log = slog.New(slog.NewTextHandler(&log, nil))
		list, err := e.store.Tenants(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		served := func() *scim.Tenant {
			t.Helper()
			if err := d.refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			tenant, err := d.Named(t.Context(), "default")
			if err != nil {
				t.Fatal(err)
			}
			return tenant
		}
		_, err = e.store.UpdateTenant(t.Context(), list[0].ID, func(t *store.Tenant) error { t.Limits = stored; return nil })
		if err != nil {
			t.Fatal(err)
		}
		if got := served(); got.MaxBody != 0 || holds != (got.MaxResources == 7) {
			t.Errorf("%s: %+v", stored, got.Limits)
		}
		create(t, m, "other", control.TenantChange{})
		served()
		if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "tenant=default") || holds != strings.Contains(text, "maxBody") {
			t.Errorf("%s: the log says %s", stored, text)
		}
		if _, err := m.CreateToken(t.Context(), control.NewToken{Rights: "all"}); err != nil {
			t.Error(err)
		}
		if _, err := m.UpdateTenant(t.Context(), "default", control.TenantChange{Limits: map[string]string{"maxConcurrent": "3"}}); err != nil {
			t.Fatal(err)
		}
		log.Reset()
		if got := served(); got.MaxConcurrent != 3 || holds != (got.MaxResources == 7) || log.Len() > 0 {
			t.Errorf("%s, mended: %+v, log %s", stored, got.Limits, log.String())
		}
	}
}

// Documents of equal servers are equal, whenever these were started.
func TestDiscoveryTellsTheSameOnEveryServer(t *testing.T) {
	t.Parallel()
	var meta [2]string
	for i := range meta {
		_, d, _, _ := openHouse(t)
		tenant, _, err := d.At("")
		if err != nil {
			t.Fatal(err)
		}
		meta[i] = string(tenant.Discovery.ServiceProviderConfig("https://id.example/scim/v2"))
	}
	if meta[0] != meta[1] || !strings.Contains(meta[0], `"created":"`) {
		t.Errorf("%s\nand\n%s", meta[0], meta[1])
	}
}

// While the database stalls, a name that is not known is answered all the same.
func TestAnUnknownNameDoesNotWaitForAStalledDatabase(t *testing.T) {
	t.Parallel()
	_, d, _, _ := openHouse(t)
	d.reading <- struct{}{} // a read that does not end
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := d.Named(ctx, "blue"); !scimerr.Is(err, 503) {
		t.Errorf("the one that asks: %v", err)
	}
	d.asked.Store(time.Now().Add(time.Hour).UnixNano())
	if _, err := d.Named(t.Context(), "blue"); !scimerr.Is(err, 404) {
		t.Errorf("one that does not: %v", err)
	}
}

func TestASpaceIsDoneWithAfterTheLongestRequest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ read, write, want time.Duration }{
		{30 * time.Second, 2 * time.Minute, 10 * time.Minute}, {20 * time.Minute, time.Hour, 81 * time.Minute},
	} {
		if got := (&Config{ReadTimeout: c.read, WriteTimeout: c.write}).settleTime(); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
