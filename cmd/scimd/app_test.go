package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/control"
)

// obtain asks the token URL of an application for a token; "" when it is refused.
func obtain(t *testing.T, a control.Application) string {
	t.Helper()
	res, err := http.PostForm(a.TokenURL, url.Values{
		"grant_type": {"client_credentials"}, "client_id": {a.ClientID}, "client_secret": {a.ClientSecret}, "scope": {"SCIM"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	return got.Token
}

func TestTheLifeOfAnApplicationBesideARunningServer(t *testing.T) {
	t.Parallel()
	for name, env := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, env(t)...)
			s := p.serve()
			status := func(what, token string, want int) {
				t.Helper()
				if got := s.request("GET", "/Users?count=1", token, ""); got != want {
					t.Errorf("%s: status %d, want %d", what, got, want)
				}
			}

			var made control.Application
			p.succeed(&made, "app", "create", "ScimClient", "--rights", "read", "--lifetime", "2h", "--scope", "scim", "--scope", "API")
			if made.AppID != "ScimClient" || made.ClientID != "scimclient@default" || made.ClientSecret == "" || !made.Active ||
				!strings.HasSuffix(made.TokenURL, "/oauth2/token/ScimClient") || made.Scope != "scim api" || made.Rights != "read" || made.Lifetime != 7200 {
				t.Errorf("made %+v", made)
			}
			token := obtain(t, made)
			status("a new token", token, 200)
			if got := s.request("POST", "/Users", token, user("x")); got != 403 {
				t.Errorf("writing: status %d, want 403", got)
			}
			p.refuse("is there in the tenant", "app", "create", "SCIMCLIENT")
			p.refuse("login name", "app", "create", "other", "--client-id", "SCIMclient@default")
			p.refuse("is not a scope", "app", "create", "other", "--scope", "nope")
			p.refuse("is not a right", "app", "create", "other", "--rights", "nope")
			p.refuse("The id of an application", "app", "create", "a/b")
			p.refuse("lifetime", "app", "create", "other", "--lifetime", "10000h")
			p.refuse("no tenant", "app", "create", "other", "--tenant", "nowhere")
			p.refuse("has no application", "app", "rotate", "other")

			var keys []control.SigningKey
			p.succeed(&keys, "key", "rotate-signing")
			if len(keys) != 2 {
				t.Errorf("keys %+v", keys)
			}
			status("a token of the key before", token, 200)
			status("a token of the new key", obtain(t, made), 200)
			p.succeed(new(control.Rotation), "key", "rotate")
			status("a token, with its key sealed anew", token, 200)
			p.succeed(&keys, "key", "rotate-signing", "--drop-old")
			if len(keys) != 1 {
				t.Errorf("keys %+v", keys)
			}
			status("a token of a key that was dropped", token, 401)
			status("a token of the newest key", obtain(t, made), 200)

			var next control.Application
			p.succeed(&next, "app", "rotate", "scimclient")
			if next.ClientSecret == made.ClientSecret || next.Rotated.IsZero() {
				t.Errorf("rotated %+v", next)
			}
			status("a token of the secret before", token, 401)
			if got := obtain(t, made); got != "" {
				t.Error("the secret before is still good")
			}
			token = obtain(t, next)
			status("a token of the next secret", token, 200)

			var list []control.Application
			p.succeed(&list, "app", "list")
			if len(list) != 1 || list[0].ClientSecret != "" || list[0].UserID != made.UserID {
				t.Errorf("applications %+v", list)
			}
			human, _, _ := p.run("app", "list")
			if !strings.Contains(human, "scimclient@default") || strings.Contains(human, "scimd_") {
				t.Errorf("app list prints:\n%s", human)
			}
			p.succeed(&map[string]string{}, "app", "delete", "scimclient")
			status("a token of a deleted application", token, 401)
			if got := s.request("GET", "/Users/"+made.UserID, s.Token, ""); got != 404 {
				t.Errorf("the service user is left: status %d", got)
			}
			p.refuse("has no application", "app", "delete", "scimclient")
		})
	}
}

