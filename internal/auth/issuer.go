package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

const (
	// Algorithm is the only one that tokens are signed with, and accepted with.
	Algorithm = "RS256"
	// applicationLifetime and platformLifetime are those of tokens unless an
	// application has its own (cyberark-scim 4.2, tenant-apis 1.2).
	applicationLifetime = 5 * time.Hour
	platformLifetime    = 30 * time.Minute
	// MaxLifetime bounds the lifetime of an access token: a signing key is
	// published for as long after it was retired.
	MaxLifetime = 30 * 24 * time.Hour
	// maxToken bounds an access token in bytes.
	maxToken = 8 << 10
)

// Issuer issues the access tokens of applications and tells its own again.
type Issuer struct {
	Keys *SigningKeys

	apps     Applications
	stands   *stands
	now      func() time.Time
	skew     time.Duration
	hasher   *hasher
	attempts *attempts
	pepper   [32]byte

	mu       sync.Mutex
	verified map[[32]byte]*verified
	secrets  map[string][32]byte // of clients seen, by epoch
}

// NewIssuer makes an Issuer. skew is how far the clocks of servers may be apart.
func NewIssuer(apps Applications, users Users, keys *SigningKeys, skew time.Duration, now func() time.Time) *Issuer {
	i := &Issuer{
		Keys: keys, apps: apps, stands: newStands(apps, users, now), now: now, skew: skew,
		hasher: newHasher(), attempts: newAttempts(now),
		verified: map[[32]byte]*verified{}, secrets: map[string][32]byte{},
	}
	_, _ = rand.Read(i.pepper[:]) // never fails
	return i
}

// UserChanged ends the tokens of a user who may no longer act. It is told of
// every change of a user.
func (i *Issuer) UserChanged(tenant int64, id string) {
	i.stands.forget(tenant, func(a store.Application) bool { return a.UserID == id })
}

// ApplicationChanged ends the tokens of an application that was deleted or has
// got another secret.
func (i *Issuer) ApplicationChanged(tenant int64, id string) {
	i.stands.forget(tenant, func(a store.Application) bool { return strings.EqualFold(a.ID, id) })
}

// claims are those of an access token (cyberark-scim 4.2).
type claims struct {
	jwt.RegisteredClaims
	UniqueName string           `json:"unique_name"`
	AuthTime   *jwt.NumericDate `json:"auth_time"`
	Scope      string           `json:"scope"`
}

// IssuerOf is the iss of the tokens of an application of a tenant whose root is
// that URL.
func IssuerOf(root, app string) string { return root + "/" + app + "/" }

// sign makes an access token. The id of a token begins with the epoch of its
// application.
func (i *Issuer) sign(ctx context.Context, space int64, root string, app *store.Application, scope string, lifetime time.Duration) (string, error) {
	key, err := i.Keys.signer(ctx, space)
	if err != nil {
		return "", err
	}
	now := jwt.NewNumericDate(i.now().Truncate(time.Second))
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: IssuerOf(root, app.ID), Subject: app.UserID, Audience: jwt.ClaimStrings{app.ClientID},
			IssuedAt: now, ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)), ID: app.Epoch + "." + rand.Text(),
		},
		UniqueName: app.ClientID, AuthTime: now, Scope: scope,
	})
	token.Header["kid"] = key.id
	return token.SignedString(key.private)
}

// verified is what a token said whose signature was right. Nothing in it changes.
type verified struct {
	tenant           int64
	root, app, epoch string
	subject, client  string
	rights           Rights
	until            time.Time
}

// looksOwn tells an access token of an Issuer from an opaque one.
func looksOwn(text string) bool { return strings.Count(text, ".") == 2 }

// identify finds who a token of a tenant is for. root is the URL that tokens must
// be from, "" when the server has no name of its own.
func (i *Issuer) identify(ctx context.Context, t *scim.Tenant, root, text string, hash [32]byte) (*Identity, error) {
	v, err := i.verify(ctx, t, text, hash)
	if err != nil {
		return nil, err
	}
	if root != "" && v.root != root {
		return nil, invalid("The access token was issued under another URL.")
	}
	s, err := i.stands.of(ctx, t, v.app)
	switch {
	case err != nil:
		return nil, scimerr.Unavailable(fmt.Errorf("look up application: %w", err))
	case !s.there || s.app.Epoch != v.epoch || s.app.UserID != v.subject || s.app.ClientID != v.client:
		return nil, invalid("The access token has been revoked.")
	case !s.acts:
		return nil, invalid("The user that the access token stands for is not active.")
	}
	return &Identity{
		TokenID: s.app.ID, TokenName: s.app.ID, Tenant: t.ID, Rights: v.rights & s.rights,
		Principal: store.Principal{Kind: "service", ID: s.app.UserID, Display: s.app.ClientID},
	}, nil
}

