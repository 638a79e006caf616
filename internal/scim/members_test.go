package scim

import (
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/store"
)

// memberCase is one PATCH on the group crew, which holds ada and bob.
type memberCase struct {
	name    string
	profile string // "" runs with both
	ops     string
	want    string // the members after, or
	err     string // status and scimType
	same    bool   // version and time stay
}

var memberCases = []memberCase{
	{name: "R7644-3.5.2.1-04 add a list", ops: `{"op":"add","path":"members","value":[{"value":"<cyd>"},{"value":"<other>"}]}`, want: "ada bob cyd other"},
	{name: "R7644-3.5.2.1-04 add one object", ops: `{"op":"Add","path":"members","value":{"value":"<cyd>"}}`, want: "ada bob cyd"},
	{name: "add one text (clients rule 17)", profile: "cyberark", ops: `{"op":"add","path":"members","value":"<cyd>"}`, want: "ada bob cyd"},
	{name: "Q-28 add without a path", ops: `{"op":"add","value":{"members":[{"value":"<cyd>"}]}}`, want: "ada bob cyd"},
	{name: "Q-28 add below the core URN", ops: `{"op":"add","value":{"urn:ietf:params:scim:schemas:core:2.0:Group":{"members":[{"value":"<cyd>"}]}}}`, want: "ada bob cyd"},
	{name: "Q-27 R7644-3.5.2.1-07 adding who is there is success", ops: `{"op":"add","path":"members","value":[{"value":"<ada>"},{"value":"<ada>"}]}`, want: "ada bob", same: true},
	{name: "rule 18 an operation that names no members leaves them alone", ops: `{"op":"add","path":"members","value":[]},{"op":"remove","path":"members","value":[]}`, want: "ada bob", same: true},
	{name: "Q-69 display and displayName are taken", ops: `{"op":"add","path":"members","value":[{"value":"<cyd>","display":"x","displayName":"y"}]}`, want: "ada bob cyd"},
	{name: "entra-default-05 a $ref of null is taken", ops: `{"op":"Add","path":"members","value":[{"$ref":null,"value":"<cyd>"}]}`, want: "ada bob cyd"},
	{name: "R7643-2.4-08 $ref alone names a member", ops: `{"op":"add","path":"members","value":[{"$ref":"https://elsewhere.example/Users/<cyd>"},{"$ref":"../Groups/<other>/"}]}`, want: "ada bob cyd other"},
	{name: "R7643-2.4-08 value decides beside $ref", ops: `{"op":"add","path":"members","value":[{"value":"<cyd>","$ref":"https://x.example/Groups/<other>"}]}`, want: "ada bob cyd"},
	{name: "R7643-4.2-05 a contradicting type is corrected", ops: `{"op":"add","path":"members","value":[{"value":"<other>","type":"User"},{"value":"<cyd>","type":"group"}]}`, want: "ada bob cyd other"},
	{name: "Q-135 an empty member is refused", ops: `{"op":"add","path":"members","value":[{"value":"<cyd>"},{}]}`, err: "400 invalidValue"},
	{name: "Q-135 an empty member alone is refused", ops: `{"op":"remove","path":"members","value":{}}`, err: "400 invalidValue"},
	{name: "a member that names nobody is refused", ops: `{"op":"replace","path":"members","value":[{"display":"ada"}]}`, err: "400 invalidValue"},
	{name: "a member with a number is refused", ops: `{"op":"add","path":"members","value":[{"value":7}]}`, err: "400 invalidValue"},
	{name: "a list in a list is refused", ops: `{"op":"add","path":"members","value":[[{"value":"<cyd>"}]]}`, err: "400 invalidValue"},
	{name: "an unknown member is not found (cyberark-scim 7)", profile: "cyberark", ops: `{"op":"add","path":"members","value":[{"value":"<cyd>"},{"value":"nobody"}]}`, err: "404 "},
	{name: "R7643-2.3.7-03 an unknown member is no value", profile: "rfc7644", ops: `{"op":"add","path":"members","value":[{"value":"<cyd>"},{"value":"nobody"}]}`, err: "400 invalidValue"},
	{name: "R7643-4.2-06 a group cannot be its own member", ops: `{"op":"add","path":"members","value":[{"value":"<crew>"}]}`, err: "400 invalidValue"},
	{name: "user ids ignore letter case (cyberark-scim 16)", profile: "cyberark", ops: `{"op":"add","path":"members","value":[{"value":"user-ID-3"}]},{"op":"remove","path":"members[value eq \"USER-id-1\"]"}`, want: "bob cyd"},
	{name: "user ids ignore letter case in every selector", profile: "cyberark", ops: `{"op":"add","path":"members","value":{"value":"<cyd>"}},{"op":"remove","path":"members[value eq \"USER-id-1\" and type eq \"User\"]"},{"op":"remove","path":"members[not (value ne \"USER-ID-2\")]"}`, want: "cyd"},
	{name: "R7643-3.1-03 user ids are exact in every selector", profile: "rfc7644", ops: `{"op":"remove","path":"members[value eq \"USER-id-1\" and type eq \"User\"]"},{"op":"remove","path":"members[not (value ne \"USER-ID-2\")]"}`, want: "ada bob", same: true},
	{name: "the own id in other letters changes no member", profile: "cyberark", ops: `{"op":"replace","path":"members[value eq \"<ada>\"].value","value":"USER-ID-1"}`, want: "ada bob", same: true},
	{name: "a selector creates whom it names in other letters", profile: "cyberark", ops: `{"op":"add","path":"members[value eq \"USER-ID-3\" and type eq \"User\"]","value":{"display":"x"}}`, want: "ada bob cyd"},
	{name: "R7643-2.3.7-02 references are exact", ops: `{"op":"remove","path":"members[$ref ew \"/USERS/<ada>\"]"},{"op":"remove","path":"members[$ref ew \"/Users/<bob>\"]"}`, want: "ada"},
	{name: "R7643-3.1-03 user ids are exact", profile: "rfc7644", ops: `{"op":"add","path":"members","value":[{"value":"user-ID-3"}]}`, err: "400 invalidValue"},

	{name: "Q-44 remove through a value filter", ops: `{"op":"remove","path":"members[value eq \"<ada>\"]"}`, want: "bob"},
	{name: "R7644-3.5.2.2-06 removing who is not there is success", ops: `{"op":"remove","path":"members[value eq \"<cyd>\"]"},{"op":"remove","path":"members","value":[{"value":"<cyd>"},{"value":"nobody"}]}`, want: "ada bob", same: true},
	{name: "R7644-3.5.2.2-11 Q-20 Q-24 remove drops the listed members only", ops: `{"op":"Remove","path":"members","value":[{"$ref":null,"value":"<ada>"}]}`, want: "bob"},
	{name: "ids that no resource can have remove nobody", ops: `{"op":"remove","path":"members[value eq \"` + strings.Repeat("x", 2000) + `\"]"},{"op":"remove","path":"members","value":[{"value":"` + strings.Repeat("x", 2000) + `"}]}`, want: "ada bob", same: true},
	{name: "remove takes one object for a list", ops: `{"op":"remove","path":"members","value":{"value":"<ada>"}}`, want: "bob"},
	{name: "remove through a filter with or", ops: `{"op":"remove","path":"members[value eq \"<ada>\" or value eq \"<bob>\"]"}`, want: ""},
	{name: "remove through a filter with and", ops: `{"op":"remove","path":"members[value eq \"<ada>\" and type eq \"Group\"]"},{"op":"remove","path":"members[type eq \"user\" and value eq \"<bob>\"]"}`, want: "ada"},
	{name: "remove through another sub-attribute", ops: `{"op":"add","path":"members","value":{"value":"<other>"}},{"op":"remove","path":"members[type eq \"User\"]"}`, want: "other"},
	{name: "remove through the display name", ops: `{"op":"remove","path":"members[display sw \"AD\"]"}`, want: "bob"},
	{name: "Q-29 remove members without a value empties the group", ops: `{"op":"remove","path":"members"}`, want: ""},
	{name: "R7643-4.2-02 a sub-attribute cannot be removed", ops: `{"op":"remove","path":"members[value eq \"<ada>\"].display"}`, err: "400 mutability"},

	{name: "R7644-3.5.2.3-06 replace gives the whole set", ops: `{"op":"replace","path":"members","value":[{"value":"<bob>"},{"value":"<cyd>"},{"value":"<cyd>"}]}`, want: "bob cyd"},
	{name: "replace with the same set changes nothing", ops: `{"op":"replace","path":"members","value":[{"value":"<bob>"},{"value":"<ada>"}]}`, want: "ada bob", same: true},
	{name: "Q-68 replace with an empty list empties the group", ops: `{"op":"replace","path":"members","value":[]}`, want: ""},
	{name: "R7644-3.5.2.3-10 replace with null empties the group", ops: `{"op":"replace","path":"members","value":null}`, want: ""},
	{name: "replace without a path gives the whole set", ops: `{"op":"replace","value":{"members":[{"value":"<cyd>"}]}}`, want: "cyd"},
	{name: "Q-45 replace of another attribute leaves members alone", ops: `{"op":"replace","value":{"displayName":"crew","externalId":"x"}}`, want: "ada bob"},
	{name: "one object for the set (cyberark-scim 6.6)", profile: "cyberark", ops: `{"op":"replace","path":"members","value":{"value":"<cyd>"}}`, want: "cyd"},
	{name: "one object is no set in the RFC", profile: "rfc7644", ops: `{"op":"replace","path":"members","value":{"value":"<cyd>"}}`, err: "400 invalidValue"},
	{name: "R7643-4.2-02 the value of a member is immutable", ops: `{"op":"replace","path":"members[value eq \"<ada>\"].value","value":"<cyd>"}`, err: "400 mutability"},
	{name: "R7643-4.2-02 a member cannot become another", ops: `{"op":"replace","path":"members[value eq \"<ada>\"]","value":{"value":"<cyd>"}}`, err: "400 mutability"},
	{name: "R7643-4.2-02 members.value cannot be set for all", ops: `{"op":"replace","path":"members.value","value":"<cyd>"}`, err: "400 mutability"},
	{name: "a member that is given what it has stays", ops: `{"op":"replace","path":"members[value eq \"<ada>\"]","value":{"value":"<ada>","display":"x"}},{"op":"replace","path":"members[value eq \"<ada>\"].display","value":"ada"}`, want: "ada bob", same: true},
	{name: "null for a selected member removes it", ops: `{"op":"replace","path":"members[value eq \"<ada>\"]","value":null}`, want: "bob"},
	{name: "rule 16 add through an eq selector adds", ops: `{"op":"add","path":"members[value eq \"<cyd>\"]","value":{"value":"<cyd>"}}`, want: "ada bob cyd"},
	{name: "rule 18 add that names nothing leaves the selected members alone", ops: `{"op":"add","path":"members[type eq \"User\"]","value":[]},{"op":"add","path":"members[value eq \"<ada>\"]","value":null},{"op":"add","path":"members[value eq \"<ada>\"]","value":{}}`, want: "ada bob", same: true},
	{name: "add through a selector that does not describe the element has no target", ops: `{"op":"add","path":"members[value eq \"<cyd>\" and type eq \"Group\"]","value":{"value":"<cyd>"}}`, err: "400 noTarget"},
	{name: "add through a selector cannot add another", ops: `{"op":"add","path":"members[value eq \"<cyd>\"]","value":{"value":"<other>"}}`, err: "400 mutability"},
	{name: "R7644-3.5.2.3-08 replace through an unmatched selector has no target", profile: "rfc7644", ops: `{"op":"replace","path":"members[value eq \"<cyd>\"]","value":{"value":"<cyd>"}}`, err: "400 noTarget"},
	{name: "replace through an unmatched eq selector creates (idp-clients 15)", profile: "cyberark", ops: `{"op":"replace","path":"members[value eq \"<cyd>\"]","value":{"value":"<cyd>"}}`, want: "ada bob cyd"},
	{name: "R7644-3.5.2.3-08 a sub-attribute of nobody has no target", ops: `{"op":"replace","path":"members[value eq \"<cyd>\"].value","value":"<ada>"}`, err: "400 noTarget"},

	{name: "R7644-3.5.2-10 operations go in order", ops: `{"op":"remove","path":"members"},{"op":"add","path":"members","value":[{"value":"<cyd>"}]},{"op":"replace","path":"externalId","value":"x"},{"op":"add","path":"members","value":[{"value":"<ada>"}]}`, want: "ada cyd"},
	{name: "R7644-3.5.2-18 what is taken back changes nothing", ops: `{"op":"remove","path":"members"},{"op":"add","path":"members","value":[{"value":"<ada>"},{"value":"<cyd>"},{"value":"<bob>"}]},{"op":"remove","path":"members[value eq \"<cyd>\"]"}`, want: "ada bob", same: true},
	{name: "R7644-3.5.2-11 Q-80 a failing operation fails them all", ops: `{"op":"add","path":"members","value":[{"value":"<cyd>"}]},{"op":"replace","path":"bogus","value":"x"}`, err: "400 invalidPath"},
	{name: "R7644-3.5.2-11 a failing operation on members fails them all", ops: `{"op":"replace","path":"externalId","value":"x"},{"op":"remove","path":"members[value eq \"<ada>\"]"},{"op":"add","path":"members","value":[{"value":"<crew>"}]}`, err: "400 invalidValue"},
	{name: "Q-67 the own id without a path is no error", ops: `{"op":"replace","value":{"id":"<crew>","displayName":"crew","members":[{"value":"<cyd>"}]}}`, want: "cyd"},
	{name: "R7644-3.5.2.2-09 the name is required", ops: `{"op":"remove","path":"displayName"}`, err: "400 mutability"},
}

