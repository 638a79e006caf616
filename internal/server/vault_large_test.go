package server_test

import (
	"fmt"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/store"
)

// vaultLargeRows are about collections that clients read whole.
var vaultLargeRows = []row{
	{holds: "tenant 6.2 17 5,000 permissions come in one answer, in the order of their safes", on: cyberark, show: func(c *client) {
		const safes, users = 50, 100
		c.seedPermissions(safes, users)
		a := c.do("GET", "/ContainerPermissions", "").is(200).has("totalResults", safes*users).has("itemsPerPage", safes*users).has("startIndex", 1)
		if len(a.body) < 1<<20 || a.header.Get("Content-Length") != "" {
			c.Errorf("%d bytes were not streamed", len(a.body))
		}
		seen, last := map[string]bool{}, ""
		for _, safe := range a.each("Resources", "container/value") {
			if safe != last && seen[safe] {
				c.Fatalf("the permissions of %s are not together", safe)
			}
			seen[safe], last = true, safe
		}
		if len(seen) != safes {
			c.Errorf("%d safes", len(seen))
		}
		c.query("/ContainerPermissions", "count", "10").is(200).has("itemsPerPage", 10).has("totalResults", safes*users)
		c.query("/ContainerPermissions", "filter", `container.value eq "Safe-7"`).is(200).has("totalResults", users).has("itemsPerPage", users)
	}},
}

// seedPermissions makes safes and users, and every user a member of every safe,
// in one transaction.
func (c *client) seedPermissions(safes, users int) {
	c.Helper()
	var names, ids []string
	for i := range safes {
		names = append(names, c.safe(fmt.Sprintf("Safe-%d", i)))
	}
	for i := range users {
		ids = append(ids, c.user(fmt.Sprintf(`"userName":"u%d"`, i)))
	}
	reg, now := c.site.tenant.Registry, c.site.tenant.Now().UTC()
	rt := reg.Type("ContainerPermission")
	err := c.site.store.Do(c.Context(), c.site.tenant.Space, func(tx store.Tx) error {
		for _, name := range names {
			target, err := tx.Get(reg.Type("Container"), name)
			if err != nil {
				return err
			}
			for _, id := range ids {
				grantee, err := tx.Get(reg.Type("User"), id)
				if err != nil {
					return err
				}
				body, err := resource.Decode([]byte(`{"rights":["UseAccounts","RetrieveAccounts","ListAccounts"],"schemas":["` + permissionURN + `"]}`))
				if err != nil {
					return err
				}
				r := &store.Resource{
					Type: rt, ID: name + ":" + id, Version: 1, Created: now, Modified: now, Body: body,
					Ends: []store.Link{{Relation: store.Target, Seq: target.Seq}, {Relation: store.Grantee, Seq: grantee.Seq}},
				}
				r.Doc, r.Cut = resource.Encode(body)
				if err := tx.Insert(r); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		c.Fatal(err)
	}
}
