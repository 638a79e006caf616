package storetest

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// fillGroups puts users and groups into groups, a few of which are in each
// other, and completes members and groups as the judge is to see them.
func (m *model) fillGroups(w *world, rng *rand.Rand) {
	var users, groups []*modelled
	for _, r := range m.resources {
		switch r.Type {
		case userType():
			users = append(users, r)
		case groupType():
			groups = append(groups, r)
		}
	}
	members := map[*modelled][]*modelled{}
	join := func(g, r *modelled) {
		if !slices.Contains(members[g], r) {
			members[g] = append(members[g], r)
		}
	}
	for i, g := range groups {
		if i%7 == 0 {
			continue // a group without members
		}
		for range rng.IntN(12) {
			join(g, users[rng.IntN(len(users)*2/3)]) // some users are nowhere
		}
		if i%3 == 0 {
			join(g, groups[rng.IntN(len(groups))])
		}
	}
	for i := range 5 {
		join(groups[10+i], groups[10+(i+1)%5]) // a cycle
	}
	w.do(func(tx store.Tx) error {
		for _, g := range groups {
			var links []store.Link
			for _, r := range members[g] {
				links = append(links, linkTo(r.Resource))
			}
			if _, err := tx.AddLinks(store.Member, g.Seq, links); err != nil {
				return err
			}
		}
		return nil
	})
	over := closed(groups, members)
	for _, g := range groups {
		var list []resource.Value
		for _, r := range bySeqOf(members[g]) {
			name := firstText(r.Body, "userName", "displayName")
			list = append(list, pair(r.ID, name, r.Type.Name))
		}
		g.put("members", list)
	}
	for _, u := range users {
		var all, direct []resource.Value
		for _, g := range groups {
			name := firstText(g.Body, "displayName")
			switch {
			case slices.Contains(members[g], u):
				all = append(all, pair(g.ID, name, "direct"))
				direct = append(direct, pair(g.ID, name, "direct"))
			case slices.ContainsFunc(groups, func(low *modelled) bool { return over[low][g] && slices.Contains(members[low], u) }):
				all = append(all, pair(g.ID, name, "indirect"))
			}
		}
		u.direct = u.members.Clone()
		u.put("groups", all)
		(&modelled{members: u.direct}).put("groups", direct)
	}
}

// closed tells for each group those that it is in, over any number of others.
func closed(groups []*modelled, members map[*modelled][]*modelled) map[*modelled]map[*modelled]bool {
	over := map[*modelled]map[*modelled]bool{}
	for _, low := range groups {
		reached := map[*modelled]bool{}
		next := []*modelled{low}
		for len(next) > 0 {
			r := next[0]
			next = next[1:]
			for _, g := range groups {
				if slices.Contains(members[g], r) && !reached[g] {
					reached[g] = true
					next = append(next, g)
				}
			}
		}
		over[low] = reached
	}
	return over
}

func (r *modelled) put(name string, list []resource.Value) {
	if len(list) > 0 {
		r.members.Set(name, resource.List(list...))
	}
}

// pair is an element of members or groups.
func pair(id, display, typ string) resource.Value {
	v := element(id, typ, false)
	v.Members().Set("display", resource.Text(display))
	return v
}

func bySeqOf(list []*modelled) []*modelled {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b *modelled) int { return cmp.Compare(a.Seq, b.Seq) })
	return list
}

// ends are the ids and names at the far side of memberships.
func (m *model) ends(a *schema.Attribute) []string {
	if a.Path == "id" {
		return m.ids()
	}
	rt := groupType()
	if a.Path == "members.value" || a.Path == "members.display" {
		rt = nil // any
	} else if a.Path != "groups.value" && a.Path != "groups.display" {
		return m.vaultEnds(a)
	}
	var list []string
	for _, r := range m.resources {
		if rt != nil && r.Type != rt || r.Type != userType() && r.Type != groupType() {
			continue
		}
		if a.Name == "value" {
			list = append(list, r.ID)
		} else if name := firstText(r.Body, "userName", "displayName"); name != "" {
			list = append(list, name)
		}
	}
	return list
}

// follows are the relations that the question is to follow to their ends.
func (q *question) follows() []store.Relation {
	if q.transitive {
		return []store.Relation{store.Member}
	}
	return nil
}
