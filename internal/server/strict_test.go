package server_test

import "strings"

// strictRows show that the profile strict refuses what the RFCs do not have, and
// takes what they have.
var strictRows = []row{
	{holds: "bodies, queries and paths that a lenient server takes are refused", on: strict, show: func(c *client) {
		id := c.user(ada + `,"ims":[{"type":"xmpp","value":"v"}]`)
		crew := c.group("Crew", id)
		post := func(members string) string { return userBody(`"userName":"x",` + members) }
		for _, r := range []struct{ method, path, body, err string }{
			// Messages.
			{"POST", "/Users", `{"userName":"x"}`, "invalidSyntax"},
			{"POST", "/Users", `{"schemas":"` + userURN + `","userName":"x"}`, "invalidSyntax"},
			{"POST", "/Users", withSchemas(`"userName":"x"`, enterpriseURN), "invalidValue"},
			{"POST", "/Users", withSchemas(`"userName":"x"`, userURN, groupURN), "invalidValue"},
			{"POST", "/Users", withSchemas(`"userName":"x"`, userURN, "http://schemas.example/2.0/User"), "invalidValue"},
			{"POST", "/Users/.search", `{"count":1}`, "invalidSyntax"},
			{"PATCH", "/Users/<id>", `{"Operations":[` + add("title", `"t"`) + `]}`, "invalidSyntax"},
			// Names and values.
			{"POST", "/Users", post(`"bogus":"b"`), "invalidSyntax"},
			{"POST", "/Users", post(`"name":{"bogus":"b"}`), "invalidSyntax"},
			{"POST", "/Users", post(`"department":"D"`), "invalidSyntax"},
			{"POST", "/Users", post(`"name.givenName":"G"`), "invalidSyntax"},
			{"POST", "/Users", post(`"` + enterpriseURN + `:department":"D"`), "invalidSyntax"},
			{"POST", "/Users", post(`"active":"true"`), "invalidValue"},
			{"POST", "/Users", post(`"emails":{"value":"a@x"}`), "invalidValue"},
			{"POST", "/Users", post(`"roles":["r"]`), "invalidValue"},
			{"POST", "/Users", post(manager(`"m"`)), "invalidValue"},
			{"POST", "/Users", post(manager(`[{"value":"m"}]`)), "invalidValue"},
			{"POST", "/Users", post(`"name":[{"givenName":"G"}]`), "invalidValue"},
			{"POST", "/Users", post(`"ims":[{"value":"1","primary":true},{"value":"2","primary":true}]`), "invalidValue"},
			{"POST", "/Groups", `{"schemas":["` + groupURN + `"],"displayName":"G","members":["<id>"]}`, "invalidValue"},
			{"POST", "/Groups", `{"schemas":["` + groupURN + `"],"displayName":"G","members":[{"value":"<id>","displayName":"ada"}]}`, "invalidSyntax"},
			{"POST", "/Groups", groupBody("G", "nobody"), "invalidValue"},
			// PATCH.
			{"PATCH", "/Users/<id>", patchBody(`{"op":"Add","path":"title","value":"t"}`), "invalidSyntax"},
			{"PATCH", "/Users/<id>", patchBody(`{"op":"remove","path":"ims","value":[{"value":"v"}]}`), "invalidSyntax"},
			{"PATCH", "/Groups/<crew>", patchBody(`{"op":"remove","path":"members","value":[{"value":"<id>"}]}`), "invalidSyntax"},
			{"PATCH", "/Users/<id>", patchBody(add("department", `"D"`)), "invalidPath"},
			{"PATCH", "/Users/<id>", patchBody(add("bogus", `"b"`)), "invalidPath"},
			{"PATCH", "/Users/<id>", patchBody(add(enterpriseURN+".department", `"D"`)), "invalidPath"},
			{"PATCH", "/Users/<id>", patchBody(add(enterpriseURN, `{"department":"D"}`)), "invalidPath"},
			{"PATCH", "/Users/<id>", patchBody(`{"op":"add","value":{"name.givenName":"G"}}`), "invalidSyntax"},
			{"PATCH", "/Users/<id>", patchBody(`{"op":"add","value":{"` + enterpriseURN + `:department":"D"}}`), "invalidSyntax"},
			{"PATCH", "/Users/<id>", patchBody(`{"op":"add","value":{"ims[type eq \"xmpp\"].value":"w"}}`), "invalidSyntax"},
			{"PATCH", "/Users/<id>", patchBody(add(`ims[type eq "icq"].value`, `"w"`)), "noTarget"},
			{"PATCH", "/Users/<id>", patchBody(replace(`ims[type eq "icq"].value`, `"w"`)), "noTarget"},
			{"PATCH", "/Users/<id>", patchBody(replace("active", `"False"`)), "invalidValue"},
			{"PATCH", "/Users/<id>", patchBody(remove(`ims[primary eq "True"]`)), "invalidFilter"},
			// Queries.
			{"GET", "/Users?filter=userName+eq+'ada'", "", "invalidFilter"},
			{"GET", "/Users?filter=userName+eq+ada", "", "invalidFilter"},
			{"GET", "/Users?filter=active+eq+True", "", "invalidFilter"},
			{"GET", `/Users?filter=active+eq+%22true%22`, "", "invalidFilter"},
			{"GET", `/Users?filter=emails[type+eq+%22work%22].value+eq+%22a%22`, "", "invalidFilter"},
			{"GET", `/Users?filter=department+eq+%22D%22`, "", "invalidFilter"},
			{"GET", `/Users?filter=` + enterpriseURN + `:manager+eq+%22m%22`, "", "invalidFilter"},
			{"GET", `/Users?filter=` + enterpriseURN + `.department+eq+%22m%22`, "", "invalidFilter"},
			{"GET", "/Users?sortBy=bogus", "", "invalidPath"},
			{"GET", "/Users?sortBy=userName&sortOrder=desc", "", "invalidValue"},
		} {
			named := strings.NewReplacer("<id>", id, "<crew>", crew)
			c.do(r.method, named.Replace(r.path), named.Replace(r.body)).refused(400, r.err)
		}
		for _, path := range append([]string{"/scim/v2/Schemas/User", "/scim/v2/Users/" + strings.ToUpper(id)}, loosePaths...) {
			c.root("GET", path, "").refused(404, "")
		}
		c.get(id).only("", "schemas", "id", "meta", "userName", "ims", "groups")
		c.query("/Users").is(200).has("totalResults", 1)
		c.query("/Groups").is(200).has("totalResults", 1)
	}},
	{holds: "what the RFCs have is taken", on: strict, show: func(c *client) {
		id := c.do("POST", "/Users", withSchemas(`"USERNAME":"ada","active":true,"id":"x","meta":{},"groups":[],"title":null,"emails":[{"value":"a@x","type":"work"}],
			"`+enterpriseURN+`":{"department":"D","manager":{"value":"m","displayName":"n"}}`, strings.ToUpper(userURN), enterpriseURN)).is(201).text("id")
		c.put(id, ada+`,"id":"x","emails":[{"value":"a@x","type":"work"}]`).is(200)
		c.patch(id,
			add("emails", `{"value":"b@x","type":"home"}`), replace(`emails[type eq "home"].value`, `"c@x"`), remove(`emails[type eq "other"]`),
			add(enterpriseURN+":manager", `{"value":"m"}`), `{"op":"replace","value":{"name":{"givenName":"G"},"id":"`+id+`"}}`,
			add("name.familyName", `"F"`), remove("nickName")).is(200).has("emails/1/value", "c@x").has("name/givenName", "G")
		c.found(`NOT(title pr) AND emails[value ew "x"] and emails co "@" and `+enterpriseURN+`:manager.value eq "m"`, "ada")
		c.listed([]string{"sortBy", "name.familyName", "sortOrder", "descending", "attributes", "USERNAME, bogus"}, "ada")
		c.do("GET", "/Schemas/"+userURN, "").is(200)
		c.root("GET", "/scim/Users/", "").is(200)
		crew := c.group("Crew", id)
		c.patchGroup(crew, remove(`members[value eq "`+id+`"]`), add("members", memberList(id))).is(200).has("members/0/display", "ada")
	}},
}
