// Package control is the management API of a server: its tenants, its tokens,
// and what it is. Commands reach it over a Unix socket in the data directory
// (Dial) while a server runs there, and otherwise work on the store themselves
// (Direct); both are the same Service.
package control

import (
	"context"
	"time"

	"github.com/scimd/scimd/internal/audit"
	"github.com/scimd/scimd/internal/store"
)

// DefaultTenant is the tenant that every server has.
const DefaultTenant = "default"

// Service is what can be managed. Refusals are *scimerr.Error.
type Service interface {
	Snapshots
	Journal
	Info(ctx context.Context) (*Info, error)
	// Health is nil when the server can answer requests.
	Health(ctx context.Context) error
	Tenants(ctx context.Context) ([]Tenant, error)
	// Tenant shows one tenant with its switches; 404.
	Tenant(ctx context.Context, name string) (*Tenant, error)
	// CreateTenant makes a tenant with a first token of all rights, whose text is
	// in the answer and nowhere else. 409 when the name or a host is in use.
	CreateTenant(ctx context.Context, n NewTenant) (*MadeTenant, error)
	// UpdateTenant changes what the change names, and leaves the rest; 404, 409.
	UpdateTenant(ctx context.Context, name string, c TenantChange) (*Tenant, error)
	// DeleteTenant deletes a tenant with everything in it. At once nothing leads to
	// it any more; its resources are removed soon. The default one stays (409).
	DeleteTenant(ctx context.Context, name string) error
	// CreateToken makes a token; its text is in the answer and nowhere else.
	// 409 when the name is in use by a token that is not revoked.
	CreateToken(ctx context.Context, n NewToken) (*Token, error)
	// Tokens lists the tokens of a tenant, revoked and expired ones too.
	Tokens(ctx context.Context, tenant string) ([]Token, error)
	// RevokeToken revokes by id or name; 404 when no such token is active.
	RevokeToken(ctx context.Context, tenant, idOrName string) (*Token, error)
	// DataKeys lists the keys that have sealed stored secrets, oldest first.
	DataKeys(ctx context.Context) ([]DataKey, error)
	// RotateKeys makes a new data key and seals all secrets with it, which takes as
	// long as there are many.
	RotateKeys(ctx context.Context) (*Rotation, error)
	// ChangeMaster wraps the data keys with another master key.
	ChangeMaster(ctx context.Context, m NewMaster) (*Master, error)
	// Check looks for what must not be in the database; tenant "" means all; 404.
	Check(ctx context.Context, tenant string) (*Check, error)
	// Audit reads the trail of a tenant, or, with "", what belongs to none; 404.
	Audit(ctx context.Context, tenant string, q audit.Query) (*audit.Page, error)
	// CreateApplication makes an application with its service user; its secret is
	// in the answer and nowhere else. 409 when the id or the login name is in use.
	CreateApplication(ctx context.Context, n NewApplication) (*Application, error)
	// Applications lists the applications of a tenant.
	Applications(ctx context.Context, tenant string) ([]Application, error)
	// RotateApplication gives an application another secret, which is in the
	// answer, and ends the tokens that it has; 404.
	RotateApplication(ctx context.Context, tenant, id string) (*Application, error)
	// DeleteApplication deletes an application with its service user and ends its
	// tokens; 404.
	DeleteApplication(ctx context.Context, tenant, id string) error
	// ServiceUsers lists the users that tokens and applications of a tenant stand for.
	ServiceUsers(ctx context.Context, tenant string) ([]ServiceUser, error)
	// SetServiceUser makes a service user, called by its id, its userName or the id of
	// its application, active or not; at once its tokens are good or not. 404; the
	// tenant's own stays active (403).
	SetServiceUser(ctx context.Context, tenant, user string, active bool) (*ServiceUser, error)
	// SigningKeys lists the keys that sign access tokens of a tenant, oldest first.
	SigningKeys(ctx context.Context, tenant string) ([]SigningKey, error)
	// RotateSigningKey makes another key sign. Tokens of the keys before stay good,
	// unless dropOld ends them.
	RotateSigningKey(ctx context.Context, tenant string, dropOld bool) ([]SigningKey, error)
	// Issuers lists the issuers of others whose tokens a tenant accepts.
	Issuers(ctx context.Context, tenant string) ([]*Issuer, error)
	// AddIssuer makes a tenant accept the tokens of another issuer, and gives it as
	// it is stored. 409 when it trusts one of that name or that iss already.
	AddIssuer(ctx context.Context, tenant string, i Issuer) (*Issuer, error)
	// RemoveIssuer ends that, for tokens in use too; 404.
	RemoveIssuer(ctx context.Context, tenant, issuer string) error
	Clocks
	IDSeeds
	Faults
	Seeds
}

