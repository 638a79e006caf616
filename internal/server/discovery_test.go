package server_test

import (
	"slices"
	"strings"
)

var providerFeatures = []string{"patch", "bulk", "filter", "changePassword", "sort", "etag"}

// discoveryRows are about RFC 7643 §5 to §7 and RFC 7644 §4. The documents
// themselves are compared byte for byte in internal/scim.
var discoveryRows = []row{
	{holds: "R7643-5-01 R7643-5-02 R7643-5-04 R7644-4-01 the provider's configuration is one object with all features", show: func(c *client) {
		a := c.do("GET", "/ServiceProviderConfig", "").is(200).has("schemas", raw(`["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]`)).lacks("Resources")
		for _, f := range providerFeatures {
			if v, _ := a.at(f + "/supported"); v != true && v != false {
				c.Errorf("%s: %v", f, v)
			}
		}
		a.has("bulk/maxPayloadSize", 0).has("filter/maxResults", 1000)
		for i := range a.count("authenticationSchemes") {
			scheme := "authenticationSchemes/" + string(rune('0'+i)) + "/"
			if !slices.Contains([]string{"oauth", "oauth2", "oauthbearertoken", "httpbasic", "httpdigest"}, a.text(scheme+"type")) || a.text(scheme+"name") == "" || a.text(scheme+"description") == "" {
				c.Errorf("scheme %s", a.body)
			}
		}
		if a.count("authenticationSchemes") == 0 {
			c.Error("no scheme")
		}
	}},
	{holds: "R7643-5-03 discovery answers without a token, or not, as the profile says", show: func(c *client) {
		c.token = ""
		for _, path := range []string{"/ServiceProviderConfig", "/Schemas", "/Schemas/User", "/ResourceTypes", "/ResourceTypes/User"} {
			if c.site.tenant.Profile.AnonymousDiscovery {
				c.do("GET", path, "").is(200)
				c.do("GET", path, "", "Authorization: Bearer wrong").refused(401, "")
			} else {
				c.do("GET", path, "").refused(401, "")
			}
		}
		c.do("GET", "/Users", "").refused(401, "")
	}},
	{holds: "R7643-5-05 R7643-7-16 R7644-3.2-05 discovery is read-only", show: func(c *client) {
		for _, path := range []string{"/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/Schemas/" + userURN, "/ResourceTypes/User"} {
			for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
				c.do(method, path, `{}`).refused(405, "")
			}
		}
	}},
	{holds: "R7643-5-06 Q-134 Q-142 Q-161 the configuration tells the truth", show: func(c *client) {
		a := c.do("GET", "/ServiceProviderConfig", "").has("patch/supported", true).has("filter/supported", true).has("bulk/supported", false).
			has("etag/supported", false).has("changePassword/supported", false)
		c.do("POST", "/Bulk", `{}`).is(501)
		a.has("sort/supported", c.site.tenant.Profile.AdvertiseSort)
	}},
	{holds: "R7643-6-01 R7643-6-02 R7643-6-03 R7643-7-01 Q-90 Q-91 Q-147 types and their schemas lead to each other", show: func(c *client) {
		types := c.do("GET", "/ResourceTypes", "").is(200)
		n := types.count("Resources")
		types.has("totalResults", n).has("itemsPerPage", n).has("schemas", raw(`["`+messages+`ListResponse"]`))
		for _, name := range types.each("Resources", "name") {
			one := c.do("GET", "/ResourceTypes/"+name, "").is(200).has("name", name).has("id", name).has("meta/resourceType", "ResourceType")
			c.send("GET", one.text("meta/location"), "").is(200).has("name", name)
			urns := append(one.each("schemaExtensions", "schema"), one.text("schema"))
			for _, urn := range urns {
				s := c.do("GET", "/Schemas/"+urn, "").is(200).has("id", urn).has("meta/resourceType", "Schema")
				c.send("GET", s.text("meta/location"), "").is(200).has("id", urn)
			}
			c.do("GET", one.text("endpoint"), "").is(200)
		}
		user := c.do("GET", "/ResourceTypes/User", "").has("endpoint", "/Users").has("schema", userURN)
		i := slices.Index(user.each("schemaExtensions", "schema"), enterpriseURN)
		if required, _ := user.at("schemaExtensions/" + string(rune('0'+i)) + "/required"); required != false {
			c.Errorf("required is %v", required)
		}
	}},
	{holds: "R7643-7-02 R7643-2.2-01 R7643-2.4-07 R7643-7-15 attribute definitions name their characteristics", on: rfc7644, show: func(c *client) {
		a := c.do("GET", "/Schemas", "").is(200)
		list, _ := a.at("Resources")
		for _, s := range list.([]any) {
			schema := s.(map[string]any)
			attributes, _ := schema["attributes"].([]any)
			for _, def := range attributes {
				c.characteristics(schema["id"].(string), def.(map[string]any))
			}
		}
		user := c.do("GET", "/Schemas/User", "")
		for i, name := range user.each("attributes", "name") {
			if name != "emails" {
				continue
			}
			types := map[string]string{}
			sub := "attributes/" + itoa(i) + "/subAttributes"
			for j, n := range user.each(sub, "name") {
				types[n] = user.text(sub + "/" + itoa(j) + "/type")
			}
			if types["value"] != "string" || types["type"] != "string" || types["primary"] != "boolean" || types["display"] != "string" {
				c.Errorf("emails: %v", types)
			}
		}
	}},
	{holds: "R7643-7-03 the schema that is shown is the one that is enforced", on: rfc7644, show: func(c *client) {
		c.probe("/Schemas/" + userURN)
	}},
	{holds: "R7644-4-02 R7644-4-03 schemas are found by URN and by name, in any letter case", show: func(c *client) {
		all := c.do("GET", "/Schemas", "").is(200)
		n := all.count("Resources")
		all.has("totalResults", n).has("itemsPerPage", n).has("startIndex", 1)
		for _, name := range []string{userURN, strings.ToUpper(userURN), "User", "user", "EnterpriseUser", "enterpriseuser"} {
			c.do("GET", "/Schemas/"+name, "").is(200)
		}
		c.do("GET", "/Schemas/EnterpriseUser", "").has("id", enterpriseURN)
		c.do("GET", "/Schemas/urn:none", "").refused(404, "").mentions("urn:none")
		c.do("GET", "/ResourceTypes/Users", "").refused(404, "").mentions("Resource type Users not found")
	}},
	{holds: "R7644-4-04 R7644-4-07 paging, sorting and projection do nothing there", show: func(c *client) {
		for _, path := range []string{"/Schemas", "/ResourceTypes"} {
			whole := c.do("GET", path, "").is(200)
			for _, q := range []string{"?startIndex=2&count=1", "?count=0", "?sortBy=name&sortOrder=descending", "?attributes=name", "?excludedAttributes=meta&count=abc"} {
				if got := c.do("GET", path+q, "").is(200); string(got.body) != string(whole.body) {
					c.Errorf("%s%s differs", path, q)
				}
			}
		}
		c.do("GET", "/ServiceProviderConfig?attributes=patch", "").is(200)
	}},
	{holds: "R7644-4-05 Q-116 a filter there is 403", show: func(c *client) {
		for _, path := range []string{"/Schemas", "/ResourceTypes", "/ServiceProviderConfig", "/Schemas/User"} {
			c.do("GET", path+"?filter=id+eq+%22x%22", "").refused(403, "")
			c.do("GET", path+"?filter=", "").refused(403, "")
		}
	}},
	{holds: "R7644-4-06 discovery resources have a type and a location", show: func(c *client) {
		a := c.do("GET", "/ServiceProviderConfig", "").has("meta/resourceType", "ServiceProviderConfig")
		c.send("GET", a.text("meta/location"), "").is(200)
		for _, path := range []string{"/Schemas", "/ResourceTypes"} {
			list := c.do("GET", path, "").is(200)
			for i := range list.count("Resources") {
				at := "Resources/" + itoa(i) + "/meta/"
				list.has(at+"resourceType", strings.TrimSuffix(path[1:], "s"))
				c.send("GET", list.text(at+"location"), "").is(200)
			}
		}
	}},
	{holds: "R7644-4-08 discovery needs no right", show: func(c *client) {
		none := c.withRights("vault:write")
		for _, path := range []string{"/ServiceProviderConfig", "/Schemas", "/ResourceTypes"} {
			none.do("GET", path, "").is(200)
		}
	}},
}

