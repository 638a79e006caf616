package filter_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
)

const ada = `{"schemas": ["` + userURN + `", "` + workURN + `"], "id": "aB1", "externalId": "Ext",
	"userName": "Ada@Example.com", "displayName": "École Ω 100%_x*[", "title": "Eng", "active": true, "age": 9, "score": 1.10,
	"name": {"familyName": "O'Malley"}, "rights": ["Use", "List"],
	"emails": [{"type": "work", "value": "ada@work.example", "primary": true}, {"type": "home", "value": "ada@home.example"}, {"value": "bare@x.example"}],
	"addresses": [{"locality": ""}], "ims": [], "userType": null,
	"x509Certificates": [{"value": "AA=="}],
	"keys": [{"tags": ["red", "blue"], "issued": "2024-01-01T00:00:00Z"}, {"tags": ["green"]}],
	"meta": {"resourceType": "User", "created": "2024-01-01T00:00:00Z", "version": "W/\"a1\""},
	"W": {"department": "R&D", "manager": {"value": "M1", "displayName": "Bob"}},
	"C": {"Level": 5, "note": "Hi", "flag": false}}`

func TestPredicatesHoldAsTheirOperatorsSay(t *testing.T) {
	t.Parallel()
	m := members(t, ada)
	for _, c := range []struct {
		id   string
		want bool
		text []string
	}{
		{"R7644-3.4.2.2-01", true, []string{`userName eq "ada@example.COM"`, `age eq 9`, `score eq 1.1`, `meta.version eq "W/\"a1\""`}},
		{"R7644-3.4.2.2-01", false, []string{`userName eq "ada"`, `age eq 90`, `userName eq "ada@example.com "`}},
		{"R7644-3.4.2.2-02", true, []string{`title ne "x"`, `active ne false`, `userType ne "x"`, `name.givenName ne "x"`, `age ne 10`}},
		{"R7644-3.4.2.2-02", false, []string{`title ne "ENG"`, `active ne true`, `age ne 9.0`}},
		{"R7644-3.4.2.2-03", true, []string{`displayName co "%_"`, `displayName co "*["`, `displayName co "ole"`, `displayName co "École Ω 100%_x*["`}},
		{"R7644-3.4.2.2-03", false, []string{`displayName co "1%0"`, `displayName co "x_"`, `userName co "%"`, `userName co "a_a"`}},
		{"R7644-3.4.2.2-04", true, []string{`userName sw "ada@example.com"`, `userName sw "ADA"`}},
		{"R7644-3.4.2.2-04", false, []string{`userName sw "example"`, `userName sw "ada@example.com."`}},
		{"R7644-3.4.2.2-05", true, []string{`userName ew "ada@example.com"`, `userName ew ".COM"`}},
		{"R7644-3.4.2.2-05", false, []string{`userName ew "ada"`}},
		{"R7644-3.4.2.2-06", true, []string{`title pr`, `name pr`, `emails pr`, `emails.type pr`, `rights pr`, `W:manager pr`, `C:flag pr`, `meta pr`}},
		{"R7644-3.4.2.2-06", false, []string{`userType pr`, `ims pr`, `ims.value pr`, `addresses pr`, `addresses.locality pr`, `name.givenName pr`, `emails.display pr`, `W:employeeNumber pr`, `C:x pr`}},
		{"R7644-3.4.2.2-07", true, []string{`title gt "E"`, `title gt "e"`, `title lt "F"`, `title ge "ENG"`, `title le "eng"`, `id gt "A"`, `id lt "b"`, `meta.resourceType lt "a"`}},
		{"R7644-3.4.2.2-07", false, []string{`title gt "f"`, `title lt "E"`, `id lt "A"`, `userType lt "z"`, `userType ge "a"`}},
		{"R7644-3.4.2.2-09", true, []string{
			`meta.created eq "2024-01-01T05:30:00+05:30"`, `meta.created eq "2023-12-31T19:00:00.000-05:00"`,
			`meta.created lt "2024-01-01T00:00:00.001Z"`, `meta.created gt "2024-01-01T00:59:59+01:00"`, `keys.issued le "2024-01-01T00:00:00Z"`}},
		{"R7644-3.4.2.2-09", false, []string{`meta.created ne "2024-01-01T01:00:00+01:00"`, `meta.created gt "2024-01-01T00:00:00Z"`}},
		{"R7644-3.4.2.2-10", true, []string{`displayName sw "éCOLE ω"`, `displayName sw "e\u0301cole"`, `W:department eq "r&d"`}},
		{"R7644-3.4.2.2-11", true, []string{`id eq "aB1"`, `externalId sw "Ext"`}},
		{"R7644-3.4.2.2-11", false, []string{`id eq "ab1"`, `externalId eq "ext"`, `meta.version co "A1"`, `x509Certificates eq "aa=="`}},
		{"R7644-3.4.2.2-12", true, []string{`active eq true`, `active ne false`}},
		{"R7644-3.4.2.2-14", true, []string{`userType eq null`, `title ne null`, `ims eq null`, `emails ne null`, `W:employeeNumber eq null`}},
		{"R7644-3.4.2.2-14", false, []string{`title eq null`, `addresses ne null`}},
		{"R7644-3.4.2.2-15", false, []string{`userType eq ""`, `addresses.locality eq ""`, `title co "" and userType co ""`, `title le ""`}},
		{"R7644-3.4.2.2-15", true, []string{`userType ne ""`, `title co ""`, `title ge ""`}},
		{"R7644-3.4.2.2-16", true, []string{`emails.type eq "work"`, `emails.type eq "HOME"`, `emails.type ne "work"`, `rights eq "list"`, `rights ne "Use"`,
			`keys.tags eq "green"`, `ims.type ne "x"`, `emails.display ne "x"`}},
		{"R7644-3.4.2.2-16", false, []string{`emails.type eq "other"`, `x509Certificates.value ne "AA=="`, `W:manager.value ne "m1"`}},
		{"R7644-3.4.2.2-17", true, []string{`emails eq "ADA@work.example"`, `emails ew "home.example"`, `W:manager.value eq "M1"`}},
		{"R7644-3.4.2.2-20", true, []string{`title pr or title eq "x" and age eq 0`, `not (age eq 0) and title pr`}},
		{"R7644-3.4.2.2-20", false, []string{`(title pr or title eq "x") and age eq 0`}},
		{"R7644-3.4.2.2-21", true, []string{`not (userType eq "x")`, `not (userType gt "a")`, `not (emails[type eq "other"])`}},
		{"R7644-3.4.2.2-23", true, []string{`emails[type eq "work" and value co "@work"]`, `emails.type eq "work" and emails.value co "@home"`,
			`emails[not (type pr)]`, `emails[type ne "work" and value sw "bare"]`, `keys[tags eq "blue" and issued pr]`, `emails[value co "x" or type eq "home"]`}},
		{"R7644-3.4.2.2-23", false, []string{`emails[type eq "work" and value co "@home"]`, `keys[tags eq "green" and issued pr]`, `ims[type ne "x"]`, `addresses[type ne "x"]`}},
		{"Q-36", true, []string{`W:manager[value eq "m1" and displayName sw "b"]`, `name[givenName ne "x"]`}},
		{"R7643-2.4-03", true, []string{`emails[primary eq false]`, `emails.primary eq false`, `emails[primary ne true and type eq "home"]`, `emails.primary ne true`,
			`emails[primary eq false and not (primary pr)]`}},
		{"R7643-2.4-03", false, []string{`emails[type eq "work" and primary eq false]`, `emails[primary eq true and type eq "home"]`, `emails[type eq "home" and primary pr]`}},
		{"R7644-3.4.2.2-32", true, []string{`schemas eq "` + workURN + `"`}},
		{"R7644-3.4.2.2-33", true, []string{`meta.resourceType eq "User"`, `meta.lastModified eq null`}},
		{"R7644-3.4.2.2-34", false, []string{`userName eq "' OR 1=1 --"`, `userName co "\");"`, `userName sw "${x}"`}},
		{"R7644-3.4.2.2-35", true, []string{`age lt 10`, `age gt 8.5`, `age ge 9`, `age le 0.9e1`}},
		{"R7644-3.4.2.2-35", false, []string{`age gt 10`, `age lt -10`}},
		{"R7644-3.4.2.2-36", true, []string{`score eq 11e-1`, `score gt 1.09`, `score lt 1.11`}},
		{"open extension", true, []string{`C:level gt 4`, `C:LEVEL eq 5.0`, `C:note eq "HI"`, `C:flag eq false`, `C:level ne "5"`, `C:none ne true`, `C:note ne 1`}},
		{"open extension", false, []string{`C:level eq "5"`, `C:note eq 5`, `C:flag eq true`, `C:none eq false`, `C:level co "5"`, `C:level lt "9"`, `C:flag ne false`}},
		{"missing booleans", false, []string{`C:none eq false`, `name.givenName eq "false"`}},
	} {
		for _, text := range c.text {
			p := compile(t, text, filter.Options{})
			if got := filter.Match(p, m); got != c.want {
				t.Errorf("%s: %s is %t", c.id, text, got)
			}
			if filter.Match(filter.Negate(p), m) == c.want {
				t.Errorf("R7644-3.4.2.2-21: %s and its negation are both %t", text, c.want)
			}
		}
	}
}

