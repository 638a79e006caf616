package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/store"
)

// standFresh is how long it is remembered how an application stands. What is
// changed through this server counts at once; what is changed through another,
// after this time.
const standFresh = time.Second

// Applications is where applications and sessions are kept; store.Store is one.
type Applications interface {
	store.Sessions
	Application(ctx context.Context, tenant int64, id string) (store.Application, error)
	ApplicationByClient(ctx context.Context, tenant int64, clientID string) (store.Application, error)
}

// Users are those of tenants; *scim.Service has them.
type Users interface {
	// MayAct tells whether the tokens of a user are good.
	MayAct(ctx context.Context, t *scim.Tenant, userID string) (bool, error)
	// SignIn tells whose userName and password these are; nil for nobody's.
	SignIn(ctx context.Context, t *scim.Tenant, userName, password string) (*scim.SignedIn, error)
	// KeepSignedIn runs then in a transaction in which that still holds.
	KeepSignedIn(ctx context.Context, t *scim.Tenant, user *scim.SignedIn, then func(store.Tx) error) (ok bool, err error)
	// Person tells what applications may know of a user; nil when it is not there.
	Person(ctx context.Context, t *scim.Tenant, userID string) (*scim.Person, error)
}

// stand is how an application stands at a moment.
type stand struct {
	app store.Application
	// there tells that the application exists, acts that its service user may act.
	there, acts bool
	// rights bound all tokens of the application, personRights those of people.
	rights, personRights Rights
	until                time.Time
}

// stands remembers how applications stand, by tenant and id.
type stands struct {
	apps  Applications
	users Users
	now   func() time.Time

	mu      sync.Mutex
	forgets int
	known   map[standKey]*stand
}

type standKey struct {
	tenant, space int64
	app           string // id in lower case
}

func newStands(apps Applications, users Users, now func() time.Time) *stands {
	return &stands{apps: apps, users: users, now: now, known: map[standKey]*stand{}}
}

// of tells how an application stands. What can be the id of none is looked for
// nowhere.
func (s *stands) of(ctx context.Context, t *scim.Tenant, app string) (*stand, error) {
	if !ValidAppID(app) {
		return &stand{}, nil
	}
	key := standKey{t.ID, t.Space, strings.ToLower(app)}
	now := s.now()
	s.mu.Lock()
	found, forgets := s.known[key], s.forgets
	s.mu.Unlock()
	if found != nil && now.Before(found.until) {
		return found, nil
	}
	fresh := &stand{until: now.Add(standFresh)}
	var err error
	fresh.app, err = s.apps.Application(ctx, t.ID, app)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return nil, err
	default:
		fresh.there = true
		if fresh.rights, err = ParseRights(fresh.app.Rights); err != nil {
			return nil, fmt.Errorf("rights of the application %s: %w", fresh.app.ID, err)
		}
		if fresh.personRights, err = ParsePersonRights(fresh.app.PersonRights); err != nil {
			return nil, fmt.Errorf("rights of people of the application %s: %w", fresh.app.ID, err)
		}
		if fresh.acts, err = s.users.MayAct(ctx, t, fresh.app.UserID); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// What was forgotten since may have been read before it changed.
	if s.forgets == forgets {
		if len(s.known) >= cacheSize {
			clear(s.known)
		}
		s.known[key] = fresh
	}
	return fresh, nil
}

// forget drops what is known of those applications of a tenant that it concerns.
func (s *stands) forget(tenant int64, concerns func(store.Application) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgets++
	for key, known := range s.known {
		if key.tenant == tenant && (!known.there || concerns(known.app)) {
			delete(s.known, key)
		}
	}
}
