package server

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/fault"
	"github.com/scimd/scimd/internal/journal"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// logEntry gathers what the one log line of a request says, and what its row of
// the audit log does. It holds names and codes only, never a value that a client
// sent, but for the id of the path.
type logEntry struct {
	id       string
	tenant   string
	token    string
	scimType scimerr.Type
	at       string
	cause    error

	// What follows is for the audit log.
	tenanted               *scim.Tenant
	principal              store.Principal
	resourceType, resource string
	reads                  bool
	code                   string
	// operation, rule, by which it was refused, and detail, the sentence that was
	// answered, are for the journal, which recording is for, nil where none is kept.
	operation fault.Operation
	rule      string
	detail    string
	recording *journal.Recording

	// place is where the request arrived, nil before that is read.
	place *place
	// hop tells that the official SDKs asked for a token with another.
	hop bool

	// user is the id of who has got a token or a code, refusal the error code of an
	// OAuth endpoint.
	user, refusal string

	// fault is the id of the rule that hit the request, madeUp tells that the answer
	// was the rule's, not the tenant's, and worked is the status of the tenant's where
	// the work was done all the same.
	fault  string
	madeUp bool
	worked int
}

type entryKey struct{}

// entry is the log entry of a request.
func entry(r *http.Request) *logEntry {
	if e, ok := r.Context().Value(entryKey{}).(*logEntry); ok {
		return e
	}
	return &logEntry{}
}

// came tells with which credential a request came, and for whom; nil when that is not
// known.
func (e *logEntry) came(id *auth.Identity) {
	if id != nil {
		e.token, e.principal = id.TokenName, id.Principal
	}
}

// refuse tells of a refusal of an OAuth endpoint.
func (e *logEntry) refuse(err *auth.OAuthError) {
	e.code, e.refusal, e.at, e.detail = err.Code, err.Code, err.At, err.Description
	if err.Status >= http.StatusInternalServerError {
		e.cause = errors.Unwrap(err)
	}
}

func (e *logEntry) failed(err *scimerr.Error) {
	e.scimType, e.at, e.code, e.rule = err.Type, err.At, err.Code(), err.Rule()
	e.detail = err.Detail
	if err.Status >= http.StatusInternalServerError {
		e.cause = err.Unwrap()
	}
}

// observe gives a request its id, turns panics into 500, and writes the log
// line.
func (s *server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		e := &logEntry{id: strings.ToLower(rand.Text()[:20])}
		route := chi.NewRouteContext()
		route.Routes = s.router
		ctx := context.WithValue(r.Context(), entryKey{}, e)
		r = r.WithContext(context.WithValue(ctx, chi.RouteCtxKey, route))
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		ww.Header().Set("X-Request-Id", e.id)
		rec, sent, r := s.record(ww, r)
		e.recording = rec
		defer func() {
			p := recover()
			if p != nil && p != http.ErrAbortHandler {
				e.cause = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
				if ww.Status() == 0 {
					s.fail(sent, r, e.cause)
				}
			}
			s.log(r, ww.Status(), route.RoutePattern(), e, time.Since(start))
			s.audit(r, cmp.Or(e.worked, ww.Status()), route.RoutePattern(), e)
			cut := p != nil && (p == http.ErrAbortHandler || ww.BytesWritten() > 0 && e.scimType == "" && ww.Status() < 400)
			s.journalled(rec, ww, r, ww.Status(), route.RoutePattern(), e, start, cut)
			if cut {
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(sent, r)
	})
}

func (s *server) log(r *http.Request, status int, route string, e *logEntry, took time.Duration) {
	level := slog.LevelInfo
	wrong := status >= http.StatusInternalServerError && status != http.StatusNotImplemented && (!e.madeUp || e.cause != nil)
	if wrong && r.Context().Err() == nil {
		level = slog.LevelError // somebody must act; not so when the client has gone
		if status == http.StatusServiceUnavailable && e.cause == nil {
			level = slog.LevelWarn // too much at once: nothing is wrong inside
		}
	}
	if !s.Logger.Enabled(r.Context(), level) {
		return
	}
	attrs := make([]slog.Attr, 0, 13)
	attrs = append(attrs, slog.String("id", e.id), slog.String("method", methodName(r.Method)), slog.String("route", route),
		slog.Int("status", status), slog.String("client", clientFamily(r)), slog.Duration("duration", took))
	for _, o := range []struct{ name, value string }{
		{"tenant", e.tenant}, {"token", e.token}, {"user", e.user}, {"code", e.refusal}, {"scimType", string(e.scimType)}, {"at", e.at}, {"fault", e.fault},
	} {
		if o.value != "" {
			attrs = append(attrs, slog.String(o.name, o.value))
		}
	}
	if e.cause != nil {
		attrs = append(attrs, slog.String("cause", e.cause.Error()))
	}
	s.Logger.LogAttrs(r.Context(), level, "request", attrs...)
}

// methodName keeps made-up methods out of the log.
func methodName(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// bounded refuses URLs over the limit.
func (s *server) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if int64(len(r.RequestURI)) > s.Limits.URL {
			s.fail(w, r, scimerr.URITooLong("The URL is longer than the limit of %d bytes; POST to .search below the endpoint takes the filter in its body.", s.Limits.URL))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// clientFamilies recognise provisioning clients by a part of their User-Agent,
// in lower case. The family is for the log line only, never for behaviour.
var clientFamilies = []struct{ part, family string }{
	{"okta", "okta"},
	{"onelogin", "onelogin"},
	{"jumpcloud", "jumpcloud"},
	{"pingone", "pingone"}, {"pingfederate", "pingone"}, {"ping identity", "pingone"},
	{"sailpoint", "sailpoint"},
	{"goauthentik", "authentik"}, {"authentik", "authentik"},
	{"keycloak", "keycloak"}, {"unboundid", "keycloak"},
	{"azure", "entra"}, {"microsoft", "entra"}, {"aad", "entra"},
	{"google", "google"},
	{"rippling", "rippling"},
	{"curl/", "curl"},
	{"go-http-client", "go"},
	{"python", "python"},
	{"axios", "node"}, {"node", "node"},
}

// ClientFamilies are the families that there are.
func ClientFamilies() []string {
	out := []string{noFamily, otherFamily}
	for _, f := range clientFamilies {
		out = append(out, f.family)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// The families of clients that do not say what they are, and that are not known.
const (
	noFamily    = "none"
	otherFamily = "other"
)

func clientFamily(r *http.Request) string {
	if strings.Contains(strings.ToLower(r.URL.RawQuery), "aadoptscim") {
		return "entra"
	}
	agent := strings.ToLower(r.UserAgent())
	for _, f := range clientFamilies {
		if strings.Contains(agent, f.part) {
			return f.family
		}
	}
	if agent == "" {
		return noFamily
	}
	return otherFamily
}
