package app_test

import (
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/journal/hartest"
)

// described holds the answers of a control API against its description.
type described struct {
	doc  *openapi3.T
	s    *app.Server
	seen map[string]bool // operationIds that have succeeded
	// strict holds the bodies of requests that are taken against the description, too.
	strict bool
}

// describedServer is a server with all that the control API can be asked for.
func describedServer(t *testing.T) *described {
	t.Helper()
	c := config(t)
	c.ControlAddr, c.JournalEntries = "127.0.0.1:0", 100
	s, _ := start(t, c)
	doc, err := openapi3.NewLoader().LoadFromData(control.Document())
	if err != nil {
		t.Fatal(err)
	}
	for _, schema := range doc.Components.Schemas {
		if v := schema.Value; len(v.Properties) > 0 { // a member that is not described would pass
			no := false
			v.AdditionalProperties.Has = &no
		}
	}
	return &described{doc: doc, s: s, seen: map[string]bool{}}
}

// operation finds what a request is for.
func (d *described) operation(method, path string) (op *openapi3.Operation) {
	mux := http.NewServeMux()
	for p, item := range d.doc.Paths.Map() {
		for m, o := range item.Operations() {
			mux.HandleFunc(m+" "+p, func(http.ResponseWriter, *http.Request) { op = o })
		}
	}
	u, err := url.Parse(path)
	if err != nil {
		return nil
	}
	mux.ServeHTTP(discard{}, &http.Request{Method: method, URL: u, Host: "localhost"})
	return op
}

// discard is an answer that nobody reads.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