func TestPatchOfMembers(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, s store.Store) {
		for _, c := range memberCases {
			profiles := []string{"cyberark", "rfc7644"}
			if c.profile != "" {
				profiles = []string{c.profile}
			}
			for _, profile := range profiles {
				t.Run(profile+"/"+c.name, func(t *testing.T) {
					t.Parallel()
					c := c // the two profiles run at once
					d := newDirectory(t, s, profile)
					before, _ := d.get("Group", "crew")
					res, err := d.patch("crew", c.ops)
					wantError(t, err, c.err)
					if c.err != "" {
						c.want, c.same = "ada bob", true
					} else if err == nil {
						if got := decoded(t, res.Body); len(got.Members) != len(strings.Fields(c.want)) {
							t.Errorf("answered %s", res.Body)
						}
					}
					if got := d.members("crew"); got != c.want {
						t.Errorf("members %q, want %q", got, c.want)
					}
					after, _ := d.get("Group", "crew")
					if moved := d.version("Group", "crew") - 1; c.same && moved != 0 || !c.same && moved != 1 {
						t.Errorf("the version moved on by %d", moved)
					}
					if before.DisplayName != after.DisplayName {
						t.Errorf("displayName %q", after.DisplayName)
					}
					for _, u := range []string{"ada", "bob", "cyd"} {
						if v := d.version("User", u); v != 1 { // R7644-3.14-05
							t.Errorf("%s is at version %d", u, v)
						}
					}
				})
			}
		}
	})
}

// Whatever stands for members, it is refused as the client's mistake or gives
// ids, each once.
func FuzzElementIDs(f *testing.F) {
	for _, seed := range []string{
		`[{"value":"a"},{"value":"a"}]`, `{"$ref":"https://x/Users/a%20b/"}`, `"a"`, `[{}]`, `[[]]`, `null`, `[{"$ref":"%zz"}]`, `[{"value":7}]`,
	} {
		f.Add(seed, true)
	}
	rt := registry().Type("Group")
	attr := rt.Core("members")
	strict, lenient := newShaper(testTenant(f, "rfc7644"), rt), newShaper(testTenant(f, "cyberark"), rt)
	f.Fuzz(func(t *testing.T, text string, exact bool) {
		v, err := resource.Parse([]byte(text), resource.Limits{})
		if err != nil {
			return
		}
		s := lenient
		if exact {
			s = strict
		}
		ids, err := s.elementIDs(attr, v)
		if err != nil {
			wantClient(t, err)
			return
		}
		seen := map[string]bool{}
		for _, id := range ids {
			if id == "" || seen[id] {
				t.Errorf("%s gives %q", text, ids)
			}
			seen[id] = true
		}
	})
}
