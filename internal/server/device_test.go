package server_test

import (
	"encoding/json"
	"testing"

	"github.com/scimd/scimd/internal/schema"
)

// Device is a made-up type with the characteristics that User lacks; Asset is an
// extension that it requires. Crate is a made-up type of the vault.
const (
	deviceURN = "urn:example:scim:schemas:2.0:Device"
	assetURN  = "urn:example:scim:schemas:2.0:Asset"
	crateURN  = "urn:example:scim:schemas:2.0:Crate"

	deviceSchema = `{"id":"` + deviceURN + `","name":"Device","description":"Made-up device.","attributes":[
		{"name":"serial","required":true,"caseExact":true,"uniqueness":"server","mutability":"immutable"},
		{"name":"tag","uniqueness":"global"},
		{"name":"secretHint","returned":"request"},
		{"name":"model","returned":"always"},
		{"name":"ports","type":"integer"},
		{"name":"weight","type":"decimal"},
		{"name":"built","type":"dateTime"},
		{"name":"aliases","multiValued":true},
		{"name":"origin","type":"complex","subAttributes":[
			{"name":"country","mutability":"immutable"},{"name":"city"},{"name":"depot","returned":"request"}]},
		{"name":"slots","type":"complex","multiValued":true,"subAttributes":[
			{"name":"value","mutability":"immutable","required":true},{"name":"size","type":"integer"}]}]}`
	assetSchema = `{"id":"` + assetURN + `","name":"Asset","description":"Made-up extension.","attributes":[
		{"name":"owner","required":true},{"name":"note"}]}`
	crateSchema = `{"id":"` + crateURN + `","name":"Crate","description":"Made-up crate.","attributes":[{"name":"label"}]}`
	deviceTypes = `[{"name":"Device","endpoint":"/Devices","description":"Made-up device.","schema":"` + deviceURN + `",
		"schemaExtensions":[{"schema":"` + assetURN + `","required":true}],"family":"users"},
		{"name":"Crate","endpoint":"/Crates","description":"Made-up crate.","schema":"` + crateURN + `","family":"vault"}]`
)

// deviceBody is a device with its required extension.
func deviceBody(members string) string {
	return withSchemas(members+`,"`+assetURN+`":{"owner":"o"}`, deviceURN, assetURN)
}

func (c *client) device(members string) string {
	c.Helper()
	return c.do("POST", "/Devices", deviceBody(members)).is(201).text("id")
}

func (c *client) patchDevice(id string, ops ...string) *answer {
	c.Helper()
	return c.do("PATCH", "/Devices/"+id, patchBody(ops...))
}

// devices checks the serials that a filter finds.
func (c *client) devices(filter string, serials ...string) {
	c.Helper()
	a := c.query("/Devices", "filter", filter).is(200).has("totalResults", len(serials))
	got := map[string]bool{}
	for _, s := range a.each("Resources", "serial") {
		got[s] = true
	}
	for _, s := range serials {
		if !got[s] {
			c.Errorf("%s finds %v, want %v", filter, got, serials)
		}
	}
}

