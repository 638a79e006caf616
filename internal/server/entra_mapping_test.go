package server_test

import "strings"

// entraMapping is the mapping that Entra ID proposes for an application outside
// its gallery, with the roles and groups that are usually added.
var entraMapping = []mapped{
	{
		from: "userPrincipalName", to: "userName", ids: "Q-07 Q-76",
		create: `"userName":"Ingrid@contoso.example"`, created: both(`"Ingrid@contoso.example"`),
		change: `"i.solheim@contoso.example"`, changed: both(`"i.solheim@contoso.example"`), cleared: required,
		found: `userName eq "INGRID@contoso.example"`, note: "unique; letter case does not count, the spelling is kept",
	},
	{
		from: "Switch([IsSoftDeleted], …)", to: "active", ids: "Q-04 Q-35 Q-163",
		create: `"active":true`, created: both(`true`), change: `"False"`, flag: `false`, changed: both(`false`),
		found: `active eq true`, note: "text or boolean; with the flag `false`",
	},
	{
		from: "displayName", to: "displayName",
		create: `"displayName":"Ingrid Solheim"`, created: both(`"Ingrid Solheim"`), change: `"Ingrid S."`, changed: both(`"Ingrid S."`),
		found: `displayName eq "ingrid solheim"`, note: "`name.formatted` follows it in `cyberark`",
	},
	{
		from: "jobTitle", to: "title",
		create: `"title":"Analyst"`, created: both(`"Analyst"`), change: `"Lead"`, changed: both(`"Lead"`), found: `title eq "analyst"`,
	},
	{
		from: "preferredLanguage", to: "preferredLanguage",
		create: `"preferredLanguage":"nb-NO"`, created: both(`"nb-NO"`), change: `"en-GB"`, changed: both(`"en-GB"`), found: `preferredLanguage eq "nb-no"`,
	},
	{
		from: "givenName", to: "name.givenName", ids: "Q-40 Q-43",
		create: `"name":{"givenName":"Ingrid"}`, created: both(`"Ingrid"`), change: `"Inga"`, changed: both(`"Inga"`), found: `name.givenName eq "ingrid"`,
	},
	{
		from: "surname", to: "name.familyName", ids: "Q-40 Q-43",
		create: `"name":{"familyName":"Solheim"}`, created: both(`"Solheim"`), change: `"Berg"`, changed: both(`"Berg"`), found: `name.familyName eq "solheim"`,
	},
	{
		from: `Join(" ", [givenName], [surname])`, to: "name.formatted",
		create: `"name":{"formatted":"Ingrid Solheim"}`, created: both(`"Ingrid Solheim"`), change: `"Ingrid Berg"`, changed: both(`"Ingrid Berg"`),
		cleared: kept{cyberark: `"Ingrid Berg"`}, found: `name.formatted eq "ingrid solheim"`,
		note: "in `cyberark` it is `displayName`: a change of either changes both, and it goes only with `displayName`",
	},
	{
		from: "mail", to: `emails[type eq "work"].value`, ids: "Q-10 Q-12 Q-13 Q-34 Q-174",
		create:  `"emails":[{"primary":true,"type":"work","value":"ingrid@contoso.example"}]`,
		created: both(`[{"primary":true,"type":"work","value":"ingrid@contoso.example"}]`),
		change:  `"is@contoso.example"`, changed: both(`[{"primary":true,"type":"work","value":"is@contoso.example"}]`),
		added: kept{`[{"type":"work","value":"is@contoso.example","primary":true}]`, `[{"type":"work","value":"is@contoso.example"}]`},
		found: `emails[type eq "work"].value eq "Ingrid@contoso.example"`, note: "not unique: two users may share an address",
	},
	{
		from: "proxyAddresses", to: `emails[type eq "other"].value`,
		create:  `"emails":[{"primary":true,"type":"work","value":"i@contoso.example"},{"type":"other","value":"old@contoso.example"}]`,
		created: both(`[{"primary":true,"type":"work","value":"i@contoso.example"},{"type":"other","value":"old@contoso.example"}]`),
		change:  `"x@contoso.example"`, changed: both(`[{"primary":true,"type":"work","value":"i@contoso.example"},{"type":"other","value":"x@contoso.example"}]`),
		cleared: both(`[{"primary":true,"type":"work","value":"i@contoso.example"}]`), found: `emails.value eq "old@contoso.example"`,
	},
	{
		from: "mailNickname", to: "externalId", ids: "Q-03 Q-08",
		create: `"externalId":"0a21f0f2-AAAA"`, created: both(`"0a21f0f2-AAAA"`), change: `"ingrid"`, changed: both(`"ingrid"`),
		found: `externalId eq "0a21f0f2-AAAA"`, note: "letter case counts, not unique; map `objectId` to match by it",
	},
	entraAddress("streetAddress", "streetAddress", "Storgata 1", "Storgata 2"),
	entraAddress("city", "locality", "Oslo", "Bergen"),
	entraAddress("state", "region", "Oslo", "Vestland"),
	entraAddress("postalCode", "postalCode", "0155", "5003"),
	entraAddress("country", "country", "NO", "SE"),
	entraAddress("physicalDeliveryOfficeName", "formatted", "Room 12", "Room 14"),
	entraPhone("telephoneNumber", "work"),
	entraPhone("mobile", "mobile"),
	entraPhone("facsimileTelephoneNumber", "fax"),
	entraEnterprise("employeeId", "employeeNumber", `"4711"`, `"4712"`),
	entraEnterprise("department", "department", `"Treasury"`, `"Risk"`),
	{
		from: "manager", to: enterpriseURN + ":manager", ids: "Q-14 Q-15 Q-16",
		create:  `"` + enterpriseURN + `":{"manager":"48af03ac"}`,
		created: both(`{"value":"48af03ac"}`), change: `"5b001122"`, changed: both(`{"value":"5b001122"}`),
		found: `id eq "{id}" and manager eq "48af03ac"`, note: "text, object or list of one; need not be a user, see `managerMustExist`",
	},
	entraRole("value", `{"primary":true,"type":"WindowsAzureActiveDirectoryRole","value":"Admin"}`, "Auditor",
		`{"primary":true,"type":"WindowsAzureActiveDirectoryRole","value":"Auditor"}`, `roles[primary eq true].value eq "admin"`),
	entraRole("display", `{"primary":true,"value":"25","display":"Admin"}`, "Auditor", `{"primary":true,"value":"25","display":"Auditor"}`, `roles.display eq "admin"`),
	entraRole("type", `{"primary":true,"value":"25","type":"Old"}`, "New", `{"primary":true,"value":"25","type":"New"}`, `roles.type eq "old"`),
	{
		from: "AppRoleAssignmentsComplex([appRoleAssignments])", to: "roles", ids: "Q-30",
		create:  `"roles":[{"primary":false,"type":"WindowsAzureActiveDirectoryRole","display":"User","value":"User"}]`,
		created: both(`[{"primary":false,"type":"WindowsAzureActiveDirectoryRole","display":"User","value":"User"}]`),
		change:  `[{"value":"{\"id\":\"06b0\",\"value\":\"25\",\"displayName\":\"Role1234\"}"}]`,
		changed: both(`[{"value":"{\"id\":\"06b0\",\"value\":\"25\",\"displayName\":\"Role1234\"}"}]`),
		found:   `roles.value eq "user"`, note: "a value that is JSON text stays text; Add keeps the roles that are there",
	},
	{
		from: "group displayName", to: "displayName", on: "/Groups", ids: "Q-137 Q-169",
		create: `"displayName":"Treasury"`, created: both(`"Treasury"`), change: `"Risk"`, changed: both(`"Risk"`), cleared: required,
		found: `displayName eq "TREASURY"`, note: "unique; letter case does not count",
	},
	{
		from: "group objectId", to: "externalId", on: "/Groups",
		create: `"externalId":"8aa1a0c0"`, created: both(`"8aa1a0c0"`), change: `"8AA1A0C0"`, changed: both(`"8AA1A0C0"`),
		found: `externalId eq "8aa1a0c0"`, note: "letter case counts",
	},
	{
		from: "group members", to: "members", on: "/Groups", ids: "Q-20 Q-22 Q-23 Q-27 Q-44",
		change: `[{"$ref":null,"value":"{user}"}]`, changed: both(`[{"value":"{user}","type":"User","display":"ingrid@contoso.example","$ref":"…"}]`),
		found: `id eq "{id}" and members eq "{user}"`, note: "Add and Remove name members; the others stay",
		show: entraMembers,
	},
}

