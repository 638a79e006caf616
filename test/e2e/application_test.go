package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/scimd/scimd/test/scenario"
)

// A client that gets its token with client credentials can do all that one with a
// token of the server can.
func TestTheScenariosPassWithATokenOfAnApplication(t *testing.T) {
	t.Parallel()
	for _, way := range []struct{ name, profile, path string }{
		{"application", "cyberark", "/oauth2/token/Connector"},
		{"platform", "rfc7644", "/oauth2/platformtoken"},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			onEngines(t, func(t *testing.T, p place) {
				s := p.start(t, "--profile", way.profile)
				var app struct{ ClientID, ClientSecret string }
				out, err := command(t, slices.Concat([]string{"app", "create", "Connector", "--json"}, p.flags)...).Output()
				if err == nil {
					err = json.Unmarshal(out, &app)
				}
				if err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				req, err := http.NewRequest(http.MethodPost, strings.TrimSuffix(s.base, "/scim/v2")+way.path,
					strings.NewReader(url.Values{"grant_type": {"client_credentials"}, "scope": {"scim"}}.Encode()))
				if err != nil {
					t.Fatal(err)
				}
				req.SetBasicAuth(url.QueryEscape(app.ClientID), url.QueryEscape(app.ClientSecret))
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				res, err := s.client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				var got struct {
					Token string `json:"access_token"`
				}
				if err := json.NewDecoder(res.Body).Decode(&got); err != nil || got.Token == "" {
					t.Fatalf("status %d: %v", res.StatusCode, err)
				}
				s.bearer = got.Token
				if play(t, s)[scenario.Passed] == 0 {
					t.Error("no step passed")
				}
			})
		})
	}
}
