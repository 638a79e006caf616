package control

import (
	"context"
	"errors"
	"fmt"
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
	p.then, p.hashes = p.now, map[string]string{}
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
	if err := p.checkTwice(); err != nil {
		return err
	}
	for _, a := range t.Applications {
		made, err := d.newApplication(p.then, newApplicationOf(a))
		if err != nil {
			return p.s.MistakeAt(t, "applications", fmt.Sprintf("The application %s: %s", a.AppID, scimerr.From(err).Detail))
		}
		if err := p.open(a.Sealed, "application", strings.ToLower(a.AppID)); err != nil {
			return p.s.MistakeAt(t, "applications", fmt.Sprintf("The application %s: %v", a.AppID, err))
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
	return p.s.Check(t, target, p.key, p.now.ID == 0) // a new tenant has nothing to be named
}

// checkTwice refuses what a seed gives twice and a tenant has once.
func (p *seeding) checkTwice() error {
	seen := map[string]bool{}
	once := func(setting, what, key string) error {
		if seen[what+key] {
			return p.s.MistakeAt(p.t, setting, fmt.Sprintf("The seed has %s twice.", what))
		}
		seen[what+key] = true
		return nil
	}
	var errs []error
	for _, a := range p.t.Applications {
		errs = append(errs, once("applications", "the application "+strings.ToLower(a.AppID), ""))
	}
	for _, k := range p.t.Tokens {
		errs = append(errs, once("tokens", "the token "+k.Name, ""))
		if k.Token != "" {
			errs = append(errs, once("tokens", "the text of a token", k.Token))
		}
	}
	for _, i := range p.t.Issuers {
		errs = append(errs, once("issuers", "the issuer "+i.Name, ""))
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
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
	return p.open(k.Sealed, "token", k.Name)
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

// SeedProfile is a tenant with the profile and limits that a seed gives it, as if
// there were no other.
func (d *Direct) SeedProfile(t *seed.Tenant) (store.Tenant, error) {
	p := &seeding{t: t}
	err := d.change(&p.then, p.change())
	return p.then, err
}
