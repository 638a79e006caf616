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

// trusted is how long what was read before is the ground for reading changes alone:
// deleted tenants are known by their spaces that are not swept yet.
const trusted = sweepTime / 2

// directory is the server.Tenants of a store: it keeps all tenants in memory and
// reads those again that have changed.
type directory struct {
	engine *engine
	log    *slog.Logger
	// byName and byHost lead from a text to a *resolved, which is not changed once it
	// is there.
	byName, byHost sync.Map

	// gone is told of each tenant that was deleted; it is set before requests come.
	gone func(store.Tenant)

	asked atomic.Int64 // when an unknown name last made it read, in nanoseconds
	// reading is held by the one that reads, and changes what follows.
	reading    chan struct{}
	byID       map[int64]*resolved // nil until all were read
	generation int64
	read       time.Time

	// left are spaces that tenants had before they were restored, with who is in them
	// still.
	mu   sync.Mutex
	left map[int64]*scim.Visits
}

// resolved is a tenant, or why it cannot be used, and what it was made of.
type resolved struct {
	*scim.Tenant
	err    error
	stored store.Tenant
}

// usable is the tenant, unless it has expired.
func (r *resolved) usable() bool {
	return r.stored.Expires.IsZero() || !r.stored.Expired(time.Now())
}

// openDirectory reads the tenants; the default one is there already.
func openDirectory(ctx context.Context, e *engine, log *slog.Logger) (*directory, error) {
	d := &directory{engine: e, log: log, gone: func(store.Tenant) {}, reading: make(chan struct{}, 1), left: map[int64]*scim.Visits{}}
	return d, d.refresh(ctx)
}

func find(in *sync.Map, key string) (*resolved, bool) {
	v, ok := in.Load(key)
	if !ok {
		return nil, false
	}
	r := v.(*resolved)
	return r, r.usable()
}

// Named implements server.Tenants. A name that is not known may be that of a
// tenant just made through another server.
func (d *directory) Named(ctx context.Context, name string) (*scim.Tenant, error) {
	if !scim.ValidTenantName(name) {
		return nil, scimerr.NotFound("The path names no tenant: a name has small letters, digits and hyphens.")
	}
	r, ok := find(&d.byName, name)
	if !ok && d.shared() && d.mayAsk() {
		ctx, cancel := context.WithTimeout(ctx, unknownWait)
		defer cancel()
		if err := d.refresh(ctx); err != nil {
			return nil, scimerr.Unavailable(fmt.Errorf("read the tenants: %w", err))
		}
		r, ok = find(&d.byName, name)
	}
	if !ok {
		return nil, scimerr.NotFound("There is no tenant %s.", name)
	}
	return r.Tenant, r.err
}

// At implements server.Tenants.
func (d *directory) At(host string) (t *scim.Tenant, own bool, err error) {
	r, own := find(&d.byHost, host)
	if !own {
		r, _ = find(&d.byName, control.DefaultTenant)
	}
	return r.Tenant, own && r.err == nil, r.err
}

// shared tells that other processes may change tenants while this server runs.
func (d *directory) shared() bool { return d.engine.store.Capabilities().SharedDatabase }

func (d *directory) mayAsk() bool {
	asked, now := d.asked.Load(), time.Now().UnixNano()
	return time.Duration(now-asked) >= unknownPoll && d.asked.CompareAndSwap(asked, now)
}

