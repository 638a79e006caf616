package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/scimd/scimd/internal/audit"
	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/certs"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/fault"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/server"
	"github.com/scimd/scimd/internal/store"
)

const (
	// tokenCache is how long a look-up of a token is remembered: a token revoked by
	// another replica may live on for half as long again.
	tokenCache = time.Second
)

// Streams are where a server reads and writes. A nil In never ends.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Server is a running server.
type Server struct {
	cfg   Config
	log   *slog.Logger
	ready Ready

	http     *http.Server
	controls []*http.Server
	// stopping ends when the server begins to stop, by endWaits.
	stopping context.Context
	endWaits context.CancelFunc
	// management is what the control API serves.
	management control.Service
	// certs is nil without TLS.
	certs    certs.Source
	faults   *fault.Tenants
	undo     undo
	draining atomic.Bool
	failed   chan error
	stop     context.CancelFunc
	done     chan struct{}
	err      error
}

// Start starts a server and returns when it is ready. It runs until ctx ends,
// Shutdown is called, or a listener fails. An error is one line for the person
// who started it; nothing is left running or lying about then.
func Start(ctx context.Context, cfg Config, streams Streams) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := cfg.validateExposure(); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, log: newLogger(&cfg, streams.Err), failed: make(chan error, 4), done: make(chan struct{})}
	s.stopping, s.endWaits = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.start(ctx, streams); err != nil {
		s.endWaits()
		if s.http != nil {
			_ = s.http.Close()
		}
		return nil, errors.Join(err, s.undo.run())
	}
	ctx, s.stop = context.WithCancel(ctx)
	if cfg.ExitWhenStdinCloses && streams.In != nil {
		go func() {
			_, _ = io.Copy(io.Discard, streams.In)
			s.stop()
		}()
	}
	go s.run(ctx)
	return s, nil
}

// BaseURL reaches the server from this machine: http://HOST:PORT/scim/v2, or
// https:// with TLS.
func (s *Server) BaseURL() string { return s.ready.BaseURL }

// Token is the token given or made at this start, else "".
func (s *Server) Token() string { return s.ready.Token }

// Control is the control API in this process, which needs no token and no listener.
func (s *Server) Control() control.Service { return s.management }

// ControlURL is the base of the control API over TCP, http://HOST:PORT/_scimd or with
// https, and ControlToken what requests to it need; both are "" without it.
func (s *Server) ControlURL() string   { return s.ready.ControlURL }
func (s *Server) ControlToken() string { return s.ready.ControlToken }

// Reload takes the certificate anew from its files, if it comes from files.
func (s *Server) Reload() {
	if s.certs != nil {
		s.certs.Reload()
	}
}

// Wait returns when the server has stopped, with what went wrong.
func (s *Server) Wait() error {
	<-s.done
	return s.err
}

