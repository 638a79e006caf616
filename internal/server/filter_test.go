package server_test

import (
	"slices"
	"strings"
)

// people makes users whose members cover what filters look at.
func people(c *client) {
	c.Helper()
	c.user(`"userName":"ada","title":"Engineer","active":true,"name":{"givenName":"Ada","familyName":"Byron"},` +
		`"emails":[{"value":"ada@work.example","type":"work","primary":true},{"value":"ada@home.example","type":"home"}],"externalId":"E1"`)
	c.user(`"userName":"Bob","title":"director","active":false,"emails":[{"value":"bob@home.example","type":"work","primary":false}],"externalId":"e1"`)
	c.user(`"userName":"cyd%_*[x]","active":true,"nickName":"C"`)
}

// filterRows are about what filters mean (RFC 7644 §3.4.2.2).
var filterRows = []row{
	{holds: "R7644-3.4.2.2-01 R7644-3.4.2.2-04 R7644-3.4.2.2-05 Q-07 Q-94 Q-112 text operators, equality included", show: func(c *client) {
		people(c)
		for f, names := range map[string][]string{
			`userName eq "ADA"`: {"ada"},
			`userName eq "ad"`:  nil,
			`userName sw "ada"`: {"ada"},
			`userName sw "A"`:   {"ada"},
			`userName sw "da"`:  nil,
			`userName ew "ada"`: {"ada"},
			`userName ew "DA"`:  {"ada"},
			`userName ew "ad"`:  nil,
			`userName co "b"`:   {"Bob"},
			`title co "rect"`:   {"Bob"},
		} {
			c.found(f, names...)
		}
	}},
	{holds: "R7644-3.4.2.2-03 wildcards of the store are plain characters", show: func(c *client) {
		people(c)
		for _, part := range []string{"%", "_", "*", "[", "%_*", "[x]"} {
			c.found(`userName co "`+part+`"`, "cyd%_*[x]")
			c.found(`userName sw "` + part + `"`)
			c.found(`userName eq "` + part + `"`)
		}
	}},
	{holds: "R7644-3.4.2.2-02 ne holds for another value and for none", show: func(c *client) {
		people(c)
		c.found(`active ne true`, "Bob")
		c.found(`title ne "engineer"`, "Bob", "cyd%_*[x]")
	}},
	{holds: "R7644-3.4.2.2-06 pr is true for what has a value", show: func(c *client) {
		people(c)
		c.found(`title pr`, "ada", "Bob")
		c.found(`emails pr`, "ada", "Bob")
		c.found(`name.familyName pr`, "ada")
		c.found(`emails[type eq "home" and value pr]`, "ada")
		c.found(`nickName pr`, "cyd%_*[x]")
	}},
	{holds: "R7644-3.4.2.2-07 order of text is that of the folded text, or of the text itself when case exact", show: func(c *client) {
		people(c)
		c.found(`title gt "E"`, "ada")
		c.found(`title ge "DIRECTOR"`, "ada", "Bob")
		c.found(`title lt "engineer"`, "Bob")
		c.found(`title le "engineer"`, "ada", "Bob")
		c.found(`externalId gt "E1"`, "Bob")
		c.found(`externalId ge "E1"`, "ada", "Bob")
	}},
	{holds: "R7644-3.4.2.2-08 R7644-3.4.2.2-13 operators and literals that do not fit the type are refused, also in an empty store", show: func(c *client) {
		c.unfit(`active gt true`, `active ge false`, `active co "t"`, `active sw "t"`, `x509Certificates.value lt "AA"`, `meta.created co "2020"`,
			`userName eq 5`, `userName eq true`, `active eq "x"`, `active eq 1`, `active eq "1"`, `meta.created gt "soon"`, `meta.created eq 5`, `title gt null`, `title co null`)
	}},
	{holds: "R7644-3.4.2.2-09 R7644-3.4.2.2-33 meta times compare as instants", show: func(c *client) {
		created := c.do("POST", "/Users", userBody(ada)).is(201).text("meta/created")
		at := parseTime(c, created)
		for _, same := range []string{created, at.Format("2006-01-02T15:04:05.999999999Z07:00"), at.In(india).Format("2006-01-02T15:04:05.000000000Z07:00")} {
			c.found(`meta.created eq "`+same+`"`, "ada")
			c.found(`meta.lastModified ge "`+same+`"`, "ada")
			c.found(`meta.lastModified gt "` + same + `"`)
		}
		c.found(`meta.created lt "2001-01-01T00:00:00+05:30"`)
		c.found(`meta.lastModified gt "2001-01-01T00:00:00"`, "ada")
	}},
	{holds: "R7644-3.4.2.2-10 R7644-5-01 R7644-7.8-01 Q-169 Q-174 letter case is ignored over all of Unicode", show: func(c *client) {
		c.user(`"userName":"\u00c9lodie","title":"ПРИВЕТ","displayName":"Ａｄａ"`)
		for _, f := range []string{`userName eq "\u00e9LODIE"`, `userName eq "e\u0301lodie"`, `userName sw "É"`, `title eq "привет"`, `title co "Ивет"`, `displayName eq "ada"`} {
			c.found(f, "Élodie")
		}
	}},
	{holds: "R7644-3.4.2.2-11 R7643-7-04 Q-08 rule-07 case-exact text compares exactly", show: func(c *client) {
		people(c)
		c.found(`externalId eq "E1"`, "ada")
		c.found(`externalId eq "e1"`, "Bob")
		c.found(`externalId sw "E"`, "ada")
		id := c.query("/Users", "filter", `userName eq "ada"`).text("Resources/0/id")
		c.found(`id eq "`+id+`"`, "ada")
		c.found(`id eq "` + strings.ToUpper(id) + `"`)
	}},
	{holds: "R7644-3.4.2.2-12 booleans compare with JSON literals", show: func(c *client) {
		people(c)
		c.found(`active eq true`, "ada", "cyd%_*[x]")
		c.found(`active eq false`, "Bob")
	}},
	{holds: "R7644-3.4.2.2-14 null tests assignment", show: func(c *client) {
		people(c)
		c.found(`title eq null`, "cyd%_*[x]")
		c.found(`title ne null`, "ada", "Bob")
		c.found(`emails[type eq "home" and display eq null]`, "ada")
	}},
	{holds: "R7644-3.4.2.2-15 nothing equals the empty text", show: func(c *client) {
		people(c)
		c.found(`nickName eq ""`)
		c.found(`nickName ne ""`, "ada", "Bob", "cyd%_*[x]")
		c.found(`nickName co ""`, "cyd%_*[x]")
	}},
	{holds: "R7644-3.4.2.2-16 rule-07 one matching element suffices", show: func(c *client) {
		people(c)
		c.found(`emails.type eq "home"`, "ada")
		c.found(`emails.value ew "home.example"`, "ada", "Bob")
		c.found(`emails.type ne "work"`, "ada", "cyd%_*[x]")
	}},
	{holds: "R7644-3.4.2.2-17 Q-87 a complex attribute is compared through a sub-attribute, value by default", show: func(c *client) {
		people(c)
		c.found(`emails co "home.example"`, "ada", "Bob")
		c.found(`emails eq "ADA@work.example"`, "ada")
		c.unfit(`name eq "x"`, `name co "x"`, `addresses co "x"`, `meta eq "x"`)
	}},
	{holds: "R7644-3.4.2.2-18 R7644-3.10-03 Q-125 names and operators ignore letter case", show: func(c *client) {
		people(c)
		c.found(`USERNAME Eq "ada"`, "ada")
		c.found(`Title PR AND NOT (ACTIVE eq FALSE)`, "ada")
		c.found(`EMAILS[TYPE EQ "work" And Value CO "ada"] oR nickname SW "c"`, "ada", "cyd%_*[x]")
		c.found(strings.ToUpper(userURN)+`:NAME.FAMILYNAME eq "byron"`, "ada")
	}},
	{holds: "R7644-3.4.2.2-20 R7644-3.4.2.2-22 not binds before and, and before or; parentheses group and may be redundant", show: func(c *client) {
		people(c)
		c.found(`userName eq "ada" or userName eq "bob" and active eq true`, "ada")
		c.found(`(userName eq "ada" or userName eq "bob") and active eq true`, "ada")
		c.found(`(userName eq "ada" or userName eq "bob") and active eq false`, "Bob")
		c.found(`not (title pr) and active eq true or userName eq "bob"`, "Bob", "cyd%_*[x]")
		c.found(`not(active eq true)`, "Bob")
		c.found(`((((userName eq "ada"))))`, "ada")
	}},
	{holds: "R7644-3.4.2.2-21 a filter and its not divide the users exactly", show: func(c *client) {
		people(c)
		all := c.query("/Users").each("Resources", "id")
		for _, f := range []string{
			`title eq "x"`, `title pr`, `emails.type eq "home"`, `emails[type eq "work" and primary eq true]`, `name.familyName gt "a"`, `active eq true`,
			`externalId eq "E1"`, `nickName co "c"`, `emails ne "x"`, `meta.created gt "2001-01-01T00:00:00Z"`, enterpriseURN + `:department eq "x"`,
			customURN + `:x eq 1`, `ims.value eq "x"`, `not (ims[value eq "x"])`, `groups.value eq "x"`, enterpriseURN + `:manager.displayName eq "x"`,
		} {
			yes := c.query("/Users", "filter", f).is(200).each("Resources", "id")
			no := c.query("/Users", "filter", `not (`+f+`)`).is(200).each("Resources", "id")
			both := slices.Concat(yes, no)
			slices.Sort(both)
			want := slices.Sorted(slices.Values(all))
			if !slices.Equal(both, want) {
				c.Errorf("%s finds %d and its not %d of %d", f, len(yes), len(no), len(all))
			}
		}
	}},
	{holds: "R7644-3.4.2.2-23 brackets bind their conditions to one element", show: func(c *client) {
		people(c)
		c.found(`emails[type eq "work" and value co "@home"]`, "Bob")
		c.found(`emails.type eq "work" and emails.value co "@home"`, "ada", "Bob")
		c.found(`emails[not (type eq "work")]`, "ada")
		c.found(`not (emails[type eq "home"])`, "Bob", "cyd%_*[x]")
		c.found(`emails[type eq "home" or primary eq true] and active eq true`, "ada")
	}},
	{holds: "R7644-3.4.2.2-24 Q-34 a comparison after brackets joins their conditions", show: func(c *client) {
		people(c)
		c.found(`emails[type eq "work"].value eq "ada@work.example"`, "ada")
		c.found(`emails[type eq "work"].value eq "ada@home.example"`)
	}},
	{holds: "Q-32 Q-46 rule-16 text True and False compare as booleans", show: func(c *client) {
		people(c)
		c.found(`emails[primary eq "True"]`, "ada")
		c.found(`active eq "false"`, "Bob")
	}},
	{holds: "R7644-3.4.2.2-31 a defaulted attribute is found by the value that is shown", show: func(c *client) {
		shown := c.get(c.user(`"userName":"dan@x","emails":[{"value":"d@x"}]`))
		if v := shown.text("displayName"); v != "" {
			c.found(`displayName eq "`+v+`"`, "dan@x")
			c.found(`name.formatted eq "`+v+`"`, "dan@x")
			c.found(`active eq true`, "dan@x")
			c.found(`emails[type eq "work" and primary eq true]`, "dan@x")
		} else {
			c.found(`displayName pr or active pr or emails.type pr`)
		}
	}},
	{holds: "R7644-3.4.2.2-32 schemas can be filtered by", show: func(c *client) {
		c.user(`"userName":"ent","` + enterpriseURN + `":{"department":"D"}`)
		c.user(`"userName":"plain"`)
		c.found(`schemas eq "`+enterpriseURN+`"`, "ent")
		c.found(`schemas eq "`+userURN+`"`, "ent", "plain")
	}},
	{holds: "R7644-3.4.2.2-33 rule-07 Q-03 id, meta and extension attributes can be filtered by", show: func(c *client) {
		id := c.user(ada + `,"` + enterpriseURN + `":{"department":"R&D","employeeNumber":"42"}`)
		location := c.get(id).text("meta/location")
		for _, f := range []string{
			`id eq "` + id + `"`, `meta.resourceType eq "User"`, `meta.location eq "` + location + `"`,
			enterpriseURN + `:department eq "r&d"`, enterpriseURN + `:employeeNumber sw "4"`,
		} {
			c.found(f, "ada")
		}
		c.found(`groups.value eq "g"`)
	}},
}
