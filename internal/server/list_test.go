package server_test

// searchBody is a SearchRequest with members as JSON text.
func searchBody(members string) string {
	return `{"schemas":["` + messages + `SearchRequest"],` + members + `}`
}

// listRows are about the envelope of lists (RFC 7644 §3.4.2).
var listRows = []row{
	{holds: "R7644-3.4.2-01 R7644-3.4.2-02 R7644-3.4.2-04 a list is a ListResponse with its counts as numbers", show: func(c *client) {
		c.users("a", "b", "c")
		a := c.query("/Users", "count", "1").is(200).
			has("schemas", raw(`["`+messages+`ListResponse"]`)).has("totalResults", 3).has("startIndex", 1).has("itemsPerPage", 1)
		a.only("", "schemas", "totalResults", "startIndex", "itemsPerPage", "Resources")
		if a.count("Resources") != 1 {
			c.Errorf("%s", a.body)
		}
	}},
	{holds: "R7644-3.4.2-03 R7644-3.4.2-05 rule-06 Q-01 Q-145 no match is an empty list", show: func(c *client) {
		for range 2 { // in an empty store and in one with a user
			c.query("/Users", "filter", `userName eq "nobody"`).is(200).has("totalResults", 0).has("itemsPerPage", 0).has("Resources", raw(`[]`))
			c.do("GET", "/Users?count=1", "").is(200)
			c.user(`"userName":"` + c.site.tenant.NewID(nil) + `"`)
		}
	}},
	{holds: "R7644-3.4.2.2-19 R7644-3.4.2.4-09 each match is returned once and all are counted", show: func(c *client) {
		c.user(ada + `,"emails":[{"value":"a@x"},{"value":"b@x"}]`)
		c.user(`"userName":"bob","emails":[{"value":"c@x"},{"value":"d@x"},{"value":"e@x"}]`)
		c.found(`emails co "x"`, "ada", "bob")
		c.found(`emails[value co "x"]`, "ada", "bob")
		c.listed([]string{"filter", `emails co "x"`, "count", "1"}, "ada").has("totalResults", 2).has("itemsPerPage", 1)
	}},
	{holds: "R7644-3.4.2.1-04 Q-115 rule-08 a name that the type does not know is refused, not ignored", show: func(c *client) {
		c.users("a")
		for _, f := range []string{`nope eq "x"`, `nope pr`, `not (nope pr)`, `name.nope eq "x"`, `emails[nope eq "x"]`, groupURN + `:displayName pr`, `urn:x:y eq "1"`} {
			c.query("/Users", "filter", f).refused(400, "invalidFilter").mentions("no")
		}
	}},
	{holds: "Q-164 an unquoted value is refused rather than found nowhere", show: func(c *client) {
		c.users("jyoung")
		c.unfit(`externalId eq jyoung`, `userName eq jyoung`)
	}},
	{holds: "R7644-3.4.2.2-34 R7644-7.7-01 filter text reaches no interpreter", show: func(c *client) {
		c.users("a", "b")
		for _, text := range []string{`' OR 1=1 --`, `");DROP TABLE user_r;--`, `${jndi:x}`, `{{7*7}}`, `%`, `_`, `a'||'`, `$1`, `?`, `\\x00`, `*`, `.*`} {
			for _, op := range []string{"eq", "co", "sw", "ew"} {
				c.found(`userName ` + op + ` ` + quoted(text))
			}
		}
		c.listed(nil, "a", "b")
	}},
}

// searchRows are about POST /.search (RFC 7644 §3.4.3).
var searchRows = []row{
	{holds: "R7644-3.4.3-01 R7644-3.4.3-04 Q-110 a search is the same query as on GET", show: func(c *client) {
		c.users("ada", "bob", "cyd", "dan")
		get := c.query("/Users", "filter", `userName ne "bob"`, "sortBy", "userName", "sortOrder", "descending", "startIndex", "2", "count", "1", "attributes", "userName")
		post := c.do("POST", "/Users/.search", searchBody(`"filter":"userName ne \"bob\"","sortBy":"userName","sortOrder":"descending","startIndex":2,"count":1,"attributes":["userName"]`)).is(200)
		if string(get.body) != string(post.body) {
			c.Errorf("GET  %s\nPOST %s", get.body, post.body)
		}
		post.has("totalResults", 3).has("Resources/0/userName", "cyd")
	}},
	{holds: "R7644-3.4.3-02 a search must be a SearchRequest", show: func(c *client) {
		c.do("POST", "/Users/.search", `{"schemas":["`+messages+`PatchOp"]}`).refused(400, "invalidSyntax").mentions("SearchRequest")
		c.do("POST", "/Users/.search", `{"schemas":[]}`).refused(400, "invalidSyntax")
	}},
	{holds: "R7644-3.4.3-02 a search without schemas is refused", on: rfc7644, show: func(c *client) {
		c.do("POST", "/Users/.search", `{"count":1}`).refused(400, "invalidSyntax")
	}},
	{holds: "R7644-3.4.3-03 attribute names go as a list or as one text", show: func(c *client) {
		c.user(ada + `,"title":"t","nickName":"n"`)
		for _, names := range []string{`["title","userName"]`, `"title, userName"`} {
			c.do("POST", "/Users/.search", searchBody(`"attributes":`+names)).is(200).only("Resources/0", "schemas", "id", "title", "userName")
		}
		c.do("POST", "/Users/.search", searchBody(`"excludedAttributes":["title"]`)).is(200).has("Resources/0/nickName", "n").lacks("Resources/0/title")
	}},
	{holds: "R7644-3.4.3-05 members of another type are refused", show: func(c *client) {
		for _, members := range []string{
			`"count":"x"`, `"count":true`, `"count":1.5`, `"startIndex":"1"`, `"filter":5`, `"sortBy":["a"]`, `"sortOrder":1`, `"attributes":5`, `"attributes":[5]`, `"sortOrder":"up"`,
		} {
			if a := c.do("POST", "/Users/.search", searchBody(members)).is(400); a.text("scimType") != "invalidSyntax" && a.text("scimType") != "invalidValue" {
				c.Errorf("%s: %s", members, a.body)
			}
		}
		c.do("POST", "/Users/.search", searchBody(`"filter":""`)).refused(400, "invalidFilter")
		c.do("POST", "/Users/.search", searchBody(`"filter":null,"count":null,"attributes":null`)).is(200)
	}},
	{holds: "R7644-3.4.3-07 GET on a search is 405 and .search is no id", show: func(c *client) {
		c.do("GET", "/Users/.search", "").refused(405, "")
		c.do("DELETE", "/Users/.search", "").refused(405, "")
	}},
	{holds: "R7644-3.4.3-08 discovery has no search", show: func(c *client) {
		for _, path := range []string{"/Schemas/.search", "/ResourceTypes/.search", "/ServiceProviderConfig/.search"} {
			if a := c.do("POST", path, searchBody(`"count":1`)); a.status != 404 && a.status != 405 {
				c.Errorf("%s: %d", path, a.status)
			}
		}
	}},
	{holds: "R7644-7.5.2-01 a search takes filters that are too long for a URL", show: func(c *client) {
		c.users("ada")
		long := `userName eq \"ada\"`
		for range 150 {
			long += ` or userName eq \"nobody-with-a-long-name\"`
		}
		c.do("POST", "/Users/.search", searchBody(`"filter":"`+long+`"`)).is(200).has("totalResults", 1)
	}},
}
