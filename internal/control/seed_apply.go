package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/seed"
	"github.com/scimd/scimd/internal/store"
)

// mostTries bounds how often a seed goes in that meets another at work on the tenant:
// who applies the same is met where it is made, and where it gets tokens and applications.
const mostTries = 4

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
		for tries := 1; scimerr.Is(err, http.StatusConflict) && tries < mostTries; tries++ {
			if p, err = p.again(ctx); err == nil {
				report, err = p.apply(ctx)
			}
		}
		if err != nil {
			return nil, refusedSeed(p.undo(ctx, err))
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
	hashes map[string]string // of applications and tokens that are sealed, by place
	report *SeededTenant
	// serving are the login names of applications that a dry run would have made, made
	// the ids of those that were.
	serving, made []string
}

// plan checks everything that can be checked before the first change.
func (d *Direct) plan(ctx context.Context, s *seed.Seed, q SeedQuery, key *seed.SealingKey) ([]*seeding, error) {
	if q.Tenant != "" && len(s.Tenants) > 1 {
		return nil, scimerr.InvalidValue("tenants", "The seed has %d tenants and cannot go into one.", len(s.Tenants))
	}
	if err := s.CheckKey(key); err != nil {
		return nil, err
	}
	var plans []*seeding
	var wrong error
	for _, t := range s.Tenants {
		p, err := d.planOf(ctx, s, t, q, key)
		wrong = seed.Also(wrong, err)
		plans = append(plans, p)
	}
	return plans, wrong
}

func (d *Direct) planOf(ctx context.Context, s *seed.Seed, t *seed.Tenant, q SeedQuery, key *seed.SealingKey) (*seeding, error) {
	p := &seeding{d: d, s: s, t: t, q: q, key: key, report: &SeededTenant{Types: []seed.TypeReport{}}}
	p.report.Name = cmp.Or(scim.TenantName(q.Tenant), t.Name, DefaultTenant)
	var err error
	p.now, err = d.Store.TenantNamed(ctx, p.report.Name)
	switch {
	case errors.Is(err, store.ErrNotFound):
		p.now = store.Tenant{Name: p.report.Name, Created: d.Now().UTC().Truncate(time.Microsecond)}
		if !scim.ValidTenantName(p.now.Name) {
			return nil, scimerr.InvalidValue("name", "The name of a tenant has 1 to 63 letters, digits and hyphens.")
		}
	case err != nil:
		return nil, err
	}
	return p, p.check(ctx)
}

// apply brings one tenant to what the seed says, or tells what that would change. The
// state after it is the one that a reset goes back to; where nothing has changed, that
// stays as it is, with what clients have made since.
func (p *seeding) apply(ctx context.Context) (*SeededTenant, error) {
	if p.q.DryRun {
		_, err := p.bring(ctx, false)
		return p.report, err
	}
	cut, kept := false, false
	if p.now.ID != 0 {
		list, err := p.d.Snapshots(ctx, p.now.Name)
		if err != nil {
			return nil, err
		}
		kept = slices.ContainsFunc(list, func(s Snapshot) bool { return s.Name == SeedSnapshot })
		if _, cut, err = p.d.Store.Setting(ctx, p.mark()); err != nil {
			return nil, err
		}
		done, err := p.try(ctx)
		if err != nil || done != nil && kept && !cut {
			return done, err
		}
	}
	t, err := p.bring(ctx, cut)
	if err == nil && (cut || !kept || p.report.changed()) {
		_, err = p.d.SaveSnapshot(ctx, t.Name, NewSnapshot{Name: SeedSnapshot, Replace: true})
	}
	if err == nil {
		err = p.d.Store.DropSetting(ctx, p.mark())
	}
	return p.report, err
}

// mark is the setting of a tenant that says that a seed is on its way into it. One
// that is cut off leaves it there.
func (p *seeding) mark() string { return store.TenantSettings(p.now.ID) + "seeding" }

// try tells of a tenant that has all of the seed, and refuses a seed that would be
// refused in the middle. Of more resources than go in at once it does not do the
// former, and the latter as far as it can without a change.
func (p *seeding) try(ctx context.Context) (*SeededTenant, error) {
	if !p.t.Whole() {
		target, err := p.d.SeedTenant(ctx, p.then)
		if err != nil {
			return nil, err
		}
		return nil, p.s.Ahead(ctx, p.d.Resources, p.t, target, seed.Options{Key: p.key})
	}
	dry := *p
	dry.q.DryRun, dry.report = true, &SeededTenant{Name: p.report.Name}
	if _, err := dry.bring(ctx, false); err != nil {
		return nil, err
	}
	if dry.report.changed() {
		return nil, nil
	}
	return dry.report, nil
}

