package server_test

import "strings"

// replaceRows are about PUT (RFC 7644 §3.5.1).
var replaceRows = []row{
	{holds: "R7644-3.5.1-01 R7644-3.5.1-02 a PUT answers 200 with the whole resource and the new values", show: func(c *client) {
		id := c.user(fullUser)
		a := c.put(id, `"userName":"ada2","title":"new","emails":[{"value":"n@x","type":"work"}]`).is(200).
			has("id", id).has("userName", "ada2").has("title", "new").has("emails/0/value", "n@x").has("meta/resourceType", "User")
		if got := c.get(id); string(got.body) != string(a.body) {
			c.Errorf("answered %s\nread     %s", a.body, got.body)
		}
	}},
	{holds: "R7644-3.5.1-03 rule-14 what a PUT leaves out is cleared", on: rfc7644, show: func(c *client) {
		id := c.user(fullUser + `,"externalId":"e"`)
		c.put(id, ada).is(200).only("", "schemas", "id", "userName", "meta").has("schemas", raw(`["`+userURN+`"]`))
	}},
	{holds: "R7644-3.5.1-03 tenant-19.25 Q-88 a PUT clears all but displayName and active", on: cyberark, show: func(c *client) {
		id := c.user(fullUser + `,"externalId":"e"`)
		c.put(id, ada).is(200).only("", "schemas", "id", "userName", "meta", "displayName", "active", "name").
			has("displayName", "Ada").has("active", true).has("name", raw(`{"formatted":"Ada"}`))
	}},
	{holds: "R7644-3.5.1-04 R7643-3.1-11 rule-14 Q-62 read-only values are ignored, another id too", show: func(c *client) {
		id := c.user(ada)
		before := c.get(id)
		c.put(id, ada+`,"id":"other","groups":[{"value":"g"}],"meta":{"created":"2001-01-01T00:00:00Z","resourceType":"X","version":"9"}`).is(200).
			has("id", id).has("meta/created", before.text("meta/created")).has("meta/resourceType", "User").lacks("groups")
	}},
	{holds: "R7644-3.5.1-06 R7644-3.5.1-12 a refused PUT changes nothing", show: func(c *client) {
		id := c.user(fullUser)
		before := c.get(id)
		for _, members := range []string{`"title":"x"`, `"userName":""`, `"userName":null,"title":"x"`, ada + `,"active":"maybe"`, ada + `,"name":"x"`} {
			c.put(id, members).refused(400, "invalidValue")
		}
		c.do("PUT", "/Users/"+id, `{`).refused(400, "invalidSyntax")
		if got := c.get(id); string(got.body) != string(before.body) {
			c.Errorf("before %s\nafter  %s", before.body, got.body)
		}
	}},
	{holds: "R7644-3.5.1-07 null and the empty list clear", show: func(c *client) {
		id := c.user(fullUser)
		c.put(id, ada+`,"title":null,"emails":[],"name":null,"`+enterpriseURN+`":null`).is(200).lacks("title", "emails", "name/givenName", enterpriseURN)
	}},
	{holds: "R7644-3.5.1-08 Q-77 Q-76 a taken userName is 409, the own one in other letter case is not", show: func(c *client) {
		c.users("bob")
		id := c.user(ada)
		c.put(id, `"userName":"BOB"`).refused(409, "uniqueness").mentions("userName")
		c.get(id).has("userName", "ada")
		c.put(id, `"userName":"ADA"`).is(200).has("userName", "ADA")
		c.put(id, `"userName":"ada2"`).is(200).has("id", id)
		c.users("ada")
	}},
	{holds: "R7644-3.5.1-10 the same content moves neither version nor time", show: func(c *client) {
		id := c.user(fullUser)
		before := c.get(id)
		c.put(id, fullUser).is(200).has("meta/lastModified", before.text("meta/lastModified"))
		if got := c.get(id); string(got.body) != string(before.body) {
			c.Errorf("before %s\nafter  %s", before.body, got.body)
		}
	}},
	{holds: "R7644-3.2-02 R7644-3.12-07 a PUT never creates", show: func(c *client) {
		c.put("unknown-id", ada).refused(404, "")
		c.listed(nil)
	}},
	{holds: "Q-63 Q-64 Q-65 active goes both ways by PUT and by PATCH", show: func(c *client) {
		id := c.user(ada + `,"active":true,"title":"t"`)
		for _, v := range []string{"false", "true"} {
			want := v == "true"
			c.put(id, ada+`,"title":"t","active":`+v).is(200).has("active", want).has("title", "t")
			c.get(id).has("active", want)
			c.patch(id, `{"op":"replace","value":{"active":`+v+`}}`).is(200).has("active", want)
			c.patch(id, `{"op":"replace","path":"active","value":"`+strings.ToUpper(v)+`"}`).is(200).has("active", want).has("title", "t")
		}
	}},
	{holds: "Q-130 externalId is writable as declared", show: func(c *client) {
		id := c.user(ada + `,"externalId":"a"`)
		c.put(id, ada+`,"externalId":"b"`).is(200).has("externalId", "b")
		c.found(`externalId eq "a"`)
	}},
}

