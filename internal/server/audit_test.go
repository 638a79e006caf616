package server

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/store"
)

// told gathers rows of the audit log.
type told struct {
	mu   sync.Mutex
	rows []store.Audit
}

func (l *told) Add(a store.Audit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows = append(l.rows, a)
}

// last gives the rows since it was last called, as text.
func (l *told) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, a := range l.rows {
		out = append(out, fmt.Sprintf("%s %s %d %s %s %s", a.Category, a.Action, a.Status, a.Code, a.Type, a.Credential))
	}
	l.rows = nil
	return strings.Join(out, "; ")
}

func TestRefusalsAndSignInsAreToldReadsWhenThatIsAskedFor(t *testing.T) {
	t.Parallel()
	s := testServer(t)
	tenant := s.Tenants.(lone).tenant
	log := &told{}
	s.Audit = log
	quiet := New(s.Config)
	s.AuditReads = true
	full := New(s.Config)
	const form = "grant_type=client_credentials&client_id=x1&client_secret="
	for _, row := range []struct {
		what                string
		h                   http.Handler
		token, method, path string
		body, want          string
	}{
		{"no token", quiet, "", "GET", "/scim/v2/Users", "", "refusal GET 401 invalid_request User "},
		{"an unknown token", quiet, "wrong", "DELETE", "/scim/v2/Groups/x", "", "refusal DELETE 401 invalid_token Group "},
		{"a token in vain where nothing is", quiet, "wrong", "GET", "/scim/v2/Nothing", "", "refusal GET 401 invalid_token  "},
		{"a filter on discovery", quiet, coverageToken, "GET", "/scim/v2/Schemas?filter=x", "", "refusal GET 403   "},
		{"a read", quiet, coverageToken, "GET", "/scim/v2/Users", "", ""},
		{"a read that is asked for", full, coverageToken, "GET", "/scim/v2/Users", "", "read GET 200  User "},
		{"a search that is asked for", full, coverageToken, "POST", "/scim/v2/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}`, "read POST 200  User "},
		{"a read of nothing", full, coverageToken, "GET", "/scim/v2/Users/nobody", "", ""},
		{"a change, which its event tells of", full, coverageToken, "POST", "/scim/v2/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"a"}`, ""},
		{"a fault of the client", full, coverageToken, "POST", "/scim/v2/Users", `{`, ""},
		{"discovery", full, coverageToken, "GET", "/scim/v2/Schemas", "", ""},
		{"a sign-in", quiet, "", "POST", "/oauth2/token/x1", form + coverageToken, "sign-in token 200   x1"},
		{"a sign-in elsewhere", quiet, "", "POST", "/OAuth2/PlatformToken", form + coverageToken, "sign-in token 200   x1"},
		{"a wrong secret", quiet, "", "POST", "/oauth2/token/X1", form + "wrong", "sign-in token 401 invalid_client  x1"},
		{"a wrong secret elsewhere", quiet, "", "POST", "/oauth2/platformtoken", form + "wrong", "sign-in token 401 invalid_client  x1"},
		{"a sign-in without a name", quiet, "", "POST", "/oauth2/platformtoken", strings.Replace(form, "client_credentials", "password", 1) + coverageToken, "sign-in token 400 invalid_request  x1"},
		{"a wrong secret for introspection", quiet, "", "POST", "/oauth2/introspect", form + "wrong&token=x", "refusal POST 401 invalid_client  x1"},
		{"the end of a token", quiet, "", "POST", "/oauth2/revoke", form + coverageToken + "&token=x", "sign-in revoke 200   x1"},
		{"an authorization for nobody", quiet, "", "GET", "/oauth2/authorize?client_id=x9", "", "sign-in sign-in 400 invalid_request  "},
		{"an authorization that leads elsewhere", quiet, "", "GET", "/oauth2/authorize?client_id=x1&response_type=code&redirect_uri=https://evil.example", "", "sign-in sign-in 400 invalid_request  "},
		{"an authorization that is refused", quiet, "", "GET", "/oauth2/authorize?client_id=x1&response_type=token", "", "sign-in sign-in 302 unsupported_response_type  x1"},
		{"a form that is not the page's", quiet, "", "POST", "/oauth2/authorize?client_id=x1&response_type=code", "grant_type=&username=a&password=b", "sign-in sign-in 403 invalid_request  x1"},
		{"the page", quiet, "", "GET", "/oauth2/authorize?client_id=x1&response_type=code", "", ""},
		{"a token of the SDKs in vain", quiet, "a.b.c", "GET", "/oauth2/authorize/x1?response_type=id_token", "", "sign-in token 401 invalid_token  "},
		{"an application that is not there", quiet, "", "POST", "/oauth2/token/x2", form + "wrong", "sign-in token 400 invalid_request  "},
		{"published keys", full, "", "GET", "/oauth2/keys", "", ""},
	} {
		answer := sendAs(row.h, row.token, row.method, row.path, row.body)
		if got := log.last(); got != row.want {
			t.Errorf("%s (status %d): told %q, want %q", row.what, answer.Code, got, row.want)
		}
	}
	limited := *tenant
	limited.Usage, limited.MaxConcurrent = scim.NewUsage(), 1
	leave, err := limited.Enter()
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	s.Tenants = lone{&limited}
	sendAs(New(s.Config), coverageToken, "GET", "/scim/v2/Users", "")
	if got := log.last(); got != "refusal GET 429  User " {
		t.Errorf("at a limit: told %q", got)
	}
}

func TestARowIsOfTheTenantThatWasAskedAndHasNoIDMadeOfNames(t *testing.T) {
	t.Parallel()
	s := testServer(t)
	log := &told{}
	s.Audit = log
	sendAs(New(s.Config), "wrong", "GET", "/scim/v2/Users/0190f3c2-0000-7000-8000-000000000001", "")
	a := log.rows[0]
	if a.Space != s.Tenants.(lone).tenant.Space || a.ID != "" || a.Address != "192.0.2.1" || a.RequestID == "" {
		t.Errorf("row %+v", a)
	}
	for id, want := range map[string]bool{
		"0190f3c2-0000-7000-8000-000000000001": true, "0190f3c2_0000_7000_8000_000000000001": true, "": false, "ada": false, "c0ffee": false,
		"0190f3c2-0000-7000-8000-000000000001:0190f3c2-0000-7000-8000-000000000002": true, "HR-Win:ada@example.org": false,
		"HR:0190f3c2-0000-7000-8000-000000000001": false,
	} {
		if got := opaque(id); got != want {
			t.Errorf("%q is opaque: %v", id, got)
		}
	}
}

func TestAPanicBelowOAuthIsAnsweredInItsForm(t *testing.T) {
	t.Parallel()
	s := testServer(t)
	s.Issuer = nil // so that what asks it panics
	h := New(s.Config)
	w := sendAs(h, "", "GET", "/oauth2/keys/x1", "")
	if w.Code != 500 || !strings.HasPrefix(w.Body.String(), `{"error":"server_error","error_description":`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	s = testServer(t)
	s.Service = nil
	if w = sendAs(New(s.Config), coverageToken, "GET", "/scim/v2/Users", ""); w.Code != 500 || !strings.Contains(w.Body.String(), `"status":"500"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
