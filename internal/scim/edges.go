package scim

import (
	"slices"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// edges are the collections of one resource within a transaction. Each method
// changes them at once, by sets.
type edges struct {
	call *Call
	tx   store.Tx
	rt   *schema.ResourceType
	seq  int64
	// found are the resources that the request names.
	found foundLinks
	// changed are the edges that differ from those before the request.
	changed map[edge]bool
	// work counts the elements searched so far, in units of maxWork.
	work int
}

// edgeWork is what reading an edge costs, in visits of an element of a tree.
const edgeWork = 10

type edge struct {
	relation store.Relation
	far      int64
}

// note remembers edges that were added or removed; twice is as if never.
func (e *edges) note(col *linkAttr, far []int64, err error) error {
	for _, seq := range far {
		k := edge{col.relation, seq}
		if e.changed[k] {
			delete(e.changed, k)
			continue
		}
		if e.changed == nil {
			e.changed = map[edge]bool{}
		}
		e.changed[k] = true
	}
	return err
}

// add makes resources elements; those that are already stay so.
func (e *edges) add(col *linkAttr, ids []string) error {
	links, err := e.resolve(col, ids)
	if err != nil || len(links) == 0 {
		return err
	}
	far, err := e.tx.AddLinks(col.relation, e.seq, links)
	return e.note(col, far, err)
}

// set makes resources all the elements there are.
func (e *edges) set(col *linkAttr, ids []string) error {
	links, err := e.resolve(col, ids)
	if err != nil {
		return err
	}
	far, err := e.tx.SetLinks(col.relation, e.seq, links)
	return e.note(col, far, err)
}

// replace makes the named elements all there are in every collection that
// clients write: what a PUT leaves out is gone (R7644-3.5.1-11).
func (e *edges) replace(named []naming) error {
	list := linkAttrs[e.rt.Name]
	for i := range list {
		col := &list[i]
		if col.reverse || col.single {
			continue
		}
		var ids []string
		for _, n := range named {
			if n.col == col {
				ids = append(ids, n.ids...)
			}
		}
		if err := e.set(col, ids); err != nil {
			return err
		}
	}
	return nil
}

// remove ends the edges.
func (e *edges) remove(col *linkAttr, links []store.Link) error {
	if len(links) == 0 {
		return nil
	}
	seqs := make([]int64, len(links))
	for i, l := range links {
		seqs[i] = l.Seq
	}
	far, err := e.tx.RemoveLinks(col.relation, e.seq, seqs)
	return e.note(col, far, err)
}

// resolve gives the resources for ids, which must exist and must not make the
// resource an element of itself.
func (e *edges) resolve(col *linkAttr, ids []string) ([]store.Link, error) {
	a := e.rt.Core(col.name)
	links := make([]store.Link, 0, len(ids))
	var nested []int64
	for _, id := range ids {
		l, ok := e.found[finding{col, id}]
		if !ok {
			return nil, e.call.unknownLink(a, col, id)
		}
		if l.Seq == e.seq {
			return nil, scimerr.InvalidValue(a.Path, "A %s cannot be one of its own %s.", e.rt.Name, a.Path)
		}
		if l.Type == e.rt {
			nested = append(nested, l.Seq)
		}
		links = append(links, l)
	}
	if len(nested) == 0 || e.call.Tenant.Profile.GroupCycles == "tolerate" {
		return links, nil
	}
	cycle, err := e.tx.Reaches(col.relation, nested, e.seq)
	if err == nil && cycle {
		err = scimerr.InvalidValue(a.Path, "The change of %s would put the %s into itself over others.", a.Path, e.rt.Name)
	}
	return links, err
}

// elements are those elements whose id is one of the given.
func (e *edges) elements(col *linkAttr, ids []string) ([]store.Link, error) {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !plausibleID(id) })
	links, err := e.tx.FindLinks(col.relation, e.seq, col.types(e.call.Tenant.Registry), ids)
	if e.call.Tenant.Profile.CaseExactIDs {
		links = slices.DeleteFunc(links, func(l store.Link) bool { return !slices.Contains(ids, l.ID) })
	}
	return links, err
}

// selected are the elements that the filter of a path selects. One that names
// values looks up those; any other reads all elements.
func (e *edges) selected(col *linkAttr, a *schema.Attribute, where filter.Predicate) ([]store.Link, error) {
	ids, ok := namedValues(where)
	if !ok {
		links, err := e.tx.Links(e.seq, []store.Want{{Relation: col.relation}})
		if e.work += edgeWork * len(links); err == nil && e.work > maxWork {
			err = scimerr.TooLarge("The operations search through more than %d elements of %s; select them by value, or send fewer operations at a time.",
				maxWork/edgeWork, a.Path)
		}
		if err != nil {
			return nil, err
		}
		return e.matching(col, a, where, links), err
	}
	links, err := e.elements(col, ids)
	return e.matching(col, a, where, links), err
}

// matching are those of the links that a filter selects; ids compare in it as in
// sameID.
func (e *edges) matching(col *linkAttr, a *schema.Attribute, where filter.Predicate, links []store.Link) []store.Link {
	loose := where
	if !e.call.Tenant.Profile.CaseExactIDs {
		loose = filter.IgnoreCase(where, a.SubAttribute("value"))
	}
	return slices.DeleteFunc(links, func(l store.Link) bool {
		p := loose
		if l.Type.IDCaseExact {
			p = where
		}
		return !filter.MatchElement(p, a, col.value(e.call, &l))
	})
}

// namedValues are the values outside which a filter selects nothing; ok is false
// when it sets no such bound.
func namedValues(p filter.Predicate) (values []string, ok bool) {
	switch p := p.(type) {
	case *filter.Compare:
		return []string{p.Literal.Str()}, p.Op == filter.Eq && p.Attr.Name == "value"
	case *filter.And:
		for _, t := range p.Terms {
			if values, ok := namedValues(t); ok {
				return values, true
			}
		}
	case *filter.Or:
		for _, t := range p.Terms {
			more, ok := namedValues(t)
			if !ok {
				return nil, false
			}
			values = append(values, more...)
		}
		return values, true
	}
	return nil, false
}
