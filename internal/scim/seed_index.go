package scim

import (
	"context"
	"slices"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// This file knows what the resources of a batch are called, and finds which of those
// names are there already, outside the transaction.

// nameKey is what a resource of a type is called, as names compare.
type nameKey struct {
	rt  *schema.ResourceType
	key string
}

func nameOf(rt *schema.ResourceType, name string) (nameKey, bool) {
	attr := called[rt.Name]
	if attr == "" {
		return nameKey{}, false
	}
	key := schema.TextKey(name, rt.Core(attr).CaseExact)
	return nameKey{rt, key}, key != ""
}

// seedFound is a resource of the tenant that has a name.
type seedFound struct {
	id     string
	seq    int64
	within string // id of the resource that it is in, if it is in one
}

// seedIndex knows the resources of a batch, and those of the tenant that the batch
// calls by name.
type seedIndex struct {
	// served are ids of service users by what a seed calls them: that of the tenant, by
	// another name than it has, and those that a dry run takes for there, which its
	// undoing makes up for.
	served map[string]string
	byID   map[idKey]*Seeded
	byName map[nameKey][]*Seeded
	stored map[nameKey][]seedFound
}

// nameBatch is how many names one query looks for.
const nameBatch = 100

// index reads which names of a batch are there.
func (x *Seeding) index(ctx context.Context, batch []*Seeded) (*seedIndex, error) {
	ix := &seedIndex{
		served: map[string]string{serviceUserName(x.o.Name): x.c.Principal.ID}, byID: map[idKey]*Seeded{},
		byName: map[nameKey][]*Seeded{}, stored: map[nameKey][]seedFound{},
	}
	for _, name := range x.o.Serving {
		ix.served[name] = x.c.Principal.ID
	}
	wanted := map[*schema.ResourceType][]string{}
	want := func(rt *schema.ResourceType, name string) {
		if k, ok := nameOf(rt, name); ok {
			if _, asked := ix.stored[k]; !asked {
				ix.stored[k] = nil
				wanted[rt] = append(wanted[rt], name)
			}
		}
	}
	for _, e := range batch {
		if k, ok := nameOf(e.Type, e.callName()); ok {
			ix.byName[k] = append(ix.byName[k], e)
			if e.id == "" {
				want(e.Type, e.callName())
			}
		}
		for i := range e.refs {
			if ref := &e.refs[i]; ref.name != "" {
				for _, rt := range ref.types {
					want(rt, ref.name)
				}
			}
		}
	}
	return ix, x.lookUpAll(ctx, ix, wanted)
}

// lookUpAll finds what is called by the names.
func (x *Seeding) lookUpAll(ctx context.Context, ix *seedIndex, wanted map[*schema.ResourceType][]string) error {
	for rt, names := range wanted {
		for part := range slices.Chunk(names, nameBatch) {
			if err := x.lookUp(ctx, ix, rt, part); err != nil {
				return err
			}
		}
	}
	return nil
}

// lookUp finds the resources of a type that are called by one of the names.
func (x *Seeding) lookUp(ctx context.Context, ix *seedIndex, rt *schema.ResourceType, names []string) error {
	a := rt.Core(called[rt.Name])
	terms := make([]filter.Predicate, 0, len(names))
	for _, name := range names {
		terms = append(terms, &filter.Compare{Attr: a, Op: filter.Eq, Kind: filter.TextKind, Key: schema.TextKey(name, a.CaseExact), Literal: resource.Text(name)})
	}
	is := filter.AnyOf(terms...)
	q := &store.Query{
		Space: x.c.Tenant.Space, Parts: []store.Part{{Type: rt, Filter: is}}, Limit: -1, IncludeHidden: true, Budget: 1 << 30,
		Match: func(_ *schema.ResourceType, rec *store.Record) bool {
			tree, err := resource.Decode(rec.Doc)
			return err == nil && filter.Match(is, tree)
		},
	}
	if within := identities[rt.Name].within; within != 0 {
		q.Want = []store.Want{{Relation: within}}
	}
	page, err := x.s.store.Query(ctx, q)
	if err != nil {
		return err
	}
	for {
		list, err := page.Next(ctx)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return nil
		}
		for _, rec := range list {
			tree, err := resource.Decode(rec.Doc)
			if err != nil {
				return err
			}
			k, _ := nameOf(rt, getAttribute(tree, a).Str())
			f := seedFound{id: rec.ID, seq: rec.Seq}
			for _, l := range rec.Links {
				f.within = l.ID
			}
			ix.stored[k] = append(ix.stored[k], f)
		}
	}
}

