package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

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
