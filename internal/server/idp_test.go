package server_test

import "strings"

// clientRows are what identity providers read, clientWriteRows what they write
// and that no clause of the RFCs asks for. Rules and Q ids are those of the
// notes on identity providers; rules 18 and 21 concern groups.
var clientRows = []row{
	{holds: "Q-01 Q-02 the connection test of Entra", show: func(c *client) {
		c.query("/Users", "filter", `userName eq "3f4b2c1e-0000-4000-8000-000000000000"`).is(200).has("totalResults", 0).has("Resources", raw(`[]`))
		c.do("GET", "/Users?filter=userName+eq+%22x%22", "", "Accept: -", "User-Agent: -").is(200)
	}},
	{holds: "rule-07 Q-03 Q-08 every attribute that providers match on can be filtered by", show: func(c *client) {
		id := c.user(`"userName":"Ada@corp.example","externalId":"X1","displayName":"Ada L","active":true,"name":{"givenName":"Ada","familyName":"L","formatted":"Ada L"},` +
			`"emails":[{"type":"work","value":"Ada@corp.example","primary":true}],"` + enterpriseURN + `":{"employeeNumber":"7","department":"R"}`)
		for _, f := range []string{
			`userName eq "ada@CORP.example"`, `externalId eq "X1"`, `id eq "` + id + `"`, `emails.value eq "ada@corp.example"`, `emails eq "ada@corp.example"`,
			`emails[type eq "work"].value eq "ada@corp.example"`, `emails[type eq "work" and value eq "ADA@corp.example"]`, `name.givenName eq "ada"`,
			`name.familyName eq "l"`, `name.formatted eq "ada l"`, `displayName eq "ADA L"`, `active eq true`, enterpriseURN + `:employeeNumber eq "7"`,
			`userName eq "ada@corp.example" and active eq true`,
		} {
			c.found(f, "Ada@corp.example")
		}
	}},
	{holds: "rule-10 rule-11 numbers are numbers, lists are lean on request", show: func(c *client) {
		c.users("a", "b")
		a := c.query("/Users", "attributes", "id", "count", "1").is(200).has("totalResults", 2).has("itemsPerPage", 1)
		a.only("Resources/0", "schemas", "id")
		if !strings.Contains(string(a.body), `"totalResults":2,`) {
			c.Errorf("%s", a.body)
		}
	}},
	{holds: "Q-139 Q-16 names in meta are spelled as in the RFC and times have a zone", show: func(c *client) {
		c.get(c.user(ada)).only("meta", "resourceType", "created", "lastModified", "location")
	}},
	{holds: "Q-153 a conflict names the attribute", show: func(c *client) {
		c.users("ada")
		c.do("POST", "/Users", userBody(`"userName":"Ada","externalId":"x"`)).refused(409, "uniqueness").mentions("userName")
	}},
	{holds: "Q-154 a create never takes over a user with the same address", show: func(c *client) {
		id := c.user(`"userName":"local","emails":[{"value":"a@x"}]`)
		c.untouched(id, func() {
			if other := c.user(`"userName":"from-idp","emails":[{"value":"a@x"}],"title":"t"`); other == id {
				c.Error("taken over")
			}
		})
	}},
	{holds: "rule-08 a filter is never left out silently", show: func(c *client) {
		c.users("a", "b")
		for _, f := range []string{"", "nope eq 1", `userName`, `userName eq "a" and`} {
			c.query("/Users", "filter", f).refused(400, "invalidFilter")
		}
	}},
}

