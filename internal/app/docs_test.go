package app

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite generated documentation")

// docs/running.md has a table made from the options; go test -update makes it
// anew.
func TestThePageForOperatorsListsEveryOption(t *testing.T) {
	t.Parallel()
	const file = "../../docs/running.md"
	const begin, end = "<!-- options: made by go test ./internal/app -update -->\n", "<!-- end of options -->"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the page has no markers")
	}
	want := before + begin + optionTable() + end + after
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(page) != want {
		t.Errorf("%s is stale; go test ./internal/app -update makes it anew", file)
	}
}

// optionTable is a Markdown table of all options with their defaults.
func optionTable() string {
	var table strings.Builder
	table.WriteString("| option | takes | default | what it is | of |\n| --- | --- | --- | --- | --- |\n")
	defaults := Defaults()
	for _, o := range options {
		v := o.value(&defaults)
		kind := strings.ReplaceAll(v.Type(), "|", ", ")
		if o.secret {
			kind += ", secret"
		}
		shown := v.String()
		if shown != "" {
			shown = "`" + shown + "`"
		}
		of := map[scope]string{serverOnly: "the server", everywhere: "all", commandsOnly: "commands"}[o.scope]
		table.WriteString("| " + strings.Join([]string{"`" + o.name + "`", kind, shown, o.usage, of}, " | ") + " |\n")
	}
	return table.String()
}

func TestThePageOnSecurityNamesEverySecretOption(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range options {
		if o.secret && !strings.Contains(string(page), "`--"+o.name+"`") {
			t.Errorf("docs/security.md does not tell how %s is kept", o.name)
		}
	}
}
