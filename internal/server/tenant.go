package server

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/scimd/scimd/internal/scim"
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

// tenantsSegment begins a path that names its tenant: /tenants/{tenant}/….
const tenantsSegment = "tenants"

type placeKey struct{}

// place is where a request arrived.
type place struct {
	tenant *scim.Tenant
	err    error // why there is no tenant
	// prefix is the part of the path that named the tenant, "/tenants/blue", or "".
	prefix string
	// own tells that the host led to the tenant.
	own bool
}

func placeOf(r *http.Request) place {
	p, _ := r.Context().Value(placeKey{}).(place)
	return p
}

// tenanted resolves the tenant of a request, once, for all that follows: by the
// prefix of its path, which it takes off, or else by its host.
func (s *server) tenanted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var p place
		name, rest, named := tenantPrefix(r.URL.EscapedPath())
		if !named {
			p.tenant, p.own, p.err = s.Tenants.At(scim.HostName(s.host(r)))
		} else {
			if p.tenant, p.err = s.Tenants.Named(r.Context(), name); p.err != nil {
				s.fail(w, r, p.err)
				return
			}
			p.prefix = "/" + tenantsSegment + "/" + p.tenant.Name
		}
		if p.own || named {
			entry(r).tenant = p.tenant.Name
		}
		r = r.WithContext(context.WithValue(r.Context(), placeKey{}, p))
		if named {
			u := *r.URL
			u.RawPath = rest
			u.Path, _ = url.PathUnescape(rest) // a part of what was unescaped before
			r.URL = &u
		}
		next.ServeHTTP(w, r)
	})
}

// tenantPrefix splits an escaped path at the name of its tenant, which it gives
// in lower case; rest begins with a slash. Its fixed segment and the name are
// taken in any letter case.
func tenantPrefix(escaped string) (name, rest string, ok bool) {
	head, rest := cutSegment(escaped)
	if !strings.EqualFold(head, tenantsSegment) {
		return "", "", false
	}
	if name, rest = cutSegment(rest); name == "" {
		return "", "", false
	}
	return strings.ToLower(name), "/" + strings.TrimPrefix(rest, "/"), true
}

// cutSegment takes the first segment, decoded, off an escaped path.
func cutSegment(escaped string) (segment, rest string) {
	escaped = strings.TrimLeft(escaped, "/")
	i := strings.IndexByte(escaped, '/')
	if i < 0 {
		i = len(escaped)
	}
	segment, err := url.PathUnescape(escaped[:i])
	if err != nil {
		return "", escaped
	}
	return segment, escaped[i:]
}

// tenant is the tenant of a request.
func tenant(r *http.Request) (*scim.Tenant, error) {
	p := placeOf(r)
	return p.tenant, p.err
}

// serverWide answers what belongs to no tenant: there is nothing of it below a
// tenant's prefix.
func (s *server) serverWide(next http.HandlerFunc) http.HandlerFunc {
	elsewhere := s.handle(s.unknownPath)
	return func(w http.ResponseWriter, r *http.Request) {
		if placeOf(r).prefix != "" {
			elsewhere(w, r)
			return
		}
		next(w, r)
	}
}

// maxBody bounds the body of a request, in bytes.
func (s *server) maxBody(t *scim.Tenant) int64 {
	if t.MaxBody != 0 {
		return min(int64(t.MaxBody), s.Limits.Body)
	}
	return s.Limits.Body
}