func TestAMissingBooleanIsNotFalseUnlessItIsAPrimaryFlag(t *testing.T) {
	t.Parallel()
	m := members(t, `{"emails": [{"value": "x"}]}`)
	for text, want := range map[string]bool{
		`active eq false`: false, `active ne true`: true, `emails.primary eq false`: true, `emails.primary ne false`: false, `emails.primary pr`: false,
	} {
		if filter.Match(compile(t, text, filter.Options{}), m) != want {
			t.Errorf("%s is not %t", text, want)
		}
	}
	none := members(t, `{"emails": []}`)
	for text, want := range map[string]bool{`emails.primary eq false`: false, `emails.primary ne false`: true, `emails[primary eq false]`: false} {
		if filter.Match(compile(t, text, filter.Options{}), none) != want {
			t.Errorf("without emails %s is not %t", text, want)
		}
	}
}

func TestASubAttributeAfterTheBracketsIsAboutTheSameElement(t *testing.T) {
	t.Parallel()
	m := members(t, ada)
	for text, want := range map[string]bool{ // R7644-3.4.2.2-24, Q-34
		`emails[type eq "work"].value eq "ada@work.example"`:    true,
		`emails[type eq "work"].value eq "ada@home.example"`:    false,
		`emails[type eq "work"].value ne "ada@work.example"`:    false,
		`emails[type eq "home"].value ne "ada@work.example"`:    true,
		`emails[type eq "home" or type eq "x"].value co "work"`: false,
		`emails[type eq "work"].display pr`:                     false,
		`emails[type eq "work"].display eq null`:                true,
		`emails[type eq "other"].value ne "x"`:                  false,
	} {
		if filter.Match(compile(t, text, lenient), m) != want {
			t.Errorf("%s is not %t", text, want)
		}
	}
}

