package auth

import (
	"context"
	"time"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// bound ends the oldest sessions of a user where the tenant allows less, as a vault
// ends those of who signs in once more (tenant-apis 3.1).
func (i *Issuer) bound(ctx context.Context, t *scim.Tenant, user string) error {
	if t.MaxSessions == 0 {
		return nil
	}
	if err := i.apps.BoundSessions(ctx, t.ID, user, t.MaxSessions, t.Now()); err != nil {
		return scimerr.Unavailable(err)
	}
	i.lives.forget(t.ID, func(l *life) bool { return l.user == user })
	return nil
}

// count makes a token of a service user count as a session, which has its id, where
// the tenant bounds those. No other way leads to that session.
func (i *Issuer) count(ctx context.Context, t *scim.Tenant, app *store.Application, token string, expires time.Time) error {
	if t.MaxSessions == 0 {
		return nil
	}
	err := i.apps.AddSession(ctx, store.Session{
		Tenant: t.ID, ID: token, App: app.ID, UserID: app.UserID, Handle: Hash(newHandle()), Current: Hash(newHandle()), About: "{}",
		Created: t.Now().UTC().Truncate(time.Microsecond), Expires: expires.UTC().Truncate(time.Microsecond),
	})
	if err != nil {
		return scimerr.Unavailable(err)
	}
	return i.bound(ctx, t, app.UserID)
}
