package auth

import (
	"net/url"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/store"
)

func TestRedirectURIsThatMayBeRegistered(t *testing.T) {
	t.Parallel()
	for uri, good := range map[string]bool{
		"https://a.example/cb": true, "https://a.example": true, "https://a.example:8443/cb?x=y": true, "https://[::1]/": true,
		"http://127.0.0.1/cb": true, "http://127.0.0.1:8080/cb": true, "http://[::1]:1/": true, "http://localhost:3000/cb": true, "com.example.app:/cb": true,
		"http://a.example/cb": false, "http://0.0.0.0/": false, "http://127.0.0.1.example/": false, "https://a.example/#": false, "https://a.example/#x": false,
		"https://u@a.example/": false, "https://u:p@a.example/": false, "https:///cb": false, "https:a.example": false, "//a.example": false, "/cb": false, "": false,
		"javascript:alert(1)": false, "data:text/html,x": false, "app:/cb": false, "com.example.app://host/cb": false, "https://a.example/a b": false,
		"https://a.example/\n": false, "https://a.example/ä": false, "https://a.example/\"": false, "https://a.example/<": false, "https://a;b/": false,
		"https://a.example/" + strings.Repeat("x", 1100): false, "%": false, "*": false, "https://*.example/": false,
	} {
		if got, err := ParseRedirects([]string{uri}); (err == nil) != good || err == nil && got != uri {
			t.Errorf("%s: %q, %v", uri, got, err)
		}
	}
	if _, err := ParseRedirects(make([]string, MaxRedirects+1)); err == nil {
		t.Error("too many are taken")
	}
}

// FuzzRedirect: nobody is sent anywhere but to a URI that is registered, or, where
// any port holds, to the same place at another port.
func FuzzRedirect(f *testing.F) {
	for _, seed := range []string{"https://a.example/cb", "http://127.0.0.1:5/cb", "http://127.0.0.1:5@evil/cb", "http://127.0.0.1:05/cb", "http://127.0.0.1:5/cb127.0.0.1:5"} {
		f.Add(seed)
	}
	app := &store.Application{Redirects: "https://a.example/cb http://127.0.0.1/cb http://[::1]:7/cb"}
	f.Fuzz(func(t *testing.T, uri string) {
		if !mayRedirect(app, uri) || strings.Contains(" "+app.Redirects+" ", " "+uri+" ") {
			return
		}
		u, err := url.Parse(uri)
		if err != nil || u.Hostname() != "127.0.0.1" || u.Path != "/cb" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Scheme != "http" {
			t.Errorf("%q is taken", uri)
		}
	})
}

func TestVerifiersProveTheirChallengesAlone(t *testing.T) {
	t.Parallel()
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // RFC 7636, appendix B
	for _, q := range []struct {
		verifier, challenge string
		want                bool
	}{
		{verifier, challenge, true}, {"", "", true}, {verifier, "", false}, {"", challenge, false}, {challenge, challenge, false},
		{verifier + "x", challenge, false}, {verifier[:42], challenge, false}, {strings.Repeat("a", 129), challenge, false}, {verifier[:42] + "+", challenge, false},
	} {
		if got := verifies(q.verifier, q.challenge); got != q.want {
			t.Errorf("%q for %q: %t", q.verifier, q.challenge, got)
		}
	}
	for text, want := range map[string]bool{challenge: true, challenge + "=": false, challenge[:42]: false, "": false, strings.Repeat("+", 43): false} {
		if got := validChallenge(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

func TestGrantsFollowFromTheApplication(t *testing.T) {
	t.Parallel()
	for _, q := range []struct {
		named                      []string
		public, redirects, without bool
		want                       string
	}{
		{nil, false, false, false, "client_credentials"},
		{nil, false, true, false, "client_credentials authorization_code refresh_token"},
		{nil, true, true, false, "authorization_code refresh_token"},
		{nil, true, true, true, "authorization_code"},
		{nil, true, false, false, ""},
		{[]string{"PASSWORD,client_credentials password"}, false, false, false, "password client_credentials refresh_token"},
		{[]string{"refresh_token", "password"}, true, false, false, "refresh_token password"},
		{[]string{"refresh_token", "password"}, true, false, true, ""},
		{[]string{"client_credentials"}, true, true, false, ""},
		{[]string{"authorization_code"}, false, false, false, ""},
		{[]string{"refresh_token"}, false, true, false, ""},
		{[]string{"implicit"}, false, true, false, ""},
	} {
		if got, err := ParseGrants(q.named, q.public, q.redirects, q.without); got != q.want || (err == nil) != (q.want != "") {
			t.Errorf("%+v: %q, %v", q, got, err)
		}
	}
}
