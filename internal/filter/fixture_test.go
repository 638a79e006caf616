package filter_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
)

const (
	userURN   = "urn:ietf:params:scim:schemas:core:2.0:User"
	workURN   = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	customURN = "urn:example:custom:1.0"
)

// The made-up type has an attribute of every data type and multiplicity, an
// extension with a complex attribute, and an open extension.
var files = fstest.MapFS{
	"common.json": {Data: []byte(`{"id": "urn:example:common", "attributes": [
		{"name": "schemas", "type": "reference", "multiValued": true, "required": true},
		{"name": "id", "caseExact": true, "returned": "always"},
		{"name": "externalId", "caseExact": true},
		{"name": "meta", "type": "complex", "subAttributes": [
			{"name": "resourceType", "caseExact": true},
			{"name": "created", "type": "dateTime"}, {"name": "lastModified", "type": "dateTime"},
			{"name": "version", "caseExact": true}]}]}`)},
	"core/user.json": {Data: []byte(`{"id": "` + userURN + `", "name": "User", "attributes": [
		{"name": "userName", "required": true, "uniqueness": "server"},
		{"name": "name", "type": "complex", "subAttributes": [{"name": "familyName"}, {"name": "givenName"}]},
		{"name": "displayName"}, {"name": "title"}, {"name": "userType"},
		{"name": "active", "type": "boolean"},
		{"name": "password", "returned": "never", "mutability": "writeOnly"},
		{"name": "age", "type": "integer"}, {"name": "score", "type": "decimal"},
		{"name": "rights", "multiValued": true},
		{"name": "emails", "type": "complex", "multiValued": true, "subAttributes": [
			{"name": "value"}, {"name": "type", "canonicalValues": ["work", "home"]}, {"name": "display"},
			{"name": "primary", "type": "boolean"}]},
		{"name": "ims", "type": "complex", "multiValued": true, "subAttributes": [{"name": "value"}, {"name": "type"}]},
		{"name": "addresses", "type": "complex", "multiValued": true, "subAttributes": [{"name": "locality"}, {"name": "type"}]},
		{"name": "x509Certificates", "type": "complex", "multiValued": true, "subAttributes": [{"name": "value", "type": "binary"}]},
		{"name": "keys", "type": "complex", "multiValued": true, "subAttributes": [
			{"name": "value", "returned": "never"}, {"name": "tags", "multiValued": true}, {"name": "issued", "type": "dateTime"}]}]}`)},
	"core/enterprise.json": {Data: []byte(`{"id": "` + workURN + `", "name": "EnterpriseUser", "attributes": [
		{"name": "employeeNumber"}, {"name": "department"},
		{"name": "manager", "type": "complex", "subAttributes": [
			{"name": "value"}, {"name": "$ref", "type": "reference"}, {"name": "displayName", "mutability": "readOnly"}]}]}`)},
	"core/custom.json": {Data: []byte(`{"id": "` + customURN + `", "name": "Custom", "open": true, "attributes": []}`)},
	"resource-types.json": {Data: []byte(`[{"name": "User", "endpoint": "/Users", "schema": "` + userURN + `",
		"schemaExtensions": [{"schema": "` + workURN + `"}, {"schema": "` + customURN + `"}]}]`)},
}

var user = func() *schema.ResourceType {
	r, err := schema.Load(files)
	if err != nil {
		panic(err)
	}
	return r.Type("User")
}()

var lenient = filter.Options{
	SingleQuotes: true, BareLiterals: true, PathAfterFilter: true, DotAfterURN: true,
	BareExtensionNames: true, TextBooleans: true, LiteralCase: true, TextAsValue: true, ExtensionPaths: true,
}

// members reads a resource; W: and C: at the beginning of a name stand for the
// URNs of the extensions.
func members(t testing.TB, text string) *resource.Members {
	t.Helper()
	text = strings.NewReplacer(`"W"`, `"`+workURN+`"`, `"C"`, `"`+customURN+`"`).Replace(text)
	m, err := resource.ParseObject([]byte(text), resource.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return m
}

func urns(text string) string {
	return strings.NewReplacer("U:", userURN+":", "W:", workURN+":", "C:", customURN+":").Replace(text)
}

func compile(t testing.TB, text string, o filter.Options) filter.Predicate {
	t.Helper()
	p, err := filter.Compile(urns(text), user, o)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

// refused checks that an error is the refusal of the given type and that its
// detail is a sentence with part in it.
func refused(t *testing.T, err error, want scimerr.Type, part string) {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted, want %s", want)
	}
	e := scimerr.From(err)
	if e.Status != 400 || e.Type != want || e.At == "" {
		t.Errorf("got %d %q at %q, want 400 %q with a place: %v", e.Status, e.Type, e.At, want, err)
	}
	if !strings.Contains(e.Detail, part) || !strings.HasSuffix(e.Detail, ".") {
		t.Errorf("detail %q is no sentence that tells %q", e.Detail, part)
	}
}

// equal reports whether two predicates are the same tree. Members of an open
// extension are made anew by each look-up, so that attributes compare by path.
func equal(p, q filter.Predicate) bool {
	all := func(ps, qs []filter.Predicate) bool {
		if len(ps) != len(qs) {
			return false
		}
		for i := range ps {
			if !equal(ps[i], qs[i]) {
				return false
			}
		}
		return true
	}
	same := func(a, b *schema.Attribute) bool { return a.Path == b.Path }
	switch p := p.(type) {
	case *filter.And:
		q, ok := q.(*filter.And)
		return ok && all(p.Terms, q.Terms)
	case *filter.Or:
		q, ok := q.(*filter.Or)
		return ok && all(p.Terms, q.Terms)
	case *filter.Not:
		q, ok := q.(*filter.Not)
		return ok && equal(p.Term, q.Term)
	case *filter.Compare:
		q, ok := q.(*filter.Compare)
		return ok && same(p.Attr, q.Attr) && p.Op == q.Op && p.Kind == q.Kind && p.Key == q.Key && p.Literal.Equal(q.Literal)
	case *filter.Present:
		q, ok := q.(*filter.Present)
		return ok && same(p.Attr, q.Attr)
	case *filter.ValuePath:
		q, ok := q.(*filter.ValuePath)
		return ok && same(p.Attr, q.Attr) && equal(p.Where, q.Where)
	case filter.Const:
		return p == q
	}
	return p == nil && q == nil
}

// normal fails unless a predicate is flat and without constants inside.
func normal(t testing.TB, p filter.Predicate) {
	t.Helper()
	list := func(terms []filter.Predicate) {
		if len(terms) < 2 {
			t.Errorf("%s: a list of %d terms", filter.Print(p), len(terms))
		}
		for _, term := range terms {
			if _, ok := term.(filter.Const); ok {
				t.Errorf("%s: a constant in a list", filter.Print(p))
			}
			normal(t, term)
		}
	}
	switch p := p.(type) {
	case *filter.And:
		for _, term := range p.Terms {
			if _, ok := term.(*filter.And); ok {
				t.Errorf("%s: and in and", filter.Print(p))
			}
		}
		list(p.Terms)
	case *filter.Or:
		for _, term := range p.Terms {
			if _, ok := term.(*filter.Or); ok {
				t.Errorf("%s: or in or", filter.Print(p))
			}
		}
		list(p.Terms)
	case *filter.Not:
		switch p.Term.(type) {
		case *filter.Not, filter.Const:
			t.Errorf("%s: not of not or of a constant", filter.Print(p))
		}
		normal(t, p.Term)
	case *filter.ValuePath:
		normal(t, p.Where)
	}
}
