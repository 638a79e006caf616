package server_test

import (
	"fmt"
	"strings"

	"github.com/scimd/scimd/internal/store"
)

// propertyList is a list of properties as keys and values in turn.
func propertyList(pairs ...string) string {
	var list []string
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, fmt.Sprintf(`{"key":%q,"value":%q}`, pairs[i], pairs[i+1]))
	}
	return `"properties":[` + strings.Join(list, ",") + `]`
}

// secrets are the secrets that are stored of an account, as plainSealer seals
// them.
func (c *client) secrets(id string) map[string]string {
	c.Helper()
	out := map[string]string{}
	rt := c.site.tenant.Registry.Type("PrivilegedData")
	err := c.site.store.Do(c.Context(), c.site.tenant.Space, func(tx store.Tx) error {
		rec, err := tx.Get(rt, id)
		if err != nil {
			return err
		}
		sealed, err := tx.Secrets(rec.Seq)
		for name, s := range sealed {
			at := strings.LastIndex(string(s.Data), " ")
			context, plain := string(s.Data[:at]), string(s.Data[at+1:])
			if want := fmt.Sprintf("%d/%s", rec.Seq, name); context != want {
				c.Errorf("sealed for %q, want %q", context, want)
			}
			out[name] = plain
		}
		return err
	})
	if err != nil {
		c.Fatal(err)
	}
	return out
}

func (c *client) keeps(id string, pairs ...string) {
	c.Helper()
	got := c.secrets(id)
	for i := 0; i < len(pairs); i += 2 {
		if got[pairs[i]] != pairs[i+1] {
			c.Errorf("secret %s is %q, want %q", pairs[i], got[pairs[i]], pairs[i+1])
		}
	}
	if len(got) != len(pairs)/2 {
		c.Errorf("%d secrets, want %v", len(got), pairs)
	}
}

func (c *client) patchAccount(id string, ops ...string) *answer {
	c.Helper()
	return c.do("PATCH", "/PrivilegedData/"+id, patchBody(ops...))
}

