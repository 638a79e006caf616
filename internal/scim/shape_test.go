package scim

import (
	"context"
	"testing"

	"github.com/scimd/scimd/internal/resource"
)

// bodyCase is one POST body and the tree that becomes of it, schemas member
// aside, after quirks and required checks.
type bodyCase struct {
	name    string
	profile string // "" runs with both
	set     []string
	body    string
	want    string // or
	err     string
}

var bodyCases = []bodyCase{
	{name: "R7643-2.1-01 attribute names in any letter case", profile: "rfc7644", body: `{"SCHEMAS":["` + userURN + `"],"USERNAME":"u","NAME":{"givenname":"G"}}`, want: `{"userName":"u","name":{"givenName":"G"}}`},
	{name: "R7643-2.5-01 null, empty text and empty list are unassigned", profile: "rfc7644", body: `{` + sch + `,"userName":"u","title":null,"nickName":"","emails":[],"name":{}}`, want: `{"userName":"u"}`},
	{name: "null sub-attributes are dropped (Q-170)", profile: "rfc7644", body: `{` + sch + `,"userName":"u","addresses":[{"type":"work","streetAddress":null,"locality":"L"}]}`, want: `{"userName":"u","addresses":[{"type":"work","locality":"L"}]}`},
	{name: "R7643-2.3.2-02 a non-boolean for a boolean", body: `{` + sch + `,"userName":"u","active":"maybe"}`, err: "400 invalidValue"},
	{name: "R7643-2.3.2-02 a number for a boolean", body: `{` + sch + `,"userName":"u","active":1}`, err: "400 invalidValue"},
	{name: "R7643-2.3.2-01 text booleans are read", profile: "rfc7644", body: `{` + sch + `,"userName":"u","active":"False"}`, want: `{"userName":"u","active":false}`},
	{name: "text booleans can be switched off", set: []string{"textBooleans", "false"}, body: `{` + sch + `,"userName":"u","active":"False"}`, err: "400 invalidValue"},
	{name: "R7643-2.3.8-03 a text for a complex attribute", body: `{` + sch + `,"userName":"u","name":"x"}`, err: "400 invalidValue"},
	{name: "R7643-2.3.8-03 an object for a text", body: `{` + sch + `,"userName":"u","title":{}}`, want: "", err: ""},
	{name: "R7643-2.3.8-03 a filled object for a text", body: `{` + sch + `,"userName":"u","title":{"a":1}}`, err: "400 invalidValue"},
	{name: "R7644-3.3-13 a number for a text", body: `{` + sch + `,"userName":5}`, err: "400 invalidValue"},
	{name: "R7643-4.3-02 a number for employeeNumber", body: `{` + sch + `,"userName":"u","` + e + `":{"employeeNumber":7}}`, err: "400 invalidValue"},
	{name: "R7643-2.3.6-01 binary must be base64", body: `{` + sch + `,"userName":"u","x509Certificates":[{"value":"%%%"}]}`, err: "400 invalidValue"},
	{name: "R7643-2.3.6-01 base64 without padding is taken", profile: "rfc7644", body: `{` + sch + `,"userName":"u","x509Certificates":[{"value":"YWI"}]}`, want: `{"userName":"u","x509Certificates":[{"value":"YWI"}]}`},
	{name: "R7643-2.4-01 an object for a list", profile: "rfc7644", body: `{` + sch + `,"userName":"u","emails":{"value":"a@x"}}`, err: "400 invalidValue"},
	{name: "an object for a list is taken as a list of one", profile: "cyberark", set: []string{"emailDefaults", "false", "displayDefault", "false", "defaultActive", "false"}, body: `{` + sch + `,"userName":"u","emails":{"value":"a@x"}}`, want: `{"userName":"u","emails":[{"value":"a@x"}]}`},
	{name: "R7643-2.4-02 two primaries are refused", profile: "rfc7644", body: `{` + sch + `,"userName":"u","emails":[{"value":"a@x","primary":true},{"value":"b@x","primary":true}]}`, err: "400 invalidValue"},
	{name: "of two primaries the first stays (Q-88)", profile: "cyberark", set: []string{"emailDefaults", "false", "displayDefault", "false", "defaultActive", "false"}, body: `{` + sch + `,"userName":"u","emails":[{"value":"a@x","primary":true},{"value":"b@x","primary":true}]}`, want: `{"userName":"u","emails":[{"value":"a@x","primary":true},{"value":"b@x"}]}`},
	{name: "a second primary that says nothing else is no element", profile: "cyberark", set: []string{"emailDefaults", "false", "displayDefault", "false", "defaultActive", "false"}, body: `{` + sch + `,"userName":"u","emails":[{"value":"a@x","primary":true},{"primary":true}]}`, want: `{"userName":"u","emails":[{"value":"a@x","primary":true}]}`},
	{name: "R7643-2.4-04 the same type and value is stored once", profile: "rfc7644", body: `{` + sch + `,"userName":"u","emails":[{"value":"a@x"},{"value":"A@X"}]}`, want: `{"userName":"u","emails":[{"value":"a@x"}]}`},
	{name: "R7643-2.4-05 one value with two types is kept twice", profile: "rfc7644", body: `{` + sch + `,"userName":"u","emails":[{"value":"a@x","type":"work"},{"value":"a@x","type":"home"}]}`, want: `{"userName":"u","emails":[{"value":"a@x","type":"work"},{"value":"a@x","type":"home"}]}`},
	{name: "R7643-4.1.2-03 roles as texts", profile: "rfc7644", body: `{` + sch + `,"userName":"u","roles":["x"]}`, err: "400 invalidValue"},
	{name: "roles as one text are a list of one (Q-31)", profile: "cyberark", set: []string{"displayDefault", "false", "defaultActive", "false"}, body: `{` + sch + `,"userName":"u","roles":"x"}`, want: `{"userName":"u","roles":[{"value":"x"}]}`},
	{name: "manager as text (Q-14)", profile: "rfc7644", body: `{` + sch + `,"userName":"u","` + e + `":{"manager":"m"}}`, want: `{"userName":"u","` + e + `":{"manager":{"value":"m"}}}`},
	{name: "R7643-4.3-04 manager.displayName is ignored", profile: "rfc7644", body: `{` + sch + `,"userName":"u","` + e + `":{"manager":{"value":"m","displayName":"x","$ref":"y"}}}`, want: `{"userName":"u","` + e + `":{"manager":{"value":"m"}}}`},
	{name: "bare extension attributes reach the extension (rule 13)", profile: "rfc7644", body: `{` + sch + `,"userName":"u","department":"D","manager":"m"}`, want: `{"userName":"u","` + e + `":{"department":"D","manager":{"value":"m"}}}`},
	{name: "R7644-3.3-04 read-only attributes are ignored", profile: "rfc7644", body: `{` + sch + `,"userName":"u","id":"x","meta":{"created":"y"},"groups":[{"value":"g"}]}`, want: `{"userName":"u"}`},
	{name: "LinkedObject is ignored (Q-103)", profile: "rfc7644", body: `{` + sch + `,"userName":"u","urn:ietf:params:scim:schemas:pam:1.0:LinkedObject":{"source":"AD"}}`, want: `{"userName":"u"}`},
	{name: "R7644-3.3-11 unknown attributes and extensions are ignored", profile: "rfc7644", body: `{` + sch + `,"userName":"u","bogus":1,"urn:x:y":{"a":1},"name":{"bogus":1}}`, want: `{"userName":"u"}`},
	{name: "unknown attributes can be refused", profile: "rfc7644", set: []string{"unknownAttributes", "reject"}, body: `{` + sch + `,"userName":"u","bogus":1}`, err: "400 invalidSyntax"},
	{name: "unknown attributes can be kept", profile: "rfc7644", set: []string{"unknownAttributes", "keep"}, body: `{` + sch + `,"userName":"u","bogus":1}`, want: `{"userName":"u","bogus":1}`},
	{name: "R7643-2.4-04 a later duplicate may still say that it is primary", profile: "rfc7644", body: `{` + sch + `,"userName":"u","emails":[{"value":"a@x","type":"work"},{"value":"a@x","type":"work","primary":true}]}`, want: `{"userName":"u","emails":[{"value":"a@x","type":"work","primary":true}]}`},
	{name: "an address that differs only in what the tenant adds is stored once", profile: "cyberark", set: []string{"displayDefault", "false", "defaultActive", "false"}, body: `{"userName":"u","emails":[{"value":"a@x"},{"value":"a@x","type":"work"}]}`, want: `{"userName":"u","emails":[{"value":"a@x","type":"work","primary":true}]}`},
	{name: "custom attributes are kept as sent", profile: "rfc7644", body: `{` + sch + `,"userName":"u","urn:scim:schemas:extension:custom:2.0":{"shoe":44,"vip":true,"note":"n"}}`, want: `{"userName":"u","urn:scim:schemas:extension:custom:2.0":{"shoe":44,"vip":true,"note":"n"}}`},
	{name: "custom attributes take no object", body: `{` + sch + `,"userName":"u","urn:scim:schemas:extension:custom:2.0":{"shoe":{"a":1}}}`, err: "400 invalidValue"},
	{name: "R7643-4.1.1-01 userName is required", body: `{` + sch + `}`, err: "400 invalidValue"},
	{name: "R7643-4.1.1-01 userName must not be blank", body: `{` + sch + `,"userName":"  "}`, err: "400 invalidValue"},
	{name: "R7643-3-01 schemas must be given", profile: "rfc7644", body: `{"userName":"u"}`, err: "400 invalidSyntax"},
	{name: "R7643-3-04 schemas must hold the base schema", profile: "rfc7644", body: `{"schemas":["` + e + `"],"userName":"u"}`, err: "400 invalidValue"},
	{name: "R7643-3-01 schemas must be texts", body: `{"schemas":[1],"userName":"u"}`, err: "400 invalidSyntax"},
	{name: "unknown URNs in schemas are tolerated (Q-21)", profile: "rfc7644", body: `{"schemas":["` + userURN + `","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/User"],"userName":"u"}`, want: `{"userName":"u"}`},
	{name: "R7643-2.1-02 a name twice in different letter case", body: `{` + sch + `,"userName":"a","USERNAME":"b"}`, err: "400 invalidSyntax"},

	// The tenant's quirks, cyberark-scim section 8.
	{name: "a new user gets displayName, name.formatted and active", profile: "cyberark", body: `{"userName":"ada@corp.example","name":{"familyName":"Lovelace"}}`, want: `{"userName":"ada@corp.example","displayName":"ada","name":{"familyName":"Lovelace","formatted":"ada"},"active":true}`},
	{name: "a name.formatted that was sent stands for displayName", profile: "cyberark", body: `{"userName":"ada@corp.example","name":{"formatted":"Ada L."}}`, want: `{"userName":"ada@corp.example","displayName":"Ada L.","name":{"formatted":"Ada L."},"active":true}`},
	{name: "the first address becomes work and primary", profile: "cyberark", set: []string{"displayDefault", "false", "defaultActive", "false"}, body: `{"userName":"u","emails":[{"value":"a@x"},{"value":"b@x","type":"home"}]}`, want: `{"userName":"u","emails":[{"value":"a@x","type":"work","primary":true},{"value":"b@x","type":"home"}]}`},
	{name: "phone types of the documentation become those of the wire", profile: "cyberark", set: []string{"displayDefault", "false", "defaultActive", "false"}, body: `{"userName":"u","phoneNumbers":[{"value":"1","type":"mobileNumber"}]}`, want: `{"userName":"u","phoneNumbers":[{"value":"1","type":"mobile"}]}`},
	{name: "the suffix rule", profile: "cyberark", set: []string{"allowedSuffixes", "corp.example, other.example"}, body: `{"userName":"ada@elsewhere.example"}`, err: "400 invalidValue"},
	{name: "strict names", profile: "cyberark", set: []string{"strictNames", "true"}, body: `{"userName":"a*b@corp.example"}`, err: "400 invalidValue"},
	{name: "R7643-4.1.1-12 the RFC profile makes up no values", profile: "rfc7644", body: `{` + sch + `,"userName":"ada@corp.example"}`, want: `{"userName":"ada@corp.example"}`},
}

