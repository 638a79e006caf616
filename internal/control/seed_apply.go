package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/seed"
	"github.com/scimd/scimd/internal/store"
)

// ApplySeed implements Service. The whole seed is read and checked before anything
// is changed; what only the tenant can tell is found while its resources go in, all
// at once when they are not very many.
func (d *Direct) ApplySeed(ctx context.Context, q SeedQuery, files seed.Files) (*SeedReport, error) {
	key, err := sealing(q.Key)
	if err != nil {
		return nil, err
	}
	s, err := seed.Read(d.Registry, files)
	if err != nil {
		return nil, refusedSeed(err)
	}
	defer func() { _ = s.Close() }()
	plans, err := d.plan(ctx, s, q, key)
	if err != nil {
		return nil, refusedSeed(err)
	}
	out := &SeedReport{DryRun: q.DryRun, Tenants: []SeededTenant{}}
	for _, p := range plans {
		report, err := p.apply(ctx)
		if err != nil {
			return nil, refusedSeed(err)
		}
		out.Changed = out.Changed || report.changed()
		out.Tenants = append(out.Tenants, *report)
	}
	return out, nil
}

// refusedSeed is a refusal with the places of all mistakes.
func refusedSeed(err error) error {
	var m *seed.Mistakes
	if errors.As(err, &m) {
		return scimerr.InvalidValue("", "%s", m.Error()).WithCause(m)
	}
	return err
}

func (t *SeededTenant) changed() bool {
	return t.Created || len(t.Settings) > 0 || (&seed.Report{Types: t.Types}).Changed()
}

// seeding is a tenant of a seed on its way.
type seeding struct {
	d      *Direct
	s      *seed.Seed
	t      *seed.Tenant
	q      SeedQuery
	key    *seed.SealingKey
	now    store.Tenant // as it is; without an id it is not there
	then   store.Tenant // as it shall be
	apps   []store.Application
	report *SeededTenant
}

// plan checks everything that can be checked before the first change.
func (d *Direct) plan(ctx context.Context, s *seed.Seed, q SeedQuery, key *seed.SealingKey) ([]*seeding, error) {
	if q.Tenant != "" && len(s.Tenants) > 1 {
		return nil, scimerr.InvalidValue("tenants", "The seed has %d tenants and cannot go into one.", len(s.Tenants))
	}
	list, err := d.Store.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	var plans []*seeding
	for _, t := range s.Tenants {
		p := &seeding{d: d, s: s, t: t, q: q, key: key, report: &SeededTenant{Types: []seed.TypeReport{}}}
		name := scim.TenantName(q.Tenant)
		if name == "" {
			name = t.Name
		}
		if name == "" {
			name = DefaultTenant
		}
		p.report.Name = name
		if i := slices.IndexFunc(list, func(have store.Tenant) bool { return have.Name == name }); i >= 0 {
			p.now = list[i]
		} else {
			p.now = store.Tenant{Name: name, Created: d.Now().UTC().Truncate(time.Microsecond)}
			if !scim.ValidTenantName(name) {
				return nil, scimerr.InvalidValue("name", "The name of a tenant has 1 to 63 letters, digits and hyphens.")
			}
		}
		if err := p.check(ctx); err != nil {
			return nil, err
		}
		plans = append(plans, p)
	}
	return plans, nil
}

// apply brings one tenant to what the seed says.
func (p *seeding) apply(ctx context.Context) (*SeededTenant, error) {
	d := p.d
	if p.q.DryRun && p.now.ID == 0 {
		return p.wouldMake(), nil
	}
	stored, err := p.tenant(ctx)
	if err != nil {
		return nil, err
	}
	target, err := d.SeedTenant(ctx, stored)
	if err != nil {
		return nil, err
	}
	for i, a := range p.t.Applications {
		if err := p.application(ctx, stored, a, p.apps[i]); err != nil {
			return nil, err
		}
	}
	report, err := p.s.Apply(ctx, d.Resources, p.t, target, seed.Options{DryRun: p.q.DryRun, Prune: p.q.Prune, Key: p.key})
	if err != nil {
		return nil, err
	}
	p.report.Types, p.report.Changes, p.report.Whole = report.Types, report.Changes, report.Whole
	if err := p.tokens(ctx, stored); err != nil {
		return nil, err
	}
	if err := p.issuers(ctx, stored); err != nil {
		return nil, err
	}
	if p.q.Prune {
		if err := p.prune(ctx, stored); err != nil {
			return nil, err
		}
	}
	if p.t.Faults != nil && !p.q.DryRun {
		if _, err := d.SetFaults(ctx, stored.Name, p.t.Faults); err != nil {
			return nil, err
		}
	}
	return p.report, p.keep(ctx, stored)
}

// keep makes the state after a seed the one that a reset goes back to. A seed that
// has changed nothing leaves that as it is, with what clients have made since.
func (p *seeding) keep(ctx context.Context, t store.Tenant) error {
	if p.q.DryRun {
		return nil
	}
	list, err := p.d.Snapshots(ctx, t.Name)
	if err != nil {
		return err
	}
	if !p.report.changed() && slices.ContainsFunc(list, func(s Snapshot) bool { return s.Name == SeedSnapshot }) {
		return nil
	}
	_, err = p.d.SaveSnapshot(ctx, t.Name, NewSnapshot{Name: SeedSnapshot, Replace: true})
	return err
}

// wouldMake is what a dry run tells of a tenant that is not there.
func (p *seeding) wouldMake() *SeededTenant {
	p.report.Created, p.report.Whole = true, true
	p.report.Types = p.t.Counts()
	return p.report
}

func (p *seeding) did(format string, args ...any) {
	p.report.Settings = append(p.report.Settings, fmt.Sprintf(format, args...))
}

// tenant makes the tenant, or changes what the seed says otherwise.
func (p *seeding) tenant(ctx context.Context) (store.Tenant, error) {
	d := p.d
	for _, c := range []struct {
		name string
		same bool
	}{
		{"profile", p.now.Switches == p.then.Switches}, {"limits", sameLimits(p.now.Limits, p.then.Limits)}, {"hosts", slices.Equal(p.now.Hosts, p.then.Hosts)},
	} {
		if !c.same && p.now.ID != 0 {
			p.did("%s", c.name)
		}
	}
	if p.q.DryRun {
		then := p.then
		return then, nil
	}
	ctx, done := toTheEnd(ctx)
	defer done()
	var stored store.Tenant
	var err error
	switch {
	case p.now.ID == 0:
		p.report.Created = true
		stored, err = d.Store.CreateTenant(ctx, p.then)
	case len(p.report.Settings) > 0:
		stored, err = d.Store.UpdateTenant(ctx, p.now.ID, func(t *store.Tenant) error { return d.change(t, p.change()) })
	default:
		return p.now, nil
	}
	if err != nil {
		return stored, d.taken(err, p.now.Name)
	}
	return stored, d.Changed(ctx)
}

func sameLimits(a, b string) bool {
	x, _ := scim.StoredLimits(a)
	y, _ := scim.StoredLimits(b)
	return x == y
}
