package server_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/store"
)

// group creates a group with members and gives its id.
func (c *client) group(name string, members ...string) string {
	c.Helper()
	return c.do("POST", "/Groups", groupBody(name, members...)).is(201).text("id")
}

func groupBody(name string, members ...string) string {
	return `{"schemas":["` + groupURN + `"],"displayName":"` + name + `","members":` + memberList(members...) + `}`
}

// memberList is a list of members that are named by their ids alone.
func memberList(ids ...string) string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = `{"value":"` + id + `"}`
	}
	return "[" + strings.Join(list, ",") + "]"
}

// seedGroup stores a group with an id of its own, as built-in roles have.
func (c *client) seedGroup(id, name string) string {
	c.Helper()
	rt, now := c.site.tenant.Registry.Type("Group"), c.site.tenant.Now().UTC()
	m, err := resource.Decode([]byte(`{"displayName":"` + name + `","schemas":["` + groupURN + `"]}`))
	if err != nil {
		c.Fatal(err)
	}
	r := &store.Resource{Type: rt, ID: id, Version: 1, Created: now, Modified: now, Body: m}
	r.Doc, r.Cut = resource.Encode(m)
	if err := c.site.store.Do(c.Context(), c.site.tenant.Space, func(tx store.Tx) error { return tx.Insert(r) }); err != nil {
		c.Fatal(err)
	}
	return id
}

func (c *client) patchGroup(id string, ops ...string) *answer {
	c.Helper()
	return c.do("PATCH", "/Groups/"+id, patchBody(ops...))
}

// holds checks the members of a group, in any order.
func (c *client) holds(group string, members ...string) {
	c.Helper()
	got := c.do("GET", "/Groups/"+group, "").is(200).each("members", "value")
	slices.Sort(got)
	slices.Sort(members)
	if !slices.Equal(got, members) {
		c.Errorf("the group has the members %v, want %v", got, members)
	}
}

