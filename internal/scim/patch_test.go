package scim

import (
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/resource"
)

// patchCase is one PATCH on a bare tree: no quirks, no schemas member.
type patchCase struct {
	name    string
	profile string // "" runs with both
	before  string
	ops     string // the elements of Operations
	want    string // the tree after, or
	err     string // status and scimType
}

const (
	e  = enterpriseURN
	ab = `"emails":[{"type":"work","value":"a@x","primary":true},{"type":"home","value":"b@x"}]`
)

var patchCases = []patchCase{
	// add
	{name: "R7644-3.5.2.1-02 add without a path merges attributes", before: `{"userName":"u"}`, ops: `{"op":"add","value":{"nickName":"n","title":"t"}}`, want: `{"userName":"u","nickName":"n","title":"t"}`},
	{name: "R7644-3.5.2.1-02 a value that is no object is refused without a path", before: `{"userName":"u"}`, ops: `{"op":"add","value":"x"}`, err: "400 invalidValue"},
	{name: "R7644-3.5.2.1-01 add needs a value", before: `{"userName":"u"}`, ops: `{"op":"add","path":"title"}`, err: "400 invalidSyntax"},
	{name: "R7644-3.5.2.1-03 add on a complex attribute keeps the other sub-attributes", before: `{"userName":"u","name":{"givenName":"G"}}`, ops: `{"op":"add","path":"name","value":{"middleName":"M"}}`, want: `{"userName":"u","name":{"givenName":"G","middleName":"M"}}`},
	{name: "R7644-3.5.2.1-04 add appends a list", before: `{"userName":"u","emails":[{"value":"a@x"}]}`, ops: `{"op":"add","path":"emails","value":[{"value":"b@x"},{"value":"c@x"}]}`, want: `{"userName":"u","emails":[{"value":"a@x"},{"value":"b@x"},{"value":"c@x"}]}`},
	{name: "R7644-3.5.2.1-04 add appends one object", before: `{"userName":"u"}`, ops: `{"op":"add","path":"emails","value":{"value":"b@x"}}`, want: `{"userName":"u","emails":[{"value":"b@x"}]}`},
	{name: "R7644-3.5.2.1-05 add creates what is not there", before: `{"userName":"u"}`, ops: `{"op":"add","path":"nickName","value":"n"}`, want: `{"userName":"u","nickName":"n"}`},
	{name: "R7644-3.5.2.1-06 add replaces a single value", before: `{"userName":"u","title":"a"}`, ops: `{"op":"add","path":"title","value":"b"}`, want: `{"userName":"u","title":"b"}`},
	{name: "R7644-3.5.2.1-07 add of a value that is there changes nothing", before: `{"userName":"u",` + ab + `}`, ops: `{"op":"add","path":"emails","value":[{"type":"home","value":"B@X"}]}`, want: `{"userName":"u","emails":[{"type":"work","value":"a@x","primary":true},{"type":"home","value":"B@X"}]}`},
	{name: "R7644-3.5.2.1-08 add through a selector changes the selected element", before: `{"userName":"u",` + ab + `}`, ops: `{"op":"add","path":"emails[type eq \"home\"].display","value":"d"}`, want: `{"userName":"u","emails":[{"type":"work","value":"a@x","primary":true},{"type":"home","value":"b@x","display":"d"}]}`},
	{name: "R7644-3.5.2.1-09 add through an unmatched eq selector creates the element", before: `{"userName":"u"}`, ops: `{"op":"add","path":"emails[type eq \"other\"].value","value":"o@x"}`, want: `{"userName":"u","emails":[{"type":"other","value":"o@x"}]}`},
	{name: "R7644-3.5.2.1-09 later selectors fill the same element (Q-11)", before: `{"userName":"u"}`, ops: `{"op":"Add","path":"addresses[type eq \"work\"].locality","value":"L"},{"op":"Add","path":"addresses[type eq \"work\"].region","value":"R"}`, want: `{"userName":"u","addresses":[{"type":"work","locality":"L","region":"R"}]}`},
	{name: "add through an unmatched selector that describes nothing has no target", before: `{"userName":"u"}`, ops: `{"op":"add","path":"emails[value co \"x\"].display","value":"o@x"}`, err: "400 noTarget"},
	{name: "a quoted True in a selector is the boolean (Q-32)", before: `{"userName":"u","roles":[{"primary":true,"value":"A"}]}`, ops: `{"op":"replace","path":"roles[primary eq \"True\"].value","value":"B"}`, want: `{"userName":"u","roles":[{"primary":true,"value":"B"}]}`},
	{name: "a quoted True in a selector creates a boolean", before: `{"userName":"u"}`, ops: `{"op":"add","path":"roles[primary eq \"True\"].value","value":"B"}`, want: `{"userName":"u","roles":[{"primary":true,"value":"B"}]}`},

	// remove
	{name: "R7644-3.5.2.2-01 remove without a path has no target", before: `{"userName":"u"}`, ops: `{"op":"remove"}`, err: "400 noTarget"},
	{name: "R7644-3.5.2.2-02 remove unassigns a single value", before: `{"userName":"u","title":"t"}`, ops: `{"op":"remove","path":"title"}`, want: `{"userName":"u"}`},
	{name: "R7644-3.5.2.2-02 remove of a sub-attribute keeps its siblings", before: `{"userName":"u","name":{"givenName":"G","familyName":"F"}}`, ops: `{"op":"remove","path":"name.familyName"}`, want: `{"userName":"u","name":{"givenName":"G"}}`},
	{name: "remove of the last sub-attribute unassigns the attribute", before: `{"userName":"u","name":{"familyName":"F"}}`, ops: `{"op":"remove","path":"name.familyName"}`, want: `{"userName":"u"}`},
	{name: "R7644-3.5.2.2-03 remove drops all elements", before: `{"userName":"u",` + ab + `}`, ops: `{"op":"remove","path":"emails"}`, want: `{"userName":"u"}`},
	{name: "R7644-3.5.2.2-04 remove with a selector drops the matches only", before: `{"userName":"u",` + ab + `}`, ops: `{"op":"remove","path":"emails[type eq \"home\" and value ew \"x\"]"}`, want: `{"userName":"u","emails":[{"type":"work","value":"a@x","primary":true}]}`},
	{name: "R7644-3.5.2.2-04 remove by not", before: `{"userName":"u",` + ab + `}`, ops: `{"op":"remove","path":"emails[not (primary eq true)]"}`, want: `{"userName":"u","emails":[{"type":"work","value":"a@x","primary":true}]}`},
	{name: "R7644-3.5.2.2-05 no elements left means unassigned", before: `{"userName":"u","emails":[{"value":"a@x"}]}`, ops: `{"op":"remove","path":"emails[value eq \"a@x\"]"}`, want: `{"userName":"u"}`},
	{name: "R7644-3.5.2.2-06 remove with a selector that matches nothing succeeds", before: `{"userName":"u",` + ab + `}`, ops: `{"op":"remove","path":"emails[type eq \"fax\"]"}`, want: `{"userName":"u",` + ab + `}`},
	{name: "R7644-3.5.2.2-07 remove of a sub-attribute of selected elements", before: `{"userName":"u",` + ab + `}`, ops: `{"op":"remove","path":"emails[type eq \"home\"].type"}`, want: `{"userName":"u","emails":[{"type":"work","value":"a@x","primary":true},{"value":"b@x"}]}`},
	{name: "remove of the value leaves no empty shell behind (Q-13)", before: `{"userName":"u",` + ab + `}`, ops: `{"op":"Remove","path":"emails[type eq \"work\"].value","value":"a@x"}`, want: `{"userName":"u","emails":[{"type":"home","value":"b@x"}]}`},
	{name: "R7644-3.5.2.2-08 remove of what is unassigned succeeds", before: `{"userName":"u"}`, ops: `{"op":"remove","path":"nickName"}`, want: `{"userName":"u"}`},
	{name: "R7644-3.5.2.2-09 required attributes cannot be removed", before: `{"userName":"u"}`, ops: `{"op":"remove","path":"userName"}`, err: "400 mutability"},
	{name: "R7644-3.5.2.2-09 read-only attributes cannot be removed", before: `{"userName":"u"}`, ops: `{"op":"remove","path":"meta"}`, err: "400 mutability"},
	{name: "R7644-3.5.2.2-10 remove of a whole extension by its URN", before: `{"userName":"u","` + e + `":{"department":"D"}}`, ops: `{"op":"remove","path":"` + e + `"}`, want: `{"userName":"u"}`},
	{name: "R7644-3.5.2.2-11 remove with a value list drops the listed elements only", before: `{"userName":"u",` + ab + `}`, ops: `{"op":"remove","path":"emails","value":[{"value":"b@x"}]}`, want: `{"userName":"u","emails":[{"type":"work","value":"a@x","primary":true}]}`},
	{name: "remove of manager through a selector (Q-36)", before: `{"userName":"u","` + e + `":{"manager":{"value":"m"}}}`, ops: `{"op":"remove","path":"manager[value eq \"m\"]"}`, want: `{"userName":"u"}`},

	// replace
	{name: "R7644-3.5.2.3-01 replace without a path changes each given attribute", before: `{"userName":"u","title":"a","active":true,"nickName":"n"}`, ops: `{"op":"replace","value":{"title":"x","active":false}}`, want: `{"userName":"u","title":"x","active":false,"nickName":"n"}`},
	{name: "R7644-3.5.2.3-03 replace swaps the whole list", before: `{"userName":"u",` + ab + `}`, ops: `{"op":"replace","path":"emails","value":[{"value":"c@x"}]}`, want: `{"userName":"u","emails":[{"value":"c@x"}]}`},
	{name: "R7644-3.5.2.3-04 replace on an unassigned attribute sets it", before: `{"userName":"u"}`, ops: `{"op":"replace","path":"nickName","value":"n"}`, want: `{"userName":"u","nickName":"n"}`},
	{name: "R7644-3.5.2.3-05 replace on a complex attribute keeps what is not named (Q-171)", before: `{"userName":"u","name":{"givenName":"G","familyName":"F"}}`, ops: `{"op":"replace","value":{"name":{"familyName":"X"}}}`, want: `{"userName":"u","name":{"givenName":"G","familyName":"X"}}`},
	{name: "R7644-3.5.2.3-06 replace with a selector merges into the matches", before: `{"userName":"u",` + ab + `}`, ops: `{"op":"replace","path":"emails[type eq \"home\"]","value":{"value":"h@x","type":"home"}}`, want: `{"userName":"u","emails":[{"type":"work","value":"a@x","primary":true},{"type":"home","value":"h@x"}]}`},
	{name: "R7644-3.5.2.3-07 replace of a sub-attribute on all matches", before: `{"userName":"u",` + ab + `}`, ops: `{"op":"replace","path":"emails[value co \"x\"].display","value":"d"}`, want: `{"userName":"u","emails":[{"type":"work","value":"a@x","primary":true,"display":"d"},{"type":"home","value":"b@x","display":"d"}]}`},
	{name: "R7644-3.5.2.3-08 replace through an unmatched selector has no target", profile: "rfc7644", before: `{"userName":"u"}`, ops: `{"op":"replace","path":"emails[type eq \"work\"].value","value":"w@x"}`, err: "400 noTarget"},
	{name: "replace through an unmatched eq selector creates (idp-clients 15)", profile: "cyberark", before: `{"userName":"u"}`, ops: `{"op":"replace","path":"emails[type eq \"work\"].value","value":"w@x"}`, want: `{"userName":"u","emails":[{"type":"work","value":"w@x"}]}`},
	{name: "R7644-3.5.2.3-09 values must fit the type", before: `{"userName":"u"}`, ops: `{"op":"replace","path":"name","value":"text"}`, err: "400 invalidValue"},
	{name: "R7644-3.5.2.3-09 text booleans are read in any letter case (Q-04)", before: `{"userName":"u"}`, ops: `{"op":"Replace","path":"active","value":"False"}`, want: `{"userName":"u","active":false}`},
	{name: "R7644-3.5.2.3-10 replace needs a value", before: `{"userName":"u"}`, ops: `{"op":"replace","path":"title"}`, err: "400 invalidSyntax"},
	{name: "R7644-3.5.2.3-10 null unassigns", before: `{"userName":"u","title":"t"}`, ops: `{"op":"replace","path":"title","value":null}`, want: `{"userName":"u"}`},
	{name: "R7644-3.5.2.3-10 an empty list unassigns (Q-167)", before: `{"userName":"u",` + ab + `}`, ops: `{"op":"replace","path":"emails","value":[]},{"op":"replace","path":"phoneNumbers","value":null}`, want: `{"userName":"u"}`},

	// primary
	{name: "R7644-3.5.2-12 adding a primary element clears the others", before: `{"userName":"u",` + ab + `}`, ops: `{"op":"add","path":"emails","value":[{"value":"c@x","primary":true}]}`, want: `{"userName":"u","emails":[{"type":"work","value":"a@x","primary":false},{"type":"home","value":"b@x"},{"value":"c@x","primary":true}]}`},
	{name: "R7644-3.5.2-12 setting primary on one element clears the others (Q-48)", before: `{"userName":"u",` + ab + `}`, ops: `{"op":"replace","path":"emails[type eq \"home\"].primary","value":true}`, want: `{"userName":"u","emails":[{"type":"work","value":"a@x","primary":false},{"type":"home","value":"b@x","primary":true}]}`},

	// names and paths
	{name: "dotted keys address sub-attributes (Q-40)", before: `{"userName":"u"}`, ops: `{"op":"add","value":{"name.givenName":"G","NAME.familyname":"F"}}`, want: `{"userName":"u","name":{"givenName":"G","familyName":"F"}}`},
	{name: "URN keys address extension attributes (Q-41)", before: `{"userName":"u"}`, ops: `{"op":"replace","value":{"` + e + `:employeeNumber":"7"}}`, want: `{"userName":"u","` + e + `":{"employeeNumber":"7"}}`},
	{name: "whole paths as keys are applied", before: `{"userName":"u"}`, ops: `{"op":"add","value":{"emails[type eq \"work\"].value":"w@x"}}`, want: `{"userName":"u","emails":[{"type":"work","value":"w@x"}]}`},
	{name: "R7644-3.10-03 the URN is matched in any letter case (Q-17)", before: `{"userName":"u"}`, ops: `{"op":"add","path":"` + strings.ToUpper(e) + `:department","value":"D"}`, want: `{"userName":"u","` + e + `":{"department":"D"}}`},
	{name: "a dot after the URN works like a colon (Q-99)", profile: "cyberark", before: `{"userName":"u"}`, ops: `{"op":"add","path":"` + e + `.department","value":"D"}`, want: `{"userName":"u","` + e + `":{"department":"D"}}`},
	{name: "a dot after the URN is no path in the RFC", profile: "strict", before: `{"userName":"u"}`, ops: `{"op":"add","path":"` + e + `.department","value":"D"}`, err: "400 invalidPath"},
	{name: "bare extension names reach the extension (rule 13)", before: `{"userName":"u"}`, ops: `{"op":"add","path":"department","value":"D"}`, want: `{"userName":"u","` + e + `":{"department":"D"}}`},
	{name: "manager as text (Q-15)", before: `{"userName":"u"}`, ops: `{"op":"Add","path":"` + e + `:manager","value":"m1"}`, want: `{"userName":"u","` + e + `":{"manager":{"value":"m1"}}}`},
	{name: "manager as a list of one (rule 17)", before: `{"userName":"u"}`, ops: `{"op":"Add","path":"manager","value":[{"$ref":"http://x/Users/m1","value":"m1"}]}`, want: `{"userName":"u","` + e + `":{"manager":{"value":"m1"}}}`},
	{name: "R7643-4.3-04 manager.displayName is read-only", before: `{"userName":"u"}`, ops: `{"op":"add","path":"manager.displayName","value":"x"}`, err: "400 mutability"},
	{name: "R7644-3.5.2-06 id is read-only", before: `{"userName":"u"}`, ops: `{"op":"replace","path":"id","value":"x"}`, err: "400 mutability"},
	{name: "R7644-3.5.2-06 meta is read-only", before: `{"userName":"u"}`, ops: `{"op":"replace","path":"meta.created","value":"2001-01-01T00:00:00Z"}`, err: "400 mutability"},
	{name: "R7643-4.1.2-07 groups is read-only", before: `{"userName":"u"}`, ops: `{"op":"add","path":"groups","value":[{"value":"g"}]}`, err: "400 mutability"},
	{name: "R7644-3.5.2-07 the own id without a path is no error (Q-67)", before: `{"userName":"u"}`, ops: `{"op":"replace","value":{"id":"own","displayName":"x"}}`, want: `{"userName":"u","displayName":"x"}`},
	{name: "R7644-3.5.2-07 another id without a path is", before: `{"userName":"u"}`, ops: `{"op":"replace","value":{"id":"other","displayName":"x"}}`, err: "400 mutability"},
	{name: "R7644-3.5.2-08 an unknown path is refused", before: `{"userName":"u"}`, ops: `{"op":"replace","path":"bogus","value":"x"}`, err: "400 invalidPath"},
	{name: "R7644-3.5.2-08 an unknown member without a path is ignored", before: `{"userName":"u"}`, ops: `{"op":"replace","value":{"bogus":"x","title":"t"}}`, want: `{"userName":"u","title":"t"}`},
	{name: "R7644-3.5.2-21 add of schemas changes nothing", before: `{"userName":"u"}`, ops: `{"op":"add","path":"schemas","value":["` + e + `"]}`, want: `{"userName":"u"}`},
	{name: "R7644-3.5.2-21 schemas cannot be removed", before: `{"userName":"u"}`, ops: `{"op":"remove","path":"schemas"}`, err: "400 mutability"},

	// the message
	{name: "R7644-3.5.2-04 op in any letter case (Q-06)", before: `{"userName":"u"}`, ops: `{"OP":"REPLACE","PATH":"TITLE","VALUE":"t"}`, want: `{"userName":"u","title":"t"}`},
	{name: "R7644-3.5.2-04 an unknown op is refused (Q-119)", before: `{"userName":"u"}`, ops: `{"op":"move","path":"title","value":"t"}`, err: "400 invalidSyntax"},
	{name: "R7644-3.5.2-04 a missing op is refused", before: `{"userName":"u"}`, ops: `{"path":"title","value":"t"}`, err: "400 invalidSyntax"},
	{name: "R7644-3.5.2-03 Operations must not be empty", before: `{"userName":"u"}`, ops: ``, err: "400 invalidSyntax"},
	{name: "R7644-3.5.2-10 each operation works on the result before", before: `{"userName":"u"}`, ops: `{"op":"add","path":"title","value":"a"},{"op":"replace","path":"title","value":"b"},{"op":"add","path":"nickName","value":"n"},{"op":"remove","path":"nickName"}`, want: `{"userName":"u","title":"b"}`},
	{name: "R7644-3.5.2-11 a failing operation fails them all", before: `{"userName":"u","title":"keep"}`, ops: `{"op":"replace","path":"title","value":"x"},{"op":"replace","path":"bogus","value":"x"}`, err: "400 invalidPath"},
	{name: "R7644-3.5.2-05 JSON pointers are no paths", before: `{"userName":"u"}`, ops: `{"op":"add","path":"/title","value":"t"}`, err: "400 invalidPath"},
	{name: "R7644-3.5.2-05 array indexes are no paths", before: `{"userName":"u"}`, ops: `{"op":"add","path":"emails[0]","value":"t"}`, err: "400 invalidFilter"},
	{name: "role values that are JSON text stay text (Q-30)", before: `{"userName":"u"}`, ops: `{"op":"Add","path":"roles","value":[{"value":"{\"id\":\"1\"}"}]}`, want: `{"userName":"u","roles":[{"value":"{\"id\":\"1\"}"}]}`},
	{name: "open extension members take any scalar", before: `{"userName":"u"}`, ops: `{"op":"add","path":"urn:scim:schemas:extension:custom:2.0:Shoe","value":44}`, want: `{"userName":"u","urn:scim:schemas:extension:custom:2.0":{"Shoe":44}}`},
	{name: "open extension members take no object", before: `{"userName":"u"}`, ops: `{"op":"add","path":"urn:scim:schemas:extension:custom:2.0:shoe","value":{"a":1}}`, err: "400 invalidValue"},
	{name: "R7643-2.1-02 open extension members are told apart without letter case", before: `{"userName":"u","urn:scim:schemas:extension:custom:2.0":{"shoe":44}}`, ops: `{"op":"add","path":"urn:scim:schemas:extension:custom:2.0:SHOE","value":45}`, want: `{"userName":"u","urn:scim:schemas:extension:custom:2.0":{"shoe":45}}`},
	{name: "a name that no attribute can have is refused in an open extension", before: `{"userName":"u"}`, ops: `{"op":"add","value":{"urn:scim:schemas:extension:custom:2.0":{"a b":1}}}`, err: "400 invalidValue"},
	{name: "rule 18: remove with an empty value list removes nothing", before: `{"userName":"u",` + ab + `}`, ops: `{"op":"remove","path":"emails","value":[]}`, want: `{"userName":"u",` + ab + `}`},
	{name: "R7644-3.5.2.3-10 null for a whole extension clears it, with a path and without", before: `{"userName":"u","` + e + `":{"department":"D"}}`, ops: `{"op":"replace","value":{"` + e + `":null}}`, want: `{"userName":"u"}`},
	{name: "replace of the last content of an element by nothing removes the element", before: `{"userName":"u","addresses":[{"type":"work","locality":"L"}]}`, ops: `{"op":"replace","path":"addresses[type eq \"work\"].locality","value":""}`, want: `{"userName":"u"}`},
	{name: "the core schema as a container of core attributes", before: `{"userName":"u"}`, ops: `{"op":"add","value":{"` + userURN + `":{"title":"t"}}}`, want: `{"userName":"u","title":"t"}`},
	{name: "LinkedObject is read-only", before: `{"userName":"u"}`, ops: `{"op":"add","path":"urn:ietf:params:scim:schemas:pam:1.0:LinkedObject:source","value":"x"}`, err: "400 mutability"},
}

