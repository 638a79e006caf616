package auth

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/scimd/scimd/internal/phc"
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

// Issuer issues the access tokens of applications and of the people who sign in to
// them, and tells its own again. Their times, and those of sessions and codes, are
// of the tenant's clock; how long something is remembered, and how often may be
// guessed, is not.
type Issuer struct {
	Keys *SigningKeys

	apps   Applications
	users  Users
	stands *stands
	lives  *lives
	now    func() time.Time
	skew   time.Duration
	hasher *hasher
	// attempts counts wrong client secrets, signIns wrong passwords.
	attempts, signIns *attempts
	pepper            [32]byte

	mu       sync.Mutex
	verified map[[32]byte]*verified
	secrets  map[string][32]byte // of clients seen, by epoch
}

// NewIssuer makes an Issuer. skew is how far the clocks of servers may be apart.
func NewIssuer(apps Applications, users Users, keys *SigningKeys, skew time.Duration, now func() time.Time) *Issuer {
	i := &Issuer{
		Keys: keys, apps: apps, users: users, stands: newStands(apps, users, now), lives: newLives(apps, now), now: now, skew: skew,
		hasher: newHasher(phc.Usual), attempts: newAttempts(now), signIns: newAttempts(now),
		verified: map[[32]byte]*verified{}, secrets: map[string][32]byte{},
	}
	_, _ = rand.Read(i.pepper[:]) // never fails
	return i
}

// UserChanged ends the tokens of a user who may no longer act. It is told of
// every change of a user.
func (i *Issuer) UserChanged(tenant int64, id string) {
	i.stands.forget(tenant, func(a store.Application) bool { return a.UserID == id })
	i.lives.forget(tenant, func(l *life) bool { return l.user == id })
}

// ApplicationChanged ends the tokens of an application that was deleted or has
// got another secret.
func (i *Issuer) ApplicationChanged(tenant int64, id string) {
	i.stands.forget(tenant, func(a store.Application) bool { return strings.EqualFold(a.ID, id) })
}

// TenantRestored forgets who might act in a tenant, whose users may be others now.
func (i *Issuer) TenantRestored(tenant int64) {
	i.stands.forget(tenant, func(store.Application) bool { return true })
	i.lives.forget(tenant, func(*life) bool { return true })
}

// tokenType is the typ of access tokens (RFC 9068 §2.1). An id token has another,
// and is none.
const tokenType = "at+jwt"

// claims are those of an access token (cyberark-scim 4.2, RFC 9068 §2.2).
type claims struct {
	jwt.RegisteredClaims
	ClientID   string           `json:"client_id"`
	UniqueName string           `json:"unique_name"`
	AuthTime   *jwt.NumericDate `json:"auth_time"`
	Scope      string           `json:"scope"`
	// Session is that of a person, absent from the tokens of service users.
	Session string `json:"sid,omitempty"`
	// From are the ids of the tokens that it was got with, see Hop: it ends with them.
	From  []string `json:"from,omitempty"`
	Nonce string   `json:"nonce,omitempty"`
	Place
}

// Place tells the official SDKs where the services of a tenant are (tenant-apis
// 1.4); only the tokens that they ask for have it.
type Place struct {
	Tenant         string `json:"tenant_id,omitempty"`
	Subdomain      string `json:"subdomain,omitempty"`
	PlatformDomain string `json:"platform_domain,omitempty"`
}

// IssuerOf is the iss of the tokens of an application of a tenant whose root is
// that URL.
func IssuerOf(root, app string) string { return root + "/" + app + "/" }

// bearing is what an access token is to say.
type bearing struct {
	id       string // see tokenID; "" makes one
	user     store.Principal
	session  string // "" for a service user
	scope    string
	signedIn time.Time
	expires  time.Time
	from     []string
	// nonce and place are those of an access token that stands for an id token.
	nonce string
	place Place
}

// tokenID makes the id of an access token, which begins with the epoch of its
// application.
func tokenID(app *store.Application) string { return app.Epoch + "." + rand.Text() }

// sign makes an access token.
func (i *Issuer) sign(ctx context.Context, t *scim.Tenant, root string, app *store.Application, b bearing) (string, error) {
	if b.id == "" {
		b.id = tokenID(app)
	}
	return i.signed(ctx, t.Home, tokenType, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: IssuerOf(root, app.ID), Subject: b.user.ID, Audience: jwt.ClaimStrings{app.ClientID},
			IssuedAt: jwt.NewNumericDate(t.Now()), ExpiresAt: jwt.NewNumericDate(b.expires), ID: b.id,
		},
		ClientID: app.ClientID, UniqueName: b.user.Display, AuthTime: jwt.NewNumericDate(b.signedIn), Scope: b.scope,
		Session: b.session, From: b.from, Nonce: b.nonce, Place: b.place,
	})
}

// signed signs claims with the key of a space.
func (i *Issuer) signed(ctx context.Context, space int64, typ string, c jwt.Claims) (string, error) {
	key, err := i.Keys.signer(ctx, space)
	if err != nil {
		return "", err
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, c)
	token.Header["typ"], token.Header["kid"] = typ, key.id
	return token.SignedString(key.private)
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
