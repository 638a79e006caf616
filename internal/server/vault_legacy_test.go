package server_test

import (
	"encoding/base64"
	"strings"

	"github.com/scimd/scimd/internal/store"
)

// basic is a header with Basic credentials, which replaces that with the token.
func basic(password string) string { return basicOf("anyone", password) }

func basicOf(name, password string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))
}

// legacyApplication shows that an application comes in with its client id and
// secret, at the legacy base alone, with its own rights.
func (c *client) legacyApplication() {
	c.Helper()
	const root = "/CyberArk/scim/v2"
	token := "Authorization: Bearer " + c.token
	a := c.application("connector", func(a *store.Application) { a.Rights = "users:read" })
	phone := c.application("phone", publicApp)
	c.token = ""
	right := basicOf("CONNECTOR@corp.example", appSecret)
	for range 2 {
		c.root("GET", root+"/Users", "", right).is(200)
	}
	c.root("POST", root+"/Users", userBody(`"userName":"Ada"`), right).refused(403, "").mentions("users:write")
	c.root("GET", "/scim/v2/Users", "", right).refused(401, "")
	for _, wrong := range []string{basicOf(a.ClientID, "wrong"), basicOf(a.ClientID, ""), basicOf(a.ID, appSecret), basicOf("", appSecret), basicOf(phone.ClientID, "x")} {
		got := c.root("GET", root+"/Users", "", wrong).refused(401, "")
		if challenge := got.header.Get("WWW-Authenticate"); challenge != `Basic realm="scim"` {
			c.Errorf("challenge %q", challenge)
		}
	}
	c.root("PATCH", "/scim/v2/Users/"+a.UserID, patchBody(replace("active", `false`)), token).is(200)
	c.root("GET", root+"/Users", "", right).refused(401, "")
	// Nothing tells whether there is a client of a name: neither words nor bounds do.
	for _, name := range []string{"connector@corp.example", "nobody@corp.example"} {
		for _, password := range []string{"wrong", "not a token!", "wrong.to.ken"} {
			if line := c.logged(c.root("GET", root+"/Users", "", basicOf(name, password)).refused(401, "").mentions("user name or the password")); (line["token"] == a.ID) != (name == a.ClientID) {
				c.Errorf("%s: %v", name, line)
			}
		}
		status := 0
		for n := 0; n < 12 && status != 429; n++ {
			status = c.root("GET", root+"/Users", "", basicOf(name, "wrong")).status
		}
		if status != 429 {
			c.Errorf("%s: %d after so many wrong secrets", name, status)
		}
	}
	c.root("GET", root+"/Users", "", strings.Replace(token, "Bearer ", "Basic ", 1)).refused(401, "")
	c.root("GET", root+"/Users", "", basicOf("nobody@corp.example", strings.TrimPrefix(token, "Authorization: Bearer "))).is(200)
}

// legacy shows the legacy base: Basic credentials, and names for ids.
func (c *client) legacy() {
	c.Helper()
	const root = "/CyberArk/scim/v2"
	token := c.token
	c.token = ""
	do := func(method, path, body string) *answer {
		c.Helper()
		return c.root(method, root+path, body, basic(token))
	}
	if a := c.root("GET", root+"/Users", "", basic("wrong")).refused(401, ""); a.header.Get("WWW-Authenticate") != `Basic realm="scim"` {
		c.Errorf("challenge %q", a.header.Get("WWW-Authenticate"))
	}
	c.root("GET", root+"/Users", "").refused(401, "")
	c.root("GET", "/scim/v2/Users", "", basic(token)).refused(401, "")

	a := do("POST", "/Users/", userBody(`"userName":"Ada","active":true`)).is(201).has("id", "Ada").has("meta/location", c.site.url+root+"/Users/Ada")
	if got := a.header.Get("Location"); got != a.text("meta/location") {
		c.Errorf("Location %s", got)
	}
	do("GET", "/Users/ada", "").is(200).has("id", "Ada")
	do("PUT", "/Users/Ada", userBody(`"userName":"Ada","active":false`)).is(200).has("id", "Ada").has("active", false)
	do("PATCH", "/Users/Ada", patchBody(`{"op":"replace","path":"title","value":"t"}`)).is(200).has("title", "t")
	do("POST", "/Groups", groupBody("Payroll", "Ada")).is(201).has("id", "Payroll").has("members/0/value", "Ada").
		has("members/0/$ref", c.site.url+root+"/Users/Ada")
	do("GET", "/Users/Ada", "").is(200).has("groups/0/value", "Payroll")
	do("PATCH", "/Groups/Payroll", patchBody(`{"op":"remove","path":"members","value":[{"value":"ada"}]}`)).is(200).lacks("members")
	do("PATCH", "/Groups/Payroll", patchBody(`{"op":"add","path":"members","value":[{"value":"ada"}]}`)).is(200).has("members/0/value", "Ada")
	guid := c.root("GET", "/scim/v2/Users?filter=userName%20eq%20%22Ada%22", "", "Authorization: Bearer "+token).is(200).text("Resources/0/id")
	for _, value := range []string{"Ada", guid} {
		do("PATCH", "/Groups/Payroll", patchBody(`{"op":"remove","path":"members[value eq \"`+value+`\"]"}`)).is(200).lacks("members")
		do("PATCH", "/Groups/Payroll", patchBody(`{"op":"add","path":"members","value":[{"value":"ada"}]}`)).is(200).has("members/0/value", "Ada")
		do("GET", "/Groups?filter=members%5Bvalue%20eq%20%22"+value+"%22%5D", "").is(200).has("totalResults", 1)
		do("GET", "/Groups?filter=members.value%20ne%20%22"+value+"%22%20and%20displayName%20eq%20%22Payroll%22", "").is(200).has("totalResults", 0)
	}
	do("GET", "/Users?filter=id%20eq%20%22Ada%22", "").is(200).has("totalResults", 1).has("Resources/0/id", "Ada")
	do("POST", "/Containers", vaultBody(containerURN, `"name":"Ops"`)).is(201)
	do("POST", "/ContainerPermissions", vaultBody(permissionURN, `"container":{"value":"Ops"},"user":{"value":"Ada"},"rights":[]`)).is(201).
		has("id", "Ops:Ada").has("user/value", "Ada")
	do("GET", "/ContainerPermissions?filter=user.value%20eq%20%22Ada%22", "").is(200).has("totalResults", 1).has("Resources/0/id", "Ops:Ada")
	do("DELETE", "/Groups/Payroll", "").is(204)
	do("DELETE", "/Users/Ada", "").is(204)
	do("GET", "/Users/Ada", "").refused(404, "")
}
