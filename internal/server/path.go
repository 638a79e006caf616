package server

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
)

// spelled refuses a loose path where the profile wants them exact
// (R7644-3.2-07). A slash at the end is harmless (R7644-3.2-08).
func spelled(r *http.Request, p *scim.Profile) error {
	if at := placeOf(r); at.legacy && !p.LegacyAlias {
		return scimerr.NotFound("There is nothing here: switch legacyAlias is off.")
	} else if p.LoosePaths || !at.loose {
		return nil
	}
	return scimerr.NotFound("There is no such endpoint: endpoints are found in their own letter case only, after single slashes.")
}

// unknownPath answers what lies outside the base; a path that looks like SCIM
// is told where the base is, one that looks like OAuth where its endpoints are told.
func (s *server) unknownPath(q *request) error {
	at := placeOf(q.r)
	switch {
	case at.oauth && q.r.URL.Path == tokenPath:
		return scimerr.NotFound("The path lacks the id of an application: use %s/{appId}, or %s.", tokenPath, platformTokenPath)
	case at.oauth:
		return scimerr.NotFound("There is no OAuth endpoint here: %s lists those that there are.", s.publicRoot(q.r)+metadataPath)
	}
	for _, segment := range at.segments {
		if s.isEndpoint(segment) || sameName(segment, base[1:]) {
			return scimerr.NotFound("There is no SCIM endpoint here: the base URL is %s.", s.publicRoot(q.r)+base+"/"+version)
		}
	}
	return scimerr.NotFound("There is nothing here: the SCIM base URL is %s.", s.publicRoot(q.r)+base+"/"+version)
}

// unknownEndpoint answers what lies below the base and is no endpoint.
func (s *server) unknownEndpoint(q *request) error {
	if left := placeOf(q.r).segments; len(left) > 1 && s.isEndpoint(left[1]) {
		return scimerr.NotFound("There is no SCIM endpoint here: the base URL is %s.", s.publicRoot(q.r)+base+"/"+version)
	}
	return scimerr.NotFound("There is no such endpoint: %s/ResourceTypes lists those that there are.", q.call.Base)
}

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

// madeUp answers a method that the router does not know, for which it looks at no
// path: below the base a token comes first, as for all others.
func (s *server) madeUp() http.HandlerFunc {
	open, closed := s.handle(s.wrongMethod), s.authenticated(s.wrongMethod)
	return func(w http.ResponseWriter, r *http.Request) {
		if placeOf(r).scim {
			closed(w, r)
			return
		}
		open(w, r)
	}
}

// wrongMethod answers 405, and OPTIONS, with the methods that the path has.
func (s *server) wrongMethod(q *request) error {
	allow := s.methods(q.r)
	if len(allow) == 0 && placeOf(q.r).scim {
		return s.unknownEndpoint(q)
	} else if len(allow) == 0 {
		return s.unknownPath(q)
	}
	if q.r.Method == http.MethodOptions {
		q.w.Header().Set("Allow", strings.Join(append(allow, http.MethodOptions), ", "))
		q.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return scimerr.MethodNotAllowed(q.r.Method, allow)
}