// Shutdown stops the server as the end of its context does, and waits for it.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop()
	select {
	case <-s.done:
		return s.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func newLogger(cfg *Config, w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == LogJSON {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

func (s *Server) start(ctx context.Context, streams Streams) error {
	cfg := &s.cfg
	e, err := newEngine(cfg)
	if err != nil {
		return err
	}
	if err := makeDataDir(cfg, &s.undo); err != nil {
		return err
	}
	dir, err := privateDir(cfg, &s.undo)
	if err != nil {
		return err
	}
	if err := e.open(ctx, dir, s.log); err != nil {
		return err
	}
	s.undo.add(e.store.Close)
	if cfg.ReadyFile != "" {
		_ = os.Remove(cfg.ReadyFile) // of a server that was killed
	}
	if err := e.openKeys(ctx); err != nil {
		return err
	}
	e.sealer = e.keyring
	listener, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", cfg.Addr, cause(err))
	}
	s.undo.add(func() error { _ = listener.Close(); return nil })
	if err := s.openCertificates(dir); err != nil {
		return err
	}
	tenant, err := e.defaultTenant(ctx)
	if err != nil {
		return err
	}
	principal, err := e.serviceUser(ctx, tenant)
	if err != nil {
		return err
	}
	e.targets.journals = s.openJournals(e.registry)
	known, err := openDirectory(ctx, e, s.log)
	if err != nil {
		return err
	}
	behaviour, err := e.behaviour(tenant.Switches)
	if err != nil {
		return fmt.Errorf("the stored profile of the tenant %s: %w", tenant.Name, err)
	}
	e.idle = known.idle
	sweeper := newSweeper()

	local := localURL(s.certs, reachable(cfg.Addr, listener.Addr().String()))
	public := local
	if cfg.PublicURL != nil {
		public = cfg.PublicURL.String()
	}
	var fixed []store.Token
	if cfg.Token != "" {
		fixed = []store.Token{{
			ID: "configured", Name: "configured", Tenant: tenant.ID, Hash: auth.Hash(cfg.Token),
			Rights: auth.All.String(), Principal: principal,
		}}
	}
	authenticator := auth.New(e.store, fixed, tokenCache, time.Now)
	if cfg.UnknownTokens > 0 {
		authenticator.CountGuesses(cfg.UnknownTokens)
	}
	trail := audit.NewRecorder(e.store, s.log, time.Now)
	s.beside(trail.Run)
	issuer := e.issuer()
	known.gone = func(t store.Tenant) { issuer.Keys.Forget(t.Home) }
	authenticator.Accept(issuer)
	authenticator.Heed(e.service)
	e.service.Watch(func(tenant int64, resourceType, id string) {
		if resourceType == scim.ServiceUserType {
			authenticator.UserChanged(tenant, id)
		}
	})
	authenticator.Welcome(auth.NewExternals(cfg.TokenSkew, time.Now))
	manager := e.manage(control.Info{
		Version: Version(), PID: os.Getpid(), BaseURL: public + scim.BasePath, Address: listener.Addr().String(), TLS: s.certs != nil,
		Engine: e.store.Capabilities().Engine, Database: cfg.Database(), Profile: e.profile.Name, Started: time.Now().UTC(),
	}, authenticator.Forget, known.refresh, sweeper.wake)
	e.targets.hold(manager)
	s.faults = e.targets.faults
	manager.ApplicationChanged = issuer.ApplicationChanged
	manager.Restored = issuer.TenantRestored
	manager.Signing = func(context.Context) (*auth.SigningKeys, error) { return issuer.Keys, nil }

	audited := &control.Audited{Direct: manager, Keep: trail.Keep, Record: trail.Add}
	var onDemand func(context.Context, string, http.Header) (*scim.Tenant, error)
	if cfg.TenantsOnDemand {
		authenticator.Serve(e.service.EnsureServiceUser)
		onDemand = demand(known, authenticator, audited, cfg.OnDemandMaxAge)
	}
	handler := server.New(server.Config{
		Demand:  onDemand,
		Service: e.service, Registry: e.registry, Tenants: known, Auth: authenticator, Issuer: issuer, Logger: s.log,
		Limits:    server.Limits{Body: cfg.MaxBody, URL: cfg.MaxURL, Write: cfg.WriteTimeout},
		PublicURL: cfg.PublicURL, TrustedProxies: cfg.TrustedProxy, BasePath: cfg.BasePath, CORSOrigins: cfg.CORSOrigins, Ready: s.readiness(e.store),
		Audit: trail, AuditReads: cfg.AuditReads, Journal: e.targets.journals, Faults: e.targets.faults, FaultHeader: cfg.FaultHeader, Snapshot: e.snapshotSpace,
	})
	s.management = audited
	sweeper.expire = audited.DeleteExpired
	places, err := s.startControl(audited, local)
	if err != nil {
		return err
	}
	handler = places.onMain(handler)
	if cfg.HSTS {
		handler = hsts(handler)
	}
	s.http = s.server(handler)
	var ready *readyFile
	if cfg.ReadyFile != "" {
		if ready, err = newReadyFile(cfg.ReadyFile); err != nil {
			return err
		}
		s.undo.add(ready.remove)
	}
	if err := s.applySeed(ctx, audited, streams.Out); err != nil {
		return err
	}
	// What follows must not fail: a token that nobody saw is lost.
	made, err := s.firstToken(ctx, e.store, audited)
	if err != nil {
		return err
	}
	s.beside(known.poll)
	s.beside(func(ctx context.Context) { e.pollKeys(ctx, s.log) })
	s.beside(func(ctx context.Context) { sweeper.run(ctx, e, s.log) })
	s.serveClients(listener)

	s.ready = Ready{
		BaseURL: local + scim.BasePath, Tenant: tenant.Name, Token: cfg.Token + made, PID: os.Getpid(), CAFile: authorityFile(s.certs),
		ControlURL: places.url, ControlToken: places.token,
	}
	s.log.LogAttrs(ctx, slog.LevelInfo, "ready", slog.String("address", listener.Addr().String()),
		slog.String("database", cfg.Database()), slog.String("version", Version()))
	b := banner{
		version: Version(), profile: behaviour.profile.Name, baseURL: public + scim.BasePath, local: s.ready.BaseURL, tenant: tenant.Name,
		database: cfg.Database(), token: made, known: cfg.Token != "", control: places,
		caFile: s.ready.CAFile,
	}
	if cfg.DataDir != Defaults().DataDir {
		b.dataDir = cfg.DataDir
	}
	if err := b.write(streams.Out); err != nil {
		return err
	}
	if ready != nil {
		return ready.write(s.ready)
	}
	return nil
}

// firstToken makes the first token of a database that never had one, unless
// the operator gave one. It is "" at every later start.
func (s *Server) firstToken(ctx context.Context, st store.Store, m control.Service) (string, error) {
	if s.cfg.Token != "" {
		return "", nil
	}
	first, err := st.ClaimOnce(ctx, "first-token")
	if err != nil || !first {
		return "", err
	}
	t, err := m.CreateToken(ctx, control.NewToken{Name: control.FirstToken, Rights: auth.All.String()})
	if scimerr.Is(err, http.StatusConflict) {
		return "", nil // made by hand, before any server ran
	}
	if err != nil {
		return "", err
	}
	return t.Text, nil
}

// reachable is the address by which this machine reaches a listener: its own,
// with the host that was configured, or loopback when it listens everywhere.
func reachable(configured, actual string) string {
	host, _, _ := net.SplitHostPort(configured) // Validate has split it before
	_, port, _ := net.SplitHostPort(actual)
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// cause strips what the caller says anyway from an error of a listener.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
