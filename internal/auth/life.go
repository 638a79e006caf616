package auth

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/scimd/scimd/internal/store"
)

// life tells at a moment whether an access token is still good.
type life struct {
	session, user string
	from          []string
	good          bool
	until         time.Time
}

// lives remembers for standFresh which access tokens are still good, by tenant
// and id: one may have been revoked, or its session may have ended.
type lives struct {
	sessions store.Sessions
	now      func() time.Time

	mu      sync.Mutex
	forgets int
	known   map[lifeKey]*life
}

type lifeKey struct {
	tenant int64
	token  string
}

func newLives(sessions store.Sessions, now func() time.Time) *lives {
	return &lives{sessions: sessions, now: now, known: map[lifeKey]*life{}}
}

// good tells whether what a token said holds.
func (l *lives) good(ctx context.Context, v *verified) (bool, error) {
	key := lifeKey{v.tenant, v.id}
	now := l.now()
	l.mu.Lock()
	found, forgets := l.known[key], l.forgets
	l.mu.Unlock()
	if found != nil && now.Before(found.until) {
		return found.good, nil
	}
	good, err := l.look(ctx, v)
	if err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.forgets == forgets { // else what was read may be from before
		if len(l.known) >= cacheSize {
			clear(l.known)
		}
		l.known[key] = &life{session: v.session, user: v.subject, from: v.from, good: good, until: now.Add(standFresh)}
	}
	return good, nil
}

func (l *lives) look(ctx context.Context, v *verified) (bool, error) {
	for _, id := range append([]string{v.id}, v.from...) {
		if ended, err := l.sessions.TokenEnded(ctx, v.tenant, id); err != nil || ended {
			return false, err
		}
	}
	if v.session == "" {
		return true, nil
	}
	s, err := l.sessions.Session(ctx, v.tenant, v.session)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && s.Ended.IsZero() && s.UserID == v.subject && strings.EqualFold(s.App, v.app), err
}

// forget drops what is known of those tokens of a tenant that it concerns.
func (l *lives) forget(tenant int64, concerns func(*life) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forgets++
	for key, known := range l.known {
		if key.tenant == tenant && concerns(known) {
			delete(l.known, key)
		}
	}
}

// forgetToken drops what is known of one token, and of those that were got with it.
func (l *lives) forgetToken(tenant int64, id string) {
	l.forget(tenant, func(known *life) bool { return slices.Contains(known.from, id) })
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.known, lifeKey{tenant, id})
}
