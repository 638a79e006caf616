package scim

import (
	"slices"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// This file follows what the resources of a seed name, inside the transaction.

// idKey is an id of a type as ids compare.
type idKey struct {
	rt  *schema.ResourceType
	key string
}

func keyOf(rt *schema.ResourceType, id string) idKey {
	return idKey{rt, schema.TextKey(id, rt.IDCaseExact)}
}

// look finds in the database what refs lead to, by sets.
func (r *seedRun) look(list []*Seeded, which func(*seedRef) bool) error {
	wanted := map[*schema.ResourceType][]string{}
	asked := map[idKey]bool{}
	for _, e := range list {
		for i := range e.refs {
			ref := &e.refs[i]
			if !which(ref) {
				continue
			}
			for _, c := range r.candidates(ref) {
				if _, have := r.db[c.key()]; have || c.of != nil || asked[c.key()] {
					continue
				}
				asked[c.key()] = true
				wanted[c.rt] = append(wanted[c.rt], c.id)
			}
		}
	}
	for _, rt := range r.c.Tenant.Registry.Types {
		for part := range slices.Chunk(wanted[rt], 1000) {
			links, err := r.tx.Find([]*schema.ResourceType{rt}, part)
			if err != nil {
				return err
			}
			for _, l := range links {
				r.db[keyOf(rt, l.ID)] = l
			}
		}
	}
	return nil
}

// candidate is a resource that a ref may mean: of the batch, or with an id.
type candidate struct {
	rt *schema.ResourceType
	id string
	of *Seeded
}

func (c candidate) key() idKey { return keyOf(c.rt, c.id) }

// candidates are the resources that a ref may mean: those that are called so, or,
// when none is, those with the id.
func (r *seedRun) candidates(ref *seedRef) []candidate {
	var out []candidate
	add := func(c candidate) {
		if !slices.ContainsFunc(out, func(x candidate) bool { return x.of != nil && x.of == c.of || x.key() == c.key() && x.id != "" }) {
			out = append(out, c)
		}
	}
	if ref.name != "" {
		for _, rt := range ref.types {
			if id, ok := r.ix.served[ref.name]; ok && rt.Name == ServiceUserType {
				return []candidate{{rt: rt, id: id}}
			}
			k, ok := nameOf(rt, ref.name)
			if !ok {
				continue
			}
			for _, e := range r.ix.byName[k] {
				add(candidate{rt: rt, id: e.state.link.ID, of: e})
			}
			for _, f := range r.ix.stored[k] {
				if e := r.ix.byID[keyOf(rt, f.id)]; e == nil {
					add(candidate{rt: rt, id: f.id})
				}
			}
		}
	}
	if len(out) > 0 || ref.id == "" {
		return out
	}
	for _, rt := range ref.types {
		add(candidate{rt: rt, id: ref.id, of: r.ix.byID[keyOf(rt, ref.id)]})
	}
	return out
}

// follow is the resource that a ref leads to; ok is false when there is none.
func (r *seedRun) follow(e *Seeded, ref *seedRef) (l store.Link, ok bool, fault *scimerr.Error) {
	for _, c := range r.candidates(ref) {
		found, there := r.db[c.key()]
		if c.of != nil {
			found, there = c.of.state.link, c.of.state.link.Seq != 0 || c.of.state.link.ID != ""
		}
		switch {
		case !there:
		case !ok:
			l, ok = found, true
		case ref.name != "":
			return l, false, ambiguous(ref)
		}
	}
	return l, ok, nil
}

func (x *Seeding) unknown(ref *seedRef) *scimerr.Error {
	return scimerr.InvalidValue(ref.path, "%s names %q, and neither the seed nor the tenant has such a resource.", ref.path, ref.said())
}
