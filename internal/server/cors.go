package server

import (
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/cors"
)

// preflightAge is how long a browser may remember what a preflight told it.
const preflightAge = 10 * time.Minute

// exposedHeaders are those that a script may read of an answer.
var exposedHeaders = []string{"Allow", "ETag", "Location", "Retry-After", "WWW-Authenticate", "X-Request-Id"}

// crossOrigin lets scripts of the configured origins read answers, refusals
// too, and use any header (Fetch standard, "CORS protocol"). It never allows
// credentials that a browser adds by itself: a script has to name the token.
func (s *server) crossOrigin(next http.Handler) http.Handler {
	if len(s.CORSOrigins) == 0 {
		return next
	}
	return cors.Handler(cors.Options{
		AllowedOrigins: s.CORSOrigins, AllowedMethods: methods, AllowedHeaders: []string{"*"},
		ExposedHeaders: exposedHeaders, MaxAge: int(preflightAge.Seconds()),
		OptionsPassthrough: true, // to preflight, which knows the path
	})(next)
}

// preflight answers the question that a browser asks before a request, for
// which it sends no token: with the methods of the path. A path without any is
// let through, so that the script can read the refusal.
func (s *server) preflight(next http.Handler) http.Handler {
	if len(s.CORSOrigins) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodOptions || r.Header.Get("Origin") == "" || r.Header.Get("Access-Control-Request-Method") == "" {
			next.ServeHTTP(w, r)
			return
		}
		const allowed = "Access-Control-Allow-Methods"
		if has := s.methods(r); len(has) > 0 && w.Header().Get(allowed) != "" {
			w.Header().Set(allowed, strings.Join(has, ", "))
		}
		w.WriteHeader(http.StatusNoContent)
	})
}