// Names and nesting are judged when a schema is loaded.
func TestASchemaThatBreaksTheRFCIsRefused(t *testing.T) {
	t.Parallel()
	for name, attributes := range map[string]string{
		"R7643-2.1-03 a name that begins with a digit":  `{"name":"9x"}`,
		"R7643-2.1-03 a name with a blank":              `{"name":"a b"}`,
		"R7643-2.1-02 two names that differ in case":    `{"name":"a"},{"name":"A"}`,
		"R7643-2.3.8-02 a complex attribute in another": `{"name":"a","type":"complex","subAttributes":[{"name":"b","type":"complex"}]}`,
		"RFC 7643 §2.3 an unknown type":                 `{"name":"a","type":"money"}`,
	} {
		if _, err := schema.ParseSchema([]byte(`{"id":"urn:x","attributes":[`+attributes+`]}`), false); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	good := `{"id":"urn:x","attributes":[{"name":"a-b_c$1","type":"complex","subAttributes":[{"name":"$ref"}]}]}`
	if _, err := schema.ParseSchema([]byte(good), false); err != nil {
		t.Error(err)
	}
}

// deviceRows show that characteristics come from the schema alone.
var deviceRows = []row{
	{holds: "R7643-2.3.4-01 integers have neither fraction nor exponent, and 64 bits", show: func(c *client) {
		for _, bad := range []string{`1.5`, `1e2`, `1.0`, `"12"`, `true`, `9223372036854775808`} {
			c.do("POST", "/Devices", deviceBody(`"serial":"s","ports":`+bad)).refused(400, "invalidValue").mentions("ports")
		}
		for i, good := range []string{`12`, `-3`, `0`, `9223372036854775807`, `-9223372036854775808`} {
			id := c.device(`"serial":"s` + string(rune('a'+i)) + `","ports":` + good)
			c.do("GET", "/Devices/"+id, "").is(200).has("ports", json.Number(good))
		}
	}},
	{holds: "R7643-2.3.3-01 decimals keep their value", show: func(c *client) {
		id := c.device(`"serial":"s","weight":1.10`)
		c.do("GET", "/Devices/"+id, "").is(200)
		c.devices(`weight eq 1.1`, "s")
		c.patchDevice(id, `{"op":"replace","path":"weight","value":123456789012345678901234567890.5}`).is(200).
			has("weight", json.Number("123456789012345678901234567890.5"))
		c.patchDevice(id, `{"op":"replace","path":"weight","value":"1"}`).refused(400, "invalidValue")
	}},
	{holds: "R7643-2.3.5-02 what is no dateTime is refused", show: func(c *client) {
		for _, bad := range []string{`"2024-02-30T00:00:00Z"`, `"2024-01-01"`, `"now"`, `"2024-01-01T25:00:00Z"`, `1700000000`} {
			c.do("POST", "/Devices", deviceBody(`"serial":"s","built":`+bad)).refused(400, "invalidValue").mentions("built")
		}
		c.device(`"serial":"s","built":"2024-02-29T23:59:59.5+05:30"`)
	}},
	{holds: "R7644-3.4.2.2-09 R7644-3.4.2.3-07 dateTimes compare as instants", show: func(c *client) {
		c.device(`"serial":"z","built":"2024-01-01T00:00:00Z"`)
		c.device(`"serial":"india","built":"2024-01-01T05:30:00+05:30"`)
		c.device(`"serial":"late","built":"2024-01-01T00:00:00.001Z"`)
		c.devices(`built eq "2023-12-31T19:00:00-05:00"`, "z", "india")
		c.devices(`built gt "2024-01-01T00:00:00.000Z"`, "late")
		c.devices(`built le "2024-01-01T00:00:00Z"`, "z", "india")
		c.query("/Devices", "filter", `built eq "yesterday"`).refused(400, "invalidFilter")
		c.query("/Devices", "filter", `built co "2024"`).refused(400, "invalidFilter")
	}},
	{holds: "R7643-3.3-01 a required extension must come with what it requires", show: func(c *client) {
		c.do("POST", "/Devices", withSchemas(`"serial":"s"`, deviceURN)).refused(400, "invalidValue").mentions(assetURN)
		c.do("POST", "/Devices", withSchemas(`"serial":"s","`+assetURN+`":{"note":"n"}`, deviceURN)).refused(400, "invalidValue").mentions("owner")
		id := c.device(`"serial":"s"`)
		c.patchDevice(id, `{"op":"remove","path":"`+assetURN+`"}`).is(400)
		c.patchDevice(id, `{"op":"remove","path":"`+assetURN+`:owner"}`).refused(400, "mutability")
		c.do("PUT", "/Devices/"+id, withSchemas(`"serial":"s"`, deviceURN)).refused(400, "invalidValue")
		c.do("GET", "/Devices/"+id, "").is(200).has(assetURN+"/owner", "o")
	}},
	{holds: "R7643-7-06 R7644-3.5.1-05 an immutable attribute is set once and a PUT cannot change it", show: func(c *client) {
		id := c.device(`"serial":"s1","origin":{"city":"B"}`)
		path := "/Devices/" + id
		c.do("PUT", path, deviceBody(`"serial":"s2"`)).refused(400, "mutability").mentions("serial")
		c.do("PUT", path, deviceBody(`"serial":"s1","model":"m","origin":{"country":"DE"}`)).is(200).has("origin/country", "DE").has("model", "m")
		c.do("PUT", path, deviceBody(`"serial":"s1","origin":{"country":"FR"}`)).refused(400, "mutability").mentions("origin.country")
		c.do("GET", path, "").has("serial", "s1").has("origin/country", "DE")
	}},
	{holds: "R7644-3.5.2-16 Q-121 PATCH may set an immutable attribute while it is unassigned", show: func(c *client) {
		id := c.device(`"serial":"s"`)
		c.patchDevice(id, `{"op":"add","path":"origin.country","value":"DE"}`).is(200).has("origin/country", "DE")
		c.patchDevice(id, `{"op":"add","path":"origin.country","value":"DE"}`).is(200)
		for _, op := range []string{
			`{"op":"replace","path":"origin.country","value":"FR"}`, `{"op":"add","path":"origin","value":{"country":"FR"}}`,
			`{"op":"replace","value":{"origin":{"country":"FR"}}}`, `{"op":"remove","path":"origin.country"}`,
			`{"op":"replace","path":"serial","value":"t"}`, `{"op":"remove","path":"serial"}`,
		} {
			c.patchDevice(id, op).refused(400, "mutability")
		}
		c.do("GET", "/Devices/"+id, "").has("origin/country", "DE").has("serial", "s")
	}},
	{holds: "R7644-3.5.2-16 immutable sub-attributes of elements stay while elements come and go", show: func(c *client) {
		id := c.device(`"serial":"s","slots":[{"value":"a","size":1}]`)
		c.patchDevice(id, `{"op":"replace","path":"slots[value eq \"a\"].value","value":"b"}`).refused(400, "mutability")
		c.patchDevice(id, `{"op":"replace","path":"slots[value eq \"a\"].size","value":2}`, `{"op":"add","path":"slots","value":[{"value":"b"}]}`).is(200).
			has("slots", raw(`[{"value":"a","size":2},{"value":"b"}]`))
		c.patchDevice(id, `{"op":"remove","path":"slots[value eq \"a\"]"}`).is(200).has("slots", raw(`[{"value":"b"}]`))
		c.patchDevice(id, `{"op":"add","path":"slots","value":[{"size":3}]}`).refused(400, "invalidValue").mentions("value")
	}},
	{holds: "R7643-7-10 returned request shows on GET when named, and on writes that supply it", show: func(c *client) {
		a := c.do("POST", "/Devices", deviceBody(`"serial":"s","secretHint":"h"`)).is(201).has("secretHint", "h")
		path := "/Devices/" + a.text("id")
		c.do("GET", path, "").is(200).lacks("secretHint")
		c.query("/Devices").is(200).lacks("Resources/0/secretHint")
		c.do("GET", path+"?attributes=secretHint", "").is(200).has("secretHint", "h")
		c.do("PUT", path, deviceBody(`"serial":"s","secretHint":"i"`)).is(200).has("secretHint", "i")
		c.do("PATCH", path, patchBody(`{"op":"add","path":"model","value":"m"}`)).is(200).lacks("secretHint")
		c.do("PATCH", path, patchBody(`{"op":"replace","path":"secretHint","value":"j"}`)).is(200).has("secretHint", "j")
	}},
	{holds: "R7643-7-10 returned request holds for sub-attributes", show: func(c *client) {
		id := c.device(`"serial":"s","origin":{"city":"B","depot":"D"}`)
		c.do("GET", "/Devices/"+id, "").is(200).has("origin", raw(`{"city":"B"}`))
		c.do("GET", "/Devices/"+id+"?attributes=origin.depot", "").is(200).has("origin", raw(`{"depot":"D"}`))
	}},
	{holds: "R7643-7-08 returned always survives every projection", show: func(c *client) {
		id := c.device(`"serial":"s","model":"m"`)
		c.do("GET", "/Devices/"+id+"?attributes=serial", "").is(200).only("", "schemas", "id", "model", "serial")
		c.do("GET", "/Devices/"+id+"?excludedAttributes=model,id,schemas,serial", "").is(200).has("model", "m").has("id", id).lacks("serial")
	}},
	{holds: "R7643-7-12 R7643-7-13 Q-77 unique values are unique, with letter case as the attribute compares", show: func(c *client) {
		c.device(`"serial":"A","tag":"T"`)
		id := c.device(`"serial":"a"`)
		c.do("POST", "/Devices", deviceBody(`"serial":"A"`)).refused(409, "uniqueness").mentions("serial")
		c.do("POST", "/Devices", deviceBody(`"serial":"b","tag":"t"`)).refused(409, "uniqueness").mentions("tag")
		c.patchDevice(id, `{"op":"add","path":"tag","value":"t"}`).refused(409, "uniqueness")
		c.do("PUT", "/Devices/"+id, deviceBody(`"serial":"a","tag":"t"`)).refused(409, "uniqueness")
		c.do("GET", "/Devices/"+id, "").lacks("tag")
	}},
	{holds: "R7644-3.4.2.2-35 R7644-3.4.2.3-07 integers compare and sort as numbers", show: func(c *client) {
		for _, n := range []string{"10", "9", "-1", "100"} {
			c.device(`"serial":"p` + n + `","ports":` + n)
		}
		c.devices(`ports lt 10`, "p9", "p-1")
		c.devices(`ports ge 10.0`, "p10", "p100")
		c.devices(`ports eq 1e1`, "p10")
		c.devices(`not (ports gt -1)`, "p-1")
		c.query("/Devices", "filter", `ports eq "10"`).refused(400, "invalidFilter")
		c.query("/Devices", "filter", `ports co 1`).refused(400, "invalidFilter")
		got := c.query("/Devices", "sortBy", "ports", "sortOrder", "descending").is(200).each("Resources", "serial")
		for i, want := range []string{"p100", "p10", "p9", "p-1"} {
			if got[i] != want {
				c.Fatalf("order %v", got)
			}
		}
	}},
	{holds: "R7644-3.4.2.2-36 decimals compare as numbers", show: func(c *client) {
		c.device(`"serial":"a","weight":1.10`)
		c.device(`"serial":"b","weight":1.2e0`)
		for _, same := range []string{"1.1", "1.10", "11e-1", "0.11E+1"} {
			c.devices(`weight eq `+same, "a")
		}
		c.devices(`weight gt 1.1`, "b")
	}},
	{holds: "R7643-2.4-01 R7644-3.4.2.2-16 lists of plain texts are filtered, added to and removed from", show: func(c *client) {
		id := c.device(`"serial":"s","aliases":["One","two"]`)
		c.devices(`aliases eq "one"`, "s")
		c.devices(`aliases eq "three"`)
		c.patchDevice(id, `{"op":"add","path":"aliases","value":["two","three"]}`).is(200).has("aliases", raw(`["One","two","three"]`))
		c.patchDevice(id, `{"op":"remove","path":"aliases","value":["two"]}`).is(200).has("aliases", raw(`["One","three"]`))
		c.patchDevice(id, `{"op":"remove","path":"aliases"}`).is(200).lacks("aliases")
	}},
	{holds: "R7644-3.2-12 R7643-6-02 a type beside the standard ones has all operations", show: func(c *client) {
		id := c.device(`"serial":"s"`)
		c.do("GET", "/ResourceTypes/Device", "").is(200).has("endpoint", "/Devices").has("schemaExtensions", raw(`[{"schema":"`+assetURN+`","required":true}]`))
		c.do("GET", "/Schemas/"+deviceURN, "").is(200).has("id", deviceURN)
		c.do("POST", "/Devices/.search", searchBody(`"filter":"serial eq \"s\""`)).is(200).has("totalResults", 1).has("Resources/0/id", id)
		c.do("GET", "/Users/"+id, "").refused(404, "")
		c.do("DELETE", "/Devices/"+id, "").is(204)
	}},
}
