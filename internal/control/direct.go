package control

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/clock"
	"github.com/scimd/scimd/internal/fault"
	"github.com/scimd/scimd/internal/journal"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/secret"
	"github.com/scimd/scimd/internal/store"
)

// Admin is the part of store.Store that is managed here.
type Admin interface {
	store.Snapshots
	Moment(ctx context.Context, fn func(store.Reader) error) error
	Tenants(ctx context.Context) ([]store.Tenant, error)
	TenantNamed(ctx context.Context, name string) (store.Tenant, error)
	ExpiredTenants(ctx context.Context, at time.Time) ([]store.Tenant, error)
	CreateTenant(ctx context.Context, t store.Tenant) (store.Tenant, error)
	UpdateTenant(ctx context.Context, id int64, change func(*store.Tenant) error) (store.Tenant, error)
	DeleteTenant(ctx context.Context, id int64, at time.Time) error
	CreateToken(ctx context.Context, t store.Token) error
	RenewToken(ctx context.Context, t store.Token) (bool, error)
	Tokens(ctx context.Context, tenant int64) ([]store.Token, error)
	RevokeToken(ctx context.Context, tenant int64, idOrName string, at time.Time) (store.Token, error)
	Check(ctx context.Context, o store.CheckOptions, found func(store.Finding)) (map[string]int64, error)
	Applications(ctx context.Context, tenant int64) ([]store.Application, error)
	Application(ctx context.Context, tenant int64, id string) (store.Application, error)
	RotateApplication(ctx context.Context, tenant int64, id, secret, epoch string, at time.Time) (store.Application, error)
	UpdateApplication(ctx context.Context, a store.Application) error
	Setting(ctx context.Context, key string) (value string, ok bool, err error)
	SetSetting(ctx context.Context, key, value string) (string, error)
	DropSetting(ctx context.Context, key string) error
	Ping(ctx context.Context) error
	store.Trail
}

// Direct is the Service on a store.
type Direct struct {
	Store Admin
	// ServiceUser gives the principal of new tokens of a tenant.
	ServiceUser func(context.Context, store.Tenant) (store.Principal, error)
	// AddServiceUser, RemoveServiceUser, SetActive and MayAct are those of
	// scim.Service.
	AddServiceUser    func(ctx context.Context, t store.Tenant, userName string, then func(store.Tx, string) error) error
	RemoveServiceUser func(ctx context.Context, t store.Tenant, id string, then func(store.Tx) error) error
	SetActive         func(ctx context.Context, t store.Tenant, id string, active bool) error
	MayAct            func(ctx context.Context, t store.Tenant, id string) (bool, error)
	// ApplicationChanged is told of each application deleted here, or given another
	// secret; Signing gives the keys of access tokens.
	ApplicationChanged func(tenant int64, id string)
	Signing            func(context.Context) (*auth.SigningKeys, error)
	// Profiles are the built-in profiles, see scim.LoadProfile; Profile is the one
	// of the server's options.
	Profiles fs.FS
	Profile  *scim.Profile
	// Revoked is told the hash of each token revoked here; Changed is called after
	// each change of a tenant, and Sweep has removed what deleted ones held.
	Revoked        func(hash [32]byte)
	Changed, Sweep func(context.Context) error
	// Restored is told of each tenant that was taken back to a snapshot here.
	Restored func(tenant int64)
	// Keyring gives the keyring; SharedDatabase tells whether other processes may
	// have one on the same database. KeepMaster has kept a new master key for the
	// next start, in the file it names, or nowhere when the key was given.
	// HeldKeys gives it only if that makes no key, else nil.
	Keyring, HeldKeys func(context.Context) (*secret.Keyring, error)
	SharedDatabase    bool
	KeepMaster        func(text string) (file string, err error)
	// ClockOf, IDsOf and FaultsOf are what a server keeps of a tenant in memory; nil where none
	// runs.
	ClockOf  func(store.Tenant) *clock.Clock
	IDsOf    func(store.Tenant) IDs
	FaultsOf func(store.Tenant) *fault.Rules
	// Journals are those of the running server; nil when it keeps none, or none runs.
	Journals *journal.Journals
	About    Info
	Now      func() time.Time
	// Registry has the resource types, Resources are the resources of all tenants, and
	// SeedTenant gives a tenant ready for a seed, with what seals its secrets.
	Registry   *schema.Registry
	Resources  *scim.Service
	SeedTenant func(context.Context, store.Tenant) (*scim.Tenant, error)
}

