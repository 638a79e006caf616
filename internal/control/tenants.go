package control

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

const (
	// FirstToken names the token that a tenant is made with, if nobody else does.
	FirstToken = "first"
	// changeTime bounds a change of tenants from its first write on.
	changeTime = 30 * time.Second
	// maxHosts bounds the hosts of a tenant.
	maxHosts = 100
)

// Tenants implements Service.
func (d *Direct) Tenants(ctx context.Context) ([]Tenant, error) {
	list, err := d.Store.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Tenant, 0, len(list))
	for _, t := range list {
		if !t.Expired(d.Now()) {
			out = append(out, d.shown(t))
		}
	}
	return out, nil
}

// Tenant implements Service.
func (d *Direct) Tenant(ctx context.Context, name string) (*Tenant, error) {
	t, err := d.tenant(ctx, name)
	if err != nil {
		return nil, err
	}
	out := d.shown(t)
	p, err := d.profile(t)
	if err != nil {
		return nil, err
	}
	out.Switches = map[string]string{}
	for _, s := range p.Switches() {
		out.Switches[s.Name] = s.Value
	}
	return &out, nil
}

// CreateTenant implements Service.
func (d *Direct) CreateTenant(ctx context.Context, n NewTenant) (*MadeTenant, error) {
	t := store.Tenant{Name: scim.TenantName(n.Name), Created: d.now()}
	if t.Name == "" {
		t.Name = "t-" + strings.ToLower(rand.Text()[:16])
	}
	if !scim.ValidTenantName(t.Name) {
		return nil, scimerr.InvalidValue("name", "The name of a tenant has 1 to 63 letters, digits and hyphens.")
	}
	token := NewToken{Tenant: t.Name, Name: n.TokenName, Rights: auth.All.String()}
	if token.Name == "" {
		token.Name = FirstToken
	}
	if err := checkName(token.Name); err != nil {
		return nil, err
	}
	source, snapshot, err := d.source(ctx, n.From)
	if err != nil {
		return nil, err
	}
	t.Switches, t.Limits = source.Switches, source.Limits
	p, err := d.profile(t)
	if err == nil {
		t.Profile, t.Switches = p.Name, p.Text() // in full, whatever the options become
		err = d.change(&t, &n.TenantChange)
	}
	if err != nil {
		return nil, err
	}
	name := t.Name
	if err := d.free(ctx, name); err != nil {
		return nil, err
	}
	copying := ctx
	ctx, done := toTheEnd(ctx)
	defer done()
	var strays []string
	if n.From == "" {
		t, err = d.Store.CreateTenant(ctx, t)
	} else {
		var r store.Restored
		if r, err = d.Store.CopyTenant(copying, t, source.ID, snapshot, scim.ServiceUserSetting); errors.Is(err, store.ErrNotFound) {
			return nil, scimerr.NotFound("There is no tenant or snapshot %s.", n.From)
		}
		t, strays = r.Tenant, r.Strays
	}
	if err != nil {
		return nil, d.taken(err, name)
	}
	made, err := d.CreateToken(ctx, token)
	if err == nil {
		err = d.removeStrays(ctx, t, strays)
	}
	if err == nil {
		err = d.Changed(ctx)
	}
	if err != nil { // a tenant without a token is of no use to the caller
		return nil, errors.Join(err, d.delete(ctx, t))
	}
	return &MadeTenant{Tenant: d.shown(t), FirstToken: *made}, nil
}

// free deletes the tenant of a name if it has expired: the name is free.
func (d *Direct) free(ctx context.Context, name string) error {
	old, err := d.Store.TenantNamed(ctx, name)
	if err != nil || !old.Expired(d.Now()) {
		return nil
	}
	return d.delete(ctx, old)
}

// Demand makes a tenant by its first use, unless it is there: with the profile of
// the options and without a token of its own. It expires at an age, if that is not 0.
func (a *Audited) Demand(ctx context.Context, name string, age time.Duration) error {
	if err := a.free(ctx, name); err != nil {
		return err
	}
	ctx, done := toTheEnd(ctx)
	defer done()
	t := store.Tenant{Name: name, Profile: a.Profile.Name, Switches: a.Profile.Text(), Created: a.now(), OnDemand: true}
	if age > 0 {
		t.Expires = t.Created.Add(age)
	}
	_, err := a.Store.CreateTenant(ctx, t)
	var taken *store.TakenError
	if !errors.As(err, &taken) { // otherwise another request has made it meanwhile
		a.tell(ctx, "tenant.create", "", "Tenant", name, err)
	} else {
		err = nil
	}
	if err != nil {
		return err
	}
	return a.Changed(ctx)
}

