package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/schemas"
)

const (
	// tenantPoll is how often a server asks whether other servers have changed
	// tenants.
	tenantPoll = time.Second
	// unknownPoll is how often it asks at most when a request names a tenant that
	// it does not know.
	unknownPoll = 100 * time.Millisecond
	// unknownWait is how long such a request waits for the answer.
	unknownWait = 3 * time.Second
)

// documented is the time of the discovery documents. It is of the release, so
// that all servers of a database tell the same.
var documented = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// directory is the server.Tenants of a store: it keeps all tenants in memory and
// reads them again when they have changed.
type directory struct {
	engine *engine
	log    *slog.Logger
	known  atomic.Pointer[tenants]

	asked atomic.Int64 // when an unknown name last made it read, in nanoseconds
	// reading is held by the one that reads.
	reading chan struct{}
}

// tenants are all tenants of one generation. It is not changed once it is made.
type tenants struct {
	generation int64
	byName     map[string]resolved
	byHost     map[string]resolved
}

// resolved is a tenant, or why it cannot be used, and what it was made of.
type resolved struct {
	*scim.Tenant
	err                     error
	switches, limits, trust string
}

// openDirectory reads the tenants; the default one is there already.
func openDirectory(ctx context.Context, e *engine, log *slog.Logger) (*directory, error) {
	d := &directory{engine: e, log: log, reading: make(chan struct{}, 1)}
	return d, d.refresh(ctx)
}

// Named implements server.Tenants. A name that is not known may be that of a
// tenant just made through another server.
func (d *directory) Named(ctx context.Context, name string) (*scim.Tenant, error) {
	if !scim.ValidTenantName(name) {
		return nil, scimerr.NotFound("The path names no tenant: a name has small letters, digits and hyphens.")
	}
	r, ok := d.known.Load().byName[name]
	if !ok && d.shared() && d.mayAsk() {
		ctx, cancel := context.WithTimeout(ctx, unknownWait)
		defer cancel()
		if err := d.refresh(ctx); err != nil {
			return nil, scimerr.Unavailable(fmt.Errorf("read the tenants: %w", err))
		}
		r, ok = d.known.Load().byName[name]
	}
	if !ok {
		return nil, scimerr.NotFound("There is no tenant %s.", name)
	}
	return r.Tenant, r.err
}

// At implements server.Tenants.
func (d *directory) At(host string) (t *scim.Tenant, own bool, err error) {
	known := d.known.Load()
	r, own := known.byHost[host]
	if !own {
		r = known.byName[control.DefaultTenant]
	}
	return r.Tenant, own && r.err == nil, r.err
}

// shared tells that other processes may change tenants while this server runs.
func (d *directory) shared() bool { return d.engine.store.Capabilities().SharedDatabase }

func (d *directory) mayAsk() bool {
	asked, now := d.asked.Load(), time.Now().UnixNano()
	return time.Duration(now-asked) >= unknownPoll && d.asked.CompareAndSwap(asked, now)
}

