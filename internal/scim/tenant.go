// Package scim is the SCIM 2.0 protocol without HTTP and without SQL: create,
// read, list, replace, patch and delete resources of any resource type, as the
// schema and the tenant's profile say (RFC 7643, RFC 7644).
//
// A write is decoded once into a tree of values, made canonical against the
// schema (shape.go), checked (validate.go) and stored in one transaction. A
// read never decodes: it splices and projects stored bytes (render.go). What a
// resource type does beyond its schema is data in relations.go and quirks.go.
package scim

import (
	"context"
	"io"
	"time"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// Tenant is a tenant resolved for use: where its data lives, how it behaves,
// and where its time and ids come from. It is made once and shared.
type Tenant struct {
	ID   int64
	Name string
	// Space is where its resources are, Home the space of what belongs to the tenant
	// itself: see store.Tenant.
	Space, Home int64
	Profile     *Profile
	Registry    *schema.Registry
	Discovery   *Discovery
	// Now is the tenant's clock, which can stand still or be elsewhere. Wall is the
	// one on the wall, by which limits and the change log go; nil means Now.
	Now, Wall func() time.Time
	// NewID makes an identifier for a new resource of a type.
	NewID func(*schema.ResourceType) string
	// Seeded makes them instead where it gives something; it may be nil.
	Seeded func() SeededIDs
	// Sealer encrypts the secrets of accounts; without one they are taken and
	// forgotten.
	Sealer Sealer
	// Limits are the effective ones: of the tenant and of the server.
	Limits
	// OnDemand tells that the tenant came to be by its first use.
	OnDemand bool
	// Visits counts the requests under way in Space.
	Visits *Visits
	// Usage is what MaxResources, MaxConcurrent and the rates are held against;
	// without it they bound nothing.
	Usage *Usage
	// Trust are the issuers of others whose tokens the tenant accepts.
	Trust []*TrustedIssuer
}

// SeededIDs are ids that come again with the same requests. Each is made of a number
// that counts up, type by type.
type SeededIDs interface {
	// Next takes the next number of a type, and Skip a later one, unless somebody has
	// taken that or one after it.
	Next(rt *schema.ResourceType) uint64
	Skip(rt *schema.ResourceType, n uint64) bool
	// ID is the id of a number.
	ID(rt *schema.ResourceType, n uint64) string
	// Number is what a number is in ids that are made of positions, and NumberOf what
	// a resource is that is there.
	Number(n uint64) int64
	NumberOf(rt *schema.ResourceType, id string) int64
}

// Call is one request as the protocol sees it.
type Call struct {
	Tenant    *Tenant
	Principal store.Principal
	RequestID string
	// Credential is the name of the token or application, Address where the client
	// is: for the change log alone.
	Credential, Address string
	// Base is the prefix of all links, "https://host/Scim/v2", without a
	// trailing slash.
	Base string
	// Legacy is set for requests to the legacy base, where users and groups go by
	// their names (cyberark-scim section 2).
	Legacy bool
}

// options are the leniencies of filters and paths in the tenant's profile.
func (t *Tenant) options() filter.Options {
	p := t.Profile
	return filter.Options{
		SingleQuotes: p.SingleQuotes, BareLiterals: p.BareLiterals, PathAfterFilter: p.PathAfterFilter,
		DotAfterURN: p.DotAfterURN, BareExtensionNames: p.BareExtensionNames, TextBooleans: p.TextBooleans,
		LiteralCase: p.LiteralCase, TextAsValue: p.TextAsValue != "none", ExtensionPaths: p.ExtensionPaths, Canonical: p.canonical,
		MaxDepth: t.MaxFilterDepth, MaxLength: t.MaxFilterLength,
	}
}

// now is the tenant's time as it is stored: UTC, whole microseconds.
func (t *Tenant) now() time.Time { return t.Now().UTC().Truncate(time.Microsecond) }

// wall is the time on the wall.
func (t *Tenant) wall() time.Time {
	if t.Wall == nil {
		return t.Now()
	}
	return t.Wall()
}

// after is the time of a change to a resource last modified at previous: time
// moves on with every change, whatever the clock does (design rule 9).
func (t *Tenant) after(previous time.Time) time.Time {
	now := t.now()
	if next := previous.Add(time.Microsecond); now.Before(next) {
		return next
	}
	return now
}

// Result is the outcome of a request about one resource.
type Result struct {
	// Body is the resource as JSON; nil when the answer has none, or Stream.
	Body []byte
	// Stream writes a resource that is too large to be held; nil otherwise.
	Stream func(context.Context, io.Writer) error
	// Location is the resource's URI.
	Location string
}
