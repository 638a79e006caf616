package server_test

import (
	"os"
	"regexp"
	"strings"
)

// oneLoginMapping is a JSON template as OneLogin proposes it, with what is often
// added to it. A macro without a value leaves an empty text.
var oneLoginMapping = []mapped{
	{
		from: "{$parameters.scimusername}", to: "userName", ids: "Q-07",
		create: `"userName":"Ingrid@contoso.example"`, created: both(`"Ingrid@contoso.example"`),
		change: `"userName":"i.solheim@contoso.example"`, changed: both(`"i.solheim@contoso.example"`), cleared: required,
		found: `userName eq "ingrid@contoso.example"`, note: "unique; letter case does not count",
	},
	single("{$user.id}", "externalId", "99", "100"),
	displayName("{$user.display_name}", "Ingrid Solheim", "Ingrid Berg"),
	namePart("{$user.firstname}", "givenName", "Ingrid", "Inga"),
	namePart("{$user.lastname}", "familyName", "Solheim", "Berg"),
	workEmail("{$user.email}"),
	phoneNumber("{$user.phone}", "work"),
	single("{$user.title}", "title", "Analyst", "Lead"),
	enterprise("{$user.department}", "department", "Treasury", "Risk"),
	{
		from: "active, on suspending", to: "active", ids: "Q-63",
		create: `"active":true`, created: both(`true`), change: `"active":false`, changed: both(`false`), cleared: kept{cyberark: `false`},
		found: `active eq true`, note: "a template without it would keep the state in `cyberark`",
	},
}

// jumpCloudMapping are the core attributes that JumpCloud sends.
var jumpCloudMapping = []mapped{
	{
		from: "username or email", to: "userName", ids: "Q-07",
		create: `"userName":"Ingrid@contoso.example"`, created: both(`"Ingrid@contoso.example"`),
		change: `"userName":"i.solheim@contoso.example"`, changed: both(`"i.solheim@contoso.example"`), cleared: required,
		found: `userName eq "ingrid@contoso.example"`, note: "unique; letter case does not count",
	},
	displayName("displayname", "Ingrid Solheim", "Ingrid Berg"),
	namePart("firstname", "givenName", "Ingrid", "Inga"),
	namePart("lastname", "familyName", "Solheim", "Berg"),
	workEmail("email"),
	phoneNumber("work phone", "work"),
	{
		from: "bound to the application", to: "active", ids: "Q-63",
		create: `"active":true`, created: both(`true`), change: `"active":false`, changed: both(`false`), cleared: kept{cyberark: `false`},
		found: `active eq true`,
	},
}

// pingOneMapping are the attributes of PingOne that have one value each.
var pingOneMapping = []mapped{
	{
		from: "Username", to: "userName", ids: "Q-07",
		create: `"userName":"Ingrid@contoso.example"`, created: both(`"Ingrid@contoso.example"`),
		change: `"userName":"i.solheim@contoso.example"`, changed: both(`"i.solheim@contoso.example"`), cleared: required,
		found: `userName eq "ingrid@contoso.example"`, note: "unique; letter case does not count",
	},
	single("External ID", "externalId", "p1", "p2"),
	displayName("Formatted name", "Ingrid Solheim", "Ingrid Berg"),
	namePart("Given Name", "givenName", "Ingrid", "Inga"),
	namePart("Family Name", "familyName", "Solheim", "Berg"),
	single("Nickname", "nickName", "Ing", "Inga"),
	single("Title", "title", "Analyst", "Lead"),
	single("Type", "userType", "Employee", "Contractor"),
	single("Preferred Language", "preferredLanguage", "nb-NO", "en-GB"),
	single("Locale", "locale", "nb-NO", "en-GB"),
	single("Timezone", "timezone", "Europe/Oslo", "Europe/London"),
	func() mapped {
		m := workEmail("Email Address")
		m.ids, m.found, m.note = "Q-87", `emails eq "Ingrid@contoso.example"`, "the look-up by `workEmail` names no sub-attribute"
		return m
	}(),
	phoneNumber("Primary Phone", "work"),
	phoneNumber("Mobile Phone", "mobile"),
	manyValued("Address", `addresses[type eq "work"]`, "addresses", `[{"type":"work","streetAddress":"Storgata 1","locality":"Oslo","country":"NO"}]`,
		`[{"type":"work","streetAddress":"Storgata 2","locality":"Oslo","country":"NO"}]`, `addresses.locality eq "oslo"`),
	enterprise("Department", "department", "Treasury", "Risk"),
	{
		from: "Enabled", to: "active",
		create: `"active":false`, created: both(`false`), change: `"active":true`, changed: both(`true`), cleared: kept{cyberark: `true`},
		found: `active eq false`, note: "a user may be created disabled",
	},
}

func displayName(from, first, then string) mapped {
	m := single(from, "displayName", first, then)
	m.cleared, m.note = kept{cyberark: quoted(then)}, "a PUT without it keeps it in `cyberark`: `putKeepsOmitted`"
	return m
}

func workEmail(from string) mapped {
	one := func(v string) string { return `[{"value":` + quoted(v) + `,"type":"work","primary":true}]` }
	m := manyValued(from, `emails[type eq "work"].value`, "emails", one("ingrid@contoso.example"), one("is@contoso.example"), `emails[type eq "work"].value eq "Ingrid@contoso.example"`)
	m.empty = `"emails":` + one("")
	return m
}

func phoneNumber(from, typ string) mapped {
	one := func(v string) string { return `[{"type":"` + typ + `","value":` + quoted(v) + `}]` }
	m := manyValued(from, `phoneNumbers[type eq "`+typ+`"].value`, "phoneNumbers", one("+47 400 00 111"), one("5555"), `phoneNumbers.value eq "+47 400 00 111"`)
	m.empty = `"phoneNumbers":` + one("")
	return m
}

// oneLoginTemplateRows use the template of the guide as it stands there.
var oneLoginTemplateRows = []row{
	{holds: "rule-13 the template of the guide is taken, filled in and with empty macros", show: func(c *client) {
		page, err := os.ReadFile("../../docs/onelogin.md")
		if err != nil {
			c.Fatal(err)
		}
		macro := regexp.MustCompile(`\{\$[a-z_.]+\}`)
		for block := range strings.SplitSeq(string(page), "```json\n") {
			template, _, _ := strings.Cut(block, "```")
			if !macro.MatchString(template) || !strings.HasPrefix(template, "{") {
				continue
			}
			for _, m := range oneLoginMapping {
				if strings.HasPrefix(m.from, "{$") && !strings.Contains(template, m.from) {
					c.Errorf("the template has no %s", m.from)
				}
			}
			full := c.do("POST", "/Users", macro.ReplaceAllStringFunc(template, func(m string) string { return "of " + strings.Trim(m, "{$}") })).is(201)
			full.has("userName", "of parameters.scimusername").has("name/familyName", "of user.lastname").has("emails/0/value", "of user.email").
				has(enterpriseURN+"/department", "of user.department")
			bare := strings.Replace(template, "{$parameters.scimusername}", "bare", 1)
			c.do("POST", "/Users", macro.ReplaceAllString(bare, "")).is(201).has("userName", "bare").
				lacks("externalId", "emails", "phoneNumbers", "title", enterpriseURN, "name/givenName")
			return
		}
		c.Error("the guide has no template")
	}},
}
