package doctor

import (
	"os"
	"strings"
	"testing"
)

func TestThePageNamesEveryCheck(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		if !strings.Contains(string(page), "\n| `"+c.name+"` |") {
			t.Errorf("docs/doctor.md does not tell of %s", c.name)
		}
	}
	if rows := strings.Count(string(page), "\n| `"); rows != len(checks) {
		t.Errorf("docs/doctor.md has %d rows for %d checks", rows, len(checks))
	}
}
