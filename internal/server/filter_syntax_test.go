package server_test

import (
	"strings"
	"time"
)

var india = time.FixedZone("", 5*3600+1800)

// filterSyntaxRows are about how filters are written (RFC 7644 figure 1, §3.10).
var filterSyntaxRows = []row{
	{holds: "R7644-3.4.2.2-25 surplus blanks do no harm", show: func(c *client) {
		people(c)
		c.found(`  userName   eq  "ada"  `, "ada")
		c.found(`emails[ type eq "home" ]`, "ada")
		c.found(`( userName eq "ada" )`, "ada")
		c.unfit(`userNameeq "ada"`, `userName eq"ada"x`, `userName eq "ada"and active pr`)
	}},
	{holds: "R7644-3.4.2.2-26 rule-08 what is no filter is refused with a detail", show: func(c *client) {
		c.unfit(`userName`, `userName eq`, `userName eq x`, `(userName pr`, `userName pr)`, `userName regex "x"`, `not userName pr`, `and`, `userName eq "a" or`,
			`"ada" eq userName`, `userName eq "a" userName eq "b"`, `userName eq "a" xor title pr`, `userName pr "a"`, `()`, `userName == "a"`, `emails[type eq "work"`,
			`emails[]`, `emails]`, `userName[type eq "x"]`, `.userName pr`, `userName. pr`, `user name eq "x"`, `userName eq "a`, `userName eq 'a"`)
	}},
	{holds: "R7644-3.4.2.2-26 R7644-3.12-03 the detail tells where the fault is", show: func(c *client) {
		c.query("/Users", "filter", `userName eq "a" andd title pr`).refused(400, "invalidFilter").mentions("17")
		c.query("/Users", "filter", `userName eq "topsecret" and nope pr`).refused(400, "invalidFilter").mentions("nope", "topsecret")
	}},
	{holds: "R7644-3.4.2.2-27 literals have JSON escapes", show: func(c *client) {
		c.user(`"userName":"a\"b\\c\u00e9😀\td"`)
		c.found(`userName eq "a\"b\\c\u00e9\ud83d\ude00\td"`, "a\"b\\cé😀\td")
		c.found(`userName co "\/"`)
		c.unfit(`userName eq "\x"`, `userName eq "\u12"`, `userName eq "\ud83d"`, `userName eq "\ude00\ud83d"`)
	}},
	{holds: "R7644-3.4.2.2-28 keywords inside literals are text", show: func(c *client) {
		c.user(ada + `,"displayName":"a and (b) or not [c] eq \"d\""`)
		c.found(`displayName eq "a and (b) or not [c] eq \"d\""`, "ada")
		c.found(`displayName co "] eq" and userName pr`, "ada")
	}},
	{holds: "R7644-3.4.2.2-29 depth and length are bounded", show: func(c *client) {
		deep := func(n int) string { return strings.Repeat("(", n) + "userName pr" + strings.Repeat(")", n) }
		c.users("ada")
		c.found(deep(40), "ada")
		c.unfit(deep(60), deep(1000), strings.Repeat("not (", 100)+"userName pr"+strings.Repeat(")", 100))
		c.do("POST", "/Users/.search", searchBody(`"filter":"userName eq \"`+strings.Repeat("x", 9000)+`\""`)).refused(400, "invalidFilter")
		wide := `userName pr` + strings.Repeat(` and userName pr`, 300)
		c.do("POST", "/Users/.search", searchBody(`"filter":"`+wide+`"`)).is(200).has("totalResults", 1)
	}},
	{holds: "R7644-3.4.2.2-29 the bounds are those of the tenant", show: func(c *client) {
		c.site.tenant.MaxFilterDepth, c.site.tenant.MaxFilterLength = 2, 30
		c.users("ada")
		c.found(`((userName pr))`, "ada")
		c.unfit(`(((userName pr)))`, `userName eq "`+strings.Repeat("x", 30)+`"`)
	}},
	{holds: "R7644-3.4.2.2-30 only sub-attributes stand in brackets, and brackets do not nest", show: func(c *client) {
		c.unfit(`emails[userName eq "x"]`, `emails[emails[type eq "x"]]`, `emails[emails.type eq "x"]`, `emails[`+userURN+`:type eq "x"]`, `emails[type[value eq "x"]]`)
	}},
	{holds: "R7644-3.4.2.2-38 an empty filter is refused", show: func(c *client) {
		c.users("ada")
		for _, path := range []string{"/Users?filter=", "/Users?filter", "/Users?filter=%20%20"} {
			c.do("GET", path, "").refused(400, "invalidFilter")
		}
	}},
	{holds: "R7644-3.10-01 R7644-3.10-04 Q-113 core names may have their URN, in which dots are no separators", show: func(c *client) {
		id := c.user(ada + `,"name":{"givenName":"Ada"}`)
		c.found(userURN+`:userName eq "ada"`, "ada")
		c.found(userURN+`:name.givenName eq "ada"`, "ada")
		c.found(userURN + `:emails[type eq "work"]`)
		c.found(userURN+`:meta.resourceType eq "User"`, "ada")
		c.listed([]string{"sortBy", userURN + ":userName"}, "ada")
		c.patch(id, `{"op":"replace","path":"`+userURN+`:name.givenName","value":"A."}`).is(200).has("name/givenName", "A.")
		c.do("GET", "/Users/"+id+"?attributes="+userURN+":name.givenName", "").only("", "schemas", "id", "name")
		c.unfit(userURN+` pr`, userURN+`.userName eq "ada" x`, userURN+`: pr`)
	}},
	{holds: "R7644-3.10-02 Q-17 extension names have the URN of the extension", show: func(c *client) {
		c.user(ada + `,"` + enterpriseURN + `":{"department":"D","manager":{"value":"m"}}`)
		c.found(enterpriseURN+`:department eq "d"`, "ada")
		c.found(enterpriseURN+`:manager.value eq "m"`, "ada")
		c.found(enterpriseURN+`:manager eq "m"`, "ada")
		c.found(enterpriseURN+`:manager[value eq "m"]`, "ada")
		c.unfit(userURN + `:department eq "d"`)
	}},
	{holds: "R7643-2.1-03 $ref can be named in filters, paths and projections", show: func(c *client) {
		boss := c.user(`"userName":"boss"`)
		id := c.user(ada + `,` + manager(`{"value":"`+boss+`"}`))
		c.found(enterpriseURN+`:manager.$ref pr`, "ada")
		c.found(enterpriseURN+`:manager.$ref ew "`+boss+`"`, "ada")
		c.do("GET", "/Users/"+id+"?attributes="+enterpriseURN+":manager.$ref", "").is(200).only(managerPath, "$ref")
		c.patch(id, `{"op":"replace","path":"`+enterpriseURN+`:manager.$ref","value":"x"}`).refused(400, "mutability")
	}},
}
