package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/pgtest"
)

// at is the server of s below a tenant's prefix.
func (s *process) at(tenant string) *process {
	base := strings.TrimSuffix(s.BaseURL, "/scim/v2") + "/tenants/" + tenant + "/scim/v2"
	return &process{Ready: app.Ready{BaseURL: base}, t: s.t}
}

func TestTheLifeOfATenantBesideARunningServer(t *testing.T) {
	t.Parallel()
	for name, env := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, env(t)...)
			s := p.serve()
			blue := s.at("blue")
			if got := blue.request("GET", "/Users", s.Token, ""); got != 404 {
				t.Errorf("before: status %d, want 404", got)
			}

			// The server has another working directory than the command's file.
			if err := os.WriteFile(filepath.Join(p.dir, "base.json"), []byte(`{"name":"base","extends":"rfc7644","switches":{"anonymousDiscovery":false}}`), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(p.dir, "own.json"), []byte(`{"name":"own","extends":"base.json","switches":{"maxResults":7}}`), 0o600); err != nil {
				t.Fatal(err)
			}
			var made control.MadeTenant
			p.succeed(&made, "tenant", "create", "Blue", "--profile", "./own.json", "--set", "defaultCount=3", "--host", "blue.example", "--limit", "maxResources=2")
			if made.Name != "blue" || made.Profile != "own" || made.BaseURLs[0] != blue.BaseURL || made.FirstToken.Name != "first" {
				t.Errorf("made %+v", made)
			}
			for what, got := range map[string][2]int{
				"its token":             {blue.request("POST", "/Users", made.FirstToken.Text, user("x")), 201},
				"again":                 {blue.request("POST", "/Users", made.FirstToken.Text, user("y")), 201},
				"more than it may hold": {blue.request("POST", "/Users", made.FirstToken.Text, user("z")), 403},
				"another's token":       {blue.request("GET", "/Users", s.Token, ""), 401},
				"its token elsewhere":   {s.request("GET", "/Users", made.FirstToken.Text, ""), 401},
				"no such tenant":        {s.at("green").request("GET", "/Users", s.Token, ""), 404},
				"by the prefix of all":  {s.at("default").request("GET", "/Users", s.Token, ""), 200},
			} {
				if got[0] != got[1] {
					t.Errorf("%s: status %d, want %d", what, got[0], got[1])
				}
			}

			var shown control.Tenant
			p.succeed(&shown, "tenant", "show", "blue")
			if sw := shown.Switches; sw["maxResults"] != "7" || sw["defaultCount"] != "3" || sw["anonymousDiscovery"] != "false" || sw["discovery"] != "complete" {
				t.Errorf("switches %v", sw)
			}
			var token control.Token
			p.succeed(&token, "token", "create", "--tenant", "blue", "--name", "second")
			if got := blue.request("GET", "/Users", token.Text, ""); got != 200 {
				t.Errorf("another token: status %d", got)
			}
			var list []control.Token
			p.succeed(&list, "token", "list", "--tenant", "blue")
			p.succeed(&token, "token", "revoke", "second", "--tenant", "blue")
			if len(list) != 2 || blue.request("GET", "/Users", token.Text, "") != 401 {
				t.Errorf("tokens %+v", list)
			}

			shown = control.Tenant{}
			p.succeed(&shown, "tenant", "update", "blue", "--profile", "cyberark", "--limit", "maxResources=none", "--remove-host", "blue.example")
			if got := blue.request("POST", "/Users", made.FirstToken.Text, user("z")); got != 201 || shown.Profile != "cyberark" || len(shown.Hosts)+len(shown.Limits) != 0 {
				t.Errorf("after the update: status %d, %+v", got, shown)
			}
			human, _, _ := p.run("tenant", "list")
			if !strings.Contains(human, "default") || !strings.Contains(human, "blue") || strings.Count(human, "\n") != 3 {
				t.Errorf("tenant list prints:\n%s", human)
			}

			p.refuse("--yes", "tenant", "delete", "blue")
			p.refuse("cannot be deleted", "tenant", "delete", "default", "--yes")
			p.refuse("tenant blue already", "tenant", "create", "blue")
			p.refuse("one tenant", "tenant", "create", "x", "y")
			p.refuse("NAME=VALUE", "tenant", "create", "x", "--set", "maxResults")
			p.refuse("nowhere.json", "tenant", "create", "x", "--profile", "./nowhere.json")
			var copied control.MadeTenant
			p.succeed(&copied, "tenant", "create", "--from", "blue", "--expires", "1h")
			if copied.Expires.IsZero() || copied.Profile != "cyberark" || s.at(copied.Name).request("POST", "/Users", copied.FirstToken.Text, user("x")) != 409 {
				t.Errorf("copied %+v", copied)
			}
			var gone map[string]string
			p.succeed(&gone, "tenant", "delete", "blue", "--yes")
			if got := blue.request("GET", "/Users", made.FirstToken.Text, ""); got != 404 {
				t.Errorf("after its end: status %d, want 404", got)
			}
			text, _, code := p.run("tenant", "create", "blue")
			if code != 0 || !strings.Contains(text, "scimd_") || !strings.Contains(text, blue.BaseURL) {
				t.Errorf("the name again: %s", text)
			}
			if got := blue.request("GET", "/Users", made.FirstToken.Text, ""); got != 401 {
				t.Errorf("the old token at the new tenant: status %d, want 401", got)
			}
		})
	}
}

