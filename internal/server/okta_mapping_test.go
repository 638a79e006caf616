package server_test

import "strings"

// oktaMapping are the attributes of an Okta profile that go to SCIM.
var oktaMapping = []mapped{
	{
		from: "userName", to: "userName", ids: "Q-07",
		create: `"userName":"Morgan@okta.example"`, created: both(`"Morgan@okta.example"`),
		change: `"userName":"m.chen@okta.example"`, changed: both(`"m.chen@okta.example"`), cleared: required,
		found: `userName eq "morgan@okta.example"`, note: "unique; letter case does not count, the spelling is kept",
	},
	namePart("firstName", "givenName", "Morgan", "Mo"),
	namePart("lastName", "familyName", "Chen", "Chen-Li"),
	namePart("middleName", "middleName", "Lee", "L."),
	namePart("honorificPrefix", "honorificPrefix", "Dr.", "Prof."),
	namePart("honorificSuffix", "honorificSuffix", "Jr.", "III"),
	{
		from: "displayName", to: "displayName",
		create: `"displayName":"Morgan Chen"`, created: both(`"Morgan Chen"`), change: `"displayName":"Mo Chen"`, changed: both(`"Mo Chen"`),
		cleared: kept{cyberark: `"Mo Chen"`}, found: `displayName eq "morgan chen"`, note: "a PUT without it keeps it in `cyberark`: `putKeepsOmitted`",
	},
	single("nickName", "nickName", "Mo", "Momo"),
	single("profileUrl", "profileUrl", "https://okta.example/mo", "https://okta.example/momo"),
	single("title", "title", "Analyst", "Lead"),
	single("userType", "userType", "Employee", "Contractor"),
	single("preferredLanguage", "preferredLanguage", "en-US", "de-DE"),
	single("locale", "locale", "en-US", "de-DE"),
	single("timezone", "timezone", "America/Los_Angeles", "Europe/Berlin"),
	{
		from: "email", to: `emails[primary eq true].value`,
		create:  `"emails":[{"primary":true,"value":"morgan@okta.example","type":"work"}]`,
		created: both(`[{"primary":true,"value":"morgan@okta.example","type":"work"}]`),
		change:  `"emails":[{"primary":true,"value":"m.chen@okta.example","type":"work"}]`,
		changed: both(`[{"primary":true,"value":"m.chen@okta.example","type":"work"}]`), found: `emails.value eq "Morgan@okta.example"`,
	},
	{
		from: "secondEmail", to: `emails[type eq "secondary"].value`,
		create:  `"emails":[{"primary":true,"value":"m@okta.example","type":"work"},{"primary":false,"value":"m@home.example","type":"secondary"}]`,
		created: both(`[{"primary":true,"value":"m@okta.example","type":"work"},{"primary":false,"value":"m@home.example","type":"secondary"}]`),
		change:  `"emails":[{"primary":true,"value":"m@okta.example","type":"work"}]`,
		changed: both(`[{"primary":true,"value":"m@okta.example","type":"work"}]`), found: `emails[type eq "secondary"].value eq "m@home.example"`,
	},
	manyValued("primaryPhone", `phoneNumbers[type eq "work"].value`, "phoneNumbers", `[{"primary":true,"value":"415-555-0100","type":"work"}]`, `[{"primary":true,"value":"415-555-0199","type":"work"}]`, `phoneNumbers.value eq "415-555-0100"`),
	manyValued("mobilePhone", `phoneNumbers[type eq "mobile"].value`, "phoneNumbers", `[{"value":"415-555-0101","type":"mobile"}]`, `[{"value":"415-555-0102","type":"mobile"}]`, `phoneNumbers[type eq "mobile"].value eq "415-555-0101"`),
	oktaAddress("streetAddress", "streetAddress", "1 Main St", "2 Main St"),
	oktaAddress("city", "locality", "Oakland", "Fresno"),
	oktaAddress("state", "region", "CA", "NV"),
	oktaAddress("zipCode", "postalCode", "94601", "89501"),
	oktaAddress("countryCode", "country", "US", "DE"),
	oktaAddress("postalAddress", "formatted", "1 Main St, Oakland", "2 Main St, Oakland"),
	enterprise("employeeNumber", "employeeNumber", "4711", "4712"),
	enterprise("costCenter", "costCenter", "cc1", "cc2"),
	enterprise("organization", "organization", "Org A", "Org B"),
	enterprise("division", "division", "North", "South"),
	enterprise("department", "department", "Treasury", "Risk"),
	{
		from: "managerId", to: enterpriseURN + ":manager.value", ids: "Q-16",
		create: `"` + enterpriseURN + `":{"manager":{"value":"m1"}}`, created: both(`"m1"`),
		change: `"` + enterpriseURN + `":{"manager":{"value":"m2"}}`, changed: both(`"m2"`), found: enterpriseURN + `:manager.value eq "m1"`,
	},
	{
		from: "manager", to: enterpriseURN + ":manager.displayName",
		create: `"` + enterpriseURN + `":{"manager":{"value":"m1","displayName":"Kim"}}`,
		change: `"` + enterpriseURN + `":{"manager":{"value":"m2","displayName":"Lou"}}`, note: "read-only in RFC 7643 §4.3, so it is not kept",
	},
	{
		from: "user id", to: "externalId",
		create: `"externalId":"00ujl29u0le5T6Aj10h7"`, created: both(`"00ujl29u0le5T6Aj10h7"`),
		change: `"externalId":"00ujl29u0le5T6Aj10h8"`, changed: both(`"00ujl29u0le5T6Aj10h8"`), found: `externalId eq "00ujl29u0le5T6Aj10h7"`,
	},
	{
		from: "password", to: "password", ids: "Q-66",
		create: `"password":"1mz050nq"`, change: `"password":"N3w-Secret!"`, note: "taken and never returned; kept as a hash, with which the person can sign in",
		show: func(c *client, m mapped) {
			id := m.make(c)
			c.untouched(id, func() {
				c.patch(id, `{"op":"replace","value":{`+m.change+`}}`).is(200).lacks("password")
				readThenPut(c, id, m.body(m.change)).is(200).lacks("password")
			})
		},
	},
	{
		from: "status", to: "active", ids: "Q-63 Q-64 Q-65",
		create: `"active":true`, created: both(`true`), change: `"active":false`, changed: both(`false`), cleared: kept{cyberark: `false`},
		found: `active eq true`, note: "a catalogue application sends it as `PATCH`, one of the wizard as `PUT`",
		show: func(c *client, m mapped) {
			id := m.make(c)
			g := c.group("Crew", id)
			for _, change := range []func(*client, string, string) *answer{readThenPut, pathlessReplace} {
				for range 2 {
					m.keeps(change(c, id, m.body(m.change)), m.changed)
				}
				c.found(`active eq false`, "ingrid@contoso.example")
				m.keeps(change(c, id, m.body(m.create)), m.created)
				c.holds(g, id)
			}
			m.keeps(readThenPut(c, id, m.body(m.change)), m.changed)
			m.keeps(put(c, id, m.body("")), m.cleared)
		},
	},
}

