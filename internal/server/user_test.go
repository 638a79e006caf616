package server_test

import (
	"context"
	"strings"
	"sync"

	"github.com/scimd/scimd/internal/server"
	"github.com/scimd/scimd/internal/store"
)

// manager is the enterprise manager of a user as JSON members.
func manager(value string) string { return `"` + enterpriseURN + `":{"manager":` + value + `}` }

const managerPath = enterpriseURN + "/manager"

// userRows are about the schema of users, RFC 7643 §4.1 and §4.3.
var userRows = []row{
	{holds: "R7643-4.1.1-01 R7644-3.3-07 R7644-3.3-12 userName is required and a failed create leaves nothing", show: func(c *client) {
		for _, members := range []string{`"title":"t"`, `"userName":null`, `"userName":""`, `"userName":"  "`} {
			c.do("POST", "/Users", userBody(members)).refused(400, "invalidValue").mentions("userName")
		}
		c.listed(nil).has("totalResults", 0)
	}},
	{holds: "R7643-4.1.1-02 R7644-3.3-05 R7644-3.12-08 Q-33 Q-146 Q-159 userName is unique without letter case", show: func(c *client) {
		c.user(`"userName":"bj@Example"`)
		for _, name := range []string{"bj@Example", "BJ@example", "ｂｊ@example"} {
			c.do("POST", "/Users", userBody(`"userName":"`+name+`"`)).refused(409, "uniqueness").mentions("userName", name)
		}
		c.listed(nil, "bj@Example")
	}},
	{holds: "R7643-4.1.1-03 R7644-5-02 the spelling of userName is kept", show: func(c *client) {
		c.get(c.user(`"userName":"Bram@X"`)).has("userName", "Bram@X")
	}},
	{holds: "R7643-4.1.1-04 name.formatted is stored as sent and never made up", on: rfc7644, show: func(c *client) {
		id := c.user(ada + `,"name":{"givenName":"Ada","familyName":"Byron"}`)
		c.get(id).lacks("name/formatted")
		c.patch(id, `{"op":"replace","path":"name.formatted","value":"A. B."}`).is(200).has("name/formatted", "A. B.").has("name/familyName", "Byron")
	}},
	{holds: "R7643-4.1.1-05 R7643-7-07 R7643-7-09 R7644-3.4.2.2-37 rule-22 Q-66 password is taken and never shown", show: func(c *client) {
		const secret = "c0rrect-horse"
		id := c.do("POST", "/Users", userBody(ada+`,"password":"`+secret+`"`)).is(201).lacks("password").text("id")
		for _, a := range []*answer{
			c.put(id, ada+`,"password":"`+secret+`"`).is(200),
			c.patch(id, `{"op":"replace","value":{"password":"`+secret+`"}}`).is(200),
			c.patch(id, `{"op":"replace","path":"password","value":"`+secret+`"}`).is(200),
			c.do("GET", "/Users/"+id+"?attributes=password,userName", "").is(200),
			c.query("/Users", "attributes", "password").is(200),
			c.do("POST", "/Users/.search", searchBody(`"attributes":["password"]`)).is(200),
		} {
			if strings.Contains(string(a.body), secret) {
				c.Errorf("%s shows the password", a.body)
			}
		}
		if strings.Contains(c.site.log.String(), secret) {
			c.Error("the log has the password")
		}
	}},
	{holds: "R7643-4.1.1-06 R7643-9.2-01 R7644-3.5.1-09 passwords are kept as salted hashes and survive a PUT", on: rfc7644, set: []string{"passwords=hash"}, show: func(c *client) {
		const secret = "c0rrect-horse"
		spy := &passwordSpy{Store: c.site.store}
		c = c.serve(func(cfg *server.Config) { cfg.Service = newService(spy) })
		id := c.user(ada + `,"password":"` + secret + `"`)
		c.put(id, ada+`,"title":"t"`).is(200)
		c.patch(id, `{"op":"add","path":"title","value":"u"}`).is(200)
		c.patch(id, `{"op":"replace","path":"password","value":"`+secret+`"}`).is(200)
		if len(spy.hashes) != 2 || spy.hashes[0] == spy.hashes[1] {
			c.Fatalf("%d hashes, want 2 that differ by their salt", len(spy.hashes))
		}
		for _, h := range spy.hashes {
			if !strings.HasPrefix(h, "$argon2id$") || strings.Contains(h, secret) {
				c.Errorf("hash %s", h)
			}
		}
	}},
	{holds: "R7643-4.1.1-07 R7644-3.12-03 a password can be neither filtered nor sorted by", show: func(c *client) {
		c.user(ada + `,"password":"p"`)
		c.unfit(`password eq "p"`, `password sw "p"`, `password pr`, `not (password pr)`, userURN+`:password eq "p"`)
		c.user(`"userName":"bob","password":"a"`)
		if c.site.tenant.Profile.UnknownSortBy == "reject" {
			c.query("/Users", "sortBy", "password").refused(400, "invalidPath")
		} else {
			c.listed([]string{"sortBy", "password"}, "ada", "bob")
		}
	}},
	{holds: "R7643-4.1.1-08 a refused password is not repeated", show: func(c *client) {
		long := strings.Repeat("s3cret", 200)
		c.do("POST", "/Users", userBody(ada+`,"password":"`+long+`"`)).refused(400, "invalidValue").mentions("password", "s3cret")
		c.do("POST", "/Users", userBody(ada+`,"password":{"value":"s3cret"}`)).refused(400, "invalidValue").mentions("password", "s3cret")
	}},
	{holds: "R7643-4.1.1-09 rule-09 Q-05 Q-09 an inactive user stays readable and is found", show: func(c *client) {
		id := c.user(ada + `,"active":true`)
		c.patch(id, `{"op":"replace","path":"active","value":false}`).is(200).has("active", false)
		c.get(id).has("active", false)
		c.found(`userName eq "ada"`, "ada")
		c.found(`active eq false`, "ada")
		c.found(`active eq true`)
	}},
	{holds: "R7643-4.1.1-10 R7643-4.1.2-04 locale, language, zone and country are kept as text", show: func(c *client) {
		c.get(c.user(ada+`,"locale":"en_US","preferredLanguage":"en-US,de;q=0.5","timezone":"Europe/Berlin","addresses":[{"country":"USA","type":"work"}]`)).
			has("locale", "en_US").has("preferredLanguage", "en-US,de;q=0.5").has("timezone", "Europe/Berlin").has("addresses/0/country", "USA")
	}},
	{holds: "R7643-4.1.1-12 a minimal user has nothing invented", on: rfc7644, show: func(c *client) {
		c.get(c.user(ada)).only("", "schemas", "id", "userName", "meta")
	}},
	{holds: "R7643-4.1.2-02 Q-138 phone numbers are not rewritten", show: func(c *client) {
		c.get(c.user(ada+`,"phoneNumbers":[{"value":"tel:+1-201-555-0123"},{"value":"+1 201","type":"mobile"},{"value":"55555555555"}]`)).
			has("phoneNumbers/0/value", "tel:+1-201-555-0123").has("phoneNumbers/1/value", "+1 201").has("phoneNumbers/2/value", "55555555555")
	}},
	{holds: "R7643-4.1.2-03 Q-30 ims, photos, entitlements and roles have value, display, type and primary", show: func(c *client) {
		for _, name := range []string{"ims", "photos", "entitlements", "roles"} {
			c.get(c.user(`"userName":"`+name+`","`+name+`":[{"value":"{\"id\":1}","display":"d","type":"t","primary":true}]`)).
				has(name, raw(`[{"value":"{\"id\":1}","display":"d","type":"t","primary":true}]`))
		}
	}},
	{holds: "R7643-4.1.2-03 text for a role is refused", on: rfc7644, show: func(c *client) {
		c.do("POST", "/Users", userBody(ada+`,"roles":["admin"]`)).refused(400, "invalidValue").mentions("roles")
	}},
	{holds: "R7643-4.1.2-07 R7643-7-05 Q-62 groups is read-only", show: func(c *client) {
		id := c.user(ada + `,"groups":[{"value":"g"}]`)
		c.put(id, ada+`,"groups":[{"value":"g"}]`).is(200).lacks("groups")
		for _, op := range []string{
			`{"op":"add","path":"groups","value":[{"value":"g"}]}`, `{"op":"remove","path":"groups"}`,
			`{"op":"replace","path":"groups.value","value":"g"}`, `{"op":"remove","path":"groups[value eq \"g\"]"}`,
		} {
			c.patch(id, op).refused(400, "mutability").mentions("groups")
		}
	}},
	{holds: "R7643-4.3-01 R7643-4.3-02 enterprise attributes are texts under their URN", show: func(c *client) {
		all := `{"employeeNumber":"1","costCenter":"2","organization":"3","division":"4","department":"5"}`
		c.get(c.user(ada+`,"`+enterpriseURN+`":`+all)).has(enterpriseURN, raw(all)).has("schemas", raw(`["`+userURN+`","`+enterpriseURN+`"]`))
		c.do("POST", "/Users", userBody(`"userName":"b","`+enterpriseURN+`":{"employeeNumber":5}`)).refused(400, "invalidValue").mentions("employeeNumber")
		c.do("POST", "/Users", userBody(`"userName":"b","`+enterpriseURN+`":"x"`)).refused(400, "invalidValue")
	}},
	{holds: "R7643-4.3-03 R7643-4.3-04 the manager's reference and name follow from the manager", show: func(c *client) {
		boss := c.user(`"userName":"boss","displayName":"Boss"`)
		id := c.user(ada + `,` + manager(`{"value":"`+boss+`","displayName":"mine","$ref":"x"}`))
		want := raw(`{"value":"` + boss + `","$ref":"` + c.site.url + `/Scim/v2/Users/` + boss + `","displayName":"Boss"}`)
		c.get(id).has(managerPath, want)
		c.query("/Users", "filter", `userName eq "ada"`).has("Resources/0/"+managerPath, want)
		c.patch(id, `{"op":"replace","path":"`+enterpriseURN+`:manager.displayName","value":"x"}`).refused(400, "mutability")
		c.patch(boss, `{"op":"replace","path":"displayName","value":"Chief"}`).is(200)
		c.get(id).has(managerPath+"/displayName", "Chief")
		c.found(enterpriseURN+`:manager.displayName eq "chief"`, "ada")
		c.do("DELETE", "/Users/"+boss, "").is(204)
		c.get(id).lacks(managerPath+"/$ref", managerPath+"/displayName")
	}},
	{holds: "R7643-4.3-05 R7643-2.3.7-03 an unknown manager is kept without a reference", show: func(c *client) {
		c.get(c.user(ada+`,`+manager(`{"value":"nobody"}`))).has(managerPath, raw(`{"value":"nobody"}`))
	}},
	{holds: "R7643-4.3-01 custom attributes are any scalars and filterable", show: func(c *client) {
		id := c.user(ada + `,"` + customURN + `":{"badge":"B-7","Level":3,"vip":true}`)
		c.get(id).has(customURN, raw(`{"badge":"B-7","Level":3,"vip":true}`)).has("schemas", raw(`["`+userURN+`","`+customURN+`"]`))
		c.found(customURN+`:badge eq "b-7"`, "ada")
		c.found(customURN+`:LEVEL gt 2.5`, "ada")
		c.found(customURN+`:vip eq true`, "ada")
		c.found(customURN + `:vip eq false`)
		c.patch(id, `{"op":"replace","path":"`+customURN+`:badge","value":"C"}`, `{"op":"remove","path":"`+customURN+`:vip"}`).is(200).
			has(customURN, raw(`{"badge":"C","Level":3}`))
		c.do("POST", "/Users", userBody(`"userName":"b","`+customURN+`":{"x":{"y":1}}`)).refused(400, "invalidValue")
	}},
	{holds: "R7643-7-05 R7644-3.5.1-04 tenant-8.4 a LinkedObject that is there can be neither changed nor lost", show: func(c *client) {
		linked := raw(`{"source":"FDS","nativeIdentifier":"/a/b"}`)
		id := c.seed(`{"userName":"ada","title":"t","schemas":["` + userURN + `","` + linkedURN + `"],"` + linkedURN + `":` + string(linked) + `}`)[0]
		both := raw(`["` + userURN + `","` + linkedURN + `"]`)
		c.get(id).has(linkedURN, linked).has("schemas", both)
		c.put(id, ada).is(200).has(linkedURN, linked).has("schemas", both).lacks("title")
		c.put(id, ada+`,"`+linkedURN+`":{"source":"AD"}`).is(200).has(linkedURN, linked)
		for _, op := range []string{remove(linkedURN), remove(linkedURN + ":source"), replace(linkedURN+":source", `"AD"`)} {
			c.patch(id, op).refused(400, "mutability")
		}
		c.found(linkedURN+`:source eq "fds"`, "ada")
	}},
	{holds: "Q-103 LinkedObject in a create is taken or ignored, never refused", show: func(c *client) {
		c.do("POST", "/Users", withSchemas(ada+`,"`+linkedURN+`":{"source":"AD","nativeIdentifier":"x"}`, userURN, linkedURN)).is(201)
	}},
}

// passwordsKept creates a user with a password and checks how many are stored.
func (c *client) passwordsKept(n int) {
	c.Helper()
	spy := &passwordSpy{Store: c.site.store}
	c.serve(func(cfg *server.Config) { cfg.Service = newService(spy) }).user(ada + `,"password":"p"`)
	if len(spy.hashes) != n {
		c.Errorf("%d passwords are kept, want %d", len(spy.hashes), n)
	}
}

// passwordSpy is a store that shows what is kept of passwords.
type passwordSpy struct {
	store.Store
	mu     sync.Mutex
	hashes []string
}

func (s *passwordSpy) Do(ctx context.Context, space int64, fn func(store.Tx) error) error {
	return s.Store.Do(ctx, space, func(tx store.Tx) error { return fn(spiedTx{tx, s}) })
}

type spiedTx struct {
	store.Tx
	spy *passwordSpy
}

func (t spiedTx) SetPassword(seq int64, hash []byte) error {
	t.spy.mu.Lock()
	defer t.spy.mu.Unlock()
	t.spy.hashes = append(t.spy.hashes, string(hash))
	return t.Tx.SetPassword(seq, hash)
}
