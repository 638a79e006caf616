package scim

import (
	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// readElements reads, before the transaction, which elements the steps on
// collections name, and returns those that the steps may add.
func readElements(t *Tenant, rt *schema.ResourceType, steps []step) ([]naming, error) {
	var list []naming
	s := newShaper(t, rt)
	for i := range steps {
		st := &steps[i]
		if st.path == nil {
			continue
		}
		if st.col = writable(rt, st.path.Attr); st.col == nil {
			continue
		}
		if st.col.single {
			n, err := s.endOf(st)
			if err != nil {
				return nil, err
			}
			list = append(list, n)
			continue
		}
		s.lists = st.op != opSet // remove names elements like add does
		var err error
		switch {
		case st.path.Sub != nil:
			continue
		case st.path.Where == nil:
			st.ids, err = s.elementIDs(st.path.Attr, st.value)
		default:
			st.ids, err = s.describedIDs(st)
		}
		if err != nil {
			return nil, err
		}
		if st.op != opRemove && len(st.ids) > 0 {
			list = append(list, naming{col: st.col, ids: st.ids})
		}
	}
	return list, nil
}

// endOf reads a step on a single link attribute: what it names, and nothing for
// one that removes. keepEnds judges it.
func (s *shaper) endOf(st *step) (naming, error) {
	v := st.value
	if st.op == opRemove {
		v = resource.Value{}
	} else if st.path.Sub != nil {
		m := &resource.Members{}
		m.Set(st.path.Sub.Name, v)
		v = resource.Of(m)
	}
	n, err := s.end(st.col, st.path.Attr, v)
	n.step = st
	return n, err
}

// describedIDs is the id of the element that a step with an eq selector creates
// when there is none, or nothing for another selector.
func (s *shaper) describedIDs(st *step) ([]string, error) {
	if st.op == opRemove || st.value.Unassigned() {
		return nil, nil
	}
	eqs, ok := filter.EqSelector(st.path.Where)
	if !ok {
		return nil, nil
	}
	for _, c := range eqs {
		if c.Attr.Name == "value" {
			return []string{c.Literal.Str()}, nil
		}
	}
	return nil, nil
}

// apply applies a step on a collection. Elements come and go; what one
// says of the other side is immutable (R7643-4.2-02).
func (e *edges) apply(st *step) error {
	switch {
	case st.path.Where != nil:
		return e.applySelected(st)
	case st.path.Sub != nil:
		return immutableElement(st.path.Sub)
	case st.op == opAdd:
		return e.add(st.col, st.ids)
	case st.op == opRemove && st.given && !st.value.IsNull():
		// A value names what goes, be it nothing (idp-clients rule 18).
		links, err := e.elements(st.col, st.ids)
		if err != nil {
			return err
		}
		return e.remove(st.col, links)
	}
	return e.set(st.col, st.ids)
}

// applySelected applies a step on the elements that a filter selects.
func (e *edges) applySelected(st *step) error {
	attr := st.path.Attr
	links, err := e.selected(st.col, attr, st.path.Where)
	if err != nil {
		return err
	}
	switch {
	case st.path.Sub != nil && st.op == opRemove:
		return immutableElement(st.path.Sub)
	case st.op == opAdd && st.path.Sub == nil && st.value.Unassigned():
		return nil // what names no elements leaves them alone (idp-clients rule 18)
	case st.op == opRemove || st.path.Sub == nil && st.value.Unassigned():
		return e.remove(st.col, links)
	case len(links) > 0:
		return e.keepElements(st, links)
	case st.path.Sub != nil || len(st.ids) == 0 || !st.op.creates(e.call.Tenant.Profile):
		return noMatch(attr)
	}
	link := e.found[finding{st.col, st.ids[0]}]
	if err := e.keepElements(st, []store.Link{link}); err != nil {
		return err
	}
	if link.Type != nil && len(e.matching(st.col, attr, st.path.Where, []store.Link{link})) == 0 {
		return noMatch(attr) // the element would not be what the filter describes
	}
	return e.add(st.col, st.ids)
}

// keepElements lets a step pass that gives elements what they have.
func (e *edges) keepElements(st *step, links []store.Link) error {
	attr, sub := st.path.Attr, st.path.Sub
	if sub == nil {
		value := st.value
		if items := value.Items(); len(items) == 1 {
			value = items[0]
		}
		id, err := newShaper(e.call.Tenant, e.rt).elementID(attr, value)
		if err != nil {
			return err
		}
		if id == "" {
			return nil
		}
		sub, value = attr.SubAttribute("value"), resource.Text(id)
		return e.keep(st, links, sub, value)
	}
	return e.keep(st, links, sub, st.value)
}

func (e *edges) keep(st *step, links []store.Link, sub *schema.Attribute, v resource.Value) error {
	for i := range links {
		l := &links[i]
		if l.Type == nil {
			continue // not there: what follows refuses it
		}
		now, _ := st.col.value(e.call, l).Members().Get(sub.Name)
		same := schema.TextKey(now.Str(), sub.CaseExact) == schema.TextKey(v.Str(), sub.CaseExact)
		if !same && !(sub.Name == "value" && (e.call.sameID(l.Type, l.ID, v.Str()) || schema.Fold(e.call.farID(l)) == schema.Fold(v.Str()))) {
			return immutableElement(sub)
		}
	}
	return nil
}
