package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// Identity is an authenticated caller.
type Identity struct {
	TokenID   string
	TokenName string
	Rights    Rights
	Principal store.Principal
}

// Tokens is where tokens are looked up; store.Store is one.
type Tokens interface {
	TokenByHash(ctx context.Context, hash [32]byte) (store.Token, error)
}

// Authenticator turns Authorization headers into identities. It is safe for
// concurrent use.
type Authenticator struct {
	tokens Tokens
	fixed  []store.Token
	now    func() time.Time
	cache  *cache
	// own are the access tokens of applications; nil when there are none.
	own *Issuer
	// externals are the tokens of issuers that tenants trust; nil when none are.
	externals *Externals
	// principals are whom opaque tokens stand for; nil lets them stand for anybody.
	principals *principals
	// guesses are the unknown tokens that came from each source; nil counts none.
	guesses *guesses
	// ownUsers are nil where fixed tokens are good in their own tenants alone.
	ownUsers *ownUsers
}

// New makes an Authenticator. Fixed tokens come from configuration: they are
// valid beside those of the store and never expire by the cache. A look-up is
// remembered for ttl: within that time a token revoked by another process may
// still be accepted.
func New(tokens Tokens, fixed []store.Token, ttl time.Duration, now func() time.Time) *Authenticator {
	return &Authenticator{tokens: tokens, fixed: fixed, now: now, cache: newCache(ttl)}
}

// Accept makes the Authenticator take the access tokens of an Issuer, too. It is
// called before the first request.
func (a *Authenticator) Accept(own *Issuer) { a.own = own }

// Welcome makes the Authenticator take the tokens of issuers that tenants trust,
// too. It is called before the first request.
func (a *Authenticator) Welcome(externals *Externals) { a.externals = externals }

// Heed makes the Authenticator refuse opaque tokens of users who are inactive. It is
// called before the first request.
func (a *Authenticator) Heed(users Principals) {
	a.principals = &principals{users: users, now: a.now, known: map[principalKey]principal{}}
}

// UserChanged ends the tokens of a user who may no longer act. It is told of every
// change of a user that is made here.
func (a *Authenticator) UserChanged(tenant int64, id string) {
	if a.own != nil {
		a.own.UserChanged(tenant, id)
	}
	if a.principals != nil {
		a.principals.forget(tenant, id)
	}
}

// Forget drops what is remembered about a token, for one that was just revoked.
func (a *Authenticator) Forget(hash [32]byte) { a.cache.forget(hash) }

// Authenticate reads the Authorization header of a request to a tenant. The
// query and the body are never looked at (R6750-2-01). Access tokens must have
// been issued under the URL root, unless it is "". Every refusal is 401 with a
// challenge; 503 means that the store did not answer.
func (a *Authenticator) Authenticate(ctx context.Context, header http.Header, tenant *scim.Tenant, root string) (*Identity, error) {
	text, err := bearer(header)
	if err != nil {
		return nil, err
	}
	hash := Hash(text)
	if a.externals != nil && len(tenant.Trust) > 0 && looksOwn(text) && (a.own == nil || !a.own.remembers(tenant, hash)) {
		if id, err := a.externals.known(tenant, hash); id != nil || err != nil {
			return id, err
		}
		if issuer := trusted(tenant, text); issuer != nil {
			return a.externals.identify(ctx, tenant, issuer, text, hash)
		}
	}
	t, fixed := a.configured(hash)
	switch {
	case fixed:
		t, err = a.ownUsers.in(ctx, t, tenant)
	case a.own != nil && looksOwn(text):
		return a.own.identify(ctx, tenant, root, text, hash)
	default:
		t, err = a.lookup(ctx, hash)
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, unknown()
	case err != nil:
		return nil, scimerr.Unavailable(fmt.Errorf("look up token: %w", err))
	case t.Tenant != tenant.ID:
		return nil, unknown()
	case !t.Revoked.IsZero():
		return nil, invalid("The access token has been revoked.")
	case !t.Expires.IsZero() && !tenant.Now().Before(t.Expires):
		return nil, Expired()
	}
	if a.principals != nil && t.Principal.ID != "" {
		inactive, err := a.principals.inactive(ctx, tenant, t.Principal.ID)
		switch {
		case err != nil:
			return nil, scimerr.Unavailable(fmt.Errorf("look up principal: %w", err))
		case inactive:
			return nil, invalid("The user that the access token stands for is not active.")
		}
	}
	rights, err := ParseRights(t.Rights)
	if err != nil {
		return nil, scimerr.Internal(fmt.Errorf("rights of token %s: %w", t.ID, err))
	}
	return &Identity{TokenID: t.ID, TokenName: t.Name, Rights: rights, Principal: t.Principal}, nil
}

func (a *Authenticator) configured(hash [32]byte) (store.Token, bool) {
	for _, t := range a.fixed {
		if subtle.ConstantTimeCompare(t.Hash[:], hash[:]) == 1 {
			return t, true
		}
	}
	return store.Token{}, false
}

func (a *Authenticator) lookup(ctx context.Context, hash [32]byte) (store.Token, error) {
	now := a.now()
	if t, known, ok := a.cache.get(hash, now); ok {
		if !known {
			return t, store.ErrNotFound
		}
		return t, nil
	}
	generation := a.cache.generation()
	t, err := a.tokens.TokenByHash(ctx, hash)
	if err == nil || errors.Is(err, store.ErrNotFound) {
		a.cache.put(hash, t, err == nil, now, generation)
	}
	return t, err
}

// bearer takes the token out of the Authorization header, RFC 6750 §2.1.
func bearer(header http.Header) (string, error) {
	values := header.Values("Authorization")
	if len(values) > 1 {
		return "", refused("invalid_request", "The request has more than one Authorization header.")
	}
	scheme, text := "", ""
	if len(values) == 1 {
		scheme, text, _ = strings.Cut(strings.Trim(values[0], " \t"), " ")
	}
	// A scheme that is not offered counts as no credentials (RFC 6750 §3.1).
	if !strings.EqualFold(scheme, "Bearer") {
		return "", refused("", "Authentication is required: send the header Authorization with Bearer and an access token.")
	}
	text = strings.TrimLeft(text, " ")
	if text == "" {
		return "", refused("invalid_request", "The Authorization header names Bearer without an access token.")
	}
	if !ValidToken(text) {
		return "", invalid("The access token has characters that a bearer token cannot have.")
	}
	return text, nil
}

func invalid(detail string) error { return refused("invalid_token", detail) }

// Expired is the refusal of a token whose time is over.
func Expired() error { return invalid("The access token has expired.") }

func refused(code, detail string) error {
	return scimerr.Unauthorized(challenge(code, detail), "%s", detail).Where("Authorization")
}

// challenge is a WWW-Authenticate header, RFC 6750 §3. code is "" when the
// request has no credentials. No detail holds a quotation mark.
func challenge(code, detail string) string {
	c := `Bearer realm="scim"`
	if code != "" {
		c += fmt.Sprintf(`, error="%s", error_description="%s"`, code, detail)
	}
	return c
}
