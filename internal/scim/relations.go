package scim

import (
	"slices"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// reference is a single-valued complex attribute whose value is the id of
// another resource: an edge in the store while that resource exists. The
// document keeps the value as sent; $ref and display are derived from the edge
// when the resource is read, so that they are never stale (R7643-4.3-03).
type reference struct {
	relation  store.Relation
	urn, name string   // the attribute
	display   string   // the sub-attribute that shows the other side's name
	targets   []string // resource type names
	mustExist func(*Profile) bool
	marker    []byte // bytes that a document with the attribute contains
}

const enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// references by resource type name.
var references = map[string][]reference{
	"User": {{
		relation: store.Manager, urn: enterpriseURN, name: "manager", display: "displayName",
		targets: []string{"User"}, mustExist: func(p *Profile) bool { return p.ManagerMustExist },
		marker: []byte(`"manager":{`),
	}},
}

func (r *reference) attribute(rt *schema.ResourceType) *schema.Attribute {
	return rt.Lookup(r.urn, r.name, "value")
}

// container is the path of the object that the derived members go into.
func (r *reference) container() []string {
	if r.urn == "" {
		return []string{r.name}
	}
	return []string{r.urn, r.name}
}

// saveReferences brings the edges of a resource in line with its tree. before
// is nil on create.
func saveReferences(tx store.Tx, t *Tenant, rt *schema.ResourceType, seq int64, before, after *resource.Members) error {
	for _, ref := range references[rt.Name] {
		a := ref.attribute(rt)
		old, now := resource.Value{}, getAttribute(after, a)
		if before != nil {
			old = getAttribute(before, a)
		}
		if old.Equal(now) {
			continue
		}
		var links []store.Link
		if id := now.Str(); id != "" {
			var err error
			if links, err = tx.Find(ref.types(t.Registry), []string{id}); err != nil {
				return err
			}
			if len(links) == 0 && ref.mustExist(t.Profile) {
				return scimerr.InvalidValue(a.Path, "%s names a resource that does not exist.", a.Path)
			}
		}
		if _, err := tx.SetLinks(ref.relation, seq, links); err != nil {
			return err
		}
	}
	return nil
}

func (r *reference) types(reg *schema.Registry) []*schema.ResourceType {
	return typesOf(reg, r.targets)
}

// refers reports whether a reference of the type is among the links.
func refers(rt *schema.ResourceType, links []store.Link) bool {
	for _, ref := range references[rt.Name] {
		if slices.ContainsFunc(links, func(l store.Link) bool { return l.Relation == ref.relation && !l.Reverse }) {
			return true
		}
	}
	return false
}

// appendReferences puts $ref and the display name into the reference objects
// of a resource's wire form.
func (r *renderer) appendReferences(wire []byte, rt *schema.ResourceType, links []store.Link) []byte {
	for _, ref := range references[rt.Name] {
		for i := range links {
			l := &links[i]
			if l.Relation != ref.relation || l.Reverse {
				continue
			}
			r.members = append(r.members[:0], `"$ref":"`...)
			r.members = appendLocation(r.members, r.call.Base, l.Type, l.ID)
			r.members = append(r.members, '"')
			if l.Display != "" {
				r.members = append(r.members, `,"`...)
				r.members = append(r.members, ref.display...)
				r.members = append(r.members, `":`...)
				r.members = resource.AppendString(r.members, l.Display)
			}
			r.spare = resource.InsertInto(r.spare[:0], wire, ref.container(), r.members)
			wire, r.spare = r.spare, wire
			break
		}
	}
	return wire
}
