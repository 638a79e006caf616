package server

import (
	"context"
	"net/http"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
)

// Tenants finds the tenants of requests. It is asked for every request, and so
// answers from memory.
type Tenants interface {
	// Named finds the tenant of a name, which is in lower case; 404 when there is
	// none.
	Named(ctx context.Context, name string) (*scim.Tenant, error)
	// At finds the tenant to which a host leads, which is in lower case and has no
	// port. own tells that it is a host of that tenant; all others lead to the
	// default tenant.
	At(host string) (t *scim.Tenant, own bool, err error)
}

// tenanted resolves the tenant of a request, once, for all that follows: by the
// name in its path, or else by its host.
func (s *server) tenanted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := placeOf(r)
		for entered := false; !entered; {
			if p.name == "" {
				p.tenant, p.own, p.err = s.Tenants.At(scim.HostName(s.host(r)))
			} else if p.tenant, p.err = s.named(r, p.name); p.err != nil {
				s.fail(w, r, p.err)
				return
			}
			if p.tenant == nil {
				break
			}
			if entered = p.tenant.Visits.Enter(); entered {
				defer p.tenant.Visits.Leave()
			}
		}
		if p.tenant != nil {
			entry(r).tenanted = p.tenant
			entry(r).recording.For(p.tenant.ID)
		}
		if p.own || p.name != "" {
			entry(r).tenant = p.tenant.Name
		}
		next.ServeHTTP(w, r)
	})
}

// named finds the tenant of a name, and has it made where tenants are on demand.
func (s *server) named(r *http.Request, name string) (*scim.Tenant, error) {
	t, err := s.Tenants.Named(r.Context(), name)
	if s.Demand != nil && scimerr.Is(err, http.StatusNotFound) {
		return s.Demand(r.Context(), name, r.Header)
	}
	return t, err
}

// maxBody bounds the body of a request, in bytes.
func (s *server) maxBody(t *scim.Tenant) int64 {
	if t.MaxBody != 0 {
		return min(int64(t.MaxBody), s.Limits.Body)
	}
	return s.Limits.Body
}
