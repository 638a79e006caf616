package e2e_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/doctor"
)

// lookThrough lets the doctor look at a server as it is reached through a proxy, and
// gives what was not well: names of checks and what they say.
func lookThrough(t *testing.T, s *server, p *proxy) map[string]string {
	t.Helper()
	at, err := url.Parse(s.base)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, c := range doctor.Run(t.Context(), doctor.Options{URL: at, Token: s.token, Roots: p.tls.RootCAs}).Checks {
		if c.Status != doctor.OK && c.Name != "certificate" { // that of the tests ends soon
			out[c.Name] = string(c.Status) + ": " + c.Seen + ": " + c.Culprit
		}
	}
	return out
}

func TestDoctorFindsNothingBehindTheExamplesAndNamesWhatIsBrokenInThem(t *testing.T) {
	t.Parallel()
	behindProxies(t, func(t *testing.T, kind proxyKind) {
		inner := place{"sqlite", []string{"--ephemeral", "--data-dir", t.TempDir()}}.start(t, "--trusted-proxies", "127.0.0.1", "--base-path", prefix)
		for name, tc := range map[string]struct {
			changes map[string][]string // by proxy
			check   string
			culprit string
		}{
			"the example": {},
			"the body is limited": {map[string][]string{
				"nginx": {"client_max_body_size", "client_max_body_size 1m; #"},
				"caddy": {"max_size", "max_size 1MB #"},
			}, "body size", "limits bodies"},
			"the scheme is not told": {map[string][]string{
				"nginx": {"X-Forwarded-Proto $scheme", "X-Forwarded-Proto http"},
				"caddy": {"header_up -Forwarded", "header_up X-Forwarded-Proto http\n\t\theader_up -Forwarded"},
			}, "links", "X-Forwarded-Proto"},
			"the path is written anew": {map[string][]string{
				"nginx": {"location /idm/scimd/ {\n        proxy_pass http://scimd;", "location /idm/scimd/ {\n        proxy_pass http://scimd/idm/scimd/;"},
			}, "path %2F", "decodes the path"},
		} {
			if name != "the example" && tc.changes[kind.name] == nil {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s, p := inner.behind(t, kind, tc.changes[kind.name]...)
				found := lookThrough(t, s, p)
				if tc.check == "" && len(found) > 0 || tc.check != "" && !strings.Contains(found[tc.check], tc.culprit) {
					t.Errorf("%v; want %s: %s", found, tc.check, tc.culprit)
				}
			})
		}
	})
}