// again is a plan for what is there by now, which knows what was made so far.
func (p *seeding) again(ctx context.Context) (*seeding, error) {
	next, err := p.d.planOf(ctx, p.s, p.t, p.q, p.key)
	if err != nil {
		return p, err
	}
	next.made, next.report.Created = p.made, p.report.Created
	next.report.Applications, next.report.Tokens = p.report.Applications, p.report.Tokens
	return next, nil
}

// undo takes back what a seed has made beside resources before it was refused, and
// gives the refusal. One that was cut off goes on when it is applied again.
func (p *seeding) undo(ctx context.Context, why error) error {
	var mistakes *seed.Mistakes
	if p.q.DryRun || scimerr.From(why).Status >= http.StatusInternalServerError && !errors.As(why, &mistakes) {
		return why
	}
	ctx, done := toTheEnd(ctx)
	defer done()
	errs := []error{why}
	if p.report.Created {
		t, err := p.d.tenant(ctx, p.now.Name)
		if err == nil {
			err = p.d.delete(ctx, t)
		}
		return errors.Join(append(errs, err)...)
	}
	for _, id := range p.made {
		errs = append(errs, p.d.DeleteApplication(ctx, p.now.Name, id))
	}
	return errors.Join(errs...)
}

// bring does what there is to do. resume tells that it was cut off before.
func (p *seeding) bring(ctx context.Context, resume bool) (store.Tenant, error) {
	d := p.d
	if p.q.DryRun && p.now.ID == 0 {
		p.report.Created, p.report.Whole = true, true
		p.report.Types = p.t.Counts()
		return p.now, nil
	}
	t, err := p.tenant(ctx)
	if err != nil {
		return t, err
	}
	if p.now = t; !p.q.DryRun {
		if _, err := d.Store.SetSetting(ctx, p.mark(), "on its way"); err != nil {
			return t, err
		}
	}
	target, err := d.SeedTenant(ctx, t)
	if err != nil {
		return t, err
	}
	for i, a := range p.t.Applications {
		if err := p.application(ctx, t, a, p.apps[i]); err != nil {
			return t, err
		}
	}
	report, err := p.s.Apply(ctx, d.Resources, p.t, target, seed.Options{
		DryRun: p.q.DryRun, Prune: p.q.Prune, Key: p.key, Resume: resume, Serving: p.serving,
	})
	// What is missing may be so because the tenant has gone, or has moved on.
	if moved := p.stayed(ctx, t); moved != nil {
		return t, moved
	}
	if err != nil {
		return t, err
	}
	p.report.Types, p.report.Changes, p.report.Whole = report.Types, report.Changes, report.Whole
	if err := p.tokens(ctx, t); err != nil {
		return t, err
	}
	if err := p.issuers(ctx, t); err != nil {
		return t, err
	}
	if p.q.Prune {
		if err := p.prune(ctx, t); err != nil {
			return t, err
		}
	}
	if p.t.Faults != nil && !p.q.DryRun {
		_, err = d.SetFaults(ctx, t.Name, p.t.Faults)
	}
	return t, err
}

// stayed refuses a seed whose resources went to what a tenant was taken back from
// meanwhile.
func (p *seeding) stayed(ctx context.Context, t store.Tenant) error {
	if ctx.Err() != nil {
		return nil // the seed has its own error by now
	}
	now, err := p.d.tenant(ctx, t.Name)
	if err == nil && (now.ID != t.ID || now.Space != t.Space) {
		err = scimerr.Conflict("The tenant %s was reset or taken back to a snapshot while the seed went in; apply it again.", t.Name)
	}
	return err
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
		return p.then, nil
	}
	ctx, done := toTheEnd(ctx)
	defer done()
	var stored store.Tenant
	var err error
	switch {
	case p.now.ID == 0:
		stored, err = d.Store.CreateTenant(ctx, p.then)
		p.report.Created = err == nil
	case len(p.report.Settings) > 0:
		stored, err = d.Store.UpdateTenant(ctx, p.now.ID, p.become)
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
