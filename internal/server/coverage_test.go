package server

import (
	"context"
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
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/store"
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

// paths are the row's path as a request names it: below both bases.
func (c covered) paths() []string {
	path := c.path
	for _, s := range []struct{ route, value string }{
		{"/Users/{id}", "/Users/" + theUser.ID}, {"/Groups/{id}", "/Groups/" + theUser.ID}, {"/ResourceTypes/{id}", "/ResourceTypes/User"}, {"/Schemas/{id}", "/Schemas/User"},
	} {
		path = strings.Replace(path, base+"/"+version+s.route, base+"/"+version+s.value, 1)
	}
	path = regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(path, "x1")
	if below, ok := strings.CutPrefix(path, base+"/"+version); ok {
		return []string{path, base + below}
	}
	return []string{path}
}

// body is one that the endpoint takes.
func (c covered) body(method string) string {
	switch {
	case strings.HasSuffix(c.path, "/.search"):
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}`
	case method == http.MethodPatch:
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"externalId","value":"x"}]}`
	case method == http.MethodPost, method == http.MethodPut:
		return `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:core:2.0:Group"],"userName":"ada","displayName":"Ada"}`
	}
	return ""
}

// The page and the routes must tell the same: each row is sent as a request,
// and each route has its row. A type or an endpoint that is added, or one that
// ceases to work, needs a change of the page (R7644-3.2-04, R7644-3.11-01).
func TestTheCoveragePageTellsTheTruth(t *testing.T) {
	t.Parallel()
	s := testServer(t)
	handler := New(s.Config)
	rows := coverage(t)
	t.Run("each row behaves as it says", func(t *testing.T) {
		t.Parallel()
		for _, row := range rows {
			for _, method := range row.methods() {
				for _, path := range row.paths() {
					status := send(handler, method, path, row.body(method))
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

// The page names what a client of the whole tenant may ask for; a type that the
// engine knows, or that discovery advertises for later, is among it.
func TestTheCoveragePageNamesEveryResourceType(t *testing.T) {
	t.Parallel()
	rows := coverage(t)
	endpoints := slices.Clone(laterEndpoints)
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

// send gives the status that a request with a token gets.
func send(h http.Handler, method, path, body string) int {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+coverageToken)
	if body != "" {
		r.Header.Set("Content-Type", mediaSCIM)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

const coverageToken = "coverage"

// testServer is a server on a store that holds one user, which it shows as a
// resource of every type.
func testServer(t *testing.T) *server {
	t.Helper()
	reg, err := schemas.Registry()
	if err != nil {
		t.Fatal(err)
	}
	profile, err := scim.LoadProfile(schemas.FS, "cyberark")
	if err != nil {
		t.Fatal(err)
	}
	discovery, err := scim.NewDiscovery(reg, profile, theUser.Created)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	tenant := &scim.Tenant{
		ID: 1, Name: "default", Space: 1, Profile: profile, Registry: reg, Discovery: discovery, Now: time.Now,
		NewID: func(*schema.ResourceType) string { n++; return fmt.Sprintf("id-%d", n) },
	}
	tokens := []store.Token{{Tenant: tenant.ID, Hash: auth.Hash(coverageToken), Rights: auth.All.String()}}
	s := &server{Config: Config{
		Service: scim.NewService(oneUser{}), Registry: reg,
		Tenant: func(*http.Request) (*scim.Tenant, error) { return tenant, nil },
		Auth:   auth.New(oneUser{}, tokens, time.Minute, time.Now),
		Logger: slog.New(slog.DiscardHandler),
		Limits: Limits{Body: 1 << 20, URL: 1 << 14, Write: time.Minute},
		Ready:  func(context.Context) error { return nil },
	}}
	s.router = s.routes()
	return s
}

var theUser = func() store.Record {
	body := &resource.Members{}
	body.Set("userName", resource.Text("ada"))
	body.Set("displayName", resource.Text("Ada"))
	body.Set("schemas", resource.List(resource.Text("urn:ietf:params:scim:schemas:core:2.0:User")))
	doc, cut := resource.Encode(body)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return store.Record{Seq: 1, ID: "ada-1", Version: 1, Created: at, Modified: at, Doc: doc, Cut: cut}
}()

// oneUser is a store with one user. It forgets every change: what a change does
// is for the store's own suite to tell.
type oneUser struct{ store.Store }

func (oneUser) Get(_ context.Context, _ int64, _ *schema.ResourceType, id string, _ []store.Want) (*store.Record, error) {
	return changes{}.Get(nil, id)
}

func (oneUser) Query(_ context.Context, q *store.Query) (*store.Page, error) {
	batch := []store.TypedRecord{{Type: q.Parts[0].Type, Record: &theUser}}
	return &store.Page{Total: 1, Expected: 1, Next: func(context.Context) ([]store.TypedRecord, error) {
		out := batch
		batch = nil
		return out, nil
	}}, nil
}

func (oneUser) Do(_ context.Context, _ int64, fn func(store.Tx) error) error { return fn(changes{}) }

// changes is a transaction on oneUser.
type changes struct{ store.Tx }

func (changes) Get(_ *schema.ResourceType, id string) (*store.Record, error) {
	if id != theUser.ID {
		return nil, store.ErrNotFound
	}
	return &theUser, nil
}

func (changes) Insert(r *store.Resource) error                                  { r.Seq = 2; return nil }
func (changes) Update(*store.Resource, int64) error                             { return nil }
func (changes) Delete(*schema.ResourceType, int64) error                        { return nil }
func (changes) SetLinks(store.Relation, int64, []store.Link) ([]int64, error)   { return nil, nil }
func (changes) CountLinks(store.Relation, int64, int) (int, error)              { return 0, nil }
func (changes) Touch(store.Relation, int64, time.Time) ([]store.Touched, error) { return nil, nil }
func (changes) Links(int64, []store.Want) ([]store.Link, error)                 { return nil, nil }
func (changes) Event(store.Event) error                                         { return nil }
