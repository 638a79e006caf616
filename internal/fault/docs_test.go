package fault

import (
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of members")

// members lists the members of a rule as the guide shows them.
func members(b *strings.Builder, t reflect.Type, prefix string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		about := f.Tag.Get("doc")
		if enum := f.Tag.Get("enum"); enum != "" {
			about += " One of `" + strings.ReplaceAll(enum, ",", "`, `") + "`."
		}
		b.WriteString("| `" + prefix + name + "` | " + about + " |\n")
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner == reflect.TypeFor[Delay]() && name != "delay" {
			continue // as of the other
		}
		if inner.Kind() == reflect.Struct && inner.PkgPath() == t.PkgPath() {
			members(b, inner, prefix+name+".")
		}
	}
}

func TestTheGuideTellsOfEveryMemberOfARule(t *testing.T) {
	t.Parallel()
	const file, begin, end = "../../docs/testing.md", "<!-- members: kept true by a test -->\n", "<!-- end of members -->"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	have, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the guide has no place for the table")
	}
	var table strings.Builder
	table.WriteString("| member | what it is |\n| --- | --- |\n")
	members(&table, reflect.TypeFor[Rule](), "")
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+table.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if have != table.String() {
		t.Error("the table of members is out of date: run the test with -update")
	}
	if strings.Contains(table.String(), "|  |") {
		t.Error("a member has nothing told of it")
	}
}
