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

// verified is what a token said whose signature was right. Nothing in it changes.
type verified struct {
	tenant                int64
	id, key               string
	root, app, epoch      string
	subject, name, client string
	session               string // "" for a service user
	from                  []string
	scope                 string
	rights                Rights
	signedIn, begins      time.Time
	until                 time.Time
}

// counted is what requests with the token are counted as: the application for its
// own tokens, the person who signed in to it for theirs, however many they have.
func (v *verified) counted() string {
	if v.session == "" {
		return v.app
	}
	return countedAs(v.app, v.subject)
}

// looksOwn tells an access token of an Issuer from an opaque one.
func looksOwn(text string) bool { return strings.Count(text, ".") == 2 }

// identify finds who a token of a tenant is for. root is the URL that tokens must
// be from, "" when the server has no name of its own.
func (i *Issuer) identify(ctx context.Context, t *scim.Tenant, root, text string, hash [32]byte) (*Identity, error) {
	v, app, err := i.holding(ctx, t, root, text, hash)
	if err != nil {
		return nil, err
	}
	return v.identity(app), nil
}

// identity is who a token that holds is for.
func (v *verified) identity(app *holder) *Identity {
	id := &Identity{TokenID: v.counted(), TokenName: app.ID, Rights: v.rights & app.rights}
	id.Principal = store.Principal{Kind: "service", ID: v.subject, Display: v.name}
	if v.session != "" { // whoever may sign in may not for that do what the application may
		id.Principal.Kind = "user"
		id.Rights &= app.personRights
	}
	return id
}

// holding is the token of a text that is good now, with its application.
func (i *Issuer) holding(ctx context.Context, t *scim.Tenant, root, text string, hash [32]byte) (*verified, *holder, error) {
	v, err := i.verify(ctx, t, text, hash)
	if err != nil {
		return nil, nil, err
	}
	if root != "" && v.root != root {
		return nil, nil, invalid("The access token was issued under another URL.")
	}
	app, err := i.holds(ctx, t, v)
	return v, app, err
}

// holder is the application of a token that holds.
type holder struct {
	store.Application
	rights, personRights Rights
}

// holds tells that a token is still good: its application is there, with the secret
// that it was got with, its service user is active, nobody has revoked it, and
// who it stands for is signed in.
func (i *Issuer) holds(ctx context.Context, t *scim.Tenant, v *verified) (*holder, error) {
	s, err := i.stands.of(ctx, t, v.app)
	switch {
	case err != nil:
		return nil, scimerr.Unavailable(fmt.Errorf("look up application: %w", err))
	case !s.there || s.app.Epoch != v.epoch || s.app.ClientID != v.client || v.session == "" && s.app.UserID != v.subject:
		return nil, invalid("The access token has been revoked.")
	case !s.acts:
		return nil, invalid("The user that the access token stands for is not active.")
	}
	good, err := i.lives.good(ctx, v)
	switch {
	case err != nil:
		return nil, scimerr.Unavailable(fmt.Errorf("look up session: %w", err))
	case !good:
		return nil, invalid("The access token has been revoked.")
	}
	return &holder{s.app, s.rights, s.personRights}, nil
}

// verify checks what is in a token, once for each.
func (i *Issuer) verify(ctx context.Context, t *scim.Tenant, text string, hash [32]byte) (*verified, error) {
	now := t.Now()
	i.mu.Lock()
	v := i.verified[hash]
	i.mu.Unlock()
	if v != nil && v.tenant == t.ID {
		switch {
		case !now.Before(v.until):
			return nil, Expired()
		case now.Add(i.skew).Before(v.begins): // the tenant's clock was set back
			return nil, notYet()
		}
		switch _, there, err := i.Keys.verifier(ctx, t.Home, v.key); {
		case err != nil:
			return nil, scimerr.Unavailable(err)
		case !there: // it was dropped meanwhile
			return nil, unknown()
		}
		return v, nil
	}
	if len(text) > maxToken {
		return nil, guessed("The access token is too long.")
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
	var kid string
	var failed error // of the look-up
	_, err := jwt.NewParser(
		jwt.WithValidMethods([]string{Algorithm}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(i.skew), jwt.WithTimeFunc(t.Now), jwt.WithStrictDecoding(),
	).ParseWithClaims(text, &c, func(token *jwt.Token) (any, error) {
		if _, critical := token.Header["crit"]; critical {
			return nil, errors.New("the header has extensions")
		}
		if typ, _ := token.Header["typ"].(string); !strings.EqualFold(typ, tokenType) { // RFC 9068 §4
			return nil, errors.New("it is no access token")
		}
		kid, _ = token.Header["kid"].(string)
		key, ok, err := i.Keys.verifier(ctx, t.Home, kid)
		if failed = err; err == nil && !ok {
			err = errors.New("no such key")
		}
		return key, err
	})
	switch {
	case failed != nil:
		return nil, scimerr.Unavailable(failed)
	case errors.Is(err, jwt.ErrTokenSignatureInvalid), errors.Is(err, jwt.ErrTokenUnverifiable), errors.Is(err, jwt.ErrTokenMalformed):
		return nil, unknown()
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, Expired()
	case err != nil:
		return nil, notYet()
	}
	if !t.Now().Before(c.ExpiresAt.Time) { // to the second, as the client was told
		return nil, Expired()
	}
	root, app, ok := splitIssuer(c.Issuer)
	epoch, _, named := strings.Cut(c.ID, ".")
	if !ok || !named || len(c.Audience) != 1 {
		return nil, invalid("The access token was issued by another server, or for another use.")
	}
	v := &verified{
		tenant: t.ID, id: c.ID, key: kid, root: root, app: app, epoch: epoch, subject: c.Subject, name: c.UniqueName, client: c.Audience[0],
		session: c.Session, from: c.From, scope: c.Scope, rights: scopeRights(c.Scope), until: c.ExpiresAt.Time,
	}
	if c.AuthTime != nil {
		v.signedIn = c.AuthTime.Time
	}
	if c.IssuedAt != nil {
		v.begins = c.IssuedAt.Time
	}
	return v, nil
}

func notYet() error { return invalid("The access token is not valid yet, or not for this use.") }

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

// knowsSecret tells that a client secret was right before: then it is known again
// without the hash, by a keyed digest that this process alone can make.
func (i *Issuer) knowsSecret(app *store.Application, secret string) bool {
	digest := i.digest(secret)
	i.mu.Lock()
	known, ok := i.secrets[secretKey(app)]
	i.mu.Unlock()
	return ok && subtle.ConstantTimeCompare(known[:], digest[:]) == 1
}

func (i *Issuer) digest(secret string) [32]byte {
	mac := hmac.New(sha256.New, i.pepper[:])
	mac.Write([]byte(secret))
	return [32]byte(mac.Sum(nil))
}

func secretKey(app *store.Application) string {
	return fmt.Sprintf("%d/%s/%s", app.Tenant, strings.ToLower(app.ID), app.Epoch)
}

// secretMatches compares a client secret with the hash of an application, nil for
// none, and remembers one that is right. Another request may have done so meanwhile.
func (i *Issuer) secretMatches(ctx context.Context, app *store.Application, secret string) (bool, error) {
	if app == nil {
		return i.hasher.matches(ctx, "", secret)
	}
	if i.knowsSecret(app, secret) {
		return true, nil
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
	i.secrets[secretKey(app)] = i.digest(secret)
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
