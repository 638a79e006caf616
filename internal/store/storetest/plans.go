package storetest

import (
	"fmt"
	"testing"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// Plan is a query with what its plan must be like.
type Plan struct {
	Name  string
	Query *store.Query
	// Index begins the name of one that the plan uses, "" for a query that looks at
	// every resource; Not is a table that it must not read whole, "" for one that is
	// too small to tell.
	Index, Not string
	// Total is what the query finds.
	Total int
}

// Plans fills a store with containers and permissions, and tells the plans of
// queries on them. The statistics are up to the caller.
func Plans(t testing.TB, s store.Store) []Plan {
	t.Helper()
	const users, containers, each = 1000, 60, 100
	w := newWorld(t, s)
	w.do(func(tx store.Tx) error {
		var grantees []*store.Resource
		insert := func(b *Builder) (*store.Resource, error) {
			r := b.Resource()
			return r, tx.Insert(r)
		}
		for i := range users {
			u, err := insert(User(fmt.Sprintf("u%04d", i)).ID(fmt.Sprintf("id%04d", i)))
			if err != nil {
				return err
			}
			grantees = append(grantees, u)
		}
		for i := range containers {
			c, err := insert(Container(fmt.Sprintf("Safe%02d", i)).Owned(grantees[i%10]))
			if err != nil {
				return err
			}
			for j := range 20 {
				a, err := insert(Account(fmt.Sprintf("a%02d", j), c).ID(fmt.Sprintf("%d_%d", i, j)))
				if err == nil {
					_, err = insert(Grant(a, grantees[i]))
				}
				if err != nil {
					return err
				}
			}
			for j := range each {
				if _, err := insert(Grant(c, grantees[(7*i+j)%users])); err != nil {
					return err
				}
			}
		}
		_, err := insert(Group("Ops").ID("g1"))
		return err
	})
	query := func(rt *schema.ResourceType, text string) *store.Query {
		q := w.query(store.Part{Type: rt, Filter: w.compile(rt, text)})
		q.Limit, q.Alias = 10, true
		q.Match = func(*schema.ResourceType, *store.Record) bool {
			t.Errorf("%s: a document was looked at", text)
			return false
		}
		return q
	}
	permissions, grants := permissionType(), accountPermissionType()
	var list []Plan
	for _, c := range []struct {
		rt         *schema.ResourceType
		text       string
		index, not string
		total      int
	}{
		{permissions, `container.value eq "safe07"`, "container_permission_", "container_permission_r", each},
		{permissions, `container.display eq "Safe07"`, "container_permission_", "container_permission_r", each},
		{permissions, `user.value eq "ID0149"`, "container_permission_", "container_permission_r", 14},
		{permissions, `user.display eq "u0149"`, "container_permission_grantee", "container_permission_r", 14},
		{permissions, `container.value eq "Safe07" and user.value eq "id0050"`, "container_permission_", "container_permission_r", 1},
		{permissions, `container.name eq "Safe07" and user.display eq "u0050"`, "container_permission_", "container_permission_r", 1},
		{permissions, `id eq "Safe07:u0050"`, "container_permission_", "container_permission_r", 1}, // an alias
		{permissions, `id eq "Safe07:id0050"`, "container_permission_", "container_permission_r", 0},
		{permissions, `group.value eq "g1"`, "container_permission_grantee", "container_permission_r", 0},
		{grants, `privilegedData.value eq "7_3"`, "account_permission_", "account_permission_r", 1},
		{accountType(), accountExtensionURN + `:safe eq "safe07"`, "account_safe_name", "", 20},
		{containerType(), `privilegedData.value eq "7_3"`, "account_id", "", 1},
		// Aliases of all permissions are made, and compared.
		{permissions, `id sw "Safe07:u"`, "", "", each},
		{permissions, `not (id co "7:u")`, "", "", (containers - 6) * each},
	} {
		q := query(c.rt, c.text)
		list = append(list, Plan{Name: c.text, Query: q, Index: c.index, Not: c.not, Total: c.total})
		if c.index == "" {
			sorted := *q
			sorted.Order = &store.Order{Attr: attribute(w, c.rt, "id"), Descending: true}
			list = append(list, Plan{Name: c.text + ", by id", Query: &sorted, Total: c.total})
		}
	}
	return list
}
