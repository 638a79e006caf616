package store

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// Tenant is one isolated set of resources.
type Tenant struct {
	ID   int64
	Name string
	// Space is where its resources are; a restore gives it another one. Home is the
	// space of what belongs to the tenant itself and stays: its logs, and its
	// secrets under SpaceSeq.
	Space, Home int64
	// Profile names the profile, for people.
	Profile string
	// Switches and Limits are texts of package scim: the profile in full, "" for
	// whatever the server's options say; what the tenant may cost; and whose
	// tokens it accepts beside its own.
	Switches, Limits, Trust string
	// Hosts are the host names that lead to the tenant: in lower case, without
	// ports, sorted.
	Hosts   []string
	Created time.Time
	// Expires is when it stops being there; zero: never.
	Expires time.Time
	// OnDemand tells that it came to be by its first use.
	OnDemand bool
}

// Expired tells that a tenant is not there any more at a time, though it may not
// be removed yet.
func (t *Tenant) Expired(now time.Time) bool { return !t.Expires.IsZero() && !now.Before(t.Expires) }

// TenantSettings begins the keys of the settings that go with a tenant.
func TenantSettings(id int64) string { return tenantSettings + strconv.FormatInt(id, 10) + "/" }

const tenantSettings = "tenant/"

// SettingTenant is the tenant that a setting goes with; ok is false for a setting
// of none.
func SettingTenant(key string) (id int64, ok bool) {
	rest, ok := strings.CutPrefix(key, tenantSettings)
	number, _, ended := strings.Cut(rest, "/")
	id, err := strconv.ParseInt(number, 10, 64)
	return id, ok && ended && err == nil
}

// Token is an opaque bearer token; only its hash is kept.
type Token struct {
	ID        string // public, names the token in lists and logs
	Tenant    int64
	Name      string
	Hash      [32]byte // SHA-256 of the token
	Rights    string   // see internal/auth
	Principal Principal
	Created   time.Time
	Expires   time.Time // zero: never
	Revoked   time.Time // zero: not revoked
}

// Application gets access tokens of a tenant for its service user. ID and
// ClientID are compared without regard to letter case.
type Application struct {
	Tenant   int64
	ID       string
	ClientID string // login name of the service user
	UserID   string // resource id of the service user
	Secret   string // hash of the client secret, see internal/auth
	// Epoch is made anew with the secret; tokens name the one they belong to.
	Epoch string
	// Scopes are names separated by blanks; Rights see internal/auth. PersonRights
	// bound, beside these, the tokens of people; "" is none.
	Scopes, Rights, PersonRights string
	// Lifetime of access tokens, in whole seconds; 0 is that of the endpoint.
	Lifetime time.Duration
	// Public tells that the application cannot keep a secret, and has none.
	Public bool
	// Grants are names of grant types, Redirects redirect URIs, each separated by
	// blanks.
	Grants, Redirects string
	// RefreshLifetime is how long a sign-in lasts, in whole seconds; 0 is the usual.
	RefreshLifetime time.Duration
	// Rotates tells that each refresh token is good once.
	Rotates bool
	Created time.Time
	Rotated time.Time // zero: never
}

