package server_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/scimd/scimd/internal/store"
)

// The URNs of the vault.
const (
	containerURN         = "urn:ietf:params:scim:schemas:pam:1.0:Container"
	permissionURN        = "urn:ietf:params:scim:schemas:pam:1.0:ContainerPermission"
	accountURN           = "urn:ietf:params:scim:schemas:pam:1.0:PrivilegedData"
	accountPermissionURN = "urn:ietf:params:scim:schemas:pam:1.0:PrivilegedDataPermission"
	safeURN              = "urn:ietf:params:scim:schemas:cyberark:1.0:Safe"
	safeMemberURN        = "urn:ietf:params:scim:schemas:cyberark:1.0:SafeMember"
	vaultUserURN         = "urn:ietf:params:scim:schemas:cyberark:1.0:User"
	vaultGroupURN        = "urn:ietf:params:scim:schemas:cyberark:1.0:Group"
	propertiesURN        = "urn:ietf:params:scim:schemas:cyberark:1.0:PrivilegedData"
)

func vaultBody(urn, members string) string {
	return `{"schemas":["` + urn + `"],` + members + `}`
}

// safe creates a container.
func (c *client) safe(name string) string {
	c.Helper()
	return c.do("POST", "/Containers", vaultBody(containerURN, `"name":"`+name+`"`)).is(201).text("id")
}

// grant creates a permission; members name who is granted what on what.
func (c *client) grant(members string) *answer {
	c.Helper()
	return c.do("POST", "/ContainerPermissions", vaultBody(permissionURN, members))
}

// account creates privileged data in a safe, with more members of its extension.
func (c *client) account(safe, name string, more ...string) string {
	c.Helper()
	return c.do("POST", "/PrivilegedData", accountBody(safe, name, more...)).is(201).text("id")
}

func accountBody(safe, name string, more ...string) string {
	extension := strings.Join(append([]string{`"safe":"` + safe + `"`}, more...), ",")
	return vaultBody(accountURN, fmt.Sprintf(`"name":%q,"type":"password","%s":{%s}`, name, propertiesURN, extension))
}

// grantAccount creates a permission on privileged data.
func (c *client) grantAccount(members string) *answer {
	c.Helper()
	return c.do("POST", "/PrivilegedDataPermissions", vaultBody(accountPermissionURN, members))
}

// as gives a client whose token stands for a user.
func (c *client) as(user string) *client {
	c.Helper()
	return c.withToken(store.Token{Rights: "all", Principal: store.Principal{Kind: "user", ID: user}})
}

