package auth

import (
	"context"
	"net/http"
	"sync"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/store"
)

// ownUsers tells whom the fixed tokens stand for in tenants that came to be by
// their first use, and remembers it: it never changes.
type ownUsers struct {
	of func(context.Context, *scim.Tenant) (store.Principal, error)

	mu    sync.Mutex
	known map[int64]store.Principal
}

// Serve makes fixed tokens good in tenants that came to be on demand, where they
// stand for the user that of gives. It is called before the first request.
func (a *Authenticator) Serve(of func(context.Context, *scim.Tenant) (store.Principal, error)) {
	a.ownUsers = &ownUsers{of: of, known: map[int64]store.Principal{}}
}

// Fixed tells that a request has a fixed token.
func (a *Authenticator) Fixed(header http.Header) bool {
	text, err := bearer(header)
	if err != nil {
		return false
	}
	_, fixed := a.configured(Hash(text))
	return fixed
}

// in is a fixed token as it is in a tenant.
func (u *ownUsers) in(ctx context.Context, t store.Token, tenant *scim.Tenant) (store.Token, error) {
	if u == nil || !tenant.OnDemand || t.Tenant == tenant.ID {
		return t, nil
	}
	u.mu.Lock()
	p, ok := u.known[tenant.ID]
	u.mu.Unlock()
	if !ok {
		var err error
		if p, err = u.of(ctx, tenant); err != nil {
			return t, err
		}
		u.mu.Lock()
		defer u.mu.Unlock()
		if len(u.known) >= cacheSize {
			clear(u.known)
		}
		u.known[tenant.ID] = p
	}
	t.Tenant, t.Principal = tenant.ID, p
	return t, nil
}
