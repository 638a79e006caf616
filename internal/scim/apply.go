package scim

import (
	"slices"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
)

// applier applies the steps of a PATCH to a resource's tree, in order, each to
// the result of the one before (RFC 7644 §3.5.2).
type applier struct {
	*shaper
	call *Call
	rt   *schema.ResourceType
	ids  []string // by which clients call the resource
	tree *resource.Members
	// work counts the elements visited so far.
	work int
}

func (a *applier) apply(st *step) error {
	if st.path == nil {
		return a.shaper.unknownIn(a.tree, st.ext, st.unknown, st.value) // remove has no value
	}
	if st.col != nil {
		return nil // not in the tree: edges.apply
	}
	if st.path.Extension != nil {
		return a.applyExtension(st)
	}
	attr, sub := st.path.Attr, st.path.Sub
	leaf := attr
	if sub != nil {
		leaf = sub
	}
	if attr.Path == "schemas" && st.op != opRemove {
		return nil // schemas follows from the data (R7644-3.5.2-21)
	}
	if attr.Mutability == schema.ReadOnly || leaf.Mutability == schema.ReadOnly {
		if st.bare && a.unchanged(attr, sub, st.value) {
			return nil
		}
		return scimerr.Mutability(leaf.Path, "%s is read-only.", leaf.Path)
	}
	if st.op == opRemove && leaf.Required && !leaf.EmptyIsValue && st.path.Where == nil {
		return scimerr.Mutability(leaf.Path, "%s is required and cannot be removed.", leaf.Path)
	}
	a.shaper.lists = st.op == opAdd
	switch {
	case attr.MultiValued:
		return a.applyMulti(st)
	case st.path.Where != nil:
		return a.applySelectedSingle(st)
	case st.op == opRemove:
		return a.assignLeaf(leaf, resource.Value{})
	case sub == nil && attr.Type == schema.Complex:
		return a.applyComplex(attr, st)
	}
	v, err := a.shaper.value(leaf, st.value)
	if err != nil {
		return err
	}
	return a.assignLeaf(leaf, v)
}

// unchanged reports whether a read-only member of a path-less value repeats
// what the resource has. What is derived is passed over, be it groups or what a
// reference shows of the other side: it may have changed since the client read it.
func (a *applier) unchanged(attr, sub *schema.Attribute, v resource.Value) bool {
	switch {
	case attr.Path == "id":
		return slices.ContainsFunc(a.ids, func(id string) bool { return a.call.sameID(a.rt, id, v.Str()) })
	case attr.MultiValued || sub != nil && derived(a.rt, sub):
		return true
	case sub != nil:
		return same(sub, getAttribute(a.tree, sub), v)
	case attr.Type != schema.Complex || v.Unassigned():
		return same(attr, getAttribute(a.tree, attr), v)
	}
	for name, x := range v.Members().All() {
		if s := attr.SubAttribute(name); s == nil || !a.unchanged(attr, s, x) {
			return false
		}
	}
	return v.Kind() == resource.Object
}

// assignLeaf sets a leaf; an immutable one only once.
func (a *applier) assignLeaf(leaf *schema.Attribute, v resource.Value) error {
	old := getAttribute(a.tree, leaf)
	if err := settable(leaf, old, v); err != nil {
		return err
	}
	if leaf.Mutability == schema.Immutable && !old.Unassigned() {
		return nil // it stays as it is spelled
	}
	setAttribute(a.tree, leaf, v)
	return nil
}

// applyExtension adds, replaces or removes a whole extension by its URN.
func (a *applier) applyExtension(st *step) error {
	ext := st.path.Extension
	if st.op == opRemove || st.given && st.value.IsNull() {
		for _, attr := range ext.Attributes {
			if attr.Mutability == schema.ReadOnly && !getAttribute(a.tree, attr).Unassigned() {
				return scimerr.Mutability(attr.Path, "%s is read-only.", attr.Path)
			}
		}
		a.tree.Delete(ext.ID)
		return nil
	}
	pc := patchCompiler{rt: a.rt, shaper: a.shaper}
	if err := pc.extension(st.op, ext, st.value); err != nil {
		return err
	}
	for i := range pc.steps {
		if err := a.apply(&pc.steps[i]); err != nil {
			return err
		}
	}
	return nil
}

// applyComplex adds to or replaces a single-valued complex attribute: the
// sub-attributes that the value names change, the others stay
// (R7644-3.5.2.1-03, R7644-3.5.2.3-05).
func (a *applier) applyComplex(attr *schema.Attribute, st *step) error {
	if st.value.Unassigned() {
		return a.assignLeaf(attr, resource.Value{})
	}
	shaped, err := a.shaper.value(attr, st.value)
	if err != nil {
		return err
	}
	before := getAttribute(a.tree, attr)
	merged := merge(before.Members(), shaped.Members())
	for name, x := range st.value.Members().All() {
		if sub := attr.SubAttribute(name); sub != nil && x.Unassigned() && sub.Mutability != schema.ReadOnly && a.shaper.offers(sub) {
			merged.Delete(sub.Name)
		}
	}
	if err := settableMembers(attr, before.Members(), merged); err != nil {
		return err
	}
	inner := container(a.tree, attr.Extension)
	put(inner, attr.Name, resource.Of(merged))
	putContainer(a.tree, attr.Extension, inner)
	return nil
}

// applySelectedSingle applies a value path to a single-valued complex
// attribute: the filter tests the one value (idp-clients Q-36).
func (a *applier) applySelectedSingle(st *step) error {
	attr := st.path.Attr
	cur := getAttribute(a.tree, attr)
	if cur.Unassigned() || !filter.MatchElement(st.path.Where, attr, cur) {
		if st.op == opRemove {
			return nil
		}
		return noMatch(attr)
	}
	plain := *st
	plain.path = &filter.Path{Attr: attr, Sub: st.path.Sub}
	return a.apply(&plain)
}

func noMatch(attr *schema.Attribute) error {
	return scimerr.NoTarget(attr.Path, "No element of %s matches the filter in the path.", attr.Path)
}
