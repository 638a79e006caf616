package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

const (
	// codeLifetime is how long a code is good (RFC 6749 §4.1.2 has ten minutes at
	// most).
	codeLifetime = time.Minute
	// refreshLifetime is how long somebody stays signed in to an application that
	// has no time of its own, MaxRefreshLifetime the longest of those.
	refreshLifetime    = 30 * 24 * time.Hour
	MaxRefreshLifetime = 365 * 24 * time.Hour
)

// about is what else a session keeps.
type about struct {
	// Epoch is that of the application: it ends with the secret.
	Epoch string `json:"epoch"`
	Scope string `json:"scope"`
	// Redirect is the redirect URI; Named tells that the request had it, and did not
	// leave it to the application.
	Redirect string `json:"redirect,omitempty"`
	Named    bool   `json:"named,omitempty"`
	// Challenge is that of RFC 7636 §4.2, "" for none.
	Challenge string `json:"challenge,omitempty"`
	Nonce     string `json:"nonce,omitempty"`
}

// session is a store.Session with its about in clear.
type session struct {
	store.Session
	about
}

// A code or refresh token is two random texts: the handle, which all of one
// session begin with, and what makes it good once. So one that was good before is
// told from one that never was: it can only come from somebody who has seen it.
func newHandle() string               { return NewToken() }
func credential(handle string) string { return handle + "." + rand.Text() }

// open begins a session for a user, whose password is still what was entered; good is
// the first code or refresh token.
func (i *Issuer) open(ctx context.Context, t *scim.Tenant, app *store.Application, user *scim.SignedIn, a about, redeemed bool, lifetime time.Duration) (s *session, good string, err error) {
	a.Epoch = app.Epoch
	text, err := json.Marshal(a)
	if err != nil {
		return nil, "", err
	}
	handle := newHandle()
	good = credential(handle)
	now := t.Now().UTC().Truncate(time.Microsecond)
	s = &session{about: a, Session: store.Session{
		Tenant: t.ID, ID: strings.ToLower(rand.Text()), App: app.ID, UserID: user.ID, Handle: Hash(handle), Current: Hash(good),
		Redeemed: redeemed, About: string(text), Created: now, Expires: now.Add(lifetime),
	}}
	kept, err := i.users.KeepSignedIn(ctx, t, user, func(tx store.Tx) error { return tx.AddSession(s.Session) })
	switch {
	case err != nil:
		return nil, "", scimerr.Unavailable(err)
	case !kept:
		return nil, "", wrongPassword()
	}
	if err := i.bound(ctx, t, user.ID); err != nil {
		return nil, "", err
	}
	return s, good, nil
}

// find finds the session of a code or refresh token; nil when there is none.
func (i *Issuer) find(ctx context.Context, t *scim.Tenant, text string) (*session, error) {
	handle, _, ok := strings.Cut(text, ".")
	if !ok || len(text) > maxCredential {
		return nil, nil
	}
	s, err := i.apps.SessionByHandle(ctx, t.ID, Hash(handle))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, scimerr.Unavailable(err)
	}
	return opened(s)
}

func opened(s store.Session) (*session, error) {
	out := &session{Session: s}
	if err := json.Unmarshal([]byte(s.About), &out.about); err != nil {
		return nil, scimerr.Internal(fmt.Errorf("session %s: %w", s.ID, err))
	}
	return out, nil
}

// of tells that a session is of an application, with the secret that it has now.
func (s *session) of(app *store.Application) bool {
	return strings.EqualFold(s.App, app.ID) && s.Epoch == app.Epoch
}

// lives tells that a session has neither ended nor expired.
func (s *session) lives(now time.Time) bool { return s.Ended.IsZero() && now.Before(s.Expires) }

// good tells that a text is what is good now of a session.
func (s *session) good(text string) bool {
	hash := Hash(text)
	return subtle.ConstantTimeCompare(hash[:], s.Current[:]) == 1
}

// end ends a session with all its tokens.
func (i *Issuer) end(ctx context.Context, s *session) error {
	if err := i.apps.EndSession(ctx, s.Tenant, s.ID, i.now()); err != nil {
		return scimerr.Unavailable(err)
	}
	i.lives.forget(s.Tenant, func(l *life) bool { return l.session == s.ID })
	return nil
}

