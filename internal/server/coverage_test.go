package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/sqlite"
	"github.com/scimd/scimd/schemas"
)

// covered is one row of a table of docs/coverage.md.
type covered struct{ method, path, state string }

// The states of the page.
const (
	stateDone         = "done"
	stateNotSupported = "not supported"
	stateNotThere     = "not there"
)

const anyMethod = "any"

// coverage reads the tables of the page whose header has these four columns.
func coverage(t *testing.T) []covered {
	t.Helper()
	page, err := os.ReadFile("../../docs/coverage.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []covered
	inTable := false
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "| method | path | state | note |":
			inTable = true
		case !strings.HasPrefix(line, "|"):
			inTable = false
		case inTable && !strings.HasPrefix(line, "| ---"):
			cells := strings.Split(strings.Trim(line, "|"), "|")
			if len(cells) != 4 {
				t.Fatalf("%d cells: %s", len(cells), line)
			}
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			rows = append(rows, covered{cells[0], strings.Trim(cells[1], "`"), cells[2]})
		}
	}
	if len(rows) == 0 {
		t.Fatal("the page has no table")
	}
	return rows
}

// methods are those that a row is about.
func (c covered) methods() []string {
	if c.method == anyMethod {
		return []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	}
	return []string{c.method}
}

// paths are the row's path as a request names it, below both bases; fresh makes
// a resource for the endpoint of a type and gives its id.
func (c covered) paths(reg *schema.Registry, fresh func(*schema.ResourceType) string) []string {
	bases := []string{base + "/" + version, base}
	below, ok := strings.CutPrefix(c.path, bases[0])
	if !ok {
		bases, below = []string{""}, c.path
	}
	var out []string
	for _, b := range bases {
		path := below
		for _, rt := range reg.Types {
			if of := rt.Endpoint + "/{id}"; strings.HasPrefix(path, of) {
				path = strings.Replace(path, of, rt.Endpoint+"/"+fresh(rt), 1)
			}
		}
		path = strings.NewReplacer("/ResourceTypes/{id}", "/ResourceTypes/User", "/Schemas/{id}", "/Schemas/User").Replace(path)
		out = append(out, b+regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(path, "x1"))
	}
	return out
}

// query is one that the endpoint needs.
func (c covered) query() string {
	if strings.HasPrefix(c.path, authorizePath) {
		return "?response_type=code&client_id=x1"
	}
	return ""
}

// body is one that the endpoint takes; n makes it another one each time, made
// gives the id of a new resource of a type.
func (c covered) body(method string, n int, made func(string) string) string {
	switch {
	case strings.HasPrefix(c.path, userInfoPath):
		return ""
	case strings.HasPrefix(c.path, oauthBase):
		return "grant_type=client_credentials&client_id=x1&token=x&client_secret=" + coverageToken
	case strings.HasSuffix(c.path, "/.search"):
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}`
	case method == http.MethodPatch:
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"externalId","value":"x"}]}`
	case method == http.MethodPost:
		return newBody(strings.TrimPrefix(c.path, base+"/"+version), n, made)
	case method == http.MethodPut && strings.Contains(c.path, "/PrivilegedData/"):
		return fmt.Sprintf(`{"name":"account-%d"}`, n)
	case method == http.MethodPut:
		return fmt.Sprintf(`{"userName":"ada-%[1]d","displayName":"Ada %[1]d","rights":[]}`, n)
	}
	return ""
}

// newBody is a new resource for an endpoint.
func newBody(endpoint string, n int, made func(string) string) string {
	switch endpoint {
	case "/Containers":
		return fmt.Sprintf(`{"name":"safe-%d"}`, n)
	case "/PrivilegedData":
		return fmt.Sprintf(`{"name":"account-%d","safe":%q}`, n, made("Container"))
	case "/ContainerPermissions":
		return fmt.Sprintf(`{"container":{"value":%q},"user":{"value":%q},"rights":[]}`, made("Container"), made("User"))
	case "/PrivilegedDataPermissions":
		return fmt.Sprintf(`{"privilegedData":{"value":%q},"user":{"value":%q},"rights":[]}`, made("PrivilegedData"), made("User"))
	}
	return fmt.Sprintf(`{"userName":"ada-%[1]d","displayName":"Ada %[1]d"}`, n)
}

