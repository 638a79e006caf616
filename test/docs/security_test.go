package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var createTable = regexp.MustCompile(`(?m)^CREATE TABLE (\w+)`)

// A table that is new has to say what it holds, and how.
func TestThePageOnSecurityNamesEveryTable(t *testing.T) {
	t.Parallel()
	page := pages(t)["docs/security.md"]
	files, err := filepath.Glob(filepath.Join(root, "migrations/sqlite/*.up.sql"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d migrations, %v", len(files), err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range createTable.FindAllStringSubmatch(string(data), -1) {
			if !strings.Contains(page, "`"+m[1]+"`") {
				t.Errorf("docs/security.md does not tell what the table %s holds", m[1])
			}
		}
	}
}
