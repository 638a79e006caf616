package auth

import (
	"context"
	"sync"
	"time"

	"github.com/scimd/scimd/internal/scim"
)

// Principals tells which users tokens stand for in vain; *scim.Service does.
type Principals interface {
	// Inactive tells that a user is there and inactive.
	Inactive(ctx context.Context, t *scim.Tenant, userID string) (bool, error)
}

// principals remembers for standFresh which users are inactive. Then one request
// looks again, and others go by what is remembered for half that time more.
type principals struct {
	users Principals
	now   func() time.Time

	mu      sync.Mutex
	forgets int
	known   map[principalKey]principal
}

type principalKey struct {
	tenant int64
	user   string
}

// principal is a user of a space: a tenant has another when it is restored.
type principal struct {
	space    int64
	inactive bool
	until    time.Time
}

func (p *principals) inactive(ctx context.Context, t *scim.Tenant, user string) (bool, error) {
	key, now := principalKey{t.ID, user}, p.now()
	p.mu.Lock()
	found, ok := p.known[key]
	ok = ok && found.space == t.Space
	if ok && now.Before(found.until) {
		p.mu.Unlock()
		return found.inactive, nil
	}
	if ok {
		found.until = now.Add(standFresh / 2)
		p.known[key] = found
	}
	forgets := p.forgets
	p.mu.Unlock()
	inactive, err := p.users.Inactive(ctx, t, user)
	if err != nil {
		return false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.forgets != forgets { // what was read may be from before
		return inactive, nil
	}
	if len(p.known) >= cacheSize {
		clear(p.known)
	}
	p.known[key] = principal{t.Space, inactive, now.Add(standFresh)}
	return inactive, nil
}

// forget drops what is known of a user.
func (p *principals) forget(tenant int64, user string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forgets++
	delete(p.known, principalKey{tenant, user})
}
