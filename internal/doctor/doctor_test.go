package doctor_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/doctor"
	"github.com/scimd/scimd/internal/pgtest"
)

const token = "the-token-of-the-tests"

var server *url.URL // base URL of a healthy server that trusts proxies on this machine

func TestMain(m *testing.M) {
	doctor.SmallBodies()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "scimd-doctor-*")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		c := config(dir)
		c.Ephemeral = true
		s, err := app.Start(context.Background(), c, app.Streams{Out: io.Discard, Err: io.Discard})
		if err != nil {
			panic(err)
		}
		defer func() { _ = s.Shutdown(context.Background()) }()
		server = parse(s.BaseURL())
		if err := addUser(); err != nil { // for those who lose filters
			panic(err)
		}
		return m.Run()
	}())
}

func addUser() error {
	body := strings.NewReader(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"somebody"}`)
	req, err := http.NewRequest(http.MethodPost, server.String()+"/Users", body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	return err
}

func config(dir string) app.Config {
	c := app.Defaults()
	c.Addr, c.ControlAddr, c.DataDir, c.Token = "127.0.0.1:0", "", filepath.Join(dir, "data"), token
	c.TrustedProxy = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	return c
}

func parse(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil {
		panic(err)
	}
	return u
}

// look examines a base URL.
func look(base string, change func(*doctor.Options)) *doctor.Report {
	o := doctor.Options{URL: parse(base), Token: token, Timeout: time.Minute}
	if change != nil {
		change(&o)
	}
	return doctor.Run(context.Background(), o)
}

// wants compares what was not well with what should not have been: check names and a
// part of the culprit, with the status before it.
func wants(t *testing.T, r *doctor.Report, want map[string]string) {
	t.Helper()
	worst := doctor.OK
	for _, c := range r.Checks {
		if strings.Contains(c.Seen+c.Culprit, token) {
			t.Errorf("%s shows the token", c.Name)
		}
		expected, listed := want[c.Name]
		status, part, _ := strings.Cut(expected, ": ")
		if !listed {
			status = string(doctor.OK)
		}
		if string(c.Status) != status || !strings.Contains(c.Culprit, part) || (c.Culprit == "") != (c.Status == doctor.OK) {
			t.Errorf("%s: %s, %s: %s; want %s", c.Name, c.Status, c.Seen, c.Culprit, expected)
		}
		delete(want, c.Name)
		if c.Status == doctor.Fail || worst == doctor.OK {
			worst = c.Status
		}
	}
	for name := range want {
		t.Errorf("%s was not looked at", name)
	}
	if r.Status != worst {
		t.Errorf("the whole is %s, want %s", r.Status, worst)
	}
}

// users counts the users of a server.
func users(t *testing.T, base *url.URL) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, base.String()+"/Users?filter=userName+co+%22scimd-doctor%22", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAHealthyServerIsWellAndAsItWasBefore(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*app.Config){
		"sqlite":          func(c *app.Config) { c.Ephemeral = true },
		"postgres":        func(c *app.Config) { c.DatabaseURL = pgtest.URL(t) },
		"sqlite, rfc7644": func(c *app.Config) { c.Ephemeral, c.Profile = true, "rfc7644" },
		"sqlite, strict":  func(c *app.Config) { c.Ephemeral, c.Profile = true, "strict" },
		"sqlite, TLS":     func(c *app.Config) { c.TLSSelfSigned = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config(t.TempDir())
			change(&c)
			s, err := app.Start(context.Background(), c, app.Streams{Out: io.Discard, Err: io.Discard})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Shutdown(context.Background()) })
			trust := func(o *doctor.Options) {
				if c.TLSSelfSigned {
					if o.Roots, err = app.RootsWith(filepath.Join(c.DataDir, "tls", "ca.pem")); err != nil {
						t.Fatal(err)
					}
				}
			}
			r := look(s.BaseURL(), trust)
			wants(t, r, nil)
			if len(r.LeftOut) != 0 {
				t.Errorf("left out: %v", r.LeftOut)
			}
			if !c.TLSSelfSigned {
				if left := users(t, parse(s.BaseURL())); !strings.Contains(left, `"totalResults":0`) {
					t.Errorf("it left %s", left)
				}
			}
		})
	}
}

// A proxy is what stands before the server in a test: by default it does all well.
type proxy struct {
	// prefix is taken off.
	prefix string
	// rewrite changes requests, respond answers.
	rewrite func(*httputil.ProxyRequest)
	respond func(*http.Response) error
	// instead answers in the server's place, or gives false.
	instead func(http.ResponseWriter, *http.Request) bool
}

func (p proxy) handler() http.Handler {
	pass := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: server.Scheme, Host: server.Host})
			r.SetXForwarded()
			if p.rewrite != nil {
				p.rewrite(r)
			}
		},
		ModifyResponse: p.respond,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.instead != nil && p.instead(w, r) {
			return
		}
		http.StripPrefix(p.prefix, pass).ServeHTTP(w, r)
	})
}

// page answers with a page of the proxy's own.
func page(w http.ResponseWriter, status int) bool {
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Server", "edge/1.0")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<html><h1>No</h1></html>")
	return true
}

// forbidding refuses a method with a page.
func forbidding(method string, status int) proxy {
	return proxy{instead: func(w http.ResponseWriter, r *http.Request) bool { return r.Method == method && page(w, status) }}
}

// repath gives the server another escaped path.
func repath(change func(string) string) proxy {
	return proxy{rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.RawPath = change(r.In.URL.EscapedPath())
		r.Out.URL.Path, _ = url.PathUnescape(r.Out.URL.RawPath)
	}}
}

func requery(replace ...string) proxy {
	return proxy{rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.RawQuery = strings.NewReplacer(replace...).Replace(r.In.URL.RawQuery)
	}}
}

// caching keeps the first answer to each GET of a user.
func caching() proxy {
	var mu sync.Mutex
	kept := map[string][]byte{}
	return proxy{
		instead: func(w http.ResponseWriter, r *http.Request) bool {
			mu.Lock()
			defer mu.Unlock()
			body := kept[r.URL.Path]
			if r.Method != http.MethodGet || body == nil {
				return false
			}
			w.Header().Set("Content-Type", "application/scim+json")
			w.Header().Set("Age", "1")
			_, _ = w.Write(body)
			return true
		},
		respond: func(r *http.Response) error {
			if r.Request.Method != http.MethodGet || r.StatusCode != 200 || !strings.Contains(r.Request.URL.Path, "/Users/") {
				return nil
			}
			body, err := io.ReadAll(r.Body)
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			mu.Lock()
			defer mu.Unlock()
			kept[r.Request.URL.Path] = body
			return err
		},
	}
}

func TestEachFaultOfAProxyIsNamed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		proxy proxy
		want  map[string]string
	}{
		"none":                  {proxy{}, nil},
		"none, with a prefix":   {proxy{prefix: "/idm/scimd", rewrite: func(r *httputil.ProxyRequest) { r.Out.Header.Set("X-Forwarded-Prefix", "/idm/scimd") }}, nil},
		"it takes a prefix off": {proxy{prefix: "/idm/scimd"}, map[string]string{"links": "fail: X-Forwarded-Prefix"}},
		"it drops Authorization": {proxy{rewrite: func(r *httputil.ProxyRequest) { r.Out.Header.Del("Authorization") }},
			map[string]string{"with the token": "fail: a proxy takes it off"}},
		"it adds a token of its own": {proxy{rewrite: func(r *httputil.ProxyRequest) { r.Out.Header.Set("Authorization", "Bearer "+token) }},
			map[string]string{"without a token": "fail: adds a token of its own"}},
		"it asks for a password of its own": {proxy{instead: func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("WWW-Authenticate", "Basic")
			return page(w, 401)
		}}, map[string]string{"without a token": "fail: in its place", "with the token": "fail: in its place"}},
		"it leads to a sign-in page": {proxy{instead: func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "https://login.example/", http.StatusFound)
			return true
		}}, map[string]string{"reach": `fail: sends clients to "https://login.example/"`}},
		"it does not reach the server": {proxy{instead: func(w http.ResponseWriter, _ *http.Request) bool { return page(w, 502) }},
			map[string]string{"reach": "fail: does not reach the server"}},
		"it sends another path": {repath(func(path string) string { return "/app" + path }),
			map[string]string{"reach": "fail: not its base URL"}},
		"it has pages of its own for errors": {proxy{respond: func(r *http.Response) error {
			if r.StatusCode == 404 {
				r.Header.Set("Content-Type", "text/html")
				r.Header.Del("Content-Length")
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader("<html>")), -1
			}
			return nil
		}}, map[string]string{
			"error answers": "fail: proxy_intercept_errors", "path %2F": "warn: errors are changed", "path %2F%2F": "warn: errors are changed", "path %20": "warn: errors are changed",
			"path +": "warn: errors are changed", "path %2B": "warn: errors are changed", "path %3F": "warn: errors are changed", "path %25": "warn: errors are changed",
			"method PUT": "fail: in its place", "method PATCH": "fail: in its place", "method DELETE": "fail: in its place", "body size": "fail: client_max_body_size",
		}},
		"it says application/json": {proxy{respond: func(r *http.Response) error { r.Header.Set("Content-Type", "application/json"); return nil }},
			map[string]string{"media type": "warn: application/json"}},
		"it takes X-Request-Id off": {proxy{respond: func(r *http.Response) error { r.Header.Del("X-Request-Id"); return nil }},
			map[string]string{"request id": "warn: taken off"}},
		"it takes WWW-Authenticate off": {proxy{respond: func(r *http.Response) error { r.Header.Del("Www-Authenticate"); return nil }},
			map[string]string{"without a token": "warn: taken off"}},

		"it does not say the host": {proxy{rewrite: func(r *httputil.ProxyRequest) { r.Out.Header.Del("X-Forwarded-Host") }},
			map[string]string{"links": "fail: X-Forwarded-Host"}},
		"it says another scheme": {proxy{rewrite: func(r *httputil.ProxyRequest) { r.Out.Header.Set("X-Forwarded-Proto", "https") }},
			map[string]string{"links": "fail: X-Forwarded-Proto"}},
		"it says another prefix": {proxy{rewrite: func(r *httputil.ProxyRequest) { r.Out.Header.Set("X-Forwarded-Prefix", "/inner") }},
			map[string]string{"links": "fail: X-Forwarded-Prefix"}},

		"it decodes slashes": {repath(func(path string) string { return strings.ReplaceAll(path, "%2F", "/") }), map[string]string{
			"path %2F": "fail: decodes the path", "path %2F%2F": "fail: decodes the path",
		}},
		"it encodes percent signs": {repath(func(path string) string { return strings.ReplaceAll(path, "%", "%25") }), map[string]string{
			"path %2F": "fail: decodes", "path %2F%2F": "fail: decodes", "path %20": "fail: decodes", "path %2B": "fail: decodes", "path %3F": "fail: decodes", "path %25": "fail: decodes",
		}},
		"it merges encoded slashes": {repath(func(path string) string { return strings.ReplaceAll(path, "%2F%2F", "%2F") }),
			map[string]string{"path %2F%2F": "fail: decodes the path"}},
		"it makes blanks of plus signs": {repath(func(path string) string { return strings.NewReplacer("+", "%20", "%2B", "%20").Replace(path) }),
			map[string]string{"path +": "fail: decodes", "path %2B": "fail: decodes"}},
		"it sends clients on for slashes": {proxy{instead: func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.EscapedPath(), "//") {
				return false
			}
			http.Redirect(w, r, strings.ReplaceAll(r.URL.Path, "//", "/"), http.StatusMovedPermanently)
			return true
		}}, map[string]string{"path //": "fail: merges slashes"}},
		"it refuses encoded slashes": {proxy{instead: func(w http.ResponseWriter, r *http.Request) bool {
			return strings.Contains(r.URL.EscapedPath(), "%2F") && page(w, 404)
		}}, map[string]string{"path %2F": "fail: do not reach the server", "path %2F%2F": "fail: do not reach the server"}},

		"it encodes plus signs": {requery("+", "%2B"), map[string]string{
			"Entra ID: connection test": "fail: changes +", "query + and %20": "fail: sent as +",
		}},
		"it decodes plus signs": {requery("%2B", "+"), map[string]string{
			"Okta: look up": "fail: does not arrive as it was sent", "query %2B": "fail: decodes %2B",
		}},
		"it decodes ampersands": {requery("%26", "&"), map[string]string{"query %26, %23, %25": "fail: decodes %26"}},
		"it decodes twice":      {requery("%25", "%"), map[string]string{"query %26, %23, %25": "fail: decodes %2522"}},
		"it drops the query": {proxy{rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.RawQuery = "count=1" }}, map[string]string{
			"Entra ID: connection test": "fail: the filter is lost", "Okta: look up": "fail: the filter is lost", "query + and %20": "fail: the filter is lost",
			"query %2B": "fail: the filter is lost", "query %26, %23, %25": "fail: the filter is lost",
		}},

		"it forbids PATCH":       {forbidding("PATCH", 405), map[string]string{"Okta: deactivate": "fail: in its place", "Okta: read back": "fail: cache", "method PATCH": "fail: forbids PATCH", "body size": "fail: client_max_body_size"}},
		"it forbids DELETE":      {forbidding("DELETE", 403), map[string]string{"Okta: delete": "fail: in its place", "method DELETE": "fail: forbids DELETE", "clean up": "fail: delete it by hand"}},
		"it forbids PUT":         {forbidding("PUT", 501), map[string]string{"method PUT": "fail: forbids PUT"}},
		"it does not know QUERY": {forbidding("QUERY", 501), map[string]string{"method QUERY": "warn: does not know the method QUERY"}},
		"it makes POST of PUT":   {proxy{rewrite: func(r *httputil.ProxyRequest) { r.Out.Method = strings.Replace(r.In.Method, "PUT", "POST", 1) }}, map[string]string{"method PUT": "fail: another method"}},
		"it makes 200 of 204": {proxy{respond: func(r *http.Response) error {
			if r.StatusCode == 204 {
				r.StatusCode = 200
			}
			return nil
		}}, map[string]string{"Okta: delete": "fail: turns 204"}},
		"it caches": {caching(), map[string]string{"Okta: read back": "fail: A cache answers", "Okta: delete": "fail: A cache answers"}},

		"it limits bodies": {proxy{instead: func(w http.ResponseWriter, r *http.Request) bool { return r.ContentLength > 1<<16 && page(w, 413) }},
			map[string]string{"body size": "fail: client_max_body_size"}},
		"it limits bodies in the server's form": {proxy{instead: func(w http.ResponseWriter, r *http.Request) bool {
			if r.ContentLength <= 1<<16 {
				return false
			}
			w.Header().Set("Content-Type", "application/scim+json")
			w.WriteHeader(413)
			_, _ = io.WriteString(w, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"413","detail":"No."}`)
			return true
		}}, map[string]string{"body size": "fail: client_max_body_size"}},
		"it limits large bodies": {proxy{instead: func(w http.ResponseWriter, r *http.Request) bool { return r.ContentLength > 1<<19 && page(w, 413) }},
			map[string]string{"body size": "warn: client_max_body_size"}},
		"it limits URLs": {proxy{instead: func(w http.ResponseWriter, r *http.Request) bool { return len(r.RequestURI) > 4096 && page(w, 414) }},
			map[string]string{"URL length": "warn: large_client_header_buffers"}},
		"it limits headers": {proxy{instead: func(w http.ResponseWriter, r *http.Request) bool {
			return len(r.Header.Get("X-Scimd-Doctor")) > 1024 && page(w, 431)
		}},
			map[string]string{"header size": "fail: limits headers"}},
		"its clock is wrong": {proxy{respond: func(r *http.Response) error {
			r.Header.Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
			return nil
		}}, map[string]string{"clock": "fail: synchronisation"}},
		"its clock is a little wrong": {proxy{respond: func(r *http.Response) error {
			r.Header.Set("Date", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat))
			return nil
		}}, map[string]string{"clock": "warn: synchronisation"}},
		"it has one sentence for all errors": {proxy{respond: func(r *http.Response) error {
			if r.StatusCode == 404 {
				r.Header.Del("Content-Length")
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404","detail":"No."}`)), -1
			}
			return nil
		}}, map[string]string{
			"path %2F": "warn: errors are changed", "path %2F%2F": "warn: errors are changed", "path %20": "warn: errors are changed",
			"path +": "warn: errors are changed", "path %2B": "warn: errors are changed", "path %3F": "warn: errors are changed", "path %25": "warn: errors are changed",
		}},
		"it hides ids, and decodes slashes": {proxy{
			rewrite: repath(func(path string) string { return strings.ReplaceAll(path, "%2F", "/") }).rewrite,
			respond: func(r *http.Response) error {
				if r.StatusCode != 404 {
					return nil
				}
				body, err := io.ReadAll(r.Body)
				text := regexp.MustCompile(`Resource .* not`).ReplaceAllString(string(body), "Resource not")
				r.Header.Del("Content-Length")
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), -1
				return err
			},
		}, map[string]string{"path %2F": "fail: decodes the path", "path %2F%2F": "fail: decodes the path"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			front := httptest.NewServer(tc.proxy.handler())
			t.Cleanup(front.Close)
			wants(t, look(front.URL+tc.proxy.prefix+server.Path, nil), tc.want)
		})
	}
}

