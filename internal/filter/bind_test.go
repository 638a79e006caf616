package filter_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
)

func TestFiltersThatDoNotFitTheSchemaAreRefusedBeforeAnyData(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ id, text, part string }{
		{"unknown", `nosuch eq "x"`, `"nosuch" is no attribute of User`},
		{"unknown", `userName.x eq "x"`, `"userName.x"`},
		{"unknown", `name..x eq "x"`, `"name..x"`},
		{"unknown", `name. eq "x"`, `"name."`},
		{"unknown", `urn:example:other:1.0:x eq "x"`, `"urn:example:other:1.0:x"`},
		{"unknown", `W:manager.value.x eq "x"`, `manager.value.x`},
		{"unknown", workURN + ` pr`, workURN},
		{"unknown", workURN + `: pr`, workURN},
		{"R7644-3.10-02", `department eq "x"`, `"department"`},
		{"R7644-3.4.2.2-08", `active gt true`, "gt"},
		{"R7644-3.4.2.2-08", `x509Certificates.value lt "AA"`, "lt"},
		{"R7644-3.4.2.2-08", `x509Certificates ge "AA"`, "ge"},
		{"R7644-3.4.2.2-08", `active co true`, "co"},
		{"R7644-3.4.2.2-08", `age sw 5`, "sw"},
		{"R7644-3.4.2.2-08", `meta.created ew "Z"`, "ew"},
		{"R7644-3.4.2.2-08", `C:flag le true`, "le"},
		{"R7644-3.4.2.2-08", `C:count co 5`, "co"},
		{"R7644-3.4.2.2-13", `userName eq 5`, "userName is of type string and cannot be compared with a number"},
		{"R7644-3.4.2.2-13", `userName eq true`, "boolean"},
		{"R7644-3.4.2.2-13", `active eq "x"`, "active"},
		{"R7644-3.4.2.2-13", `active eq "true"`, "active"},
		{"R7644-3.4.2.2-13", `active eq 1`, "active"},
		{"R7644-3.4.2.2-13", `age eq "5"`, "age"},
		{"R7644-3.4.2.2-13", `score gt true`, "score"},
		{"R7644-3.4.2.2-13", `meta.created gt 5`, "meta.created"},
		{"R7644-3.4.2.2-13", `emails eq 5`, "emails.value"},
		{"R7644-3.4.2.2-09", `meta.created gt "yesterday"`, "dateTime"},
		{"R7644-3.4.2.2-09", `meta.created eq ""`, "dateTime"},
		{"R7644-3.4.2.2-09", `meta.created gt "2024-13-01T00:00:00Z"`, "dateTime"},
		{"number range", `score eq 1e999999999`, "out of range"},
		{"R7644-3.4.2.2-14", `title gt null`, "null"},
		{"R7644-3.4.2.2-14", `title co null`, "null"},
		{"R7644-3.4.2.2-17", `name eq "x"`, "name is complex"},
		{"R7644-3.4.2.2-17", `addresses co "x"`, "addresses is complex"},
		{"R7644-3.4.2.2-17", `W:manager eq 5`, "manager is complex"},
		{"R7644-3.4.2.2-30", `emails[userName eq "x"]`, `emails has no sub-attribute "userName"`},
		{"R7644-3.4.2.2-30", `emails[emails.type eq "x"]`, "only its sub-attributes"},
		{"R7644-3.4.2.2-30", `emails[U:userName eq "x"]`, "only its sub-attributes"},
		{"R7644-3.4.2.2-30", `title[value eq "x"]`, "title has no sub-attributes"},
		{"R7644-3.4.2.2-30", `emails.value[type eq "x"]`, "emails.value has no sub-attributes"},
		{"R7644-3.4.2.2-37", `password sw "a"`, "password cannot be used"},
		{"R7644-3.4.2.2-37", `password pr`, "password cannot be used"},
		{"R7644-3.4.2.2-37", `keys.value eq "a"`, "keys.value cannot be used"},
		{"R7644-3.4.2.2-37", `keys[value sw "a"]`, "keys.value cannot be used"},
		{"R7644-3.4.2.2-37", `keys sw "a"`, "keys is complex"},
		{"every operand", `title ne "" or nosuch pr`, "nosuch"},
		{"every operand", `title eq "" and nosuch pr`, "nosuch"},
	} {
		t.Run(c.id+" "+c.text, func(t *testing.T) {
			t.Parallel()
			_, err := filter.Compile(urns(c.text), user, filter.Options{})
			refused(t, err, scimerr.InvalidFilterType, c.part)
		})
	}
}

