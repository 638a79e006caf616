package server_test

import "strings"

// mediaRows are about bodies and their types (RFC 7644 §3.8).
var mediaRows = []row{
	{holds: "R7644-3.8-02 R7644-3.8-03 R7644-3.8-04 R7644-3.8-05 rule-01 Q-02 Accept chooses the type of the answer", show: func(c *client) {
		id := c.user(ada)
		const scimJSON, plain = "application/scim+json", "application/json"
		for _, x := range []struct{ accept, want string }{
			{"-", scimJSON},
			{"*/*", scimJSON},
			{"application/*", scimJSON},
			{"application/scim+json", scimJSON},
			{"application/json", plain},
			{"Application/JSON; charset=utf-8", plain},
			{"application/json, text/plain, */*", scimJSON},
			{"application/json, application/scim+json", scimJSON},
			{"text/html, application/json;q=0.9", plain},
			{"application/json, application/scim+json;q=0", plain},
			{"application/json, */*;q=0", plain},
			{"text/html, application/xhtml+xml, */*;q=0.8", scimJSON},
		} {
			for _, path := range []string{"/Users/" + id, "/Users", "/Schemas", "/Users/none"} {
				if got := c.do("GET", path, "", "Accept: "+x.accept).header.Get("Content-Type"); got != x.want {
					c.Errorf("GET %s with Accept %s: %s, want %s", path, x.accept, got, x.want)
				}
			}
		}
		for _, accept := range []string{"text/xml", "text/html, image/*", "*/*;q=0", "application/scim+json;q=0, application/json;q=0"} {
			if got := c.do("GET", "/Users/"+id, "", "Accept: "+accept).refused(406, "").header.Get("Content-Type"); got != scimJSON {
				c.Errorf("406 of type %s", got)
			}
		}
	}},
	{holds: "R7644-3.8-05 what cannot be answered is not done either", show: func(c *client) {
		c.do("POST", "/Users", userBody(ada), "Accept: text/xml").refused(406, "")
		c.listed(nil)
	}},
	{holds: "R7644-3.8-07 rule-01 Q-122 Q-123 Q-128 SCIM and plain JSON are taken, with parameters or without a type", show: func(c *client) {
		for i, media := range []string{
			"application/scim+json", "application/json", "application/json; charset=utf-8", "Application/SCIM+JSON;charset=UTF-8",
			"application/json; odata.metadata=minimal", "application/json;charset=\"utf-8\"", "-",
		} {
			c.do("POST", "/Users", userBody(`"userName":"u`+string(rune('a'+i))+`"`), "Content-Type: -", "Content-Type: "+media).is(201)
		}
	}},
	{holds: "R7644-3.8-06 R7644-3.8-07 other types, other character sets and compressed bodies get 415", show: func(c *client) {
		id := c.user(ada)
		for _, h := range []string{
			"Content-Type: text/plain", "Content-Type: application/xml", "Content-Type: application/x-www-form-urlencoded", "Content-Type: nonsense",
			"Content-Type: application/json; charset=iso-8859-1", "Content-Type: application/scim+json; charset=utf-16",
			"Content-Encoding: gzip", "Content-Encoding: br",
		} {
			headers := []string{h}
			if strings.HasPrefix(h, "Content-Type") {
				headers = []string{"Content-Type: -", h}
			}
			c.do("POST", "/Users", userBody(`"userName":"b"`), headers...).refused(415, "")
			c.do("PUT", "/Users/"+id, userBody(ada), headers...).refused(415, "")
			c.do("PATCH", "/Users/"+id, patchBody(`{"op":"add","path":"title","value":"t"}`), headers...).refused(415, "")
			c.do("POST", "/Users/.search", searchBody(`"count":1`), headers...).refused(415, "")
		}
		c.do("POST", "/Users", userBody(`"userName":"b"`), "Content-Encoding: identity").is(201)
	}},
	{holds: "Q-101 Q-144 R7644-3.6-06 the type and body of a GET or DELETE are ignored", show: func(c *client) {
		id := c.user(ada)
		c.do("GET", "/Users/"+id, "", "Content-Type: application/json").is(200)
		c.do("GET", "/Users/"+id, `nonsense`, "Content-Type: -", "Content-Type: text/plain").is(200)
		c.do("DELETE", "/Users/"+id, `{"a":`, "Content-Type: -", "Content-Type: text/xml").is(204)
	}},
	{holds: "R7644-3.8-08 R7644-3.12-13 what is no JSON is invalidSyntax", show: func(c *client) {
		id := c.user(ada)
		for _, body := range []string{
			`{`, `{}{}`, `{} x`, "\ufeff" + userBody(`"userName":"b"`), "{\"userName\":\"\xff\"}", `{"userName":"\ud800"}`, `{'userName':'b'}`,
			`{"userName":"b",}`, `{"userName":01}`, `{"a":NaN}`, "{\"a\":\"\x01\"}", ` `,
		} {
			c.do("POST", "/Users", body).refused(400, "invalidSyntax")
			c.do("PUT", "/Users/"+id, body).refused(400, "invalidSyntax")
			c.do("PATCH", "/Users/"+id, body).refused(400, "invalidSyntax")
			c.do("POST", "/Users/.search", body).refused(400, "invalidSyntax")
		}
		c.do("POST", "/Users", "").refused(400, "invalidSyntax")
	}},
	{holds: "R7644-3.8-09 a body that is no object is invalidSyntax", show: func(c *client) {
		for _, body := range []string{`[]`, `"x"`, `null`, `5`, `[{"userName":"a"}]`} {
			c.do("POST", "/Users", body).refused(400, "invalidSyntax")
			c.do("PATCH", "/Users/x", body).refused(400, "invalidSyntax")
			c.do("POST", "/Users/.search", body).refused(400, "invalidSyntax")
		}
	}},
	{holds: "R7644-3.8-11 bodies are bounded in size, nesting and members", show: func(c *client) {
		c.do("POST", "/Users", userBody(ada+`,"title":"`+strings.Repeat("x", 1<<20)+`"`)).refused(413, "").mentions("1048576")
		c.do("POST", "/Users", userBody(ada+`,"x":`+strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000))).refused(400, "invalidSyntax")
		c.do("POST", "/Users", userBody(ada+`,"`+strings.Join(letters(1100), `":1,"`)+`":1`)).refused(400, "invalidSyntax")
		c.listed(nil)
	}},
	{holds: "R7644-3.8-11 a body of unknown length is bounded too", show: func(c *client) {
		if status := c.chunked("POST", "/Users", strings.NewReader(userBody(ada+`,"title":"`+strings.Repeat("x", 1<<20)+`"`))); status != 413 {
			c.Errorf("status %d", status)
		}
		if status := c.chunked("POST", "/Users", strings.NewReader(userBody(ada))); status != 201 {
			c.Errorf("status %d", status)
		}
	}},
}
