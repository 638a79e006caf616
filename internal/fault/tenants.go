package fault

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/scimd/scimd/internal/scimerr"
)

// Tenants are the faults of all tenants of a process, by their numbers.
type Tenants struct {
	// types and clients are the names of resource types and of families of clients.
	types, clients []string
	// rules counts those of all tenants.
	rules atomic.Int64

	mu   sync.RWMutex
	byID map[int64]*Rules

	stop     sync.Once
	stopping chan struct{}
}

// NewTenants makes Tenants whose rules may name these resource types and families of
// clients.
func NewTenants(types, clients []string) *Tenants {
	return &Tenants{types: types, clients: clients, byID: map[int64]*Rules{}, stopping: make(chan struct{})}
}

// Of are the rules of a tenant, which may be none yet.
func (t *Tenants) Of(tenant int64) *Rules {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.byID[tenant]
	if r == nil {
		r = &Rules{owner: t}
		t.byID[tenant] = r
	}
	return r
}

// None tells that no tenant has rules: what a request asks first.
func (t *Tenants) None() bool { return t == nil || t.rules.Load() == 0 }

// Find is the rule of a tenant that hits a request; nil for none. make is called
// only if the tenant has rules.
func (t *Tenants) Find(tenant int64, make func() *Request) *Hit {
	if t.None() {
		return nil
	}
	t.mu.RLock()
	r := t.byID[tenant]
	t.mu.RUnlock()
	if r == nil || len(r.all()) == 0 {
		return nil
	}
	return r.Find(make())
}

// Carried is the rule that hits a request to a tenant which came with faults of its
// own, as JSON or the name of a ready set; 400.
func (t *Tenants) Carried(tenant int64, text string, q *Request) (*Hit, error) {
	var rules []Rule
	var err error
	n := t.Of(tenant).carried.Add(1)
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		rules, err = parseCarried([]byte(text))
	} else {
		rules, err = Ready(strings.TrimSpace(text), 0)
	}
	if err != nil {
		return nil, err
	}
	for i := range rules {
		if err := t.check(&rules[i].Match); err != nil {
			return nil, err
		}
		if rules[i].ID == "" {
			rules[i].ID = "header"
		}
	}
	return Of(rules, q, n), nil
}

// parseCarried reads a rule for one request, which no other comes before or after.
func parseCarried(text []byte) ([]Rule, error) {
	var s Spec
	if err := Decode(text, &s); err != nil {
		return nil, err
	}
	if s.Skip != 0 || s.Every != nil || s.Times != nil {
		return nil, scimerr.InvalidValue("fault", "A fault that comes with a request is for that one: it has no skip, every and times.")
	}
	return s.Rules()
}

// check refuses names that no resource type and no family of clients has: a rule with
// one never hits.
func (t *Tenants) check(m *Match) error {
	if t == nil {
		return nil
	}
	for _, name := range m.Types {
		if !named(t.types, name) {
			return scimerr.InvalidValue("match.types", "There is no resource type %.64q; there are %s.", name, strings.Join(t.types, ", "))
		}
	}
	if m.Client != "" && !named(t.clients, m.Client) {
		return scimerr.InvalidValue("match.client", "There is no family of clients %.64q; there are %s.", m.Client, strings.Join(t.clients, ", "))
	}
	return nil
}

func named(list []string, name string) bool {
	return slices.ContainsFunc(list, func(known string) bool { return strings.EqualFold(known, name) })
}

// Drop forgets the rules of a tenant that was deleted.
func (t *Tenants) Drop(tenant int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.byID[tenant]; r != nil {
		r.end()
		delete(t.byID, tenant)
	}
}

// Stop ends all waiting, now and later: the server stops.
func (t *Tenants) Stop() { t.stop.Do(func() { close(t.stopping) }) }

// Stopping is closed by Stop.
func (t *Tenants) Stopping() <-chan struct{} { return t.stopping }
