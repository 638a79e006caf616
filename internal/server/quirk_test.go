package server_test

import (
	"strings"
	"time"
)

// quirkRows are the tenant's own ways with users. The ids are the sections of
// the notes on the tenant.
var quirkRows = []row{
	{holds: "tenant-8.3 tenant-6.1 a create is answered in the tenant's order of members", on: cyberark, show: func(c *client) {
		id, at := "1c9d0d3e-0000-4000-8000-0fee20015c9f", time.Date(2026, 1, 2, 3, 4, 5, 654321000, time.UTC)
		c.site.tenant.NewID, c.site.tenant.Now = fixedID(id), func() time.Time { return at }
		a := c.do("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"ada@corp.example","name":{"familyName":"Lovelace","givenName":"Ada"},"password":"Not-A-Real-1!","active":true}`).is(201)
		want := `{"userName":"ada@corp.example","name":{"familyName":"Lovelace","givenName":"Ada","formatted":"ada"},"active":true,"displayName":"ada",` +
			`"schemas":["` + userURN + `"],"id":"` + id + `","meta":{"resourceType":"User","created":"2026-01-02T03:04:05.654321Z","lastModified":"2026-01-02T03:04:05.654321Z",` +
			`"location":"` + c.site.url + `/Scim/v2/Users/` + id + `"}}`
		if string(a.body) != want {
			c.Errorf("got  %s\nwant %s", a.body, want)
		}
	}},
	{holds: "tenant-8.4 tenant-6.1 extensions stand after meta, in a read and in a list", on: cyberark, show: func(c *client) {
		id, at := "d9247427-0000-4000-8000-95205dcf82fb", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		c.site.tenant.NewID, c.site.tenant.Now = fixedID(id), func() time.Time { return at }
		c.do("POST", "/Users", `{"`+enterpriseURN+`":{"department":"D"},"userName":"ada@x","`+customURN+`":{"badge":"7"},"emails":[{"type":"work","primary":true,"value":"ada@x"}],"displayName":"Ada L"}`).is(201)
		want := `{"userName":"ada@x","emails":[{"type":"work","primary":true,"value":"ada@x"}],"displayName":"Ada L","name":{"formatted":"Ada L"},"active":true,` +
			`"schemas":["` + userURN + `","` + enterpriseURN + `","` + customURN + `"],"id":"` + id + `","meta":{"resourceType":"User","created":"2026-01-02T03:04:05Z",` +
			`"lastModified":"2026-01-02T03:04:05Z","location":"` + c.site.url + `/Scim/v2/Users/` + id + `"},"` + enterpriseURN + `":{"department":"D"},"` + customURN + `":{"badge":"7"}}`
		if got := string(c.get(id).body); got != want {
			c.Errorf("got  %s\nwant %s", got, want)
		}
		list := `{"schemas":["` + messages + `ListResponse"],"totalResults":1,"itemsPerPage":1,"startIndex":1,"Resources":[` + want + `]}`
		if got := string(c.query("/Users").body); got != list {
			c.Errorf("got  %s\nwant %s", got, list)
		}
	}},
	{holds: "tenant-8.3 displayName follows from userName, and name.formatted from displayName", on: cyberark, show: func(c *client) {
		c.get(c.user(`"userName":"ada@corp@x"`)).has("displayName", "ada").has("name", raw(`{"formatted":"ada"}`)).has("active", true)
		c.get(c.user(`"userName":"bob"`)).has("displayName", "bob")
		c.get(c.user(`"userName":"c@x","name":{"formatted":"Carl"}`)).has("displayName", "Carl").has("name/formatted", "Carl")
		c.get(c.user(`"userName":"d@x","displayName":"Dan","name":{"formatted":"Daniel","givenName":"D"}`)).has("displayName", "Dan").has("name/formatted", "Dan").has("name/givenName", "D")
	}},
	{holds: "tenant-6.6 tenant-18.3 a PATCH of name.formatted changes displayName with it", on: cyberark, show: func(c *client) {
		id := c.user(`"userName":"ada@x"`)
		c.patch(id, `{"op":"replace","value":{"name.formatted":"Ada L."}}`).is(200).has("name/formatted", "Ada L.").has("displayName", "Ada L.")
		c.patch(id, replace("displayName", `"A. L."`)).is(200).has("name/formatted", "A. L.")
		c.patch(id, replace("userName", `"other@x"`)).is(200).has("displayName", "A. L.")
	}},
	{holds: "tenant-6.7 tenant-19.25 a PUT keeps displayName and active and clears other names", on: cyberark, show: func(c *client) {
		id := c.user(`"userName":"ada@x","displayName":"Ada","name":{"givenName":"A","familyName":"L"},"active":false`)
		c.do("PUT", "/Users/"+id, `{"userName":"new@x","id":"`+id+`","schemas":["`+userURN+`"]}`).is(200).
			has("userName", "new@x").has("displayName", "Ada").has("name", raw(`{"formatted":"Ada"}`)).has("active", false)
		c.put(id, `"userName":"new@x","active":true,"displayName":"New"`).is(200).has("active", true).has("displayName", "New").has("name", raw(`{"formatted":"New"}`))
	}},
	{holds: "tenant-19.19 addresses get the type work, and the first is primary", on: cyberark, show: func(c *client) {
		c.get(c.user(`"userName":"a","emails":[{"value":"1@x"},{"value":"2@x","type":"home"}]`)).
			has("emails", raw(`[{"value":"1@x","type":"work","primary":true},{"value":"2@x","type":"home"}]`))
		c.get(c.user(`"userName":"b","emails":[{"value":"1@x","primary":false},{"value":"2@x","primary":true}]`)).has("emails/0/primary", false).has("emails/1/primary", true)
	}},
	{holds: "tenant-19.20 the documentation's names of telephone types stand for those on the wire", on: cyberark, show: func(c *client) {
		c.get(c.user(`"userName":"a","phoneNumbers":[{"type":"officeNumber","value":"1"},{"type":"MobileNumber","value":"2"},{"type":"homeNumber","value":"3"},{"type":"fax","value":"4"}]`)).
			has("phoneNumbers", raw(`[{"type":"work","value":"1"},{"type":"mobile","value":"2"},{"type":"home","value":"3"},{"type":"fax","value":"4"}]`))
	}},
	{holds: "tenant-7 a missing user is named in the tenant's words", on: cyberark, show: func(c *client) {
		for _, method := range []string{"GET", "DELETE"} {
			a := c.do(method, "/Users/0f6e-x", "").refused(404, "").has("detail", "Resource 0f6e-x not found")
			if want := `{"schemas":["` + messages + `Error"],"status":"404","detail":"Resource 0f6e-x not found"}`; string(a.body) != want {
				c.Errorf("got  %s\nwant %s", a.body, want)
			}
		}
	}},
	{holds: "tenant-16 ids are found in any letter case", on: cyberark, show: func(c *client) {
		id := c.user(ada)
		c.do("GET", "/Users/"+strings.ToUpper(id), "").is(200).has("id", id)
		c.patch(strings.ToUpper(id), add("title", `"t"`)).is(200).has("id", id)
		c.do("DELETE", "/Users/"+strings.ToUpper(id), "").is(204)
	}},
	{holds: "tenant-6.3 literals may stand in single quotes", on: cyberark, show: func(c *client) {
		c.users("test")
		c.found(`username eq 'test'`, "test")
	}},
	{holds: "tenant-6.8 tenant-18.6 stamps have no zeros at the end of their fraction", show: func(c *client) {
		for text, at := range map[string]time.Time{
			"2026-01-02T03:04:05Z":        time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			"2026-01-02T03:04:05.5Z":      time.Date(2026, 1, 2, 3, 4, 5, 500_000_000, time.UTC),
			"2026-01-02T03:04:05.402255Z": time.Date(2026, 1, 2, 3, 4, 5, 402_255_900, time.UTC),
			"2026-01-01T21:34:05.1Z":      time.Date(2026, 1, 2, 3, 4, 5, 100_000_000, india),
		} {
			c.site.tenant.Now = func() time.Time { return at }
			c.do("POST", "/Users", userBody(`"userName":"`+text+`"`)).is(201).has("meta/created", text).has("meta/lastModified", text).lacks("meta/version")
		}
	}},
}