// ask sends a request, and holds its answer against the description: status, media
// type, members.
func (d *described) ask(t *testing.T, method, path, contentType, body string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequest(method, strings.TrimSuffix(d.s.ControlURL(), control.BasePath)+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+d.s.ControlToken())
	req.Header.Set("Content-Type", contentType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Errorf("%s %s: %v", method, path, err) // perhaps not in the goroutine of the test
		return 0, nil
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("%s %s: %v", method, path, err)
		return 0, nil
	}
	what := method + " " + path + " with " + shortened(body) + " is answered " + strconv.Itoa(resp.StatusCode) + " " + shortened(string(answer))
	refusal := d.doc.Components.Responses["refusal"]
	described := refusal
	if op := d.operation(method, path); op != nil {
		if resp.StatusCode < 400 && d.strict {
			d.understood(t, op, what, contentType, body)
		}
		if is := op.Responses.Status(resp.StatusCode); is != nil {
			described, d.seen[op.OperationID] = is, true
		} else if resp.StatusCode < 400 {
			t.Errorf("%s, a status that is not described", what)
		}
	}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	content := described.Value.Content
	if len(content) == 0 && len(answer) == 0 {
		return resp.StatusCode, answer
	}
	is := content.Get(media)
	if is == nil {
		t.Errorf("%s; %q is not described", what, media)
	} else if media == "application/json" && method != http.MethodHead {
		var v any
		if err := json.Unmarshal(answer, &v); err != nil {
			t.Errorf("%s: %v", what, err)
		} else if err := d.doc.ValidateSchemaJSON(is.Schema.Value, v); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if resp.Header.Get("X-Request-Id") == "" {
		t.Errorf("%s without a request id", what)
	}
	return resp.StatusCode, answer
}

// understood holds the body of a request that was taken against the description.
func (d *described) understood(t *testing.T, op *openapi3.Operation, what, contentType, body string) {
	t.Helper()
	if op.RequestBody == nil {
		return
	}
	is := op.RequestBody.Value.Content.Get(contentType)
	if is == nil {
		t.Errorf("%s; %s is not described", what, contentType)
		return
	}
	var v any
	if json.Unmarshal([]byte(body), &v) == nil {
		if err := d.doc.ValidateSchemaJSON(is.Schema.Value, v); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func shortened(s string) string {
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return s
}

const jsonType = "application/json"

func TestEachRouteOfTheControlAPIAnswersAsItIsDescribed(t *testing.T) {
	t.Parallel()
	d := describedServer(t)
	d.strict = true
	const blue = "/_scimd/tenants/blue"
	for _, r := range []struct{ method, path, body string }{
		{"GET", "/_scimd/openapi.json", ""},
		{"GET", "/_scimd/info", ""},
		{"GET", "/_scimd/health", ""},
		{"POST", "/_scimd/tenants", `{"name":"blue","profile":"rfc7644","limits":{"rate":"1000"},"addHosts":["blue.example"],"expires":"1h"}`},
		{"PATCH", blue, `{"switches":{"maxResults":"5"}}`},
		{"GET", "/_scimd/tenants", ""},
		{"GET", blue, ""},
		{"POST", blue + "/tokens", `{"name":"ci","rights":"users:read","expires":"2040-01-01T00:00:00Z"}`},
		{"GET", blue + "/tokens", ""},
		{"DELETE", blue + "/tokens/ci", ""},
		{"POST", blue + "/applications", `{"appId":"Connector","rights":"users:read"}`},
		{"GET", blue + "/applications", ""},
		{"POST", blue + "/applications/Connector/secret", ""},
		{"GET", blue + "/service-users", ""},
		{"PATCH", blue + "/service-users/Connector", `{"active":false}`},
		{"DELETE", blue + "/applications/Connector", ""},
		{"POST", blue + "/issuers", `{"name":"corp","issuer":"https://login.corp.example","audiences":["scim"],"keysUrl":"https://login.corp.example/keys","rights":"read"}`},
		{"GET", blue + "/issuers", ""},
		{"DELETE", blue + "/issuers/corp", ""},
		{"POST", blue + "/signing-keys?dropOld=true", ""},
		{"GET", blue + "/signing-keys", ""},
		{"POST", blue + "/seed?dryRun=true", "version: 1\nUsers: [{userName: ada}]"},
		{"POST", blue + "/seed?prune=true", "version: 1\nUsers: [{userName: ada}]"},
		{"POST", "/_scimd/seed", `{"version":1,"tenants":[{"name":"green","applications":[{"appId":"A"}]}]}`},
		{"GET", blue + "/export", ""},
		{"GET", blue + "/export?format=json", ""},
		{"GET", "/_scimd/export?format=yaml", ""},
		{"POST", blue + "/snapshots", `{"name":"full"}`},
		{"POST", blue + "/snapshots/full/restore", ""},
		{"GET", blue + "/snapshots", ""},
		{"DELETE", blue + "/snapshots/full", ""},
		{"POST", blue + "/reset", ""},
		{"PUT", blue + "/clock", `{"mode":"stepped","time":"2031-05-06T07:08:09Z","step":"1s"}`},
		{"POST", blue + "/clock/advance", `{"by":"1h"}`},
		{"GET", blue + "/clock", ""},
		{"DELETE", blue + "/clock", ""},
		{"PUT", blue + "/ids", `{"seed":"nightly"}`},
		{"GET", blue + "/ids", ""},
		{"DELETE", blue + "/ids", ""},
		{"POST", blue + "/faults", `{"id":"lost","match":{"operations":["create"],"headers":{"X-A":""}},"act":{"status":503,"delay":{"percentiles":{"50":"1ms","99":"2ms"}}},"until":"2040-01-01T00:00:00Z"}`},
		{"POST", blue + "/faults?first=true", `{"ready":"flaky","seed":7}`},
		{"GET", blue + "/faults/lost", ""},
		{"PUT", blue + "/faults/lost", `{"probability":0.5,"act":{"cut":"after"}}`},
		{"GET", blue + "/faults", ""},
		{"DELETE", blue + "/faults/lost", ""},
		{"PUT", blue + "/faults", `{"faults":[{"ready":"throttling"}]}`},
		{"DELETE", blue + "/faults", ""},
		{"GET", blue + "/journal/1", ""},
		{"GET", blue + "/journal?status=4xx&newest=true", ""},
		{"GET", blue + "/journal/count", ""},
		{"GET", blue + "/journal/wait?count=1", ""},
		{"GET", blue + "/journal/wait?count=99&timeout=1ms", ""},
		{"GET", blue + "/journal/har", ""},
		{"PUT", blue + "/journal/marks/here", ""},
		{"GET", blue + "/journal/marks", ""},
		{"DELETE", blue + "/journal?token=first", ""},
		{"GET", "/_scimd/audit?tenant=blue&last=true", ""},
		{"GET", "/_scimd/audit", ""},
		{"GET", "/_scimd/check", ""},
		{"GET", "/_scimd/keys", ""},
		{"POST", "/_scimd/keys", ""},
		{"PUT", "/_scimd/keys/master", `{"key":"` + strings.Repeat("ab", 32) + `"}`},
		{"DELETE", blue, ""},
	} {
		if r.path == blue+"/journal/1" {
			d.received(t)
		}
		contentType := jsonType
		if strings.HasPrefix(r.body, "version") {
			contentType = "application/yaml"
		}
		code, body := d.ask(t, r.method, r.path, contentType, r.body)
		if code >= 300 {
			t.Errorf("%s %s: %d %s", r.method, r.path, code, body)
		}
		if strings.HasSuffix(r.path, "/har") {
			hartest.Check(t, body)
		}
	}
	for path, item := range d.doc.Paths.Map() {
		for method, op := range item.Operations() {
			if !d.seen[op.OperationID] {
				t.Errorf("nothing shows an answer of %s %s", method, path)
			}
		}
	}
}

// received has the tenant blue receive requests, for its journal.
func (d *described) received(t *testing.T) {
	t.Helper()
	base := strings.TrimSuffix(d.s.BaseURL(), "/scim/v2") + "/tenants/blue/scim/v2"
	code, body := d.ask(t, "POST", "/_scimd/tenants/blue/tokens", jsonType, `{"name":"writer","rights":"all"}`)
	var token struct{ Token string }
	if err := json.Unmarshal(body, &token); err != nil || code != 201 {
		t.Fatalf("%d %s", code, body)
	}
	for _, text := range []string{`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"bela"}`, `{`, strings.Repeat("x", 100)} {
		asked(t, http.DefaultClient, base+"/Users", token.Token, func(r *http.Request) {
			r.Method, r.Body = http.MethodPost, io.NopCloser(strings.NewReader(text))
			r.Header.Set("Content-Type", "application/scim+json")
		})
	}
}

// What a careless or a hostile client sends to each route there is.
func TestNoRouteOfTheControlAPIFallsOverWhatItIsSent(t *testing.T) {
	t.Parallel()
	d := describedServer(t)
	if code, body := d.ask(t, "POST", "/_scimd/tenants", jsonType, `{"name":"blue"}`); code != 201 {
		t.Fatalf("%d %s", code, body)
	}
	names := []string{"blue", "no-such", "%2E%2E", "%2F", "a%2Fb", "%00", "%FF", "%20blue", "%C3%A9", strings.Repeat("x", 5000), "-1", "99999999999999999999"}
	for _, path := range slices.Sorted(maps.Keys(d.doc.Paths.Map())) {
		item := d.doc.Paths.Value(path)
		for method, op := range item.Operations() {
			if op.OperationID == "getDescription" {
				continue
			}
			t.Run(op.OperationID, func(t *testing.T) {
				t.Parallel()
				d := &described{doc: d.doc, s: d.s, seen: map[string]bool{}}
				refused := func(method, path, contentType, body string, want ...int) {
					t.Helper()
					code, answer := d.ask(t, method, path, contentType, body)
					if code >= 500 || len(want) > 0 && !slices.Contains(want, code) {
						t.Errorf("%s %s with %s: %d %s, want %v", method, path, shortened(body), code, shortened(string(answer)), want)
					}
				}
				there := filled(path, "blue", "no-such")
				for _, name := range names {
					if at := filled(path, name, name); at != path && name != "blue" {
						refused(method, at, jsonType, "{}", 400, 404)
						refused(method, filled(path, "blue", name)+only(op, "timeout", "?timeout=1ms"), jsonType, "{}")
					}
				}
				refused(method, there+"?no-such=1", jsonType, "{}", 400)
				refused(method, there+"/", jsonType, "{}", 404, 405)
				refused(method, there+"//", jsonType, "{}", 404)
				refused("BREW", there, jsonType, "", 405)
				if item.GetOperation("PUT") == nil && !strings.HasSuffix(path, "/journal/marks") {
					refused("PUT", there, jsonType, "{}", 405, 400, 404)
				}
				if method == http.MethodGet {
					refused("HEAD", there+only(op, "timeout", "?timeout=1ms"), jsonType, "")
				}
				for _, p := range op.Parameters {
					if p.Value.In != "query" {
						continue
					}
					for _, v := range []string{"", "%00", "%FF", "-1", "1e9", "99999999999999999999", "x", strings.Repeat("x", 5000)} {
						if p.Value.Name == "timeout" || p.Value.Name == "count" {
							refused(method, there+"?timeout=1ms&count=1&limit="+v, jsonType, "{}")
						}
						if p.Value.Name != "timeout" {
							refused(method, there+"?"+p.Value.Name+"="+v+only(op, "timeout", "&timeout=1ms"), jsonType, "{}")
						}
					}
					refused(method, there+"?"+p.Value.Name+"=1&"+p.Value.Name+"=2", jsonType, "{}", 400)
				}
				if op.RequestBody == nil {
					return
				}
				schema := op.RequestBody.Value.Content.Get(jsonType)
				for _, body := range []string{"", "null", "[]", "1", `"x"`, "{", "{}{}", `{"no-such":1}`, "\xff", strings.Repeat("[", 10000), `{"a":` + strings.Repeat(`{"a":`, 10000)} {
					refused(method, there, jsonType, body, 400, 404)
				}
				refused(method, there, "text/plain", "x: [", 400, 404, 415)
				if schema == nil || schema.Schema.Value == nil || len(schema.Schema.Value.Properties) == 0 {
					return
				}
				refused(method, there, jsonType, `{"a":"`+strings.Repeat("a", 9<<20)+`"}`, 413, 404)
				for name := range schema.Schema.Value.Properties {
					for _, value := range []string{"null", `""`, "-1", "1e300", "99999999999999999999", "true", "[]", "{}", "[null]", `{"":""}`, `"\u0000"`, `"` + strings.Repeat("x", 5000) + `"`, `["x","x"]`, `"0001-01-01T00:00:00Z"`, `"9999-12-31T23:59:59Z"`} {
						refused(method, there, jsonType, `{"`+name+`":`+value+`}`)
						if name != "name" && op.OperationID == "createTenant" {
							refused(method, there, jsonType, `{"name":"made","`+name+`":`+value+`}`)
							refused("DELETE", "/_scimd/tenants/made", jsonType, "")
						}
					}
				}
			})
		}
	}
}

// filled is a path with names in it: that of the tenant, and that of everything else.
func filled(path, tenant, other string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		switch {
		case p == "{tenant}":
			parts[i] = tenant
		case strings.HasPrefix(p, "{"):
			parts[i] = other
		}
	}
	return strings.Join(parts, "/")
}

// only is a text where an operation has a parameter.
func only(op *openapi3.Operation, param, text string) string {
	if op.Parameters.GetByInAndName("query", param) == nil {
		return ""
	}
	return text
}
