package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The URNs of schemas and messages.
const (
	userURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	customURN     = "urn:scim:schemas:extension:custom:2.0"
	linkedURN     = "urn:ietf:params:scim:schemas:pam:1.0:LinkedObject"
	messages      = "urn:ietf:params:scim:api:messages:2.0:"
)

// client sends requests to one tenant.
type client struct {
	testing.TB
	site  *site
	http  *http.Client
	base  string // of the tenant's server, with /scim/v2
	token string // "" sends none
}

// answer is what a request got.
type answer struct {
	c       *client
	request string
	status  int
	header  http.Header
	body    []byte
	value   any // the body as JSON, numbers as json.Number
}

// do sends a request to a path below the base. Headers are "Name: value"; a
// value of "-" leaves the header out that would be sent by default. Whatever is
// asked, the answer must be well-formed: see check.
func (c *client) do(method, path, body string, headers ...string) *answer {
	c.Helper()
	return c.send(method, c.base+path, body, headers...)
}

// root sends a request to a path of the server.
func (c *client) root(method, path, body string, headers ...string) *answer {
	c.Helper()
	return c.send(method, c.site.url+path, body, headers...)
}

func (c *client) send(method, target, body string, headers ...string) *answer {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), method, target, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		switch {
		case value == "-":
			r.Header.Del(name)
		case name == "Host":
			r.Host = value
		default:
			r.Header.Add(name, value)
		}
	}
	res, err := c.http.Do(r)
	if err != nil {
		c.Fatalf("%s %s: %v", method, target, err)
	}
	defer func() { _ = res.Body.Close() }()
	a := &answer{c: c, request: method + " " + strings.TrimPrefix(target, c.base) + " " + body, status: res.StatusCode, header: res.Header}
	if a.body, err = io.ReadAll(res.Body); err != nil {
		c.Fatalf("%s: %v", a.request, err)
	}
	a.check()
	return a
}

// check is what holds for every answer: X-Request-Id; no body and no type with
// 204, else a type (R7644-3.8-12) and no storing in caches (R9110-8-01); errors
// have the SCIM body with the status as text and a detail (R7644-3.2-03,
// R7644-3.12-01, R7644-3.12-02, R7644-3.12-12; rule 5, Q-60, Q-61); no password is shown
// (R7643-4.1.1-05, rule 22).
func (a *answer) check() {
	a.c.Helper()
	if a.header.Get("X-Request-Id") == "" {
		a.c.Errorf("%s: no X-Request-Id", a.request)
	}
	if a.status == http.StatusNoContent || len(a.body) == 0 {
		if a.status == http.StatusNoContent && (len(a.body) > 0 || a.header.Get("Content-Type") != "") {
			a.c.Errorf("%s: 204 with %q of type %q", a.request, a.body, a.header.Get("Content-Type"))
		}
		return
	}
	if !strings.HasPrefix(a.header.Get("Content-Type"), "application/") || a.header.Get("Cache-Control") != "no-store" {
		a.c.Errorf("%s: headers %v", a.request, a.header)
	}
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.UseNumber()
	if err := d.Decode(&a.value); err != nil {
		a.c.Fatalf("%s: %d with a body that is no JSON: %v\n%s", a.request, a.status, err, a.body)
	}
	if a.status >= 400 {
		a.has("schemas", raw(`["`+messages+`Error"]`)).has("status", strconv.Itoa(a.status))
		if detail := a.text("detail"); detail == "" || strings.ContainsAny(detail, "\n\t") {
			a.c.Errorf("%s: detail %q", a.request, detail)
		}
	}
	if bytes.Contains(a.body, []byte(`"password":`)) {
		a.c.Errorf("%s: a password in %s", a.request, a.body)
	}
}

// is checks the status.
func (a *answer) is(status int) *answer {
	a.c.Helper()
	if a.status != status {
		a.c.Fatalf("%s: got %d, want %d: %s", a.request, a.status, status, a.body)
	}
	return a
}

// refused checks that the answer is an error with a scimType, "" for none.
func (a *answer) refused(status int, scimType string) *answer {
	a.c.Helper()
	a.is(status)
	if got := a.text("scimType"); got != scimType {
		a.c.Fatalf("%s: got scimType %q, want %q: %s", a.request, got, scimType, a.body)
	}
	return a
}

// raw is JSON text that a value is compared with.
type raw string