func entraAddress(from, part, first, then string) mapped {
	one := func(v string) string { return `[{"type":"work","` + part + `":"` + v + `"}]` }
	return mapped{
		from: from, to: `addresses[type eq "work"].` + part, ids: "Q-11 Q-19",
		create: `"addresses":` + one(first), created: both(one(first)), change: quoted(then), changed: both(one(then)),
		found: `addresses[type eq "work"].` + part + ` eq ` + quoted(first),
	}
}

func entraPhone(from, typ string) mapped {
	one := func(v string) string { return `[{"type":"` + typ + `","value":"` + v + `"}]` }
	return mapped{
		from: from, to: `phoneNumbers[type eq "` + typ + `"].value`, ids: "Q-138",
		create: `"phoneNumbers":` + one("+47 400 00 111"), created: both(one("+47 400 00 111")), change: `"5555"`, changed: both(one("5555")),
		found: `phoneNumbers[type eq "` + typ + `"].value eq "+47 400 00 111"`, note: "kept as it is sent",
	}
}

func entraEnterprise(from, name, first, then string) mapped {
	return mapped{
		from: from, to: enterpriseURN + ":" + name, ids: "Q-17 Q-41",
		create: `"` + enterpriseURN + `":{"` + name + `":` + first + `}`, created: both(first), change: then, changed: both(then),
		found: enterpriseURN + ":" + name + " eq " + first,
	}
}