func TestPatch(t *testing.T) {
	t.Parallel()
	for _, c := range patchCases {
		profiles := []string{"cyberark", "rfc7644"}
		if c.profile != "" {
			profiles = []string{c.profile}
		}
		for _, profile := range profiles {
			t.Run(profile+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				got, err := patchTree(t, testTenant(t, profile), c.before, c.ops)
				wantError(t, err, c.err)
				if c.err == "" && err == nil {
					sameJSON(t, got, c.want)
				}
			})
		}
	}
}

// patchTree applies operations to a tree as Service.Patch does, whole or not.
func patchTree(t testing.TB, tenant *Tenant, before, ops string) (*resource.Members, error) {
	t.Helper()
	rt := registry().Type("User")
	steps, err := compilePatch(tenant, rt, parse(t, `{"schemas":["`+urnPatchOp+`"],"Operations":[`+ops+`]}`))
	if err != nil {
		return nil, err
	}
	tree := parse(t, before)
	a := applier{shaper: newShaper(tenant, rt), call: &Call{Tenant: tenant}, rt: rt, ids: []string{"own"}, tree: tree}
	for i := range steps {
		if err := a.apply(&steps[i]); err != nil {
			return nil, err
		}
	}
	return tree, nil
}

func FuzzPatch(f *testing.F) {
	for _, c := range patchCases {
		f.Add(c.before, c.ops)
	}
	tenant := testTenant(f, "cyberark")
	rt := registry().Type("User")
	f.Fuzz(func(t *testing.T, before, ops string) {
		v, err := resource.Parse([]byte(before), resource.Limits{})
		if err != nil || v.Kind() != resource.Object {
			return
		}
		tree, err := newShaper(tenant, rt).body(v.Members())
		if err != nil {
			return
		}
		in, err := resource.Parse([]byte(`{"schemas":["`+urnPatchOp+`"],"Operations":[`+ops+`]}`), resource.Limits{})
		if err != nil {
			return
		}
		steps, err := compilePatch(tenant, rt, in.Members())
		if err != nil {
			wantClient(t, err)
			return
		}
		a := applier{shaper: newShaper(tenant, rt), call: &Call{Tenant: tenant}, rt: rt, ids: []string{"own"}, tree: tree}
		for i := range steps {
			if err := a.apply(&steps[i]); err != nil {
				wantClient(t, err)
				return
			}
		}
		// What a PATCH leaves behind is a resource that a POST would take as it is.
		again, err := newShaper(tenant, rt).body(tree)
		if err != nil {
			t.Fatalf("the result does not fit the schema: %v\n%s", err, resource.AppendJSON(nil, resource.Of(tree)))
		}
		if !resource.Of(again).Equal(resource.Of(tree)) {
			t.Fatalf("the result is not canonical:\n%s\n%s", resource.AppendJSON(nil, resource.Of(tree)), resource.AppendJSON(nil, resource.Of(again)))
		}
	})
}