// characteristics checks the definition of one attribute (RFC 7643 §7).
func (c *client) characteristics(urn string, def map[string]any) {
	c.Helper()
	want := []string{"name", "type", "multiValued", "required", "mutability", "returned"}
	switch def["type"] {
	case "string":
		want = append(want, "caseExact", "uniqueness")
	case "reference":
		want = append(want, "referenceTypes")
	case "complex":
		want = append(want, "subAttributes")
	}
	for _, w := range want {
		if _, ok := def[w]; !ok {
			c.Errorf("%s %v has no %s", urn, def["name"], w)
		}
	}
	subs, _ := def["subAttributes"].([]any)
	for _, sub := range subs {
		c.characteristics(urn, sub.(map[string]any))
	}
}

// probe tries caseExact, mutability and returned of each simple attribute that
// a schema of users lists.
func (c *client) probe(path string) {
	c.Helper()
	a := c.do("GET", path, "").is(200)
	for i, name := range a.each("attributes", "name") {
		at := "attributes/" + itoa(i) + "/"
		multi, _ := a.at(at + "multiValued")
		if a.text(at+"type") != "string" || multi == true || name == "userName" || name == "id" {
			continue
		}
		members := `"userName":"p-` + name + `","` + name + `":"Probe"`
		id := c.user(members)
		shown := c.get(id)
		returned := a.text(at + "returned")
		if _, there := shown.at(name); there != (returned != "never" && returned != "request") {
			c.Errorf("%s is returned %s; shown: %v", name, returned, there)
		}
		if returned == "never" {
			c.unfit(name + ` pr`)
			continue
		}
		exact, _ := a.at(at + "caseExact")
		found := c.query("/Users", "filter", name+` eq "pROBE" and userName eq "p-`+name+`"`).is(200).count("Resources")
		if (found == 0) != (exact == true) {
			c.Errorf("%s has caseExact %v and a filter in other letter case finds %d", name, exact, found)
		}
		status := c.patch(id, replace(name, `"Other"`)).status
		if (status == 200) != (a.text(at+"mutability") == "readWrite") {
			c.Errorf("%s is %s and a PATCH answers %d", name, a.text(at+"mutability"), status)
		}
	}
}
