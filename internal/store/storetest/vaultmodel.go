package storetest

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

const (
	modelContainers         = 40
	modelAccounts           = 100
	modelPermissions        = 250
	modelAccountPermissions = 80
)

// fillVault adds containers with and without an owner, accounts in them, and
// permissions, and completes what links show as the judge is to see it.
func (m *model) fillVault(w *world, rng *rand.Rand, seed int64) {
	var users, grantees []*modelled
	for _, r := range m.resources {
		switch r.Type {
		case userType():
			users = append(users, r)
			grantees = append(grantees, r)
		case groupType():
			grantees = append(grantees, r)
		}
	}
	add := func(list []*modelled) []*modelled {
		for _, r := range list {
			r.Doc, r.Cut = resource.Encode(r.Body)
			m.byID[r.Type.Name+r.ID] = r
		}
		m.insert(w, list)
		m.resources = append(m.resources, list...)
		return list
	}
	one := func(list []*modelled) *modelled { return list[rng.IntN(len(list))] }

	containers := m.generate(w, seed, containerType(), modelContainers)
	for i, c := range containers {
		switch i % 3 {
		case 0:
			owner := one(users)
			c.lead(store.Owner, owner)
			c.Body.Set("owner", object("value", resource.Text(owner.ID)))
			c.members.Set("owner", pairOf(owner, "display"))
		case 1: // whose owner is gone
			owner := object("value", resource.Text("gone"))
			owner.Members().Set("display", resource.Text(firstText(one(users).Body, "userName")))
			c.Body.Set("owner", owner)
			c.members.Set("owner", owner)
		}
	}
	add(containers)

	accounts := m.generate(w, seed, accountType(), modelAccounts)
	within := map[*modelled][]resource.Value{}
	for _, a := range accounts {
		c := one(containers[:modelContainers-5]) // some are empty
		a.lead(store.Safe, c)
		within[c] = append(within[c], pairOf(a, "display"))
	}
	add(accounts)
	for _, c := range containers {
		c.put("privilegedData", within[c])
	}

	grant := func(rt *schema.ResourceType, n int, path string, targets []*modelled) {
		list := m.generate(w, seed, rt, n)
		taken := map[[2]int64]bool{}
		for _, p := range list {
			target, grantee := one(targets), one(grantees)
			for taken[[2]int64{target.Seq, grantee.Seq}] {
				target, grantee = one(targets), one(grantees)
			}
			taken[[2]int64{target.Seq, grantee.Seq}] = true
			p.lead(store.Target, target)
			p.lead(store.Grantee, grantee)
			p.members.Set(path, pairOf(target, "name", "display"))
			name := "user"
			if grantee.Type == groupType() {
				name = "group"
			}
			p.members.Set(name, pairOf(grantee, "display"))
		}
		add(list)
		alias(list, targets, grantees)
	}
	grant(permissionType(), modelPermissions, "container", containers)
	grant(accountPermissionType(), modelAccountPermissions, "privilegedData", accounts)
}

// alias gives permissions their aliases: of those with the same one the first.
func alias(list, targets, grantees []*modelled) {
	bySeq := map[int64]*modelled{}
	for _, r := range append(slices.Clone(targets), grantees...) {
		bySeq[r.Seq] = r
	}
	taken := map[string]bool{}
	for _, r := range list {
		taken[schema.Fold(r.ID)] = true
	}
	for _, r := range list {
		text := bySeq[r.Ends[0].Seq].ID + ":" + calledInVault(bySeq[r.Ends[1].Seq])
		if key := schema.Fold(text); !taken[key] {
			taken[key] = true
			r.aliased = r.members.Clone()
			r.aliased.Set("id", resource.Text(text))
		}
	}
}

// lead gives the resource a link to another one.
func (r *modelled) lead(rel store.Relation, to *modelled) {
	r.Ends = append(r.Ends, store.Link{Relation: rel, Seq: to.Seq, Type: to.Type, ID: to.ID})
}

// pairOf is how a link shows its other side: the id, and what it is called.
func pairOf(r *modelled, displays ...string) resource.Value {
	v := object("value", resource.Text(r.ID))
	if name := calledInVault(r); name != "" {
		for _, display := range displays {
			v.Members().Set(display, resource.Text(name))
		}
	}
	return v
}

func calledInVault(r *modelled) string {
	switch r.Type {
	case userType():
		return firstText(r.Body, "userName")
	case groupType():
		return firstText(r.Body, "displayName")
	}
	return firstText(r.Body, "name")
}

// vaultEnds are the ids and names at the far side of the vault's links.
func (m *model) vaultEnds(a *schema.Attribute) []string {
	if a.Parent == nil || a.Parent.Schema == nil || a.Parent.Extension != "" {
		return nil
	}
	types := map[string]*schema.ResourceType{
		"owner": userType(), "user": userType(), "group": groupType(), "container": containerType(), "privilegedData": accountType(),
	}
	rt := types[a.Parent.Name]
	if rt == nil {
		return nil
	}
	var list []string
	for _, r := range m.resources {
		switch {
		case r.Type != rt:
		case a.Name == "value":
			list = append(list, r.ID)
		case a.Name == "display", a.Name == "name":
			list = append(list, calledInVault(r))
		}
	}
	return list
}

// inDefaultOrder compares resources of one type as lists have them.
func inDefaultOrder(a, b *modelled) int {
	for i := range a.Ends {
		if a.Ends[i].Relation != store.Target && a.Ends[i].Relation != store.Grantee {
			break
		}
		if c := cmp.Compare(a.Ends[i].Seq, b.Ends[i].Seq); c != 0 {
			return c
		}
	}
	return cmp.Compare(a.Seq, b.Seq)
}

// ids are the ids of all resources, and their aliases.
func (m *model) ids() []string {
	var list []string
	for _, r := range m.resources {
		list = append(list, r.ID)
		if r.aliased != nil {
			id, _ := r.aliased.Get("id")
			list = append(list, id.Str())
		}
	}
	return list
}
