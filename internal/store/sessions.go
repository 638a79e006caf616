package store

import (
	"context"
	"time"
)

// Session is one time that somebody has signed in to an application.
type Session struct {
	Tenant int64
	ID     string
	// App is the id of the application, compared without regard to letter case.
	App    string
	UserID string // resource id of the user
	// Handle is the SHA-256 of what all codes and refresh tokens of the session
	// begin with, Current the one of the code or refresh token that is good now.
	Handle, Current [32]byte
	// Redeemed tells that the code was used, so that Current is a refresh token.
	Redeemed bool
	// About is text of package auth.
	About string
	// Nothing of a session is good from Expires on, nor from Ended on.
	Created, Expires time.Time
	Ended            time.Time // zero: not ended
}

// Sessions is where it is kept who has signed in, and which access tokens were
// revoked.
type Sessions interface {
	// AddSession stores a session; ErrNotFound without the tenant.
	AddSession(ctx context.Context, s Session) error
	// Session finds a session by its id, SessionByHandle by its handle, ended and
	// expired ones too; ErrNotFound.
	Session(ctx context.Context, tenant int64, id string) (Session, error)
	SessionByHandle(ctx context.Context, tenant int64, handle [32]byte) (Session, error)
	// AdvanceSession redeems what is current: to is current from then on. ok is false
	// when from is not current any more, or the session has ended.
	AdvanceSession(ctx context.Context, tenant int64, id string, from, to [32]byte, expires time.Time) (ok bool, err error)
	// EndSession ends a session, if there is one that has not ended.
	EndSession(ctx context.Context, tenant int64, id string, at time.Time) error
	// BoundSessions ends the sessions of a user but for the newest most of those that
	// live at a time, and revokes the access tokens that have their ids.
	BoundSessions(ctx context.Context, tenant int64, user string, most int, at time.Time) error
	// EndToken revokes the access token of that id; until is when it expires. A
	// session of that id ends as well.
	EndToken(ctx context.Context, tenant int64, id string, until time.Time) error
	// TokenEnded tells whether EndToken was called for a token.
	TokenEnded(ctx context.Context, tenant int64, id string) (bool, error)
	// SweepSessions removes sessions and revocations that have expired by a time, in
	// short transactions.
	SweepSessions(ctx context.Context, expired time.Time) error
	// Password reads the password hash of a resource; nil without one.
	Password(ctx context.Context, space, seq int64) ([]byte, error)
	// Secrets reads the sealed values of a resource, as those of Tx.
	Secrets(ctx context.Context, space, seq int64) (map[string]Sealed, error)
}