// replayed ends a session of which something came a second time: whoever sent it,
// somebody else may have it too (RFC 6749 §4.1.2, RFC 9700 §4.14.2).
func (i *Issuer) replayed(ctx context.Context, s *session, what string) error {
	if err := i.end(ctx, s); err != nil {
		return err
	}
	return Refuse(InvalidGrant, "The %s was used before; the person has to sign in again.", what)
}

// redeemCode answers with the tokens of a code (RFC 6749 §4.1.3).
func (i *Issuer) redeemCode(ctx context.Context, q *grantRequest) (*IssuedToken, error) {
	if q.Code == "" {
		return nil, Refuse(InvalidRequest, "The parameter code is missing.").Where("code")
	}
	app := &q.client.App
	s, err := i.find(ctx, q.tenant, q.Code)
	switch {
	case err != nil:
		return nil, err
	case s == nil || !s.of(app):
		return nil, Refuse(InvalidGrant, "The code is not known, or not for this client.").Where("code")
	case s.Redeemed || !s.good(q.Code):
		return nil, i.replayed(ctx, s, "code")
	case !s.lives(q.tenant.Now()):
		return nil, Refuse(InvalidGrant, "The code has expired.").Where("code")
	case q.RedirectURI != s.Redirect && (q.RedirectURI != "" || s.Named):
		return nil, Refuse(InvalidGrant, "The redirect_uri is not the one that the code was sent to.").Where("redirect_uri")
	case !verifies(q.Verifier, s.Challenge):
		return nil, Refuse(InvalidGrant, "The code_verifier does not fit the code_challenge of the code.").Where("code_verifier")
	}
	if err := q.admit(s.UserID); err != nil {
		return nil, err
	}
	next := credential(handleOf(q.Code))
	s.Expires = q.tenant.Now().UTC().Truncate(time.Microsecond).Add(q.sessionLifetime())
	ok, err := i.apps.AdvanceSession(ctx, s.Tenant, s.ID, s.Current, Hash(next), s.Expires)
	switch {
	case err != nil:
		return nil, scimerr.Unavailable(err)
	case !ok: // somebody else was faster
		return nil, i.replayed(ctx, s, "code")
	}
	return i.tokensOf(ctx, q, s, next, s.Scope, s.Nonce)
}

func handleOf(text string) string {
	handle, _, _ := strings.Cut(text, ".")
	return handle
}

// sessionLifetime is how long a session is good: as long as its refresh tokens, or
// as its one access token, with a moment for it to be made.
func (q *grantRequest) sessionLifetime() time.Duration {
	app := &q.client.App
	switch {
	case !Allows(app, RefreshGrant):
		return q.lifetime() + time.Minute
	case app.RefreshLifetime != 0:
		return app.RefreshLifetime
	}
	return refreshLifetime
}

// refresh answers with more tokens of a session (RFC 6749 §6). Where they rotate,
// a refresh token is good once, and what came before it ends the session.
func (i *Issuer) refresh(ctx context.Context, q *grantRequest) (*IssuedToken, error) {
	if q.Refresh == "" {
		return nil, Refuse(InvalidRequest, "The parameter refresh_token is missing.").Where("refresh_token")
	}
	app := &q.client.App
	s, err := i.find(ctx, q.tenant, q.Refresh)
	switch {
	case err != nil:
		return nil, err
	case s == nil || !s.Redeemed || !s.of(app):
		return nil, Refuse(InvalidGrant, "The refresh token is not known, or not for this client.").Where("refresh_token")
	case !s.lives(q.tenant.Now()):
		return nil, Refuse(InvalidGrant, "The refresh token has expired or was revoked.").Where("refresh_token")
	case !s.good(q.Refresh):
		return nil, i.replayed(ctx, s, "refresh token")
	}
	scope := s.Scope
	if strings.TrimSpace(q.Scope) != "" {
		var ok bool
		if scope, ok = grant(s.Scope, q.Scope); !ok {
			return nil, noScope(s.Scope)
		}
	}
	if err := q.admit(s.UserID); err != nil {
		return nil, err
	}
	next := q.Refresh
	if app.Rotates {
		next = credential(handleOf(q.Refresh))
		ok, err := i.apps.AdvanceSession(ctx, s.Tenant, s.ID, s.Current, Hash(next), s.Expires)
		switch {
		case err != nil:
			return nil, scimerr.Unavailable(err)
		case !ok:
			return nil, i.replayed(ctx, s, "refresh token")
		}
	}
	return i.tokensOf(ctx, q, s, next, scope, "")
}

