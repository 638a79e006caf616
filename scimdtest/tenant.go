package scimdtest

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/control"
)

// Shared gives an isolated tenant, with a token of its own, of one server that all
// tests of the process share. It costs less than New, so that each of many parallel
// tests can have its own. The tenant is gone when the test ends, and the server when
// no test uses it any more.
func Shared(t testing.TB, opts ...Option) *Server {
	t.Helper()
	running, err := common.enter()
	if err != nil {
		t.Fatalf("scimdtest: start the shared server: %v", err)
	}
	t.Cleanup(func() {
		if err := common.leave(); err != nil {
			t.Errorf("scimdtest: stop the shared server: %v", err)
		}
	})
	return newTenant(t, running.Control(), opts)
}

// Tenant makes another tenant of the same server, isolated from all others, which is
// gone when the test ends. Without a profile it has the one that the server was
// started with.
func (s *Server) Tenant(t testing.TB, opts ...Option) *Server {
	t.Helper()
	return newTenant(t, s.manage, opts)
}

func newTenant(t testing.TB, manage control.Service, opts []Option) *Server {
	t.Helper()
	var with settings
	for _, o := range opts {
		o(&with)
	}
	wanted, err := with.tenant()
	must(t, "make a tenant", err)
	made, err := manage.CreateTenant(context.Background(), wanted)
	must(t, "make a tenant", err)
	s := &Server{URL: made.BaseURLs[0], Token: made.FirstToken.Text, manage: manage, tenant: made.Name}
	t.Cleanup(func() {
		if err := manage.DeleteTenant(context.Background(), s.tenant); err != nil {
			t.Errorf("scimdtest: delete the tenant: %s", app.Explain(err))
		}
	})
	s.begin(t, &with)
	return s
}

// tenant is what options ask of a tenant.
func (s *settings) tenant() (n control.NewTenant, err error) {
	if s.config.Token != "" || s.verbose {
		return n, errors.New("the options Token and Verbose are for New, whose server is the test's own")
	}
	if n.Document, err = app.ProfileText(s.config.Profile); err != nil {
		return n, err
	}
	if n.Document == "" {
		n.Profile = s.config.Profile
	}
	for _, text := range s.config.Switches {
		if n.Switches == nil {
			n.Switches = map[string]string{}
		}
		name, value, _ := strings.Cut(text, "=")
		n.Switches[name] = value
	}
	return n, nil
}

// shared is a server that runs as long as somebody is in.
type shared struct {
	mu      sync.Mutex
	inside  int
	running *app.Server
	dir     string
}

var common shared

func (c *shared) enter() (_ *app.Server, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inside == 0 {
		if c.dir, err = os.MkdirTemp("", "scimdtest-*"); err != nil {
			return nil, err
		}
		config := app.Defaults()
		config.UnknownTokens = 0 // wrong tokens of one test are not to slow another down
		if c.running, err = start(config, c.dir, &testLog{}); err != nil {
			return nil, errors.Join(err, os.RemoveAll(c.dir))
		}
	}
	c.inside++
	return c.running, nil
}

func (c *shared) leave() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inside--
	if c.inside > 0 {
		return nil
	}
	return errors.Join(c.running.Shutdown(context.Background()), os.RemoveAll(c.dir))
}
