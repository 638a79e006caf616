package filter_test

import (
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/scimerr"
)

func TestFiltersHaveOneNormalForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ id, text, want string }{
		{"R7644-3.4.2.2-18", `USERNAME Eq "x"`, `userName eq "x"`},
		{"R7644-3.4.2.2-18", `title PR AND NOT (active EQ true)`, `title pr and not (active eq true)`},
		{"R7644-3.4.2.2-20", `title pr or active eq true and age gt 5`, `title pr or active eq true and age gt 5`},
		{"R7644-3.4.2.2-20", `(title pr or active eq true) and age gt 5`, `(title pr or active eq true) and age gt 5`},
		{"R7644-3.4.2.2-20", `not (title pr) and age pr`, `not (title pr) and age pr`},
		{"R7644-3.4.2.2-22", `((userName eq "x"))`, `userName eq "x"`},
		{"R7644-3.4.2.2-22", `not(title pr)`, `not (title pr)`},
		{"R7644-3.4.2.2-22", `not   ( title pr )`, `not (title pr)`},
		{"double negation", `not (not (title pr))`, `title pr`},
		{"flat and", `title pr and (age pr and (active pr))`, `title pr and age pr and active pr`},
		{"flat or", `(title pr or age pr) or active pr`, `title pr or age pr or active pr`},
		{"R7644-3.4.2.2-25", `  title   eq   "a  b"  and  age pr `, `title eq "a  b" and age pr`},
		{"R7644-3.4.2.2-25", `emails[ type eq "work" ]`, `emails[type eq "work"]`},
		{"R7644-3.4.2.2-25", `emails [type eq "work"]`, `emails[type eq "work"]`},
		{"R7644-3.4.2.2-27", `title eq "\"\\\/\u00e9\ud83e\udd8a\b\f\n\r\t"`, `title eq "\"\\/é🦊\b\f\n\r\t"`},
		{"R7644-3.4.2.2-28", `displayName eq "a and (b) or not [c]"`, `displayName eq "a and (b) or not [c]"`},
		{"R7644-3.4.2.2-23", `emails[type eq "work" and (value co "a" or value co "b")]`, `emails[type eq "work" and (value co "a" or value co "b")]`},
		{"R7644-3.4.2.2-17", `emails co "example.com"`, `emails.value co "example.com"`},
		{"R7644-3.10-01", `U:userName eq "x"`, `userName eq "x"`},
		{"R7644-3.10-01", `U:id eq "x"`, `id eq "x"`},
		{"R7644-3.10-03", `URN:IETF:params:scim:schemas:CORE:2.0:user:NAME.givenname eq "x"`, `name.givenName eq "x"`},
		{"R7644-3.10-04", `U:name.givenName eq "x"`, `name.givenName eq "x"`},
		{"R7644-3.10-02", `W:department eq "x"`, `W:department eq "x"`},
		{"reference", `W:manager.$ref ew "/1"`, `W:manager.$ref ew "/1"`},
		{"R7644-3.10-03", `W:manager[$REF pr] and W:MANAGER.$Ref pr`, `W:manager[$ref pr] and W:manager.$ref pr`},
		{"open extension", `C:anything eq 5 or C:other eq true`, `C:anything eq 5 or C:other eq true`},
		{"R7644-3.4.2.2-14", `title eq null`, `not (title pr)`},
		{"R7644-3.4.2.2-14", `title ne null`, `title pr`},
		{"R7644-3.4.2.2-14", `emails eq null`, `not (emails pr)`},
		{"empty text", `title eq ""`, `id eq ""`},
		{"empty text", `title ne ""`, `id ne ""`},
		{"empty text", `title lt "" or title le ""`, `id eq ""`},
		{"empty text", `title co "" and title sw "" and title ew "" and title gt "" and title ge ""`,
			`title pr and title pr and title pr and title pr and title pr`},
		{"constants", `title eq "" or age pr`, `age pr`},
		{"constants", `not (title eq "") and age pr`, `age pr`},
		{"constants", `title eq "" and age pr`, `id eq ""`},
		{"constants in brackets", `emails[type ne ""]`, `emails pr`},
		{"constants in brackets", `emails[type eq ""]`, `id eq ""`},
		{"a keyword as a name", `and pr and C:or pr and C:not pr`, ""},
	} {
		p, err := filter.Compile(urns(c.text), user, filter.Options{})
		if c.want == "" {
			refused(t, err, scimerr.InvalidFilterType, `"and" is no attribute`)
			continue
		}
		if err != nil {
			t.Errorf("%s: %s: %v", c.id, c.text, err)
			continue
		}
		normal(t, p)
		if got := filter.Print(p); got != urns(c.want) {
			t.Errorf("%s: %s\n got %s\nwant %s", c.id, c.text, got, urns(c.want))
		}
	}
}

