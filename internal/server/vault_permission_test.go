package server_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/scimd/scimd/internal/store"
)

// member makes a safe and a user, and the user a member with rights; it gives
// the ids of the user and of the permission.
func (c *client) member(safe, user string, rights ...string) (string, string) {
	c.Helper()
	id := c.user(`"userName":"` + user + `"`)
	c.safe(safe)
	return id, c.grant(`"container":{"value":"` + safe + `"},"user":{"value":"` + id + `"},` + rightsOf(rights...)).is(201).text("id")
}

func rightsOf(rights ...string) string {
	for i, r := range rights {
		rights[i] = strconv.Quote(r)
	}
	return `"rights":[` + strings.Join(rights, ",") + `]`
}

// permissionRows are about members of safes (tenant 11).
var permissionRows = []row{
	{holds: "Q-95 tenant 11.3 safe and member are named by value, name or display", show: func(c *client) {
		user, group := c.user(ada), c.group("Payroll")
		n := 0
		for _, container := range []string{`{"value":%q}`, `{"name":%q}`, `{"display":%q}`, `{"$ref":"https://x/Scim/v2/Containers/%s"}`} {
			for _, member := range []string{
				`"user":{"value":"` + user + `"}`, `"user":{"display":"ADA"}`, `"user":{"value":"` + user + `","display":"other"}`,
				`"group":{"value":"` + group + `"}`, `"group":{"display":"payroll"}`, `"user":{"value":"` + user + `"},"group":{}`, `"user":null,"group":{"value":"` + group + `"}`,
			} {
				n++
				safe := c.safe(fmt.Sprintf("Safe-%d", n))
				container := strings.ReplaceAll(strings.ReplaceAll(container, "%q", `"`+safe+`"`), "%s", safe)
				a := c.grant(`"container":`+container+`,`+member+`,"rights":["ListAccounts"]`).is(201).
					has("container/value", safe).has("container/name", safe).has("container/display", safe)
				if strings.Contains(member, `"group":{"`) {
					a.has("group/value", group).has("group/display", "Payroll").lacks("user").has(safeMemberURN, raw(`{"memberType":"Group"}`))
				} else {
					a.has("user/value", user).has("user/display", "ada").lacks("group").has(safeMemberURN, raw(`{"memberType":"User"}`))
				}
			}
		}
	}},
	{holds: "tenant 11.3 a permission is for exactly one user or group, on one safe", show: func(c *client) {
		user, group := c.user(ada), c.group("Payroll")
		c.safe("Ops")
		for _, members := range []string{
			`"container":{"value":"Ops"},"rights":[]`,
			`"container":{"value":"Ops"},"user":{},"group":null,"rights":[]`,
			`"container":{"value":"Ops"},"user":{"value":"` + user + `"},"group":{"value":"` + group + `"},"rights":[]`,
			`"user":{"value":"` + user + `"},"rights":[]`,
			`"container":{},"user":{"value":"` + user + `"},"rights":[]`,
			`"container":7,"user":{"value":"` + user + `"},"rights":[]`,
			`"container":{"value":7},"user":{"value":"` + user + `"},"rights":[]`,
			`"container":{"value":"Ops"},"user":{"value":"` + user + `"}`,
		} {
			c.grant(members).refused(400, "invalidValue")
		}
		c.query("/ContainerPermissions").has("totalResults", 0)
	}},
	{holds: "tenant 7 11.3 what is not there is 404 in the words for members", on: cyberark, show: func(c *client) {
		user, group := c.user(ada), c.group("Payroll")
		c.safe("Ops")
		for _, w := range []struct{ members, detail string }{
			{`"container":{"value":"Ops"},"user":{"value":"nobody"}`, "Member not found. Member value: nobody"},
			{`"container":{"value":"Ops"},"user":{"display":"nobody"}`, "Member not found. Member value: nobody"},
			{`"container":{"value":"Ops"},"user":{"value":"` + group + `"}`, "Member not found. Member value: " + group},
			{`"container":{"value":"Ops"},"group":{"value":"` + user + `"}`, "Member not found. Member value: " + user},
			{`"container":{"name":"None"},"user":{"value":"` + user + `"}`, "Container not found. Container value: None"},
		} {
			c.grant(w.members+`,"rights":[]`).refused(404, "").has("detail", w.detail)
		}
	}},
	{holds: "R7643-2.3.7-03 what is not there is 400 invalidValue", on: rfc7644, show: func(c *client) {
		user := c.user(ada)
		c.safe("Ops")
		c.grant(`"container":{"value":"Ops"},"user":{"value":"nobody"},"rights":[]`).refused(400, "invalidValue").mentions("user", "nobody")
		c.grant(`"container":{"value":"None"},"user":{"value":"`+user+`"},"rights":[]`).refused(400, "invalidValue").mentions("container", "None")
	}},
	{holds: "tenant 15 rights are taken in every spelling and given in one, in order, each once", show: func(c *client) {
		_, id := c.member("Ops", "ada", "manageSafe", "ListContent", "USEACCOUNTS", "AddContent", "Retrieve", "RestrictedRetrieve", "listaccounts", "AddRenameFolder")
		want := raw(`["UseAccounts","RetrieveAccounts","ListAccounts","AddAccounts","ManageSafe","CreateFolders"]`)
		c.do("GET", "/ContainerPermissions/"+id, "").is(200).has("rights", want)
		for _, name := range []string{"managesafe", "listcontent", "Add"} {
			c.query("/ContainerPermissions", "filter", `rights eq "`+name+`"`).is(200).has("totalResults", 1).has("Resources/0/rights", want)
		}
		c.do("PATCH", "/ContainerPermissions/"+id, patchBody(`{"op":"remove","path":"rights","value":["manageSafe"]}`, `{"op":"add","path":"rights","value":["Unlock","useaccounts"]}`)).
			is(200).has("rights", raw(`["UseAccounts","RetrieveAccounts","ListAccounts","AddAccounts","UnlockAccounts","CreateFolders"]`))
	}},
	{holds: "tenant 11.3 15 an unknown right is refused by name, and no rights are rights", show: func(c *client) {
		user, id := c.member("Ops", "ada")
		c.do("GET", "/ContainerPermissions/"+id, "").is(200).has("rights", raw(`[]`))
		put := func(rights string) *answer {
			return c.do("PUT", "/ContainerPermissions/"+id, vaultBody(permissionURN, `"container":{"name":"Ops"},"user":{"value":"`+user+`"},"rights":`+rights))
		}
		put(`["ListAccounts","canList"]`).refused(400, "invalidValue").mentions("canList")
		put(`[7]`).refused(400, "invalidValue")
		put(`["ListAccounts","UseAccounts"]`).is(200).has("rights", raw(`["UseAccounts","ListAccounts"]`))
		put(`[]`).is(200).has("rights", raw(`[]`))
		c.do("PATCH", "/ContainerPermissions/"+id, patchBody(`{"op":"add","path":"rights","value":["canList"]}`)).refused(400, "invalidValue").mentions("canList")
	}},
	{holds: "Q-96 one permission for a safe and a member", show: func(c *client) {
		user, _ := c.member("Ops", "ada")
		for _, named := range []string{`{"value":"` + user + `"}`, `{"display":"ada"}`} {
			c.grant(`"container":{"name":"Ops"},"user":`+named+`,"rights":[]`).refused(409, "uniqueness")
		}
	}},
	{holds: "tenant 11.1 safe and member stay, however they are named", show: func(c *client) {
		user, id := c.member("Ops", "ada", "ListAccounts")
		other, group := c.user(`"userName":"bob"`), c.group("Payroll")
		c.safe("Other")
		put := func(members string) *answer {
			return c.do("PUT", "/ContainerPermissions/"+id, vaultBody(permissionURN, members+`,"rights":["UseAccounts"]`))
		}
		for _, members := range []string{
			`"container":{"name":"Ops"},"user":{"value":"` + user + `"}`, `"container":{"value":"Ops"},"user":{"display":"ADA"}`,
			`"container":{"display":"ops"}`, `"user":{"value":"` + user + `"}`, `"externalId":"x"`,
		} {
			put(members).is(200).has("user/value", user).has("rights", raw(`["UseAccounts"]`)).has(safeMemberURN+"/memberType", "User")
		}
		for _, members := range []string{
			`"container":{"name":"Other"}`, `"container":{"name":"None"}`, `"user":{"value":"` + other + `"}`, `"user":{"display":"bob"}`,
			`"group":{"value":"` + group + `"}`,
		} {
			put(members).refused(400, "mutability")
			c.do("PATCH", "/ContainerPermissions/"+id, patchBody(`{"op":"replace","value":{`+members+`}}`)).refused(400, "mutability")
		}
		c.do("PATCH", "/ContainerPermissions/"+id, patchBody(`{"op":"replace","path":"container.name","value":"Other"}`)).refused(400, "mutability")
		c.do("PATCH", "/ContainerPermissions/"+id, patchBody(`{"op":"remove","path":"user"}`)).refused(400, "mutability")
		c.do("PATCH", "/ContainerPermissions/"+id, patchBody(`{"op":"replace","value":{"container":{"value":"Ops"},"user":{"value":"`+user+`"},"rights":["ListAccounts"]}}`)).
			is(200).has("rights", raw(`["ListAccounts"]`))
	}},
	{holds: "Q-97 tenant 17 permissions are found by safe and member, and deleted", show: func(c *client) {
		user, id := c.member("Ops", "ada", "ListAccounts")
		group := c.group("Payroll")
		c.grant(`"container":{"name":"Ops"},"group":{"value":"` + group + `"},"rights":[]`).is(201)
		for f, n := range map[string]int{
			`user.value eq "` + user + `" and container.value eq "Ops"`: 1, `user.display eq "ada"`: 1, `container.name eq "ops"`: 2, `container.display eq "Ops"`: 2,
			`group.value eq "` + group + `"`: 1, `group.display eq "payroll"`: 1, `user pr`: 1, `group pr and container.value eq "Ops"`: 1,
			`user.value eq "nobody"`: 0, `container.value eq "None"`: 0, `not (user.display eq "ada")`: 1, safeMemberURN + `:memberType eq "user"`: 1,
		} {
			c.query("/ContainerPermissions", "filter", f).is(200).has("totalResults", n)
		}
		c.do("DELETE", "/ContainerPermissions/"+id, "").is(204)
		c.do("GET", "/ContainerPermissions/"+id, "").refused(404, "")
		c.do("DELETE", "/ContainerPermissions/"+id, "").refused(404, "")
	}},
	{holds: "who is gone is no member, and a permission tells its end", show: func(c *client) {
		user, group := c.user(ada), c.group("Payroll")
		for _, s := range []string{"A", "B"} {
			c.safe(s)
			c.grant(`"container":{"name":"` + s + `"},"user":{"value":"` + user + `"},"rights":[]`).is(201)
			c.grant(`"container":{"name":"` + s + `"},"group":{"value":"` + group + `"},"rights":[]`).is(201)
		}
		c.do("DELETE", "/Users/"+user, "").is(204)
		c.query("/ContainerPermissions").is(200).has("totalResults", 2).lacks("Resources/0/user")
		c.do("DELETE", "/Groups/"+group, "").is(204)
		c.query("/ContainerPermissions").is(200).has("totalResults", 0)
		c.deletions("User "+user, "Group "+group, "ContainerPermission", "ContainerPermission", "ContainerPermission", "ContainerPermission")
	}},
	{holds: "Q-97 tenant 13 rows of one safe follow each other", show: func(c *client) {
		users := []string{c.user(`"userName":"u1"`), c.user(`"userName":"u2"`)}
		c.safe("A")
		c.safe("B")
		for _, u := range users {
			for _, s := range []string{"B", "A"} {
				c.grant(`"container":{"name":"` + s + `"},"user":{"value":"` + u + `"},"rights":[]`).is(201)
			}
		}
		if got := strings.Join(c.query("/ContainerPermissions").is(200).each("Resources", "container/value"), ""); got != "AABB" {
			c.Errorf("order %s", got)
		}
	}},
	{holds: "tenant 11.2 a membership has an end in seconds, and searchIn is never shown", show: func(c *client) {
		user := c.user(ada)
		c.safe("Ops")
		who := `"container":{"name":"Ops"},"user":{"value":"` + user + `"},"rights":[]`
		id := c.grant(who+`,"`+safeMemberURN+`":{"membershipExpirationDate":1893456000,"memberType":"Group","searchIn":"Vault"}`).is(201).
			has(safeMemberURN, raw(`{"membershipExpirationDate":1893456000,"memberType":"User"}`)).text("id")
		put := func(extension string) *answer {
			return c.do("PUT", "/ContainerPermissions/"+id, vaultBody(permissionURN, who+`,"`+safeMemberURN+`":{`+extension+`}`))
		}
		put(`"membershipExpirationDate":0`).is(200).has(safeMemberURN, raw(`{"memberType":"User"}`))
		put(`"membershipExpirationDate":-1`).refused(400, "invalidValue")
		put(`"membershipExpirationDate":"soon"`).refused(400, "invalidValue")
		c.query("/ContainerPermissions", "filter", safeMemberURN+`:searchIn eq "Vault"`).refused(400, "invalidFilter")
	}},
	{holds: "tenant 11.2 who held a permission that has lapsed is given another, on either way, and only that one goes", set: []string{"expiredMembers=hide"}, on: cyberark, show: func(c *client) {
		user, other := c.user(`"userName":"twin"`), c.group("Twin")
		c.safe("Ops")
		grant := func(member string, end int64) *answer {
			return c.grant(fmt.Sprintf(`"container":{"value":"Ops"},%s,"rights":[],"%s":{"membershipExpirationDate":%d}`, member, safeMemberURN, c.site.tenant.Now().Unix()+end))
		}
		grant(`"user":{"display":"twin"}`, -1).is(201)
		c.do("GET", "/ContainerPermissions/Ops:twin", "").refused(404, "")
		c.do("PUT", "/ContainerPermissions/Ops:twin", vaultBody(permissionURN, `"rights":[]`)).refused(404, "")
		c.do("DELETE", "/ContainerPermissions/Ops:"+user, "").refused(404, "")
		// What is hidden keeps its name, so that no id changes as time goes by.
		grant(`"group":{"display":"Twin"}`, 60).is(201).has("id", "Ops:"+other)
		c.permissionIDs("Ops:" + other)
		c.query("/ContainerPermissions", "filter", `id sw "Ops:"`).is(200).has("totalResults", 1).has("Resources/0/id", "Ops:"+other)
		for _, member := range []string{`"user":{"display":"twin"}`, `"user":{"value":"` + user + `"}`} {
			grant(member, -1).is(201)
			id := grant(member, 60).is(201).text("id")
			grant(member, 60).refused(409, "uniqueness")
			c.query("/ContainerPermissions").is(200).has("totalResults", 2)
			c.do("DELETE", "/ContainerPermissions/"+id, "").is(204)
		}
		c.query("/ContainerPermissions").is(200).has("totalResults", 1)
		c.permissionIDs("Ops:Twin", "Ops:"+other)
	}},
	{holds: "tenant 11.2 another permission that goes by the id of a new one stays, lapsed or not", set: []string{"expiredMembers=hide"}, on: cyberark, show: func(c *client) {
		user := c.user(ada)
		c.safe("Ops")
		named := c.user(`"userName":"` + user + `"`)
		lapsed := fmt.Sprintf(`,"%s":{"membershipExpirationDate":%d}`, safeMemberURN, c.site.tenant.Now().Unix()-1)
		c.grant(`"container":{"value":"Ops"},"user":{"value":"` + named + `"},"rights":["ListAccounts"]` + lapsed).is(201)
		c.grant(`"container":{"value":"Ops"},"user":{"value":"`+user+`"},"rights":[]`).is(201).has("id", "Ops:ada")
		if n := c.stored("ContainerPermission"); n != 2 {
			c.Errorf("%d permissions are stored", n)
		}
	}},
	{holds: "tenant 16 ids of permissions are as long as ids and names together", on: cyberark, show: func(c *client) {
		safe, login := strings.Repeat("n", 475), strings.Repeat("u", 500)
		c.do("POST", "/Containers", vaultBody(containerURN, `"name":"`+safe+`n"`)).refused(400, "invalidValue").mentions("at most 475 bytes")
		user, shown := c.member(safe, login, "ListAccounts")
		if shown != safe+":"+login {
			c.Fatalf("shown as %d bytes", len(shown))
		}
		c.permissionIDs(shown, safe+":"+user)
		c.query("/ContainerPermissions", "filter", `id eq "`+shown+`"`).is(200).has("totalResults", 1)
		c.do("PUT", "/ContainerPermissions/"+shown, vaultBody(permissionURN, `"rights":[]`)).is(200).has("id", shown)
		c.do("DELETE", "/ContainerPermissions/"+shown, "").is(204)
		for _, path := range []string{"/ContainerPermissions/", "/Users/", "/Containers/"} {
			for _, n := range []int{513, 1025, 1026, 4000} {
				for _, method := range []string{"GET", "DELETE"} {
					c.do(method, path+strings.Repeat("x", n), "").refused(404, "")
				}
			}
		}
	}},
	{holds: "tenant 16 where ids have letter case, names in them have their own", set: []string{"caseExactIds=true"}, on: cyberark, show: func(c *client) {
		user, _ := c.member("Ops", "ada", "ListAccounts")
		for id, status := range map[string]int{"Ops:ada": 200, "Ops:ADA": 200, "ops:ada": 404, "OPS:ADA": 404, "Ops:" + user: 200, "ops:" + user: 404, "Ops:" + strings.ToUpper(user): 404} {
			c.do("GET", "/ContainerPermissions/"+id, "").is(status)
		}
		c.query("/ContainerPermissions", "filter", `id eq "Ops:ada"`).is(200).has("totalResults", 1)
		c.query("/ContainerPermissions", "filter", `id eq "ops:ada"`).is(200).has("totalResults", 0)
	}},
	{holds: "16 clients that grant the same make one permission", show: func(c *client) {
		user := c.user(ada)
		c.safe("Ops")
		statuses := c.together(16, func(int) int {
			return c.raceStatus("POST", "/ContainerPermissions", vaultBody(permissionURN, `"container":{"name":"Ops"},"user":{"value":"`+user+`"},"rights":[]`))
		})
		if statuses[201] != 1 || statuses[409] != 15 {
			c.Errorf("statuses %v", statuses)
		}
		c.query("/ContainerPermissions").has("totalResults", 1)
	}},
	{holds: "grants against deletions of their user and safe leave no orphan", show: func(c *client) {
		for round := range 4 {
			var users []string
			for i := range 4 {
				users = append(users, c.user(fmt.Sprintf(`"userName":"u%d-%d"`, round, i)))
			}
			safe := c.safe(fmt.Sprintf("S%d", round))
			statuses := c.together(12, func(i int) int {
				switch {
				case i == 5:
					return c.raceStatus("DELETE", "/Containers/"+safe, "")
				case i >= 10:
					return c.raceStatus("DELETE", "/Users/"+users[i-10], "")
				}
				return c.raceStatus("POST", "/ContainerPermissions", vaultBody(permissionURN, `"container":{"name":"`+safe+`"},"user":{"value":"`+users[i%4]+`"},"rights":[]`))
			})
			for status := range statuses {
				if status >= 500 {
					c.Errorf("statuses %v", statuses)
				}
			}
			c.query("/ContainerPermissions").is(200).has("totalResults", 0)
		}
	}},
}

// together runs n requests at once and counts their statuses.
func (c *client) together(n int, request func(i int) int) map[int]int {
	c.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	statuses := map[int]int{}
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			status := request(i)
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
	}
	close(start)
	all.Wait()
	return statuses
}

// raceStatus sends a request from another goroutine than the test's; 0 is no
// answer.
func (c *client) raceStatus(method, path, body string) int {
	r, err := http.NewRequestWithContext(c.Context(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		return 0
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/scim+json")
	res, err := (&http.Client{Transport: c.http.Transport, Timeout: time.Minute}).Do(r)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// stored counts the resources of a type that are stored, hidden ones too.
func (c *client) stored(typ string) int {
	c.Helper()
	page, err := c.site.store.Query(c.Context(), &store.Query{
		Space: c.site.tenant.Space, Parts: []store.Part{{Type: c.site.tenant.Registry.Type(typ)}}, IncludeHidden: true,
	})
	if err != nil {
		c.Fatal(err)
	}
	return page.Total
}