// Info implements Service.
func (d *Direct) Info(context.Context) (*Info, error) { return &d.About, nil }

// Health implements Service.
func (d *Direct) Health(ctx context.Context) error {
	if err := d.Store.Ping(ctx); err != nil {
		return scimerr.Unavailable(err)
	}
	return nil
}

// CreateToken implements Service. Without a name the token is called after its id.
func (d *Direct) CreateToken(ctx context.Context, n NewToken) (*Token, error) {
	tenant, err := d.tenant(ctx, n.Tenant)
	if err != nil {
		return nil, err
	}
	rights, err := auth.ParseRights(n.Rights)
	if err != nil {
		return nil, scimerr.InvalidValue("rights", "The rights cannot be read: %v.", err)
	}
	if !n.Expires.IsZero() && !n.Expires.After(d.timeOf(tenant)) {
		return nil, scimerr.InvalidValue("expires", "The token would have expired already.")
	}
	text := auth.NewToken()
	return d.createToken(ctx, tenant, n, rights, text, auth.Hash(text))
}

// createToken makes a token of a text, "" when only its hash is known.
func (d *Direct) createToken(ctx context.Context, tenant store.Tenant, n NewToken, rights auth.Rights, text string, hash [32]byte) (_ *Token, err error) {
	now := d.Now().UTC().Truncate(time.Microsecond)
	t := store.Token{
		ID: auth.NewTokenID(), Tenant: tenant.ID, Name: n.Name, Hash: hash, Rights: rights.String(),
		Created: now, Expires: n.Expires.UTC().Truncate(time.Microsecond),
	}
	if t.Name == "" {
		t.Name = "token-" + t.ID
	}
	if err := checkName(t.Name); err != nil {
		return nil, err
	}
	if t.Principal, err = d.ServiceUser(ctx, tenant); err != nil {
		return nil, err
	}
	var taken *store.TakenError
	if err := d.Store.CreateToken(ctx, t); errors.As(err, &taken) && taken.Attr == "hash" {
		return nil, scimerr.Conflict("The text of the token %s is that of another token; give it another.", t.Name)
	} else if errors.As(err, &taken) {
		return nil, scimerr.Conflict("A token named %s is in use in the tenant %s; revoke it or choose another name.", t.Name, tenant.Name)
	} else if errors.Is(err, store.ErrNotFound) { // it was deleted meanwhile
		return nil, scimerr.NotFound("There is no tenant %s.", tenant.Name)
	} else if err != nil {
		return nil, err
	}
	out := shownToken(t, tenant.Name)
	out.Text = text
	return &out, nil
}

// checkName keeps names fit for logs, paths and the command line.
func checkName(name string) error {
	if !scim.PrintableName(name) || name == "." || name == ".." {
		return scimerr.InvalidValue("name", "The name of a token is at most %d bytes of printable text, and not . or .. .", scim.MaxName)
	}
	return nil
}

// Tokens implements Service.
func (d *Direct) Tokens(ctx context.Context, tenant string) ([]Token, error) {
	tn, err := d.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	list, err := d.Store.Tokens(ctx, tn.ID)
	if err != nil {
		return nil, err
	}
	out := make([]Token, len(list))
	for i, t := range list {
		out[i] = shownToken(t, tn.Name)
	}
	return out, nil
}

// RevokeToken implements Service.
func (d *Direct) RevokeToken(ctx context.Context, tenant, idOrName string) (*Token, error) {
	tn, err := d.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	t, err := d.Store.RevokeToken(ctx, tn.ID, idOrName, d.Now().UTC().Truncate(time.Microsecond))
	if errors.Is(err, store.ErrNotFound) {
		return nil, noToken(tn.Name, idOrName)
	}
	if err != nil {
		return nil, err
	}
	d.Revoked(t.Hash)
	out := shownToken(t, tn.Name)
	return &out, nil
}

func noToken(tenant, idOrName string) error {
	return scimerr.NotFound("The tenant %s has no active token with the id or name %q.", tenant, idOrName)
}

func (d *Direct) tenant(ctx context.Context, name string) (store.Tenant, error) {
	name = scim.TenantName(name)
	if name == "" {
		name = DefaultTenant
	}
	t, err := d.Store.TenantNamed(ctx, name)
	if errors.Is(err, store.ErrNotFound) || err == nil && t.Expired(d.Now()) {
		return store.Tenant{}, scimerr.NotFound("There is no tenant %s.", name)
	}
	return t, err
}
