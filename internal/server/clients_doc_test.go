package server

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// docs/clients.md names every family and every part of a User-Agent that makes
// it, and no other.
func TestThePageOfClientsListsEveryFamily(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/clients.md")
	if err != nil {
		t.Fatal(err)
	}
	// The spans of code in the first two cells of the rows.
	var families, parts []string
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || !strings.HasPrefix(cells[1], " `") || strings.Contains(cells[1], "client`") {
			continue
		}
		families = append(families, spans(cells[1])...)
		parts = append(parts, spans(cells[2])...)
	}
	wantFamilies, wantParts := []string{"other", "none"}, []string{"aadOptscim"}
	for _, f := range clientFamilies {
		if !slices.Contains(wantFamilies, f.family) {
			wantFamilies = append(wantFamilies, f.family)
		}
		wantParts = append(wantParts, f.part)
	}
	for _, list := range [][]string{families, wantFamilies, parts, wantParts} {
		slices.Sort(list)
	}
	if !slices.Equal(families, wantFamilies) {
		t.Errorf("the page has the families %v, the server %v", families, wantFamilies)
	}
	if !slices.Equal(parts, wantParts) {
		t.Errorf("the page has the parts %v, the server %v", parts, wantParts)
	}
}

// spans are the texts between backquotes.
func spans(text string) []string {
	var out []string
	for i, s := range strings.Split(text, "`") {
		if i%2 == 1 {
			out = append(out, s)
		}
	}
	return out
}