func TestApplicationsThatPeopleSignInTo(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.serve()
	var made control.Application
	p.succeed(&made, "app", "create", "web", "--redirect-uri", "https://a.example/cb", "--redirect-uri", "http://127.0.0.1/cb",
		"--refresh-lifetime", "24h", "--rotate-refresh", "--lifetime", "10m")
	if made.ClientSecret == "" || made.Public || !made.RotateRefresh || made.RefreshLifetime != 86400 || len(made.RedirectURIs) != 2 ||
		strings.Join(made.Grants, " ") != "client_credentials authorization_code refresh_token" || !strings.HasSuffix(made.AuthorizeURL, "/oauth2/authorize/web") {
		t.Errorf("made %+v", made)
	}
	made = control.Application{}
	p.succeed(&made, "app", "create", "phone", "--public", "--redirect-uri", "com.example.app:/cb")
	if made.ClientSecret != "" || !made.Public || made.PersonRights != "none" || !made.RotateRefresh || strings.Join(made.Grants, " ") != "authorization_code refresh_token" {
		t.Errorf("made %+v", made)
	}
	made = control.Application{}
	p.succeed(&made, "app", "rotate", "phone")
	if made.ClientSecret != "" || made.Rotated.IsZero() {
		t.Errorf("rotated %+v", made)
	}
	made = control.Application{}
	p.succeed(&made, "app", "create", "cli", "--grant", "Password", "--no-refresh", "--person-rights", "groups:read,users:read")
	if made.Warnings != nil || made.PersonRights != "users:read,groups:read" || strings.Join(made.Grants, " ") != "password" || made.AuthorizeURL != "" {
		t.Errorf("made %+v", made)
	}
	p.succeed(new(control.Tenant), "tenant", "update", "default", "--set", "passwords=discard")
	made = control.Application{}
	p.succeed(&made, "app", "create", "nobody", "--grant", "password")
	if len(made.Warnings) != 1 || !strings.Contains(made.Warnings[0], "switch passwords") {
		t.Errorf("made %+v", made)
	}
	if human, _, _ := p.run("app", "create", "nobody2", "--grant", "password"); !strings.Contains(human, "\nwarning") {
		t.Errorf("app create prints:\n%s", human)
	}
	made = control.Application{}
	if p.succeed(&made, "app", "create", "robot"); made.Warnings != nil {
		t.Errorf("made %+v", made)
	}
	for _, id := range []string{"nobody", "nobody2", "robot"} {
		p.succeed(&map[string]string{}, "app", "delete", id)
	}
	for problem, args := range map[string][]string{
		"has no secret":            {"--public", "--grant", "client_credentials"},
		"needs a redirect URI":     {"--public"},
		"is not a grant type":      {"--grant", "implicit"},
		"refresh_token comes with": {"--grant", "refresh_token"},
		"ruled out":                {"--grant", "password", "--grant", "refresh_token", "--no-refresh"},
		"redirect URIs":            {"--redirect-uri", "http://a.example/cb"},
		"has a fragment":           {"--redirect-uri", "https://a.example/cb#x"},
		"lifetime of refresh":      {"--refresh-lifetime", "10000h"},
		"whole numbers of seconds": {"--refresh-lifetime", "1500ms"},
		"needs the id of one":      {"second"},
		"of people cannot be read": {"--person-rights", "nope"},
		"Nobody signs in":          {"--person-rights", "read"},
		"which the application":    {"--grant", "password", "--rights", "read", "--person-rights", "all"},
		"is there in the tenant":   {"--tenant", "default", "--rights", "read"},
	} {
		p.refuse(problem, append([]string{"app", "create", "phone"}, args...)...)
	}

	var users []control.ServiceUser
	p.succeed(&users, "service-user", "list")
	if len(users) != 4 || users[0].AppID != "" || !users[0].Active || users[1].AppID != "cli" || users[1].UserName != "cli@default" {
		t.Errorf("service users %+v", users)
	}
	made = control.Application{}
	p.succeed(&made, "app", "create", "machine")
	token := obtain(t, made)
	var user control.ServiceUser
	for _, name := range []string{"machine", "MACHINE@default", made.UserID} {
		for _, step := range []struct {
			verb string
			want int
		}{{"deactivate", 401}, {"activate", 200}} {
			p.succeed(&user, "service-user", step.verb, name)
			if got := s.request("GET", "/Users?count=1", token, ""); got != step.want || user.Active != (step.want == 200) || user.ID != made.UserID {
				t.Errorf("%s %s: status %d, user %+v", step.verb, name, got, user)
			}
		}
	}
	p.refuse("cannot deactivate", "service-user", "deactivate", users[0].UserName)
	p.refuse("has no service user", "service-user", "deactivate", "nobody")
	p.refuse("needs one user", "service-user", "activate")
	human, _, _ := p.run("app", "list")
	if !strings.Contains(human, "authorization_code refresh_token") || strings.Contains(human, "scimd_") {
		t.Errorf("app list prints:\n%s", human)
	}
}

func TestApplicationsAndSigningKeysAreMadeWithoutAServerToo(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, engines[name](t)...)
			s := p.serve()
			s.interrupt(terminate)
			var made control.Application
			p.succeed(&made, "app", "create", "app", "--client-id", "svc@corp.example")
			var keys []control.SigningKey
			p.succeed(&keys, "key", "rotate-signing")
			p.succeed(&keys, "key", "list-signing")
			if len(keys) != 2 || made.TokenURL != "/oauth2/token/app" {
				t.Errorf("keys %+v, application %+v", keys, made)
			}
			s = p.serve()
			root := strings.TrimSuffix(s.BaseURL, "/scim/v2")
			made.TokenURL = root + made.TokenURL
			if got := s.request("GET", "/Users?count=1", obtain(t, made), ""); got != 200 {
				t.Errorf("status %d, want 200", got)
			}
		})
	}
}
