package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/phc"
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

// check checks the settings of a tenant and its resources.
func (p *seeding) check(ctx context.Context) error {
	d, t := p.d, p.t
	p.then = p.now
	p.then.Hosts = slices.Clone(p.now.Hosts)
	if p.now.ID == 0 {
		profile, err := d.profile(p.now)
		if err != nil {
			return err
		}
		p.then.Profile, p.then.Switches = profile.Name, profile.Text()
	}
	if err := d.change(&p.then, p.change()); err != nil {
		return p.s.MistakeAt(t, settingOf(err), scimerr.From(err).Detail)
	}
	for _, a := range t.Applications {
		made, err := d.newApplication(p.then, newApplicationOf(a))
		if err != nil {
			return p.s.MistakeAt(t, "applications", fmt.Sprintf("The application %s: %s", a.AppID, scimerr.From(err).Detail))
		}
		if a.Sealed != "" && p.key == nil {
			return p.s.MistakeAt(t, "applications", "The secrets of applications are sealed; give the key that they were exported with (--key-file).")
		}
		p.apps = append(p.apps, made)
	}
	for _, k := range t.Tokens {
		if err := p.checkToken(k); err != nil {
			return p.s.MistakeAt(t, "tokens", fmt.Sprintf("The token %s: %v", k.Name, err))
		}
	}
	for _, i := range t.Issuers {
		if err := auth.CheckIssuer(i); err != nil {
			return p.s.MistakeAt(t, "issuers", fmt.Sprintf("The issuer %s: %v.", i.Name, err))
		}
	}
	if t.Faults != nil && d.FaultsOf == nil {
		return p.s.MistakeAt(t, "faults", "Faults are kept by a running server, and none runs here.")
	}
	if t.Faults != nil {
		rules, err := meant(t.Faults)
		if err == nil {
			err = d.FaultsOf(p.now).Check(rules...)
		}
		if err != nil {
			return p.s.MistakeAt(t, "faults", scimerr.From(err).Detail)
		}
	}
	target, err := d.SeedTenant(ctx, p.then)
	if err != nil {
		return err
	}
	return p.s.Check(t, target, p.key, false)
}

func (p *seeding) checkToken(k seed.Token) error {
	if err := checkName(k.Name); err != nil || k.Name == "" {
		return errors.New("it needs a name of printable text")
	}
	if _, err := auth.ParseRights(rightsOr(k.Rights)); err != nil {
		return err
	}
	if k.Token != "" && (!auth.ValidToken(k.Token) || len(k.Token) < minSeedToken) {
		return fmt.Errorf("a token is at least %d letters, digits and the characters - . _ ~ + /", minSeedToken)
	}
	if k.Sealed != "" && p.key == nil {
		return errors.New("it is sealed; give the key that it was exported with (--key-file)")
	}
	return nil
}

// minSeedToken is how long the text of a token is at least.
const minSeedToken = 8

func rightsOr(text string) string {
	if text == "" {
		return auth.All.String()
	}
	return text
}

// settingOf is the setting that a refused change is about.
func settingOf(err error) string {
	switch at := scimerr.From(err).At; at {
	case "hosts", "limits", "profile":
		return at
	}
	return "name"
}