// refresh reads the tenants if they have changed.
func (d *directory) refresh(ctx context.Context) error {
	select {
	case d.reading <- struct{}{}:
		defer func() { <-d.reading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	// The generation comes first: what is read after it is of that one or later.
	generation, err := d.engine.store.TenantGeneration(ctx)
	if err != nil {
		return err
	}
	if known := d.known.Load(); known != nil && known.generation == generation {
		return nil
	}
	list, err := d.engine.store.Tenants(ctx)
	if err != nil {
		return err
	}
	fresh := &tenants{generation: generation, byName: make(map[string]resolved, len(list)), byHost: map[string]resolved{}}
	for _, t := range list {
		r := resolved{switches: t.Switches, limits: t.Limits, trust: t.Trust}
		var faults []error
		if r.Tenant, faults, r.err = d.engine.tenant(t); r.err != nil {
			faults = []error{r.err}
			r.err = scimerr.Internal(r.err)
		} else {
			r.Usage = d.engine.targets.of(t.ID).usage
		}
		d.warn(ctx, &t, faults)
		fresh.byName[t.Name] = r
		for _, h := range t.Hosts {
			fresh.byHost[h] = r
		}
	}
	d.known.Store(fresh)
	d.engine.targets.keep(list)
	d.engine.forgetBehaviours(list)
	return nil
}

// warn tells, once for each that a tenant gets, what of its stored profile,
// limits and issuers cannot be used.
func (d *directory) warn(ctx context.Context, t *store.Tenant, faults []error) {
	if known := d.known.Load(); known != nil {
		if was, ok := known.byName[t.Name]; ok && was.switches == t.Switches && was.limits == t.Limits && was.trust == t.Trust {
			return
		}
	}
	for _, fault := range faults {
		d.log.LogAttrs(ctx, slog.LevelWarn, "a part of a stored profile, of stored limits or of stored issuers cannot be used", slog.String("tenant", t.Name), slog.Any("error", fault))
	}
}

// poll keeps the tenants fresh until ctx ends, where others may change them.
func (d *directory) poll(ctx context.Context) {
	if !d.shared() {
		return
	}
	tick := time.NewTicker(tenantPoll)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := d.refresh(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			d.log.LogAttrs(ctx, slog.LevelWarn, "changes of tenants are not noticed", slog.Any("error", err))
		}
		failing = err != nil
	}
}

// behaviour is what tenants with equal profiles share. faults are what of the
// stored profile cannot be used.
type behaviour struct {
	faults    []error
	profile   *scim.Profile
	discovery *scim.Discovery
}

// behaviours are those in use, by the text of the stored profile.
type behaviours struct {
	mu     sync.Mutex
	byText map[string]behaviour
}

// behaviour is that of a stored profile; "" is the one of the options.
func (e *engine) behaviour(switches string) (behaviour, error) {
	e.behaviours.mu.Lock()
	defer e.behaviours.mu.Unlock()
	if b, ok := e.behaviours.byText[switches]; ok {
		return b, nil
	}
	b := behaviour{profile: e.profile}
	var err error
	if switches != "" {
		if b.profile, b.faults, err = scim.StoredProfile(schemas.FS, switches); err != nil {
			return behaviour{}, err
		}
	}
	if b.discovery, err = scim.NewDiscovery(e.registry, b.profile, documented); err != nil {
		return behaviour{}, err
	}
	e.behaviours.byText[switches] = b
	return b, nil
}

// forgetBehaviours drops those that no tenant has any more.
func (e *engine) forgetBehaviours(list []store.Tenant) {
	used := make(map[string]bool, len(list))
	for _, t := range list {
		used[t.Switches] = true
	}
	e.behaviours.mu.Lock()
	defer e.behaviours.mu.Unlock()
	for text := range e.behaviours.byText {
		if !used[text] && text != "" {
			delete(e.behaviours.byText, text)
		}
	}
}

// tenant makes a stored tenant ready for use. Its limits hold below those of the
// options. faults are what of its profile, its limits and its issuers cannot be used.
func (e *engine) tenant(t store.Tenant) (ready *scim.Tenant, faults []error, err error) {
	b, err := e.behaviour(t.Switches)
	if err != nil {
		return nil, nil, fmt.Errorf("the stored profile of the tenant %s cannot be used (`scimd tenant update %[1]s --profile NAME` gives it another): %w", t.Name, err)
	}
	limits, unread := scim.StoredLimits(t.Limits)
	trust, untrusted := scim.StoredTrust(t.Trust)
	if t.Name == control.DefaultTenant {
		trust = slices.Concat(e.trust, trust)
	}
	kept := e.targets.of(t.ID)
	return &scim.Tenant{
		ID: t.ID, Name: t.Name, Space: t.Space, Home: t.Home, Profile: b.profile, Registry: e.registry, Discovery: b.discovery,
		Now: kept.clock.Now, Wall: time.Now, NewID: newID, Seeded: kept.ids.source, Sealer: e.sealer,
		Limits: limits.Within(scim.Limits{
			MaxFilterDepth: e.cfg.MaxFilterDepth, MaxFilterLength: int(e.cfg.MaxFilterLength), // that of bodies is with the server
		}),
		Trust: trust,
	}, slices.Concat(b.faults, unread, untrusted), nil
}
