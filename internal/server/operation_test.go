package server_test

import "fmt"

// mails are two addresses of a user.
const mails = `"emails":[{"value":"a@x","type":"work"},{"value":"b@y","type":"home"}]`

// operationRows are about add, remove and replace (RFC 7644 §3.5.2.1 to §3.5.2.3).
var operationRows = []row{
	{holds: "R7644-3.5.2.1-01 R7644-3.5.2.3-10 add and replace need a value", show: func(c *client) {
		id := c.user(ada)
		for _, op := range []string{`{"op":"add","path":"title"}`, `{"op":"replace","path":"title"}`, `{"op":"add"}`, `{"op":"replace"}`} {
			c.patch(id, op).refused(400, "invalidSyntax")
		}
	}},
	{holds: "R7644-3.5.2.1-02 add without a path merges an object", show: func(c *client) {
		id := c.user(ada + `,"name":{"givenName":"Ada"}`)
		c.patch(id, `{"op":"add","value":{"nickName":"n","title":"t","name":{"familyName":"B"},"emails":[{"value":"a@x"}]}}`).is(200).
			has("nickName", "n").has("title", "t").has("name/givenName", "Ada").has("name/familyName", "B").has("emails/0/value", "a@x")
		for _, v := range []string{`"x"`, `5`, `[{"title":"t"}]`, `true`} {
			c.patch(id, `{"op":"add","value":`+v+`}`).refused(400, "invalidValue")
			c.patch(id, `{"op":"replace","value":`+v+`}`).refused(400, "invalidValue")
		}
	}},
	{holds: "R7644-3.5.2.1-03 R7644-3.5.2.3-05 Q-171 add and replace on a complex attribute keep what is not named", show: func(c *client) {
		id := c.user(ada + `,"name":{"givenName":"Ada","familyName":"Byron"}`)
		c.patch(id, add("name", `{"middleName":"M"}`)).is(200).has("name/givenName", "Ada").has("name/middleName", "M").has("name/familyName", "Byron")
		c.patch(id, replace("name", `{"familyName":"King"}`)).is(200).has("name/givenName", "Ada").has("name/middleName", "M").has("name/familyName", "King")
		c.patch(id, `{"op":"replace","value":{"name":{"givenName":"A."}}}`).is(200).has("name/givenName", "A.").has("name/familyName", "King")
		c.patch(id, replace("name", `{"middleName":null}`)).is(200).lacks("name/middleName").has("name/familyName", "King")
	}},
	{holds: "R7644-3.5.2.1-04 Q-131 add on a list appends, a list or one object, no equal entry twice", show: func(c *client) {
		id := c.user(ada + `,` + mails)
		c.patch(id, add("emails", `[{"value":"c@z","type":"other"}]`)).is(200).has("emails/0/value", "a@x").has("emails/2/value", "c@z")
		c.patch(id, add("emails", `{"value":"d@z"}`)).is(200).has("emails/3/value", "d@z")
		if n := c.patch(id, add("emails", `[{"value":"A@X","type":"Work"},{"value":"c@z","type":"other"}]`)).is(200).count("emails"); n != 4 {
			c.Errorf("%d emails", n)
		}
	}},
	{holds: "R7644-3.5.2.1-05 R7644-3.5.2.1-06 R7644-3.5.2.3-02 R7644-3.5.2.3-04 add and replace set a single value, assigned or not", show: func(c *client) {
		id := c.user(ada)
		c.patch(id, add("nickName", `"1"`)).is(200).has("nickName", "1")
		c.patch(id, add("nickName", `"2"`)).is(200).has("nickName", "2")
		c.patch(id, replace("title", `"3"`)).is(200).has("title", "3")
		c.patch(id, replace("title", `"4"`), replace("name.givenName", `"G"`)).is(200).has("title", "4").has("name/givenName", "G")
		c.get(id).has("nickName", "2").has("title", "4")
	}},
	{holds: "R7644-3.5.2.1-08 add through a selector changes the selected elements", show: func(c *client) {
		id := c.user(ada + `,` + mails)
		c.patch(id, add(`emails[type eq "home"].display`, `"H"`), add(`emails[type eq "work"]`, `{"display":"W"}`)).is(200).
			has("emails/0/display", "W").has("emails/0/value", "a@x").has("emails/1/display", "H").has("emails/1/value", "b@y")
	}},
	{holds: "R7644-3.5.2.1-09 rule-16 Q-10 Q-11 add through an eq selector without match makes one element", show: func(c *client) {
		id := c.user(ada)
		c.patch(id, add(`emails[type eq "work"].value`, `"w@x"`), add(`emails[type eq "work"].display`, `"W"`),
			add(`addresses[type eq "work"].locality`, `"Bonn"`), add(`addresses[type eq "work"].country`, `"DE"`),
			add(`phoneNumbers[type eq "mobile" and primary eq true].value`, `"1"`), add(`roles[primary eq "True"].value`, `"admin"`)).is(200).
			has("emails/0/type", "work").has("emails/0/value", "w@x").has("emails/0/display", "W").
			has("addresses", raw(`[{"type":"work","locality":"Bonn","country":"DE"}]`)).
			has("phoneNumbers", raw(`[{"type":"mobile","primary":true,"value":"1"}]`)).has("roles", raw(`[{"primary":true,"value":"admin"}]`))
		c.untouched(id, func() {
			c.patch(id, add(`emails[type ne "work"].value`, `"x@x"`)).refused(400, "noTarget")
			c.patch(id, add(`emails[type sw "x" and value pr].value`, `"x@x"`)).refused(400, "noTarget")
			c.patch(id, add(`emails[type eq "a" and type eq "b"].value`, `"x@x"`)).refused(400, "noTarget")
		})
	}},
	{holds: "R7644-3.5.2.2-01 remove without a path is noTarget", show: func(c *client) {
		id := c.user(fullUser)
		c.untouched(id, func() {
			c.patch(id, `{"op":"remove"}`).refused(400, "noTarget")
			c.patch(id, `{"op":"remove","value":{"title":"t"}}`).refused(400, "noTarget")
			c.patch(id, `{"op":"remove","path":""}`).refused(400, "noTarget")
		})
	}},
	{holds: "R7644-3.5.2.2-02 remove of a single value or of a complex one unassigns it", on: rfc7644, show: func(c *client) {
		id := c.user(fullUser)
		c.patch(id, remove("title"), remove("name.familyName"), remove(enterpriseURN+":department")).is(200).
			lacks("title", "name/familyName", enterpriseURN+"/department").has("name/givenName", "Ada").has(enterpriseURN+"/division", "V")
		c.patch(id, remove("name")).is(200).lacks("name")
		c.patch(id, add("name", `{"givenName":"A"}`), remove("name.givenName")).is(200).lacks("name")
		c.found(`name pr`)
	}},
	{holds: "R7644-3.5.2.2-03 R7644-3.5.2.2-05 remove of a list leaves none, and pr is false", show: func(c *client) {
		id := c.user(ada + `,` + mails)
		c.patch(id, remove("emails")).is(200).lacks("emails")
		c.found(`emails pr`)
		c.patch(id, add("emails", `[{"value":"a@x","type":"t"}]`), remove(`emails[type eq "t"]`)).is(200).lacks("emails")
	}},
	{holds: "R7644-3.5.2.2-04 Q-132 remove with a selector takes the matches only", on: rfc7644, show: func(c *client) {
		list := `"emails":[{"value":"a@x","type":"work","primary":true},{"value":"b@x","type":"home"},{"value":"c@y","type":"home"},{"value":"d@y"}]`
		for i, x := range []struct {
			where string
			left  string
		}{
			{`type eq "work"`, "[b@x c@y d@y]"},
			{`value ew "@x"`, "[c@y d@y]"},
			{`primary eq true`, "[b@x c@y d@y]"},
			{`not (type eq "home")`, "[b@x c@y]"},
			{`type eq "home" and value eq "c@y"`, "[a@x b@x d@y]"},
			{`type eq "work" or value sw "d"`, "[b@x c@y]"},
			{`type pr`, "[d@y]"},
			{`type eq "pager"`, "[a@x b@x c@y d@y]"},
		} {
			id := c.user(fmt.Sprintf(`"userName":"u%d",%s`, i, list))
			if got := fmt.Sprint(c.patch(id, remove(`emails[`+x.where+`]`)).is(200).each("emails", "value")); got != x.left {
				c.Errorf("%s leaves %s, want %s", x.where, got, x.left)
			}
		}
	}},
	{holds: "R7644-3.5.2.2-06 R7644-3.5.2.2-08 Q-51 remove of what is not there succeeds without a change", show: func(c *client) {
		id := c.user(ada + `,` + mails)
		c.untouched(id, func() {
			for range 2 {
				c.patch(id, remove("nickName"), remove("name.middleName"), remove("ims"), remove(`emails[type eq "x"]`), remove(`emails[type eq "x"].value`),
					remove(enterpriseURN+":manager"), remove(enterpriseURN)).is(200)
			}
		})
	}},
	{holds: "R7644-3.5.2.2-07 remove of a sub-attribute takes it from the selected elements", on: rfc7644, show: func(c *client) {
		id := c.user(ada + `,` + mails)
		c.patch(id, remove(`emails[type eq "home"].type`)).is(200).has("emails", raw(`[{"value":"a@x","type":"work"},{"value":"b@y"}]`))
		c.patch(id, remove(`emails.type`)).is(200).has("emails", raw(`[{"value":"a@x"},{"value":"b@y"}]`))
	}},
	{holds: "R7644-3.5.2.2-09 Q-50 remove of what is required or read-only is refused", show: func(c *client) {
		id := c.user(ada)
		c.untouched(id, func() {
			for _, path := range []string{"userName", userURN + ":userName", "id", "meta", "groups"} {
				c.patch(id, remove(path)).refused(400, "mutability")
			}
			for _, v := range []string{`null`, `""`} {
				c.patch(id, replace("userName", v)).is(400)
			}
		})
	}},
	{holds: "R7644-3.5.2.2-10 remove of an extension by its URN takes its data and its URN", show: func(c *client) {
		id := c.user(fullUser)
		c.patch(id, remove(enterpriseURN)).is(200).lacks(enterpriseURN).has("schemas", raw(`["`+userURN+`"]`)).has("title", "t")
		c.found(enterpriseURN + `:department pr`)
	}},
	{holds: "R7644-3.5.2.2-11 Q-13 remove with a list takes the listed elements only", show: func(c *client) {
		id := c.user(ada + `,"roles":[{"value":"a"},{"value":"b"},{"value":"c"}]`)
		c.patch(id, `{"op":"remove","path":"roles","value":[{"value":"A"},{"value":"zz"}]}`).is(200).has("roles", raw(`[{"value":"b"},{"value":"c"}]`))
		c.patch(id, `{"op":"remove","path":"roles","value":{"value":"b"}}`).is(200).has("roles", raw(`[{"value":"c"}]`))
		c.patch(id, add("emails", `[{"value":"a@x","type":"work"}]`), `{"op":"Remove","path":"emails[type eq \"work\"].value","value":"a@x"}`).is(200).lacks("emails")
	}},
	{holds: "R7644-3.5.2.3-01 replace without a path replaces each attribute that is given", show: func(c *client) {
		id := c.user(fullUser)
		c.patch(id, `{"op":"replace","value":{"title":"x","active":false,"emails":[{"value":"n@x","type":"work"}],"`+enterpriseURN+`":{"department":"E"}}}`).is(200).
			has("title", "x").has("active", false).has("emails/0/value", "n@x").lacks("emails/1").has("userName", "ada").
			has(enterpriseURN+"/department", "E").has(enterpriseURN+"/division", "V")
	}},
	{holds: "R7644-3.5.2.3-03 replace of a list swaps it whole", show: func(c *client) {
		id := c.user(ada + `,` + mails)
		c.patch(id, replace("emails", `[{"value":"n@x","type":"other"}]`)).is(200).has("emails/0/value", "n@x").lacks("emails/1")
		c.found(`emails.value eq "a@x"`)
	}},
	{holds: "R7644-3.5.2.3-06 R7644-3.5.2.3-07 replace with a selector changes every match", on: rfc7644, show: func(c *client) {
		id := c.user(ada + `,"emails":[{"value":"a@x","type":"work"},{"value":"b@x","type":"home"},{"value":"c@y","type":"home"}]`)
		c.patch(id, replace(`emails[value co "@x"].display`, `"D"`)).is(200).has("emails/0/display", "D").has("emails/1/display", "D").lacks("emails/2/display")
		c.patch(id, replace(`emails[type eq "work"]`, `{"value":"n@x","type":"work"}`)).is(200).has("emails/0/value", "n@x")
		c.patch(id, replace(`emails[type eq "home"]`, `{"type":"other"}`)).is(200).has("emails/1/type", "other").has("emails/1/value", "b@x").has("emails/2/type", "other")
		c.patch(id, replace(`emails.display`, `"all"`)).is(200).has("emails/0/display", "all").has("emails/2/display", "all")
	}},
	{holds: "R7644-3.5.2.3-08 replace through a selector without match is noTarget", on: rfc7644, show: func(c *client) {
		id := c.user(ada + `,` + mails)
		c.untouched(id, func() {
			c.patch(id, replace(`emails[type eq "pager"].value`, `"p@x"`)).refused(400, "noTarget").mentions("emails")
			c.patch(id, replace(`emails[type eq "pager"]`, `{"value":"p@x"}`)).refused(400, "noTarget")
		})
	}},
	{holds: "R7644-3.5.2.3-09 values must fit the type", show: func(c *client) {
		id := c.user(ada)
		c.untouched(id, func() {
			for path, value := range map[string]string{
				"active": `"maybe"`, "title": `5`, "name": `"x"`, "name.givenName": `{"a":1}`, "emails": `5`, `emails[type eq "x"].primary`: `"perhaps"`,
				enterpriseURN + ":department": `true`, "x509Certificates": `[{"value":"!"}]`,
			} {
				c.patch(id, add(path, value)).refused(400, "invalidValue")
				c.patch(id, replace(path, value)).is(400)
			}
		})
	}},
	{holds: "R7644-3.5.2.3-10 Q-167 Q-18 replace with null or the empty list unassigns", show: func(c *client) {
		id := c.user(fullUser)
		c.patch(id, replace("title", `null`), replace("emails", `null`), replace(enterpriseURN+":department", `""`), replace("name.givenName", `null`)).is(200).
			lacks("title", "emails", enterpriseURN+"/department", "name/givenName")
		c.patch(id, `{"op":"replace","value":{"`+enterpriseURN+`":null,"name":null}}`).is(200)
	}},
}
