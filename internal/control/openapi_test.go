package control

import (
	"bytes"
	"encoding/json"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

var update = flag.Bool("update", false, "rewrite docs/openapi.json")

func TestTheDescriptionIsThatOfTheRoutesAndIsValid(t *testing.T) {
	t.Parallel()
	const file = "../../docs/openapi.json"
	if *update {
		if err := os.WriteFile(file, Document(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if stored, err := os.ReadFile(file); err != nil || !bytes.Equal(stored, Document()) {
		t.Errorf("%s is stale (%v); go test ./internal/control -update makes it anew", file, err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(Document())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Errorf("the rules of OpenAPI: %v", err)
	}
	described := map[string]string{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			described[method+" "+path] = op.OperationID
		}
	}
	delete(described, "GET "+documentPath)
	ids := map[string]bool{}
	for _, r := range routes() {
		if described[r.pattern()] != r.id || ids[r.id] {
			t.Errorf("%s is described as %q; its operationId %s is another's: %v", r.pattern(), described[r.pattern()], r.id, ids[r.id])
		}
		delete(described, r.pattern())
		ids[r.id] = true
	}
	for pattern := range described {
		t.Errorf("%s is described and no route", pattern)
	}
}

// A route is complete: a sentence, a body where the method has one, parameters that
// are told of.
func TestEveryRouteIsComplete(t *testing.T) {
	t.Parallel()
	for _, r := range routes() {
		switch {
		case r.summary == "" || !strings.HasSuffix(r.summary, "."):
			t.Errorf("%s: the summary is no sentence", r.pattern())
		case r.body != nil && (r.method == "GET" || r.method == "DELETE"):
			t.Errorf("%s: the method has no body", r.pattern())
		case r.body != nil && r.what == "":
			t.Errorf("%s: refusals do not name the body", r.pattern())
		case r.answer == nil && len(r.writes) == 0 && r.status != http.StatusNoContent:
			t.Errorf("%s: %d without an answer", r.pattern(), r.status)
		}
		for _, name := range r.pathParams() {
			if pathAbouts[name] == "" {
				t.Errorf("%s: nothing tells what {%s} is; see pathAbouts", r.pattern(), name)
			}
		}
		for _, q := range r.query {
			if q.about == "" || !slices.Contains([]string{"string", "integer", "number", "boolean", dateTime}, q.kind) {
				t.Errorf("%s: parameter %s is not told of", r.pattern(), q.name)
			}
		}
	}
}

func TestEveryMemberIsToldOf(t *testing.T) {
	t.Parallel()
	s := newTypes()
	for _, r := range routes() {
		for _, typ := range []reflect.Type{r.body, r.answer} {
			if typ != nil {
				s.of(typ)
			}
		}
	}
	for typ, name := range s.names {
		for member, schema := range s.named[name].(object)["properties"].(object) {
			if schema.(object)["description"] == nil {
				t.Errorf("nothing tells what %s of %s is: give it the struct tag doc, or a place in memberAbouts", member, typ)
			}
		}
	}
}

func TestTheDescriptionNeedsNoTokenAndNothingElseIsOpen(t *testing.T) {
	t.Parallel()
	h := Handler(&Direct{}, "secret", slog.New(slog.DiscardHandler))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", documentPath, nil))
	if w.Code != 200 || !json.Valid(w.Body.Bytes()) || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for _, r := range routes() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(r.method, prefix+strings.NewReplacer("{", "", "}", "").Replace(r.path), nil))
		if w.Code != 401 || w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s without a token: %d", r.pattern(), w.Code)
		}
	}
}

func TestTheTokenOpensWhateverTheCaseOfItsScheme(t *testing.T) {
	t.Parallel()
	h := Handler(&Direct{}, "secret", slog.New(slog.DiscardHandler))
	for header, want := range map[string]int{
		"Bearer secret": 404, "bearer secret": 404, "Bearer  secret": 401, "Bearer secret ": 401, "Bearer Secret": 401, "Basic secret": 401, "secret": 401, "Bearer": 401, "": 401,
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", prefix+"nothing", nil)
		r.Header.Set("Authorization", header)
		if h.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%q: %d, want %d", header, w.Code, want)
		}
	}
}

func TestSchemasAreWhatTheValuesOfTypesLookLike(t *testing.T) {
	t.Parallel()
	type part struct {
		Kind string `json:"kind" enum:"a,b" doc:"What it is."`
	}
	type whole struct {
		part
		Named  part           `json:"named"`
		Parts  []*part        `json:"parts,omitempty"`
		Counts map[string]int `json:"counts"`
		Bytes  []byte         `json:"bytes"`
		Raw    json.RawMessage
		Hidden string `json:"-"`
	}
	s := newTypes()
	if got := s.of(reflect.TypeFor[*whole]()); !reflect.DeepEqual(got, ref("schemas", "Whole")) {
		t.Errorf("%v", got)
	}
	text, err := json.Marshal(s.named)
	if err != nil {
		t.Fatal(err)
	}
	const kind = `"kind":{"description":"What it is.","enum":["a","b"],"type":"string"}`
	const want = `{"Part":{"properties":{` + kind + `},"required":["kind"],"type":"object"},` +
		`"Whole":{"properties":{"Raw":{},"bytes":{"contentEncoding":"base64","type":"string"},` +
		`"counts":{"additionalProperties":{"type":"integer"},"type":"object"},` + kind + `,` +
		`"named":{"$ref":"#/components/schemas/Part"},"parts":{"items":{"$ref":"#/components/schemas/Part"},"type":"array"}},` +
		`"required":["kind","named","counts","bytes","Raw"],"type":"object"}}`
	if string(text) != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
}
