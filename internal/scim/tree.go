package scim

import (
	"strings"

	"slices"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
)

// This file reads and changes attributes in a resource's tree: core attributes
// at the top, extension attributes in the object under their URN.

// container is the object in which the members of an extension stand; the tree
// itself for "".
func container(m *resource.Members, extension string) *resource.Members {
	if extension == "" {
		return m
	}
	if v, ok := m.Get(extension); ok && v.Kind() == resource.Object {
		return v.Members()
	}
	return &resource.Members{}
}

// putContainer puts an extension object back, or removes it when it is empty.
func putContainer(m *resource.Members, extension string, inner *resource.Members) {
	switch {
	case extension == "":
	case inner.Len() == 0:
		m.Delete(extension)
	default:
		m.Set(extension, resource.Of(inner))
	}
}

// spelling is how a member is named in m already, in whatever letter case; else
// name itself. Names that no schema spells (open extensions, kept unknown
// attributes) are told apart without letter case too (RFC 7643 §2.1).
func spelling(m *resource.Members, name string) string {
	if _, ok := m.Get(name); ok {
		return name
	}
	for n := range m.All() {
		if strings.EqualFold(n, name) {
			return n
		}
	}
	return name
}

// getAttribute reads a top-level attribute, or a sub-attribute of a
// single-valued complex one; null when it is unassigned.
func getAttribute(m *resource.Members, a *schema.Attribute) resource.Value {
	inner := container(m, a.Extension)
	v, ok := inner.Get(a.Top().Name)
	if !ok && a.Type == schema.Any {
		v, _ = inner.GetFold(a.Name)
	}
	if a.Parent == nil {
		return v
	}
	sub, _ := v.Members().Get(a.Name)
	return sub
}

// holds reports whether an attribute has a value: a sub-attribute of a
// multi-valued one has it when one element does.
func holds(m *resource.Members, a *schema.Attribute) bool {
	if !getAttribute(m, a).Unassigned() {
		return true
	}
	if a.Parent == nil {
		return false
	}
	return slices.ContainsFunc(getAttribute(m, a.Parent).Items(), func(e resource.Value) bool {
		v, _ := e.Members().Get(a.Name)
		return !v.Unassigned()
	})
}

// setAttribute assigns a top-level attribute, or a sub-attribute of a
// single-valued complex one; an unassigned value removes it, and its parent
// with the last sub-attribute. A complex value merges into what is there.
func setAttribute(m *resource.Members, a *schema.Attribute, v resource.Value) {
	inner := container(m, a.Extension)
	if a.Parent != nil {
		cur, _ := inner.Get(a.Parent.Name)
		parent := cur.Members().Clone()
		put(parent, a.Name, v)
		put(inner, a.Parent.Name, resource.Of(parent))
	} else {
		if cur, ok := inner.Get(a.Name); ok && a.Type == schema.Complex && !a.MultiValued && !v.Unassigned() {
			v = resource.Of(merge(cur.Members(), v.Members()))
		}
		if a.EmptyIsValue && v.Kind() == resource.Array {
			inner.Set(a.Name, v)
		} else {
			put(inner, a.Name, v)
		}
	}
	putContainer(m, a.Extension, inner)
}

// same reports whether two values of an attribute are equal by its own
// comparison.
func same(a *schema.Attribute, v, w resource.Value) bool {
	return v.Equal(w) || a.Type == schema.String && !a.CaseExact && v.Kind() == resource.String &&
		w.Kind() == resource.String && schema.Fold(v.Str()) == schema.Fold(w.Str())
}

// put sets or, when v is unassigned, deletes a member.
func put(m *resource.Members, name string, v resource.Value) {
	name = spelling(m, name)
	if v.Unassigned() {
		m.Delete(name)
		return
	}
	m.Set(name, v)
}

// merge is base with the members of over put on top.
func merge(base, over *resource.Members) *resource.Members {
	out := base.Clone()
	for name, v := range over.All() {
		out.Set(spelling(out, name), v)
	}
	return out
}

// identity is what makes two elements of a multi-valued attribute the same:
// type and value (RFC 7643 §2.4), or the whole element when it has no value;
// unless the schema names a sub-attribute for it.
func identity(a *schema.Attribute, v resource.Value) string {
	if a.Type != schema.Complex {
		return string(resource.AppendJSON(nil, v))
	}
	if a.Identity != nil {
		key, _ := v.Members().Get(a.Identity.Name)
		return schema.TextKey(key.Str(), a.Identity.CaseExact)
	}
	value, ok := v.Members().Get("value")
	if !ok {
		return string(resource.AppendJSON([]byte{'e'}, without(v, "primary")))
	}
	sub := a.SubAttribute("value")
	typ, _ := v.Members().Get("type")
	key := value.Str()
	if sub != nil {
		key = schema.TextKey(key, sub.CaseExact)
	}
	return "v" + schema.Fold(typ.Str()) + "\x00" + key
}

func isPrimary(v resource.Value) bool {
	p, _ := v.Members().Get("primary")
	return p.Bool()
}

// without is v less one member.
func without(v resource.Value, name string) resource.Value {
	m := v.Members().Clone()
	m.Delete(name)
	return resource.Of(m)
}

// with is v with one member set.
func with(v resource.Value, name string, x resource.Value) resource.Value {
	m := v.Members().Clone()
	m.Set(name, x)
	return resource.Of(m)
}

// distinct leaves one of the elements of each multi-valued attribute that have
// the same type and value (RFC 7643 §2.4); what the later ones say besides goes
// to the first.
func distinct(rt *schema.ResourceType, m *resource.Members) {
	for a := range rt.Attributes() {
		if !a.MultiValued {
			continue
		}
		items := getAttribute(m, a).Items()
		if len(items) < 2 {
			continue
		}
		at := make(map[string]int, len(items))
		list := make([]resource.Value, 0, len(items))
		for _, x := range items {
			key := identity(a, x)
			i, again := at[key]
			switch {
			case !again:
				at[key] = len(list)
				list = append(list, x)
			case a.Type == schema.Complex:
				list[i] = resource.Of(merge(x.Members(), list[i].Members()))
				if isPrimary(x) {
					list[i] = with(list[i], "primary", resource.Truth(true))
				}
			}
		}
		if len(list) < len(items) {
			setAttribute(m, a, resource.List(list...))
		}
	}
}