// groupRows are about groups over HTTP, RFC 7643 §4.2; every form of a change of
// members is in the tests of internal/scim.
var groupRows = []row{
	{holds: "selectors that search a group have a bound, and nothing of such a request is done", on: cyberark, show: func(c *client) {
		bodies := make([]string, 250)
		for i := range bodies {
			bodies[i] = fmt.Sprintf(`{"userName":"many%d","schemas":["`+userURN+`"]}`, i)
		}
		g := c.group("many", c.seed(bodies...)...)
		ops := slices.Repeat([]string{remove(`members[display eq "nobody"]`)}, 801)
		ops[0] = replace("displayName", `"changed"`)
		c.patchGroup(g, ops...).is(200)
		c.patchGroup(g, append(ops, replace("displayName", `"again"`), ops[1])...).refused(413, "").mentions("members")
		c.do("GET", "/Groups/"+g+"?excludedAttributes=members", "").has("displayName", "changed")
	}},
	{holds: "R7643-4.2-01 R7644-3.2-01 R7644-3.3-09 rule-12 Q-85 a group is created with its members", show: func(c *client) {
		u := c.user(ada)
		a := c.do("POST", "/Groups", groupBody("Crew", u)).is(201).has("displayName", "Crew").has("meta/resourceType", "Group").
			has("schemas", raw(`["`+groupURN+`"]`)).has("members/0/value", u).has("members/0/type", "User").has("members/0/display", "ada").
			has("members/0/$ref", c.get(u).text("meta/location"))
		if location := a.header.Get("Location"); location == "" || location != a.text("meta/location") {
			c.Errorf("Location %q, meta.location %q", location, a.text("meta/location"))
		}
		c.do("GET", "/Groups/"+a.text("id"), "").is(200).has("members/0/value", u)
		c.get(u).has("groups/0/value", a.text("id")).has("groups/0/$ref", a.text("meta/location")).has("groups/0/display", "Crew")
		c.do("POST", "/Groups", `{"schemas":["`+groupURN+`"]}`).refused(400, "invalidValue").mentions("displayName")
	}},
	{holds: "Q-85 a group is created without members, with an empty list and with null", show: func(c *client) {
		for i, members := range []string{"", `,"members":[]`, `,"members":null`} {
			c.do("POST", "/Groups", fmt.Sprintf(`{"schemas":["%s"],"displayName":"g%d"%s}`, groupURN, i, members)).is(201).lacks("members")
		}
	}},
	{holds: "Q-137 a taken displayName is 409, in any letter case", show: func(c *client) {
		c.group("Crew")
		other := c.group("Other")
		c.do("POST", "/Groups", groupBody("crew")).refused(409, "uniqueness").mentions("displayName")
		c.do("PUT", "/Groups/"+other, groupBody("CREW")).refused(409, "uniqueness")
		c.patchGroup(other, replace("displayName", `"cREW"`)).refused(409, "uniqueness")
		c.do("PUT", "/Groups/"+other, groupBody("OTHER")).is(200).has("displayName", "OTHER")
	}},
	{holds: "R7644-3.4.1-03 tenant-7 a group that is not there, or an id of a user, is 404", show: func(c *client) {
		for _, id := range []string{"nobody", c.user(ada)} {
			c.do("GET", "/Groups/"+id, "").refused(404, "")
			c.do("DELETE", "/Groups/"+id, "").refused(404, "")
			c.do("PUT", "/Groups/"+id, groupBody("x")).refused(404, "")
			c.patchGroup(id, replace("displayName", `"x"`)).refused(404, "")
		}
	}},
	{holds: "tenant-7 the tenant's text for a group that is not there", on: cyberark, show: func(c *client) {
		c.do("GET", "/Groups/nobody", "").refused(404, "").has("detail", "Group not found")
	}},
	{holds: "tenant-16 R7643-3.1-03 ids of groups are exact", show: func(c *client) {
		id := c.seedGroup("Vault_Users_ID", "Vault Users")
		c.do("GET", "/Groups/"+id, "").is(200)
		c.do("GET", "/Groups/"+strings.ToUpper(id), "").refused(404, "")
		u := c.user(ada)
		c.patchGroup(id, add("members", memberList(u))).is(200)
		c.get(u).has("groups/0/value", id)
		c.found(`groups.value eq "`+id+`"`, "ada")
		c.found(`groups.value eq "` + strings.ToUpper(id) + `"`)
	}},
	{holds: "rule-20 R7644-3.6-03 R7643-4.1.2-09 a group is deleted once, and users are in it no more", show: func(c *client) {
		u := c.user(ada)
		id := c.group("Crew", u)
		c.do("DELETE", "/Groups/"+id, "").is(204)
		c.do("DELETE", "/Groups/"+id, "").refused(404, "")
		c.get(u).lacks("groups")
		c.query("/Groups").is(200).has("totalResults", 0).has("Resources", raw("[]"))
		c.group("Crew", u)
	}},
	{holds: "Q-81 Q-82 R7644-3.5.2-13 a PATCH of members answers with the group", show: func(c *client) {
		u, v := c.user(ada), c.user(`"userName":"bob"`)
		id := c.group("Crew", u)
		c.patchGroup(id, `{"op":"Add","path":"members","value":`+memberList(v)+`}`).is(200).has("members/1/value", v)
		c.patchGroup(id, remove(`members[value eq "`+u+`"]`)).is(200).has("members/0/value", v).lacks("members/1")
		c.holds(id, v)
	}},
	{holds: "R7644-3.5.2.1-07 adding a member that is there moves neither lastModified nor the user's", show: func(c *client) {
		u := c.user(ada)
		id := c.group("Crew", u)
		before, user := c.do("GET", "/Groups/"+id, "").text("meta/lastModified"), c.get(u).text("meta/lastModified")
		c.patchGroup(id, add("members", memberList(u))).is(200).has("meta/lastModified", before)
		c.patchGroup(id, remove("members")).is(200)
		if after := c.do("GET", "/Groups/"+id, "").text("meta/lastModified"); after == before {
			c.Error("a change of members does not move lastModified")
		}
		c.get(u).has("meta/lastModified", user)
	}},
	{holds: "rule-6 rule-7 rule-11 Q-23 Q-25 groups are matched by name without their members", show: func(c *client) {
		id := c.group("Crew", c.user(ada))
		c.query("/Groups", "filter", `displayName eq "crew"`, "excludedAttributes", "members").is(200).
			has("totalResults", 1).has("Resources/0/id", id).lacks("Resources/0/members")
		c.query("/Groups", "filter", `displayName eq "nobody"`).is(200).has("totalResults", 0)
		c.do("GET", "/Groups/"+id+"?excludedAttributes=members", "").is(200).lacks("members").has("displayName", "Crew")
		c.do("GET", "/Groups/"+id+"?attributes=id", "").is(200).only("", "schemas", "id")
		c.do("GET", "/Groups/"+id+"?attributes=members.value", "").is(200).only("members/0", "value")
	}},
	{holds: "Q-151 a list of groups has their members, also through .search", show: func(c *client) {
		u := c.user(ada)
		c.group("Crew", u)
		c.query("/Groups").is(200).has("Resources/0/members/0/value", u)
		c.do("POST", "/Groups/.search", `{"schemas":["`+messages+`SearchRequest"],"filter":"members.value eq \"`+u+`\""}`).is(200).
			has("totalResults", 1).has("Resources/0/members/0/value", u)
	}},
	{holds: "Q-74 R7644-3.5.1-11 a PUT gives the members that there are", show: func(c *client) {
		u, v := c.user(ada), c.user(`"userName":"bob"`)
		id := c.group("Crew", u)
		c.do("PUT", "/Groups/"+id, groupBody("Crew 2", v)).is(200).has("members/0/value", v).has("displayName", "Crew 2")
		c.holds(id, v)
		c.do("PUT", "/Groups/"+id, `{"schemas":["`+groupURN+`"],"displayName":"Crew 2"}`).is(200).lacks("members")
		c.holds(id)
	}},
	{holds: "the rights of a token on groups stand apart from those on users", show: func(c *client) {
		u := c.user(ada)
		id := c.group("Crew", u)
		reader := c.withRights("groups:read")
		reader.do("GET", "/Groups/"+id, "").is(200)
		reader.do("GET", "/Users/"+u, "").refused(403, "")
		reader.patchGroup(id, remove("members")).refused(403, "")
		c.withRights("groups:write").patchGroup(id, remove("members")).is(200)
	}},
	{holds: "Q-26 rule-18 hundreds of members come and go in one request", show: func(c *client) {
		ids := make([]string, 300)
		for i := range ids {
			ids[i] = c.user(fmt.Sprintf(`"userName":"u%d"`, i))
		}
		id := c.group("Crew", ids...)
		c.holds(id, ids...)
		c.patchGroup(id, `{"op":"remove","path":"members","value":`+memberList(ids[100:]...)+`}`).is(200)
		c.holds(id, ids[:100]...)
		c.patchGroup(id, add("members", memberList(ids[50:150]...))).is(200)
		c.holds(id, ids[:150]...)
	}},
	{holds: "groups of two tenants do not meet", show: func(c *client) {
		other := c.neighbour()
		u := c.user(ada)
		id := c.group("Crew", u)
		other.group("Crew")
		other.do("GET", "/Groups/"+id, "").refused(404, "")
		if a := other.do("POST", "/Groups", groupBody("Mixed", u)); a.status != 404 && a.status != 400 {
			c.Errorf("a user of another tenant became a member: %s", a.body)
		}
		other.query("/Groups", "filter", `members.value eq "`+u+`"`).has("totalResults", 0)
	}},
}
