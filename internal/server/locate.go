package server

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
)

// base is the canonical prefix of all SCIM routes.
const base = "/scim"

// linked is how links may spell the base.
const linked = "Scim"

// version is the protocol version that a path may name after the base.
const version = "v2"

// legacyRoot stands before the base of the on-premises server.
const legacyRoot = "CyberArk"

// searchSegment stands where an id could, and is none.
const searchSegment = ".search"

// discoveryEndpoints are the fixed names beside the resource types.
var discoveryEndpoints = []string{"ServiceProviderConfig", "ResourceTypes", "Schemas", "Bulk", "Me", searchSegment}

// place is where a request arrived: what its path says, and the tenant that this
// leads to.
type place struct {
	// base is the configured base path, when the path named it, else "".
	base string
	// name is the name of a tenant that the path gave, in lower case, or "".
	name string
	// scim tells that what follows is below the SCIM base, legacy that it is below
	// the one of the on-premises server.
	scim, legacy bool
	// oauth tells that it is an endpoint of OAuth, or where one would be.
	oauth bool
	// page tells that people read the answer, set by the route.
	page bool
	// version is the version segment with its slash, or "": links mirror it.
	version string
	// loose tells that a fixed segment was in a letter case that is not its own,
	// or a segment empty.
	loose bool
	// segments are those that are left, decoded, fixed ones in their own letter
	// case.
	segments []string
	// path is the escaped path that the routes know.
	path string

	// What follows is set by tenanted.
	tenant *scim.Tenant
	err    error // why there is no tenant
	// own tells that the host led to the tenant.
	own bool
}

type placeKey struct{}

func placeOf(r *http.Request) *place {
	if p, ok := r.Context().Value(placeKey{}).(*place); ok {
		return p
	}
	if p := entry(r).place; p != nil { // outside of what located runs: a panic
		return p
	}
	return &place{}
}

// located reads the path of a request, once, for all that follows, and gives it
// the spelling of the routes.
func (s *server) located(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := s.locate(r.URL.EscapedPath())
		entry(r).place = p
		r = r.WithContext(context.WithValue(r.Context(), placeKey{}, p))
		u := *r.URL
		u.RawPath = p.path
		u.Path, _ = url.PathUnescape(p.path) // made of what was unescaped before
		r.URL = &u
		next.ServeHTTP(w, r)
	})
}

// locate reads an escaped path: the base path, the name of a tenant, the SCIM base
// and its version, each if it is there. What is neither SCIM nor OAuth keeps its
// spelling, and the prefix of its tenant: the routes of the server itself are not
// below it.
func (s *server) locate(escaped string) *place {
	p := &place{path: escaped}
	if rest, ok := strings.CutPrefix(escaped, s.BasePath); ok && s.BasePath != "" && (rest == "" || rest[0] == '/') {
		p.base, p.path = s.BasePath, rest
	}
	p.loose = strings.Contains(p.path, "//")
	p.segments = segments(p.path)
	if len(p.segments) > 1 && p.fixed(scim.TenantsSegment) {
		p.name, p.segments = scim.TenantName(p.segments[0]), p.segments[1:]
	}
	if known, ok := oauthPath(p.segments); ok {
		p.segments, p.oauth = known, true
		p.path = joined(known)
		return p
	}
	if len(p.segments) > 1 && sameName(p.segments[1], base[1:]) {
		p.legacy = p.fixed(legacyRoot)
	}
	if p.scim = p.fixed(linked, base[1:]); !p.scim {
		return p
	}
	if p.fixed(version) {
		p.version = "/" + version
	}
	for i, own := range []func(string) string{s.endpointName, searchName} {
		if i < len(p.segments) {
			p.spell(i, own(p.segments[i]))
		}
	}
	p.path = base + joined(p.segments)
	return p
}

// joined is a path of segments, each escaped once.
func joined(segments []string) string {
	var path strings.Builder
	for _, segment := range segments {
		path.WriteString("/" + url.PathEscape(segment))
	}
	return path.String()
}

// fixed takes the first segment off where it is the one of these spellings, in
// whatever letter case.
func (p *place) fixed(spellings ...string) bool {
	if len(p.segments) == 0 || !sameName(p.segments[0], spellings[0]) {
		return false
	}
	exact := false
	for _, spelling := range spellings {
		exact = exact || p.segments[0] == spelling
	}
	p.loose = p.loose || !exact
	p.segments = p.segments[1:]
	return true
}

// spell gives a segment its own letter case.
func (p *place) spell(i int, name string) {
	p.loose = p.loose || p.segments[i] != name
	p.segments[i] = name
}

// prefix is the part of the path that named the tenant, "/tenants/blue", or "".
func (p *place) prefix() string {
	if p.name == "" {
		return ""
	}
	return "/" + scim.TenantsSegment + "/" + p.name
}

// segments splits an escaped path, passes over empty parts, and decodes each
// other once. That every percent sign is followed by two digits is seen to by
// net/http, which answers 400 otherwise.
func segments(escaped string) []string {
	var out []string
	for part := range strings.SplitSeq(escaped, "/") {
		if part == "" {
			continue
		}
		if text, err := url.PathUnescape(part); err == nil {
			part = text
		}
		out = append(out, part)
	}
	return out
}

// sameName compares names in paths, all of which are ASCII, without regard to
// letter case.
func sameName(a, b string) bool { return schema.FoldName(a) == schema.FoldName(b) }

// endpointName gives the name of an endpoint its own letter case.
func (s *server) endpointName(segment string) string {
	if rt := s.Registry.Endpoint(segment); rt != nil {
		return rt.Endpoint[1:]
	}
	for _, name := range discoveryEndpoints {
		if sameName(name, segment) {
			return name
		}
	}
	return segment
}

func (s *server) isEndpoint(segment string) bool {
	name := s.endpointName(segment)
	return s.Registry.Endpoint(name) != nil || slices.Contains(discoveryEndpoints, name)
}

func searchName(segment string) string {
	if sameName(segment, searchSegment) {
		return searchSegment
	}
	return segment
}