func TestTenantsAreMadeWithoutAServerTooAndKeepTheirProfile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, append(engines[name](t), "SCIMD_PROFILE=rfc7644")...)
			s := p.serve()
			s.interrupt(terminate)
			var made, other control.MadeTenant
			p.succeed(&made, "tenant", "create", "blue") // as the options say
			p.succeed(&other, "tenant", "create", "green", "--profile", "cyberark", "--set", "maxResults=5")
			if made.Profile != "rfc7644" || made.BaseURLs[0] != "/tenants/blue/scim/v2" || other.Profile != "cyberark" {
				t.Errorf("made %+v and %+v", made, other)
			}
			var first control.Tenant
			p.succeed(&first, "tenant", "show", "default")
			if first.Profile != "rfc7644" || !first.FollowsOptions {
				t.Errorf("the profile given for another tenant is that of %+v", first)
			}
			s = p.serve("--profile", "strict") // of the default tenant alone
			for tenant, want := range map[string]string{"blue": "rfc7644", "green": "cyberark", "default": "strict"} {
				var got control.Tenant
				if p.succeed(&got, "tenant", "show", tenant); got.Profile != want {
					t.Errorf("%s has profile %s, want %s", tenant, got.Profile, want)
				}
			}
			if got := s.at("blue").request("GET", "/Users", made.FirstToken.Text, ""); got != 200 {
				t.Errorf("status %d, want 200", got)
			}
			s.interrupt(terminate)
			var gone map[string]string
			p.succeed(&gone, "tenant", "delete", "blue", "--yes")
			s = p.serve()
			if got := s.at("blue").request("GET", "/Users", made.FirstToken.Text, ""); got != 404 {
				t.Errorf("status %d, want 404", got)
			}
		})
	}
}

func TestAnotherServerOnTheDatabaseNoticesTenants(t *testing.T) {
	t.Parallel()
	env := []string{"SCIMD_DATABASE_URL=" + pgtest.URL(t), "SCIMD_KEY=" + strings.Repeat("ab", 32)}
	here, there := newPlace(t, env...), newPlace(t, env...)
	here.serve()
	two := there.serve()
	var made control.MadeTenant
	here.succeed(&made, "tenant", "create", "blue")
	blue := two.at("blue")
	if got := blue.request("GET", "/Users", made.FirstToken.Text, ""); got != 200 { // a name not known is looked for
		t.Errorf("at once: status %d, want 200", got)
	}
	eventually := func(what string, want int) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
			got := blue.request("POST", "/Users", made.FirstToken.Text, user("x"))
			if got == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: status %d, want %d", what, got, want)
			}
		}
	}
	var changed control.Tenant
	here.succeed(&changed, "tenant", "update", "blue", "--limit", "maxBody=1")
	eventually("changed", 413)
	var gone map[string]string
	here.succeed(&gone, "tenant", "delete", "blue", "--yes")
	eventually("deleted", 404)
}
