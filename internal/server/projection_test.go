package server_test

import (
	"net/url"
	"strings"
)

// fullUser are the members of a user that projections are tried on.
const fullUser = `"userName":"ada","title":"t","name":{"givenName":"Ada","familyName":"Byron"},` +
	`"emails":[{"value":"a@x","type":"work"},{"value":"b@x","type":"home"}],"active":true,"displayName":"Ada",` +
	`"` + enterpriseURN + `":{"department":"D","division":"V","manager":{"value":"m"}}`

// projected gets a user with attributes or excludedAttributes.
func (c *client) projected(id, param, names string) *answer {
	c.Helper()
	return c.do("GET", "/Users/"+id+"?"+param+"="+url.QueryEscape(names), "").is(200)
}

// projectionRows are about attributes and excludedAttributes (RFC 7644 §3.9).
var projectionRows = []row{
	{holds: "R7644-3.9-01 R7644-3.9-05 R7644-3.9-10 rule-11 attributes returns what is named and the always set", show: func(c *client) {
		id := c.user(fullUser)
		c.projected(id, "attributes", "userName").only("", "schemas", "id", "userName")
		c.projected(id, "attributes", "id").only("", "schemas", "id")
		c.projected(id, "attributes", "userName,title,meta").only("", "schemas", "id", "userName", "title", "meta")
		c.projected(id, "attributes", "meta.location").only("meta", "location")
		c.query("/Users", "attributes", "id").only("Resources/0", "schemas", "id")
	}},
	{holds: "R7644-3.9-02 R7643-7-08 excludedAttributes takes away, never from the always set", show: func(c *client) {
		id := c.user(fullUser)
		c.projected(id, "excludedAttributes", "id,schemas,emails,meta").has("id", id).has("title", "t").has("userName", "ada").lacks("emails", "meta")
		a := c.query("/Users", "excludedAttributes", "emails,name").lacks("Resources/0/emails", "Resources/0/name").has("Resources/0/title", "t")
		if a.count("Resources/0/schemas") == 0 {
			c.Errorf("%s", a.body)
		}
	}},
	{holds: "R7644-3.9-03 the two exclude each other", show: func(c *client) {
		id := c.user(ada)
		for _, path := range []string{"/Users", "/Users/" + id} {
			c.do("GET", path+"?attributes=userName&excludedAttributes=title", "").refused(400, "invalidValue")
		}
		c.do("POST", "/Users/.search", searchBody(`"attributes":["a"],"excludedAttributes":["b"]`)).refused(400, "invalidValue")
		c.do("POST", "/Users?attributes=userName&excludedAttributes=title", userBody(`"userName":"b"`)).refused(400, "invalidValue")
		c.found(`userName eq "b"`)
	}},
	{holds: "R7644-3.9-04 sub-attributes select inside complex attributes", show: func(c *client) {
		id := c.user(fullUser)
		a := c.projected(id, "attributes", "name.givenName,emails.value").only("", "schemas", "id", "name", "emails").only("name", "givenName")
		a.only("emails/0", "value").only("emails/1", "value").has("emails/1/value", "b@x")
		c.projected(id, "attributes", "name.givenName,name").has("name/familyName", "Byron")
		c.projected(id, "attributes", "emails.display").only("", "schemas", "id")
	}},
	{holds: "R7644-3.9-06 R7644-3.10-04 names may have their URN, and a URN alone is its extension", show: func(c *client) {
		id := c.user(fullUser)
		c.projected(id, "attributes", userURN+":userName,"+enterpriseURN+":department,"+enterpriseURN+":manager.value").
			only("", "schemas", "id", "userName", enterpriseURN).has(enterpriseURN, raw(`{"department":"D","manager":{"value":"m"}}`))
		c.projected(id, "attributes", enterpriseURN).only("", "schemas", "id", enterpriseURN).has(enterpriseURN+"/division", "V")
		c.projected(id, "excludedAttributes", enterpriseURN).lacks(enterpriseURN).has("title", "t")
		c.projected(id, "excludedAttributes", enterpriseURN+":division,"+userURN+":title").has(enterpriseURN+"/department", "D").lacks(enterpriseURN+"/division", "title")
	}},
	{holds: "R7644-3.9-07 R7644-3.10-03 names are compared without letter case and may have blanks around them", show: func(c *client) {
		id := c.user(fullUser)
		c.projected(id, "attributes", "USERNAME, Name.FamilyName , "+strings.ToUpper(enterpriseURN)+":DEPARTMENT").
			only("", "schemas", "id", "userName", "name", enterpriseURN).only("name", "familyName").only(enterpriseURN, "department")
	}},
	{holds: "R7644-3.9-08 unknown names are ignored", show: func(c *client) {
		id := c.user(fullUser)
		c.projected(id, "attributes", "bogus").only("", "schemas", "id")
		c.projected(id, "attributes", "bogus,title,urn:x:y").only("", "schemas", "id", "title")
		c.projected(id, "excludedAttributes", "bogus").has("title", "t")
	}},
	{holds: "R7644-3.9-09 R7644-3.5.2-14 R7644-3.3-03 projections hold for every answer with a resource", show: func(c *client) {
		a := c.do("POST", "/Users?attributes=userName", userBody(fullUser)).is(201).only("", "schemas", "id", "userName")
		id := a.text("id")
		if a.header.Get("Location") == "" {
			c.Error("no Location")
		}
		c.do("PUT", "/Users/"+id+"?attributes=title", userBody(fullUser)).is(200).only("", "schemas", "id", "title")
		c.do("PATCH", "/Users/"+id+"?attributes=title", patchBody(`{"op":"replace","path":"title","value":"u"}`)).is(200).only("", "schemas", "id", "title").has("title", "u")
		c.do("PATCH", "/Users/"+id+"?excludedAttributes=title", patchBody(`{"op":"replace","path":"title","value":"v"}`)).is(200).lacks("title").has("userName", "ada")
		c.do("POST", "/Users/.search", searchBody(`"attributes":["title"]`)).is(200).only("Resources/0", "schemas", "id", "title").has("Resources/0/title", "v")
	}},
	{holds: "R7644-3.9-11 a projection changes neither what is found nor its order", show: func(c *client) {
		c.user(`"userName":"b","title":"2"`)
		c.user(`"userName":"a","title":"1"`)
		c.user(`"userName":"c"`)
		a := c.query("/Users", "attributes", "userName", "filter", "title pr", "sortBy", "title").is(200).has("totalResults", 2)
		a.only("Resources/0", "schemas", "id", "userName").has("Resources/0/userName", "a").has("Resources/1/userName", "b")
	}},
	{holds: "R7644-3.9-12 a parent goes wholly, a sub-attribute alone", show: func(c *client) {
		id := c.user(fullUser)
		c.projected(id, "excludedAttributes", "name.givenName,emails.type").lacks("name/givenName", "emails/0/type").has("name/familyName", "Byron").has("emails/0/value", "a@x")
		c.projected(id, "excludedAttributes", "name.givenName,name").lacks("name")
	}},
	{holds: "R7644-3.9-13 an empty parameter counts as none", show: func(c *client) {
		id := c.user(fullUser)
		whole := c.get(id)
		for _, q := range []string{"attributes=", "excludedAttributes=", "attributes=,", "attributes=&excludedAttributes=title"} {
			a := c.do("GET", "/Users/"+id+"?"+q, "").is(200)
			if !strings.HasSuffix(q, "title") && string(a.body) != string(whole.body) {
				c.Errorf("%s: %s", q, a.body)
			}
		}
	}},
	{holds: "Q-111 a filter in a projection is no error", show: func(c *client) {
		c.user(fullUser)
		c.query("/Users", "attributes", `emails[type eq "work"],userName`).is(200).has("Resources/0/userName", "ada").has("Resources/0/emails/0/value", "a@x")
	}},
}