// source finds what a tenant is to be made from: the name of another, or with a
// slash between them that and the name of its snapshot. "" is none.
func (d *Direct) source(ctx context.Context, from string) (t store.Tenant, snapshot string, err error) {
	if from == "" {
		return t, "", nil
	}
	name, snapshot, of := strings.Cut(from, "/")
	if name == "" || of && snapshot == "" {
		return t, "", scimerr.InvalidValue("from", "From is the name of a tenant, or TENANT/SNAPSHOT.")
	}
	t, err = d.tenant(ctx, name)
	return t, scim.TenantName(snapshot), err
}

// UpdateTenant implements Service.
func (d *Direct) UpdateTenant(ctx context.Context, name string, c TenantChange) (*Tenant, error) {
	t, err := d.tenant(ctx, name)
	if err != nil {
		return nil, err
	}
	ctx, done := toTheEnd(ctx)
	defer done()
	t, err = d.Store.UpdateTenant(ctx, t.ID, func(t *store.Tenant) error { return d.change(t, &c) })
	if err != nil {
		return nil, d.taken(err, name)
	}
	if err := d.Changed(ctx); err != nil {
		return nil, err
	}
	out := d.shown(t)
	return &out, nil
}

// DeleteTenant implements Service.
func (d *Direct) DeleteTenant(ctx context.Context, name string) error {
	t, err := d.tenant(ctx, name)
	if err != nil {
		return err
	}
	if t.Name == DefaultTenant {
		return scimerr.Conflict("The tenant %s cannot be deleted: every host that belongs to no other tenant leads to it.", t.Name)
	}
	return d.delete(ctx, t)
}

// DeleteExpired deletes the tenants that have expired.
func (a *Audited) DeleteExpired(ctx context.Context) error {
	list, err := a.Store.ExpiredTenants(ctx, a.Now())
	failed := []error{err}
	for _, t := range list {
		err := a.delete(ctx, t)
		if scimerr.Is(err, http.StatusNotFound) { // another server was first
			continue
		}
		a.tell(ctx, "tenant.expire", "", "Tenant", t.Name, err)
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

func (d *Direct) delete(ctx context.Context, t store.Tenant) error {
	tokens, err := d.Store.Tokens(ctx, t.ID)
	if err != nil {
		return err
	}
	whole, done := toTheEnd(ctx)
	defer done()
	if err := d.Store.DeleteTenant(whole, t.ID, d.Now().UTC()); err != nil {
		return d.taken(err, t.Name)
	}
	for _, token := range tokens {
		d.Revoked(token.Hash)
	}
	return errors.Join(d.Changed(whole), d.Sweep(ctx))
}

// toTheEnd is the context of a change of tenants from its first write on. A
// caller who goes away then does not cut it off: the server would not notice
// what is stored already.
func toTheEnd(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), changeTime)
}

// taken turns what the store refuses of a tenant into what a person is told.
func (d *Direct) taken(err error, name string) error {
	var taken *store.TakenError
	switch {
	case errors.Is(err, store.ErrNotFound):
		return scimerr.NotFound("There is no tenant %s.", name)
	case !errors.As(err, &taken):
		return err
	case taken.Attr == "host":
		return scimerr.Conflict("The host %s leads to another tenant.", taken.Value)
	}
	return scimerr.Conflict("There is a tenant %s already.", name)
}

// profile is the one of a tenant; it may be changed.
func (d *Direct) profile(t store.Tenant) (*scim.Profile, error) {
	if t.Switches == "" {
		own := *d.Profile
		return &own, nil
	}
	p, _, err := scim.StoredProfile(d.Profiles, t.Switches) // what is wrong with it is in the log, and is stored no more
	return p, err
}

// change does to a tenant what a change asks for. It is repeatable.
func (d *Direct) change(t *store.Tenant, c *TenantChange) error {
	if err := d.changeProfile(t, c); err != nil {
		return err
	}
	if err := changeHosts(t, c); err != nil {
		return err
	}
	if err := d.changeExpiry(t, c); err != nil {
		return err
	}
	if len(c.Limits) == 0 && t.Limits != "" {
		return nil
	}
	limits, _ := scim.StoredLimits(t.Limits) // what cannot be read is in the log, and is stored no more
	for _, name := range slices.Sorted(maps.Keys(c.Limits)) {
		if err := limits.Set(name, c.Limits[name]); err != nil {
			return scimerr.InvalidValue("limits", "The limits cannot be used: %v.", err)
		}
	}
	t.Limits = limits.Text()
	return nil
}