func TestErrorsNeverRepeatAValue(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`userName eq secret`, `userName eq "secret`, `userName eq "secret\x"`, `meta.created eq "secret"`, `active eq "secret"`,
		`password eq "secret"`, `userName eq "secret" "secret"`, `emails[userName eq "secret"]`,
	} {
		_, err := filter.Compile(text, user, filter.Options{})
		refused(t, err, scimerr.InvalidFilterType, "")
		if e := scimerr.From(err); strings.Contains(e.Detail, "secret") || strings.Contains(e.At, "secret") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestLongNamesAreCutInErrors(t *testing.T) {
	t.Parallel()
	_, err := filter.Compile(strings.Repeat("é", 2000)+` eq "x"`, user, filter.Options{})
	refused(t, err, scimerr.InvalidFilterType, "éé…")
	if e := scimerr.From(err); len(e.Detail) > 200 || len(e.At) > 200 || !utf8.ValidString(e.Detail+e.At) {
		t.Errorf("%d and %d bytes: %v", len(e.Detail), len(e.At), err)
	}
}

func TestNamesUnknownToATypeAreAbsentAtTheRoot(t *testing.T) {
	t.Parallel()
	o := filter.Options{UnknownAbsent: true}
	for text, want := range map[string]string{
		`members.value eq "x"`:                   `id eq ""`,
		`members.value ne "x"`:                   `id ne ""`,
		`members.value gt "x"`:                   `id eq ""`,
		`members pr`:                             `id eq ""`,
		`members eq null`:                        `id ne ""`,
		`members ne null`:                        `id eq ""`,
		`members[value eq "x"]`:                  `id eq ""`,
		`emails[nosuch eq "x"]`:                  `id eq ""`,
		`emails[nosuch ne "x"]`:                  `emails pr`,
		`urn:example:other:2.0:Safe:days eq 5`:   `id eq ""`,
		`members pr or title eq "x"`:             `title eq "x"`,
		`not (members pr) and title eq "x"`:      `title eq "x"`,
		`members pr and title eq "x"`:            `id eq ""`,
		`emails[nosuch pr or type eq "x"]`:       `emails[type eq "x"]`,
		`emails[not (nosuch pr) and type eq ""]`: `id eq ""`,
	} {
		if got := filter.Print(compile(t, text, o)); got != want {
			t.Errorf("%s became %s, want %s", text, got, want)
		}
	}
	// Absent names do not excuse anything else.
	for _, text := range []string{
		`members gt null`, `a..b eq "x"`, `; pr`, `nosuch:x pr`, `password pr`, `userName eq 5`, `emails[a.b pr]`, workURN + ` pr`,
	} {
		if _, err := filter.Compile(text, user, o); scimerr.From(err).Type != scimerr.InvalidFilterType {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAFilterIsParsedOnceAndBoundToSeveralTypes(t *testing.T) {
	t.Parallel()
	f, err := filter.Parse(`emails[type eq "work"] or (title pr and not (active eq true))`, filter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := f.Bind(user, filter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	q, err := f.Bind(user, filter.Options{})
	if err != nil || !equal(p, q) {
		t.Errorf("bound again it is %v, %v", q, err)
	}
}

func TestComparisonsCarryKeysAndLiterals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text    string
		kind    filter.KeyKind
		key     string
		literal resource.Value
	}{
		{`title eq "ÉCOLE"`, filter.TextKind, "école", resource.Text("ÉCOLE")},
		{`id eq "aB"`, filter.TextKind, "aB", resource.Text("aB")},
		{`active eq true`, filter.BoolKind, "true", resource.Truth(true)},
		{`meta.created gt "2024-01-01T05:30:00+05:30"`, filter.TimeKind, "2024-01-01T00:00:00.000000000Z", resource.Text("2024-01-01T05:30:00+05:30")},
		{`C:x eq "A"`, filter.TextKind, "a", resource.Text("A")},
		{`C:x eq false`, filter.BoolKind, "false", resource.Truth(false)},
	} {
		got, ok := compile(t, c.text, filter.Options{}).(*filter.Compare)
		if !ok || got.Kind != c.kind || got.Key != c.key || !got.Literal.Equal(c.literal) {
			t.Errorf("%s: %+v", c.text, got)
		}
	}
	one, other := compile(t, `score eq 1.10`, filter.Options{}).(*filter.Compare), compile(t, `score eq 11e-1`, filter.Options{}).(*filter.Compare)
	if one.Kind != filter.NumberKind || one.Key != other.Key || one.Literal.Literal() != "1.10" {
		t.Errorf("R7644-3.4.2.2-36: %+v and %+v", one, other)
	}
}

func TestOnlyEqSelectorsTellWhatAnElementHolds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		`emails[type eq "work"]`: 1,
		`emails[type eq "work" and primary eq "True" and value eq "x"]`: 3,
		`emails[type eq "work" or type eq "home"]`:                      0,
		`emails[type ne "work"]`:                                        0,
		`emails[type eq "work" and value pr]`:                           0,
		`emails[not (type eq "work")]`:                                  0,
		`emails[type eq ""]`:                                            0,
	} {
		path, err := filter.CompilePath(text, user, lenient)
		if err != nil {
			t.Fatal(err)
		}
		list, ok := filter.EqSelector(path.Where)
		if ok != (want > 0) || len(list) != want {
			t.Errorf("%s: %d comparisons, %t", text, len(list), ok)
		}
	}
	// R7644-3.5.2.1-09
	path, err := filter.CompilePath(`emails[type eq "Work" and primary eq "True"].value`, user, lenient)
	if err != nil {
		t.Fatal(err)
	}
	list, _ := filter.EqSelector(path.Where)
	if list[0].Attr.Name != "type" || list[0].Literal.Str() != "Work" || list[1].Literal.Kind() != resource.Bool || !list[1].Literal.Bool() {
		t.Errorf("an element made of it would be wrong: %+v %+v", list[0], list[1])
	}
	if _, ok := filter.EqSelector(compile(t, `title eq "x"`, filter.Options{})); ok {
		t.Error("a filter on a resource is no selector")
	}
}

func TestTextsOfAnAttributeCanCompareWithoutLetterCase(t *testing.T) {
	t.Parallel()
	m := members(t, `{"id": "aB1", "externalId": "Ext"}`)
	for text, want := range map[string]bool{
		`id eq "AB1"`: true, `not (id ne "ab1") and externalId eq "Ext"`: true, `id sw "AB" or externalId eq "ext"`: true,
		`externalId eq "EXT"`: false, `id eq "ab2"`: false, `id pr and externalId pr`: true,
	} {
		p := filter.IgnoreCase(compile(t, text, filter.Options{}), user.Core("id"))
		if got := filter.Match(p, m); got != want {
			t.Errorf("%s is %t", text, got)
		}
	}
}

func TestOtherWordsForAValueAreReplacedWhereWholeValuesCompare(t *testing.T) {
	t.Parallel()
	o := filter.Options{Canonical: func(a *schema.Attribute, text string) string {
		if a.Path == "emails.type" {
			return strings.TrimSuffix(text, "Mail")
		}
		return text
	}}
	for text, want := range map[string]string{
		`emails[type eq "workMail"]`: `emails[type eq "work"]`, `emails.type ne "workMail"`: `emails.type ne "work"`,
		`emails.type sw "workMail"`: `emails.type sw "workMail"`, `title eq "workMail"`: `title eq "workMail"`,
	} {
		if got := filter.Print(compile(t, text, o)); got != want {
			t.Errorf("%s became %s", text, got)
		}
	}
}
