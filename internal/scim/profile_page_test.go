package scim

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/scimd/scimd/schemas"
)

// docs/profiles.md has a part made from the switches and the built-in profiles;
// go test -update makes it anew.
func TestTheProfilePageListsEverySwitch(t *testing.T) {
	t.Parallel()
	const file = "../../docs/profiles.md"
	const begin, end = "<!-- switches: made by go test ./internal/scim -update -->\n", "<!-- end of switches -->"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the page has no markers")
	}
	want := before + begin + switchReference(t) + end + after
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(page) != want {
		t.Errorf("%s is stale; go test ./internal/scim -update makes it anew", file)
	}
}

// switchReference is a table of all switches with their values in the built-in
// profiles, and a section for each.
func switchReference(t *testing.T) string {
	names, err := ProfileNames(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	profiles := make([][]SwitchValue, len(names))
	var page, sections strings.Builder
	page.WriteString("| switch | type |")
	for i, name := range names {
		profiles[i] = builtIn(t, name).Switches()
		page.WriteString(" `" + name + "` |")
	}
	page.WriteString("\n| --- | --- |" + strings.Repeat(" --- |", len(names)) + "\n")
	for i, s := range profiles[0] {
		fmt.Fprintf(&page, "| [`%s`](#%s) | %s |", s.Name, strings.ToLower(s.Name), s.Type)
		for _, p := range profiles {
			fmt.Fprintf(&page, " %s |", p[i].Value)
		}
		page.WriteString("\n")

		fmt.Fprintf(&sections, "\n### %s\n\n%s\n\n", s.Name, s.Meaning)
		for _, v := range s.Values {
			var in []string
			for j, p := range profiles {
				if p[i].Value == v.Text {
					in = append(in, "`"+names[j]+"`")
				}
			}
			fmt.Fprintf(&sections, "- `%s`: %s", v.Text, v.Does)
			if in != nil {
				fmt.Fprintf(&sections, " (%s)", strings.Join(in, ", "))
			}
			sections.WriteString("\n")
		}
		if s.Values != nil {
			sections.WriteString("\n")
		}
		fmt.Fprintf(&sections, "Known by: %s (%s).", s.Confidence, s.Source)
		if s.Clients != "" {
			fmt.Fprintf(&sections, " Needed by: %s.", s.Clients)
		}
		sections.WriteString("\n")
	}
	return page.String() + sections.String()
}