// ready tells the resources of a batch whose names all lead somewhere from the
// others, which must wait.
func (ix *seedIndex) ready(batch []*Seeded) (ready, waiting []*Seeded) {
	for _, e := range batch {
		missing := false
		for i := range e.refs {
			ref := &e.refs[i]
			missing = missing || ref.name != "" && ref.id == "" && ix.count(ref) == 0
		}
		if missing {
			waiting = append(waiting, e)
		} else {
			ready = append(ready, e)
		}
	}
	if len(waiting) > 0 {
		for k, list := range ix.byName {
			ix.byName[k] = slices.DeleteFunc(slices.Clone(list), func(e *Seeded) bool { return slices.Contains(waiting, e) })
		}
	}
	return ready, waiting
}

// count is how many resources a name may mean.
func (ix *seedIndex) count(ref *seedRef) int {
	if _, ok := ix.served[ref.name]; ok {
		return 1
	}
	n := 0
	for _, rt := range ref.types {
		k, _ := nameOf(rt, ref.name)
		n += len(ix.byName[k]) + len(ix.stored[k])
	}
	return n
}

// match finds which resources of a batch that give no id are there already.
func (ix *seedIndex) match(batch []*Seeded) error {
	var errs SeedErrors
	described := newDescribed()
	for _, e := range batch {
		e.found = nil
		if path, twice := described.add(e); twice != nil {
			errs.add(e, path, twice)
		}
		k, ok := nameOf(e.Type, e.callName())
		if e.id != "" || !ok {
			continue
		}
		within := e.within()
		var found []seedFound
		for _, f := range ix.stored[k] {
			if within == "" || schema.Fold(f.within) == within {
				found = append(found, f)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			e.found = &found[0]
		default:
			errs.add(e, called[e.Type.Name], scimerr.Conflict("The tenant has more than one %s; give the id of the one that is meant.", describe(e.Type, e.callName())))
		}
	}
	return errs.err()
}

// within is what a resource says that it is in, as ids compare.
func (e *Seeded) within() string {
	rel := identities[e.Type.Name].within
	for i := range e.refs {
		if rel != 0 && e.refs[i].relation() == rel {
			return schema.Fold(e.refs[i].said())
		}
	}
	return ""
}

// described are the resources that a seed has described so far.
type described struct {
	ids   map[idKey]bool
	names map[describedName]bool
}

// describedName is the name of a resource, with what it is in where that tells it
// from others.
type describedName struct {
	nameKey
	within string
}

func newDescribed() *described {
	return &described{ids: map[idKey]bool{}, names: map[describedName]bool{}}
}

// uniquelyCalled tells that no two resources of a type have one name.
func uniquelyCalled(rt *schema.ResourceType) bool {
	a := rt.Core(called[rt.Name])
	return a != nil && a.Uniqueness != schema.UniqueNone
}

// add refuses a resource that cannot be told from one before it, or cannot be there
// beside it, with the path of what both have.
func (d *described) add(e *Seeded) (path string, twice *scimerr.Error) {
	if e.id != "" {
		k := keyOf(e.Type, e.id)
		if d.ids[k] {
			return "id", scimerr.InvalidValue("id", "The seed describes the %s %q twice.", e.Type.Name, e.id)
		}
		d.ids[k] = true
	}
	k, ok := nameOf(e.Type, e.callName())
	if !ok {
		return "", nil
	}
	attr := called[e.Type.Name]
	unique := uniquelyCalled(e.Type)
	if e.id != "" && !unique {
		return "", nil
	}
	at := describedName{nameKey: k}
	if !unique {
		at.within = e.within()
	}
	if d.names[at] {
		hint := "; give ids to tell them apart"
		if unique {
			hint = ""
		}
		return attr, scimerr.InvalidValue(attr, "The seed describes the %s twice%s.", describe(e.Type, e.callName()), hint)
	}
	d.names[at] = true
	return "", nil
}
