package scim

import (
	"slices"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// reference is an attribute whose value is the id of another resource: a link in
// the store while that resource exists. The document keeps the value; of a
// complex attribute, $ref and display are derived from the link when the
// resource is read, so that they are never stale (R7643-4.3-03).
type reference struct {
	relation  store.Relation
	urn, name string   // the attribute
	value     string   // the sub-attribute with the id; "" for a simple attribute
	display   string   // the sub-attribute that shows the other side's name
	targets   []string // resource type names
	mustExist func(*Profile) bool
	marker    []byte // bytes that a document with the attribute contains
	// end references are links that the resource is made with and keeps.
	end bool
	// creator references name the user who makes the resource.
	creator bool
}

func always(*Profile) bool { return true }

func never(*Profile) bool { return false }

const enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// references by resource type name.
var references = map[string][]reference{
	"User": {{
		relation: store.Manager, urn: enterpriseURN, name: "manager", value: "value", display: "displayName",
		targets: []string{"User"}, mustExist: func(p *Profile) bool { return p.ManagerMustExist },
		marker: []byte(`"manager":{`),
	}},
	"Container": {{
		relation: store.Owner, name: "owner", value: "value", display: "display", targets: []string{"User"}, mustExist: never,
		marker: []byte(`"owner":{`), end: true, creator: true,
	}},
	"PrivilegedData": {{
		relation: store.Safe, urn: accountURN, name: "safe", targets: []string{"Container"}, mustExist: always, end: true,
	}},
}

func (r *reference) attribute(rt *schema.ResourceType) *schema.Attribute {
	return rt.Lookup(r.urn, r.name, r.value)
}

// derived reports whether a sub-attribute shows what a reference leads to.
func derived(rt *schema.ResourceType, sub *schema.Attribute) bool {
	return slices.ContainsFunc(references[rt.Name], func(r reference) bool {
		return r.display != "" && sub.Parent == r.attribute(rt).Parent && (sub.Name == "$ref" || sub.Name == r.display)
	})
}

// container is the path of the object that the derived members go into.
func (r *reference) container() []string {
	if r.urn == "" {
		return []string{r.name}
	}
	return []string{r.urn, r.name}
}

// endReferences finds what the references of a new resource lead to that it
// keeps, and puts the ids into its tree as they are spelled.
func (c *Call) endReferences(tx store.Tx, r *store.Resource) ([]store.Link, error) {
	var out []store.Link
	for _, ref := range references[r.Type.Name] {
		if !ref.end {
			continue
		}
		a := ref.attribute(r.Type)
		id := getAttribute(r.Body, a).Str()
		if ref.creator {
			id = c.Principal.ID
		}
		var links []store.Link
		if plausibleID(id) {
			var err error
			if links, err = tx.Find(ref.types(c.Tenant.Registry), []string{id}); err != nil {
				return nil, err
			}
		}
		if len(links) == 0 {
			if ref.mustExist(c.Tenant.Profile) {
				return nil, unknownReference(a)
			}
			continue
		}
		setAttribute(r.Body, a, resource.Text(links[0].ID))
		links[0].Relation = ref.relation
		out = append(out, links[0])
	}
	return out, nil
}

func unknownReference(a *schema.Attribute) error {
	return scimerr.InvalidValue(a.Path, "%s names a resource that does not exist.", a.Path)
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
		if ref.end || old.Equal(now) {
			continue
		}
		var links []store.Link
		if id := now.Str(); id != "" {
			var err error
			if links, err = tx.Find(ref.types(t.Registry), []string{id}); err != nil {
				return err
			}
			if len(links) == 0 && ref.mustExist(t.Profile) {
				return unknownReference(a)
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

// want asks for the edge of a reference.
func (r *reference) want(t *Tenant) store.Want {
	return store.Want{Relation: r.relation, Types: r.types(t.Registry), Holds: r.marker}
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
			if ref.display == "" || l.Relation != ref.relation || l.Reverse {
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
