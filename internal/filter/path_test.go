package filter_test

import (
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
)

func samePath(p, q *filter.Path) bool {
	if p.Extension != q.Extension || p.Sub != q.Sub || (p.Attr == nil) != (q.Attr == nil) {
		return false
	}
	return (p.Attr == nil || p.Attr.Path == q.Attr.Path) && equal(p.Where, q.Where)
}

func TestPathsOfPATCHAreReadAndPrinted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ id, text, attr, sub, where, want string }{
		{"R7644-3.5.2-05", `title`, "title", "", "", `title`},
		{"R7644-3.5.2-05", ` TITLE `, "title", "", "", `title`},
		{"R7644-3.5.2-05", `name.FAMILYNAME`, "name", "familyName", "", `name.familyName`},
		{"R7644-3.5.2-05", `emails`, "emails", "", "", `emails`},
		{"R7644-3.5.2-05", `emails.value`, "emails", "value", "", `emails.value`},
		{"R7644-3.5.2-05", `emails[type eq "work"]`, "emails", "", `type`, `emails[type eq "work"]`},
		{"R7644-3.5.2-05", `emails[type eq "work" and not(primary eq true)].Value`, "emails", "value", `type`, `emails[type eq "work" and not (primary eq true)].value`},
		{"R7644-3.5.2-05", `emails[type eq "work" or (type eq "a" and value pr)]`, "emails", "", `type`, `emails[type eq "work" or type eq "a" and value pr]`},
		{"R7644-3.10-01", `U:title`, "title", "", "", `title`},
		{"R7644-3.10-04", `U:name.givenName`, "name", "givenName", "", `name.givenName`},
		{"R7644-3.10-04", `U:emails[value ew "]"].type`, "emails", "type", `value`, `emails[value ew "]"].type`},
		{"R7644-3.5.2-09", `W:department`, "W:department", "", "", `W:department`},
		{"Q-36", `W:manager[value eq "x"]`, "W:manager", "", `value`, `W:manager[value eq "x"]`},
		{"Q-15", `W:manager.value`, "W:manager", "value", "", `W:manager.value`},
		{"reference", `W:manager.$ref`, "W:manager", "$ref", "", `W:manager.$ref`},
		{"open extension", `C:Anything`, "C:Anything", "", "", `C:Anything`},
		{"Q-99", workURN + `.department`, "W:department", "", "", `W:department`},
		{"rule 13", `department`, "W:department", "", "", `W:department`},
		{"rule 13", `manager.value`, "W:manager", "value", "", `W:manager.value`},
		{"Q-46", `emails[primary eq "True"].value`, "emails", "value", `primary`, `emails[primary eq true].value`},
		{"R7644-3.4.2.2-37", `password`, "password", "", "", `password`},
		{"nothing selected", `emails[type eq ""]`, "emails", "", `value`, `emails[value eq ""]`},
		{"everything selected", `emails[type ne ""].display`, "emails", "display", `value`, `emails[value ne ""].display`},
		{"R7644-3.5.2.2-10", workURN, "", "", "", workURN},
		{"R7644-3.5.2.2-10", strings.ToUpper(workURN), "", "", "", workURN},
	} {
		p, err := filter.CompilePath(urns(c.text), user, lenient)
		if err != nil {
			t.Errorf("%s: %s: %v", c.id, c.text, err)
			continue
		}
		attr, sub := "", ""
		if p.Attr != nil {
			attr = p.Attr.Path
		}
		if p.Sub != nil {
			sub = p.Sub.Name
		}
		if attr != urns(c.attr) || sub != c.sub || (p.Where != nil) != (c.where != "") || (p.Extension != nil) != (c.attr == "") {
			t.Errorf("%s: %s: attr %q sub %q where %v extension %v", c.id, c.text, attr, sub, p.Where, p.Extension)
		}
		if p.String() != urns(c.want) {
			t.Errorf("%s: %s printed as %s", c.id, c.text, p)
		}
		if q, err := filter.CompilePath(p.String(), user, filter.Options{ExtensionPaths: p.Extension != nil}); err != nil || !samePath(p, q) {
			t.Errorf("%s: %s read again: %v, %v", c.id, p, q, err)
		}
	}
}

func TestPathsThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		id, text, part string
		want           scimerr.Type
	}{
		{"R7644-3.5.2-05", ``, "name is missing", scimerr.InvalidPathType},
		{"R7644-3.5.2-05", `emails[`, "name is missing at character 8", scimerr.InvalidFilterType},
		{"R7644-3.5.2-05", `emails[type eq]`, "value is missing", scimerr.InvalidFilterType},
		{"R7644-3.5.2-05", `emails[0]`, "operator is missing", scimerr.InvalidFilterType},
		{"R7644-3.5.2-05", `emails[type eq "work"`, "not closed", scimerr.InvalidFilterType},
		{"R7644-3.5.2-05", `/title`, `"/title"`, scimerr.InvalidPathType},
		{"R7644-3.5.2-05", `name..x`, `"name..x"`, scimerr.InvalidPathType},
		{"R7644-3.5.2-05", `name.`, `"name."`, scimerr.InvalidPathType},
		{"R7644-3.5.2-05", `.name`, `".name"`, scimerr.InvalidPathType},
		{"R7644-3.5.2-05", `a b`, "character 3", scimerr.InvalidPathType},
		{"R7644-3.5.2-05", `title eq "x"`, "character 7", scimerr.InvalidPathType},
		{"R7644-3.5.2-05", `emails[type eq "work"]value`, "character 23", scimerr.InvalidPathType},
		{"R7644-3.5.2-05", `emails[type eq "work"].`, "sub-attribute is missing", scimerr.InvalidPathType},
		{"R7644-3.5.2-05", `emails[type eq "work"].value.x`, `no sub-attribute "value.x"`, scimerr.InvalidPathType},
		{"R7644-3.5.2-05", `emails[type eq "work"][value pr]`, "character 23", scimerr.InvalidPathType},
		{"R7644-3.5.2-05", `(title)`, "name is missing", scimerr.InvalidPathType},
		{"R7644-3.5.2-08", `bogusAttr`, `"bogusAttr" is no attribute of User`, scimerr.InvalidPathType},
		{"R7644-3.5.2-08", `emails[type eq "work"].bogus`, `emails has no sub-attribute "bogus"`, scimerr.InvalidPathType},
		{"R7644-3.5.2-08", `name.bogus`, `"name.bogus"`, scimerr.InvalidPathType},
		{"R7644-3.5.2-08", `urn:example:other:x`, "urn:example:other:x", scimerr.InvalidPathType},
		{"R7644-3.5.2-08", userURN, userURN, scimerr.InvalidPathType},
		{"R7644-3.5.2-08", workURN + ":", workURN, scimerr.InvalidPathType},
		{"R7644-3.5.2-08", workURN + `[value pr]`, workURN, scimerr.InvalidPathType},
		{"R7644-3.10-02", `department`, `"department"`, scimerr.InvalidPathType},
		{"Q-99", workURN + `.department`, workURN, scimerr.InvalidPathType},
		{"brackets", `title[value eq "x"]`, "title has no sub-attributes", scimerr.InvalidPathType},
		{"brackets", `name.givenName[value eq "x"]`, "name.givenName has no sub-attributes", scimerr.InvalidPathType},
		{"brackets", `emails[bogus eq "x"]`, `"bogus"`, scimerr.InvalidFilterType},
		{"brackets", `keys[value eq "x"]`, "keys.value", scimerr.InvalidFilterType},
		{"not UTF-8", "title\xff", "not text", scimerr.InvalidPathType},
		{"length", strings.Repeat("x", 9000), "longer than", scimerr.InvalidPathType},
	} {
		t.Run(c.id+" "+c.part, func(t *testing.T) {
			t.Parallel()
			_, err := filter.CompilePath(c.text, user, filter.Options{UnknownAbsent: true})
			refused(t, err, c.want, c.part)
		})
	}
}

func TestNamesOfProjectionsAreAttributesOrExtensions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{ // R7644-3.9-04, -06, -07
		`userName`:                       `userName`,
		` Name.FamilyName`:               `name.familyName`,
		`U:userName`:                     `userName`,
		`W:department`:                   `W:department`,
		`W:manager.value`:                `W:manager.value`,
		workURN:                          workURN,
		`emails[type eq "work"]`:         `emails`,
		`emails[type eq "work"].value`:   `emails.value`,
		`emails[nosuch eq "work"].value`: `emails.value`,
		`meta`:                           `meta`,
		`id`:                             `id`,
		`password`:                       `password`,
	} {
		attr, ext, err := filter.CompileName(urns(text), user, filter.Options{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := pathOf(attr, ext); got != urns(want) {
			t.Errorf("%s means %s", text, got)
		}
	}
	for text, part := range map[string]string{ // R7644-3.9-08: what to do with them is up to the caller
		`bogus`: `"bogus"`, ``: "missing", `name.bogus`: `"name.bogus"`, `emails[type pr].bogus`: "bogus", userURN: userURN,
		workURN + `[value pr]`: workURN, workURN + `[value pr].value`: workURN, `title[`: "missing",
	} {
		_, _, err := filter.CompileName(text, user, filter.Options{})
		want := scimerr.InvalidPathType
		if text == `title[` {
			want = scimerr.InvalidFilterType
		}
		refused(t, err, want, part)
	}
}

func pathOf(attr *schema.Attribute, ext *schema.Schema) string {
	if ext != nil {
		return ext.ID
	}
	return attr.Path
}

func TestSortKeysAreLeaves(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{ // R7644-3.4.2.3-04, -05, -10
		`USERNAME`: `userName`, `name.familyName`: `name.familyName`, `emails`: `emails.value`, `emails.type`: `emails.type`,
		`W:employeeNumber`: `W:employeeNumber`, `meta.created`: `meta.created`, `rights`: `rights`, `C:x`: `C:x`,
	} {
		attr, err := filter.CompileSort(urns(text), user, filter.Options{})
		if err != nil || attr.Path != urns(want) {
			t.Errorf("%s sorts by %v, %v", text, attr, err)
		}
	}
	for text, part := range map[string]string{ // R7644-3.4.2.3-05, -09, R7644-3.4.2.2-37
		`name`: "name needs one of its sub-attributes", `W:manager`: "manager needs", `addresses`: "addresses needs", `bogus`: `"bogus"`,
		`password`: "password cannot be sorted by", `keys`: "keys.value cannot", `keys.value`: "keys.value cannot", workURN: workURN,
		`emails[type eq "work"].value`: "emails[type", ``: "missing",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			_, err := filter.CompileSort(urns(text), user, filter.Options{})
			refused(t, err, scimerr.InvalidPathType, part)
		})
	}
}