func (d *Direct) changeProfile(t *store.Tenant, c *TenantChange) error {
	var p *scim.Profile
	var err error
	switch {
	case c.FollowOptions:
		if t.Name != DefaultTenant || c.Profile != "" || c.Document != "" || len(c.Switches) > 0 {
			return scimerr.InvalidValue("followOptions", "Only the tenant %s can follow the options of the server, and then has no profile of its own.", DefaultTenant)
		}
		t.Profile, t.Switches = d.Profile.Name, ""
		return nil
	case c.Document != "" && c.Profile != "":
		return scimerr.InvalidValue("profile", "Give the name of a profile or a document, not both.")
	case c.Document != "":
		p, err = scim.ParseProfile(d.Profiles, c.Document)
	case scim.IsProfilePath(c.Profile):
		return scimerr.InvalidValue("profile", "A profile file is read by the command and sent whole.")
	case c.Profile != "":
		p, err = scim.LoadProfile(d.Profiles, c.Profile)
	case len(c.Switches) > 0:
		p, err = d.profile(*t)
	default:
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(c.Switches)) {
		if err == nil {
			err = p.Set(name, c.Switches[name])
		}
	}
	if err != nil {
		return scimerr.InvalidValue("profile", "The profile cannot be used: %v.", err)
	}
	t.Profile, t.Switches = p.Name, p.Text()
	return nil
}

func (d *Direct) changeExpiry(t *store.Tenant, c *TenantChange) error {
	at := c.ExpiresAt
	if c.Expires != "" {
		var err error
		if at, err = ParseExpiry(c.Expires, d.Now()); err != nil {
			return scimerr.InvalidValue("expires", "%q tells no time: %v, or never.", c.Expires, err)
		}
	}
	switch {
	case c.Expires == "" && at.IsZero():
		return nil
	case c.Expires != "" && !c.ExpiresAt.IsZero():
		return scimerr.InvalidValue("expires", "Give expires or expiresAt, not both.")
	case t.Name == DefaultTenant && !at.IsZero():
		return scimerr.InvalidValue("expires", "The tenant %s cannot expire: every host that belongs to no other tenant leads to it.", t.Name)
	case !at.IsZero() && !at.After(d.Now()):
		return scimerr.InvalidValue("expires", "The tenant would have expired already.")
	}
	t.Expires = at.UTC().Truncate(time.Microsecond)
	return nil
}

func changeHosts(t *store.Tenant, c *TenantChange) error {
	for _, h := range c.RemoveHosts {
		t.Hosts = slices.DeleteFunc(t.Hosts, func(have string) bool { return have == scim.HostName(h) })
	}
	for _, h := range c.AddHosts {
		name := scim.HostName(h)
		if !scim.ValidHostName(name) || strings.Contains(h, ":") {
			return scimerr.InvalidValue("hosts", "%q is no host name; give it without scheme, port and path.", h)
		}
		t.Hosts = append(t.Hosts, name)
	}
	if len(t.Hosts) > maxHosts {
		return scimerr.InvalidValue("hosts", "A tenant has at most %d hosts.", maxHosts)
	}
	return nil
}

// shown is a tenant as lists show it, without limits that cannot be read.
func (d *Direct) shown(t store.Tenant) Tenant {
	limits, _ := scim.StoredLimits(t.Limits)
	out := Tenant{
		Name: t.Name, Profile: t.Profile, FollowsOptions: t.Switches == "", Hosts: t.Hosts, Limits: limits.Map(),
		BaseURLs: d.baseURLs(t), Created: t.Created, Expires: t.Expires,
	}
	if out.FollowsOptions {
		out.Profile = d.Profile.Name
	}
	return out
}

// baseURLs are the ways to a tenant: from the base URL of the server, of which
// only the path is known while none runs.
func (d *Direct) baseURLs(t store.Tenant) []string {
	root := strings.TrimSuffix(d.About.BaseURL, scim.BasePath)
	list := []string{root + "/" + scim.TenantsSegment + "/" + t.Name + scim.BasePath}
	if t.Name == DefaultTenant {
		list = []string{root + scim.BasePath}
	}
	if at, err := url.Parse(root); err == nil && root != "" {
		for _, h := range t.Hosts {
			if at.Port() != "" {
				h += ":" + at.Port()
			}
			list = append(list, at.Scheme+"://"+h+scim.BasePath)
		}
	}
	return list
}