// RFC 7644 figure 2.
var figure2 = []string{
	`userName eq "bjensen"`,
	`name.familyName co "O'Malley"`,
	`userName sw "J"`,
	`U:userName sw "J"`,
	`title pr`,
	`meta.lastModified gt "2011-05-13T04:42:34Z"`,
	`meta.lastModified ge "2011-05-13T04:42:34Z"`,
	`meta.lastModified lt "2011-05-13T04:42:34Z"`,
	`meta.lastModified le "2011-05-13T04:42:34Z"`,
	`title pr and userType eq "Employee"`,
	`title pr or userType eq "Intern"`,
	`schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`,
	`userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")`,
	`userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")`,
	`userType eq "Employee" and (emails.type eq "work")`,
	`userType eq "Employee" and emails[type eq "work" and value co "@example.com"]`,
	`emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]`,
}

func TestTheExamplesOfRFC7644SelectWhatTheTextSays(t *testing.T) {
	t.Parallel()
	employee := members(t, `{"id": "1", "userName": "JDoe", "title": "Clerk", "userType": "Employee", "name": {"familyName": "O'Malley"},
		"emails": [{"type": "home", "value": "j@example.org"}, {"type": "work", "value": "j@EXAMPLE.com"}],
		"meta": {"lastModified": "2011-05-13T04:42:34Z"}, "schemas": ["`+userURN+`", "`+workURN+`"]}`)
	visitor := members(t, `{"id": "2", "userName": "bjensen", "userType": "Visitor", "emails": [{"type": "work", "value": "b@example.net"}],
		"ims": [{"type": "xmpp", "value": "b@foo.com"}], "meta": {"lastModified": "2020-01-01T00:00:00Z"}, "schemas": ["`+userURN+`"]}`)
	want := []string{"V", "E", "E", "E", "E", "V", "EV", "", "E", "E", "E", "E", "E", "V", "E", "E", "EV"}
	for i, text := range figure2 {
		p := compile(t, text, filter.Options{})
		got := ""
		if filter.Match(p, employee) {
			got += "E"
		}
		if filter.Match(p, visitor) {
			got += "V"
		}
		if got != want[i] {
			t.Errorf("%s selects %q, want %q", text, got, want[i])
		}
	}
}