// entraRole is the one role of a user, which Entra ID finds by primary.
func entraRole(part, first, value, then, found string) mapped {
	without := strings.Replace(then, `,"`+part+`":"`+value+`"`, "", 1)
	m := mapped{
		from: "SingleAppRoleAssignment([appRoleAssignments])", to: `roles[primary eq "True"].` + part, ids: "Q-31 Q-32 Q-46",
		create: `"roles":[` + first + `]`, created: both("[" + first + "]"), change: quoted(value), changed: both("[" + then + "]"), found: found,
	}
	if part != "value" {
		m.part, m.cleared = true, both("["+without+"]")
	} else {
		m.added = both(`[{"primary":true,"value":"` + value + `"}]`)
	}
	return m
}

// entraChange shows a row in every form that Entra ID has for it: its default
// and, in lower case, with its feature flag; replacing, taking away, adding.
func entraChange(c *client, m mapped) {
	op := func(op, value string) string {
		return `{"op":"` + op + `","path":` + quoted(m.to) + `,"value":` + value + `}`
	}
	// With the flag, what has no selector goes without a path.
	flagged := func(name string) string {
		value := m.change
		if m.flag != "" {
			value = m.flag
		}
		if strings.Contains(m.to, "[") {
			return op(name, value)
		}
		return `{"op":"` + name + `","value":{` + quoted(m.to) + `:` + value + `}}`
	}
	added := m.added
	if added == (kept{}) {
		added = m.changed
	}
	id := m.make(c)
	send := func(ops ...string) *answer { return c.do("PATCH", m.endpoint()+"/"+id, patchBody(ops...)) }
	unchanged := func(ops ...string) {
		before := c.do("GET", m.endpoint()+"/"+id, "")
		send(ops...).is(200).has("meta", raw(show(before.at("meta"))))
	}

	m.keeps(send(op("Replace", m.change)), m.changed)
	unchanged(op("Replace", m.change)) // what is so already moves nothing
	unchanged(flagged("replace"))
	clear := `{"op":"Remove","path":` + quoted(m.to) + `}`
	if m.cleared == required {
		send(clear).refused(400, "mutability").mentions(m.to)
		send(op("Replace", `""`)).refused(400, "invalidValue")
		return
	}
	m.keeps(send(clear), m.cleared)
	unchanged(clear)
	for _, again := range []string{op("Add", m.change), flagged("add")} {
		m.keeps(send(again), added)
		m.keeps(send(op("Remove", m.change)), m.cleared)
	}
	// Entra ID may send Replace for what is not there.
	for _, again := range []string{op("Replace", m.change), flagged("replace")} {
		if strings.Contains(m.to, "[") && !m.part && !c.site.tenant.Profile.SelectorCreates {
			send(again).refused(400, "noTarget")
			continue
		}
		m.keeps(send(again), added)
		m.keeps(send(strings.Replace(clear, "Remove", "remove", 1)), m.cleared)
	}
	for _, nothing := range []string{`null`, `""`} {
		send(op("Add", m.change)).is(200)
		m.keeps(send(op("Replace", nothing)), m.cleared)
	}
}

func entraMembers(c *client, m mapped) {
	u, other := c.user(`"userName":"ingrid@contoso.example"`), c.user(`"userName":"olav@contoso.example"`)
	g := c.do("POST", "/Groups", `{"schemas":["`+groupURN+`","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
		"externalId":"8aa1a0c0","displayName":"Treasury","meta":{"resourceType":"Group"}}`).is(201).lacks("members").text("id")
	named := strings.ReplaceAll(m.change, "{user}", u)
	c.patchGroup(g, `{"op":"Add","path":"members","value":`+named+`}`).is(200).
		has("members", raw(strings.NewReplacer("{user}", u, "…", c.get(u).text("meta/location")).Replace(m.changed.cyberark)))
	c.patchGroup(g, `{"op":"Add","path":"members","value":`+strings.ReplaceAll(m.change, "{user}", other)+`}`).is(200)
	for _, form := range []struct{ add, remove string }{
		{`{"op":"Add","path":"members","value":` + named + `}`, `{"op":"Remove","path":"members","value":` + named + `}`},
		{`{"op":"add","value":{"members":` + named + `}}`, remove(`members[value eq "` + u + `"]`)},
	} {
		for range 2 {
			c.patchGroup(g, form.add).is(200)
			c.holds(g, u, other)
		}
		c.query("/Groups", "filter", strings.NewReplacer("{id}", g, "{user}", u).Replace(m.found), "attributes", "id").is(200).has("totalResults", 1)
		c.query("/Groups", "excludedAttributes", "members", "filter", `displayName eq "Treasury"`).is(200).has("Resources/0/id", g).lacks("Resources/0/members")
		for range 2 {
			c.patchGroup(g, form.remove).is(200)
			c.holds(g, other)
		}
	}
}
