// Package server is SCIM over HTTP: routes, middleware, and one method per
// operation. It reads requests into the types of internal/scim and writes their
// results; what a request means is decided there.
package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/fault"
	"github.com/scimd/scimd/internal/journal"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
)

// Config is what a server needs. PublicURL, TrustedProxies, BasePath and
// CORSOrigins may be left out.
type Config struct {
	Service  *scim.Service
	Registry *schema.Registry
	Tenants  Tenants
	// Demand gives the tenant of a name that Tenants does not know, and makes it for
	// whom the header allows that; 404 otherwise. nil where none are made.
	Demand func(ctx context.Context, name string, header http.Header) (*scim.Tenant, error)
	Auth   Authenticator
	// Issuer issues the access tokens that Auth accepts.
	Issuer *auth.Issuer
	Logger *slog.Logger
	Limits Limits
	// PublicURL is the prefix of all links before /scim, or before the prefix of a
	// tenant; nil takes scheme and host from the request, as do the links of a
	// tenant that is reached by a host of its own.
	PublicURL *url.URL
	// TrustedProxies may say scheme, host and prefix in forwarding headers.
	TrustedProxies []netip.Prefix
	// BasePath is a path below which everything is served too, such as
	// /idm/scimd: for proxies that leave their prefix on.
	BasePath string
	// CORSOrigins are the origins whose scripts may use the server: each
	// scheme://host[:port], perhaps with *. before the host, or * for all.
	CORSOrigins []string
	// Audit gets the rows of the audit log, without those of reads unless
	// AuditReads says so; nil drops them.
	Audit      Recorder
	AuditReads bool
	// Journal keeps requests with their answers; nil keeps none.
	Journal *journal.Journals
	// Faults are what tenants do wrong on purpose; nil is nothing. FaultHeader lets a
	// request bring a fault for itself.
	Faults      *fault.Tenants
	FaultHeader bool
	// Snapshot gives the space of a snapshot of a tenant, for faults that read one;
	// store.ErrNotFound.
	Snapshot func(ctx context.Context, tenant int64, name string) (space int64, err error)
	// Ready tells whether requests can be served.
	Ready func(context.Context) error
}

// Authenticator tells who a request is from; *auth.Authenticator is one.
type Authenticator interface {
	// Authenticate reads the Authorization header of a request to a tenant.
	Authenticate(ctx context.Context, header http.Header, tenant *scim.Tenant, root string) (*auth.Identity, error)
	// AuthenticateBasic reads the Basic credentials of one to the legacy base.
	AuthenticateBasic(ctx context.Context, sent []auth.Credentials, tenant *scim.Tenant, root, source string) (*auth.Identity, error)
	// Guessed is the answer to a request that it refused with err, by its source.
	Guessed(tenant *scim.Tenant, source string, err error) error
}

// Limits bound what a request may cost. All are required.
type Limits struct {
	// Body and URL are sizes in bytes.
	Body, URL int64
	// Write is the time that a client may take to read one chunk of an answer.
	Write time.Duration
}

type server struct {
	Config
	router chi.Router
}

// New makes the handler of all SCIM, OAuth and health endpoints.
func New(c Config) http.Handler {
	s := &server{Config: c}
	s.router = s.routes()
	return s.observe(s.crossOrigin(s.located(s.preflight(s.tenanted(s.bounded(s.router))))))
}

// Paths of the server itself.
const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

// routes are all routes. Paths arrive in their spelling: see locate.
func (s *server) routes() chi.Router {
	r := chi.NewRouter()
	r.Use(middleware.GetHead)
	r.NotFound(s.handle(s.unknownPath))
	r.MethodNotAllowed(s.madeUp())
	r.Get(healthPath, s.healthz)
	r.Get(readyPath, s.readyz)

	r.Post(tokenPath+"/{appId}", s.oauth(fault.Token, s.token))
	r.Post(platformTokenPath, s.oauth(fault.Token, s.token))
	for _, app := range []string{"", "/{appId}"} {
		r.Get(authorizePath+app, s.page(s.authorize))
		r.Post(authorizePath+app, s.page(s.authorize))
		r.Get(userInfoPath+app, s.oauth(fault.OAuth, s.userInfo))
		r.Post(userInfoPath+app, s.oauth(fault.OAuth, s.userInfo))
		r.Post(introspectPath+app, s.oauth(fault.OAuth, s.introspect))
		r.Post(revokePath+app, s.oauth(fault.OAuth, s.revoke))
		r.Get(keysPath+app, s.oauth(fault.OAuth, s.signingKeys))
	}
	r.Get(metadataPath, s.oauth(fault.OAuth, s.metadata))
	r.Get("/{appId}"+metadataPath, s.oauth(fault.OAuth, s.metadata))

	r.Route(base, func(r chi.Router) {
		r.NotFound(s.authenticated(s.unknownEndpoint))
		r.MethodNotAllowed(s.authenticated(s.wrongMethod))

		r.Get("/ServiceProviderConfig", s.discovery(s.serviceProviderConfig))
		r.Get("/ResourceTypes", s.discovery(s.resourceTypes))
		r.Get("/ResourceTypes/{id}", s.discovery(s.resourceType))
		r.Get("/Schemas", s.discovery(s.schemas))
		r.Get("/Schemas/{id}", s.discovery(s.schema))

		for _, rt := range s.Registry.Types {
			r.Get(rt.Endpoint, s.reading(rt, fault.List, s.list))
			r.Post(rt.Endpoint, s.writing(rt, fault.Create, s.create))
			r.Post(rt.Endpoint+"/.search", s.reading(rt, fault.Search, s.search))
			r.Get(rt.Endpoint+"/{id}", s.one(s.reading(rt, fault.Read, s.get)))
			r.Put(rt.Endpoint+"/{id}", s.one(s.writing(rt, fault.Replace, s.replace)))
			r.Patch(rt.Endpoint+"/{id}", s.one(s.writing(rt, fault.Patch, s.patch)))
			r.Delete(rt.Endpoint+"/{id}", s.one(s.writing(rt, fault.Delete, s.delete)))
		}

		r.HandleFunc("/Bulk", s.authenticated(notOffered("Bulk requests are")))
		r.HandleFunc("/Me", s.authenticated(notOffered("The alias /Me is")))
		r.Post("/.search", s.authenticated(notOffered("A search over all resource types is")))
	})
	return r
}

// notOffered answers 501 for an optional feature (RFC 7644 §3.11, §3.7).
func notOffered(what string) handlerFunc {
	return func(*request) error {
		return scimerr.NotImplemented("%s not offered by this server.", what)
	}
}

func (s *server) healthz(w http.ResponseWriter, _ *http.Request) {
	writeBytes(w, http.StatusOK, "application/json", []byte(`{"status":"ok"}`))
}

func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		entry(r).cause = err
		writeBytes(w, http.StatusServiceUnavailable, "application/json", []byte(`{"status":"unavailable"}`))
		return
	}
	writeBytes(w, http.StatusOK, "application/json", []byte(`{"status":"ready"}`))
}
