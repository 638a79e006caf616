package scim

import (
	"slices"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// linkAttr is a complex attribute whose values are links in the store and
// nowhere in the document, so that a change of some costs as much as they are,
// and what a value shows of the other side is never stale.
type linkAttr struct {
	name     string // a core attribute
	relation store.Relation
	// reverse attributes show the links that lead here: they are read-only.
	reverse bool
	// single attributes have one value, which the resource is made with and
	// keeps. Of those with the same relation a resource has exactly one.
	single bool
	// nested links are followed on from the far side where the profile says so.
	nested bool
	// targets are the resource type names of the other side, in the order in
	// which they are looked for and locked.
	targets []string
	// shows are the sub-attributes of a value, in their order.
	shows []showing
	// noun is what the tenant's error text calls one that is not there.
	noun string
}

// showing is a sub-attribute and what it shows of the other side.
type showing struct {
	sub  string
	what aspect
}

// aspect is something to say of the other side of a link.
type aspect uint8

const (
	farID aspect = iota
	farURI
	farName // what it is called
	farKind // what it is, or how it is reached
)

var (
	valueAndRef = []showing{{"value", farID}, {"$ref", farURI}}
	withKind    = append(valueAndRef[:2:2], showing{"type", farKind}, showing{"display", farName})
	withDisplay = append(valueAndRef[:2:2], showing{"display", farName})
	withName    = append(valueAndRef[:2:2], showing{"name", farName}, showing{"display", farName})
)

// linkAttrs by resource type name (RFC 7643 §4.1.2, §4.2; cyberark-scim 10 to 13).
var linkAttrs = map[string][]linkAttr{
	"User":  {{name: "groups", relation: store.Member, reverse: true, nested: true, targets: []string{"Group"}, shows: withKind}},
	"Group": {{name: "members", relation: store.Member, targets: []string{"User", "Group"}, shows: withKind, noun: "Member"}},
	"Container": {
		{name: "privilegedData", relation: store.Safe, reverse: true, targets: []string{"PrivilegedData"}, shows: withDisplay},
	},
	"ContainerPermission": {
		{name: "container", relation: store.Target, single: true, targets: []string{"Container"}, shows: withName, noun: "Container"},
		{name: "user", relation: store.Grantee, single: true, targets: []string{"User"}, shows: withDisplay, noun: "Member"},
		{name: "group", relation: store.Grantee, single: true, targets: []string{"Group"}, shows: withDisplay, noun: "Member"},
	},
	"PrivilegedDataPermission": {
		{name: "privilegedData", relation: store.Target, single: true, targets: []string{"PrivilegedData"}, shows: withName, noun: "Privileged data"},
		{name: "user", relation: store.Grantee, single: true, targets: []string{"User"}, shows: withDisplay, noun: "Member"},
		{name: "group", relation: store.Grantee, single: true, targets: []string{"Group"}, shows: withDisplay, noun: "Member"},
	},
}

// writable is what clients change through an attribute, or nil.
func writable(rt *schema.ResourceType, a *schema.Attribute) *linkAttr {
	if a == nil || a.Parent != nil || a.Extension != "" {
		return nil
	}
	list := linkAttrs[rt.Name]
	for i := range list {
		if list[i].name == a.Name && !list[i].reverse {
			return &list[i]
		}
	}
	return nil
}

// reaches tells that the links lead to resources of a type.
func (col *linkAttr) reaches(rt *schema.ResourceType) bool {
	return slices.Contains(col.targets, rt.Name)
}

// of tells that a link is one of the attribute.
func (col *linkAttr) of(l *store.Link) bool {
	return l.Relation == col.relation && l.Reverse == col.reverse && (!col.single || col.reaches(l.Type))
}

// types are the resource types of the other side.
func (col *linkAttr) types(reg *schema.Registry) []*schema.ResourceType {
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
	for _, list := range linkAttrs {
		for _, col := range list {
			if !col.reverse && !col.single && col.reaches(rt) && !slices.Contains(out, col.relation) {
				out = append(out, col.relation)
			}
		}
	}
	return out
}

// want asks for the links of an attribute.
func (col *linkAttr) want(t *Tenant) store.Want {
	return store.Want{
		Relation: col.relation, Reverse: col.reverse, Transitive: col.nested && t.Profile.IndirectGroups, Types: col.types(t.Registry),
	}
}

// wants are the links that a read of the type needs, unless the projection
// leaves out what they give.
func (c *Call) wants(rt *schema.ResourceType, proj *resource.Projection) []store.Want {
	var out []store.Want
	for _, ref := range references[rt.Name] {
		if ref.display != "" && keeps(proj, ref.container()...) {
			out = append(out, ref.want(c.Tenant))
		}
	}
	for _, col := range linkAttrs[rt.Name] {
		if keeps(proj, col.name) {
			out = appendWant(out, col.want(c.Tenant))
		}
	}
	if c.aliased(rt) {
		out = append(out, store.Want{Alias: true})
	}
	return out
}

// appendWant adds what is not there yet: attributes may share a relation.
func appendWant(list []store.Want, w store.Want) []store.Want {
	i := slices.IndexFunc(list, func(x store.Want) bool { return x.Relation == w.Relation && x.Reverse == w.Reverse })
	if i < 0 {
		return append(list, w)
	}
	list[i].Types = append(list[i].Types, w.Types...)
	return list
}

// judged are the links that a filter and an order need to see: those of an
// attribute only where one of them is about it.
func judged(t *Tenant, rt *schema.ResourceType, p filter.Predicate, by *schema.Attribute) []store.Want {
	var out []store.Want
	for _, ref := range references[rt.Name] {
		if ref.display != "" {
			out = append(out, ref.want(t))
		}
	}
	for _, col := range linkAttrs[rt.Name] {
		if a := rt.Core(col.name); about(p, a) || by != nil && by.Top() == a {
			out = appendWant(out, col.want(t))
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

// appendLinked adds the link attributes of a resource as members of its wire
// form, each followed by a comma.
func (r *renderer) appendLinked(dst []byte, rt *schema.ResourceType, links []store.Link) []byte {
	list := linkAttrs[rt.Name]
	for i := range list {
		before := len(dst)
		if dst = r.appendLinks(dst, &list[i], links); len(dst) > before {
			dst = append(dst, ',')
		}
	}
	return dst
}

// appendLinks adds those links that are values of an attribute as a member of
// that name; without any there is none.
func (r *renderer) appendLinks(dst []byte, col *linkAttr, links []store.Link) []byte {
	some := false
	for i := range links {
		l := &links[i]
		if !col.of(l) {
			continue
		}
		if some {
			dst = append(dst, ',')
		} else {
			dst = append(dst, '"')
			dst = append(dst, col.name...)
			dst = append(dst, `":`...)
			if !col.single {
				dst = append(dst, '[')
			}
		}
		some = true
		dst = r.appendValue(dst, col, l)
	}
	if some && !col.single {
		dst = append(dst, ']')
	}
	return dst
}

// appendValue adds one value: what it shows of the other side.
func (r *renderer) appendValue(dst []byte, col *linkAttr, l *store.Link) []byte {
	dst = append(dst, '{')
	for _, s := range col.shows {
		mark := len(dst)
		if dst[mark-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = append(dst, s.sub...)
		dst = append(dst, `":`...)
		if s.what == farURI {
			dst = append(dst, '"')
			dst = append(appendLocation(dst, r.call.Base, l.Type, r.call.farID(l)), '"')
			continue
		}
		text := col.aspect(r.call, l, s.what)
		if text == "" {
			dst = dst[:mark]
			continue
		}
		dst = resource.AppendString(dst, text)
	}
	return append(dst, '}')
}

// value is a link as a value of the attribute, for filters and orders to judge; it
// has the stored id, whatever clients see as such.
func (col *linkAttr) value(c *Call, l *store.Link) resource.Value {
	m := &resource.Members{}
	for _, s := range col.shows {
		var text string
		switch s.what {
		case farURI:
			text = location(c.Base, l.Type, c.farID(l))
		case farID:
			text = l.ID
		default:
			text = col.aspect(c, l, s.what)
		}
		m.Set(s.sub, resource.Text(text))
	}
	return resource.Of(m)
}

// aspect is what a sub-attribute shows, "" when there is nothing to show.
func (col *linkAttr) aspect(c *Call, l *store.Link, what aspect) string {
	switch what {
	case farID:
		return c.farID(l)
	case farName:
		return l.Display
	}
	return col.kind(c.Tenant.Profile, l)
}

// kind is the type of a value: the resource type of a member, how a user is in a
// group, "" where the profile does not tell.
func (col *linkAttr) kind(p *Profile, l *store.Link) string {
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
