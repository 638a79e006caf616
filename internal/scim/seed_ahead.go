package scim

import (
	"context"
	"slices"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// This file tells, before the first batch of a large seed goes in, what the tenant
// would refuse in the middle.

// Ahead looks up what a batch names and what is taken, and changes nothing. names are
// those of the whole seed. What it does not see is what only a change itself shows,
// such as groups that would be in themselves.
func (x *Seeding) Ahead(ctx context.Context, batch []*Seeded, names *SeedNames) error {
	ix, err := x.index(ctx, batch)
	if err != nil {
		return err
	}
	if err := ix.match(batch); err != nil {
		return err
	}
	if err := x.lookUpTaken(ctx, ix, batch); err != nil {
		return err
	}
	var errs SeedErrors
	type asked struct {
		e   *Seeded
		ref *seedRef
	}
	var open []asked
	ids := map[*schema.ResourceType][]string{}
	for _, e := range batch {
		if k, ok := nameOf(e.Type, e.callName()); ok && e.id != "" && uniquelyCalled(e.Type) {
			for _, f := range ix.stored[k] {
				if id := keyOf(e.Type, f.id); id != keyOf(e.Type, e.id) && !names.all.ids[id] { // one that the seed describes may give it up
					errs.add(e, called[e.Type.Name], scimerr.Uniqueness(called[e.Type.Name]))
				}
			}
		}
		for i := range e.refs {
			ref := &e.refs[i]
			if !x.mustLead(ref) || names.has(ref) || ref.name != "" && ix.count(ref) > 0 {
				continue
			}
			open = append(open, asked{e, ref})
			for _, rt := range ref.types {
				if ref.id != "" {
					ids[rt] = append(ids[rt], ref.id)
				}
			}
		}
	}
	there := map[idKey]bool{}
	for rt, list := range ids {
		links, err := x.find(ctx, rt, list)
		if err != nil {
			return err
		}
		for _, l := range links {
			there[keyOf(rt, l.ID)] = true
		}
	}
	for _, a := range open {
		if !slices.ContainsFunc(a.ref.types, func(rt *schema.ResourceType) bool { return there[keyOf(rt, a.ref.id)] }) {
			errs.add(a.e, a.ref.path, x.unknown(a.ref))
		}
	}
	return errs.err()
}

// lookUpTaken looks for the names of resources that a batch knows by their ids: others
// may have them.
func (x *Seeding) lookUpTaken(ctx context.Context, ix *seedIndex, batch []*Seeded) error {
	wanted := map[*schema.ResourceType][]string{}
	for _, e := range batch {
		if k, ok := nameOf(e.Type, e.callName()); ok && e.id != "" && uniquelyCalled(e.Type) && !derivedID(e.Type) {
			if _, asked := ix.stored[k]; !asked {
				ix.stored[k] = nil
				wanted[e.Type] = append(wanted[e.Type], e.callName())
			}
		}
	}
	return x.lookUpAll(ctx, ix, wanted)
}

// has tells that a seed has what one of its resources names.
func (n *SeedNames) has(ref *seedRef) bool {
	return ref.name != "" && ref.name == n.own || slices.ContainsFunc(ref.types, func(rt *schema.ResourceType) bool {
		k, ok := nameOf(rt, ref.name)
		return ok && ref.name != "" && n.names[k] > 0 || ref.id != "" && n.all.ids[keyOf(rt, ref.id)]
	})
}

// find gives those of the ids that are there, outside a batch's transaction.
func (x *Seeding) find(ctx context.Context, rt *schema.ResourceType, ids []string) (there []store.Link, err error) {
	err = x.s.store.Do(ctx, x.c.Tenant.Space, func(tx store.Tx) error {
		there = nil
		for part := range slices.Chunk(ids, 1000) {
			links, err := tx.Find([]*schema.ResourceType{rt}, part)
			if err != nil {
				return err
			}
			there = append(there, links...)
		}
		return nil
	})
	return there, err
}
