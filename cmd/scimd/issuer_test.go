package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/pgtest"
)

// issuer signs tokens of its own; its key set is in file.
type issuer struct {
	iss, file string
	key       ed25519.PrivateKey
}

func newAuthority(t *testing.T) *issuer {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{iss: "https://login.example", key: private, file: filepath.Join(t.TempDir(), "keys.json")}
	set := fmt.Sprintf(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":%q}]}`, base64.RawURLEncoding.EncodeToString(public))
	if err := os.WriteFile(i.file, []byte(set), 0o600); err != nil {
		t.Fatal(err)
	}
	return i
}

func (i *issuer) token(claims string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64([]byte(`{"alg":"EdDSA","typ":"at+jwt","kid":"k"}`)) + "." + b64(fmt.Appendf(nil, `{"iss":%q,"aud":"scim","sub":"daemon","exp":%d%s}`, i.iss, time.Now().Add(time.Hour).Unix(), claims))
	return text + "." + b64(ed25519.Sign(i.key, []byte(text)))
}

func TestTheLifeOfATrustedIssuer(t *testing.T) {
	t.Parallel()
	for name, env := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, login := newPlace(t, env(t)...), newAuthority(t)
			s := p.serve()
			status := func(what, claims string, want int) {
				t.Helper()
				if got := s.request("GET", "/Users?count=1", login.token(claims), ""); got != want {
					t.Errorf("%s: status %d, want %d", what, got, want)
				}
			}
			add := func(name string, args ...string) []string {
				return append([]string{"issuer", "add", name, "--issuer", login.iss, "--audience", "scim,api://scim", "--keys-file", login.file}, args...)
			}
			status("before it is trusted", "", 401)
			var made control.Issuer
			p.succeed(&made, add("login", "--rights", "users:read,groups:read", "--rights-claim", "roles", "--grant", "Scim.Read=read")...)
			if made.Name != "login" || made.PrincipalClaim != "sub" || made.Rights != "users:read,groups:read" || len(made.Audiences) != 2 || made.Grants["Scim.Read"] != "read" {
				t.Errorf("made %+v", made)
			}
			status("a token with a role", `,"roles":["scim.READ"]`, 200)
			status("a token without", "", 403)
			p.refuse("trusts the issuer login", add("login")...)
			p.refuse("trusts the issuer login", add("other")...)
			p.refuse("issuer add needs", "issuer", "add")
			empty := filepath.Join(p.dir, "empty.json")
			if err := os.WriteFile(empty, []byte("{}"), 0o600); err != nil {
				t.Fatal(err)
			}
			for want, args := range map[string][]string{
				"The issuer cannot be used: the name":       {"issuer", "add", "a/b", "--issuer", "x", "--audience", "a", "--keys-file", login.file},
				"the issuer is missing":                     {"issuer", "add", "x", "--audience", "a", "--keys-file", login.file},
				"at least one audience":                     {"issuer", "add", "x", "--issuer", "x", "--keys-file", login.file},
				"the keys are needed":                       {"issuer", "add", "x", "--issuer", "x", "--audience", "a"},
				"either the URL":                            {"issuer", "add", "x", "--issuer", "x", "--audience", "a", "--keys-file", login.file, "--keys-url", "https://x"},
				"must begin with https://":                  {"issuer", "add", "x", "--issuer", "x", "--audience", "a", "--keys-url", "http://login.example/keys"},
				"the URL of the keys cannot be used":        {"issuer", "add", "x", "--issuer", "x", "--audience", "a", "--keys-url", "https://u:p@login.example/keys"},
				"is not a right":                            {"issuer", "add", "x", "--issuer", "x", "--audience", "a", "--keys-file", login.file, "--rights", "nope"},
				"grant Scim.Read":                           {"issuer", "add", "x", "--issuer", "x", "--audience", "a", "--keys-file", login.file, "--rights-claim", "r", "--grant", "Scim.Read=nope"},
				"grants need the claim":                     {"issuer", "add", "x", "--issuer", "x", "--audience", "a", "--keys-file", login.file, "--grant", "a=read"},
				"no such file":                              {"issuer", "add", "x", "--issuer", "x", "--audience", "a", "--keys-file", login.file + "x"},
				"the key set cannot be read":                {"issuer", "add", "x", "--issuer", "x", "--audience", "a", "--keys-file", empty},
				"The tenant default trusts no issuer other": {"issuer", "remove", "other"},
				"There is no tenant nowhere":                {"issuer", "list", "--tenant", "nowhere"},
			} {
				p.refuse(want, args...)
			}
			var list []control.Issuer
			p.succeed(&list, "issuer", "list")
			if len(list) != 1 || list[0].Issuer != login.iss || !strings.Contains(string(list[0].Keys), "Ed25519") {
				t.Errorf("issuers %+v", list)
			}
			if human, _, _ := p.run("issuer", "list"); !strings.Contains(human, "api://scim,scim") || !strings.Contains(human, "by roles") {
				t.Errorf("issuer list prints:\n%s", human)
			}
			if name != "ephemeral" { // it outlives the server, and is seen to without one
				s.interrupt(terminate)
				p.succeed(&list, "issuer", "list")
				s = p.serve()
				status("after another start", `,"roles":"scim.read"`, 200)
			}
			p.succeed(&map[string]string{}, "issuer", "remove", "login")
			status("after it was removed", `,"roles":"scim.read"`, 401)
			if name == "sqlite" { // what is listed may be given by configuration
				s.interrupt(terminate)
				file := filepath.Join(p.dir, "issuers.json")
				text, err := json.Marshal(list)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, text, 0o600); err != nil {
					t.Fatal(err)
				}
				s = p.serve("--trusted-issuers", file)
				status("given by configuration", `,"roles":"scim.read"`, 200)
			}
		})
	}
}