func (p *seeding) change() *TenantChange {
	t := p.t
	c := &TenantChange{Profile: t.Profile, Document: t.Document, Switches: t.Switches, Limits: t.Limits}
	for _, h := range t.Hosts {
		if !slices.Contains(p.now.Hosts, scim.HostName(h)) {
			c.AddHosts = append(c.AddHosts, h)
		}
	}
	return c
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

func newApplicationOf(a seed.Application) NewApplication {
	return NewApplication{
		AppID: a.AppID, ClientID: a.ClientID, Scope: a.Scope, Rights: rightsOr(a.Rights), PersonRights: a.PersonRights, Lifetime: a.Lifetime,
		Public: a.Public, RedirectURIs: a.RedirectURIs, Grants: a.Grants, RefreshLifetime: a.RefreshLifetime, NoRefresh: a.NoRefresh, RotateRefresh: a.RotateRefresh,
	}
}

// application makes an application, or changes what the seed says otherwise.
func (p *seeding) application(ctx context.Context, t store.Tenant, in seed.Application, want store.Application) error {
	d := p.d
	want.Tenant = t.ID
	have, err := d.Store.Application(ctx, t.ID, want.ID)
	missing := errors.Is(err, store.ErrNotFound)
	if err != nil && !missing {
		return err
	}
	hash := ""
	switch {
	case in.Sealed != "":
		plain, err := p.key.OpenHash(in.Sealed, "application", strings.ToLower(in.AppID))
		if err != nil {
			return p.s.MistakeAt(p.t, "applications", fmt.Sprintf("The secret of the application %s cannot be used: %v.", in.AppID, err))
		}
		hash = string(plain)
	case in.ClientSecret != "" && !missing:
		if same, err := phc.Matches(have.Secret, in.ClientSecret); err == nil && same {
			hash = have.Secret
			break
		}
		fallthrough
	case in.ClientSecret != "":
		hash = auth.HashSecret(in.ClientSecret)
	}
	if missing {
		p.did("application %s", want.ID)
		if p.q.DryRun {
			return nil
		}
		secret := ""
		if hash == "" && !want.Public {
			secret, hash = newSecret(want)
		}
		made, err := d.createApplication(ctx, t, want, secret, hash)
		if err != nil {
			return err
		}
		if secret != "" {
			p.report.Applications = append(p.report.Applications, *made)
		}
		return p.active(ctx, t, in, made.UserID)
	}
	if !strings.EqualFold(have.ClientID, want.ClientID) && in.ClientID != "" {
		return p.s.MistakeAt(p.t, "applications", fmt.Sprintf("The application %s has the login name %s already; delete it first.", have.ID, have.ClientID))
	}
	after := have
	after.Scopes, after.Rights, after.PersonRights, after.Lifetime, after.Public = want.Scopes, want.Rights, want.PersonRights, want.Lifetime, want.Public
	after.Grants, after.Redirects, after.RefreshLifetime, after.Rotates = want.Grants, want.Redirects, want.RefreshLifetime, want.Rotates
	if after != have {
		p.did("application %s", have.ID)
		if !p.q.DryRun {
			if err := d.Store.UpdateApplication(ctx, after); err != nil {
				return err
			}
			d.ApplicationChanged(t.ID, have.ID)
		}
	}
	if hash != "" && hash != have.Secret {
		p.did("secret of the application %s", have.ID)
		if !p.q.DryRun {
			if _, err := d.Store.RotateApplication(ctx, t.ID, have.ID, hash, newEpoch(), d.Now().UTC().Truncate(time.Microsecond)); err != nil {
				return err
			}
			d.ApplicationChanged(t.ID, have.ID)
		}
	}
	return p.active(ctx, t, in, have.UserID)
}

// active makes the service user of an application active or not, where the seed
// says so.
func (p *seeding) active(ctx context.Context, t store.Tenant, in seed.Application, user string) error {
	if in.Active == nil {
		return nil
	}
	now, err := p.d.MayAct(ctx, t, user)
	if err != nil || now == *in.Active {
		return err
	}
	p.did("service user of the application %s", in.AppID)
	if p.q.DryRun {
		return nil
	}
	return p.d.SetActive(ctx, t, user, *in.Active)
}

// tokens makes the tokens of the seed, and anew those that are otherwise.
func (p *seeding) tokens(ctx context.Context, t store.Tenant) error {
	list, err := p.d.Store.Tokens(ctx, t.ID)
	if err != nil {
		return err
	}
	tokens := p.t.Tokens
	if p.report.Created && tokens == nil { // a tenant without a token is of no use
		tokens = []seed.Token{{Name: FirstToken}}
	}
	for _, k := range tokens {
		rights, err := auth.ParseRights(rightsOr(k.Rights))
		if err != nil {
			return err
		}
		text := k.Token
		var hash [32]byte
		switch {
		case k.Sealed != "":
			plain, err := p.key.OpenHash(k.Sealed, "token", k.Name)
			if err != nil || len(plain) != len(hash) {
				return p.s.MistakeAt(p.t, "tokens", fmt.Sprintf("The token %s cannot be used: it does not open with the key.", k.Name))
			}
			hash = [32]byte(plain)
		case text != "":
			hash = auth.Hash(text)
		}
		i := slices.IndexFunc(list, func(have store.Token) bool { return have.Name == k.Name && have.Revoked.IsZero() })
		if i >= 0 {
			have := list[i]
			if (hash == [32]byte{} || hash == have.Hash) && have.Rights == rights.String() && have.Expires.Equal(k.Expires.UTC().Truncate(time.Microsecond)) {
				continue
			}
			if !p.q.DryRun {
				if _, err := p.d.RevokeToken(ctx, t.Name, have.ID); err != nil {
					return err
				}
			}
		}
		p.did("token %s", k.Name)
		if p.q.DryRun {
			continue
		}
		made := ""
		if hash == [32]byte{} {
			made = auth.NewToken()
			hash = auth.Hash(made)
		}
		out, err := p.d.createToken(ctx, t, NewToken{Name: k.Name, Expires: k.Expires}, rights, made, hash)
		if err != nil {
			return err
		}
		if made != "" {
			p.report.Tokens = append(p.report.Tokens, *out)
		}
	}
	return nil
}

// issuers makes the tenant trust the issuers of the seed.
func (p *seeding) issuers(ctx context.Context, t store.Tenant) error {
	have, _ := scim.StoredTrust(t.Trust)
	for _, i := range p.t.Issuers {
		same := slices.IndexFunc(have, func(x *Issuer) bool { return x.Name == i.Name })
		if same >= 0 && scim.TrustText([]*Issuer{have[same]}) == scim.TrustText([]*Issuer{i}) {
			continue
		}
		p.did("issuer %s", i.Name)
		if p.q.DryRun {
			continue
		}
		if same >= 0 {
			if err := p.d.RemoveIssuer(ctx, t.Name, i.Name); err != nil {
				return err
			}
		}
		if _, err := p.d.AddIssuer(ctx, t.Name, *i); err != nil {
			return err
		}
	}
	return nil
}

// prune takes away the applications, tokens and issuers that the seed does not name,
// where it names any.
func (p *seeding) prune(ctx context.Context, t store.Tenant) error {
	d := p.d
	if p.t.Applications != nil {
		list, err := d.Store.Applications(ctx, t.ID)
		if err != nil {
			return err
		}
		for _, a := range list {
			if slices.ContainsFunc(p.apps, func(x store.Application) bool { return strings.EqualFold(x.ID, a.ID) }) {
				continue
			}
			p.did("application %s, removed", a.ID)
			if !p.q.DryRun {
				if err := d.DeleteApplication(ctx, t.Name, a.ID); err != nil {
					return err
				}
			}
		}
	}
	if p.t.Tokens != nil {
		list, err := d.Store.Tokens(ctx, t.ID)
		if err != nil {
			return err
		}
		for _, k := range list {
			if !k.Revoked.IsZero() || slices.ContainsFunc(p.t.Tokens, func(x seed.Token) bool { return x.Name == k.Name }) {
				continue
			}
			p.did("token %s, revoked", k.Name)
			if !p.q.DryRun {
				if _, err := d.RevokeToken(ctx, t.Name, k.ID); err != nil {
					return err
				}
			}
		}
	}
	if p.t.Issuers == nil {
		return nil
	}
	have, _ := scim.StoredTrust(t.Trust)
	for _, i := range have {
		if slices.ContainsFunc(p.t.Issuers, func(x *Issuer) bool { return x.Name == i.Name }) {
			continue
		}
		p.did("issuer %s, removed", i.Name)
		if !p.q.DryRun {
			if err := d.RemoveIssuer(ctx, t.Name, i.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// SeedProfile is a tenant with the profile and limits that a seed gives it, as if
// there were no other.
func (d *Direct) SeedProfile(t *seed.Tenant) (store.Tenant, error) {
	p := &seeding{t: t}
	err := d.change(&p.then, p.change())
	return p.then, err
}