// refresh reads the tenants that have changed, if any have.
func (d *directory) refresh(ctx context.Context) error {
	select {
	case d.reading <- struct{}{}:
		defer func() { <-d.reading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	now := time.Now()
	// The generation comes first: what is read after it is of that one or later.
	generation, err := d.engine.store.TenantGeneration(ctx)
	if err != nil {
		return err
	}
	if d.byID == nil || now.Sub(d.read) >= trusted {
		err = d.readAll(ctx)
	} else if generation != d.generation {
		err = d.readChanges(ctx)
	}
	if err == nil {
		d.generation, d.read = generation, now
	}
	return err
}

func (d *directory) readAll(ctx context.Context) error {
	list, err := d.engine.store.Tenants(ctx)
	if err != nil {
		return err
	}
	there := make(map[int64]bool, len(list))
	for _, t := range list {
		there[t.ID] = true
	}
	for id := range d.byID {
		if !there[id] {
			d.remove(id)
		}
	}
	if d.byID == nil {
		d.byID = make(map[int64]*resolved, len(list))
	}
	d.put(ctx, list)
	return nil
}

func (d *directory) readChanges(ctx context.Context) error {
	changed, deleted, err := d.engine.store.ChangedTenants(ctx, d.generation)
	if err != nil {
		return err
	}
	for _, id := range deleted {
		d.remove(id)
	}
	d.put(ctx, changed)
	return nil
}

// remove forgets a tenant that was deleted.
func (d *directory) remove(id int64) {
	was := d.byID[id]
	if was == nil {
		return
	}
	delete(d.byID, id)
	d.byName.CompareAndDelete(was.stored.Name, was)
	d.leaveHosts(was)
	d.engine.targets.drop(id)
	d.gone(was.stored)
	d.engine.leave(was.stored.Switches)
	if was.Tenant != nil {
		was.Visits.Close()
	}
}

// leaveHosts lets no host lead to what a tenant was.
func (d *directory) leaveHosts(was *resolved) {
	for _, h := range was.stored.Hosts {
		d.byHost.CompareAndDelete(h, was)
	}
}

// put lets names and hosts lead to tenants as they are now.
func (d *directory) put(ctx context.Context, list []store.Tenant) {
	fresh := make([]*resolved, len(list))
	for i, t := range list {
		fresh[i] = d.resolve(ctx, t, d.byID[t.ID])
		d.byName.Store(t.Name, fresh[i])
	}
	// A host may have gone from one of them to another.
	for i, t := range list {
		if was := d.byID[t.ID]; was != nil && !slices.Equal(was.stored.Hosts, t.Hosts) {
			d.leaveHosts(was)
		}
		for _, h := range t.Hosts {
			d.byHost.Store(h, fresh[i])
		}
	}
	for i, t := range list {
		was := d.byID[t.ID]
		d.byID[t.ID] = fresh[i]
		if was == nil {
			continue
		}
		d.engine.leave(was.stored.Switches)
		if was.Tenant != nil && was.stored.Space != t.Space {
			d.moved(was)
		}
	}
}

// moved sees to what of a tenant is of another space now. Requests find that one
// already; who is still in the other is counted until the last has left.
func (d *directory) moved(was *resolved) {
	was.Visits.Close()
	kept := d.engine.targets.of(was.ID)
	kept.usage.Restored()
	kept.ids.restart() // after the visits are closed: who is still there takes none
	if d.shared() {
		return // others may be in it, too
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left[was.Space] = was.Visits
}

// idle tells that no request can be under way any more in a space that a tenant had
// before it was restored: that is known where no other server serves it.
func (d *directory) idle(space int64) bool {
	if d.shared() {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.left[space]
	if v == nil || !v.Over() {
		return false
	}
	delete(d.left, space)
	return true
}

// resolve makes a tenant ready; was is what it was before, or nil.
func (d *directory) resolve(ctx context.Context, t store.Tenant, was *resolved) *resolved {
	r := &resolved{stored: t}
	var faults []error
	if r.Tenant, faults, r.err = d.engine.tenant(t); r.err != nil {
		faults = []error{r.err}
		r.err = scimerr.Internal(r.err)
	} else {
		r.Usage = d.engine.targets.of(t.ID).usage
		if was != nil && was.Tenant != nil && was.stored.Space == t.Space {
			r.Visits = was.Visits
		} else {
			r.Visits = &scim.Visits{}
		}
	}
	r.stored.Switches = d.engine.enter(t.Switches)
	d.warn(ctx, &t, was, faults)
	return r
}

// warn tells, once for each that a tenant gets, what of its stored profile,
// limits and issuers cannot be used.
func (d *directory) warn(ctx context.Context, t *store.Tenant, was *resolved, faults []error) {
	if was != nil && was.stored.Switches == t.Switches && was.stored.Limits == t.Limits && was.stored.Trust == t.Trust {
		return
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
		Trust: trust, OnDemand: t.OnDemand,
	}, slices.Concat(b.faults, unread, untrusted), nil
}
