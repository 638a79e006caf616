package server

import (
	"context"
	"net/http"
	"strings"
)

type basePathKey struct{}

// basePath is the configured base path when the request named it, else "".
func basePath(r *http.Request) string {
	p, _ := r.Context().Value(basePathKey{}).(string)
	return p
}

// based takes the base path off a request that names it, as a proxy does that
// strips its prefix; every path is there without it as well. Links mirror it.
func (s *server) based(next http.Handler) http.Handler {
	if s.BasePath == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, ok := strings.CutPrefix(r.URL.Path, s.BasePath)
		raw, same := strings.CutPrefix(r.URL.EscapedPath(), s.BasePath)
		if !ok || !same || path != "" && path[0] != '/' {
			next.ServeHTTP(w, r)
			return
		}
		r = r.WithContext(context.WithValue(r.Context(), basePathKey{}, s.BasePath))
		u := *r.URL
		u.Path, u.RawPath = path, raw
		r.URL = &u
		next.ServeHTTP(w, r)
	})
}
