package server_test

import (
	"strings"
)

// containerRows are about safes (tenant 10).
var containerRows = []row{
	{holds: "Q-93 tenant 10.2 the id and displayName of a safe are its name", show: func(c *client) {
		a := c.do("POST", "/Containers", vaultBody(containerURN, `"name":"HR-Win","displayName":"other","type":"x","description":"HR servers"`)).is(201)
		a.has("id", "HR-Win").has("name", "HR-Win").has("displayName", "HR-Win").has("type", "safe").has("description", "HR servers").lacks("privilegedData")
		a.linked("/Scim/v2/Containers/")
		if a.header.Get("Location") != a.text("meta/location") {
			c.Errorf("Location %q", a.header.Get("Location"))
		}
		c.do("GET", "/Containers/HR-Win", "").is(200).has("id", "HR-Win")
	}},
	{holds: "tenant 16 names of safes are found in any letter case", on: cyberark, show: func(c *client) {
		c.safe("HR-Win")
		c.do("GET", "/Containers/hr-WIN", "").is(200).has("id", "HR-Win")
		c.do("POST", "/Containers", vaultBody(containerURN, `"name":"hr-win"`)).refused(409, "uniqueness").mentions("name", "hr-win")
	}},
	{holds: "tenant 7 a safe that is not there is 404 in the tenant's words", on: cyberark, show: func(c *client) {
		for _, m := range []string{"GET", "DELETE"} {
			c.do(m, "/Containers/None", "").refused(404, "").has("detail", "Resource None not found")
		}
		c.do("PUT", "/Containers/None", vaultBody(containerURN, `"name":"None"`)).refused(404, "")
	}},
	{holds: "tenant 10.3 names have no colon and no slash, and are fit for an id", show: func(c *client) {
		for _, name := range []string{"a:b", "a/b", strings.Repeat("n", 513), ".", "..", ""} {
			c.do("POST", "/Containers", vaultBody(containerURN, `"name":"`+name+`"`)).refused(400, "invalidValue").mentions("name")
		}
		for _, name := range []string{`a*b`, `a b`, `a.b`, strings.Repeat("n", 29), `ä|ö`} {
			id := c.safe(name)
			c.do("GET", "/Containers/"+strings.ReplaceAll(id, " ", "%20"), "").is(200).has("id", name)
		}
	}},
	{holds: "tenant 10.3 strict names have 1 to 28 characters out of those that a vault takes", set: []string{"strictNames=true"}, show: func(c *client) {
		for _, name := range []string{`a*b`, `a.b`, `a\\b`, `a<b`, `a>b`, `a\"b`, `a|b`, ` ab`, strings.Repeat("n", 29)} {
			c.do("POST", "/Containers", vaultBody(containerURN, `"name":"`+name+`"`)).refused(400, "invalidValue").mentions("name")
		}
		c.safe(strings.Repeat("ä", 28))
	}},
	{holds: "tenant 10.1 the name of a safe stays, in PUT and PATCH", show: func(c *client) {
		c.safe("HR-Win")
		put := func(members string) *answer {
			return c.do("PUT", "/Containers/HR-Win", vaultBody(containerURN, members))
		}
		put(`"name":"Other"`).refused(400, "mutability").mentions("name")
		put(`"id":"HR-Win","name":"hr-win","displayName":"ignored","description":"d"`).is(200).has("name", "HR-Win").has("displayName", "HR-Win").has("description", "d")
		put(`"name":"HR-Win"`).is(200).lacks("description").has("type", "safe")
		c.do("PATCH", "/Containers/HR-Win", patchBody(`{"op":"replace","path":"name","value":"Other"}`)).refused(400, "mutability")
		c.do("PATCH", "/Containers/HR-Win", patchBody(`{"op":"replace","path":"displayName","value":"Other"}`)).refused(400, "mutability")
		c.do("PATCH", "/Containers/HR-Win", patchBody(`{"op":"replace","value":{"description":"new"}}`)).is(200).has("description", "new")
	}},
	{holds: "tenant 10.2 18.11 19.8 the Safe extension, also under the custom URN, has capital letters and stands under its own URN", on: cyberark, show: func(c *client) {
		c.do("POST", "/Containers", vaultBody(containerURN, `"name":"A","`+customURN+`":{"numberofdaysretention":3,"managingcpm":"PasswordManager"}`)).is(201).
			has(safeURN, raw(`{"NumberOfDaysRetention":3,"ManagingCPM":"PasswordManager"}`)).lacks(customURN).
			has("schemas", raw(`["`+containerURN+`","`+safeURN+`"]`))
		c.do("POST", "/Containers", `{"schemas":["`+safeURN+`"],"name":"B","`+safeURN+`":{"NumberOfDaysRetention":9}}`).is(201).has(safeURN+"/NumberOfDaysRetention", 9)
		c.do("POST", "/Containers", `{"schemas":["urn:ietf:params:scim:schemas:core:1.0:Container"],"name":"C"}`).is(201).has(safeURN+"/NumberOfDaysRetention", 7)
		c.query("/Containers", "filter", safeURN+":NumberOfDaysRetention lt 9 and "+customURN+`:ManagingCPM eq "passwordmanager"`).is(200).
			has("totalResults", 1).has("Resources/0/id", "A")
		c.do("POST", "/Containers", vaultBody(containerURN, `"name":"D","`+safeURN+`":{"NumberOfDaysRetention":-1}`)).refused(400, "invalidValue").mentions("NumberOfDaysRetention")
		c.do("POST", "/Containers", vaultBody(containerURN, `"name":"D","`+safeURN+`":{"NumberOfDaysRetention":"7"}`)).refused(400, "invalidValue")
	}},
	{holds: "tenant 10.2 the owner is who made the safe, by the name that it has", show: func(c *client) {
		ada := c.user(ada)
		c.as(ada).safe("Ops")
		c.do("GET", "/Containers/Ops", "").is(200).has("owner/value", ada).has("owner/display", "ada").only("owner", "value", "$ref", "display")
		c.put(ada, `"userName":"ada2"`).is(200)
		c.do("GET", "/Containers/Ops", "").is(200).has("owner/display", "ada2")
		for _, f := range []string{`owner.value eq "` + ada + `"`, `owner.display eq "ADA2"`, `owner.display sw "ada"`} {
			c.query("/Containers", "filter", f).is(200).has("totalResults", 1)
		}
		c.do("PUT", "/Containers/Ops", vaultBody(containerURN, `"name":"Ops","owner":{"value":"x"}`)).is(200).has("owner/value", ada)
	}},
	{holds: "the owner of a safe is shown when the user is gone, and the safe has not changed", show: func(c *client) {
		ada := c.user(ada)
		c.as(ada).safe("Ops")
		before := c.do("GET", "/Containers/Ops", "").is(200).text("meta/lastModified")
		c.do("DELETE", "/Users/"+ada, "").is(204)
		c.do("GET", "/Containers/Ops", "").is(200).has("owner", raw(`{"value":"`+ada+`","display":"ada"}`)).has("meta/lastModified", before)
		c.query("/Containers", "filter", `owner.display eq "ada" and owner.value eq "`+ada+`"`).is(200).has("totalResults", 1)
	}},
	{holds: "tenant 10.3 who makes a safe has all rights on it", show: func(c *client) {
		ada := c.user(ada)
		c.as(ada).safe("Ops")
		a := c.query("/ContainerPermissions", "filter", `container.value eq "Ops"`).is(200).has("totalResults", 1).
			has("Resources/0/user/value", ada).has("Resources/0/"+safeMemberURN+"/memberType", "User")
		if n := a.count("Resources/0/rights"); n != 22 {
			c.Errorf("%d rights", n)
		}
	}},
	{holds: "a safe that is refused leaves nothing, not even its permission", show: func(c *client) {
		ada := c.user(ada)
		c.as(ada).safe("Ops")
		c.as(ada).do("POST", "/Containers", vaultBody(containerURN, `"name":"Ops"`)).refused(409, "uniqueness")
		c.query("/ContainerPermissions").has("totalResults", 1)
		c.query("/Containers").has("totalResults", 1)
	}},
	{holds: "tenant 10.2 what is in a safe is derived, and moves nothing of it", show: func(c *client) {
		c.safe("Ops")
		before := c.do("GET", "/Containers/Ops", "").is(200).text("meta/lastModified")
		id := c.account("Ops", "win01-admin")
		c.do("GET", "/Containers/Ops", "").is(200).has("meta/lastModified", before).has("privilegedData/0/value", id).
			has("privilegedData/0/display", "win01-admin").only("privilegedData/0", "value", "$ref", "display")
		c.query("/Containers", "filter", `privilegedData.display eq "WIN01-admin"`).is(200).has("totalResults", 1)
		c.query("/Containers", "filter", `privilegedData[value eq "`+id+`"]`).is(200).has("totalResults", 1)
		c.query("/Containers", "filter", `privilegedData.display eq "none"`).is(200).has("totalResults", 0)
		c.do("PATCH", "/Containers/Ops", patchBody(`{"op":"remove","path":"privilegedData"}`)).refused(400, "mutability")
		c.do("DELETE", "/PrivilegedData/"+id, "").is(204)
		c.do("GET", "/Containers/Ops", "").is(200).lacks("privilegedData")
	}},
	{holds: "a safe takes its accounts and all permissions along", show: func(c *client) {
		ada := c.user(ada)
		c.safe("Ops")
		c.safe("Other")
		id, other := c.account("Ops", "a1"), c.account("Other", "a2")
		grantee := `"user":{"value":"` + ada + `"},"rights":["ListAccounts"]`
		c.grant(`"container":{"value":"Ops"},` + grantee).is(201)
		c.grant(`"container":{"value":"Other"},` + grantee).is(201)
		c.grantAccount(`"privilegedData":{"value":"` + id + `"},` + grantee).is(201)
		c.grantAccount(`"privilegedData":{"value":"` + other + `"},` + grantee).is(201)
		c.do("DELETE", "/Containers/Ops", "").is(204)
		c.do("GET", "/PrivilegedData/"+id, "").refused(404, "")
		for _, path := range []string{"/Containers", "/PrivilegedData", "/ContainerPermissions", "/PrivilegedDataPermissions"} {
			c.do("GET", path, "").is(200).has("totalResults", 1)
		}
		c.do("DELETE", "/Containers/Ops", "").refused(404, "")
		c.deletions("Container Ops", "ContainerPermission", "PrivilegedData "+id, "PrivilegedDataPermission")
	}},
}

// deletions checks the deletions of the change log, in any order, by what
// "{type} {id}" begins with.
func (c *client) deletions(want ...string) {
	c.Helper()
	events, err := c.site.store.Events(c.Context(), c.site.tenant.Space, 0, 10_000)
	if err != nil {
		c.Fatal(err)
	}
	var got []string
	for _, e := range events {
		if e.Operation == "delete" {
			got = append(got, e.Type+" "+e.ID)
		}
	}
	left := append([]string(nil), got...)
	for _, w := range want {
		found := false
		for i, g := range left {
			if g == w || strings.HasPrefix(g, w+" ") {
				left, found = append(left[:i], left[i+1:]...), true
				break
			}
		}
		if !found {
			c.Errorf("no deletion of %s among %v", w, got)
		}
	}
	if len(left) > 0 {
		c.Errorf("deletions %v, want %v", got, want)
	}
}
