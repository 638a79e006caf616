package resource

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
)

// userDocument is a stored user of usual size with both extensions.
var userDocument = strings.NewReplacer("\n", "", "\t", "").Replace(`{
	"externalId":"00u1a2b3c4d5e6f7g8h9",
	"userName":"zoe.example@corp.example",
	"name":{"formatted":"Dr. Zoë Maria Example","familyName":"Example","givenName":"Zoë","middleName":"Maria","honorificPrefix":"Dr."},
	"displayName":"Zoë Example",
	"nickName":"zoe",
	"profileUrl":"https://people.corp.example/zoe",
	"title":"Senior Engineer \"Vaults\"",
	"userType":"Employee",
	"preferredLanguage":"de-DE",
	"locale":"de-DE",
	"timezone":"Europe/Berlin",
	"active":true,
	"emails":[{"value":"zoe.example@corp.example","type":"work","primary":true},{"value":"zoe@home.example","type":"home"}],
	"phoneNumbers":[{"value":"+49 30 1234567","type":"work"},{"value":"+49 170 1234567","type":"mobile"},{"value":"+49 30 7654321","type":"fax"}],
	"ims":[{"value":"zoe.example","type":"xmpp"}],
	"photos":[{"value":"https://photos.corp.example/profilephoto/72930000000Ccne/F","type":"photo"},{"value":"https://photos.corp.example/profilephoto/72930000000Ccne/T","type":"thumbnail"}],
	"addresses":[{"type":"work","streetAddress":"100 Example Avenue","locality":"Berlin","region":"BE","postalCode":"10115","country":"DE","formatted":"100 Example Avenue\nBerlin 10115","primary":true},
	{"type":"home","streetAddress":"456 Sample Street","locality":"Potsdam","region":"BB","postalCode":"14467","country":"DE","formatted":"456 Sample Street\nPotsdam 14467"}],
	"entitlements":[{"value":"vault-reader"},{"value":"vault-writer"}],
	"roles":[{"value":"engineer","primary":true}],
	"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User","urn:example:custom:2.0:User"],
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"701984","costCenter":"4130","organization":"Example Corp","division":"Security","department":"Engineering","manager":{"value":"26118915-6090-4610-87e4-49d8ca9f808d","displayName":"John Smith"}},
	"urn:example:custom:2.0:User":{"badge":4711,"contractor":false}}`)