// Admin is what the control side keeps: tenants, tokens, applications, settings.
type Admin interface {
	// EnsureTenant reads the tenant of that name or makes it, with a new space;
	// created reports whether this call made it. Safe against a race.
	EnsureTenant(ctx context.Context, t Tenant) (tenant Tenant, created bool, err error)
	// CreateTenant makes a tenant with a new space. *TakenError "name", or "host"
	// with the host that leads to another tenant.
	CreateTenant(ctx context.Context, t Tenant) (Tenant, error)
	// UpdateTenant changes profile, switches, limits, trust, hosts and the time of
	// expiry as change does to the tenant given to it, which may run more than once;
	// an error from change is returned as it is. ErrNotFound; *TakenError "host".
	UpdateTenant(ctx context.Context, id int64, change func(*Tenant) error) (Tenant, error)
	// DeleteTenant removes a tenant with its tokens, applications, hosts and settings at
	// once, so that nothing leads to its resources any more; Sweep removes these. ErrNotFound.
	DeleteTenant(ctx context.Context, id int64, at time.Time) error
	// Sweep removes what is in spaces that nothing leads to any more: of deleted
	// tenants at once, of those that were taken back to a snapshot when no request
	// can be under way in it, as it is told by idle, or since settled. It works in
	// short transactions, and a later call takes up where one was cut off. A request
	// under way may still have written after its tenant was deleted: only spaces
	// given up before settled, or idle ones, are done with, others are swept again
	// by the next call. idle may be nil.
	Sweep(ctx context.Context, settled time.Time, idle func(space int64) bool) error
	// Tenants reads all tenants in order of creation.
	Tenants(ctx context.Context) ([]Tenant, error)
	// TenantNamed reads a tenant; ErrNotFound.
	TenantNamed(ctx context.Context, name string) (Tenant, error)
	// ExpiredTenants reads those that have expired at a time.
	ExpiredTenants(ctx context.Context, at time.Time) ([]Tenant, error)
	// ChangedTenants reads the tenants that have changed after a generation, and
	// the ids of those that were deleted after it, for as long as they are not swept.
	ChangedTenants(ctx context.Context, since int64) (changed []Tenant, deleted []int64, err error)
	// TenantGeneration is a number that every change of a tenant makes greater.
	TenantGeneration(ctx context.Context) (int64, error)
	// CreateToken stores a token; *TakenError "name" when a token of the tenant
	// that is not revoked has the name; ErrNotFound without the tenant.
	CreateToken(ctx context.Context, t Token) error
	// RenewToken gives the token of the tenant that has the hash the name, the rights
	// and the end of t, and makes it good again; false without one.
	RenewToken(ctx context.Context, t Token) (bool, error)
	// TokenByHash finds a token, revoked and expired ones too; ErrNotFound.
	TokenByHash(ctx context.Context, hash [32]byte) (Token, error)
	Tokens(ctx context.Context, tenant int64) ([]Token, error)
	// RevokeToken revokes by id or name; ErrNotFound when none is active.
	RevokeToken(ctx context.Context, tenant int64, idOrName string, at time.Time) (Token, error)
	// Applications reads the applications of a tenant, by id.
	Applications(ctx context.Context, tenant int64) ([]Application, error)
	// Application finds one by its id, ApplicationByClient by its client id;
	// ErrNotFound.
	Application(ctx context.Context, tenant int64, id string) (Application, error)
	ApplicationByClient(ctx context.Context, tenant int64, clientID string) (Application, error)
	// RotateApplication gives an application another secret and epoch; ErrNotFound.
	RotateApplication(ctx context.Context, tenant int64, id, secret, epoch string, at time.Time) (Application, error)
	// UpdateApplication changes what an application may do, and how: everything but
	// its ids, its user, its secret and its times; ErrNotFound.
	UpdateApplication(ctx context.Context, a Application) error
	// ClaimOnce reports true to exactly one caller per key, for ever.
	ClaimOnce(ctx context.Context, key string) (bool, error)
	// Setting reads a stored setting; ok is false when it is not there.
	Setting(ctx context.Context, key string) (value string, ok bool, err error)
	// SetSetting stores a setting if it is not there yet and returns what is.
	// ErrNotFound when it goes with a tenant that is not there.
	SetSetting(ctx context.Context, key, value string) (string, error)
	// DropSetting removes a setting, if it is there.
	DropSetting(ctx context.Context, key string) error
	// Events reads up to limit events of a space with N > after, in order.
	Events(ctx context.Context, space, after int64, limit int) ([]Event, error)
	Trail

	// Check looks for what must not be, in one state of the database, beside
	// everything else, and changes nothing. It gives each finding to found, and
	// counts what it has looked at by table. ErrNotFound without the tenant.
	Check(ctx context.Context, o CheckOptions, found func(Finding)) (checked map[string]int64, err error)

	// DataKeys reads the data keys in order of Nr.
	DataKeys(ctx context.Context) ([]DataKey, error)
	// AddDataKey stores a data key unless there is one with its Nr or a greater, and
	// retires those before it at k.Created; added tells whether it did. ErrMaster
	// when k.Master is not what MasterSetting says.
	AddDataKey(ctx context.Context, k DataKey) (added bool, err error)
	// RewrapDataKeys changes the master key from one fingerprint to another: rewrap
	// gives what each data key, retired ones too, is to be stored as. It may run
	// more than once; an error from it is returned as it is. ErrMaster when from is
	// not what MasterSetting says.
	RewrapDataKeys(ctx context.Context, from, to string, rewrap func(DataKey) ([]byte, error)) error
	// DropDataKeys removes data keys that retired before a time and have no sealed
	// value any more, and returns their ids.
	DropDataKeys(ctx context.Context, retired time.Time) ([]string, error)
	// Sealed counts the sealed values by the id of their data key.
	Sealed(ctx context.Context) (map[string]int64, error)
	// Reseal gives every value sealed with a data key, and the context it was sealed
	// for, to seal, and stores what that returns, unless the value was changed
	// meanwhile. What seal fails on stays. It works in short transactions; a later
	// call takes up where one was cut off.
	Reseal(ctx context.Context, key string, seal func(sealed Sealed, context []byte) (Sealed, error)) (Resealed, error)
}
