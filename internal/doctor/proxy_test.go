package doctor_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

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
		"it sends a path below the base": {repath(func(path string) string { return strings.Replace(path, "/v2/", "/v2/v2/", 1) }),
			map[string]string{"with the token": "fail: not its base URL"}},
		"it signs in by a page": {proxy{instead: func(w http.ResponseWriter, _ *http.Request) bool { return page(w, 200) }},
			map[string]string{"without a token": "fail: no SCIM list", "with the token": "fail: no SCIM list"}},
		"it does not wait": {proxy{instead: func(w http.ResponseWriter, r *http.Request) bool {
			return (r.Method == "PATCH" && r.ContentLength > 1<<16 || len(r.RequestURI) > 4096 || strings.Contains(r.RequestURI, "check")) && page(w, 504)
		}}, map[string]string{"Okta: look up": "fail: wait longer", "body size": "fail: wait longer", "URL length": "warn: wait longer"}},
		"it has lost the server": {proxy{instead: func(w http.ResponseWriter, _ *http.Request) bool { return page(w, 503) }},
			map[string]string{"reach": "fail: does not reach the server"}},
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
			"method PUT": "fail: in its place", "method PATCH": "fail: in its place", "method DELETE": "fail: in its place", "body size": "warn: cannot be told",
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

		"it forbids PATCH":       {forbidding("PATCH", 405), map[string]string{"Okta: deactivate": "fail: in its place", "method PATCH": "fail: forbids PATCH", "body size": "warn: cannot be told"}},
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
		"it limits bodies by cutting them off": {proxy{instead: func(w http.ResponseWriter, r *http.Request) bool { return r.ContentLength > 1<<16 && page(w, 502) }},
			map[string]string{"body size": "fail: client_max_body_size"}},
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
