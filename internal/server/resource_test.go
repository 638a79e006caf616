package server_test

import (
	"strings"
	"testing"
	"time"
)

func parseTime(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatalf("%q is no dateTime: %v", text, err)
	}
	return at
}

// withSchemas is a user body with the URNs.
func withSchemas(members string, urns ...string) string {
	return `{"schemas":["` + strings.Join(urns, `","`) + `"],` + members + `}`
}

// resourceRows are about schemas, id, externalId and meta, RFC 7643 §3.
var resourceRows = []row{
	{holds: "R7643-3-01 R7643-3-04 a body without its schemas, or without the base URN, is refused", on: rfc7644, show: func(c *client) {
		c.do("POST", "/Users", `{"userName":"a"}`).refused(400, "invalidSyntax").mentions("schemas")
		c.do("POST", "/Users", `{"schemas":[],"userName":"a"}`).refused(400, "invalidSyntax")
		c.do("POST", "/Users", withSchemas(ada, enterpriseURN)).refused(400, "invalidValue").mentions(userURN)
		id := c.user(ada)
		c.do("PUT", "/Users/"+id, `{"userName":"a"}`).refused(400, "invalidSyntax")
		c.do("PATCH", "/Users/"+id, `{"Operations":[{"op":"add","path":"title","value":"t"}]}`).refused(400, "invalidSyntax")
		c.get(id).lacks("title")
	}},
	{holds: "R7643-3-01 a body without its schemas is taken as what the endpoint is about", on: cyberark, show: func(c *client) {
		id := c.do("POST", "/Users", `{"userName":"a"}`).is(201).has("schemas", raw(`["`+userURN+`"]`)).text("id")
		c.do("PUT", "/Users/"+id, `{"schemas":[],"userName":"a"}`).is(200)
		c.do("PATCH", "/Users/"+id, `{"Operations":[{"op":"add","path":"title","value":"t"}]}`).is(200).has("title", "t")
	}},
	{holds: "R7643-3-01 schemas must be texts in a list", show: func(c *client) {
		for _, v := range []string{`5`, `{}`, `[5]`, `[["a"]]`} {
			c.do("POST", "/Users", `{"schemas":`+v+`,"userName":"a"}`).refused(400, "invalidSyntax")
		}
	}},
	{holds: "R7643-3-02 a schema of another type is refused", on: rfc7644, show: func(c *client) {
		c.do("POST", "/Users", withSchemas(ada, userURN, deviceURN)).refused(400, "invalidValue").mentions(deviceURN)
	}},
	{holds: "R7643-3-02 Q-21 unknown and repeated URNs, and extensions without data, do no harm", show: func(c *client) {
		c.do("POST", "/Users", withSchemas(ada, userURN, userURN, enterpriseURN, "urn:okta:custom:1.0")).is(201).
			has("schemas", raw(`["`+userURN+`"]`))
	}},
	{holds: "R7643-3-03 R7643-4.3-01 the order of schemas is irrelevant and extensions stand under their URN", show: func(c *client) {
		id := c.do("POST", "/Users", withSchemas(ada+`,"`+enterpriseURN+`":{"department":"D"}`, enterpriseURN, userURN)).is(201).text("id")
		c.get(id).has(enterpriseURN+"/department", "D").has("schemas", raw(`["`+userURN+`","`+enterpriseURN+`"]`)).lacks("department")
	}},
	{holds: "R7643-3-05 an extension attribute at the top level never stays there", show: func(c *client) {
		c.get(c.user(ada+`,"costCenter":"C"`)).lacks("costCenter").has(enterpriseURN+"/costCenter", "C")
	}},
	{holds: "R7643-3-06 an extension object without its URN in schemas is taken and listed", show: func(c *client) {
		c.get(c.user(ada+`,"`+enterpriseURN+`":{"department":"D"}`)).
			has("schemas", raw(`["`+userURN+`","`+enterpriseURN+`"]`)).has(enterpriseURN+"/department", "D")
	}},
	{holds: "R7643-3-07 R7644-3.5.2-09 R7644-3.5.2.2-10 schemas lists an extension exactly while it has data", show: func(c *client) {
		id := c.user(ada + `,"` + enterpriseURN + `":{"department":null}`)
		c.get(id).has("schemas", raw(`["`+userURN+`"]`)).lacks(enterpriseURN)
		both := raw(`["` + userURN + `","` + enterpriseURN + `"]`)
		c.patch(id, `{"op":"add","path":"`+enterpriseURN+`:department","value":"D"}`).is(200).has("schemas", both)
		c.patch(id, `{"op":"remove","path":"`+enterpriseURN+`:department"}`).is(200).has("schemas", raw(`["`+userURN+`"]`)).lacks(enterpriseURN)
		c.patch(id, `{"op":"add","value":{"`+enterpriseURN+`":{"division":"X","department":"D"}}}`).is(200).has("schemas", both)
		c.patch(id, `{"op":"remove","path":"`+enterpriseURN+`"}`).is(200).has("schemas", raw(`["`+userURN+`"]`)).lacks(enterpriseURN)
	}},
	{holds: "R7643-3.1-01 R7644-3.6-04 Q-168 ids are unique and not given twice", show: func(c *client) {
		a, b := c.user(`"userName":"a"`), c.user(`"userName":"b"`)
		c.do("DELETE", "/Users/"+a, "").is(204)
		again := c.user(`"userName":"a"`)
		if a == b || a == again || b == again {
			c.Errorf("ids %s %s %s", a, b, again)
		}
		c.get(b).has("id", b)
	}},
	{holds: "R7643-3.1-02 R7643-3.1-11 R7644-3.3-04 rule-14 id, meta and groups of a create are ignored", show: func(c *client) {
		a := c.do("POST", "/Users", userBody(ada+`,"id":"mine","groups":[{"value":"g"}],"meta":{"resourceType":"Group","created":"2001-01-01T00:00:00Z","location":"https://evil.example"}`)).is(201).
			has("meta/resourceType", "User").lacks("groups")
		if a.text("id") == "mine" || strings.HasPrefix(a.text("meta/created"), "2001") || strings.Contains(string(a.body), "evil") {
			c.Errorf("taken over: %s", a.body)
		}
	}},
	{holds: "R7643-3.1-03 R7643-7-08 id is compared with letter case and always returned", on: rfc7644, set: []string{"caseExactIds=true"}, show: func(c *client) {
		id := c.user(ada)
		other := strings.ToUpper(id)
		for _, method := range []string{"GET", "DELETE"} {
			c.do(method, "/Users/"+other, "").refused(404, "")
		}
		c.do("PUT", "/Users/"+other, userBody(ada)).refused(404, "")
		c.do("PATCH", "/Users/"+other, patchBody(`{"op":"add","path":"title","value":"t"}`)).refused(404, "")
		c.do("GET", "/Users/"+id+"?attributes=userName", "").is(200).has("id", id)
	}},
	{holds: "R7643-3.1-04 externalId is the client's own, case exact and writable", show: func(c *client) {
		c.get(c.user(`"userName":"none"`)).lacks("externalId")
		id := c.user(ada + `,"externalId":"Ext-1"`)
		c.found(`externalId eq "Ext-1"`, "ada")
		c.found(`externalId eq "ext-1"`)
		c.patch(id, `{"op":"replace","path":"externalId","value":"Ext-2"}`).is(200).has("externalId", "Ext-2")
	}},
	{holds: "R7643-3.1-05 Q-152 externalId and addresses need not be unique", show: func(c *client) {
		c.user(`"userName":"a","externalId":"e","emails":[{"value":"same@x"}]`)
		c.user(`"userName":"b","externalId":"e","emails":[{"value":"same@x"}]`)
		c.found(`externalId eq "e"`, "a", "b")
		c.found(`emails.value eq "same@x"`, "a", "b")
	}},
	{holds: "R7643-3.1-06 R7644-3.3-09 meta.resourceType names the type with its letter case", show: func(c *client) {
		c.get(c.user(ada)).has("meta/resourceType", "User")
		c.found(`meta.resourceType eq "User"`, "ada")
		c.found(`meta.resourceType eq "user"`)
	}},
	{holds: "R7643-3.1-07 R7643-3.1-08 R7644-3.5.1-10 created stays, lastModified moves on with each change", show: func(c *client) {
		id := c.user(ada)
		a := c.get(id)
		created := a.text("meta/created")
		a.has("meta/lastModified", created)
		last := parseTime(c, created)
		for _, change := range []func() *answer{
			func() *answer { return c.patch(id, `{"op":"add","path":"title","value":"t"}`) },
			func() *answer { return c.put(id, ada+`,"title":"u","meta":{"created":"2001-01-01T00:00:00Z"}`) },
		} {
			now := parseTime(c, change().is(200).has("meta/created", created).text("meta/lastModified"))
			if !now.After(last) {
				c.Errorf("lastModified %v after %v", now, last)
			}
			last = now
		}
	}},
	{holds: "R7643-3.1-08 lastModified moves on even while the clock stands still", show: func(c *client) {
		at := time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.UTC)
		c.site.tenant.Now = func() time.Time { return at }
		id := c.do("POST", "/Users", userBody(ada)).is(201).has("meta/created", "2026-01-02T03:04:05.123456Z").text("id")
		c.patch(id, `{"op":"add","path":"title","value":"t"}`).is(200).has("meta/lastModified", "2026-01-02T03:04:05.123457Z")
		c.patch(id, `{"op":"add","path":"title","value":"u"}`).is(200).has("meta/lastModified", "2026-01-02T03:04:05.123458Z").
			has("meta/created", "2026-01-02T03:04:05.123456Z")
	}},
	{holds: "R7643-3.1-09 R7644-3.3-02 Q-133 Location and meta.location are the resource's address", show: func(c *client) {
		a := c.do("POST", "/Users", userBody(ada)).is(201)
		location := a.header.Get("Location")
		a.has("meta/location", location)
		if !strings.HasPrefix(location, c.site.url+"/Scim/v2/Users/") {
			c.Errorf("Location %s", location)
		}
		c.send("GET", location, "").is(200).has("id", a.text("id")).has("meta/location", location)
	}},
	{holds: "R7643-3.1-12 R7644-3.11-05 no id is a reserved word", show: func(c *client) {
		id := c.user(ada)
		if strings.Contains(strings.ToLower(id), "bulkid") || strings.EqualFold(id, "Me") {
			c.Errorf("id %s", id)
		}
		c.do("GET", "/Users/Me", "").refused(404, "")
	}},
}
