package scim

import (
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
)

// This file keeps what is immutable: a value may be set once, and neither be
// changed nor removed after that (RFC 7643 §7, R7644-3.5.2-16).

// settable refuses another value for an immutable attribute that has one. What
// tells the elements of a list apart is immutable in each of them: under another
// key it would be another element.
func settable(a *schema.Attribute, old, now resource.Value) error {
	if a.Mutability != schema.Immutable && !a.IsIdentity() || old.Unassigned() || same(a, old, now) {
		return nil
	}
	return scimerr.Mutability(a.Path, "%s is immutable and has another value already.", a.Path)
}

// settableMembers is settable for each sub-attribute of one complex value.
func settableMembers(a *schema.Attribute, old, now *resource.Members) error {
	for _, sub := range a.Sub {
		before, _ := old.Get(sub.Name)
		after, _ := now.Get(sub.Name)
		if err := settable(sub, before, after); err != nil {
			return err
		}
	}
	return nil
}

// immutableElement refuses to change what an element of a collection says: it
// follows from the other side (R7643-4.2-02).
func immutableElement(sub *schema.Attribute) error {
	return scimerr.Mutability(sub.Path, "%s is immutable: add or remove whole elements of %s.", sub.Path, sub.Parent.Path)
}

// keepImmutable brings the immutable attributes of a PUT in line with what is
// stored: those that it leaves out stay; another value is refused, or with ignore
// passed over.
func keepImmutable(rt *schema.ResourceType, before, after *resource.Members, ignore bool) error {
	keep := func(a *schema.Attribute) error {
		old, now := getAttribute(before, a), getAttribute(after, a)
		if a.Mutability != schema.Immutable || old.Unassigned() {
			return nil
		}
		if !ignore && !now.Unassigned() {
			if err := settable(a, old, now); err != nil {
				return err
			}
		}
		setAttribute(after, a, old)
		return nil
	}
	for a := range rt.Attributes() {
		if a.Type == schema.Complex && !a.MultiValued {
			for _, sub := range a.Sub {
				if err := keep(sub); err != nil {
					return err
				}
			}
		}
		if err := keep(a); err != nil {
			return err
		}
	}
	return nil
}
