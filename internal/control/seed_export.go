package control

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/seed"
	"github.com/scimd/scimd/internal/store"
)

// ExportSeed implements Service. All of it is of one moment, and goes to a temporary
// file first, so that no slow reader holds that moment, and w gets all or nothing.
func (d *Direct) ExportSeed(ctx context.Context, q ExportQuery, w io.Writer) (err error) {
	if _, err := q.check(); err != nil {
		return err
	}
	key, err := sealing(q.Key)
	if err != nil {
		return err
	}
	exports, err := d.exports(ctx, q)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp("", "scimd-export-*")
	if err != nil {
		return err
	}
	defer func() {
		_ = file.Close()
		_ = os.Remove(file.Name())
	}()
	out := seed.NewWriter(file, cmp.Or(q.Format, seed.YAML))
	err = d.Store.Moment(ctx, func(at store.Reader) error {
		now, err := at.Tenants(ctx)
		if err != nil {
			return err
		}
		for _, e := range exports {
			i := slices.IndexFunc(now, func(t store.Tenant) bool { return t.ID == e.tenant.ID })
			if i < 0 {
				continue // it was deleted meanwhile
			}
			e.tenant, e.target.Space = now[i], now[i].Space
			if err := d.export(ctx, at, e, out, key); err != nil {
				return err
			}
		}
		return out.Close()
	})
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = io.Copy(w, file)
	return err
}

// exported is a tenant to be exported.
type exported struct {
	tenant store.Tenant
	target scim.Tenant
	own    store.Principal // its service user
}

// exports are the tenants that are asked for, with what might have to be made for them.
func (d *Direct) exports(ctx context.Context, q ExportQuery) ([]*exported, error) {
	var list []store.Tenant
	var err error
	if q.Tenant == "" {
		if list, err = d.Store.Tenants(ctx); err != nil {
			return nil, err
		}
		list = slices.DeleteFunc(list, func(t store.Tenant) bool { return t.Expired(d.Now()) })
		slices.SortFunc(list, func(a, b store.Tenant) int { return strings.Compare(a.Name, b.Name) })
	} else {
		t, err := d.tenant(ctx, q.Tenant)
		if err != nil {
			return nil, err
		}
		list = []store.Tenant{t}
	}
	var out []*exported
	for _, t := range list {
		target, err := d.SeedTenant(ctx, t)
		if err != nil {
			return nil, err
		}
		own, err := d.ServiceUser(ctx, t)
		if err != nil {
			return nil, err
		}
		out = append(out, &exported{t, *target, own})
	}
	return out, nil
}

func (d *Direct) export(ctx context.Context, at store.Reader, e *exported, out *seed.Writer, key *seed.SealingKey) error {
	apps, err := at.Applications(ctx, e.tenant.ID)
	if err != nil {
		return err
	}
	hidden := map[string]string{e.own.ID: e.own.Display}
	for _, a := range apps {
		hidden[a.UserID] = a.ClientID
	}
	settings, err := d.settings(ctx, at, e, apps, key)
	if err != nil {
		return err
	}
	identity := &resource.Members{}
	identity.Set("name", resource.Text(e.tenant.Name))
	identity.Set("exact", resource.Truth(true))
	if key != nil {
		identity.Set("sealed", resource.Text(key.ID))
	}
	if err := out.Tenant(identity, settings); err != nil {
		return err
	}
	return seed.Export(ctx, d.Resources.At(at), &e.target, out, key, hidden)
}

// settings are what a tenant has beside its resources, in the form of a seed.
func (d *Direct) settings(ctx context.Context, at store.Reader, e *exported, apps []store.Application, key *seed.SealingKey) (*resource.Members, error) {
	m, t := &resource.Members{}, e.tenant
	if t.Switches != "" {
		if err := d.exportProfile(m, t); err != nil {
			return nil, err
		}
	}
	limits, _ := scim.StoredLimits(t.Limits)
	trust, _ := scim.StoredTrust(t.Trust)
	list := make([]seed.Application, len(apps))
	for i, a := range apps {
		active, err := d.Resources.At(at).MayAct(ctx, &e.target, a.UserID)
		if err != nil {
			return nil, err
		}
		list[i] = exportApplication(a, active, key)
	}
	tokens, err := at.Tokens(ctx, t.ID)
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