const (
	userURN = "urn:ietf:params:scim:schemas:core:2.0:User"
	sch     = `"schemas":["` + userURN + `"]`
)

func TestBody(t *testing.T) {
	t.Parallel()
	for _, c := range bodyCases {
		profiles := []string{"cyberark", "rfc7644"}
		if c.profile != "" {
			profiles = []string{c.profile}
		}
		for _, profile := range profiles {
			t.Run(profile+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				tree, err := bodyTree(testTenant(t, profile, c.set...), c.body)
				wantError(t, err, c.err)
				if err == nil && c.want != "" {
					tree.Delete("schemas")
					sameJSON(t, tree, c.want)
				}
			})
		}
	}
}

// bodyTree shapes and completes a POST body as Service.Create does.
func bodyTree(tenant *Tenant, body string) (*resource.Members, error) {
	rt := registry().Type("User")
	in, err := parseObject([]byte(body))
	if err != nil {
		return nil, err
	}
	s := NewService(nil)
	tree, _, err := s.shapeBody(context.Background(), &Call{Tenant: tenant}, rt, in)
	if err != nil {
		return nil, err
	}
	return tree, finish(tenant, rt, nil, tree)
}

func TestSchemasListsAnExtensionExactlyWhenItHasData(t *testing.T) {
	t.Parallel()
	// R7643-3-06, R7643-3-07
	for body, want := range map[string]string{
		`{` + sch + `,"userName":"u","` + e + `":{"department":"D"}}`:               `["` + userURN + `","` + e + `"]`,
		`{"schemas":["` + userURN + `","` + e + `"],"userName":"u"}`:                `["` + userURN + `"]`,
		`{"schemas":["` + e + `","` + userURN + `"],"userName":"u","` + e + `":{}}`: `["` + userURN + `"]`,
	} {
		tree, err := bodyTree(testTenant(t, "rfc7644"), body)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := tree.Get("schemas")
		if text := string(resource.AppendJSON(nil, got)); text != want {
			t.Errorf("%s: schemas is %s, want %s", body, text, want)
		}
	}
}