// vaultRows are about what the types of the vault have in common.
var vaultRows = []row{
	{holds: "Q-100 endpoints of the vault are taken in any letter case, with and without a slash at the end", on: cyberark, show: func(c *client) {
		c.safe("Ops")
		for _, path := range []string{
			"/containers", "/Containers/", "/CONTAINERS/?count=1", "/containerpermissions", "/ContainerPermissions/", "/privilegeddata", "/PrivilegedData/",
			"/privilegedDataPERMISSIONS/?startIndex=1", "/containers/Ops", "/containers/Ops/",
		} {
			c.do("GET", path, "").is(200)
			c.root("GET", "/scim"+path, "").is(200)
		}
		c.do("POST", "/containers/.search", `{"filter":"name eq \"ops\""}`).is(200).has("totalResults", 1)
	}},
	{holds: "Q-67 a resource of the vault that was read can be sent back in a PATCH without a path", show: func(c *client) {
		user := c.user(ada)
		c.as(user).safe("Ops")
		id := c.grant(`"container":{"value":"Ops"},"user":{"value":"` + c.user(`"userName":"Grace"`) + `"},"rights":["ListAccounts"]`).is(201).text("id")
		account := c.account("Ops", "x", propertyList("address", "a"))
		onAccount := c.grantAccount(`"privilegedData":{"value":"` + account + `"},"user":{"value":"` + user + `"},"rights":[]`).is(201).text("id")
		for _, path := range []string{"/Containers/Ops", "/ContainerPermissions/" + id, "/PrivilegedData/" + account, "/PrivilegedDataPermissions/" + onAccount} {
			read := c.do("GET", path, "").is(200)
			for _, op := range []string{"add", "replace"} {
				c.do("PATCH", path, patchBody(`{"op":"`+op+`","value":`+string(read.body)+`}`)).is(200)
			}
			if again := c.do("GET", path, "").is(200); !bytes.Equal(read.body, again.body) {
				c.Errorf("%s, and before it was %s", again.body, read.body)
			}
		}
		c.do("PATCH", "/Containers/Ops", patchBody(`{"op":"replace","value":{"owner":{"value":"`+user+`","display":"as she was called"}}}`)).is(200)
		for _, owner := range []string{`{"value":"other"}`, `null`, `"other"`, `{"value":null}`} {
			c.do("PATCH", "/Containers/Ops", patchBody(`{"op":"replace","value":{"owner":`+owner+`}}`)).refused(400, "mutability").mentions("owner")
		}
	}},
	{holds: "Q-67 the own id in a PATCH may be spelled otherwise than in the path", on: cyberark, show: func(c *client) {
		user := c.user(ada)
		c.safe("HR-Win")
		shown := c.grant(`"container":{"value":"HR-Win"},"user":{"value":"` + user + `"},"rights":[]`).is(201).text("id")
		for path, id := range map[string]string{
			"/ContainerPermissions/HR-Win:" + user: shown, "/ContainerPermissions/" + shown: "HR-Win:" + user,
			"/Users/" + strings.ToUpper(user): user, "/Containers/hr-win": "HR-Win",
		} {
			c.do("PATCH", path, patchBody(`{"op":"replace","value":{"id":"`+id+`"}}`)).is(200)
			c.do("PATCH", path, patchBody(`{"op":"replace","value":{"id":"x`+id+`"}}`)).refused(400, "mutability").mentions("id")
		}
	}},
	{holds: "R7644-3.5.2.2-08 what a permission is not for can be taken from it, what it is for stays", show: func(c *client) {
		user, group := c.user(ada), c.group("Payroll")
		c.safe("Ops")
		id := c.grant(`"container":{"value":"Ops"},"user":{"value":"` + user + `"},"rights":[]`).is(201).text("id")
		patch := func(op string) *answer { return c.do("PATCH", "/ContainerPermissions/"+id, patchBody(op)) }
		for _, op := range []string{
			`{"op":"replace","value":{"group":null,"rights":["ListAccounts"]}}`, `{"op":"add","value":{"group":null}}`, `{"op":"remove","path":"group"}`,
			`{"op":"remove","path":"group.value"}`, `{"op":"replace","path":"group","value":null}`, `{"op":"remove","path":"group[value eq \"x\"]"}`,
			`{"op":"replace","path":"user[value eq \"` + user + `\"].value","value":"` + user + `"}`,
			`{"op":"remove","path":"user[value eq \"` + group + `\"]"}`,
		} {
			patch(op).is(200).has("user/value", user).has("rights", raw(`["ListAccounts"]`)).lacks("group")
		}
		for _, op := range []string{
			`{"op":"remove","path":"user"}`, `{"op":"replace","path":"user","value":null}`, `{"op":"remove","path":"user.value"}`, `{"op":"replace","value":{"user":null}}`,
			`{"op":"remove","path":"user[value eq \"` + user + `\"]"}`, `{"op":"replace","path":"user[value eq \"` + user + `\"].value","value":"x"}`,
			`{"op":"replace","value":{"group":{"value":"` + group + `"}}}`, `{"op":"remove","path":"container"}`,
		} {
			patch(op).refused(400, "mutability")
		}
		patch(`{"op":"replace","path":"user[value eq \"x\"].value","value":"`+user+`"}`).refused(400, "noTarget")
	}},
	{holds: "rights are spelled as the profile says wherever else the word stands", set: []string{"rightsCase=camel", "unknownAttributes=keep"}, show: func(c *client) {
		user := c.user(ada)
		c.safe("Ops")
		id := c.grant(`"container":{"value":"Ops"},"user":{"value":"` + user + `"},"rights":[]`).is(201).text("id")
		c.do("PUT", "/ContainerPermissions/"+id, vaultBody(permissionURN, `"aaa":{"rights":["KeptX"]},"rights":["BackupSafe"]`)).is(200).
			has("aaa", raw(`{"rights":["KeptX"]}`)).has("rights", raw(`["backupSafe"]`))
	}},
	{holds: "tokens need the rights of the vault", show: func(c *client) {
		c.safe("Ops")
		for _, path := range []string{"/Containers", "/ContainerPermissions", "/PrivilegedData", "/PrivilegedDataPermissions"} {
			c.withRights("vault:read").do("GET", path, "").is(200)
			c.withRights("users:read,groups:read,vault:write").do("GET", path, "").refused(403, "")
			c.withRights("vault:read").do("POST", path, `{}`).refused(403, "")
		}
	}},
	{holds: "tenant 19.23 empty lists of the vault have no Resources", on: cyberark, show: func(c *client) {
		for _, path := range []string{"/Containers", "/ContainerPermissions", "/PrivilegedData", "/PrivilegedDataPermissions"} {
			c.do("GET", path, "").is(200).has("totalResults", 0).lacks("Resources")
		}
	}},
	{holds: "R7644-3.4.2.4-01 lists of the vault page, project and sort as those of users", show: func(c *client) {
		for _, name := range []string{"b", "C", "a"} {
			c.safe(name)
		}
		c.query("/Containers", "sortBy", "name", "attributes", "name").is(200).has("totalResults", 3).
			has("Resources/0/name", "a").has("Resources/2/name", "C").lacks("Resources/0/displayName")
		c.query("/Containers", "sortBy", "displayName", "sortOrder", "descending", "startIndex", "2", "count", "1").is(200).
			has("totalResults", 3).has("itemsPerPage", 1).has("Resources/0/name", "b")
		c.query("/Containers", "excludedAttributes", "displayName,"+safeURN).is(200).lacks("Resources/0/displayName", "Resources/0/"+safeURN)
	}},
	{holds: "tenant 5.2 5.3 the types and schemas of the vault are advertised in their order", on: cyberark, show: func(c *client) {
		types := c.do("GET", "/ResourceTypes", "").is(200).has("totalResults", 8)
		got := types.each("Resources", "name")
		want := []string{"Container", "ContainerPermission", "PrivilegedData", "PrivilegedDataPermission", "User", "Group"}
		if strings.Join(got[:6], " ") != strings.Join(want, " ") {
			c.Errorf("types %v", got)
		}
		urns := c.do("GET", "/Schemas", "").is(200).each("Resources", "id")
		wantURNs := []string{containerURN, safeURN, permissionURN, safeMemberURN, accountURN, propertiesURN, userURN, enterpriseURN, customURN, linkedURN, groupURN, accountPermissionURN}
		if strings.Join(urns[:12], " ") != strings.Join(wantURNs, " ") {
			c.Errorf("schemas %v", urns)
		}
		c.do("GET", "/Schemas/Container", "").is(200).has("id", containerURN)
	}},
}

