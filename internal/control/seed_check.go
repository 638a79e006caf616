package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/seed"
	"github.com/scimd/scimd/internal/store"
)

// This file checks the settings of a seed before anything is changed.

// check checks the settings of a tenant and its resources.
func (p *seeding) check(ctx context.Context) error {
	d, t := p.d, p.t
	wrong := p.settings()
	if t.Faults != nil && d.FaultsOf == nil {
		wrong = seed.Also(wrong, p.s.MistakeAt(t, "faults", "Faults are kept by a running server, and none runs here."))
	} else if t.Faults != nil {
		rules, err := meant(t.Faults)
		if err == nil {
			err = d.FaultsOf(p.now).Check(rules...)
		}
		if err != nil {
			wrong = seed.Also(wrong, p.s.MistakeAt(t, "faults", scimerr.From(err).Detail))
		}
	}
	target, err := d.SeedTenant(ctx, p.then)
	if err != nil {
		return err
	}
	return seed.Also(wrong, p.s.Check(t, target, p.key, p.now.ID == 0)) // a new tenant has nothing to be named
}

// settings checks what can be told of the settings without the tenant, and gives all
// mistakes. The tenant as it shall be has those that have none.
func (p *seeding) settings() (wrong error) {
	d, t := p.d, p.t
	found := func(path, format string, args ...any) {
		wrong = seed.Also(wrong, p.s.MistakeAt(t, path, fmt.Sprintf(format, args...)))
	}
	p.then, p.hashes = p.now, map[string]string{}
	p.then.Hosts = slices.Clone(p.now.Hosts)
	if p.now.ID == 0 {
		profile, err := d.profile(p.now)
		if err != nil {
			return err
		}
		p.then.Profile, p.then.Switches = profile.Name, profile.Text()
	}
	for _, x := range p.changes() {
		if err := d.change(&p.then, &x.TenantChange); err != nil {
			found(x.path, "%s", scimerr.From(err).Detail)
		}
	}
	seen := map[string]bool{}
	once := func(path, what, key string) {
		if seen[what+key] {
			found(path, "The seed has %s twice.", what)
		}
		seen[what+key] = true
	}
	for i, a := range t.Applications {
		path := fmt.Sprintf("applications[%d]", i)
		once(path+".appId", "the application "+strings.ToLower(a.AppID), "")
		made, err := d.newApplication(p.then, newApplicationOf(a))
		if err != nil {
			e := scimerr.From(err)
			found(path+"."+e.At, "The application %s: %s", a.AppID, e.Detail)
		}
		if err := p.open(a.Sealed, "application", strings.ToLower(a.AppID)); err != nil {
			found(path+"."+sealedHash, "The application %s: %v.", a.AppID, err)
		}
		p.apps = append(p.apps, made)
	}
	for i, k := range t.Tokens {
		path := fmt.Sprintf("tokens[%d]", i)
		once(path+".name", "the token "+k.Name, "")
		if k.Token != "" {
			once(path+".token", "the text of a token", k.Token)
		}
		if at, err := p.checkToken(k); err != nil {
			found(path+"."+at, "The token %s: %v.", k.Name, err)
		}
	}
	for i, x := range t.Issuers {
		path := fmt.Sprintf("issuers[%d]", i)
		once(path+".name", "the issuer "+x.Name, "")
		if err := auth.CheckIssuer(x); err != nil {
			found(path, "The issuer %s: %v.", x.Name, err)
		}
	}
	return wrong
}

// sealedHash is the member of an application or a token with its hash, sealed.
const sealedHash = "$sealed"

// pathChange is a change of a tenant, with the path of the setting that wants it.
type pathChange struct {
	path string
	TenantChange
}

// changes are those of a tenant one by one, so that each mistake is told where it
// stands.
func (p *seeding) changes() []pathChange {
	t := p.t
	out := []pathChange{{"profile", TenantChange{Profile: t.Profile, Document: t.Document}}}
	for _, name := range slices.Sorted(maps.Keys(t.Switches)) {
		out = append(out, pathChange{"switches." + name, TenantChange{Switches: map[string]string{name: t.Switches[name]}}})
	}
	for i, h := range t.Hosts {
		if !slices.Contains(p.now.Hosts, scim.HostName(h)) {
			out = append(out, pathChange{fmt.Sprintf("hosts[%d]", i), TenantChange{AddHosts: []string{h}}})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Limits)) {
		out = append(out, pathChange{"limits." + name, TenantChange{Limits: map[string]string{name: t.Limits[name]}}})
	}
	return out
}

// become makes the changes of a tenant.
func (p *seeding) become(t *store.Tenant) error {
	for _, x := range p.changes() {
		if err := p.d.change(t, &x.TenantChange); err != nil {
			return err
		}
	}
	return nil
}

// checkToken tells what is wrong with a token, and with which member of it.
func (p *seeding) checkToken(k seed.Token) (at string, err error) {
	if err := checkName(k.Name); err != nil || k.Name == "" {
		return "name", errors.New("it needs a name of printable text")
	}
	if _, err := auth.ParseRights(rightsOr(k.Rights)); err != nil {
		return "rights", err
	}
	if k.Token != "" && (!auth.ValidToken(k.Token) || len(k.Token) < minSeedToken) {
		return "token", fmt.Errorf("a token is at least %d letters, digits and the characters - . _ ~ + /", minSeedToken)
	}
	return sealedHash, p.open(k.Sealed, "token", k.Name)
}

// open opens a hash that is sealed for a place, if it is.
func (p *seeding) open(sealed, kind, id string) error {
	if sealed == "" {
		return nil
	}
	if p.key == nil {
		return errors.New("what is sealed needs the key that it was exported with (--key-file)")
	}
	plain, err := p.key.OpenHash(sealed, kind, id)
	if err != nil || kind == "token" && len(plain) != len(store.Token{}.Hash) {
		return errors.New("what is sealed does not open with the key")
	}
	p.hashes[kind+" "+id] = string(plain)
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

// SeedProfile is a tenant with the profile and limits that a seed gives it, as if
// there were no other. All mistakes in its settings are *seed.Mistakes.
func (d *Direct) SeedProfile(s *seed.Seed, t *seed.Tenant, key *seed.SealingKey) (store.Tenant, error) {
	p := &seeding{d: d, s: s, t: t, key: key, now: store.Tenant{Name: cmp.Or(t.Name, DefaultTenant)}}
	err := p.settings()
	return p.then, err
}
