package auth

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// Every error code has a section in docs/refusals.md, to which the journal links.
func TestEachErrorCodeIsExplained(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/refusals.md")
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), "oautherror.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := 0
	ast.Inspect(file, func(n ast.Node) bool {
		d, ok := n.(*ast.GenDecl)
		if !ok || d.Tok != token.CONST {
			return true
		}
		for _, s := range d.Specs {
			codes++
			code := strings.Trim(s.(*ast.ValueSpec).Values[0].(*ast.BasicLit).Value, `"`)
			if !strings.Contains(string(page), "\n### "+code+"\n") {
				t.Errorf("docs/refusals.md has no section %q", code)
			}
		}
		return true
	})
	if codes < 10 {
		t.Errorf("only %d codes", codes)
	}
}
