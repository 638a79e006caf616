package server_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/scim"
)

// shown is what one value of a switch does.
type shown struct {
	value string
	show  func(*client)
}

// switches are all switches of a profile, each with what its values do. The
// rest of the profile is that of the row it becomes: both.
var switches = []struct {
	name   string
	values []shown
}{
	{"discovery", []shown{
		{"2024", func(c *client) {
			c.do("GET", "/Schemas/User", "").is(200).lacks("attributes/0/nothing").has("name", "User")
		}},
		{"2021", func(c *client) {
			c.do("GET", "/ResourceTypes/User", "").is(200)
			c.do("GET", "/Schemas/User", "").is(200).lacks("attributes/0/mutability")
		}},
		{"complete", func(c *client) { c.do("GET", "/Schemas/"+discoverySchema, "").is(200).has("id", discoverySchema) }},
	}},
	{"anonymousDiscovery", []shown{
		{"true", func(c *client) { c.token = ""; c.do("GET", "/Schemas", "").is(200); c.do("GET", "/Users", "").is(401) }},
		{"false", func(c *client) { c.token = ""; c.do("GET", "/Schemas", "").is(401) }},
	}},
	{"advertiseSort", []shown{
		{"true", func(c *client) { c.do("GET", "/ServiceProviderConfig", "").has("sort/supported", true) }},
		{"false", func(c *client) { c.do("GET", "/ServiceProviderConfig", "").has("sort/supported", false) }},
	}},
	{"linkPrefix", []shown{
		{"Scim", func(c *client) { c.do("POST", "/Users", userBody(`"userName":"p"`)).linked("/Scim/v2/Users/") }},
		{"scim", func(c *client) { c.do("POST", "/Users", userBody(`"userName":"p"`)).linked("/scim/v2/Users/") }},
	}},
	{"linkVersion", []shown{
		{"mirror", func(c *client) {
			c.do("POST", "/Users", userBody(ada)).linked("/Scim/v2/Users/")
			c.root("POST", "/scim/Users", userBody(`"userName":"b"`)).linked("/Scim/Users/")
		}},
		{"v2", func(c *client) { c.root("POST", "/scim/Users", userBody(ada)).linked("/Scim/v2/Users/") }},
		{"none", func(c *client) { c.do("POST", "/Users", userBody(ada)).linked("/Scim/Users/") }},
	}},
	{"schemaAliases", []shown{
		{"true", func(c *client) {
			c.do("GET", "/Schemas/User", "").is(200).has("id", userURN)
			c.do("GET", "/Schemas/"+userURN, "").is(200)
		}},
		{"false", func(c *client) {
			c.do("GET", "/Schemas/User", "").refused(404, "")
			c.do("GET", "/Schemas/"+userURN, "").is(200)
		}},
	}},
	{"loosePaths", []shown{
		{"true", func(c *client) {
			for _, path := range loosePaths {
				c.root("GET", path, "").is(200)
			}
			c.root("POST", "/scim/v2/Users/.Search", `{"schemas":["`+messages+`SearchRequest"]}`).is(200)
		}},
		{"false", func(c *client) {
			for _, path := range loosePaths {
				c.root("GET", path, "").refused(404, "")
			}
			c.root("POST", "/scim/v2/Users/.Search", `{"schemas":["`+messages+`SearchRequest"]}`).refused(404, "")
			// R7644-3.2-08, R7644-3.13-02
			for _, path := range []string{"/scim/v2/Users", "/Scim/v2/Users/", "/scim/Users", "/Scim/Groups/", "/scim/v2/Schemas"} {
				c.root("GET", path, "").is(200)
			}
		}},
	}},
	{"unpagedLimit", []shown{
		{"0", func(c *client) { c.safes(4).query("/Containers").is(200).has("itemsPerPage", 4) }},
		{"3", func(c *client) {
			c.safes(4).query("/Containers").is(200).has("itemsPerPage", 3).has("totalResults", 4)
			c.query("/Containers", "count", "4").is(200).has("itemsPerPage", 4)
		}},
	}},
	{"emptyResources", []shown{
		{"list", func(c *client) { c.emptyLists(true, true) }},
		{"omit", func(c *client) { c.emptyLists(false, false) }},
		{"omitVault", func(c *client) { c.emptyLists(true, false) }},
	}},
	{"requireSchemas", []shown{
		{"true", func(c *client) {
			c.do("POST", "/Users", `{"userName":"a"}`).refused(400, "invalidSyntax")
			c.do("POST", "/Users/.search", `{"count":1}`).refused(400, "invalidSyntax")
		}},
		{"false", func(c *client) {
			id := c.do("POST", "/Users", `{"userName":"a"}`).is(201).text("id")
			c.do("POST", "/Users/.search", `{"count":1}`).is(200)
			c.do("PATCH", "/Users/"+id, `{"Operations":[`+add("title", `"t"`)+`]}`).is(200)
		}},
	}},
	{"foreignSchemas", []shown{
		{"ignore", func(c *client) { c.do("POST", "/Users", withSchemas(ada, userURN, deviceURN)).is(201) }},
		{"reject", func(c *client) {
			c.do("POST", "/Users", withSchemas(ada, userURN, deviceURN)).refused(400, "invalidValue")
			c.do("POST", "/Users", withSchemas(ada, userURN, "urn:example:none")).is(201)
		}},
		{"rejectAll", func(c *client) {
			c.do("POST", "/Users", withSchemas(ada, userURN, deviceURN)).refused(400, "invalidValue")
			c.do("POST", "/Users", withSchemas(ada, userURN, "urn:example:none")).refused(400, "invalidValue").mentions("schemas[1]")
			c.do("POST", "/Users", withSchemas(ada, userURN, enterpriseURN)).is(201)
		}},
	}},
	{"unknownAttributes", []shown{
		{"ignore", func(c *client) { c.get(c.user(ada + `,"bogus":"b"`)).lacks("bogus") }},
		{"keep", func(c *client) {
			id := c.user(ada + `,"bogus":"b"`)
			c.get(id).has("bogus", "b")
			c.patch(id, replace("BOGUS", `["c"]`), add(enterpriseURN+":bogus", `{"d":1}`)).is(200).
				has("bogus", raw(`["c"]`)).has(enterpriseURN+"/bogus/d", 1).has("schemas/1", enterpriseURN)
			c.patch(id, `{"op":"remove","path":"bogus","value":["c"]}`).refused(400, "invalidPath")
			c.patch(id, add("bogus.sub", `1`)).refused(400, "invalidPath")
			c.patch(id, remove("bogus"), remove(enterpriseURN+":bogus")).is(200).lacks("bogus", enterpriseURN, "schemas/1")
		}},
		{"reject", func(c *client) {
			c.do("POST", "/Users", userBody(ada+`,"bogus":"b"`)).refused(400, "invalidSyntax").mentions("bogus")
			c.do("POST", "/Users", userBody(ada+`,"name":{"bogus":"b"}`)).refused(400, "invalidSyntax").mentions("bogus")
			c.patch(c.user(ada), `{"op":"add","value":{"bogus":1}}`).refused(400, "invalidSyntax")
		}},
	}},
	{"unadvertisedAttributes", []shown{
		{"store", func(c *client) {
			c = c.advertising("2024", "store")
			c.get(c.user(unadvertised)).has("title", "t").has("name/middleName", "M").has("emails/0/display", "d").
				has(enterpriseURN+"/department", "D").has("externalId", "x")
		}},
		{"ignore", func(c *client) {
			c = c.advertising("2024", "ignore")
			id := c.user(unadvertised)
			was := c.get(id).lacks("title", "name/middleName", "emails/0/display", enterpriseURN+"/department").
				has("name/givenName", "G").has("emails/0/value", "a@x").has(enterpriseURN+"/organization", "O").has("externalId", "x")
			a := c.patch(id, add("title", `"t"`), replace("name.middleName", `"N"`), replace("name", `{"middleName":"N"}`), remove("nickName"),
				add(enterpriseURN+":department", `"D"`), `{"op":"add","value":{"locale":"de","department":"E","name.middleName":"N","`+enterpriseURN+`":{"division":"F"}}}`,
				add(`emails[display eq "d"].value`, `"b@x"`), add(`emails[value eq "a@x"].display`, `"d"`)).is(200)
			if string(a.body) != string(was.body) {
				c.Errorf("it became %s", a.body)
			}
			c.found(`title eq "t"`)
			// In 2021 there were six parts of a name; complete shows everything.
			old := c.advertising("2021", "ignore")
			old.get(old.user(unadvertised)).lacks("title").has("name/middleName", "M")
			c = c.advertising("complete", "ignore")
			c.get(c.user(unadvertised)).has("title", "t")
			c.device(`"serial":"s","model":"m"`)
		}},
		{"refuse", func(c *client) {
			c = c.advertising("2024", "refuse")
			for name, body := range map[string]string{
				"title": ada + `,"title":"t"`, "name.middleName": ada + `,"name":{"middleName":"M"}`,
				"emails.display": ada + `,"emails":[{"value":"a@x","display":"d"}]`, "addresses": ada + `,"addresses":[]`,
				"department": ada + `,"` + enterpriseURN + `":{"department":"D"}`,
			} {
				c.do("POST", "/Users", userBody(body)).refused(400, "invalidValue").mentions(name)
			}
			id := c.user(ada + `,"externalId":"x"`)
			for _, path := range []string{"title", "name.middleName", `emails[display eq "d"].value`, enterpriseURN + ":department", "addresses"} {
				c.patch(id, add(path, `"x"`)).refused(400, "invalidPath")
			}
			c.patch(id, `{"op":"add","value":{"title":"t"}}`).refused(400, "invalidValue").mentions("title")
			c.patch(id, replace("name", `{"middleName":"M"}`)).refused(400, "invalidValue").mentions("name.middleName")
			c.patch(id, replace("name", `{"givenName":"G"}`), replace("externalId", `"y"`)).is(200).has("name/givenName", "G").has("externalId", "y")
			c = c.advertising("complete", "refuse")
			c.get(c.user(unadvertised)).has("title", "t")
		}},
	}},
	{"bareExtensionNames", []shown{
		{"true", func(c *client) {
			c.get(c.user(ada+`,"department":"D"`)).has(enterpriseURN+"/department", "D")
			c.found(`department eq "d"`, "ada")
		}},
		{"false", func(c *client) {
			id := c.user(ada + `,"department":"D"`)
			c.get(id).lacks(enterpriseURN, "department")
			c.unfit(`department eq "d"`) // R7644-3.10-02
			c.patch(id, add("department", `"D"`)).refused(400, "invalidPath")
		}},
	}},
	{"dottedKeys", []shown{
		{"true", func(c *client) {
			c.patch(c.user(ada), `{"op":"add","value":{"name.givenName":"G"}}`).is(200).has("name/givenName", "G")
		}},
		{"false", func(c *client) {
			c.patch(c.user(ada), `{"op":"add","value":{"name.givenName":"G"}}`).is(200).lacks("name/givenName", "name.givenName")
		}},
	}},
	{"selectorKeys", []shown{
		{"true", func(c *client) {
			c.patch(c.user(ada), `{"op":"add","value":{"ims[type eq \"xmpp\"].value":"v"}}`).is(200).has("ims", raw(`[{"type":"xmpp","value":"v"}]`))
		}},
		{"false", func(c *client) {
			c.patch(c.user(ada), `{"op":"add","value":{"ims[type eq \"xmpp\"].value":"v"}}`).is(200).lacks("ims")
		}},
	}},
	{"extensionPaths", []shown{
		{"true", func(c *client) {
			id := c.user(ada)
			c.patch(id, add(enterpriseURN, `{"department":"D"}`)).is(200).has(enterpriseURN+"/department", "D")
			c.patch(id, remove(enterpriseURN)).is(200).lacks(enterpriseURN)
		}},
		{"false", func(c *client) {
			id := c.user(ada)
			c.patch(id, add(enterpriseURN, `{"department":"D"}`)).refused(400, "invalidPath")
			c.patch(id, `{"op":"add","value":{"`+enterpriseURN+`":{"department":"D"}}}`).is(200).has(enterpriseURN+"/department", "D")
			c.patch(id, remove(enterpriseURN)).refused(400, "invalidPath")
		}},
	}},
	{"urnKeys", []shown{
		{"true", func(c *client) {
			c.patch(c.user(ada), `{"op":"add","value":{"`+enterpriseURN+`:department":"D"}}`).is(200).has(enterpriseURN+"/department", "D")
		}},
		{"false", func(c *client) {
			c.patch(c.user(ada), `{"op":"add","value":{"`+enterpriseURN+`:department":"D"}}`).is(200).lacks(enterpriseURN)
		}},
	}},
	{"dotAfterUrn", []shown{
		{"true", func(c *client) {
			c.patch(c.user(ada), add(enterpriseURN+".department", `"D"`)).is(200).has(enterpriseURN+"/department", "D")
		}},
		{"false", func(c *client) {
			c.patch(c.user(ada), add(enterpriseURN+".department", `"D"`)).refused(400, "invalidPath")
		}},
	}},
	{"textBooleans", []shown{
		{"true", func(c *client) {
			c.get(c.user(ada+`,"active":"False"`)).has("active", false)
			c.found(`active eq "FALSE"`, "ada")
		}},
		{"false", func(c *client) {
			c.do("POST", "/Users", userBody(ada+`,"active":"False"`)).refused(400, "invalidValue")
			c.unfit(`active eq "False"`)
		}},
	}},
	{"textAsValue", []shown{
		{"none", func(c *client) {
			c.do("POST", "/Users", userBody(ada+`,`+manager(`"m"`))).refused(400, "invalidValue")
			c.do("POST", "/Users", userBody(ada+`,"roles":["r"]`)).refused(400, "invalidValue")
			c.unfit(enterpriseURN + `:manager eq "m"`) // R7644-3.4.2.2-17
		}},
		{"single", func(c *client) {
			c.get(c.user(ada+`,`+manager(`"m"`))).has(managerPath+"/value", "m")
			c.found(enterpriseURN+`:manager eq "m"`, "ada")
			c.do("POST", "/Users", userBody(`"userName":"b","roles":["r"]`)).refused(400, "invalidValue")
		}},
		{"all", func(c *client) {
			c.get(c.user(ada+`,`+manager(`"m"`)+`,"roles":["r"]`)).has(managerPath+"/value", "m").has("roles/0/value", "r")
		}},
	}},
	{"objectAsList", []shown{
		{"true", func(c *client) { c.get(c.user(ada+`,"emails":{"value":"a@x"}`)).has("emails/0/value", "a@x") }},
		{"false", func(c *client) {
			c.do("POST", "/Users", userBody(ada+`,"emails":{"value":"a@x"}`)).refused(400, "invalidValue").mentions("emails")
			// PATCH add takes one object all the same (R7643-2.4-01).
			c.patch(c.user(ada), add("emails", `{"value":"a@x"}`)).is(200).has("emails/0/value", "a@x")
			c.do("POST", "/Users", `{"schemas":"`+userURN+`",`+ada+`}`).refused(400, "invalidSyntax").mentions("schemas")
		}},
	}},
	{"listAsObject", []shown{
		{"true", func(c *client) { c.get(c.user(ada+`,`+manager(`[{"value":"m"}]`))).has(managerPath+"/value", "m") }},
		{"false", func(c *client) {
			c.do("POST", "/Users", userBody(ada+`,`+manager(`[{"value":"m"}]`))).refused(400, "invalidValue")
		}},
	}},
	{"singleQuotes", []shown{
		{"true", func(c *client) { c.users("a"); c.found(`userName eq 'A'`, "a") }},
		{"false", func(c *client) { c.unfit(`userName eq 'A'`) }},
	}},
	{"bareLiterals", []shown{
		{"true", func(c *client) { c.users("ada"); c.found(`userName eq ada`, "ada") }},
		{"false", func(c *client) { c.unfit(`userName eq ada`) }},
	}},
	{"pathAfterFilter", []shown{
		{"true", func(c *client) {
			c.user(ada + `,` + mails)
			c.found(`emails[type eq "work"].value eq "a@x"`, "ada")
			c.found(`emails[type eq "work"].value eq "b@y"`)
		}},
		{"false", func(c *client) { c.unfit(`emails[type eq "work"].value eq "a@x"`) }}, // R7644-3.4.2.2-24
	}},
	{"literalCase", []shown{
		{"true", func(c *client) {
			c.user(ada + `,"active":true`)
			c.found(`active eq True and title eq NULL`, "ada")
		}},
		{"false", func(c *client) {
			c.unfit(`active eq True`, `title eq NULL`)
			c.found(`active eq false and title eq null`)
		}},
	}},
	{"sortOrderForms", []shown{
		{"true", func(c *client) {
			c.users("a", "b")
			for _, order := range []string{"desc", "DESC", "Descending"} {
				c.listed([]string{"sortBy", "userName", "sortOrder", order}, "b", "a")
			}
			c.listed([]string{"sortBy", "userName", "sortOrder", "asc"}, "a", "b")
			c.query("/Users", "sortOrder", "down").refused(400, "invalidValue")
		}},
		{"false", func(c *client) { // R7644-3.4.2.3-02
			c.users("a", "b")
			c.listed([]string{"sortBy", "userName", "sortOrder", "descending"}, "b", "a")
			for _, order := range []string{"desc", "asc", "Descending", "ASCENDING", "down"} {
				c.query("/Users", "sortBy", "userName", "sortOrder", order).refused(400, "invalidValue").mentions("sortOrder")
			}
		}},
	}},
	{"unknownSortBy", []shown{
		{"ignore", func(c *client) { c.users("b", "a"); c.listed([]string{"sortBy", "bogus"}, "b", "a") }},
		{"reject", func(c *client) { c.query("/Users", "sortBy", "bogus").refused(400, "invalidPath") }},
	}},
	{"maxResults", []shown{{"2", func(c *client) {
		c.users("a", "b", "c")
		c.listed([]string{"count", "3"}, "a", "b")
		c.do("GET", "/ServiceProviderConfig", "").has("filter/maxResults", 2)
	}}}},
	{"defaultCount", []shown{{"1", func(c *client) {
		c.users("a", "b", "c")
		c.listed(nil, "a").has("totalResults", 3)
		c.listed([]string{"count", "3"}, "a", "b", "c")
	}}}},
	{"opLetterCase", []shown{
		{"true", func(c *client) {
			c.patch(c.user(ada), `{"op":"Add","path":"title","value":"t"}`).is(200).has("title", "t")
		}},
		{"false", func(c *client) {
			id := c.user(ada)
			for _, op := range []string{"Add", "REPLACE"} {
				c.patch(id, `{"op":"`+op+`","path":"title","value":"t"}`).refused(400, "invalidSyntax")
			}
			c.patch(id, `{"op":"Remove","path":"title"}`).refused(400, "invalidSyntax")
			c.patch(id, add("title", `"t"`), replace("title", `"u"`), remove("title")).is(200).lacks("title")
		}},
	}},
	{"selectorAdds", []shown{
		{"true", func(c *client) {
			c.patch(c.user(ada), add(`ims[type eq "xmpp"].value`, `"v"`)).is(200).has("ims", raw(`[{"type":"xmpp","value":"v"}]`))
			bob := c.user(`"userName":"bob"`)
			c.patchGroup(c.group("Crew"), add(`members[value eq "`+bob+`"]`, `{"type":"User"}`)).is(200).has("members/0/value", bob)
		}},
		{"false", func(c *client) {
			id := c.user(ada + `,"ims":[{"type":"xmpp","value":"v"}]`)
			c.patch(id, add(`ims[type eq "icq"].value`, `"w"`)).refused(400, "noTarget")
			c.patch(id, add(`ims[type eq "xmpp"].value`, `"w"`)).is(200).has("ims", raw(`[{"type":"xmpp","value":"w"}]`))
			c.patchGroup(c.group("Crew"), add(`members[value eq "`+id+`"]`, `{"type":"User"}`)).refused(400, "noTarget")
		}},
	}},
	{"removeByValue", []shown{
		{"true", func(c *client) {
			bob := c.user(`"userName":"bob"`)
			crew := c.group("Crew", c.user(ada), bob)
			c.patchGroup(crew, `{"op":"remove","path":"members","value":`+memberList(bob)+`}`).is(200).has("members/0/display", "ada").lacks("members/1")
		}},
		{"false", func(c *client) {
			id := c.user(ada)
			crew := c.group("Crew", id)
			c.patchGroup(crew, `{"op":"remove","path":"members","value":`+memberList(id)+`}`).refused(400, "invalidSyntax")
			c.patchGroup(crew, `{"op":"remove","path":"members","value":null}`).is(200).lacks("members")
		}},
	}},
	{"selectorCreates", []shown{
		{"true", func(c *client) {
			c.patch(c.user(ada), replace(`ims[type eq "xmpp"].value`, `"v"`)).is(200).has("ims", raw(`[{"type":"xmpp","value":"v"}]`))
		}},
		{"false", func(c *client) {
			id := c.user(ada)
			c.patch(id, replace(`ims[type eq "xmpp"].value`, `"v"`)).refused(400, "noTarget")
			c.patch(id, add(`ims[type eq "xmpp"].value`, `"v"`)).is(200)
		}},
	}},
	{"patchAnswer", []shown{
		{"resource", func(c *client) { c.patch(c.user(ada), add("title", `"t"`)).is(200).has("title", "t") }},
		{"none", func(c *client) {
			id := c.user(ada)
			c.patch(id, add("title", `"t"`)).is(204)
			c.get(id).has("title", "t")
			// With a projection there is an answer all the same (R7644-3.5.2-14).
			c.do("PATCH", "/Users/"+id+"?attributes=title", patchBody(add("title", `"u"`))).is(200).only("", "schemas", "id", "title")
		}},
	}},
	{"putKeepsOmitted", []shown{
		{"true", func(c *client) {
			c.put(c.user(ada+`,"displayName":"A","active":false,"title":"t"`), ada).is(200).has("displayName", "A").has("active", false).lacks("title")
		}},
		{"false", func(c *client) {
			c.put(c.user(ada+`,"displayName":"A","active":false,"title":"t"`), ada).is(200).lacks("displayName", "active", "title")
		}},
	}},
	{"immutableInPut", []shown{
		{"reject", func(c *client) {
			c.do("PUT", "/Devices/"+c.device(`"serial":"s"`), deviceBody(`"serial":"t"`)).refused(400, "mutability")
		}},
		{"ignore", func(c *client) {
			c.do("PUT", "/Devices/"+c.device(`"serial":"s"`), deviceBody(`"serial":"t","model":"m"`)).is(200).has("serial", "s").has("model", "m")
		}},
	}},
	{"severalPrimaries", []shown{
		{"keepFirst", func(c *client) {
			c.get(c.user(ada+`,"ims":[{"value":"1","primary":true},{"value":"2","primary":true}]`)).has("ims/0/primary", true).lacks("ims/1/primary")
		}},
		{"reject", func(c *client) {
			c.do("POST", "/Users", userBody(ada+`,"ims":[{"value":"1","primary":true},{"value":"2","primary":true}]`)).refused(400, "invalidValue")
		}},
	}},
	{"certificates", []shown{
		{"base64", func(c *client) {
			one := newCertificate(c)
			c.get(c.user(ada+`,"x509Certificates":[{"value":"QUJD"},{"value":"`+base64.StdEncoding.EncodeToString(one)+`"}]`)).has("x509Certificates/0/value", "QUJD")
			two := base64.StdEncoding.EncodeToString(append(one, one...))
			c.do("POST", "/Users", userBody(`"userName":"b","x509Certificates":[{"value":"`+two+`"}]`)).refused(400, "invalidValue").mentions("x509Certificates.value", two)
		}},
		{"der", func(c *client) { // R7643-4.1.2-05
			one := newCertificate(c)
			for _, bytes := range [][]byte{[]byte("ABC"), one[:len(one)-1], append(one[:len(one):len(one)], 0), append(one[:len(one):len(one)], one...), {0x30, 0}, {0x31, 0}} {
				c.do("POST", "/Users", userBody(ada+`,"x509Certificates":[{"value":"`+base64.StdEncoding.EncodeToString(bytes)+`"}]`)).
					refused(400, "invalidValue").mentions("x509Certificates.value")
			}
			id := c.user(ada + `,"x509Certificates":[{"value":"` + base64.RawURLEncoding.EncodeToString(one) + `"}]`)
			c.patch(id, add("x509Certificates", `{"value":"QUJD"}`)).refused(400, "invalidValue")
		}},
	}},
	{"passwords", []shown{
		{"discard", func(c *client) { c.passwordsKept(0) }},
		{"hash", func(c *client) { c.passwordsKept(1) }},
	}},
	{"defaultActive", []shown{
		{"true", func(c *client) { c.get(c.user(ada)).has("active", true) }},
		{"false", func(c *client) { c.get(c.user(ada)).lacks("active") }},
	}},
	{"displayDefault", []shown{
		{"true", func(c *client) { c.get(c.user(`"userName":"ada@x"`)).has("displayName", "ada") }},
		{"false", func(c *client) { c.get(c.user(`"userName":"ada@x"`)).lacks("displayName") }},
	}},
	{"formattedFollows", []shown{
		{"true", func(c *client) { c.get(c.user(ada+`,"displayName":"A"`)).has("name/formatted", "A") }},
		{"false", func(c *client) { c.get(c.user(ada + `,"displayName":"A"`)).lacks("name") }},
	}},
	{"emailDefaults", []shown{
		{"true", func(c *client) {
			c.get(c.user(ada+`,"emails":[{"value":"a@x"}]`)).has("emails", raw(`[{"value":"a@x","type":"work","primary":true}]`))
		}},
		{"false", func(c *client) {
			c.get(c.user(ada+`,"emails":[{"value":"a@x"}]`)).has("emails", raw(`[{"value":"a@x"}]`))
		}},
	}},
	{"phoneTypeAliases", []shown{
		{"true", func(c *client) {
			id := c.user(ada + `,"phoneNumbers":[{"value":"1","type":"mobileNumber"}]`)
			c.get(id).has("phoneNumbers/0/type", "mobile")
			c.found(`phoneNumbers[type eq "MobileNumber"]`, "ada")
			c.found(`phoneNumbers.type ne "mobileNumber"`)
			c.patch(id, replace(`phoneNumbers[type eq "mobileNumber"].value`, `"2"`), add(`phoneNumbers[type eq "officeNumber"].value`, `"3"`),
				add(`phoneNumbers[value eq "4"].type`, `"homeNumber"`)).is(200).has("phoneNumbers", raw(`[{"value":"2","type":"mobile"},{"type":"work","value":"3"},{"value":"4","type":"home"}]`))
			c.patch(id, remove(`phoneNumbers[type eq "homeNumber" or type eq "officeNumber"]`)).is(200).has("phoneNumbers", raw(`[{"value":"2","type":"mobile"}]`))
		}},
		{"false", func(c *client) {
			c.get(c.user(ada+`,"phoneNumbers":[{"value":"1","type":"mobileNumber"}]`)).has("phoneNumbers/0/type", "mobileNumber")
			c.found(`phoneNumbers[type eq "mobileNumber"]`, "ada")
			c.found(`phoneNumbers[type eq "mobile"]`)
		}},
	}},
	{"strictNames", []shown{
		{"true", func(c *client) {
			for _, sign := range []string{`?`, `<`, `>`, `*`, `"`, `/`, `\`} {
				c.do("POST", "/Users", userBody(`"userName":`+quoted("a"+sign))).refused(400, "invalidValue").mentions("userName")
			}
		}},
		{"false", func(c *client) { c.get(c.user(`"userName":"?<>*\"/\\"`)).has("userName", `?<>*"/\`) }},
	}},
	{"allowedSuffixes", []shown{
		{"corp.example, @x.example", func(c *client) {
			c.users("a@corp.example", "b@X.EXAMPLE")
			for _, name := range []string{"c", "c@", "c@y.example", "c@corp.example.y"} {
				c.do("POST", "/Users", userBody(`"userName":"`+name+`"`)).refused(400, "invalidValue").mentions("suffix")
			}
		}},
		{"", func(c *client) { c.users("c", "c@y.example") }},
	}},
	{"managerMustExist", []shown{
		{"true", func(c *client) {
			c.do("POST", "/Users", userBody(ada+`,`+manager(`{"value":"m"}`))).refused(400, "invalidValue").mentions("manager")
			boss := c.user(ada)
			c.user(`"userName":"b",` + manager(`{"value":"`+boss+`"}`))
		}},
		{"false", func(c *client) { c.user(ada + `,` + manager(`{"value":"m"}`)) }},
	}},
	{"caseExactIds", []shown{
		{"true", func(c *client) { c.do("GET", "/Users/"+strings.ToUpper(c.user(ada)), "").refused(404, "") }},
		{"false", func(c *client) { c.do("GET", "/Users/"+strings.ToUpper(c.user(ada)), "").is(200) }},
	}},
	{"listServiceUsers", []shown{
		{"true", func(c *client) { c.listed(nil, c.serviceUser(), "ada").has("totalResults", 2) }},
		{"false", func(c *client) { c.serviceUser(); c.listed(nil, "ada").has("totalResults", 1) }},
	}},
	{"tenantErrorTexts", []shown{
		{"true", func(c *client) { c.do("GET", "/Users/x1", "").refused(404, "").has("detail", "Resource x1 not found") }},
		{"false", func(c *client) { c.do("GET", "/Users/x1", "").refused(404, "").mentions("User", "x1") }},
	}},
	{"metaTimes", []shown{
		{"reply", func(c *client) {
			at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			c.site.tenant.Now = func() time.Time { return at }
			id := c.user(ada)
			at = at.Add(time.Hour)
			c.get(id).has("meta/created", "2026-01-01T01:00:00Z").has("meta/lastModified", "2026-01-01T01:00:00Z")
		}},
		{"real", func(c *client) {
			at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			c.site.tenant.Now = func() time.Time { return at }
			id := c.user(ada)
			at = at.Add(time.Hour)
			c.get(id).has("meta/created", "2026-01-01T00:00:00Z")
		}},
	}},
	{"patchAnswerMembers", []shown{
		{"1", func(c *client) {
			id := c.group("Crew", c.user(ada))
			c.patchGroup(id, replace("externalId", `"x"`)).is(200).has("members/0/display", "ada")
			c.patchGroup(id, add("members", memberList(c.user(`"userName":"bob"`)))).is(204)
			c.do("PATCH", "/Groups/"+id+"?attributes=members", patchBody(replace("externalId", `"y"`))).is(200).has("members/1/display", "bob")
		}},
	}},
	{"unknownMember", []shown{
		{"notFound", func(c *client) { c.do("POST", "/Groups", groupBody("Crew", "nobody")).refused(404, "") }},
		{"invalidValue", func(c *client) {
			c.do("POST", "/Groups", groupBody("Crew", "nobody")).refused(400, "invalidValue").mentions("members")
		}},
	}},
	{"groupCycles", []shown{
		{"refuse", func(c *client) {
			inner := c.group("Inner")
			outer := c.group("Outer", inner)
			c.patchGroup(inner, add("members", memberList(outer))).refused(400, "invalidValue").mentions("members")
		}},
		{"tolerate", func(c *client) {
			inner := c.group("Inner", c.user(ada))
			outer := c.group("Outer", inner)
			c.patchGroup(inner, add("members", memberList(outer))).is(200)
			c.patchGroup(inner, add("members", memberList(inner))).refused(400, "invalidValue")
			c.query("/Users").is(200).has("totalResults", 1)
		}},
	}},
	{"indirectGroups", []shown{
		{"true", func(c *client) {
			outer := c.group("Outer", c.group("Inner", c.user(ada)))
			c.query("/Users").is(200).has("Resources/0/groups/1/value", outer)
			c.found(`groups.value eq "`+outer+`"`, "ada")
		}},
		{"false", func(c *client) {
			outer := c.group("Outer", c.group("Inner", c.user(ada)))
			c.query("/Users").is(200).has("Resources/0/groups/0/display", "Inner").lacks("Resources/0/groups/1")
			c.found(`groups.value eq "` + outer + `"`)
		}},
	}},
	{"groupTypes", []shown{
		{"true", func(c *client) {
			u := c.user(ada)
			c.group("Crew", u)
			c.get(u).has("groups/0/type", "direct")
			c.found(`groups.type eq "direct"`, "ada")
		}},
		{"false", func(c *client) {
			u := c.user(ada)
			c.group("Crew", u)
			c.get(u).only("groups/0", "value", "$ref", "display")
			c.found(`groups.type eq "direct"`)
		}},
	}},
	{"faithfulErrorCodes", []shown{
		{"true", func(c *client) {
			c.do("POST", "/Groups", `{"schemas":["`+groupURN+`"],"displayName":"Crew","members":7}`).refused(500, "")
			c.do("GET", "/Schemas/none", "").refused(500, "").has("detail", "Object reference not set to an instance of an object. ")
		}},
		{"false", func(c *client) {
			c.do("GET", "/Schemas/none", "").refused(404, "")
			c.do("POST", "/Groups", `{"schemas":["`+groupURN+`"],"displayName":"Crew","members":7}`).refused(400, "invalidValue")
		}},
	}},
	{"retryAfter", []shown{
		{"true", func(c *client) { c.throttled("1") }},
		{"false", func(c *client) { c.throttled("") }},
	}},
	{"vaultMode", []shown{
		{"off", func(c *client) {
			id := c.user(ada)
			c.get(id).lacks(vaultUserURN)
			if strings.Trim(id, "0123456789") == "" {
				c.Errorf("id %s", id)
			}
			c.vaultAdvertised(c.site.tenant.Profile.Discovery == "complete")
		}},
		{"cloud", func(c *client) {
			id := c.user(ada)
			c.get(id).has(vaultUserURN, raw(`{"directoryType":"Vault"}`)).has("schemas/1", vaultUserURN)
			c.query("/Groups", "filter", `displayName sw "a"`).is(200)
			c.vaultAdvertised(true)
		}},
		{"selfHosted", func(c *client) {
			user, group := c.user(ada), c.group("Payroll")
			if strings.Trim(user+group, "0123456789") != "" || user == group {
				c.Errorf("ids %s %s", user, group)
			}
			c.do("GET", "/Groups/"+group, "").is(200).has(vaultGroupURN, raw(`{"directoryType":"Vault"}`))
			c.query("/Groups", "filter", `displayName eq "payroll"`).is(200).has("totalResults", 1)
			for _, f := range []string{`displayName sw "p"`, `id eq "` + group + `"`, `displayName eq "a" or displayName eq "b"`, `members.value eq "` + user + `"`} {
				c.query("/Groups", "filter", f).refused(400, "invalidFilter").mentions("displayName")
			}
			c.vaultAdvertised(true)
		}},
	}},
	{"vaultProvisioning", []shown{
		{"all", func(c *client) { c.admitted(c.user(ada), true) }},
		{"role", func(c *client) {
			user := c.user(ada)
			inner := c.group("Inner", user)
			c.admitted(user, false)
			c.group("privilege cloud USERS", inner)
			c.admitted(user, true)
		}},
		{"none", func(c *client) {
			c.admitted(c.user(ada), false)
			c.admitted(c.user(`"userName":"bob","`+vaultUserURN+`":{"distinguishedName":"cn=bob"}`), true)
		}},
	}},
	{"vaultRole", []shown{
		{"Operators", func(c *client) {
			p := *c.site.tenant.Profile
			p.VaultProvisioning = "role"
			c.site.tenant.Profile = &p
			user := c.user(ada)
			c.group("Privilege Cloud Users", user)
			c.admitted(user, false)
			c.group("Operators", user)
			c.admitted(user, true)
		}},
	}},
	{"creatorPermission", []shown{
		{"true", func(c *client) { c.as(c.user(ada)).safes(2).query("/ContainerPermissions").has("totalResults", 2) }},
		{"false", func(c *client) { c.as(c.user(ada)).safes(2).query("/ContainerPermissions").has("totalResults", 0) }},
	}},
	{"containerDelete", []shown{
		{"cascade", func(c *client) {
			c.account(c.safe("Ops"), "a")
			c.do("DELETE", "/Containers/Ops", "").is(204)
		}},
		{"refuse", func(c *client) {
			user := c.user(ada)
			id := c.account(c.safe("Ops"), "a")
			c.grant(`"container":{"value":"Ops"},"user":{"value":"` + user + `"},"rights":[]`).is(201)
			c.do("DELETE", "/Containers/Ops", "").refused(409, "")
			c.do("DELETE", "/PrivilegedData/"+id, "").is(204)
			c.do("DELETE", "/Containers/Ops", "").is(204)
		}},
	}},
	{"retentionDefault", []shown{
		{"true", func(c *client) {
			c.safe("Ops")
			c.do("GET", "/Containers/Ops", "").has(safeURN, raw(`{"NumberOfDaysRetention":7}`))
		}},
		{"false", func(c *client) {
			c.safe("Ops")
			c.do("GET", "/Containers/Ops", "").lacks(safeURN)
		}},
	}},
	{"permissionIds", []shown{
		{"names", func(c *client) {
			user, id := c.member("Ops", "ada@corp.example")
			if id != "Ops:ada@corp.example" {
				c.Errorf("id %s", id)
			}
			group := c.group("ADA@corp.example")
			second := c.grant(`"container":{"value":"Ops"},"group":{"value":"` + group + `"},"rights":[]`).is(201).text("id")
			if second != "Ops:"+group {
				c.Errorf("id %s", second)
			}
			c.permissionIDs(id, "Ops:"+user, "Ops:ADA@corp.example")
			c.query("/ContainerPermissions", "filter", `id eq "`+id+`"`).is(200).has("totalResults", 1).has("Resources/0/id", id)
			c.query("/ContainerPermissions", "sortBy", "id", "sortOrder", "descending", "filter", "user pr").is(200).has("Resources/0/id", id)
			c.put(user, `"userName":"eve"`).is(200)
			c.permissionIDs("Ops:eve", "Ops:"+user)
			c.do("GET", "/ContainerPermissions/"+second, "").is(200).has("id", "Ops:ADA@corp.example")
			c.do("PUT", "/ContainerPermissions/Ops:eve", vaultBody(permissionURN, `"rights":["ListAccounts"]`)).is(200).has("id", "Ops:eve")
			c.do("DELETE", "/ContainerPermissions/Ops:eve", "").is(204)
			c.do("GET", "/ContainerPermissions/Ops:"+user, "").refused(404, "")
		}},
		{"stable", func(c *client) {
			user, id := c.member("Ops", "ada@corp.example")
			if id != "Ops:"+user {
				c.Errorf("id %s", id)
			}
			c.permissionIDs(id, "Ops:ada@corp.example")
			c.query("/ContainerPermissions", "filter", `id eq "`+id+`"`).is(200).has("totalResults", 1)
			c.do("DELETE", "/ContainerPermissions/Ops:ada@corp.example", "").is(204)
		}},
	}},
	{"rightsCase", []shown{
		{"pascal", func(c *client) {
			_, id := c.member("Ops", "ada", "useAccounts", "LISTACCOUNTS")
			c.do("GET", "/ContainerPermissions/"+id, "").has("rights", raw(`["UseAccounts","ListAccounts"]`))
		}},
		{"camel", func(c *client) {
			_, id := c.member("Ops", "ada", "UseAccounts", "LISTACCOUNTS")
			c.do("GET", "/ContainerPermissions/"+id, "").has("rights", raw(`["useAccounts","listAccounts"]`))
			c.query("/ContainerPermissions", "filter", `rights eq "UseAccounts"`, "attributes", "rights").has("Resources/0/rights", raw(`["useAccounts","listAccounts"]`))
		}},
	}},
	{"expiredMembers", []shown{
		{"show", func(c *client) {
			id := c.expiring()
			c.query("/ContainerPermissions").has("totalResults", 3)
			c.do("GET", "/ContainerPermissions/"+id, "").is(200)
		}},
		{"hide", func(c *client) {
			id := c.expiring()
			c.query("/ContainerPermissions").has("totalResults", 2)
			c.query("/ContainerPermissions", "filter", `container.value eq "Ops" and user pr`).has("totalResults", 2)
			c.do("GET", "/ContainerPermissions/"+id, "").refused(404, "")
			c.do("DELETE", "/ContainerPermissions/"+id, "").refused(404, "")
			c.grant(`"container":{"value":"Ops"},"user":{"display":"u2"},"rights":["ListAccounts"]`).is(201)
			c.query("/ContainerPermissions").has("totalResults", 3)
		}},
	}},
	{"requirePlatform", []shown{
		{"true", func(c *client) {
			c.safe("Ops")
			c.do("POST", "/PrivilegedData", accountBody("Ops", "a")).refused(400, "invalidValue").mentions("platformId")
			id := c.account("Ops", "a", propertyList("PlatformID", "UnixSSH"))
			c.patchAccount(id, `{"op":"remove","path":"`+propertiesURN+`:properties[key eq \"platformId\"]"}`).refused(400, "invalidValue")
		}},
		{"false", func(c *client) { c.account(c.safe("Ops"), "a") }},
	}},
	{"legacyAlias", []shown{
		{"true", func(c *client) { c.legacyApplication(); c.token = allRights; c.legacy() }},
		{"false", func(c *client) {
			c.root("GET", "/CyberArk/scim/v2/Users", "").refused(404, "")
		}},
	}},
}

// unadvertised are members of a user, some of which the tenant does not show.
const unadvertised = ada + `,"title":"t","externalId":"x","name":{"givenName":"G","middleName":"M"},"emails":[{"value":"a@x","display":"d","type":"work","primary":true}],
	"` + enterpriseURN + `":{"department":"D","organization":"O"}`

// advertising is a client of another tenant, with an edition of discovery and
// what becomes of attributes that it does not show.
func (c *client) advertising(edition, unadvertised string) *client {
	c.Helper()
	return newClient(c.TB, c.site.store, c.site.tenant.Profile.Name, "discovery="+edition, "unadvertisedAttributes="+unadvertised)
}

// newCertificate makes a certificate in DER.
func newCertificate(t testing.TB) []byte {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// loosePaths are spellings of paths that are there.
var loosePaths = []string{"/SCIM/v2/Users", "/scim/V2/Users", "/scim/v2/users", "/scim/v2/USERS/", "/scim//v2/Users",
	"//scim/v2/Users", "/scim/v2/Users//", "/scim/v2/schemas", "/scim/resourcetypes/User"}

const discoverySchema = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"

// interplay are the switches that hide what another switch does; they are set
// to "false" where that one is shown.
var interplay = map[string][]string{
	"putKeepsOmitted":  {"defaultActive", "displayDefault", "formattedFollows"},
	"formattedFollows": {"displayDefault"},
	"displayDefault":   {"formattedFollows"},
}

// switchRows are the rows of all values of all switches.
func switchRows() []row {
	var rows []row
	for _, s := range switches {
		for _, v := range s.values {
			set := []string{s.name + "=" + v.value}
			for _, other := range interplay[s.name] {
				set = append(set, other+"=false")
			}
			rows = append(rows, row{holds: "switch " + s.name + " set to " + v.value, set: set, show: v.show})
		}
	}
	return rows
}

// A switch without a row here would be one that nothing shows to work; one with
// a choice of values needs a row for each.
func TestEverySwitchIsShownWithEachOfItsValues(t *testing.T) {
	t.Parallel()
	for _, s := range (&scim.Profile{}).Switches() {
		want := s.Allowed()
		i := slices.IndexFunc(switches, func(x struct {
			name   string
			values []shown
		}) bool {
			return x.name == s.Name
		})
		if i < 0 {
			t.Errorf("no rows for %s", s.Name)
			continue
		}
		for _, v := range want {
			if !slices.ContainsFunc(switches[i].values, func(x shown) bool { return x.value == v }) {
				t.Errorf("no row for %s=%s", s.Name, v)
			}
		}
	}
}

// linked checks that the address of a resource has a path.
func (a *answer) linked(path string) {
	a.c.Helper()
	want := a.c.site.url + path + a.text("id")
	if got := a.is(201).header.Get("Location"); got != want {
		a.c.Errorf("Location %s, want %s", got, want)
	}
	a.has("meta/location", want)
}

// emptyLists checks whether lists without resources have the member Resources:
// of users, with a filter and for a count of 0, and of a type of the vault.
func (c *client) emptyLists(users, vault bool) {
	c.Helper()
	for _, l := range []struct {
		endpoint string
		params   []string
		there    bool
	}{
		{"/Users", nil, users}, {"/Groups", []string{"count", "0"}, users}, {"/Users", []string{"filter", `userName eq "nobody"`}, users},
		{"/Crates", nil, vault}, {"/Crates", []string{"count", "0"}, vault},
	} {
		a := c.query(l.endpoint, l.params...).is(200).has("totalResults", 0).has("itemsPerPage", 0)
		if l.there {
			a.has("Resources", raw("[]"))
		} else {
			a.lacks("Resources")
		}
	}
	c.users("ada")
	c.query("/Users").is(200).has("Resources/0/userName", "ada")
}

// serviceUser makes the tenant's service user and a user "ada", and gives the
// userName of the former.
func (c *client) serviceUser() string {
	c.Helper()
	p, err := newService(c.site.store).EnsureServiceUser(c.Context(), c.site.tenant)
	if err != nil {
		c.Fatal(err)
	}
	c.users("ada")
	return p.Display
}