func TestWhatOnlyReadsWritesNothing(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	written := []string{}
	front := httptest.NewServer(proxy{respond: func(r *http.Response) error {
		if r.Request.Method != http.MethodGet && r.StatusCode < 300 {
			mu.Lock()
			defer mu.Unlock()
			written = append(written, r.Request.Method)
		}
		return nil
	}}.handler())
	t.Cleanup(front.Close)
	r := look(front.URL+server.Path, func(o *doctor.Options) { o.ReadOnly = true })
	wants(t, r, nil)
	if len(written) != 0 || len(r.LeftOut) != 6 {
		t.Errorf("%v succeeded, %v is left out", written, r.LeftOut)
	}
}

func TestWhatWasMadeIsRemovedWhenTheLookIsCutShort(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	var deleted []int
	front := httptest.NewServer(proxy{respond: func(r *http.Response) error {
		mu.Lock()
		defer mu.Unlock()
		switch r.Request.Method {
		case http.MethodPatch: // after it was made
			cancel()
		case http.MethodDelete:
			deleted = append(deleted, r.StatusCode)
		}
		return nil
	}}.handler())
	t.Cleanup(front.Close)
	r := doctor.Run(ctx, doctor.Options{URL: parse(front.URL + server.Path), Token: token})
	if last := r.Checks[len(r.Checks)-1]; last.Name != "clean up" || last.Status != doctor.OK || len(deleted) != 1 || deleted[0] != 204 {
		t.Errorf("%+v, deleted %v", last, deleted)
	}
}

func TestWhereNothingAnswersTheReasonIsTold(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(proxy{}.handler())
	t.Cleanup(secure.Close)
	for name, tc := range map[string]struct{ base, want string }{
		"nobody listens": {"http://127.0.0.1:1/scim/v2", "fail: Nothing answers"},
		"a made-up name": {"http://nowhere.invalid/scim/v2", "fail: Nothing answers"},
		"HTTP for HTTPS": {strings.Replace(server.String(), "http://", "https://", 1), "fail: The port speaks HTTP"},
		"HTTPS for HTTP": {strings.Replace(secure.URL, "https://", "http://", 1) + server.Path, "fail: The port speaks TLS"},
		"without a path": {"http://" + server.Host, "fail: not its base URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wants(t, look(tc.base, nil), map[string]string{"reach": tc.want})
		})
	}
	wants(t, look(server.String(), func(o *doctor.Options) { o.Token += "x" }), map[string]string{"with the token": "fail: not good here"})
	wants(t, look(server.String(), func(o *doctor.Options) { o.Token = "" }), map[string]string{"with the token": "fail: No token was given"})
}