// verify checks what is in a token, once for each.
func (i *Issuer) verify(ctx context.Context, t *scim.Tenant, text string, hash [32]byte) (*verified, error) {
	now := i.now()
	i.mu.Lock()
	v := i.verified[hash]
	i.mu.Unlock()
	if v != nil && v.tenant == t.ID {
		if !now.Before(v.until) {
			return nil, invalid("The access token has expired.")
		}
		return v, nil
	}
	if len(text) > maxToken {
		return nil, invalid("The access token is too long.")
	}
	v, err := i.parse(ctx, t, text)
	if err != nil {
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.verified) >= cacheSize {
		for victim, old := range i.verified { // an ended one, or else any
			delete(i.verified, victim)
			if now.Before(old.until) {
				break
			}
		}
	}
	i.verified[hash] = v
	return v, nil
}

// parse checks signature and claims. The key is one of the tenant's, found by
// its id; nothing else in the header of a token is looked at (RFC 8725 §3.1,
// §3.10).
func (i *Issuer) parse(ctx context.Context, t *scim.Tenant, text string) (*verified, error) {
	var c claims
	var failed error // of the look-up
	_, err := jwt.NewParser(
		jwt.WithValidMethods([]string{Algorithm}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(i.skew), jwt.WithTimeFunc(i.now), jwt.WithStrictDecoding(),
	).ParseWithClaims(text, &c, func(token *jwt.Token) (any, error) {
		if _, critical := token.Header["crit"]; critical {
			return nil, errors.New("the header has extensions")
		}
		id, _ := token.Header["kid"].(string)
		key, ok, err := i.Keys.verifier(ctx, t.Space, id)
		if failed = err; err == nil && !ok {
			err = errors.New("no such key")
		}
		return key, err
	})
	switch {
	case failed != nil:
		return nil, scimerr.Unavailable(failed)
	case errors.Is(err, jwt.ErrTokenSignatureInvalid), errors.Is(err, jwt.ErrTokenUnverifiable), errors.Is(err, jwt.ErrTokenMalformed):
		return nil, invalid("The access token is not known.")
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, invalid("The access token has expired.")
	case err != nil:
		return nil, invalid("The access token is not valid yet, or not for this use.")
	}
	root, app, ok := splitIssuer(c.Issuer)
	epoch, _, named := strings.Cut(c.ID, ".")
	if !ok || !named || len(c.Audience) != 1 {
		return nil, invalid("The access token was issued by another server, or for another use.")
	}
	return &verified{
		tenant: t.ID, root: root, app: app, epoch: epoch, subject: c.Subject, client: c.Audience[0],
		rights: scopeRights(c.Scope), until: c.ExpiresAt.Add(i.skew),
	}, nil
}

// splitIssuer takes apart what IssuerOf makes.
func splitIssuer(iss string) (root, app string, ok bool) {
	path, ok := strings.CutSuffix(iss, "/")
	at := strings.LastIndexByte(path, '/')
	if !ok || at < 0 || !strings.HasPrefix(iss, "http") {
		return "", "", false
	}
	return path[:at], path[at+1:], ValidAppID(path[at+1:])
}

// ValidAppID reports whether an application can have the id: it stands in URLs.
func ValidAppID(id string) bool {
	for i := range len(id) {
		c := id[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.", c) >= 0) {
			return false
		}
	}
	return id != "" && len(id) <= 64 && id[0] != '.'
}

// secretMatches compares a client secret with the hash of an application. One
// that was right once is known again without the hash, by a keyed digest that
// this process alone can make.
func (i *Issuer) secretMatches(ctx context.Context, app *store.Application, secret string) (bool, error) {
	mac := hmac.New(sha256.New, i.pepper[:])
	mac.Write([]byte(secret))
	digest := [32]byte(mac.Sum(nil))
	key := fmt.Sprintf("%d/%s/%s", app.Tenant, strings.ToLower(app.ID), app.Epoch)
	i.mu.Lock()
	known, ok := i.secrets[key]
	i.mu.Unlock()
	if ok && subtle.ConstantTimeCompare(known[:], digest[:]) == 1 {
		return true, nil
	}
	if !i.attempts.allowed(app.Tenant, app.ClientID) {
		return false, errTooOften
	}
	same, err := i.hasher.matches(ctx, app.Secret, secret)
	if err != nil || !same {
		return false, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.secrets) >= cacheSize {
		clear(i.secrets)
	}
	i.secrets[key] = digest
	return true, nil
}

// App finds an application of a tenant; 404 when there is none.
func (i *Issuer) App(ctx context.Context, t *scim.Tenant, id string) (*store.Application, error) {
	s, err := i.stands.of(ctx, t, id)
	if err != nil {
		return nil, scimerr.Unavailable(err)
	}
	if !s.there {
		return nil, scimerr.NotFound("There is no application with the id of the path.")
	}
	return &s.app, nil
}