func TestFiltersThatCannotBeReadAreRefusedWithAPosition(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ id, text, part string }{
		{"R7644-3.4.2.2-38", ``, "empty"},
		{"R7644-3.4.2.2-38", `   `, "empty"},
		{"R7644-3.4.2.2-26", `userName`, "operator is missing at character 9"},
		{"R7644-3.4.2.2-26", `userName `, "operator is missing at character 10"},
		{"R7644-3.4.2.2-26", `userName eq`, "value is missing at character 12"},
		{"R7644-3.4.2.2-26", `userName eq x`, "double quotes"},
		{"R7644-3.4.2.2-26", `userName eq 'x'`, "value is missing at character 13"},
		{"R7644-3.4.2.2-26", `(title pr`, "not closed stands at character 1"},
		{"R7644-3.4.2.2-26", `title pr)`, "character 9"},
		{"R7644-3.4.2.2-26", `()`, "name is missing at character 2"},
		{"R7644-3.4.2.2-26", `userName regex "x"`, `"regex", which is no operator`},
		{"R7644-3.4.2.2-26", `userName S3cretValue`, `What is no operator stands at character`},
		{"R7644-3.4.2.2-26", `not title pr`, "parentheses that not needs"},
		{"R7644-3.4.2.2-26", `eq "x"`, "operator is missing at character 4"},
		{"R7644-3.4.2.2-26", `title pr "x"`, "character 10"},
		{"R7644-3.4.2.2-26", `title pr and`, "character 10"},
		{"R7644-3.4.2.2-26", `title pr and `, "name is missing at character 14"},
		{"R7644-3.4.2.2-26", `title pr xor age pr`, "character 10"},
		{"R7644-3.4.2.2-26", `userName eq "x`, "not closed begins at character 13"},
		{"R7644-3.4.2.2-26", `emails[type eq "work"`, "not closed stands at character 7"},
		{"R7644-3.4.2.2-26", `emails[]`, "name is missing at character 8"},
		{"R7644-3.4.2.2-26", `emails[type eq "work")`, "character 22"},
		{"R7644-3.4.2.2-25", `title eq"x"`, "value is missing at character 9"},
		{"R7644-3.4.2.2-25", `title eq "x"and age pr`, "character 13"},
		{"R7644-3.4.2.2-25", `title pr and(age pr)`, "character 10"},
		{"R7644-3.4.2.2-25", `(title pr)and age pr`, "character 11"},
		{"R7644-3.4.2.2-24", `emails[type eq "work"].value eq "x"`, "nothing may follow"},
		{"R7644-3.4.2.2-30", `emails[emails[type pr]]`, "Brackets inside brackets"},
		{"R7644-3.4.2.2-27", `title eq "\x"`, "malformed escape stands at character 11"},
		{"R7644-3.4.2.2-27", `title eq "é\u00g0"`, "malformed escape stands at character 12"},
		{"R7644-3.4.2.2-27", `title eq "\ud83e"`, "malformed escape"},
		{"R7644-3.4.2.2-27", `title eq "\ud83e\u0041"`, "malformed escape"},
		{"R7644-3.4.2.2-27", `title eq "\udd8a\ud83e"`, "malformed escape"},
		{"R7644-3.4.2.2-27", `title eq "\u12"`, "malformed escape"},
		{"R7644-3.4.2.2-27", `title eq "\u0000"`, "malformed escape"},
		{"R7644-3.4.2.2-27", `title eq "\`, "malformed escape"},
		{"R7644-3.4.2.2-27", `title eq "\'"`, "malformed escape"},
		{"R7644-3.4.2.2-27", "title eq \"a\tb\"", "control character"},
		{"R7644-3.4.2.2-27", "title eq \"\\na\tb\"", "control character"},
		{"not UTF-8", "title eq \"é\xff\"", "not text stands at character 12"},
		{"U+0000", "title eq \"\x00\"", "not text stands at character 11"},
		{"number grammar", `age eq 01`, "double quotes"},
		{"number grammar", `age eq 1.`, "double quotes"},
		{"number grammar", `age eq .5`, "double quotes"},
		{"number grammar", `age eq +1`, "double quotes"},
		{"number grammar", `age eq 1e`, "double quotes"},
		{"number grammar", `age eq 0x10`, "double quotes"},
		{"number grammar", `age eq -`, "double quotes"},
		{"number grammar", `age eq NaN`, "double quotes"},
	} {
		f, err := filter.Parse(c.text, filter.Options{})
		if f != nil {
			t.Errorf("%s: %q gave a filter", c.id, c.text)
		}
		t.Run(c.id+" "+c.text, func(t *testing.T) {
			t.Parallel()
			refused(t, err, scimerr.InvalidFilterType, c.part)
		})
	}
}

func TestNumbersOfJSONAreRead(t *testing.T) {
	t.Parallel()
	for _, lit := range []string{"0", "-0", "10", "-1.50", "1e3", "1E+3", "12.5e-07"} {
		if got := filter.Print(compile(t, "score eq "+lit, filter.Options{})); got != "score eq "+lit {
			t.Errorf("%s became %s", lit, got)
		}
	}
}

func TestDepthAndLengthAreBounded(t *testing.T) {
	t.Parallel()
	nest := func(open string, n int) string {
		return strings.Repeat(open, n) + "title pr" + strings.Repeat(")", n)
	}
	for name, text := range map[string]string{
		"R7644-3.4.2.2-29 parentheses": nest("(", 2000),
		"R7644-3.4.2.2-29 negations":   nest("not(", 1000),
		"R7644-3.4.2.2-29 unclosed":    strings.Repeat("(", 8000),
		"just beyond":                  nest("(", 51),
		"brackets count":               nest("(", 49) + " or " + strings.Repeat("(", 50) + "emails[type pr]" + strings.Repeat(")", 50),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := filter.Parse(text, filter.Options{})
			refused(t, err, scimerr.InvalidFilterType, "More than 50 brackets")
		})
	}
	compile(t, nest("(", 50)+" and "+nest("not (", 50), filter.Options{})
	if _, err := filter.Parse(nest("(", 4), filter.Options{MaxDepth: 3}); err == nil {
		t.Error("MaxDepth 3 accepted depth 4")
	}

	long := `title eq "` + strings.Repeat("x", 1<<20) + `"`
	_, err := filter.Parse(long, filter.Options{})
	refused(t, err, scimerr.InvalidFilterType, "longer than 8192 bytes")
	compile(t, long, filter.Options{MaxLength: 2 << 20})
	// A million bytes of operands make a flat tree.
	flat := "title pr" + strings.Repeat(" and title pr", 80_000)
	and, ok := compile(t, flat, filter.Options{MaxLength: 2 << 20}).(*filter.And)
	if !ok || len(and.Terms) != 80_001 {
		t.Error("a long list is not one And")
	}
}

func TestLenienciesAreSwitches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text, want string
		o                filter.Options
	}{
		{"single quotes", `username eq 'te"st'`, `userName eq "te\"st"`, filter.Options{SingleQuotes: true}},
		{"single quotes", `userName eq 'O\'Malley'`, `userName eq "O'Malley"`, filter.Options{SingleQuotes: true}},
		{"bare literals", `(displayName eq db1) or title eq a@b.example`, `displayName eq "db1" or title eq "a@b.example"`, filter.Options{BareLiterals: true}},
		{"path after filter", `emails[type eq "work"].value eq "x"`, `emails[type eq "work" and value eq "x"]`, filter.Options{PathAfterFilter: true}},
		{"path after filter", `emails[type eq "work" or primary eq true].value pr and title pr`,
			`emails[(type eq "work" or primary eq true) and value pr] and title pr`, filter.Options{PathAfterFilter: true}},
		{"dot after URN", workURN + `.department eq "x"`, `W:department eq "x"`, filter.Options{DotAfterURN: true}},
		{"dot after URN", workURN + `.manager.value eq "x"`, `W:manager.value eq "x"`, filter.Options{DotAfterURN: true}},
		{"bare extension names", `department eq "x"`, `W:department eq "x"`, filter.Options{BareExtensionNames: true}},
		{"bare extension names", `manager.value eq "x"`, `W:manager.value eq "x"`, filter.Options{BareExtensionNames: true}},
		{"bare extension names", `manager[value eq "x"]`, `W:manager[value eq "x"]`, filter.Options{BareExtensionNames: true}},
		{"text as value", `W:manager eq "id"`, `W:manager.value eq "id"`, filter.Options{TextAsValue: true}},
		{"literal case", `active eq TRUE or active eq False`, `active eq true or active eq false`, filter.Options{LiteralCase: true}},
		{"literal case", `title eq Null`, `not (title pr)`, filter.Options{LiteralCase: true}},
		{"text booleans", `active eq "True"`, `active eq true`, filter.Options{TextBooleans: true}},
		{"text booleans", `emails[primary ne "fALSE"]`, `emails[primary ne false]`, filter.Options{TextBooleans: true}},
	} {
		if got := filter.Print(compile(t, urns(c.text), c.o)); got != urns(c.want) {
			t.Errorf("%s: %s became %s", c.name, c.text, got)
		}
		_, err := filter.Compile(urns(c.text), user, filter.Options{})
		if scimerr.From(err).Type != scimerr.InvalidFilterType {
			t.Errorf("%s: %s without the switch: %v", c.name, c.text, err)
		}
	}
	// Leniencies do not reach further than their names.
	for _, text := range []string{
		`userName eq 5`, `active eq "yes"`, `displayName eq db 1`, `nosuch eq "x"`, `active eq yes`, `title eq 'x`, `title eq "\n`,
		`emails[type eq work].`, `emails[type eq work].value`, `emails[type eq work].value zz 5`, `emails[type eq work].userName pr`,
		`emails[type eq work].value.x pr`, `emails[type eq work] pr`, `not (nosuch pr)`, `title eq x(y)`,
	} {
		if _, err := filter.Compile(text, user, lenient); scimerr.From(err).Type != scimerr.InvalidFilterType {
			t.Errorf("%s: %v", text, err)
		}
	}
}
