package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/pgtest"
)

// engines are the databases on which commands work beside a server.
var engines = map[string]func(*testing.T) []string{
	"sqlite":    func(*testing.T) []string { return nil },
	"ephemeral": func(*testing.T) []string { return []string{"SCIMD_EPHEMERAL=true"} },
	"postgres":  func(t *testing.T) []string { return []string{"SCIMD_DATABASE_URL=" + pgtest.URL(t)} },
}

func TestTheLifeOfATokenBesideARunningServer(t *testing.T) {
	t.Parallel()
	for name, env := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, env(t)...)
			s := p.serve()

			var made control.Token
			p.succeed(&made, "token", "create", "--name", "okta", "--rights", "users:read,groups:read", "--expires", "1h")
			if made.Rights != "users:read,groups:read" || time.Until(made.Expires) > time.Hour || made.Principal.ID == "" {
				t.Errorf("made %+v", made)
			}
			for what, got := range map[string][2]int{
				"reading users":    {s.request("GET", "/Users?count=1", made.Text, ""), 200},
				"writing users":    {s.request("POST", "/Users", made.Text, user("x")), 403}, // R6750-3.1-02
				"the first token":  {s.request("POST", "/Users", s.Token, user("x")), 201},
				"a token unknown":  {s.request("GET", "/Users?count=1", made.Text+"x", ""), 401},
				"deleting nothing": {s.request("DELETE", "/Users/none", made.Text, ""), 403},
			} {
				if got[0] != got[1] {
					t.Errorf("%s: status %d, want %d", what, got[0], got[1])
				}
			}
			p.refuse("okta is in use", "token", "create", "--name", "okta")

			var list []control.Token
			p.succeed(&list, "token", "list")
			if len(list) != 2 || list[0].Text+list[1].Text != "" {
				t.Errorf("tokens %+v", list)
			}
			human, _, _ := p.run("token", "list")
			if !strings.Contains(human, "okta") || !strings.Contains(human, "users:read,groups:read") || strings.Contains(human, "scimd_") {
				t.Errorf("token list prints:\n%s", human)
			}

			var gone control.Token
			p.succeed(&gone, "token", "revoke", "okta")
			if gone.ID != made.ID || gone.Revoked.IsZero() {
				t.Errorf("revoked %+v", gone)
			}
			if got := s.request("GET", "/Users?count=1", made.Text, ""); got != 401 { // R6750-3.1-01
				t.Errorf("a revoked token: status %d, want 401 at once", got)
			}
			p.refuse("no active token", "token", "revoke", "okta")
		})
	}
}

func user(name string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q}`, name)
}

func TestTokensAreMadeWithoutAServerToo(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, engines[name](t)...)
			if name == "sqlite" {
				p.refuse("no data directory", "token", "list")
			}
			s := p.serve()
			s.interrupt(terminate)
			var made control.Token
			p.succeed(&made, "token", "create", "--expires", "never")
			s = p.serve()
			if s.Token != "" {
				t.Error("the second start made a token")
			}
			if got := s.request("GET", "/Users?count=1", made.Text, ""); got != 200 {
				t.Errorf("status %d, want 200", got)
			}
		})
	}
}

func TestAnEphemeralServerNeedsToRunForItsTokens(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.refuse("no server runs", "token", "create", "--ephemeral")
	p.refuse("no server listens", "token", "create", "--control-socket", "nowhere.sock")
}

func TestACommandForAnotherDatabaseLeavesTheServerAlone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.serve()
	var list []control.Token
	p.succeed(&list, "token", "list", "--database-url", pgtest.URL(t))
	if len(list) != 0 {
		t.Errorf("the other database lists %+v", list)
	}
	if got := s.request("GET", "/Users?count=1", s.Token, ""); got != 200 {
		t.Errorf("status %d, want 200", got)
	}
}

func TestTheControlAddressServesWhereTheSocketIsNotReached(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.serve("--control-addr", "127.0.0.1:0")
	addr := strings.TrimSuffix(strings.TrimPrefix(s.ControlURL, "http://"), "/_scimd")
	p.removeSocket()
	var list []control.Token
	p.succeed(&list, "token", "list", "--control-addr", addr)
	if len(list) != 1 {
		t.Errorf("tokens %+v", list)
	}
	remote := newPlace(t, "SCIMD_CONTROL_URL="+s.ControlURL)
	remote.succeed(&list, "token", "list", "--control-token", s.ControlToken)
	if len(list) != 1 {
		t.Errorf("from elsewhere: tokens %+v", list)
	}
	remote.refuse("needs the control token", "token", "list")
}
