package server

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
)

// base is the canonical prefix of all SCIM routes.
const base = "/scim"

// linked is how links may spell the base.
const linked = "Scim"

// version is the protocol version that a path may name after the base.
const version = "v2"

// legacyRoot stands before the base of the on-premises server.
const legacyRoot = "CyberArk"

// discoveryEndpoints are the fixed names beside the resource types.
var discoveryEndpoints = []string{"ServiceProviderConfig", "ResourceTypes", "Schemas", "Bulk", "Me", ".search"}

type formKey struct{}

// form is how a request spelled its path.
type form struct {
	// version is the version segment with its slash, or "": links mirror it.
	version string
	// loose tells that a fixed segment was in a letter case that is not its own,
	// or a segment empty.
	loose bool
	// legacy tells that the path was below the legacy base.
	legacy bool
}

func formOf(r *http.Request) form {
	f, _ := r.Context().Value(formKey{}).(form)
	return f
}

// spelled refuses a loose path where the profile wants them exact
// (R7644-3.2-07). A slash at the end is harmless (R7644-3.2-08).
func spelled(r *http.Request, p *scim.Profile) error {
	if f := formOf(r); f.legacy && !p.LegacyAlias {
		return scimerr.NotFound("There is nothing here: switch legacyAlias is off.")
	} else if p.LoosePaths || !f.loose {
		return nil
	}
	return scimerr.NotFound("There is no such endpoint: endpoints are found in their own letter case only, after single slashes.")
}

// canonical rewrites a path to the spelling of the routes: fixed segments in
// their own letter case, no version segment, no empty segments, ids escaped
// once. How the path was spelled is kept in the context.
func (s *server) canonical(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		segments, ok := segments(r.URL.EscapedPath())
		if !ok {
			s.fail(w, r, scimerr.BadRequest("The path has a percent sign that is not followed by two hexadecimal digits."))
			return
		}
		legacy := len(segments) > 1 && strings.EqualFold(segments[0], legacyRoot) && strings.EqualFold(segments[1], base[1:])
		if legacy {
			segments = segments[1:]
		}
		if len(segments) == 0 || !strings.EqualFold(segments[0], base[1:]) {
			next.ServeHTTP(w, r)
			return
		}
		f := form{legacy: legacy, loose: segments[0] != base[1:] && segments[0] != linked || strings.Contains(r.URL.EscapedPath(), "//")}
		segments = segments[1:]
		fix := func(i int, name string) {
			f.loose = f.loose || segments[i] != name
			segments[i] = name
		}
		if len(segments) > 0 && strings.EqualFold(segments[0], version) {
			fix(0, version)
			f.version, segments = "/"+version, segments[1:]
		}
		if len(segments) > 0 {
			fix(0, s.endpointName(segments[0]))
		}
		if len(segments) > 1 && strings.EqualFold(segments[1], searchSegment) {
			fix(1, searchSegment)
		}
		r = r.WithContext(context.WithValue(r.Context(), formKey{}, f))
		u := *r.URL
		u.Path, u.RawPath = base, base
		for _, seg := range segments {
			u.Path += "/" + seg
			u.RawPath += "/" + url.PathEscape(seg)
		}
		r.URL = &u
		next.ServeHTTP(w, r)
	})
}

// segments splits an escaped path and decodes each part once.
func segments(escaped string) ([]string, bool) {
	var out []string
	for part := range strings.SplitSeq(escaped, "/") {
		if part == "" {
			continue
		}
		text, err := url.PathUnescape(part)
		if err != nil {
			return nil, false
		}
		out = append(out, text)
	}
	return out, true
}

// endpointName gives a fixed segment its own letter case.
func (s *server) endpointName(segment string) string {
	if rt := s.Registry.Endpoint(segment); rt != nil {
		return rt.Endpoint[1:]
	}
	for _, name := range discoveryEndpoints {
		if strings.EqualFold(name, segment) {
			return name
		}
	}
	return segment
}

// unknownPath answers what lies outside the base; a path that looks like SCIM
// is told where the base is.
func (s *server) unknownPath(q *request) error {
	parts, _ := segments(q.r.URL.EscapedPath())
	for _, p := range parts {
		if s.isEndpoint(p) || strings.EqualFold(p, base[1:]) {
			return scimerr.NotFound("There is no SCIM endpoint here: the base URL is %s.", s.publicRoot(q.r)+base+"/"+version)
		}
	}
	return scimerr.NotFound("There is nothing here: the SCIM base URL is %s.", s.publicRoot(q.r)+base+"/"+version)
}

// unknownEndpoint answers what lies below the base and is no endpoint.
func (s *server) unknownEndpoint(q *request) error {
	parts, _ := segments(q.r.URL.EscapedPath())
	if len(parts) > 2 && s.isEndpoint(parts[2]) {
		return scimerr.NotFound("There is no SCIM endpoint here: the base URL is %s.", s.publicRoot(q.r)+base+"/"+version)
	}
	return scimerr.NotFound("There is no such endpoint: %s/ResourceTypes lists those that there are.", q.call.Base)
}

func (s *server) isEndpoint(segment string) bool {
	same := func(name string) bool { return strings.EqualFold(name, segment) }
	return s.Registry.Endpoint(segment) != nil ||
		slices.ContainsFunc(discoveryEndpoints, same)
}

// searchSegment stands where an id could, and is none.
const searchSegment = ".search"

// one runs a handler on one resource; a search takes no other method than POST
// (R7644-3.4.3-07).
func (s *server) one(handler http.HandlerFunc) http.HandlerFunc {
	wrong := s.authenticated(s.wrongMethod)
	return func(w http.ResponseWriter, r *http.Request) {
		if chi.URLParam(r, "id") == searchSegment {
			wrong(w, r)
			return
		}
		handler(w, r)
	}
}

// methods are those that a path may have, in the order of Allow.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// methods are those that the path of a request has; an unknown path has none.
func (s *server) methods(r *http.Request) []string {
	var has []string
	for _, m := range methods {
		probe := m
		if m == http.MethodHead {
			probe = http.MethodGet
		}
		found := chi.NewRouteContext()
		if s.router.Match(found, probe, r.URL.EscapedPath()) && found.URLParam("id") != searchSegment {
			has = append(has, m)
		}
	}
	return has
}

// wrongMethod answers 405, and OPTIONS, with the methods that the path has.
func (s *server) wrongMethod(q *request) error {
	allow := s.methods(q.r)
	if q.r.Method == http.MethodOptions {
		q.w.Header().Set("Allow", strings.Join(append(allow, http.MethodOptions), ", "))
		q.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return scimerr.MethodNotAllowed(q.r.Method, allow)
}
