package server_test

import (
	"fmt"
	"strings"
	"sync"
)

// add, remove and replace are PATCH operations; path and value are as in JSON
// text, without quotes around path.
func add(path, value string) string {
	return `{"op":"add","path":` + quoted(path) + `,"value":` + value + `}`
}

func replace(path, value string) string {
	return `{"op":"replace","path":` + quoted(path) + `,"value":` + value + `}`
}

func remove(path string) string { return `{"op":"remove","path":` + quoted(path) + `}` }

// untouched runs fn and checks that the user is what it was, meta included.
func (c *client) untouched(id string, fn func()) {
	c.Helper()
	before := c.get(id)
	fn()
	if after := c.get(id); string(after.body) != string(before.body) {
		c.Errorf("before %s\nafter  %s", before.body, after.body)
	}
}

// patchRows are about the PATCH message and its rules (RFC 7644 §3.5.2).
var patchRows = []row{
	{holds: "R7644-3.5.2-01 Q-161 PATCH is advertised and there", show: func(c *client) {
		c.do("GET", "/ServiceProviderConfig", "").has("patch/supported", true)
		c.patch(c.user(ada), add("title", `"t"`)).is(200)
	}},
	{holds: "R7644-3.5.2-02 R7644-3.5.2-03 R7644-3.5.2-04 Q-49 Q-119 the message must be a PatchOp with operations", show: func(c *client) {
		id := c.user(ada)
		c.untouched(id, func() {
			c.do("PATCH", "/Users/"+id, `{"schemas":["`+messages+`SearchRequest"],"Operations":[`+add("title", `"t"`)+`]}`).refused(400, "invalidSyntax")
			c.do("PATCH", "/Users/"+id, `{"schemas":["`+messages+`PatchOp"]}`).refused(400, "invalidSyntax")
			for _, ops := range []string{`[]`, `{}`, `null`, `"x"`, `[5]`, `[null]`, `[{}]`, `[{"op":"move","path":"title"}]`, `[{"op":5,"path":"title"}]`, `[{"path":"title","value":"t"}]`} {
				c.do("PATCH", "/Users/"+id, `{"schemas":["`+messages+`PatchOp"],"Operations":`+ops+`}`).refused(400, "invalidSyntax")
			}
		})
	}},
	{holds: "R7644-3.5.2-03 R7644-3.5.2-04 R7644-3.5.2-20 rule-15 Q-06 Q-82 letter case and order of the message's members do not matter", show: func(c *client) {
		id := c.user(ada)
		c.do("PATCH", "/Users/"+id, `{"operations":[{"value":"t","path":"title","op":"Add"},{"OP":"REPLACE","Path":"nickName","VALUE":"n"}],"Schemas":["`+strings.ToUpper(messages)+`PATCHOP"]}`).
			is(200).has("title", "t").has("nickName", "n")
		c.patch(id, `{"path":"title","op":"Remove"}`).is(200).lacks("title")
	}},
	{holds: "R7644-3.5.2-05 Q-120 what is no path is refused and changes nothing", show: func(c *client) {
		id := c.user(fullUser)
		c.untouched(id, func() {
			for _, path := range []string{
				`emails[`, `emails[]`, `emails[type eq]`, `emails[0]`, `emails[type eq "work"`, `/title`, `/emails/0/value`, `name..givenName`, `a b`, `title.`, `.title`,
				`emails[type eq "work"]value`, `emails[type eq "work"].nope`, `emails.nope`, `name.givenName.x`, `title[value eq "x"]`, `*`, `$.title`, `emails[nope eq "x"]`,
			} {
				for _, op := range []string{add(path, `"x"`), replace(path, `"x"`), remove(path)} {
					if a := c.patch(id, op).is(400); a.text("scimType") != "invalidPath" && a.text("scimType") != "invalidFilter" {
						c.Errorf("%s: %s", op, a.body)
					}
				}
			}
			c.patch(id, `{"op":"remove","path":5}`).refused(400, "invalidPath")
		})
	}},
	{holds: "R7644-3.5.2-06 R7643-7-05 Q-121 read-only attributes cannot be changed", show: func(c *client) {
		id := c.user(fullUser)
		c.untouched(id, func() {
			for _, path := range []string{"id", "meta", "meta.created", "meta.resourceType", "meta.version", "groups", "groups.value", "schemas", enterpriseURN + ":manager.displayName", linkedURN + ":source"} {
				if path != "schemas" {
					c.patch(id, add(path, `"x"`)).refused(400, "mutability")
					c.patch(id, replace(path, `"x"`)).refused(400, "mutability")
				}
				c.patch(id, remove(path)).refused(400, "mutability")
			}
		})
	}},
	{holds: "R7644-3.5.2-07 Q-67 without a path the own id is no error, another one is", show: func(c *client) {
		id := c.user(ada)
		c.patch(id, `{"op":"replace","value":{"id":"`+id+`","title":"t","schemas":["`+userURN+`"],"meta":{"resourceType":"User"},"groups":[]}}`).is(200).has("title", "t")
		c.untouched(id, func() {
			c.patch(id, `{"op":"replace","value":{"id":"other","title":"u"}}`).refused(400, "mutability").mentions("id")
		})
	}},
	{holds: "R7644-3.5.2-08 Q-120 an unknown attribute is refused in a path and ignored in a value", show: func(c *client) {
		id := c.user(ada)
		c.untouched(id, func() {
			for _, path := range []string{"bogusAttr", "name.bogus", "urn:x:bogus", enterpriseURN + ":bogus", userURN + ":bogus", "bogus[type eq \"x\"].value"} {
				c.patch(id, add(path, `"x"`)).refused(400, "invalidPath").mentions("bogus")
			}
		})
		c.patch(id, `{"op":"add","value":{"bogus":1,"title":"t","`+enterpriseURN+`":{"bogus":1}}}`).is(200).has("title", "t").lacks("bogus", enterpriseURN)
	}},
	{holds: "R7644-3.5.2-10 Q-42 Q-47 operations run in order, each on the result before", show: func(c *client) {
		id := c.user(ada)
		c.patch(id, add("emails", `[{"value":"a@x","type":"work"}]`), replace(`emails[type eq "work"].value`, `"b@x"`), add(`emails[value eq "b@x"].display`, `"B"`),
			add("title", `"1"`), `{"op":"replace","value":{"title":"2","name.givenName":"G"}}`, remove("nickName"), add("nickName", `"n"`)).is(200).
			has("emails/0/value", "b@x").has("emails/0/display", "B").has("title", "2").has("nickName", "n").has("name/givenName", "G")
	}},
	{holds: "R7644-3.5.2-11 rule-19 Q-80 all operations apply or none", show: func(c *client) {
		id := c.user(fullUser)
		c.untouched(id, func() {
			c.patch(id, replace("title", `"new"`), remove("emails"), replace("bogus", `"x"`)).refused(400, "invalidPath")
			c.patch(id, replace("title", `"new"`), replace("id", `"x"`)).refused(400, "mutability")
			c.patch(id, replace("title", `"new"`), replace("active", `"maybe"`)).refused(400, "invalidValue")
			c.patch(id, remove("emails"), remove("userName")).refused(400, "mutability")
		})
		c.found(`title eq "new"`)
		c.found(`emails.value eq "a@x"`, "ada")
	}},
	{holds: "R7644-3.5.2-12 Q-48 one primary takes the flag from the others", show: func(c *client) {
		one := `"emails":[{"value":"a@x","type":"work","primary":true},{"value":"b@x","type":"home"}]`
		for i, op := range []string{
			add("emails", `[{"value":"c@x","type":"other","primary":true}]`), replace(`emails[type eq "home"]`, `{"value":"b@x","type":"home","primary":true}`),
			replace(`emails[type eq "home"].primary`, `true`), add(`emails[type eq "home"].primary`, `"True"`),
			`{"op":"add","value":{"emails":[{"value":"c@x","type":"other","primary":true}]}}`,
		} {
			a := c.patch(c.user(fmt.Sprintf(`"userName":"u%d",%s`, i, one)), op).is(200)
			primaries := 0
			for e := range a.count("emails") {
				if p, _ := a.at(fmt.Sprintf("emails/%d/primary", e)); p == true {
					primaries++
				}
			}
			if p, _ := a.at("emails/0/primary"); p == true || primaries != 1 {
				c.Errorf("%s: %s", op, a.body)
			}
		}
	}},
	{holds: "R7644-3.5.2-13 rule-20 Q-158 success is 200 with the resource", show: func(c *client) {
		id := c.user(fullUser)
		a := c.patch(id, replace("title", `"u"`)).is(200).has("title", "u").has("userName", "ada")
		if got := c.get(id); string(got.body) != string(a.body) {
			c.Errorf("answered %s\nread     %s", a.body, got.body)
		}
	}},
	{holds: "R7644-3.5.2-15 Q-77 a taken userName is 409, in any letter case", show: func(c *client) {
		c.users("bob")
		id := c.user(ada)
		c.untouched(id, func() {
			for _, name := range []string{`"bob"`, `"BOB"`} {
				c.patch(id, add("title", `"t"`), replace("userName", name)).refused(409, "uniqueness").mentions("userName")
			}
		})
		c.patch(id, replace("userName", `"carl"`)).is(200).has("id", id).has("userName", "carl")
	}},
	{holds: "R7644-3.5.2-17 an unknown id is 404", show: func(c *client) {
		c.patch("none", add("title", `"t"`)).refused(404, "")
	}},
	{holds: "R7644-3.5.2-18 R7644-3.5.2.1-07 Q-162 what changes nothing succeeds without moving meta", show: func(c *client) {
		id := c.user(fullUser)
		c.untouched(id, func() {
			c.patch(id, replace("active", `true`)).is(200)
			c.patch(id, replace("title", `"t"`), add("name", `{"givenName":"Ada"}`), add("emails", `[{"value":"a@x","type":"work"}]`)).is(200)
			c.patch(id, remove("nickName"), remove(`emails[type eq "fax"]`), replace("nickName", `null`)).is(200)
			c.patch(id, replace("title", `"other"`), replace("title", `"t"`)).is(200)
		})
	}},
	{holds: "R7644-3.5.2-19 rule-19 changes at the same time are all kept", show: func(c *client) {
		id := c.user(ada)
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				body := patchBody(add("roles", fmt.Sprintf(`[{"value":"r%d"}]`, i)))
				if s := c.chunked("PATCH", "/Users/"+id, strings.NewReader(body)); s != 200 {
					c.Errorf("status %d", s)
				}
			})
		}
		wg.Wait()
		if n := c.get(id).count("roles"); n != 16 {
			c.Errorf("%d roles", n)
		}
	}},
	{holds: "R7644-3.5.2-21 schemas follows from the data alone", show: func(c *client) {
		id := c.user(ada)
		c.patch(id, remove("schemas")).refused(400, "mutability")
		c.patch(id, add("schemas", `["`+enterpriseURN+`"]`)).is(200).has("schemas", raw(`["`+userURN+`"]`))
	}},
	{holds: "R7644-3.5.2-22 the number of operations is bounded", show: func(c *client) {
		c.site.tenant.MaxOperations = 5
		id := c.user(ada)
		c.patch(id, add("title", `"t"`)+strings.Repeat(","+add("title", `"t"`), 4)).is(200)
		c.untouched(id, func() {
			c.patch(id, add("title", `"u"`)+strings.Repeat(","+add("title", `"u"`), 5)).refused(413, "").mentions("5")
		})
	}},
	{holds: "Q-160 only what is named changes", show: func(c *client) {
		id := c.user(fullUser + `,"externalId":"e","` + customURN + `":{"k":"v"}`)
		before := c.get(id)
		after := c.patch(id, replace("active", `false`)).is(200)
		for _, name := range []string{"title", "name", "emails", "externalId", enterpriseURN, customURN, "schemas"} {
			x, _ := before.at(name)
			y, ok := after.at(name)
			if !ok || show(x, true) != show(y, true) {
				c.Errorf("%s: %s", name, show(y, ok))
			}
		}
	}},
}