// at finds a member by names and positions separated by slashes:
// "emails/0/value", enterpriseURN + "/department".
func (a *answer) at(path string) (any, bool) {
	v := a.value
	for name := range strings.SplitSeq(path, "/") {
		switch x := v.(type) {
		case map[string]any:
			var ok bool
			if v, ok = x[name]; !ok {
				return nil, false
			}
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(x) {
				return nil, false
			}
			v = x[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// has checks the value of a member: text, truth, number, or raw JSON.
func (a *answer) has(path string, want any) *answer {
	a.c.Helper()
	got, ok := a.at(path)
	switch w := want.(type) {
	case raw:
		d := json.NewDecoder(strings.NewReader(string(w)))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			a.c.Fatalf("%s: %v", w, err)
		}
	case int:
		want = json.Number(strconv.Itoa(w))
	}
	if !ok || !reflect.DeepEqual(got, want) {
		a.c.Errorf("%s: %s is %v, want %v: %s", a.request, path, show(got, ok), want, a.short())
	}
	return a
}

func show(v any, ok bool) string {
	if !ok {
		return "not there"
	}
	text, _ := json.Marshal(v) // what was decoded marshals
	return string(text)
}

func (a *answer) short() string {
	if len(a.body) > 2000 {
		return string(a.body[:2000]) + "…"
	}
	return string(a.body)
}

// lacks checks that members are not there.
func (a *answer) lacks(paths ...string) *answer {
	a.c.Helper()
	for _, p := range paths {
		if v, ok := a.at(p); ok {
			a.c.Errorf("%s: %s is %s, want it absent", a.request, p, show(v, ok))
		}
	}
	return a
}

// only checks the names of the members at a path; "" is the top.
func (a *answer) only(path string, names ...string) *answer {
	a.c.Helper()
	v, ok := a.value, true
	if path != "" {
		v, ok = a.at(path)
	}
	m, isObject := v.(map[string]any)
	var got []string
	for name := range m {
		got = append(got, name)
	}
	slices.Sort(got)
	slices.Sort(names)
	if !isObject || !slices.Equal(got, names) {
		a.c.Errorf("%s: members of %q are %v, want %v: %s", a.request, path, got, names, show(v, ok))
	}
	return a
}

// text is a text member, "" when it is none.
func (a *answer) text(path string) string {
	v, _ := a.at(path)
	s, _ := v.(string)
	return s
}

// count is the length of a list, 0 when it is none.
func (a *answer) count(path string) int {
	v, _ := a.at(path)
	list, _ := v.([]any)
	return len(list)
}

// each is the text at a path in every element of a list, in order.
func (a *answer) each(list, path string) []string {
	var out []string
	for i := range a.count(list) {
		out = append(out, a.text(fmt.Sprintf("%s/%d/%s", list, i, path)))
	}
	return out
}

// mentions checks that the detail of an error names something, and hides
// something else.
func (a *answer) mentions(name string, hidden ...string) *answer {
	a.c.Helper()
	if !strings.Contains(a.text("detail"), name) {
		a.c.Errorf("%s: the detail does not name %s: %s", a.request, name, a.body)
	}
	for _, h := range hidden {
		if strings.Contains(string(a.body), h) {
			a.c.Errorf("%s: the answer shows %q: %s", a.request, h, a.body)
		}
	}
	return a
}

// userBody is a user with its schemas and the members given as JSON text.
func userBody(members string) string { return `{"schemas":["` + userURN + `"],` + members + `}` }

// ada are the members of a minimal user.
const ada = `"userName":"ada"`

// user creates a user and gives its id.
func (c *client) user(members string) string {
	c.Helper()
	return c.do("POST", "/Users", userBody(members)).is(201).text("id")
}

// users creates users that have only names.
func (c *client) users(names ...string) {
	c.Helper()
	for _, n := range names {
		c.user(`"userName":"` + n + `"`)
	}
}

func (c *client) get(id string) *answer {
	c.Helper()
	return c.do("GET", "/Users/"+id, "").is(200)
}

func (c *client) put(id, members string) *answer {
	c.Helper()
	return c.do("PUT", "/Users/"+id, userBody(members))
}

// patchBody is a PatchOp message of operations.
func patchBody(ops ...string) string {
	return `{"schemas":["` + messages + `PatchOp"],"Operations":[` + strings.Join(ops, ",") + `]}`
}

func (c *client) patch(id string, ops ...string) *answer {
	c.Helper()
	return c.do("PATCH", "/Users/"+id, patchBody(ops...))
}

// query lists an endpoint with parameters given as names and values in turn.
func (c *client) query(endpoint string, params ...string) *answer {
	c.Helper()
	values := url.Values{}
	for i := 0; i < len(params); i += 2 {
		values.Add(params[i], params[i+1])
	}
	return c.do("GET", endpoint+"?"+values.Encode(), "")
}

// found checks that a filter on users finds those of the names, in the order of
// their creation, and counts them.
func (c *client) found(filter string, names ...string) {
	c.Helper()
	c.listed([]string{"filter", filter}, names...).has("totalResults", len(names))
}

// listed checks the userNames of a list in order.
func (c *client) listed(params []string, names ...string) *answer {
	c.Helper()
	a := c.query("/Users", params...).is(200)
	if got := a.each("Resources", "userName"); !slices.Equal(got, names) {
		c.Errorf("%v gives %v, want %v", params, got, names)
	}
	return a
}

// unfit checks that a filter on users is refused as one that cannot be judged.
func (c *client) unfit(filters ...string) {
	c.Helper()
	for _, f := range filters {
		c.query("/Users", "filter", f).refused(400, "invalidFilter")
	}
}
