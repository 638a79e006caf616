package scim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// This file reads how a resource of a seed names others.

// seedRef is another resource that one names: by its id, by its name, or by either.
type seedRef struct {
	path     string
	col      *linkAttr  // of a link attribute,
	ref      *reference // or of a reference
	types    []*schema.ResourceType
	id, name string
}

func (r *seedRef) said() string { return cmp.Or(r.name, r.id) }

// hard refs are ends that a resource is made with.
func (r *seedRef) hard() bool { return r.col != nil && r.col.single || r.ref != nil && r.ref.end }

// relation is the one that the ref is of.
func (r *seedRef) relation() store.Relation {
	if r.col != nil {
		return r.col.relation
	}
	return r.ref.relation
}

// links reads the link attributes, and takes them out. Those that show the links of
// others are passed over.
func (r *seedReader) links(raw *resource.Members) {
	list := linkAttrs[r.rt.Name]
	for i := range list {
		col := &list[i]
		v, ok := takeFold(raw, col.name)
		if !ok || col.reverse || v.Unassigned() {
			continue
		}
		types := col.types(r.t.Registry)
		if col.single {
			r.ref(seedRef{path: col.name, col: col, types: types}, v)
			continue
		}
		if v.Kind() != resource.Array {
			r.fault(col.name, scimerr.InvalidValue(col.name, "%s must be a list, not %s.", col.name, kindName(v)))
			continue
		}
		r.out.refs = slices.Grow(r.out.refs, len(v.Items()))
		for n, item := range v.Items() {
			r.ref(seedRef{path: col.name + "[" + fmt.Sprint(n) + "]", col: col, types: types}, item)
		}
	}
	if len(r.faults) > 0 {
		return
	}
	for _, choice := range alternatives(r.rt) {
		var names []string
		given := 0
		for _, col := range choice {
			names = append(names, col.name)
			for _, ref := range r.out.refs {
				if ref.col == col {
					given++
				}
			}
		}
		if given != 1 {
			r.fault("", scimerr.InvalidValue(names[0], "A %s needs %s, once.", r.rt.Name, strings.Join(names, " or ")))
		}
	}
}

// ref reads what names another resource: an object with its id as value, or with
// its name as display or name; or a text, which is a name or an id.
func (r *seedReader) ref(ref seedRef, v resource.Value) {
	wrong := func(format string, args ...any) { r.fault(ref.path, scimerr.InvalidValue(ref.path, format, args...)) }
	switch v.Kind() {
	case resource.String:
		ref.id, ref.name = v.Str(), v.Str()
	case resource.Object:
		uri := ""
		for name, x := range v.Members().All() {
			if x.IsNull() {
				continue
			}
			if x.Kind() != resource.String {
				wrong("%s of a reference must be a text, not %s; write it in quotes.", name, kindName(x))
				return
			}
			switch strings.ToLower(name) {
			case "value":
				ref.id = x.Str()
			case "$ref":
				uri = x.Str()
			case "display", "displayname", "name", "username":
				ref.name = cmp.Or(ref.name, x.Str())
			case "type":
				of := slices.IndexFunc(ref.types, func(rt *schema.ResourceType) bool { return strings.EqualFold(rt.Name, x.Str()) })
				if of < 0 {
					wrong("%s can be of no type %q here.", ref.path, x.Str())
					return
				}
				ref.types = ref.types[of : of+1]
			default:
				wrong("A reference has a value or a display, and perhaps a type, but no %s.", name)
				return
			}
		}
		if ref.id = cmp.Or(ref.id, lastSegment(uri)); ref.id != "" {
			ref.name = ""
		}
	default:
		wrong("%s must name a resource by a text, or by an object with its value or its display, not by %s.", ref.path, kindName(v))
		return
	}
	if ref.said() == "" || ref.name == "" && !plausibleID(ref.id) {
		wrong("%s names no resource.", ref.path)
		return
	}
	if !plausibleID(ref.id) {
		ref.id = ""
	}
	r.out.refs = append(r.out.refs, ref)
}

// references reads those that a document keeps. In the tree they stand as ids; what
// is named otherwise stands there as it is named, until it is found.
func (r *seedReader) references(raw *resource.Members) {
	list := references[r.rt.Name]
	for i := range list {
		ref := &list[i]
		inner := raw
		if ref.urn != "" {
			x, _ := raw.GetFold(ref.urn)
			if inner = x.Members(); x.Kind() != resource.Object {
				continue
			}
		}
		v, ok := inner.GetFold(ref.name)
		if !ok || v.Unassigned() || v.Kind() != resource.String && v.Kind() != resource.Object {
			continue
		}
		path := strings.Join(ref.container(), ".")
		n := len(r.out.refs)
		r.ref(seedRef{path: path, ref: ref, types: ref.types(r.t.Registry)}, v)
		if len(r.out.refs) == n {
			inner.Delete(spelling(inner, ref.name))
			continue
		}
		named := r.out.refs[n]
		said := resource.Text(named.said())
		switch {
		case ref.value == "":
			v = said
		case v.Kind() == resource.Object && r.out.exact && named.name == "": // a name is shown, not stored
			v = with(without(v, "$ref"), ref.value, said)
		default:
			m := &resource.Members{}
			m.Set(ref.value, said)
			v = resource.Of(m)
		}
		inner.Set(spelling(inner, ref.name), v)
	}
}