func single(from, to, first, then string) mapped {
	member := func(v string) string { return quoted(to) + ":" + quoted(v) }
	return mapped{
		from: from, to: to, create: member(first), created: both(quoted(first)), change: member(then), changed: both(quoted(then)),
		empty: member(""), found: to + " eq " + quoted(first),
	}
}

func namePart(from, part, first, then string) mapped {
	member := func(v string) string { return `"name":{"` + part + `":` + quoted(v) + `}` }
	return mapped{
		from: from, to: "name." + part, create: member(first), created: both(quoted(first)), change: member(then), changed: both(quoted(then)),
		empty: member(""), found: "name." + part + " eq " + quoted(first),
	}
}

func manyValued(from, to, attribute, first, then, found string) mapped {
	return mapped{
		from: from, to: to, create: quoted(attribute) + ":" + first, created: both(first), change: quoted(attribute) + ":" + then, changed: both(then),
		empty: quoted(attribute) + ":[]", found: found,
	}
}

func oktaAddress(from, part, first, then string) mapped {
	one := func(v string) string { return `[{"primary":true,"type":"work","` + part + `":` + quoted(v) + `}]` }
	return manyValued(from, `addresses[type eq "work"].`+part, "addresses", one(first), one(then), "addresses."+part+" eq "+quoted(first))
}

func enterprise(from, name, first, then string) mapped {
	member := func(v string) string { return `"` + enterpriseURN + `":{"` + name + `":` + quoted(v) + `}` }
	return mapped{
		from: from, to: enterpriseURN + ":" + name, create: member(first), created: both(quoted(first)), change: member(then), changed: both(quoted(then)),
		empty: member(""), found: enterpriseURN + ":" + name + " eq " + quoted(strings.ToUpper(first)),
	}
}
