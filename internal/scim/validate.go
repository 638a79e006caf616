package scim

import (
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
)

// The message URNs of RFC 7644 §8.2.
const (
	urnListResponse  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	urnSearchRequest = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
	urnPatchOp       = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// schemasOf reads the schemas member of a body: a list of texts, or one text
// where the profile takes one for a list.
func schemasOf(p *Profile, in *resource.Members) (urns []string, given bool, err error) {
	v, ok := in.GetFold("schemas")
	if !ok || v.IsNull() {
		return nil, false, nil
	}
	if v.Kind() == resource.String && p.ObjectAsList {
		v = resource.List(v)
	}
	if v.Kind() != resource.Array {
		return nil, true, scimerr.InvalidSyntax("schemas", "schemas must be a list of URNs, not %s.", kindName(v))
	}
	for _, item := range v.Items() {
		if item.Kind() != resource.String {
			return nil, true, scimerr.InvalidSyntax("schemas", "schemas must be a list of URNs; it holds %s.", kindName(item))
		}
		urns = append(urns, item.Str())
	}
	return urns, true, nil
}

// checkMessage checks that a message body is of the kind that urn names. A
// profile that does not demand schemas lets a message without any pass.
func checkMessage(p *Profile, in *resource.Members, urn string) error {
	urns, given, err := schemasOf(p, in)
	switch {
	case err != nil:
		return err
	case !given && !p.RequireSchemas:
		return nil
	case !given:
		return scimerr.InvalidSyntax("schemas", "schemas must be given and hold %s.", urn)
	case !slices.ContainsFunc(urns, func(u string) bool { return strings.EqualFold(u, urn) }):
		return scimerr.InvalidSyntax("schemas", "schemas must hold %s.", urn)
	}
	return nil
}

// checkSchemas checks the schemas member of a resource body (RFC 7643 §3).
func checkSchemas(t *Tenant, rt *schema.ResourceType, in *resource.Members) error {
	urns, given, err := schemasOf(t.Profile, in)
	if err != nil {
		return err
	}
	if t.Profile.RequireSchemas {
		if !given || len(urns) == 0 {
			return scimerr.InvalidSyntax("schemas", "schemas must be given and hold %s.", rt.Schema.ID)
		}
		if !slices.ContainsFunc(urns, func(u string) bool { return strings.EqualFold(u, rt.Schema.ID) }) {
			return scimerr.InvalidValue("schemas", "schemas must hold %s.", rt.Schema.ID)
		}
	}
	for i, u := range urns {
		if rt.SchemaByURN(u) != nil || t.Profile.ForeignSchemas == "ignore" {
			continue
		}
		switch s := t.Registry.Schema(u); {
		case s != nil:
			return scimerr.InvalidValue("schemas", "%s is not a schema of %s.", s.ID, rt.Name)
		case t.Profile.ForeignSchemas == "rejectAll":
			return scimerr.InvalidValue("schemas", "The URN schemas[%d] is not a schema of %s.", i, rt.Name)
		}
	}
	return nil
}

// checkRequired checks that required attributes have a value (RFC 7643 §2.2,
// §6), also in extensions that are required or present.
func checkRequired(rt *schema.ResourceType, m *resource.Members) error {
	if err := requireAll(rt, rt.Schema.Attributes, m); err != nil {
		return err
	}
	for _, e := range rt.Extensions {
		inner := container(m, e.Schema.ID)
		if inner.Len() == 0 {
			if e.Required {
				return scimerr.InvalidValue(e.Schema.ID, "The extension %s is required.", e.Schema.ID)
			}
			continue
		}
		if err := requireAll(rt, e.Schema.Attributes, m); err != nil {
			return err
		}
	}
	return nil
}

func requireAll(rt *schema.ResourceType, attrs []*schema.Attribute, m *resource.Members) error {
	for _, a := range attrs {
		if writable(rt, a) != nil {
			continue // in no tree: see ends
		}
		v := getAttribute(m, a)
		if a.EmptyIsValue && v.Kind() == resource.Array {
			continue
		}
		if v.Unassigned() || v.Kind() == resource.String && strings.TrimSpace(v.Str()) == "" {
			if a.Required && a.Mutability != schema.ReadOnly {
				return scimerr.InvalidValue(a.Path, "%s is required and must not be empty.", a.Path)
			}
			continue
		}
		elements := []resource.Value{v}
		if a.MultiValued {
			elements = v.Items()
		}
		for _, sub := range a.Sub {
			if !sub.Required || sub.Mutability == schema.ReadOnly {
				continue
			}
			for _, e := range elements {
				if x, _ := e.Members().Get(sub.Name); x.Unassigned() {
					return scimerr.InvalidValue(sub.Path, "%s is required in %s.", sub.Name, a.Path)
				}
			}
		}
	}
	return nil
}

// withSchemas sets the schemas member: the core URN and each extension that has
// data (R7643-3-07).
func withSchemas(rt *schema.ResourceType, m *resource.Members) {
	urns := []resource.Value{resource.Text(rt.Schema.ID)}
	for _, e := range rt.Extensions {
		if container(m, e.Schema.ID).Len() > 0 {
			urns = append(urns, resource.Text(e.Schema.ID))
		}
	}
	m.Set("schemas", resource.List(urns...))
}

// maxMembers bounds the members of one object of a resource: the parser takes
// no more, and what PATCH builds up must be fit for a PUT.
const maxMembers = 1000

func checkSize(m *resource.Members) error {
	if m.Len() > maxMembers {
		return scimerr.TooLarge("The resource would have more than %d attributes.", maxMembers)
	}
	for name, v := range m.All() {
		if v.Members().Len() > maxMembers {
			return scimerr.TooLarge("%s would have more than %d members.", name, maxMembers)
		}
	}
	return nil
}
