package app

import (
	"sync"

	"github.com/scimd/scimd/internal/clock"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/journal"
	"github.com/scimd/scimd/internal/scim"
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
}

func newTargets() *targets { return &targets{byID: map[int64]*target{}} }

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
}

// drop forgets that of a tenant that was deleted.
func (t *targets) drop(tenant int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byID, tenant)
	if t.journals != nil {
		t.journals.Keep(func(other int64) bool { return other != tenant })
	}
}
