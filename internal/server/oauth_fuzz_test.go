package server

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/auth"
)

// FuzzTokenRequest: whatever is sent, a request is read or refused as RFC 6749
// §5.2 has it, and credentials never come from the URL or from two places.
func FuzzTokenRequest(f *testing.F) {
	pair := base64.StdEncoding.EncodeToString([]byte("a%40b:s+%zz:t"))
	for _, s := range [][3]string{
		{"Basic " + pair, "", "grant_type=client_credentials"},
		{"", "", "grant_type=client_credentials&client_id=a&client_secret=b&scope=scim+SCIM"},
		{"basic  " + pair, "", "client_id=a"},
		{"Bearer x", "client_id=a", "client_secret=b"},
		{"", "", "client_id=a"},
		{"", "access_token=x;y", "grant_type=a&grant_type=b"},
		{"Basic OnM=", "%", "%=&;&=&client_id=%00"},
	} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, header, query, body string) {
		h := http.Header{}
		if header != "" {
			h.Set("Authorization", header)
		}
		q, err := tokenRequest(h, query, body)
		if err != nil {
			var e *auth.OAuthError
			if !errors.As(err, &e) || q != nil || e.Status != http.StatusBadRequest && e.Status != http.StatusUnauthorized ||
				strings.ContainsAny(e.Description, "\"\\\n") {
				t.Errorf("%q %q %q: %v", header, query, body, err)
			}
			return
		}
		if len(q.Client) > 2 {
			t.Errorf("%q %q %q: %+v", header, query, body, q)
		}
		for _, c := range q.Client {
			if c.ID == "" { // a public client has no secret
				t.Errorf("%q %q %q: %+v", header, query, body, q)
			}
		}
	})
}

// Paths of OAuth are found in any letter case, and nothing else is changed.
func TestPathsOfOAuthHaveOneForm(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/OAuth2/Token/My.App":                        "/oauth2/token/My.App",
		"/OAUTH2/PLATFORMTOKEN/":                      "/oauth2/platformtoken",
		"/oauth2/KEYS":                                "/oauth2/keys",
		"/My.App/.Well-Known/OpenID-Configuration":    "/My.App/.well-known/openid-configuration",
		"/.WELL-KNOWN/openid-Configuration":           "/.well-known/openid-configuration",
		"/Users":                                      "",
		"/scim/v2/Users/.well-known":                  "",
		"/":                                           "",
		"/tokens/OAuth2":                              "",
		"/oauth2":                                     "/oauth2",
		"/a/b/.well-known/openid-configuration":       "",
		"/OAuth2/.Well-Known/x":                       "/oauth2/.well-known/x",
		"/oauth2/token/OAuth2":                        "/oauth2/token/OAuth2",
		"/oauth2/token/.WELL-KNOWN":                   "/oauth2/token/.WELL-KNOWN",
		"/.well-known/openid-configuration/MORE/Of":   "/.well-known/openid-configuration/MORE/Of",
		"/x/.WELL-known/Openid-configuration/FURTHER": "/x/.well-known/openid-configuration/FURTHER",
	} {
		parts := segments(path)
		got, ok := oauthPath(parts)
		if text := "/" + strings.Join(got, "/"); ok != (want != "") || ok && text != want {
			t.Errorf("%s is %s, %t; want %s", path, text, ok, want)
		}
	}
}