// accountRows are about accounts (tenant 12).
var accountRows = []row{
	{holds: "tenant 12.3 16 an account is in a safe, with an id of two numbers", show: func(c *client) {
		c.safe("HR-Win")
		a := c.do("POST", "/PrivilegedData", accountBody("hr-WIN", "win01", propertyList("username", "admin", "address", "win01.corp.example", "platformId", "WinDomain"),
			`"remoteMachinesAccess":{"remoteMachines":"a;b","accessRestrictedToRemoteMachines":true}`))
		a.is(201).has("name", "win01").has("type", "password").has("schemas", raw(`["`+accountURN+`","`+propertiesURN+`"]`)).
			has(propertiesURN, raw(`{"safe":"HR-Win",`+propertyList("username", "admin", "address", "win01.corp.example", "platformId", "WinDomain")+
				`,"remoteMachinesAccess":{"remoteMachines":"a;b","accessRestrictedToRemoteMachines":true}}`))
		id := a.text("id")
		var n, m int64
		if _, err := fmt.Sscanf(id, "%d_%d", &n, &m); err != nil || n == m || id != fmt.Sprintf("%d_%d", n, m) {
			c.Errorf("id %q", id)
		}
		second := c.account("HR-Win", "win01")
		if !strings.HasPrefix(second, fmt.Sprintf("%d_", n)) || second == id {
			c.Errorf("ids %s and %s", id, second)
		}
		c.query("/PrivilegedData", "filter", `id eq "`+id+`"`).is(200).has("totalResults", 1)
		c.query("/PrivilegedData", "filter", `name eq "WIN01"`).is(200).has("totalResults", 2)
		c.query("/PrivilegedData", "filter", propertiesURN+`:safe eq "hr-win" and `+propertiesURN+`:properties[key eq "Address" and value eq "WIN01.corp.example"]`).is(200).has("totalResults", 1)
	}},
	{holds: "tenant 12.3 the safe must be there, and stays", show: func(c *client) {
		c.safe("A")
		c.safe("B")
		c.do("POST", "/PrivilegedData", accountBody("None", "x")).refused(400, "invalidValue").mentions("safe", "None")
		c.do("POST", "/PrivilegedData", vaultBody(accountURN, `"name":"x"`)).refused(400, "invalidValue").mentions("safe")
		c.do("POST", "/PrivilegedData", vaultBody(accountURN, `"`+propertiesURN+`":{"safe":"A"}`)).refused(400, "invalidValue").mentions("name")
		id := c.account("A", "x")
		c.do("PUT", "/PrivilegedData/"+id, accountBody("B", "x")).refused(400, "mutability").mentions("safe")
		c.do("PUT", "/PrivilegedData/"+id, accountBody("a", "y")).is(200).has("name", "y").has(propertiesURN+"/safe", "A")
		c.do("PUT", "/PrivilegedData/"+id, vaultBody(accountURN, `"name":"z"`)).is(200).has(propertiesURN+"/safe", "A")
		c.patchAccount(id, `{"op":"replace","path":"`+propertiesURN+`:safe","value":"B"}`).refused(400, "mutability")
		c.patchAccount(id, `{"op":"remove","path":"`+propertiesURN+`:safe"}`).refused(400, "mutability")
		c.patchAccount(id, `{"op":"replace","path":"`+propertiesURN+`:safe","value":"a"}`).is(200).has(propertiesURN+"/safe", "A")
		c.do("GET", "/PrivilegedData/0_0", "").refused(404, "")
	}},
	{holds: "Q-99 tenant 12.3 PATCH merges properties by key, letter case aside, and PUT replaces them", show: func(c *client) {
		c.safe("A")
		id := c.account("A", "x", propertyList("username", "admin", "address", "one", "Port", "22"))
		at := propertiesURN + "/properties"
		list := func(pairs ...string) raw { return raw(strings.TrimPrefix(propertyList(pairs...), `"properties":`)) }
		for _, path := range []string{propertiesURN + ".properties", propertiesURN + ":properties"} {
			for _, op := range []string{"replace", "add"} {
				c.patchAccount(id, `{"op":"`+op+`","path":"`+path+`","value":[{"key":"ADDRESS","value":"two"}]}`).is(200).
					has(at, raw(strings.Replace(string(list("username", "admin", "address", "two", "Port", "22")), `"address"`, `"ADDRESS"`, 1)))
			}
		}
		c.patchAccount(id, `{"op":"replace","path":"`+propertiesURN+`:properties[key eq \"address\"].value","value":"three"}`).is(200)
		c.patchAccount(id, `{"op":"add","path":"`+propertiesURN+`:properties","value":[{"key":"Extra","value":"e"}]}`).is(200).has(at+"/3/value", "e").has(at+"/1/value", "three")
		c.patchAccount(id, `{"op":"remove","path":"`+propertiesURN+`:properties[key eq \"extra\"]"}`).is(200).lacks(at + "/3")
		c.patchAccount(id, `{"op":"remove","path":"`+propertiesURN+`:properties[key eq \"PORT\"].value"}`).is(200).lacks(at + "/2")
		c.patchAccount(id, `{"op":"replace","value":{"`+propertiesURN+`":{"properties":[{"key":"username","value":"root"}]}}}`).is(200).has(at+"/0/value", "root").has(at+"/1/value", "three")
		c.do("PUT", "/PrivilegedData/"+id, accountBody("A", "x", propertyList("address", "four"))).is(200).has(at, list("address", "four"))
	}},
	{holds: "tenant 12.3 RFC7643 2.5 PATCH removes the properties that it names without a value, and no others", show: func(c *client) {
		c.safe("A")
		id := c.account("A", "x", propertyList("username", "admin", "address", "one", "secret", "S1"))
		at := propertiesURN + "/properties"
		list := func(pairs ...string) raw { return raw(strings.TrimPrefix(propertyList(pairs...), `"properties":`)) }
		set := func(value string) *answer {
			return c.patchAccount(id, `{"op":"replace","path":"`+propertiesURN+`:properties","value":`+value+`}`).is(200)
		}
		set(`[{"key":"ADDRESS","value":""}]`).has(at, list("username", "admin"))
		set(`[{"key":"address","value":"two"},{"key":"none","value":null}]`).has(at, list("username", "admin", "address", "two"))
		c.patchAccount(id, `{"op":"replace","value":{"`+propertiesURN+`":{"properties":[{"key":"address","value":null},{"key":"port","value":"22"}]}}}`).is(200).
			has(at, list("username", "admin", "port", "22"))
		c.keeps(id, "secret", "S1")
		set(`[{"key":"secret","value":null}]`).has(at, list("username", "admin", "port", "22"))
		c.keeps(id)
		c.patchAccount(id, `{"op":"remove","path":"`+propertiesURN+`:properties","value":[{"value":"x"}]}`).refused(400, "invalidValue").mentions("key")
		set(`[]`).lacks(at)
	}},
	{holds: "Q-98 every PATCH that removes a secret from an account removes it", show: func(c *client) {
		c.safe("A")
		at := propertiesURN + ":properties"
		for _, x := range []struct {
			op   string
			left []string
		}{
			{`{"op":"remove","path":"` + at + `","value":[{"key":"Secret"}]}`, []string{"password", "P", "sshkey", "K"}},
			{`{"op":"replace","path":"` + at + `[key eq \"secret\"].value","value":null}`, []string{"password", "P", "sshkey", "K"}},
			{`{"op":"replace","path":"` + at + `[key eq \"SECRET\"]","value":null}`, []string{"password", "P", "sshkey", "K"}},
			{`{"op":"remove","path":"` + at + `[key eq \"secret\"].value"}`, []string{"password", "P", "sshkey", "K"}},
			{`{"op":"replace","path":"` + propertiesURN + `:password","value":null}`, []string{"secret", "S", "sshkey", "K"}},
			{`{"op":"replace","value":{"` + propertiesURN + `":{"password":""}}}`, []string{"secret", "S", "sshkey", "K"}},
			{`{"op":"remove","path":"` + at + `[key eq \"secret\" or key eq \"password\"]"}`, []string{"sshkey", "K"}},
			{`{"op":"remove","path":"` + at + `[key co \"secret\"]"}`, []string{"password", "P", "sshkey", "K"}},
			{`{"op":"remove","path":"` + at + `[value eq \"S\"]"}`, []string{"secret", "S", "password", "P", "sshkey", "K"}},
			{`{"op":"remove","path":"` + at + `[key eq \"address\"]"}`, []string{"secret", "S", "password", "P", "sshkey", "K"}},
			{`{"op":"remove","path":"` + at + `"}`, nil},
		} {
			id := c.account("A", "x", propertyList("secret", "S", "address", "a", "SSHKey", "K"), `"password":"P"`)
			c.patchAccount(id, x.op).is(200)
			c.keeps(id, x.left...)
			id = c.account("A", "x", propertyList("secret", "S", "address", "a", "SSHKey", "K"), `"password":"P"`)
			c.patchAccount(id, x.op, `{"op":"add","path":"`+at+`","value":[{"key":"secret","value":"new"}]}`).is(200)
			if got := c.secrets(id)["secret"]; got != "new" {
				c.Errorf("%s and add: %q", x.op, got)
			}
		}
	}},
	{holds: "tenant 12.2 the key of a property stays, so that no secret becomes plain", show: func(c *client) {
		c.safe("A")
		at := propertiesURN + ":properties"
		id := c.account("A", "x", propertyList("secret", "S", "address", "a"))
		for _, op := range []string{
			`{"op":"replace","path":"` + at + `[key eq \"secret\"].key","value":"other"}`,
			`{"op":"replace","path":"` + at + `[key eq \"secret\"]","value":{"key":"plain","value":"S"}}`,
			`{"op":"replace","path":"` + at + `[key eq \"address\"].key","value":"secret"}`,
			`{"op":"remove","path":"` + at + `[key eq \"address\"].key"}`,
		} {
			c.patchAccount(id, op).refused(400, "mutability").mentions("key")
		}
		c.patchAccount(id, `{"op":"replace","path":"`+at+`[key eq \"address\"].key","value":"ADDRESS"}`).is(200)
		c.keeps(id, "secret", "S")
	}},
	{holds: "Q-98 a property is a secret when its key is named like one", show: func(c *client) {
		c.safe("A")
		var list, want []string
		for i, key := range []string{
			"passwords", "secrets", "secretKey", "Secret Key", "passwordText", "secretText", "passwordHash", "private_key_pem", "SSHKeyData", "pass",
			"NewPasswd", "db_pwd", "passcode", "pwdValue", "x-passphrase-2",
		} {
			list = append(list, key, fmt.Sprint("s", i))
			want = append(want, strings.ToLower(key), fmt.Sprint("s", i))
		}
		id := c.do("POST", "/PrivilegedData", accountBody("A", "x", propertyList(append(list, "bypass", "yes", "PasteKey", "k")...))).is(201).
			has(propertiesURN, raw(`{"safe":"A",`+propertyList("bypass", "yes", "PasteKey", "k")+`}`)).text("id")
		c.keeps(id, want...)
	}},
	{holds: "tenant 12.2 a key stands once in an account", show: func(c *client) {
		c.safe("A")
		c.do("POST", "/PrivilegedData", accountBody("A", "x", propertyList("address", "1", "Address", "2"))).refused(400, "invalidValue").mentions("properties", "Address")
		c.do("POST", "/PrivilegedData", accountBody("A", "x", `"properties":[{"value":"1"}]`)).refused(400, "invalidValue").mentions("key")
	}},
	{holds: "Q-98 tenant 12.3 secrets are kept sealed and never shown, told of or searched", show: func(c *client) {
		c.safe("A")
		const plain = "Zx9-Secret"
		id := c.do("POST", "/PrivilegedData", accountBody("A", "x", propertyList("username", "admin", "secret", plain+"1", "Password", plain+"2", "ssh_private_key", plain+"3"),
			`"password":"`+plain+`4"`)).is(201).has(propertiesURN, raw(`{"safe":"A",`+propertyList("username", "admin")+`}`)).text("id")
		c.keeps(id, "secret", plain+"1", "password", plain+"4", "ssh_private_key", plain+"3")
		for _, a := range []*answer{
			c.do("GET", "/PrivilegedData/"+id, ""), c.query("/PrivilegedData", "attributes", propertiesURN+":properties,"+propertiesURN+":password"),
			c.patchAccount(id, `{"op":"add","path":"`+propertiesURN+`:properties","value":[{"key":"secret","value":"`+plain+`5"}]}`),
		} {
			if strings.Contains(string(a.is(200).body), plain) {
				c.Errorf("%s shows a secret: %s", a.request, a.body)
			}
		}
		c.keeps(id, "secret", plain+"5", "password", plain+"4", "ssh_private_key", plain+"3")
		for _, f := range []string{`properties[key eq "secret"]`, `properties.value co "` + plain + `"`, `properties.key eq "secret"`} {
			c.query("/PrivilegedData", "filter", propertiesURN+":"+f).is(200).has("totalResults", 0)
		}
		c.query("/PrivilegedData", "filter", propertiesURN+`:password eq "`+plain+`4"`).refused(400, "invalidFilter")
		c.query("/PrivilegedData", "sortBy", propertiesURN+`:password`)
		c.do("PUT", "/PrivilegedData/"+id, accountBody("A", "x")).is(200)
		c.keeps(id, "secret", plain+"5", "password", plain+"4", "ssh_private_key", plain+"3")
		c.patchAccount(id, `{"op":"remove","path":"`+propertiesURN+`:properties[key eq \"SECRET\"]"}`, `{"op":"remove","path":"`+propertiesURN+`:password"}`).is(200)
		c.keeps(id, "ssh_private_key", plain+"3")
		for _, op := range []string{"add", "replace"} {
			c.patchAccount(id, `{"op":"`+op+`","path":"`+propertiesURN+`:properties[key eq \"secret\"].value","value":"`+plain+op+`"}`).is(200)
			c.keeps(id, "secret", plain+op, "ssh_private_key", plain+"3")
		}
		c.do("POST", "/PrivilegedData", accountBody("A", "x", `"password":{"a":"`+plain+`"}`)).refused(400, "invalidValue").mentions("password", plain)
		if strings.Contains(c.site.log.String(), plain) {
			c.Error("the log tells a secret")
		}
	}},
	{holds: "a secret among unknown attributes that are kept is no less one", set: []string{"unknownAttributes=keep"}, show: func(c *client) {
		c.safe("A")
		id := c.do("POST", "/PrivilegedData", vaultBody(accountURN, `"name":"x","secret":"one","color":"red","`+propertiesURN+`":{"safe":"A","newPassword":"two","folder":"Root"}`)).is(201).
			has("color", "red").lacks("secret").has(propertiesURN, raw(`{"safe":"A","folder":"Root"}`)).text("id")
		c.keeps(id, "secret", "one", "newpassword", "two")
		c.patchAccount(id, `{"op":"add","value":{"secret":"three"}}`).is(200).lacks("secret")
		c.keeps(id, "secret", "three", "newpassword", "two")
		c.patchAccount(id, `{"op":"replace","value":{"secret":null}}`).is(200)
		c.keeps(id, "newpassword", "two")
	}},
	{holds: "a value beside the properties is a secret too, and so is one that another member calls so", set: []string{"unknownAttributes=keep"}, show: func(c *client) {
		c.safe("A")
		id := c.do("POST", "/PrivilegedData", vaultBody(accountURN, `"name":"x","Value":"Zx9-1","`+propertiesURN+`":{"safe":"A","value":"Zx9-2",`+propertyList("address", "a")+
			`,"more":[{"key":"Password","value":"Zx9-3"},{"name":"apiKey","Value":"Zx9-3"},{"key":"port","value":"22"}]}`)).is(201).lacks("Value").
			has(propertiesURN, raw(`{"safe":"A",`+propertyList("address", "a")+`,"more":[{"key":"Password"},{"name":"apiKey"},{"key":"port","value":"22"}]}`)).text("id")
		c.keeps(id, "value", "Zx9-2")
		if got := string(c.do("GET", "/PrivilegedData/"+id, "").is(200).body); strings.Contains(got, "Zx9") {
			c.Error(got)
		}
		c.patchAccount(id, `{"op":"add","path":"`+propertiesURN+`:properties","value":[{"key":"user","value":"u"}]}`).is(200)
		c.keeps(id, "value", "Zx9-2")
		c.patchAccount(id, `{"op":"replace","value":{"`+propertiesURN+`":{"value":"Zx9-4"}}}`).is(200)
		c.keeps(id, "value", "Zx9-4")
	}},
	{holds: "no secret is shown at any depth of what is kept", set: []string{"unknownAttributes=keep"}, show: func(c *client) {
		c.safe("A")
		a := c.do("POST", "/PrivilegedData", vaultBody(accountURN, `"name":"x","cred":{"secret":"Zx9","more":[{"apiPassword":"Zx9"},{"a":{"pwd":"Zx9","b":1}}]},"`+propertiesURN+
			`":{"safe":"A","properties":[{"key":"x","value":"y","secret":"Zx9"}],"remoteMachinesAccess":{"accessRestrictedToRemoteMachines":true,"secret":"Zx9"}}`)).is(201).
			has("cred", raw(`{"more":[{"a":{"b":1}}]}`)).has(propertiesURN+"/properties", raw(`[{"key":"x","value":"y"}]`)).
			has(propertiesURN+"/remoteMachinesAccess", raw(`{"accessRestrictedToRemoteMachines":true}`))
		id := a.text("id")
		c.patchAccount(id, `{"op":"add","path":"`+propertiesURN+`:properties[key eq \"x\"]","value":{"secret":"Zx9","note":"n"}}`,
			`{"op":"add","value":{"cred":{"secret":"Zx9"}}}`).is(200).has(propertiesURN+"/properties", raw(`[{"key":"x","value":"y","note":"n"}]`)).lacks("cred")
		if got := string(c.do("GET", "/PrivilegedData/"+id, "").is(200).body); strings.Contains(got, "Zx9") {
			c.Error(got)
		}
	}},
	{holds: "tenant 12.2 remoteMachinesAccess says whether it restricts", show: func(c *client) {
		c.safe("A")
		c.do("POST", "/PrivilegedData", accountBody("A", "x", `"remoteMachinesAccess":{"remoteMachines":"a"}`)).refused(400, "invalidValue").mentions("accessRestrictedToRemoteMachines")
	}},
}

