package scimerr

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// made has an error of each constructor.
var made = map[string]*Error{
	"InvalidFilter": InvalidFilter("", ""), "InvalidPath": InvalidPath("", ""), "InvalidSyntax": InvalidSyntax("", ""), "InvalidValue": InvalidValue("", ""),
	"Mutability": Mutability("", ""), "NoTarget": NoTarget("", ""), "TooMany": TooMany("", ""), "BadRequest": BadRequest(""), "Uniqueness": Uniqueness("userName"),
	"Conflict": Conflict(""), "NotFound": NotFound(""), "Unauthorized": Unauthorized("Bearer", ""), "Forbidden": Forbidden(""),
	"MethodNotAllowed": MethodNotAllowed("PUT", nil), "NotAcceptable": NotAcceptable(""), "TooLarge": TooLarge(""), "URITooLong": URITooLong(""), "Busy": Busy(""),
	"UnsupportedMediaType": UnsupportedMediaType(""), "NotImplemented": NotImplemented(""), "Faithful": Faithful(""), "Unavailable": Unavailable(nil),
	"Internal": Internal(errors.New("x")),
}

// Every refusal that can be made, and every scimType, has a section of its own in
// docs/refusals.md, to which the journal links.
func TestEachRefusalIsExplained(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/refusals.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	explained := func(rule string) bool { return rule != "" && strings.Contains(page, "\n### "+rule+"\n") }
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "scimerr.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv != nil || !d.Name.IsExported() || d.Name.Name == "From" || !returnsError(d) {
				continue
			}
			e := made[d.Name.Name]
			if e == nil {
				t.Errorf("no error of %s is looked at here", d.Name.Name)
			} else if !explained(e.Rule()) {
				t.Errorf("%s: docs/refusals.md has no section %q", d.Name.Name, e.Rule())
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				v, ok := s.(*ast.ValueSpec)
				if !ok || d.Tok != token.CONST || !strings.HasSuffix(v.Names[0].Name, "Type") {
					continue
				}
				if rule := strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`); !explained(rule) {
					t.Errorf("docs/refusals.md has no section %q", rule)
				}
			}
		}
	}
	for status, rule := range rulesOfStatus {
		if !explained(rule) {
			t.Errorf("%d: docs/refusals.md has no section %q", status, rule)
		}
	}
	if e := Unauthorized(`Bearer realm="scim", error="invalid_token", error_description="x"`, ""); e.Rule() != "invalid_token" {
		t.Errorf("the rule of a challenge is %q", e.Rule())
	}
}

func returnsError(d *ast.FuncDecl) bool {
	if d.Type.Results == nil || len(d.Type.Results.List) != 1 {
		return false
	}
	star, ok := d.Type.Results.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	id, ok := star.X.(*ast.Ident)
	return ok && id.Name == "Error"
}
