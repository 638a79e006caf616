package control_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/scimd/scimd/internal/control"
)

// named answers with its name.
func named(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) })
}

func TestOnlyKnownHostsReachTheControlAPI(t *testing.T) {
	t.Parallel()
	hosts := []string{"scimd", "ci.example.com"}
	guarded := control.Guarded(named("api"), hosts, slog.New(slog.DiscardHandler))
	beside := control.Beside(named("main"), named("api"), hosts)
	for name, tc := range map[string]struct {
		host         string
		header       [2]string
		alone, there bool // the API answers on its listener, on the main one
	}{
		"loopback":                   {"127.0.0.1:8081", [2]string{}, true, true},
		"another loopback":           {"127.9.9.9", [2]string{}, true, true},
		"loopback of IPv6":           {"[::1]:8081", [2]string{}, true, true},
		"localhost":                  {"LOCALHOST:1", [2]string{}, true, true},
		"localhost with a dot":       {"localhost.", [2]string{}, true, true},
		"a listed name":              {"scimd:8081", [2]string{}, true, true},
		"a listed name in capitals":  {"CI.Example.com", [2]string{}, true, true},
		"where it arrived":           {"10.1.2.3:8081", [2]string{}, true, false},
		"another address":            {"10.1.2.4:8081", [2]string{}, false, false},
		"a name led to loopback":     {"rebound.example:8081", [2]string{}, false, false},
		"below a listed name":        {"a.scimd", [2]string{}, false, false},
		"like localhost":             {"localhost.example", [2]string{}, false, false},
		"no host":                    {"", [2]string{}, false, false},
		"a page of another origin":   {"127.0.0.1:8081", [2]string{"Origin", "https://evil.example"}, false, false},
		"a page that tells its site": {"127.0.0.1:8081", [2]string{"Sec-Fetch-Site", "cross-site"}, false, false},
		"a page of its own":          {"127.0.0.1:8081", [2]string{"Origin", "http://127.0.0.1:8081"}, true, true},
		"through a proxy":            {"127.0.0.1:8080", [2]string{"X-Forwarded-For", "203.0.113.9"}, true, false},
		"through one, oddly":         {"127.0.0.1:8080", [2]string{"X-Forwarded-Anything", ""}, true, false},
		"through one by RFC 7239":    {"127.0.0.1:8080", [2]string{"Forwarded", "for=203.0.113.9"}, true, false},
		"through a tunnel":           {"127.0.0.1:8080", [2]string{"Cf-Ray", "230b030023ae2822-SJC"}, true, false},
		"through a mesh":             {"127.0.0.1:8080", [2]string{"X-Envoy-External-Address", "203.0.113.9"}, true, false},
		"through one, with the name": {"127.0.0.1:8080", [2]string{"X-Original-Host", "scim.example.com"}, true, false},
		"a zone of IPv6":             {"[::1%25lo]:8081", [2]string{}, true, true},
		"loopback in a name":         {"127.0.0.1.rebound.example", [2]string{}, false, false},
		"with a user before it":      {"127.0.0.1@rebound.example", [2]string{}, false, false},
		"with two ports":             {"127.0.0.1:1:2", [2]string{}, false, false},
		"with blanks":                {"127.0.0.1 ", [2]string{}, false, false},
		"loopback, mapped":           {"[::ffff:127.0.0.1]", [2]string{}, true, true},
		"loopback, cut short":        {"127.1", [2]string{}, false, false},
		"everywhere":                 {"0.0.0.0:8081", [2]string{}, false, false},
		"through an old one":         {"127.0.0.1:8080", [2]string{"Forwarded-For", "203.0.113.9"}, true, false},
		"through one of a host":      {"127.0.0.1:8080", [2]string{"X-Originating-IP", "203.0.113.9"}, true, false},
		"through a CDN":              {"127.0.0.1:8080", [2]string{"Akamai-Origin-Hop", "1"}, true, false},
		"through a funnel":           {"127.0.0.1:8080", [2]string{"Tailscale-User-Login", "ada"}, true, false},
		"through a cloud":            {"127.0.0.1:8080", [2]string{"X-Cloud-Trace-Context", "0"}, true, false},
		"of any client":              {"127.0.0.1:8080", [2]string{"Traceparent", "00-0"}, true, true},
		"through one that says so":   {"127.0.0.1:8080", [2]string{"Via", "1.1 edge"}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("POST", "/_scimd/tenants", nil)
			r.Host = tc.host
			if tc.header[0] != "" {
				r.Header.Set(tc.header[0], tc.header[1])
			}
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 8081}))
			w := httptest.NewRecorder()
			guarded.ServeHTTP(w, r)
			if want := map[bool]int{true: 200, false: 403}[tc.alone]; w.Code != want {
				t.Errorf("on its own listener: %d %s, want %d", w.Code, w.Body, want)
			}
			w = httptest.NewRecorder()
			beside.ServeHTTP(w, r)
			if want := map[bool]string{true: "api", false: "main"}[tc.there]; w.Body.String() != want {
				t.Errorf("on the main listener %s answers, want %s", w.Body, want)
			}
		})
	}
	whole := httptest.NewRecorder() // the target that a proxy is asked with; it hides the header Host
	if beside.ServeHTTP(whole, httptest.NewRequest("GET", "http://127.0.0.1/_scimd/info", nil)); whole.Body.String() != "main" {
		t.Errorf("a whole URL is answered by %s", whole.Body)
	}
	old := httptest.NewRequest("GET", "/_scimd/info", nil)
	old.Host, old.Proto, old.ProtoMajor, old.ProtoMinor = "127.0.0.1:8080", "HTTP/1.0", 1, 0
	older := httptest.NewRecorder()
	if beside.ServeHTTP(older, old); older.Body.String() != "main" {
		t.Errorf("a proxy that speaks HTTP/1.0 is answered by %s", older.Body)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/_scimdx", nil)
	r.Host = "127.0.0.1"
	if beside.ServeHTTP(w, r); w.Body.String() != "main" {
		t.Errorf("another path is answered by %s", w.Body)
	}
}
