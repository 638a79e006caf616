package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

const (
	// maxExternal bounds a token of another issuer in bytes: some name every group.
	maxExternal = 16 << 10
	// externalKept is how long a token is believed without another look at the keys
	// of its issuer, where those were given; published ones tell themselves.
	externalKept = 10 * time.Minute
	// external is the kind of the principals of such tokens.
	external = "external"
)

// externalAlgorithms are those with which tokens of other issuers may be signed.
// None of them has a key that both sides know.
var externalAlgorithms = []string{
	"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
}

// Externals verifies tokens (JWTs) of the issuers that tenants trust.
type Externals struct {
	keys *keySets
	now  func() time.Time
	skew time.Duration

	mu   sync.Mutex
	seen map[[32]byte]*visitor
}

// visitor is a token that was verified. Nothing in it changes.
type visitor struct {
	tenant int64
	// issuer is the text of the issuer by which it was.
	issuer   string
	identity *Identity
	until    time.Time // of the token
	again    time.Time // when it is verified once more
}

// NewExternals makes Externals. skew is how far the clocks of servers may be apart.
func NewExternals(skew time.Duration, now func() time.Time) *Externals {
	return &Externals{keys: newKeySets(now), now: now, skew: skew, seen: map[[32]byte]*visitor{}}
}

// trusted is the issuer that a tenant trusts and a token says to be from. What it
// says is not verified yet.
func trusted(t *scim.Tenant, text string) *scim.TrustedIssuer {
	if len(text) > maxExternal {
		return nil
	}
	_, rest, _ := strings.Cut(text, ".")
	payload, _, _ := strings.Cut(rest, ".")
	plain, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return nil
	}
	var says map[string]json.RawMessage // whose names count with their letter case
	var iss string
	if json.Unmarshal(plain, &says) != nil || json.Unmarshal(says["iss"], &iss) != nil {
		return nil
	}
	for _, i := range t.Trust {
		if i.Issuer == iss {
			return i
		}
	}
	return nil
}

// remembers tells that a token is one of the tenant's own that was verified.
func (i *Issuer) remembers(t *scim.Tenant, hash [32]byte) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	v := i.verified[hash]
	return v != nil && v.tenant == t.ID
}

// known is who a token is for that was verified before; nil when it has to be
// verified.
func (x *Externals) known(t *scim.Tenant, hash [32]byte) (*Identity, error) {
	now := x.now()
	x.mu.Lock()
	v := x.seen[hash]
	x.mu.Unlock()
	if v == nil || v.tenant != t.ID || !now.Before(v.again) {
		return nil, nil
	}
	for _, i := range t.Trust {
		if i.Text == v.issuer {
			if !now.Before(v.until) {
				return nil, Expired()
			}
			return v.identity, nil
		}
	}
	return nil, nil
}

// identify verifies a token of an issuer that the tenant trusts.
func (x *Externals) identify(ctx context.Context, t *scim.Tenant, i *scim.TrustedIssuer, text string, hash [32]byte) (*Identity, error) {
	claims, again, err := x.verify(ctx, i, text)
	if err != nil {
		return nil, err
	}
	subject, _ := claims[i.PrincipalClaim].(string)
	if subject == "" || !scim.PrintableName(subject) {
		return nil, invalid("The access token does not tell whom it stands for.")
	}
	rights, err := issued(i, claims)
	if err != nil {
		return nil, scimerr.Internal(err)
	}
	ends, err := claims.GetExpirationTime()
	if err != nil {
		return nil, unknown()
	}
	now := x.now()
	id := i.Name + ":" + subject
	v := &visitor{
		tenant: t.ID, issuer: i.Text, until: ends.Add(x.skew), again: again,
		identity: &Identity{
			TokenID: id, TokenName: i.Name, Rights: rights,
			Principal: store.Principal{Kind: external, ID: id, Display: subject},
		},
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.seen) >= cacheSize {
		for victim, old := range x.seen { // an ended one, or else any
			delete(x.seen, victim)
			if now.Before(old.until) {
				break
			}
		}
	}
	x.seen[hash] = v
	return v.identity, nil
}

// verify checks signature and claims, and tells when to do so again. Of the header only algorithm, key id, type
// and extensions count: keys and addresses of keys in it are never looked at (RFC
// 8725 §3.1, §3.10).
func (x *Externals) verify(ctx context.Context, i *scim.TrustedIssuer, text string) (_ jwt.MapClaims, again time.Time, err error) {
	claims := jwt.MapClaims{} // whose names count with their letter case
	var away error
	_, err = jwt.NewParser(
		jwt.WithValidMethods(externalAlgorithms), jwt.WithIssuer(i.Issuer), jwt.WithAudience(i.Audiences...),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(x.skew), jwt.WithTimeFunc(x.now), jwt.WithStrictDecoding(),
	).ParseWithClaims(text, &claims, func(token *jwt.Token) (any, error) {
		if _, critical := token.Header["crit"]; critical {
			return nil, errors.New("the header has extensions")
		}
		if !i.AnyType && !accessTokenType(token.Header["typ"]) {
			return nil, errType
		}
		id, _ := token.Header["kid"].(string)
		if _, named := token.Header["kid"]; named && id == "" {
			return nil, errors.New("the key id is no text")
		}
		var keys []jwt.VerificationKey
		if keys, again, away = x.candidates(ctx, i, id, token.Method.Alg()); away != nil {
			return nil, away
		}
		return jwt.VerificationKeySet{Keys: keys}, nil
	})
	switch {
	case err == nil:
		return claims, again, nil
	case away != nil:
		return nil, again, keysAway(i, away)
	case errors.Is(err, errType):
		return nil, again, invalid("The access token is not of the type at+jwt.")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid), errors.Is(err, jwt.ErrTokenUnverifiable), errors.Is(err, jwt.ErrTokenMalformed):
		return nil, again, unknown()
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return nil, again, invalid("The access token is for another audience.")
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, again, Expired()
	}
	return nil, again, invalid("The access token is not valid yet, or lacks a claim that it must have.")
}

var errType = errors.New("another type of token")

// accessTokenType tells the type of access tokens (RFC 9068 §4).
func accessTokenType(typ any) bool {
	text, _ := typ.(string)
	return strings.EqualFold(text, "at+jwt") || strings.EqualFold(text, "application/at+jwt")
}

// candidates are the keys of an issuer that may have signed a token, and when to ask
// again: a set that should be newer is asked for soon.
func (x *Externals) candidates(ctx context.Context, i *scim.TrustedIssuer, id, alg string) (found []jwt.VerificationKey, again time.Time, err error) {
	if i.KeysURL == "" {
		keys, err := parseKeys(i.Keys)
		return matching(keys, id, alg), x.now().Add(externalKept), err
	}
	found, again, err = x.keys.find(ctx, i.KeysURL, id, alg)
	if soon := x.now().Add(keySetPause); again.Before(soon) {
		again = soon
	}
	return found, again, err
}

// keysAway is the answer while the keys of an issuer cannot be had.
func keysAway(i *scim.TrustedIssuer, cause error) error {
	e := scimerr.Unavailable(cause)
	e.Detail, e.RetryAfter = "The keys of the issuer "+i.Name+" cannot be read just now, so that the access token cannot be checked; try again.", 1
	return e
}