// What ends a token at one server ends it at the others within two seconds.
func TestReplicasNoticeTheEndOfTokens(t *testing.T) {
	t.Parallel()
	env := []string{"SCIMD_DATABASE_URL=" + pgtest.URL(t), "SCIMD_KEY=" + strings.Repeat("ab", 32)}
	here, there := newPlace(t, env...), newPlace(t, env...)
	one := here.serve()
	two := there.serve()
	login := newAuthority(t)
	var opaque control.Token
	here.succeed(&opaque, "token", "create", "--name", "okta")
	var rotated, deactivated control.Application
	here.succeed(&rotated, "app", "create", "rotated")
	here.succeed(&deactivated, "app", "create", "deactivated")
	here.succeed(new(control.Issuer), "issuer", "add", "login", "--issuer", login.iss, "--audience", "scim", "--keys-file", login.file)
	tokens := map[string]string{"revoked": opaque.Text, "rotated": obtain(t, rotated), "deactivated": obtain(t, deactivated), "external": login.token("")}
	eventually := func(what string, want int) {
		t.Helper()
		began := time.Now()
		for {
			asked := time.Now()
			got := two.request("GET", "/Users?count=1", tokens[what], "")
			if got == want {
				return
			}
			if asked.Sub(began) > 2*time.Second {
				t.Fatalf("%s: status %d, want %d", what, got, want)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	for what := range tokens {
		eventually(what, 200)
	}
	here.succeed(new(control.Token), "token", "revoke", "okta")
	eventually("revoked", 401)
	here.succeed(new(control.Application), "app", "rotate", "rotated")
	eventually("rotated", 401)
	patch := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}`
	if got := one.request("PATCH", "/Users/"+deactivated.UserID, one.Token, patch); got != 200 {
		t.Fatalf("status %d", got)
	}
	eventually("deactivated", 401)
	here.succeed(&map[string]string{}, "issuer", "remove", "login")
	eventually("external", 401)
	// The user that all opaque tokens stand for.
	tokens["first"] = one.Token
	eventually("first", 200)
	var admin control.Application
	here.succeed(&admin, "app", "create", "admin")
	bearer := obtain(t, admin)
	for _, step := range []struct {
		active string
		want   int
	}{{"false", 401}, {"true", 200}} {
		if got := one.request("PATCH", "/Users/"+opaque.Principal.ID, bearer, strings.Replace(patch, "false", step.active, 1)); got != 200 {
			t.Fatalf("status %d", got)
		}
		eventually("first", step.want)
	}
}
