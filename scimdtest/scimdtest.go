// Package scimdtest runs a scimd server inside a Go test, for tests of clients:
// connectors, provisioning jobs, identity providers.
//
//	func TestProvisioning(t *testing.T) {
//		s := scimdtest.New(t)
//		err := connector.Provision(s.URL, s.Token, "ada@corp.example")
//		…
//		resp, err := s.Client().Get(s.URL + "/Users?filter=userName+sw+%22ada%22")
//	}
//
// Each server listens on a free port of 127.0.0.1, has an empty database of its
// own, and is gone with all its files when the test ends. So tests may start
// servers as they like, also in parallel.
package scimdtest

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/scimd/scimd/internal/app"
)

// Server is a running server.
type Server struct {
	// URL is the base URL for clients: http://127.0.0.1:PORT/scim/v2.
	URL string
	// Token is a bearer token with all rights.
	Token string

	client *http.Client
}

// Option changes how a server is started.
type Option func(*settings)

type settings struct {
	config  app.Config
	verbose bool
}

// Profile chooses the behaviour: cyberark (the default), rfc7644, or the file
// of a profile, which has a slash or ends in .json.
func Profile(nameOrFile string) Option {
	return func(s *settings) { s.config.Profile = nameOrFile }
}

// Set sets one switch of the profile, as the flag --set does.
func Set(name, value string) Option {
	return func(s *settings) { s.config.Switches = append(s.config.Switches, name+"="+value) }
}

// Token gives the server its token; without it one is made.
func Token(text string) Option {
	return func(s *settings) { s.config.Token = text }
}

// Verbose writes the server's log to that of the test: a line per request.
func Verbose() Option {
	return func(s *settings) { s.verbose = true }
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
	s.config.Addr, s.config.ControlAddr, s.config.Ephemeral = "127.0.0.1:0", "", true
	s.config.DataDir = filepath.Join(t.TempDir(), "scimd")

	log := &testLog{}
	if s.verbose {
		log.t = t
	}
	// Not t.Context, which ends before the cleanups that may still use the server.
	running, err := app.Start(context.Background(), s.config, app.Streams{Out: io.Discard, Err: log})
	if err != nil {
		t.Fatalf("scimdtest: start the server: %v", err)
	}
	next := &http.Transport{}
	t.Cleanup(func() {
		next.CloseIdleConnections() // one never used would be waited for
		if err := running.Shutdown(context.Background()); err != nil {
			t.Errorf("scimdtest: stop the server: %v", err)
		}
		log.end()
	})
	base, err := url.Parse(running.BaseURL())
	if err != nil {
		t.Fatalf("scimdtest: %v", err)
	}
	return &Server{
		URL: running.BaseURL(), Token: running.Token(),
		client: &http.Client{Transport: &bearer{host: base.Host, token: running.Token(), next: next}},
	}
}

// Client sends the token with every request to the server that has no
// Authorization of its own. The server's end closes its connections.
func (s *Server) Client() *http.Client { return s.client }
