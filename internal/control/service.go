// Package control is the management API of a server: its tenants, its tokens,
// and what it is. Commands reach it over a Unix socket in the data directory
// (Dial) while a server runs there, and otherwise work on the store themselves
// (Direct); both are the same Service.
package control

import (
	"context"
	"time"

	"github.com/scimd/scimd/internal/store"
)

// DefaultTenant is the tenant that every server has.
const DefaultTenant = "default"

// Service is what can be managed. Refusals are *scimerr.Error.
type Service interface {
	Info(ctx context.Context) (*Info, error)
	// Health is nil when the server can answer requests.
	Health(ctx context.Context) error
	Tenants(ctx context.Context) ([]Tenant, error)
	// CreateToken makes a token; its text is in the answer and nowhere else.
	// 409 when the name is in use by a token that is not revoked.
	CreateToken(ctx context.Context, n NewToken) (*Token, error)
	// Tokens lists the tokens of a tenant, revoked and expired ones too.
	Tokens(ctx context.Context, tenant string) ([]Token, error)
	// RevokeToken revokes by id or name; 404 when no such token is active.
	RevokeToken(ctx context.Context, tenant, idOrName string) (*Token, error)
}

// Info tells what a server is. Address is where it listens, host:port.
type Info struct {
	Version  string    `json:"version"`
	PID      int       `json:"pid"`
	BaseURL  string    `json:"baseUrl"`
	Address  string    `json:"address"`
	Engine   string    `json:"engine"`
	Database string    `json:"database"`
	Profile  string    `json:"profile"`
	Started  time.Time `json:"started"`
}

// Tenant is one isolated set of resources.
type Tenant struct {
	Name    string    `json:"name"`
	Profile string    `json:"profile"`
	Created time.Time `json:"created"`
}

// NewToken asks for a token. Zero Expires means never.
type NewToken struct {
	Tenant  string    `json:"tenant"`
	Name    string    `json:"name"`
	Rights  string    `json:"rights"`
	Expires time.Time `json:"expires,omitzero"`
}

// Token is one token as lists show it. Text is the token itself, present only
// in the answer to CreateToken.
type Token struct {
	Text      string    `json:"token,omitempty"`
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Tenant    string    `json:"tenant"`
	Rights    string    `json:"rights"`
	Principal Principal `json:"principal"`
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires,omitzero"`
	Revoked   time.Time `json:"revoked,omitzero"`
}

// Principal is whom a token stands for.
type Principal struct {
	Kind    string `json:"kind"`
	ID      string `json:"id"`
	Display string `json:"display"`
}

func shown(t store.Token, tenant string) Token {
	return Token{
		ID: t.ID, Name: t.Name, Tenant: tenant, Rights: t.Rights,
		Principal: Principal{Kind: t.Principal.Kind, ID: t.Principal.ID, Display: t.Principal.Display},
		Created:   t.Created, Expires: t.Expires, Revoked: t.Revoked,
	}
}