// deleteRows are about DELETE (RFC 7644 §3.6).
var deleteRows = []row{
	{holds: "R7644-3.6-01 rule-20 a delete answers 204 without a body", show: func(c *client) {
		c.do("DELETE", "/Users/"+c.user(ada), "").is(204)
	}},
	{holds: "R7644-3.6-02 rule-20 afterwards every operation answers 404", show: func(c *client) {
		id := c.user(ada)
		c.do("DELETE", "/Users/"+id, "").is(204)
		c.do("GET", "/Users/"+id, "").refused(404, "")
		c.put(id, ada).refused(404, "")
		c.patch(id, `{"op":"add","path":"title","value":"t"}`).refused(404, "")
		c.do("DELETE", "/Users/"+id, "").refused(404, "")
	}},
	{holds: "R7644-3.6-03 a deleted user is found nowhere", show: func(c *client) {
		c.users("bob")
		id := c.user(fullUser)
		c.do("DELETE", "/Users/"+id, "").is(204)
		c.listed(nil, "bob").has("totalResults", 1)
		for _, f := range []string{`userName eq "ada"`, `emails.value eq "a@x"`, `id eq "` + id + `"`, enterpriseURN + `:department eq "D"`} {
			c.found(f)
		}
		c.do("POST", "/Users/.search", searchBody(`"filter":"title pr"`)).has("totalResults", 0)
	}},
	{holds: "R7644-3.6-04 Q-168 a deleted user's name is free", show: func(c *client) {
		id := c.user(ada)
		c.do("DELETE", "/Users/"+id, "").is(204)
		if again := c.user(`"userName":"ADA"`); again == id {
			c.Error("the id came back")
		}
	}},
	{holds: "R7644-3.6-07 collections and discovery are not deleted", show: func(c *client) {
		for _, path := range []string{"/Users", "/Schemas", "/ServiceProviderConfig", "/ResourceTypes/User", "/Schemas/" + userURN} {
			c.do("DELETE", path, "").refused(405, "")
		}
	}},
	{holds: "R7644-3.14-06 without entity tags conditions are ignored", show: func(c *client) {
		c.do("GET", "/ServiceProviderConfig", "").has("etag/supported", false)
		a := c.do("POST", "/Users", userBody(ada)).is(201).lacks("meta/version")
		if a.header.Get("ETag") != "" {
			c.Error("an ETag")
		}
		path := "/Users/" + a.text("id")
		c.do("GET", path, "", `If-None-Match: *`).is(200)
		c.do("PUT", path, userBody(ada+`,"title":"t"`), `If-Match: W/"stale"`).is(200)
		c.do("DELETE", path, "", `If-Match: "stale"`).is(204)
	}},
}
