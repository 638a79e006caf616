package server_test

import (
	"encoding/json"
	"strings"
)

// valueRows are about data types and multi-valued attributes, RFC 7643 §2.
var valueRows = []row{
	{holds: "R7643-2.1-01 attribute names match without letter case and come back as the schema spells them", show: func(c *client) {
		c.do("POST", "/Users", `{"SCHEMAS":["`+userURN+`"],"USERNAME":"x1","Name":{"GIVENNAME":"Ada"},"EMAILS":[{"VALUE":"a@x"}]}`).is(201).
			has("userName", "x1").has("name/givenName", "Ada").has("emails/0/value", "a@x").
			lacks("USERNAME", "Name", "EMAILS", "SCHEMAS", "emails/0/VALUE")
	}},
	{holds: "R7643-2.1-02 names that differ in case alone, and repeated names, contradict each other", show: func(c *client) {
		c.do("POST", "/Users", userBody(`"userName":"a","USERNAME":"b"`)).refused(400, "invalidSyntax")
		c.do("POST", "/Users", userBody(`"userName":"a","userName":"a"`)).refused(400, "invalidSyntax")
		c.do("POST", "/Users", userBody(`"userName":"a","name":{"givenName":"x","GivenName":"y"}`)).refused(400, "invalidSyntax")
	}},
	{holds: "R7643-2.3.1-01 R7644-3.8-01 text of any kind comes back unchanged", show: func(c *client) {
		for _, text := range []string{
			"Ada 👩🏽‍💻", "שלום עליכם", "Z\u0303a\u0301", "\u00e9", "quote \" backslash \\ slash /", "line\nfeed\ttab", " blanks ",
			"<script>&amp;", "%00%2e", "\u2028\u202e", "\U0010FFFF",
		} {
			sent, err := json.Marshal(text)
			if err != nil {
				c.Fatal(err)
			}
			id := c.do("POST", "/Users", userBody(`"userName":"u`+string(sent[1:])+`,"title":`+string(sent))).is(201).
				has("title", text).has("userName", "u"+text).text("id")
			c.get(id).has("title", text)
			c.do("DELETE", "/Users/"+id, "").is(204)
		}
	}},
	{holds: "R7643-2.3.1-01 a text with U+0000 is refused", show: func(c *client) {
		c.do("POST", "/Users", userBody(ada+`,"title":"a\u0000b"`)).refused(400, "invalidValue")
	}},
	{holds: "R7643-2.3.1-02 R7643-7-14 R7643-4.1.2-01 canonical values are suggestions and addresses are not judged", show: func(c *client) {
		c.do("POST", "/Users", userBody(ada+`,"emails":[{"type":"weird","value":"no-at"}]`)).is(201).
			has("emails/0/type", "weird").has("emails/0/value", "no-at")
	}},
	{holds: "R7643-2.3.2-01 booleans are JSON booleans", show: func(c *client) {
		c.get(c.user(ada+`,"active":true`)).has("active", true)
		c.get(c.user(`"userName":"b","active":"False"`)).has("active", false)
	}},
	{holds: "R7643-2.3.2-02 what is no boolean is refused", show: func(c *client) {
		for _, v := range []string{`"maybe"`, `1`, `0`, `{"a":1}`, `[true,false]`} {
			c.do("POST", "/Users", userBody(ada+`,"active":`+v)).refused(400, "invalidValue").mentions("active")
		}
	}},
	{holds: "R7643-2.3.5-01 R7643-3.1-08 times are UTC dateTimes with a Z", show: func(c *client) {
		meta := c.get(c.user(ada))
		for _, name := range []string{"meta/created", "meta/lastModified"} {
			parseTime(c, meta.text(name))
			if text := meta.text(name); !strings.HasSuffix(text, "Z") {
				c.Errorf("%s is %q", name, text)
			}
		}
	}},
	{holds: "R7643-2.3.6-01 R7643-4.1.2-05 binary values are one base64 text, padded or not", show: func(c *client) {
		for _, bad := range []string{`"not base64!"`, `"A"`, `"AAA=="`, `"QUI=QUI="`, `"QUJD QUJD"`, `5`} {
			c.do("POST", "/Users", userBody(ada+`,"x509Certificates":[{"value":`+bad+`}]`)).refused(400, "invalidValue").mentions("x509Certificates")
		}
		c.do("POST", "/Users", userBody(ada+`,"x509Certificates":[{"value":"MIIBWg=="},{"value":"MIIBWw"}]`)).is(201).
			has("x509Certificates/0/value", "MIIBWg==").has("x509Certificates/1/value", "MIIBWw")
	}},
	{holds: "R7643-2.3.6-02 binary values compare with letter case", show: func(c *client) {
		c.user(ada + `,"x509Certificates":[{"value":"QUJD"}]`)
		c.found(`x509Certificates.value eq "QUJD"`, "ada")
		c.found(`x509Certificates.value eq "qujd"`)
	}},
	{holds: "R7643-2.3.7-01 R7643-4.3-03 emitted references are absolute and lead to what value names", show: func(c *client) {
		boss := c.user(`"userName":"boss"`)
		path := enterpriseURN + "/manager/"
		a := c.get(c.user(ada+`,"`+enterpriseURN+`":{"manager":{"value":"`+boss+`"}}`)).has(path+"value", boss)
		c.send("GET", a.text(path+"$ref"), "").is(200).has("id", boss)
	}},
	{holds: "R7643-2.3.7-02 references compare with letter case", show: func(c *client) {
		c.user(ada + `,"profileUrl":"https://x.example/Ada"`)
		c.found(`profileUrl eq "https://x.example/Ada"`, "ada")
		c.found(`profileUrl eq "https://x.example/ada"`)
	}},
	{holds: "R7643-4.1.1-11 any text is taken for a URI and none is fetched", show: func(c *client) {
		c.do("POST", "/Users", userBody(ada+`,"profileUrl":"not a uri%%","photos":[{"value":"http://127.0.0.1:1/x","type":"photo"}]`)).is(201).
			has("profileUrl", "not a uri%%").has("photos/0/value", "http://127.0.0.1:1/x")
	}},
	{holds: "R7643-2.3.8-01 the order of members carries no meaning", show: func(c *client) {
		a := c.do("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"a","title":"t","name":{"givenName":"g","familyName":"f"}}`).is(201)
		b := c.do("POST", "/Users", `{"name":{"familyName":"f","givenName":"g"},"title":"t","userName":"b","schemas":["`+userURN+`"]}`).is(201)
		for _, name := range []string{"title", "name/givenName", "name/familyName", "active", "schemas"} {
			x, has := a.at(name)
			if y, hasToo := b.at(name); show(x, has) != show(y, hasToo) {
				c.Errorf("%s is %v and %v", name, x, y)
			}
		}
	}},
	{holds: "R7643-2.3.8-03 R7644-3.3-13 text for an object and an object for text are refused", show: func(c *client) {
		for _, members := range []string{`"name":"x"`, `"name":5`, `"name":["x"]`, `"title":{"a":1}`, `"title":["a","b"]`, `"title":true`, `"addresses":"x"`} {
			c.do("POST", "/Users", userBody(ada+`,`+members)).refused(400, "invalidValue")
		}
		for _, v := range []string{`5`, `true`, `{"a":1}`, `["a","b"]`} {
			c.do("POST", "/Users", userBody(`"userName":`+v)).refused(400, "invalidValue").mentions("userName")
		}
	}},
	{holds: "R7643-2.4-01 multi-valued attributes are arrays, also of one", show: func(c *client) {
		c.get(c.user(ada+`,"emails":[{"value":"a@x"}]`)).has("emails/0/value", "a@x")
		c.do("POST", "/Users", userBody(`"userName":"b","emails":5`)).refused(400, "invalidValue")
	}},
	{holds: "R7643-2.4-02 two primaries in one value are refused", on: rfc7644, show: func(c *client) {
		two := `"emails":[{"value":"a@x","primary":true},{"value":"b@x","primary":true}]`
		c.do("POST", "/Users", userBody(ada+`,`+two)).refused(400, "invalidValue").mentions("emails")
		id := c.user(ada)
		c.put(id, ada+`,`+two).refused(400, "invalidValue")
		c.patch(id, `{"op":"add","value":{`+two+`}}`).refused(400, "invalidValue")
		c.get(id).lacks("emails")
	}},
	{holds: "R7643-2.4-02 Q-88 of two primaries in one value the first stays", on: cyberark, show: func(c *client) {
		c.get(c.user(ada+`,"emails":[{"value":"a@x","primary":true},{"value":"b@x","primary":true}]`)).
			has("emails/0/primary", true).lacks("emails/1/primary")
	}},
	{holds: "R7643-2.4-03 without primary an element counts as not primary", on: rfc7644, show: func(c *client) {
		c.user(ada + `,"emails":[{"value":"a@x"}]`)
		c.user(`"userName":"bob","emails":[{"value":"b@x","primary":true}]`)
		c.found(`emails[primary eq false]`, "ada")
		c.found(`emails[not (primary eq true)]`, "ada")
		c.found(`emails[primary eq true]`, "bob")
	}},
	{holds: "R7643-2.4-04 the same value and type is kept once", show: func(c *client) {
		id := c.user(ada + `,"emails":[{"value":"a@x","type":"work"},{"value":"A@X","type":"WORK"}]`)
		if n := c.get(id).count("emails"); n != 1 {
			c.Errorf("%d emails", n)
		}
		if n := c.patch(id, `{"op":"add","path":"emails","value":[{"type":"work","value":"a@x"}]}`).is(200).count("emails"); n != 1 {
			c.Errorf("%d emails after add", n)
		}
	}},
	{holds: "R7643-2.4-05 one value may have several types", show: func(c *client) {
		c.get(c.user(ada+`,"emails":[{"value":"a@x","type":"work"},{"value":"a@x","type":"home"}]`)).
			has("emails/0/type", "work").has("emails/1/type", "home")
	}},
	{holds: "R7643-2.4-06 labels keep their spelling and compare without it", show: func(c *client) {
		c.get(c.user(ada+`,"emails":[{"value":"a@X.Example","type":"WORK"}]`)).has("emails/0/type", "WORK").has("emails/0/value", "a@X.Example")
		c.found(`emails[type eq "work"]`, "ada")
		c.found(`emails.value eq "A@x.example"`, "ada")
	}},
	{holds: "R7643-2.5-01 unassigned, null, empty text and empty list are one state", show: func(c *client) {
		c.user(`"userName":"none"`)
		c.user(`"userName":"null","title":null,"emails":null,"name":null`)
		c.user(`"userName":"empty","title":"","emails":[],"name":{}`)
		c.user(`"userName":"some","title":"t","emails":[{"value":"a@x"}],"nickName":"n"`)
		for _, filter := range []string{`not (title pr)`, `title eq null`, `not (emails pr)`, `emails eq null`, `not (nickName pr)`} {
			c.found(filter, "none", "null", "empty")
		}
		for _, filter := range []string{`title pr`, `title ne null`, `emails pr`, `emails.value pr`} {
			c.found(filter, "some")
		}
	}},
	{holds: "R7643-2.5-02 R7644-3.5.1-07 null and the empty list unassign, by PUT and PATCH", show: func(c *client) {
		full := ada + `,"title":"t","nickName":"n","emails":[{"value":"a@x"}]`
		id := c.user(full)
		c.put(id, ada+`,"title":null,"nickName":"","emails":[]`).is(200).lacks("title", "nickName", "emails")
		c.put(id, full).is(200).has("title", "t")
		c.patch(id, `{"op":"replace","path":"title","value":null}`, `{"op":"replace","value":{"nickName":"","emails":[]}}`).is(200)
		c.get(id).lacks("title", "nickName", "emails")
	}},
	{holds: "R7643-2.5-03 what is unassigned is left out", show: func(c *client) {
		a := c.get(c.user(ada + `,"title":null,"emails":[],"name":{"givenName":null},"roles":[null]`))
		if strings.Contains(string(a.body), "null") || strings.Contains(string(a.body), "[]") {
			c.Errorf("unassigned values in %s", a.body)
		}
	}},
}
