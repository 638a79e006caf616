package app

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/scimd/scimd/internal/clock"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/fault"
	"github.com/scimd/scimd/internal/journal"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/server"
	"github.com/scimd/scimd/internal/store"
)

// target is what a process keeps of a tenant in memory alone: it outlives the
// tenant's being read again, goes when the tenant is deleted, and of several
// servers each has its own.
type target struct {
	usage *scim.Usage
	clock clock.Clock
	ids   ids
}

// targets are those of all tenants, by their numbers.
type targets struct {
	mu   sync.Mutex
	byID map[int64]*target
	// journals are nil where none are kept.
	journals *journal.Journals
	faults   *fault.Tenants
}

func newTargets(reg *schema.Registry) *targets {
	var types []string
	for _, rt := range reg.Types {
		types = append(types, rt.Name)
	}
	return &targets{byID: map[int64]*target{}, faults: fault.NewTenants(types, server.ClientFamilies())}
}

// of is the target of a tenant, made when it is first asked for.
func (t *targets) of(tenant int64) *target {
	t.mu.Lock()
	defer t.mu.Unlock()
	found := t.byID[tenant]
	if found == nil {
		found = &target{usage: scim.NewUsage()}
		t.byID[tenant] = found
	}
	return found
}

// hold lets a control service hold what this process keeps of tenants.
func (t *targets) hold(d *control.Direct) {
	d.Journals = t.journals
	d.ClockOf = func(tenant store.Tenant) *clock.Clock { return &t.of(tenant.ID).clock }
	d.IDsOf = func(tenant store.Tenant) control.IDs { return &t.of(tenant.ID).ids }
	d.FaultsOf = func(tenant store.Tenant) *fault.Rules { return t.faults.Of(tenant.ID) }
}

// earliest is what the clock says that is farthest back: nothing that ends by a
// clock has ended at all of them before.
func (t *targets) earliest() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := time.Now()
	for _, kept := range t.byID {
		if says := kept.clock.Setting(); !says.Real && says.Time.Before(at) {
			at = says.Time
		}
	}
	return at
}

// drop forgets that of a tenant that was deleted.
func (t *targets) drop(tenant int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byID, tenant)
	t.faults.Drop(tenant)
	if t.journals != nil {
		t.journals.Drop(tenant)
	}
}

// snapshotSpace is where a snapshot of a tenant is; store.ErrNotFound.
func (e *engine) snapshotSpace(ctx context.Context, tenant int64, name string) (int64, error) {
	list, err := e.store.Snapshots(ctx, tenant)
	for _, s := range list {
		if s.Name == scim.TenantName(name) {
			return s.Space, nil
		}
	}
	return 0, cmp.Or(err, store.ErrNotFound)
}