// Info tells what a server is. Address is where it listens, host:port; TLS tells
// how.
type Info struct {
	Version  string    `json:"version" doc:"Version of the program."`
	PID      int       `json:"pid" doc:"Number of the process."`
	BaseURL  string    `json:"baseUrl" doc:"Base URL for clients of the default tenant."`
	Address  string    `json:"address" doc:"Where it listens, host and port."`
	TLS      bool      `json:"tls,omitempty" doc:"Whether it speaks TLS."`
	Engine   string    `json:"engine" doc:"Engine of the database."`
	Database string    `json:"database" doc:"The database, without secrets."`
	Profile  string    `json:"profile" doc:"Profile of the options."`
	Started  time.Time `json:"started" doc:"When it was started."`
}

// Tenant is one isolated set of resources. Names are in lower case.
type Tenant struct {
	Name           string            `json:"name" doc:"Name of the tenant, in lower case."`
	Profile        string            `json:"profile" doc:"Name of its profile."`
	FollowsOptions bool              `json:"followsOptions,omitempty" doc:"It has no profile of its own, but behaves as the options of the server say."`
	Hosts          []string          `json:"hosts,omitempty" doc:"Host names that lead to it."`
	Limits         map[string]int    `json:"limits,omitempty" doc:"Its limits by name."`
	BaseURLs       []string          `json:"baseUrls" doc:"Base URLs for its clients; paths where no server runs."`
	Switches       map[string]string `json:"switches,omitempty" doc:"The switches of its profile; only where one tenant is asked for."`
	Created        time.Time         `json:"created" doc:"When it was made."`
	Expires        time.Time         `json:"expires,omitzero" doc:"When it is removed; absent: never."`
}

// NewTenant asks for a tenant. Without a profile it gets the one of the tenant that
// it is made from, or the one that the options of the server name.
type NewTenant struct {
	Name string `json:"name,omitempty" doc:"Made when absent."`
	From string `json:"from,omitempty" doc:"TENANT or TENANT/SNAPSHOT: the tenant begins with these resources, and is reset to them."`
	TenantChange
	TokenName string `json:"tokenName,omitempty" doc:"Name of the first token; first when absent."`
}

// MadeTenant is a tenant just made.
type MadeTenant struct {
	Tenant
	FirstToken Token `json:"firstToken" doc:"A token of all rights, with its text."`
}

// TenantChange is what of a tenant is to be set. Its profile is stored in full.
type TenantChange struct {
	Profile       string            `json:"profile,omitempty" doc:"Name of a built-in profile."`
	Document      string            `json:"document,omitempty" doc:"Text of another profile, in full, in place of profile."`
	Switches      map[string]string `json:"switches,omitempty" doc:"Switches to set, by name, on that profile or on the one that there is."`
	FollowOptions bool              `json:"followOptions,omitempty" doc:"Gives up the own profile of the default tenant."`
	AddHosts      []string          `json:"addHosts,omitempty" doc:"Host names that shall lead to it."`
	RemoveHosts   []string          `json:"removeHosts,omitempty" doc:"Host names that no longer shall."`
	Limits        map[string]string `json:"limits,omitempty" doc:"Limits by name: numbers as text, or none."`
	Expires       string            `json:"expires,omitempty" doc:"When the tenant is removed: 10m, 90d, 2030-12-31, a date and time, or never."`
	ExpiresAt     time.Time         `json:"expiresAt,omitzero" doc:"The same as a date and time."`
}

// NewToken asks for a token. Zero Expires means never.
type NewToken struct {
	Tenant  string    `json:"-"` // in the path
	Name    string    `json:"name,omitempty" doc:"Name for lists and logs; made up when absent."`
	Rights  string    `json:"rights" doc:"What it may do: read, write, all, or a list of users, groups, vault with :read or :write."`
	Expires time.Time `json:"expires,omitzero" doc:"When it ends; absent: never."`
}

// Token is one token as lists show it. Text is the token itself, present only
// in the answer to CreateToken.
type Token struct {
	Text      string    `json:"token,omitempty" doc:"The token itself; only in the answer that made it."`
	ID        string    `json:"id" doc:"Id of the token."`
	Name      string    `json:"name" doc:"Name of the token."`
	Tenant    string    `json:"tenant" doc:"Its tenant."`
	Rights    string    `json:"rights" doc:"What it may do."`
	Principal Principal `json:"principal" doc:"Whom it stands for."`
	Created   time.Time `json:"created" doc:"When it was made."`
	Expires   time.Time `json:"expires,omitzero" doc:"When it ends; absent: never."`
	Revoked   time.Time `json:"revoked,omitzero" doc:"When it was revoked."`
}

// Principal is whom a token stands for.
type Principal struct {
	Kind    string `json:"kind" doc:"Kind of principal."`
	ID      string `json:"id" doc:"Id of the user."`
	Display string `json:"display" doc:"What it is called."`
}

func shownToken(t store.Token, tenant string) Token {
	return Token{
		ID: t.ID, Name: t.Name, Tenant: tenant, Rights: t.Rights,
		Principal: Principal{Kind: t.Principal.Kind, ID: t.Principal.ID, Display: t.Principal.Display},
		Created:   t.Created, Expires: t.Expires, Revoked: t.Revoked,
	}
}