// safes makes n safes.
func (c *client) safes(n int) *client {
	c.Helper()
	for i := range n {
		c.safe(fmt.Sprintf("Safe-%d", i))
	}
	return c
}

// admitted checks whether a user can become a member of a safe.
func (c *client) admitted(user string, may bool) {
	c.Helper()
	a := c.grant(`"container":{"value":"` + c.safe("Safe-"+uuid.NewString()[:8]) + `"},"user":{"value":"` + user + `"},"rights":[]`)
	switch {
	case may:
		a.is(201)
	case c.site.tenant.Profile.UnknownMember == "notFound":
		a.refused(404, "").has("detail", "Member not found. Member value: "+user)
	default:
		a.refused(400, "invalidValue")
	}
}

// vaultAdvertised checks whether discovery tells of the vault's extensions of
// users and groups.
func (c *client) vaultAdvertised(is bool) {
	c.Helper()
	for typ, urn := range map[string]string{"User": vaultUserURN, "Group": vaultGroupURN} {
		if got := slices.Contains(c.do("GET", "/ResourceTypes/"+typ, "").is(200).each("schemaExtensions", "schema"), urn); got != is {
			c.Errorf("%s of %s: %v", urn, typ, got)
		}
		if status := c.do("GET", "/Schemas/"+urn, "").status; (status == 200) != is {
			c.Errorf("the schema %s: %d", urn, status)
		}
	}
}

// expiring makes three permissions on a safe: without end, with one to come, and
// one that has ended, whose id it gives.
func (c *client) expiring() (ended string) {
	c.Helper()
	c.safe("Ops")
	now := c.site.tenant.Now().Unix()
	for i, at := range []int64{0, now + 3600, now - 1} {
		user := c.user(fmt.Sprintf(`"userName":"u%d"`, i))
		ended = c.grant(fmt.Sprintf(`"container":{"value":"Ops"},"user":{"value":%q},"rights":[],"%s":{"membershipExpirationDate":%d}`,
			user, safeMemberURN, at)).is(201).text("id")
	}
	return ended
}

// permissionIDs checks that a permission is shown with an id, and found by it and
// by others.
func (c *client) permissionIDs(shown string, others ...string) {
	c.Helper()
	for _, id := range append(others, shown) {
		c.do("GET", "/ContainerPermissions/"+id, "").is(200).has("id", shown)
	}
}
