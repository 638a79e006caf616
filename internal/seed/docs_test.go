package seed_test

import (
	"os"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/seed"
)

// Every example of the document is a seed that can be applied, again and again.
func TestTheExamplesOfTheDocumentCanBeApplied(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/seeds.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```yaml\n")[1:]
	if len(blocks) != 3 {
		t.Errorf("%d examples", len(blocks))
	}
	for _, b := range blocks {
		text, _, _ := strings.Cut(b, "```")
		s, err := read(t, text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for _, x := range s.Tenants {
			h := newHome(t, engines["sqlite"](t), "cyberark")
			for i := range 2 {
				if err := s.Check(x, h.tenant, nil, i == 0); err != nil {
					t.Fatalf("%s: %v", text, err)
				}
				r, err := s.Apply(t.Context(), h.service, x, h.tenant, seed.Options{})
				if err != nil {
					t.Fatalf("%s: %v", text, err)
				}
				if r.Changed() != (i == 0 && x.Count() > 0) {
					t.Errorf("%s: apply %d: %s", text, i, counts(r))
				}
			}
		}
	}
	for _, name := range []string{"applications", "tokens", "issuers", "faults", "profile", "switches", "hosts", "limits", "exact", "sealed"} {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("the document does not tell of %s", name)
		}
	}
}