// The page and the routes must tell the same: each row is sent as a request,
// and each route has its row. A type or an endpoint that is added, or one that
// ceases to work, needs a change of the page (R7644-3.2-04, R7644-3.11-01).
func TestTheCoveragePageTellsTheTruth(t *testing.T) {
	t.Parallel()
	s := testServer(t)
	handler := New(s.Config)
	rows := coverage(t)
	n := 0
	var fresh func(*schema.ResourceType) string
	made := func(typ string) string { return fresh(s.Registry.Type(typ)) }
	fresh = func(rt *schema.ResourceType) string {
		n++
		w := send(handler, http.MethodPost, base+rt.Endpoint, newBody(rt.Endpoint, n, made))
		var made struct{ ID string }
		if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || made.ID == "" {
			t.Fatalf("POST %s: %d %s", rt.Endpoint, w.Code, w.Body)
		}
		return made.ID
	}
	if w := send(handler, http.MethodPost, base+"/Users", `{"userName":"person","password":"`+coverageToken+`"}`); w.Code != http.StatusCreated {
		t.Fatal(w)
	}
	var signedIn auth.IssuedToken
	w := send(handler, http.MethodPost, tokenPath+"/x1",
		"grant_type=password&scope=openid&username=person&password="+coverageToken+"&client_id=x1&client_secret="+coverageToken)
	if err := json.Unmarshal(w.Body.Bytes(), &signedIn); err != nil || w.Code != http.StatusOK {
		t.Fatal(w, err)
	}
	person := signedIn.AccessToken
	t.Run("each row behaves as it says", func(t *testing.T) {
		t.Parallel()
		for _, row := range rows {
			for _, method := range row.methods() {
				for _, path := range row.paths(s.Registry, fresh) {
					n++
					token := coverageToken
					if strings.HasPrefix(path, userInfoPath) {
						token = person
					}
					status := sendAs(handler, token, method, path+row.query(), row.body(method, n, made)).Code
					var ok bool
					switch row.state {
					case stateDone:
						ok = status < http.StatusMultipleChoices
					case stateNotSupported:
						ok = status == http.StatusNotImplemented
					case stateNotThere:
						ok = status == http.StatusNotFound
					default:
						t.Fatalf("%s %s: %q is no state", row.method, row.path, row.state)
					}
					if !ok {
						t.Errorf("%s %s answers %d; the page says %s", method, path, status, row.state)
					}
				}
			}
		}
	})
	t.Run("each route has one row", func(t *testing.T) {
		t.Parallel()
		err := chi.Walk(s.router, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
			n := 0
			for _, row := range rows {
				path := strings.Replace(row.path, base+"/"+version+"/", base+"/", 1)
				if path == route && (row.method == method || row.method == anyMethod) && row.state != stateNotThere {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%s %s has %d rows", method, route, n)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("no row stands twice", func(t *testing.T) {
		t.Parallel()
		seen := map[string]bool{}
		for _, row := range rows {
			key := row.method + " " + row.path
			if seen[key] {
				t.Errorf("%s stands twice", key)
			}
			seen[key] = true
		}
	})
}

// The page names what a client of the whole tenant may ask for; every type
// that the engine knows is among it.
func TestTheCoveragePageNamesEveryResourceType(t *testing.T) {
	t.Parallel()
	rows := coverage(t)
	var endpoints []string
	for _, rt := range testServer(t).Registry.Types {
		endpoints = append(endpoints, rt.Endpoint[1:])
	}
	for _, e := range endpoints {
		for _, want := range []string{"GET /" + e, "POST /" + e, "POST /" + e + "/.search", "GET /" + e + "/{id}",
			"PUT /" + e + "/{id}", "PATCH /" + e + "/{id}", "DELETE /" + e + "/{id}"} {
			method, path, _ := strings.Cut(want, " ")
			if !slices.ContainsFunc(rows, func(c covered) bool { return c.method == method && c.path == base+"/"+version+path }) {
				t.Errorf("no row for %s", want)
			}
		}
	}
}

// send gives the answer to a request with a token of all rights.
func send(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	return sendAs(h, coverageToken, method, path, body)
}

func sendAs(h http.Handler, token, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", mediaSCIM)
	}
	if strings.HasPrefix(body, "grant_type=") { // a form, with credentials of its own
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Del("Authorization")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// lone is the tenant of every host.
type lone struct{ tenant *scim.Tenant }

func (l lone) At(string) (*scim.Tenant, bool, error) { return l.tenant, false, nil }

func (l lone) Named(context.Context, string) (*scim.Tenant, error) { return l.tenant, nil }

// bareSealer seals nothing.
type bareSealer struct{}

func (bareSealer) Seal(plain, _ []byte) (store.Sealed, error) {
	return store.Sealed{Key: "bare", Data: plain}, nil
}

func (bareSealer) Open(_ context.Context, s store.Sealed, _ []byte) ([]byte, error) {
	return s.Data, nil
}

const coverageToken = "coverage"

// testServer is a server on an empty SQLite database.
func testServer(t testing.TB) *server {
	t.Helper()
	reg, err := schemas.Registry()
	if err != nil {
		t.Fatal(err)
	}
	st, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Registry: reg, Ephemeral: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	stored, _, err := st.EnsureTenant(t.Context(), store.Tenant{Name: "default"})
	if err != nil {
		t.Fatal(err)
	}
	profile, err := scim.LoadProfile(schemas.FS, "cyberark")
	if err != nil {
		t.Fatal(err)
	}
	discovery, err := scim.NewDiscovery(reg, profile, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	tenant := &scim.Tenant{
		ID: stored.ID, Name: stored.Name, Space: stored.Space, Home: stored.Home, Profile: profile, Registry: reg, Discovery: discovery,
		Now: time.Now, NewID: func(*schema.ResourceType) string { return rand.Text() },
	}
	tokens := []store.Token{{Tenant: tenant.ID, Hash: auth.Hash(coverageToken), Rights: auth.All.String()}}
	authenticator := auth.New(st, tokens, time.Minute, time.Now)
	s := &server{Config: Config{
		Service: scim.NewService(st), Registry: reg,
		Tenants: lone{tenant},
		Auth:    authenticator,
		Logger:  slog.New(slog.DiscardHandler),
		Limits:  Limits{Body: 1 << 20, URL: 1 << 14, Write: time.Minute},
		Ready:   st.Ping,
	}}
	s.Issuer = auth.NewIssuer(st, s.Service, auth.NewSigningKeys(st, bareSealer{}, time.Now), time.Minute, time.Now)
	authenticator.Accept(s.Issuer)
	err = s.Service.AddServiceUser(t.Context(), tenant, "x1", func(tx store.Tx, user string) error {
		return tx.AddApplication(store.Application{
			Tenant: tenant.ID, ID: "x1", ClientID: "x1", UserID: user, Secret: auth.HashSecret(coverageToken), Scopes: "scim", Rights: "all",
			Grants: strings.Join(auth.GrantTypes(), " "), Redirects: "https://x1.example/",
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.AddDataKey(t.Context(), store.DataKey{ID: "bare", Nr: 1, Wrapped: []byte{}}); err != nil {
		t.Fatal(err)
	}
	s.router = s.routes()
	return s
}
