package docs_test

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// Every file that compares secrets in constant time stands in the table that says
// where secrets are compared, so that a new place is looked at.
func TestTheDocumentsNameEachPlaceWhereSecretsAreCompared(t *testing.T) {
	t.Parallel()
	_, section, ok := strings.Cut(pages(t)["docs/authentication.md"], "## Where secrets are compared")
	if !ok {
		t.Fatal("the table is gone")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	places := 0
	look := func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil || !strings.Contains(string(text), "subtle.ConstantTime") && !strings.Contains(string(text), "hmac.Equal") {
			return err
		}
		places++
		if !strings.Contains(section, "`"+name+"`") && !strings.Contains(section, "`"+path.Base(name)+"`") && !strings.Contains(section, "`"+path.Dir(name)+"`") {
			t.Errorf("%s compares a secret and is not in the table", name)
		}
		return nil
	}
	house := os.DirFS(root)
	if err := errors.Join(fs.WalkDir(house, "internal", look), fs.WalkDir(house, "cmd", look)); err != nil || places == 0 {
		t.Errorf("%d places, %v", places, err)
	}
}