// accountPermissionRows are about permissions on accounts (tenant 13).
var accountPermissionRows = []row{
	{holds: "Q-96 tenant 13 permissions on accounts are made, read, changed and deleted", show: func(c *client) {
		user, group := c.user(ada), c.group("Payroll")
		c.safe("A")
		one, two := c.account("A", "one"), c.account("A", "two")
		id := c.grantAccount(`"privilegedData":{"value":"`+two+`"},"user":{"display":"ada"},"rights":["Retrieve"]`).is(201).
			has("privilegedData/value", two).has("privilegedData/name", "two").has("privilegedData/display", "two").
			has("user/value", user).has("rights", raw(`["RetrieveAccounts"]`)).has("schemas", raw(`["`+accountPermissionURN+`"]`)).text("id")
		c.grantAccount(`"privilegedData":{"name":"one"},"user":{"value":"` + user + `"},"rights":[]`).is(201)
		c.grantAccount(`"privilegedData":{"value":"` + two + `"},"group":{"value":"` + group + `"},"rights":[]`).is(201)
		c.grantAccount(`"privilegedData":{"display":"one"},"group":{"display":"Payroll"},"rights":[]`).is(201)
		c.grantAccount(`"privilegedData":{"value":"`+two+`"},"user":{"value":"`+user+`"},"rights":[]`).refused(409, "uniqueness")
		c.grantAccount(`"privilegedData":{"value":"`+two+`"},"rights":[]`).refused(400, "invalidValue")
		if got := c.query("/PrivilegedDataPermissions").is(200).each("Resources", "privilegedData/value"); strings.Join(got, " ") != one+" "+one+" "+two+" "+two {
			c.Errorf("order %v", got)
		}
		c.query("/PrivilegedDataPermissions", "filter", `privilegedData.value eq "`+two+`" and user.value eq "`+user+`"`).is(200).
			has("totalResults", 1).has("Resources/0/id", id)
		c.do("PUT", "/PrivilegedDataPermissions/"+id, vaultBody(accountPermissionURN, `"rights":["listAccounts"]`)).is(200).has("rights", raw(`["ListAccounts"]`))
		c.do("PATCH", "/PrivilegedDataPermissions/"+id, patchBody(`{"op":"replace","path":"privilegedData","value":{"value":"`+one+`"}}`)).refused(400, "mutability")
		c.do("DELETE", "/PrivilegedDataPermissions/"+id, "").is(204)
		c.do("GET", "/PrivilegedDataPermissions/"+id, "").refused(404, "")
		c.do("DELETE", "/PrivilegedData/"+one, "").is(204)
		c.query("/PrivilegedDataPermissions").is(200).has("totalResults", 1)
	}},
}