var clientWriteRows = []row{
	{holds: "rule-12 rule-13 rule-22 Q-18 Q-126 Q-170 the create of Entra, with nulls, surplus and without a password", show: func(c *client) {
		c.do("POST", "/Users", `{"schemas":["`+userURN+`","`+enterpriseURN+`"],"externalId":"0a21f0f2","userName":"Ada@x.example","active":true,
			"emails":[{"primary":true,"type":"work","value":"ada@x.example"}],"meta":{"resourceType":"User"},"name":{"formatted":"Ada L","familyName":"L","givenName":"Ada"},
			"roles":[],"addresses":[{"type":"work","streetAddress":null,"locality":"Bonn"}],"phoneNumbers":null,"title":"","surplus":"x","`+enterpriseURN+`":null}`).is(201).
			has("externalId", "0a21f0f2").has("active", true).has("addresses", raw(`[{"type":"work","locality":"Bonn"}]`)).
			lacks("roles", "phoneNumbers", "title", "surplus", enterpriseURN)
	}},
	{holds: "rule-13 an element that holds nothing but its kind beside an empty value is none", show: func(c *client) {
		empty := `"emails":[{"type":"work","value":"","primary":true},{"type":"home","value":"h@x"}],"addresses":[{"type":"work","locality":null}]`
		kept := raw(`[{"type":"home","value":"h@x","primary":true}]`)
		if c.site.tenant.Profile.Name == rfc7644 {
			kept = raw(`[{"type":"home","value":"h@x"}]`)
		}
		id := c.do("POST", "/Users", userBody(ada+`,`+empty)).is(201).has("emails", kept).lacks("addresses").text("id")
		c.put(id, ada+`,`+empty).is(200).has("emails", kept).lacks("addresses")
		c.patch(id, `{"op":"replace","value":{`+empty+`}}`).is(200).has("emails", kept).lacks("addresses")
		c.patch(id, add("addresses", `[{"type":"work","locality":""}]`)).is(200).lacks("addresses")
		c.put(id, ada+`,"addresses":[{"type":"work"}]`).is(200).has("addresses", raw(`[{"type":"work"}]`))
	}},
	{holds: "rule-13 Q-125 names and URNs in any letter case, department and manager without URN", show: func(c *client) {
		boss := c.user(`"userName":"boss"`)
		id := c.do("POST", "/Users", `{"schemas":["`+userURN+`"],"username":"ada","`+strings.ToUpper(enterpriseURN)+`":{"Department":"R","MANAGER":{"Value":"`+boss+`"}}}`).is(201).
			has(enterpriseURN+"/department", "R").has(managerPath+"/value", boss).text("id")
		c.patch(id, replace("department", `"S"`), replace("Manager", `"`+boss+`"`)).is(200).has(enterpriseURN+"/department", "S")
		c.patch(id, `{"op":"replace","value":{"department":"T","costCenter":"9"}}`).is(200).has(enterpriseURN+"/department", "T").has(enterpriseURN+"/costCenter", "9").lacks("department")
		c.found(`department eq "t"`, "ada")
		c.found(`manager eq "`+boss+`"`, "ada")
	}},
	{holds: "rule-17 Q-14 Q-15 Q-16 the manager as text, as an object or as a list of one is answered as an object", show: func(c *client) {
		boss := c.user(`"userName":"boss"`)
		for i, form := range []string{`"` + boss + `"`, `{"value":"` + boss + `"}`, `[{"value":"` + boss + `"}]`} {
			name := `"userName":"u` + itoa(i) + `"`
			id := c.do("POST", "/Users", userBody(name+`,`+manager(form))).is(201).has(managerPath+"/value", boss).text("id")
			c.patch(id, remove(enterpriseURN+":manager")).is(200).lacks(enterpriseURN)
			c.patch(id, `{"op":"Add","path":"`+enterpriseURN+`:manager","value":`+form+`}`).is(200).has(managerPath+"/value", boss)
			c.patch(id, `{"op":"replace","value":{"`+enterpriseURN+`:manager":`+form+`}}`).is(200).has(managerPath+"/value", boss)
			c.patch(id, replace(enterpriseURN+":manager.value", `"`+boss+`"`)).is(200).has(managerPath+"/value", boss)
			c.put(id, name+`,`+manager(form)).is(200).has(managerPath+"/value", boss)
			c.patch(id, replace(enterpriseURN+":manager", `""`)).is(200).lacks(enterpriseURN)
		}
	}},
	{holds: "Q-36 a selector on the one manager tests its value", show: func(c *client) {
		boss := c.user(`"userName":"boss"`)
		id := c.user(ada + `,` + manager(`"`+boss+`"`))
		path := enterpriseURN + ":manager"
		c.untouched(id, func() { c.patch(id, remove(path+`[value eq "other"]`)).is(200) })
		c.patch(id, remove(path+`[value eq "`+boss+`"]`)).is(200).lacks(enterpriseURN)
	}},
	{holds: "rule-15 Q-04 Q-05 Q-35 Q-143 Q-173 active as a boolean or as text in any letter case", show: func(c *client) {
		id := c.user(ada)
		for _, v := range []string{`false`, `true`, `"False"`, `"True"`, `"false"`, `"TRUE"`, `"fALSE"`} {
			want := strings.Contains(strings.ToLower(v), "true")
			c.patch(id, `{"op":"Replace","path":"active","value":`+v+`}`).is(200).has("active", want)
			c.patch(id, `{"op":"replace","value":{"active":`+v+`}}`).is(200).has("active", want)
			c.put(id, ada+`,"active":`+v).is(200).has("active", want)
			c.found(`active eq `+strings.ToLower(strings.Trim(v, `"`)), "ada")
		}
	}},
	{holds: "rule-15 Q-40 Q-41 Q-43 values without a path have dotted names, URN names, whole paths and extension objects", show: func(c *client) {
		id := c.user(ada)
		c.patch(id, `{"op":"add","value":{"name.givenName":"G","name.familyName":"F","`+enterpriseURN+`:employeeNumber":"1","`+userURN+`:title":"t",
			"emails[type eq \"work\"].value":"w@x","emails[type eq \"work\"].primary":true,"`+enterpriseURN+`":{"department":"D"}}}`).is(200).
			has("name/givenName", "G").has("name/familyName", "F").has("title", "t").has(enterpriseURN, raw(`{"employeeNumber":"1","department":"D"}`)).
			has("emails", raw(`[{"type":"work","value":"w@x","primary":true}]`)).lacks("name.givenName", "givenName")
		c.patch(id, `{"op":"replace","value":{"name.givenName":"H","`+enterpriseURN+`:manager.value":"m"}}`).is(200).has("name/givenName", "H").has("name/familyName", "F").has(managerPath, raw(`{"value":"m"}`))
	}},
	{holds: "Q-19 Q-11 Q-42 the long update of Entra applies as a whole", show: func(c *client) {
		id := c.user(ada + `,"emails":[{"type":"work","value":"old@x"}]`)
		op := func(path, value string) string {
			return `{"op":"Add","path":` + quoted(path) + `,"value":"` + value + `"}`
		}
		c.patch(id, op("displayName", "Ada"), op("title", "T"), op("preferredLanguage", "de"), op("name.givenName", "A"), op("name.familyName", "L"),
			op(`addresses[type eq "work"].streetAddress`, "S"), op(`addresses[type eq "work"].locality`, "B"), op(`addresses[type eq "work"].region`, "R"),
			op(`addresses[type eq "work"].postalCode`, "P"), op(`addresses[type eq "work"].country`, "DE"), op(`addresses[type eq "work"].formatted`, "F"),
			op(`phoneNumbers[type eq "work"].value`, "1"), op(`phoneNumbers[type eq "mobile"].value`, "2"), op(`phoneNumbers[type eq "fax"].value`, "3"),
			`{"op":"Replace","path":"emails[type eq \"work\"].value","value":"new@x"}`, op(enterpriseURN+":employeeNumber", "7"), op(enterpriseURN+":department", "D"),
			op(enterpriseURN+":manager", "m"), `{"op":"Replace","path":"active","value":"False"}`).is(200).
			has("addresses", raw(`[{"type":"work","streetAddress":"S","locality":"B","region":"R","postalCode":"P","country":"DE","formatted":"F"}]`)).
			has("phoneNumbers", raw(`[{"type":"work","value":"1"},{"type":"mobile","value":"2"},{"type":"fax","value":"3"}]`)).
			has("emails/0/value", "new@x").has(enterpriseURN+"/employeeNumber", "7").has(managerPath+"/value", "m").has("active", false).has("title", "T")
	}},
	{holds: "Q-12 types of addresses are kept and matched", show: func(c *client) {
		id := c.user(ada + `,"emails":[{"type":"work","value":"a@x"}]`)
		c.patch(id, replace(`emails[type eq "work"].value`, `"b@x"`)).is(200).has("emails/0/value", "b@x").has("emails/0/type", "work").lacks("emails/1")
	}},
	{holds: "Q-31 one role without a list is a list of one", on: cyberark, show: func(c *client) {
		c.get(c.user(ada+`,"roles":"admin"`)).has("roles", raw(`[{"value":"admin"}]`))
		c.get(c.user(`"userName":"b","roles":{"value":"admin"}`)).has("roles", raw(`[{"value":"admin"}]`))
	}},
	{holds: "rule-16 replace through an eq selector without match makes the entry", on: cyberark, show: func(c *client) {
		id := c.user(ada)
		c.patch(id, replace(`phoneNumbers[type eq "mobile"].value`, `"1"`), replace(`addresses[type eq "home"].locality`, `"B"`)).is(200).
			has("phoneNumbers", raw(`[{"type":"mobile","value":"1"}]`)).has("addresses", raw(`[{"type":"home","locality":"B"}]`))
		c.patch(id, replace(`phoneNumbers[type sw "x"].value`, `"1"`)).refused(400, "noTarget")
	}},
	{holds: "Q-66 the password of Okta is taken with and without a path", show: func(c *client) {
		id := c.user(ada)
		c.untouched(id, func() {
			c.patch(id, `{"op":"replace","value":{"password":"x1!"}}`).is(200)
			c.patch(id, add("password", `"x2!"`)).is(200)
			c.put(id, ada+`,"password":"x3!"`).is(200)
		})
	}},
	{holds: "Q-65 a user is deactivated by either form and stays to be read", show: func(c *client) {
		id := c.user(ada + `,"active":true`)
		c.patch(id, `{"op":"replace","value":{"active":false}}`).is(200)
		c.get(id).has("active", false)
		c.patch(id, replace("active", `true`)).is(200)
		c.get(id).has("active", true)
	}},
	{holds: "Q-99 a dot after the URN works like a colon", on: cyberark, show: func(c *client) {
		id := c.user(ada)
		c.patch(id, add(enterpriseURN+".department", `"D"`)).is(200).has(enterpriseURN+"/department", "D")
		c.found(enterpriseURN+`.department eq "d"`, "ada")
	}},
}
