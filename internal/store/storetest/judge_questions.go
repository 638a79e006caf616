package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// question is one query; texts are the filters of its parts.
type question struct {
	parts  []store.Part
	texts  []string
	order  *store.Order
	offset int
	limit  int
	// transitive questions are about indirect groups too.
	transitive bool
	// aliases makes the question about permissions' aliases.
	aliases bool
}

func (q question) String() string {
	text := fmt.Sprintf("offset %d, limit %d", q.offset, q.limit)
	if q.order != nil {
		text += fmt.Sprintf(", sorted by %s (descending %t)", q.order.Attr.Path, q.order.Descending)
	}
	for i, p := range q.parts {
		text += fmt.Sprintf(", %s with %s", p.Type.Name, q.texts[i])
	}
	return text
}

func (m *model) questions(seed int64, n int) []question {
	rng := rand.New(rand.NewPCG(uint64(seed), 2))
	list := make([]question, n)
	for i := range list {
		q := &list[i]
		types := []*schema.ResourceType{userType()}
		switch rng.IntN(16) {
		case 0:
			types = append(types, deviceType())
		case 1, 2:
			types[0] = deviceType()
		case 3, 4:
			types[0] = groupType()
		case 5:
			types = append(types, groupType())
		case 6:
			types[0] = containerType()
		case 7:
			types[0] = accountType()
		case 8, 9:
			types[0] = permissionType()
		case 10:
			types[0] = accountPermissionType()
		case 11:
			types = []*schema.ResourceType{containerType(), permissionType()}
		}
		for _, rt := range types {
			g := m.generators[rt]
			g.Include = nil
			if rng.IntN(3) > 0 {
				g.Include = indexable
			}
			text := g.Text(rng.IntN(4))
			p, err := filter.Compile(text, rt, filter.Options{MaxLength: 1 << 20})
			if err != nil {
				panic(fmt.Sprintf("%s: %v", text, err))
			}
			q.parts = append(q.parts, store.Part{Type: rt, Filter: p})
			q.texts = append(q.texts, text)
		}
		orders := m.orders[types[0]]
		if len(types) > 1 {
			orders = sortableCommon(orders)
		}
		if rng.IntN(3) > 0 {
			q.order = &store.Order{Attr: orders[rng.IntN(len(orders))], Descending: rng.IntN(2) == 0}
		}
		q.transitive = rng.IntN(2) == 0
		last := types[len(types)-1]
		q.aliases = (last == permissionType() || last == accountPermissionType()) && rng.IntN(2) == 0
		q.limit = []int{-1, -1, 0, 1, 7, 100}[rng.IntN(6)]
		q.offset = []int{0, 0, 1, 5, 1000}[rng.IntN(5)]
	}
	return list
}

// indexable leaves out the attributes that no table map keeps beside the
// document: one of them in a filter hides much of what an engine does alone.
func indexable(a *schema.Attribute) bool {
	switch a.Path {
	case "groups.display", "members.display", "owner.display", "privilegedData.display", "container.display", "user.display", "group.display":
		return true
	case "groups.type", "privilegedData.type":
		return false
	}
	switch a.Name {
	case "schemas", "nickName", "middleName", "honorificPrefix", "honorificSuffix", "locale", "timezone",
		"x509Certificates", "display", "$ref", "location", "version":
		return false
	}
	return true
}

// sortableCommon leaves the attributes that all resource types have.
func sortableCommon(list []*schema.Attribute) []*schema.Attribute {
	return slices.DeleteFunc(slices.Clone(list), func(a *schema.Attribute) bool { return a.Schema != nil })
}