func TestElementsAreJudgedOneByOne(t *testing.T) {
	t.Parallel()
	path, err := filter.CompilePath(`emails[type eq "work" and primary eq false]`, user, filter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{ // R7644-3.5.2.2-04
		`{"type": "WORK"}`: true, `{"type": "work", "primary": true}`: false, `{"primary": false}`: false, `{}`: false, `"work"`: false, `null`: false,
	} {
		v, err := resource.Parse([]byte(text), resource.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if filter.MatchElement(path.Where, path.Attr, v) != want {
			t.Errorf("%s is not %t", text, want)
		}
	}
}

func TestLongTextComparesWhole(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2*schema.MaxKey)
	m := &resource.Members{}
	m.Set("title", resource.Text(long+"A"))
	o := filter.Options{}
	if !filter.Match(compile(t, `title eq "`+long+`a"`, o), m) || filter.Match(compile(t, `title eq "`+long+`b"`, o), m) || !filter.Match(compile(t, `title ew "xa"`, o), m) {
		t.Error("text beyond schema.MaxKey was not compared")
	}
}

func TestKeysFollowTheType(t *testing.T) {
	t.Parallel()
	attr := func(name string) *schema.Attribute {
		a, _, err := filter.CompileName(urns(name), user, filter.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	number := func(lit string) string {
		key, err := schema.NumberKey(lit)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	for _, c := range []struct {
		name string
		v    resource.Value
		key  string
		kind filter.KeyKind
		ok   bool
	}{
		{"title", resource.Text("ÀB"), "àb", filter.TextKind, true},
		{"id", resource.Text("ÀB"), "ÀB", filter.TextKind, true},
		{"title", resource.Text(""), "", 0, false},
		{"title", resource.NumberLiteral("5"), "", 0, false},
		{"title", resource.List(resource.Text("x")), "", 0, false},
		{"active", resource.Truth(false), "false", filter.BoolKind, true},
		{"active", resource.Text("false"), "", 0, false},
		{"age", resource.NumberLiteral("10"), number("1e1"), filter.NumberKind, true},
		{"age", resource.NumberLiteral("1e999999999"), "", 0, false},
		{"meta.created", resource.Text("2024-01-01T01:00:00+01:00"), "2024-01-01T00:00:00.000000000Z", filter.TimeKind, true},
		{"meta.created", resource.Text("soon"), "", 0, false},
		{"x509Certificates.value", resource.Text("Aa=="), "Aa==", filter.TextKind, true},
		{"emails", resource.Text("x"), "", 0, false},
		{"emails", resource.Of(nil), "", 0, false},
		{"C:x", resource.Text("2024-01-01T01:00:00Z"), "2024-01-01t01:00:00z", filter.TextKind, true},
		{"C:x", resource.NumberLiteral("1.0"), number("1"), filter.NumberKind, true},
		{"C:x", resource.Truth(true), "true", filter.BoolKind, true},
		{"C:x", resource.List(resource.Text("x")), "", 0, false},
		{"C:x", resource.Value{}, "", 0, false},
	} {
		if key, kind, ok := filter.Keys(attr(c.name), c.v); key != c.key || kind != c.kind || ok != c.ok {
			t.Errorf("%s %s: %q %d %t", c.name, resource.AppendJSON(nil, c.v), key, kind, ok)
		}
	}
}

func TestResourcesSortByThePrimaryOrFirstValue(t *testing.T) {
	t.Parallel()
	number, err := schema.NumberKey("9")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ id, by, text, key string }{
		{"R7644-3.4.2.3-03", "userName", `{"userName": "ADA"}`, "ada"},
		{"R7644-3.4.2.3-03", "id", `{"id": "ADA"}`, "ADA"},
		{"R7644-3.4.2.3-04", "emails", `{"emails": [{"value": "a"}, {"value": "B", "primary": true}, {"value": "c"}]}`, "b"},
		{"R7644-3.4.2.3-04", "emails.value", `{"emails": [{"value": "z", "primary": false}, {"value": "b"}]}`, "z"},
		{"R7644-3.4.2.3-04", "emails", `{"emails": [{"type": "work"}, {"value": "b"}, {"type": "x", "primary": true}]}`, "b"},
		{"R7644-3.4.2.3-04", "rights", `{"rights": ["Use", "List"]}`, "use"},
		{"R7644-3.4.2.3-04", "keys.tags", `{"keys": [{}, {"tags": ["Red", "blue"]}]}`, "red"},
		{"R7644-3.4.2.3-06", "title", `{"title": ""}`, ""},
		{"R7644-3.4.2.3-06", "emails", `{"emails": []}`, ""},
		{"R7644-3.4.2.3-06", "emails", `{}`, ""},
		{"R7644-3.4.2.3-06", "name.familyName", `{"name": {"givenName": "x"}}`, ""},
		{"R7644-3.4.2.3-07", "age", `{"age": 9.0}`, number},
		{"R7644-3.4.2.3-07", "meta.created", `{"meta": {"created": "2024-01-01T01:00:00+01:00"}}`, "2024-01-01T00:00:00.000000000Z"},
		{"R7644-3.4.2.3-10", "W:department", `{"W": {"department": "R"}}`, "r"},
		{"R7644-3.4.2.3-10", "C:level", `{"C": {"LEVEL": 9}}`, number},
		{"cut", "title", `{"title": "` + strings.Repeat("é", 400) + `"}`, strings.Repeat("é", schema.MaxKey/2)},
	} {
		attr, err := filter.CompileSort(urns(c.by), user, filter.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if key, ok := filter.SortKey(attr, members(t, c.text)); key != c.key || ok != (c.key != "") {
			t.Errorf("%s: %s by %s: %q, %t", c.id, c.text, c.by, key, ok)
		}
	}
	emails, _, err := filter.CompileName("emails", user, filter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if key, _ := filter.SortKey(emails, members(t, `{"emails": [{"value": "X"}]}`)); key != "x" {
		t.Errorf("R7644-3.4.2.3-04: emails themselves sort by %q", key)
	}
	addresses, _, err := filter.CompileName("addresses", user, filter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if key, ok := filter.SortKey(addresses, members(t, `{"addresses": [{"locality": "X"}]}`)); ok {
		t.Errorf("addresses, which have no value, sort by %q", key)
	}
}

func ExamplePrint() {
	p, err := filter.Compile(`NOT(title pr) And Emails[Type EQ "work"]`, user, filter.Options{})
	fmt.Println(filter.Print(p), err)
	// Output: not (title pr) and emails[type eq "work"] <nil>
}