const (
	userID        = "2819c223-7f76-453a-919d-413861904646"
	groups        = `"groups":[{"value":"e9e30dba","display":"Vault Admins"},{"value":"fc348aa8","display":"Auditors"}],`
	usersURL      = "https://tenant.example/Scim/v2/Users"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

var userMeta = Meta{
	ResourceType: "User", Collection: usersURL,
	Created:  time.Date(2026, 1, 2, 3, 4, 5, 654_321_000, time.UTC),
	Modified: time.Date(2026, 1, 2, 4, 4, 6, 500_000_000, time.FixedZone("", 3600)),
}

func members(t testing.TB, text string) *Members {
	t.Helper()
	m, err := ParseObject([]byte(text), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func userWire(t testing.TB) []byte {
	t.Helper()
	doc, cut := Encode(members(t, userDocument))
	return AppendResource(nil, doc, cut, userID, []byte(groups), userMeta)
}

func TestEncodePutsSchemasBetweenCoreMembersAndExtensions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, doc string }{
		{`{"schemas":["u"]}`, `{"schemas":["u"]}`},
		{`{}`, `{"schemas":[]}`},
		{`{"schemas":["u"],"b":1,"a":"x"}`, `{"b":1,"a":"x","schemas":["u"]}`},
		{`{"urn:y":{"k":1},"b":1,"urn:x":{},"schemas":["u","urn:y"],"a":{"urn:x":1}}`, `{"b":1,"a":{"urn:x":1},"schemas":["u","urn:y"],"urn:y":{"k":1},"urn:x":{}}`},
		{`{"a":"\"schemas\":","schemas":[]}`, `{"a":"\"schemas\":","schemas":[]}`},
	} {
		doc, cut := Encode(members(t, c.body))
		if string(doc) != c.doc {
			t.Errorf("%s was encoded as %s, want %s", c.body, doc, c.doc)
		}
		if !strings.HasPrefix(string(doc[cut:]), `"schemas":[`) {
			t.Errorf("%s is not cut at schemas: %d", doc, cut)
		}
		back, err := Decode(doc)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := Encode(back); string(again) != c.doc {
			t.Errorf("%s came back as %s", c.doc, again)
		}
	}
	if doc, cut := Encode(nil); string(doc) != `{"schemas":[]}` || cut != 1 {
		t.Errorf("an empty body is encoded as %s, %d", doc, cut)
	}
}

func TestABrokenStoredDocumentIsNoMistakeOfTheClient(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{``, `[]`, `{"a":1`} {
		_, err := Decode([]byte(doc))
		if err == nil || scimerr.From(err).Status != 500 {
			t.Errorf("%q: %v", doc, err)
		}
	}
	if _, err := Decode(wideObject(5000)); err != nil {
		t.Errorf("limits for clients hold for stored documents: %v", err)
	}
}

// R7643-3.1-06, R7643-3.1-09, R7643-3.1-10, R7644-3.9-05
func TestAppendResourceSplicesIDMetaAndDerivedMembers(t *testing.T) {
	t.Parallel()
	const meta = `"meta":{"resourceType":"User","created":"2026-01-02T03:04:05.654321Z","lastModified":"2026-01-02T03:04:06.5Z","location":"` + usersURL + `/7"`
	versioned := userMeta
	versioned.Version = `W/"3"`
	for _, c := range []struct {
		body, derived string
		m             Meta
		want          string
	}{
		{`{"userName":"x","schemas":["u"]}`, "", userMeta, `{"userName":"x","schemas":["u"],"id":"7",` + meta + `}}`},
		{`{"schemas":["u"]}`, `"groups":[],`, userMeta, `{"groups":[],"schemas":["u"],"id":"7",` + meta + `}}`},
		{`{"userName":"x","schemas":["u","urn:x"],"urn:x":{"a":[1]}}`, `"groups":[],"x":1,`, versioned,
			`{"userName":"x","groups":[],"x":1,"schemas":["u","urn:x"],"id":"7",` + meta + `,"version":"W/\"3\""},"urn:x":{"a":[1]}}`},
		{`{"schemas":["u"]}`, "", Meta{ResourceType: "User"}, `{"schemas":["u"],"id":"7","meta":{"resourceType":"User"}}`},
	} {
		doc, cut := Encode(members(t, c.body))
		if got := string(AppendResource([]byte("> "), doc, cut, "7", []byte(c.derived), c.m)); got != "> "+c.want {
			t.Errorf("%s\n got %s\nwant > %s", c.body, got, c.want)
		}
	}
}

// R7643-2.3.5-01, R7643-3.1-07, R7643-3.1-09
func TestMetaIsValidWhateverTheValuesAre(t *testing.T) {
	t.Parallel()
	doc, cut := Encode(nil)
	for _, id := range []string{"7", "HR Win:jo@corp", `a"b\c`, "100%/x?y#z", "Zoë", "a;b,c", "..", "\x01"} {
		for _, at := range []time.Time{time.Unix(0, 0), time.Unix(1700000000, 1000), time.Unix(1700000000, 123456700), time.Unix(1700000000, 999_999_999)} {
			m := Meta{ResourceType: "User", Created: at, Modified: at, Collection: `https://a"b\c/Users`, Version: `W/"é"`}
			var got struct {
				ID   string
				Meta struct {
					Created, LastModified time.Time
					Location, Version     string
				}
			}
			wire := AppendResource(nil, doc, cut, id, nil, m)
			if err := json.Unmarshal(wire, &got); err != nil {
				t.Fatalf("%s: %v", wire, err)
			}
			want := at.Truncate(100 * time.Nanosecond)
			if !got.Meta.Created.Equal(want) || !got.Meta.LastModified.Equal(want) || got.ID != id || got.Meta.Version != m.Version {
				t.Errorf("%q at %v became %s", id, at, wire)
			}
			segment, ok := strings.CutPrefix(got.Meta.Location, m.Collection+"/")
			if back, err := url.PathUnescape(segment); !ok || err != nil || back != id || strings.ContainsAny(segment, "/?# ") {
				t.Errorf("%q is located at %s", id, got.Meta.Location)
			}
		}
	}
}

func TestColonsAndAtSignsStayInEscapedIDsAndBlanksBecomePercent20(t *testing.T) {
	t.Parallel()
	if got := string(AppendEscapedID([]byte("/"), "HR Win:jo@corp.example")); got != "/HR%20Win:jo@corp.example" {
		t.Errorf("got %s", got)
	}
}

func TestInsertIntoAppendsMembersToTheObjectAtThePath(t *testing.T) {
	t.Parallel()
	const ref = `"$ref":"x"`
	for _, c := range []struct {
		wire, path, want string
	}{
		{`{"urn:e":{"manager":{"value":"1"}}}`, "urn:e manager", `{"urn:e":{"manager":{"value":"1","$ref":"x"}}}`},
		{`{"urn:e":{"manager":{}},"z":1}`, "urn:e manager", `{"urn:e":{"manager":{"$ref":"x"}},"z":1}`},
		{`{"a":{"b":"}{"},"c":{}}`, "a", `{"a":{"b":"}{","$ref":"x"},"c":{}}`},
		{`{"a":1}`, "", `{"a":1,"$ref":"x"}`},
		{`{}`, "", `{"$ref":"x"}`},
		{`{"urn:e":{"department":"d"}}`, "urn:e manager", `{"urn:e":{"department":"d"}}`},
		{`{"manager":{"value":"1"}}`, "urn:e manager", `{"manager":{"value":"1"}}`},
		{`{"urn:e":{"manager":"1"}}`, "urn:e manager", `{"urn:e":{"manager":"1"}}`},
		{`{"urn:e":{"manager":[{}]}}`, "urn:e manager", `{"urn:e":{"manager":[{}]}}`},
		{`{"urn:e":[{"manager":{}}]}`, "urn:e manager", `{"urn:e":[{"manager":{}}]}`},
		{`[]`, "", `[]`},
		{``, "a", ``},
	} {
		if got := string(InsertInto([]byte(">"), []byte(c.wire), strings.Fields(c.path), []byte(ref))); got != ">"+c.want {
			t.Errorf("%s at %q became %s, want >%s", c.wire, c.path, got, c.want)
		}
	}
	if got := string(InsertInto(nil, []byte(`{"a":{}}`), []string{"a"}, nil)); got != `{"a":{}}` {
		t.Errorf("inserting nothing gave %s", got)
	}
}

// Reads allocate nothing but what the caller keeps. Not parallel: allocations
// are counted for the whole process.
func TestReadsDoNotAllocate(t *testing.T) {
	doc, cut := Encode(members(t, userDocument))
	wire := userWire(t)
	buf := make([]byte, 0, 2*len(wire))
	ref := []byte(`"$ref":"` + usersURL + `/26118915"`)
	path := []string{enterpriseURN, "manager"}
	for name, read := range map[string]func(){
		"splice":     func() { AppendResource(buf, doc, cut, userID, []byte(groups), userMeta) },
		"insert":     func() { InsertInto(buf, wire, path, ref) },
		"keep two":   func() { keepTwo.Append(buf, wire) },
		"drop one":   func() { dropOne.Append(buf, wire) },
		"get":        func() { Get(wire, enterpriseURN, "manager", "value") },
		"URN nested": func() { managerOnly.Append(buf, wire) },
	} {
		if n := testing.AllocsPerRun(100, read); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
