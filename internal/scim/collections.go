package scim

import (
	"slices"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// collection is a multi-valued complex attribute whose elements are edges in the
// store and nowhere in the document, so that a change of some elements costs as
// much as they are, and what an element shows of the other side is never stale.
type collection struct {
	name     string // a core attribute
	relation store.Relation
	// reverse collections show the edges that lead here: they are read-only.
	reverse bool
	// targets are the resource type names of elements, in the order in which they
	// are looked for and locked.
	targets []string
}

// collections by resource type name (RFC 7643 §4.1.2, §4.2).
var collections = map[string][]collection{
	"User":  {{name: "groups", relation: store.Member, reverse: true, targets: []string{"Group"}}},
	"Group": {{name: "members", relation: store.Member, targets: []string{"User", "Group"}}},
}

// writable is the collection that clients change through an attribute, or nil.
func writable(rt *schema.ResourceType, a *schema.Attribute) *collection {
	if a == nil || a.Parent != nil || a.Extension != "" {
		return nil
	}
	list := collections[rt.Name]
	for i := range list {
		if list[i].name == a.Name && !list[i].reverse {
			return &list[i]
		}
	}
	return nil
}

// types are the resource types of elements.
func (col *collection) types(reg *schema.Registry) []*schema.ResourceType {
	return typesOf(reg, col.targets)
}

func typesOf(reg *schema.Registry, names []string) []*schema.ResourceType {
	var out []*schema.ResourceType
	for _, name := range names {
		if rt := reg.Type(name); rt != nil {
			out = append(out, rt)
		}
	}
	return out
}

// holders are the relations over which resources hold others of a type in a
// collection: when one of those goes, its holders have changed.
func holders(rt *schema.ResourceType) []store.Relation {
	var out []store.Relation
	for _, list := range collections {
		for _, col := range list {
			if !col.reverse && slices.Contains(col.targets, rt.Name) && !slices.Contains(out, col.relation) {
				out = append(out, col.relation)
			}
		}
	}
	return out
}

// want asks for the edges of a collection.
func (col *collection) want(p *Profile) store.Want {
	return store.Want{Relation: col.relation, Reverse: col.reverse, Transitive: col.reverse && p.IndirectGroups}
}

// wants are the links that a read of the type needs, unless the projection
// leaves out what they give.
func wants(t *Tenant, rt *schema.ResourceType, proj *resource.Projection) []store.Want {
	var out []store.Want
	for _, ref := range references[rt.Name] {
		if keeps(proj, ref.container()...) {
			out = append(out, store.Want{Relation: ref.relation, Holds: ref.marker})
		}
	}
	for _, col := range collections[rt.Name] {
		if keeps(proj, col.name) {
			out = append(out, col.want(t.Profile))
		}
	}
	return out
}

// judged are the links that a filter and an order need to see: elements only
// where one of them is about the collection.
func judged(t *Tenant, rt *schema.ResourceType, p filter.Predicate, by *schema.Attribute) []store.Want {
	var out []store.Want
	for _, ref := range references[rt.Name] {
		out = append(out, store.Want{Relation: ref.relation, Holds: ref.marker})
	}
	for _, col := range collections[rt.Name] {
		if a := rt.Core(col.name); about(p, a) || by != nil && by.Top() == a {
			out = append(out, col.want(t.Profile))
		}
	}
	return out
}

// about reports whether a filter looks at an attribute or its sub-attributes.
func about(p filter.Predicate, a *schema.Attribute) bool {
	return filter.Uses(p, func(x *schema.Attribute) bool { return x.Top() == a })
}

// transitive are the relations that filters follow to their ends.
func (t *Tenant) transitive() []store.Relation {
	if !t.Profile.IndirectGroups {
		return nil
	}
	return []store.Relation{store.Member}
}

// appendCollections adds the collections of a resource as members of its wire
// form, each followed by a comma.
func (r *renderer) appendCollections(dst []byte, rt *schema.ResourceType, links []store.Link) []byte {
	for _, col := range collections[rt.Name] {
		some := false
		for i := range links {
			l := &links[i]
			if l.Relation != col.relation || l.Reverse != col.reverse {
				continue
			}
			if some {
				dst = append(dst, ',')
			} else {
				dst = append(dst, '"')
				dst = append(dst, col.name...)
				dst = append(dst, `":[`...)
			}
			some = true
			dst = r.appendElement(dst, &col, l)
		}
		if some {
			dst = append(dst, "],"...)
		}
	}
	return dst
}

// appendElement adds one element: the id and the URI of the other side, what it
// is called, and what it is or how it is reached.
func (r *renderer) appendElement(dst []byte, col *collection, l *store.Link) []byte {
	dst = append(dst, `{"value":`...)
	dst = resource.AppendString(dst, l.ID)
	dst = append(dst, `,"$ref":"`...)
	dst = appendLocation(dst, r.call.Base, l.Type, l.ID)
	dst = append(dst, '"')
	if kind := col.kind(r.call.Tenant.Profile, l); kind != "" {
		dst = append(dst, `,"type":`...)
		dst = resource.AppendString(dst, kind)
	}
	if l.Display != "" {
		dst = append(dst, `,"display":`...)
		dst = resource.AppendString(dst, l.Display)
	}
	return append(dst, '}')
}

// kind is the type of an element: the resource type of a member, how a user is
// in a group, "" where the profile does not tell.
func (col *collection) kind(p *Profile, l *store.Link) string {
	switch {
	case !col.reverse:
		return l.Type.Name
	case !p.GroupTypes:
		return ""
	case l.Indirect:
		return "indirect"
	}
	return "direct"
}
