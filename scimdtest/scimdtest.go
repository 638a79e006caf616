// Package scimdtest runs a scimd server inside a Go test, for tests of clients:
// connectors, provisioning jobs, identity providers.
//
//	func TestProvisioning(t *testing.T) {
//		s := scimdtest.New(t, scimdtest.Seed("sample:small"))
//		s.Fault(t, scimdtest.On{Operation: scimdtest.Create, Times: 1}, scimdtest.Status(503))
//		if err := connector.Provision(s.URL, s.Token, "ada@corp.example"); err != nil {
//			t.Fatal(err)
//		}
//		s.WaitFor(t, scimdtest.Filter{Operation: scimdtest.Create, Status: 201}, 1, time.Second)
//	}
//
// New starts a server on a free port of 127.0.0.1, with an empty database of its
// own, that is gone with all its files when the test ends. Shared gives a tenant of
// one server for all tests of the process: as isolated, and cheaper. Both may be
// used by parallel tests.
//
// What a method changes for a test it takes back when that test, or subtest, ends:
// faults go, the clock runs again, the state before Snapshot comes back. A method
// that cannot do what it is asked ends the test with the reason.
//
// Faults, journal, clock and seeds are those that docs/testing.md describes.
package scimdtest

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/control"
)

// Server is a running server, or a tenant of one, which is the same to clients.
// Its methods are safe for concurrent use.
type Server struct {
	// URL is the base URL for clients, such as http://127.0.0.1:PORT/scim/v2.
	URL string
	// Token is a bearer token with all rights.
	Token string

	client *http.Client
	manage control.Service
	tenant string
	ended  atomic.Bool  // then there is nothing left to take back
	made   atomic.Int64 // snapshots
}

// New starts a server that stops when the test and its cleanups registered
// later have ended. It fails the test when the server does not start, which is
// when an option is wrong.
func New(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s := settings{config: app.Defaults()}
	for _, o := range opts {
		o(&s)
	}
	log := &testLog{}
	if s.verbose {
		log.t = t
	}
	running, err := start(s.config, filepath.Join(t.TempDir(), "scimd"), log)
	if err != nil {
		t.Fatalf("scimdtest: start the server: %v", err)
	}
	t.Cleanup(func() {
		if err := running.Shutdown(context.Background()); err != nil {
			t.Errorf("scimdtest: stop the server: %v", err)
		}
		log.end()
	})
	out := &Server{URL: running.BaseURL(), Token: running.Token(), manage: running.Control(), tenant: control.DefaultTenant}
	out.begin(t, &s)
	return out
}

// start starts a server that keeps what it must in dir.
func start(c app.Config, dir string, log io.Writer) (*app.Server, error) {
	c.Addr, c.ControlAddr, c.Ephemeral, c.DataDir = "127.0.0.1:0", "", true, dir
	// Not t.Context, which ends before the cleanups that may still use the server.
	return app.Start(context.Background(), c, app.Streams{Out: io.Discard, Err: log})
}

// begin gives a server what its test needs of it: a client and the seeds.
func (s *Server) begin(t testing.TB, with *settings) {
	t.Helper()
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatalf("scimdtest: %v", err)
	}
	next := &http.Transport{}
	s.client = &http.Client{Transport: &bearer{host: base.Host, token: s.Token, next: next}}
	t.Cleanup(func() {
		s.ended.Store(true)
		next.CloseIdleConnections() // one never used would be waited for
	})
	for _, apply := range with.seeds {
		apply(t, s)
	}
}

// Client sends the token with every request to the server that has no
// Authorization of its own. The server's end closes its connections.
func (s *Server) Client() *http.Client { return s.client }

// must ends the test when something was refused or went wrong.
func must(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("scimdtest: %s: %s", what, app.Explain(err))
	}
}

// atEnd takes something back when a test ends, unless the server has ended with it.
func (s *Server) atEnd(t testing.TB, what string, undo func(context.Context) error) {
	t.Cleanup(func() {
		if s.ended.Load() {
			return
		}
		if err := undo(context.Background()); err != nil {
			t.Errorf("scimdtest: %s: %s", what, app.Explain(err))
		}
	})
}