// signInByPassword opens a session for the user whose password the application
// sends (RFC 6749 §4.3).
func (i *Issuer) signInByPassword(ctx context.Context, q *grantRequest) (*IssuedToken, error) {
	if q.UserName == "" || q.Password == "" {
		return nil, Refuse(InvalidRequest, "The parameters username and password are needed.").Where("username")
	}
	app := &q.client.App
	scope, err := personGrant(app, q.Scope)
	if err != nil {
		return nil, err
	}
	user, err := i.authenticate(ctx, q.tenant, q.Source, q.UserName, q.Password)
	if err != nil {
		return nil, err
	}
	if err := q.admit(user.ID); err != nil {
		return nil, err
	}
	s, good, err := i.open(ctx, q.tenant, app, user, about{Scope: scope}, true, q.sessionLifetime())
	if err != nil {
		return nil, err
	}
	return i.tokensOf(ctx, q, s, good, scope, "")
}

// authenticate tells whose userName and password these are. Wrong ones are
// invalid_grant; too many of them 429.
func (i *Issuer) authenticate(ctx context.Context, t *scim.Tenant, source, userName, password string) (*scim.SignedIn, error) {
	decide, err := i.signIns.begin(ctx, t.ID, source, userName)
	if err != nil {
		return nil, pressed(err)
	}
	user, err := i.users.SignIn(ctx, t, userName, password)
	decide(err == nil && user == nil)
	switch {
	case err != nil:
		return nil, pressed(err)
	case user == nil:
		return nil, wrongPassword()
	}
	return user, nil
}

func wrongPassword() error { return Refuse(InvalidGrant, "The user name or the password is wrong.") }

// tokensOf are the tokens of a session, once it is stored as it will be: a user
// who is deactivated later ends it, one who was before is seen here. They say what
// the user is called now.
func (i *Issuer) tokensOf(ctx context.Context, q *grantRequest, s *session, refresh, scope, nonce string) (*IssuedToken, error) {
	app := &q.client.App
	if err := i.mayAct(ctx, q.tenant, s.UserID, "The user is not active."); err != nil {
		if scimerr.Is(err, http.StatusServiceUnavailable) { // whether it is cannot be told now
			return nil, err
		}
		return nil, errors.Join(err, i.end(ctx, s))
	}
	person, err := i.users.Person(ctx, q.tenant, s.UserID)
	switch {
	case err != nil:
		return nil, scimerr.Unavailable(err)
	case person == nil:
		return nil, Refuse(InvalidGrant, "The user is not there any more.")
	}
	now := q.tenant.Now()
	lifetime := min(q.lifetime(), s.Expires.Sub(now).Truncate(time.Second))
	if lifetime < time.Second {
		return nil, Refuse(InvalidGrant, "The person has to sign in again: less than a second is left.")
	}
	b := bearing{
		user: store.Principal{ID: s.UserID, Display: person.UserName}, session: s.ID, scope: scope, signedIn: s.Created, expires: now.Add(lifetime),
	}
	text, err := i.sign(ctx, q.tenant, q.root, app, b)
	if err != nil {
		return nil, scimerr.Unavailable(err)
	}
	out := &IssuedToken{
		AccessToken: text, TokenType: "Bearer", ExpiresIn: int64(lifetime / time.Second), Scope: scope,
		App: app.ID, For: store.Principal{Kind: "user", ID: s.UserID, Display: person.UserName},
	}
	if Allows(app, RefreshGrant) {
		out.RefreshToken = refresh
	}
	if hasScope(scope, OpenID) {
		issuer := q.root + "/"
		if q.App != "" {
			issuer = IssuerOf(q.root, app.ID)
		}
		if out.IDToken, err = i.signID(ctx, q.tenant, person, issuer, q.client.ID, b, nonce, text); err != nil {
			return nil, err
		}
	}
	return out, nil
}
