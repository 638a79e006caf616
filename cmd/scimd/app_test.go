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
