package control

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/seed"
	"github.com/scimd/scimd/internal/store"
)

// ExportSeed implements Service.
func (d *Direct) ExportSeed(ctx context.Context, q ExportQuery, w io.Writer) error {
	if _, err := q.check(); err != nil {
		return err
	}
	key, err := sealing(q.Key)
	if err != nil {
		return err
	}
	defer d.Reading()()
	var list []store.Tenant
	if q.Tenant == "" {
		if list, err = d.Store.Tenants(ctx); err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(t store.Tenant) bool { return t.Expired(d.Now()) })
		slices.SortFunc(list, func(a, b store.Tenant) int { return strings.Compare(a.Name, b.Name) })
	} else {
		t, err := d.tenant(ctx, q.Tenant)
		if err != nil {
			return err
		}
		list = []store.Tenant{t}
	}
	out := seed.NewWriter(w, cmp.Or(q.Format, seed.YAML))
	for _, t := range list {
		if err := d.export(ctx, t, out, key); err != nil {
			return err
		}
	}
	return out.Close()
}

func (d *Direct) export(ctx context.Context, t store.Tenant, out *seed.Writer, key *seed.SealingKey) error {
	target, err := d.SeedTenant(ctx, t)
	if err != nil {
		return err
	}
	own, err := d.ServiceUser(ctx, t)
	if err != nil {
		return err
	}
	apps, err := d.Store.Applications(ctx, t.ID)
	if err != nil {
		return err
	}
	hidden := map[string]string{own.ID: own.Display}
	for _, a := range apps {
		hidden[a.UserID] = a.ClientID
	}
	settings, err := d.settings(ctx, t, apps, key)
	if err != nil {
		return err
	}
	identity := &resource.Members{}
	identity.Set("name", resource.Text(t.Name))
	identity.Set("exact", resource.Truth(true))
	if key != nil {
		identity.Set("sealed", resource.Text(key.ID))
	}
	if err := out.Tenant(identity, settings); err != nil {
		return err
	}
	return seed.Export(ctx, d.Resources, target, out, key, hidden)
}

// settings are what a tenant has beside its resources, in the form of a seed.
func (d *Direct) settings(ctx context.Context, t store.Tenant, apps []store.Application, key *seed.SealingKey) (*resource.Members, error) {
	m := &resource.Members{}
	if t.Switches != "" {
		if err := d.exportProfile(m, t); err != nil {
			return nil, err
		}
	}
	limits, _ := scim.StoredLimits(t.Limits)
	trust, _ := scim.StoredTrust(t.Trust)
	list := make([]seed.Application, len(apps))
	for i, a := range apps {
		active, err := d.MayAct(ctx, t, a.UserID)
		if err != nil {
			return nil, err
		}
		list[i] = exportApplication(a, active, key)
	}
	tokens, err := d.Store.Tokens(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	for _, s := range []struct {
		name string
		v    any
		some bool
	}{
		{"hosts", t.Hosts, len(t.Hosts) > 0}, {"limits", limits.Map(), len(limits.Map()) > 0}, {"applications", list, len(list) > 0},
		{"tokens", exportTokens(tokens, d.timeOf(t), key), len(tokens) > 0}, {"issuers", trust, len(trust) > 0},
	} {
		if !s.some {
			continue
		}
		text, err := json.Marshal(s.v)
		if err != nil {
			return nil, err
		}
		v, err := resource.Parse(text, resource.Limits{})
		if err != nil {
			return nil, err
		}
		if !v.Unassigned() {
			m.Set(s.name, v)
		}
	}
	return m, nil
}

// exportProfile tells the profile by its name and the switches in which it differs,
// or in full when it is not built in.
func (d *Direct) exportProfile(m *resource.Members, t store.Tenant) error {
	p, err := d.profile(t)
	if err != nil {
		return err
	}
	base, err := scim.LoadProfile(d.Profiles, p.Name)
	if scim.IsProfilePath(p.Name) || err != nil || p.Description != base.Description {
		v, err := resource.Parse([]byte(p.Text()), resource.Limits{})
		m.Set("profile", v)
		return err
	}
	m.Set("profile", resource.Text(p.Name))
	switches := &resource.Members{}
	for i, s := range p.Switches() {
		if s.Value != base.Switches()[i].Value {
			switches.Set(s.Name, resource.Text(s.Value))
		}
	}
	if switches.Len() > 0 {
		m.Set("switches", resource.Of(switches))
	}
	return nil
}

func exportApplication(a store.Application, active bool, key *seed.SealingKey) seed.Application {
	out := seed.Application{
		AppID: a.ID, ClientID: a.ClientID, Scope: a.Scopes, Rights: a.Rights, PersonRights: a.PersonRights, Lifetime: int64(a.Lifetime / time.Second),
		Public: a.Public, RedirectURIs: strings.Fields(a.Redirects), Grants: strings.Fields(a.Grants), RefreshLifetime: int64(a.RefreshLifetime / time.Second),
		NoRefresh: !auth.Allows(&a, auth.RefreshGrant), RotateRefresh: a.Rotates,
	}
	if !active {
		out.Active = &active
	}
	if key != nil && a.Secret != "" {
		out.Sealed = key.SealHash([]byte(a.Secret), "application", strings.ToLower(a.ID))
	}
	return out
}

// exportTokens are those that are good at a time, by name.
func exportTokens(list []store.Token, now time.Time, key *seed.SealingKey) []seed.Token {
	out := []seed.Token{}
	for _, t := range list {
		if !t.Revoked.IsZero() || !t.Expires.IsZero() && !t.Expires.After(now) {
			continue
		}
		k := seed.Token{Name: t.Name, Rights: t.Rights, Expires: t.Expires}
		if key != nil {
			k.Sealed = key.SealHash(t.Hash[:], "token", t.Name)
		}
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b seed.Token) int { return strings.Compare(a.Name, b.Name) })
	return out
}
