package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What docs/profiles.md shows of a terminal is what the commands print beside
// the page's own profile, and one with a typing error.
func TestTheProfilePageShowsWhatTheCommandsPrint(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/profiles.md")
	if err != nil {
		t.Fatal(err)
	}
	p := newPlace(t)
	for name, text := range map[string]string{
		"team.json": fenced(t, string(page), "json"),
		"typo.json": strings.Replace(fenced(t, string(page), "json"), "maxResults", "maxResult", 1),
	} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for command := range strings.SplitSeq(fenced(t, string(page), "console"), "$ scimd ") {
		line, want, _ := strings.Cut(command, "\n")
		if line == "" {
			continue
		}
		out, errs, _ := p.run(strings.Fields(line)...)
		if out+errs != want {
			t.Errorf("scimd %s prints\n%s\nthe page says\n%s", line, out+errs, want)
		}
	}
}

// fenced is the first block of a page that is marked with a language.
func fenced(t *testing.T, page, language string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, "\n```"+language+"\n")
	text, _, ok2 := strings.Cut(rest, "\n```\n")
	if !ok || !ok2 {
		t.Fatalf("the page has no block of %s", language)
	}
	return text + "\n"
}
