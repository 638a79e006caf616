package scim

import (
	"slices"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
)

// maxWork bounds how many elements the operations of one PATCH visit: they are
// applied while others may wait for the resource.
const maxWork = 2_000_000

// elements are the values of a multi-valued attribute under change, with the
// ones that this step has made primary.
type elements struct {
	attr    *schema.Attribute
	list    []resource.Value
	primary map[int]bool
	// index finds elements by identity; it is made when first asked for.
	index map[string]int
}

func (a *applier) applyMulti(st *step) error {
	attr := st.path.Attr
	el := &elements{attr: attr, primary: map[int]bool{}}
	el.list = slices.Clone(getAttribute(a.tree, attr).Items())
	if a.work += len(el.list) + len(st.value.Items()); a.work > maxWork {
		return scimerr.TooLarge("The operations visit more than %d elements of multi-valued attributes; send fewer at a time.", maxWork)
	}
	var err error
	switch {
	case st.path.Where == nil && st.path.Sub == nil:
		err = a.multiWhole(el, st)
	case st.op == opRemove:
		err = a.multiRemove(el, st)
	default:
		err = a.multiSelected(el, st)
	}
	if err != nil {
		return err
	}
	el.onePrimary()
	return a.assignLeaf(attr, resource.List(el.list...))
}

// multiWhole is a step on the attribute itself.
func (a *applier) multiWhole(el *elements, st *step) error {
	if st.op == opRemove {
		if st.given && !st.value.IsNull() {
			return a.removeListed(el, st.value)
		}
		el.list = nil
		return nil
	}
	shaped, err := a.shaper.value(el.attr, st.value)
	if err != nil {
		return err
	}
	if st.op == opSet {
		if el.attr.Identity == nil || st.value.Unassigned() {
			el.list = shaped.Items()
			return nil
		}
		// Elements with keys are entries of a map: those that are named change, the
		// others stay (cyberark-scim 12.3).
		if err := a.dropEmptied(el, st.value); err != nil {
			return err
		}
	}
	for _, x := range shaped.Items() {
		el.add(x)
	}
	return nil
}

// dropEmptied removes the elements whose keys a value gives without content.
func (a *applier) dropEmptied(el *elements, v resource.Value) error {
	if v.Kind() == resource.Object {
		v = resource.List(v)
	}
	gone := map[string]bool{}
	for _, item := range v.Items() {
		if item.IsNull() || !emptied(item) {
			continue
		}
		x, err := a.shaper.single(el.attr, item)
		if err != nil {
			return err
		}
		if !hasContent(el.attr, x) {
			gone[identity(el.attr, x)] = true
		}
	}
	if len(gone) > 0 {
		el.keep(func(e resource.Value) bool { return !gone[identity(el.attr, e)] })
	}
	return nil
}

// add appends an element unless the same (type, value) is there: then the two
// become one (R7644-3.5.2.1-07).
func (el *elements) add(x resource.Value) {
	if el.index == nil {
		el.index = make(map[string]int, len(el.list))
		for i := len(el.list) - 1; i >= 0; i-- {
			el.index[identity(el.attr, el.list[i])] = i
		}
	}
	key := identity(el.attr, x)
	if i, there := el.index[key]; there {
		if el.attr.Type == schema.Complex {
			el.set(i, resource.Of(merge(el.list[i].Members(), x.Members())))
		}
		return
	}
	el.index[key] = len(el.list)
	el.append(x)
}

func (el *elements) append(x resource.Value) {
	el.list = append(el.list, resource.Value{})
	el.set(len(el.list)-1, x)
}

// set replaces an element and notes whether that made it primary.
func (el *elements) set(i int, x resource.Value) {
	if isPrimary(x) && !isPrimary(el.list[i]) {
		el.primary[i] = true
	}
	el.list[i] = x
}

// onePrimary clears primary elsewhere when the step has set it
// (R7644-3.5.2-12); of several set at once the first stays.
func (el *elements) onePrimary() {
	kept := false
	for i, e := range el.list {
		if !isPrimary(e) || len(el.primary) == 0 {
			continue
		}
		if el.primary[i] && !kept {
			kept = true
			continue
		}
		el.list[i] = with(e, "primary", resource.Truth(false))
	}
}

// removeListed removes exactly the elements that a value names, by `value` and,
// where it is given, `type`; what has no `value` by the whole element
// (R7644-3.5.2.2-11). A value that names none removes none.
func (a *applier) removeListed(el *elements, v resource.Value) error {
	if v.Kind() != resource.Array {
		v = resource.List(v)
	}
	listed := make(map[string]bool, len(v.Items()))
	for _, item := range v.Items() {
		if item.Kind() == resource.String && el.attr.Type == schema.Complex {
			m := &resource.Members{}
			m.Set("value", item)
			item = resource.Of(m)
		}
		shaped, err := a.shaper.single(el.attr, item)
		if err != nil {
			return err
		}
		if err := a.shaper.distinctKeys(el.attr, []resource.Value{shaped}); err != nil {
			return err
		}
		listed[identity(el.attr, shaped)] = true
	}
	el.keep(func(e resource.Value) bool {
		if listed[identity(el.attr, e)] {
			return false
		}
		if value, ok := e.Members().Get("value"); ok && el.attr.Identity == nil {
			m := &resource.Members{}
			m.Set("value", value)
			return !listed[identity(el.attr, resource.Of(m))]
		}
		return true
	})
	return nil
}

func (el *elements) keep(ok func(resource.Value) bool) {
	var out []resource.Value
	for _, e := range el.list {
		if ok(e) {
			out = append(out, e)
		}
	}
	el.list = out
}

// multiRemove removes the selected elements, or a sub-attribute of them.
func (a *applier) multiRemove(el *elements, st *step) error {
	sub := st.path.Sub
	var out []resource.Value
	for _, e := range el.list {
		if !selected(st.path, e) {
			out = append(out, e)
			continue
		}
		if sub == nil {
			continue
		}
		old, _ := e.Members().Get(sub.Name)
		if err := settable(sub, old, resource.Value{}); err != nil {
			return err
		}
		if e = without(e, sub.Name); hasContent(el.attr, e) {
			out = append(out, e)
		}
	}
	el.list = out
	return nil
}

// hasContent reports whether an element says more than which or of what kind it
// is.
func hasContent(a *schema.Attribute, e resource.Value) bool {
	if e.Kind() != resource.Object {
		return !e.Unassigned()
	}
	for name := range e.Members().All() {
		if name != "type" && name != "primary" && (a.Identity == nil || name != a.Identity.Name) {
			return true
		}
	}
	return false
}

// multiSelected adds to or replaces the selected elements. When none is
// selected, the element that an eq selector describes is created where the
// profile says so.
func (a *applier) multiSelected(el *elements, st *step) error {
	hits := 0
	for i, e := range el.list {
		if !selected(st.path, e) {
			continue
		}
		hits++
		x, err := a.changed(st, e)
		if err != nil {
			return err
		}
		if st.value.Unassigned() && !hasContent(el.attr, x) {
			x = resource.Value{} // its last content is gone
		}
		el.set(i, x)
	}
	if hits > 0 {
		if st.value.Unassigned() {
			el.keep(func(e resource.Value) bool { return !e.Unassigned() })
		}
		return nil
	}
	if st.path.Where != nil && !st.op.creates(a.p) {
		return noMatch(el.attr)
	}
	e, ok := a.described(st.path)
	if !ok {
		return noMatch(el.attr)
	}
	x, err := a.changed(st, e)
	if err != nil {
		return err
	}
	if st.value.Unassigned() {
		return nil
	}
	el.append(x)
	return nil
}

// changed is an element after the step: a sub-attribute set, or the members of
// the value put on top.
func (a *applier) changed(st *step, e resource.Value) (resource.Value, error) {
	attr, sub := st.path.Attr, st.path.Sub
	if sub != nil {
		v, err := a.shaper.value(sub, st.value)
		if err != nil {
			return v, err
		}
		old, _ := e.Members().Get(sub.Name)
		if err := settable(sub, old, v); err != nil {
			return v, err
		}
		if v.Unassigned() {
			return without(e, sub.Name), nil
		}
		return with(e, sub.Name, v), nil
	}
	if st.value.Unassigned() {
		return resource.Value{}, nil
	}
	value := st.value
	if items := value.Items(); len(items) == 1 && a.p.ListAsObject {
		value = items[0]
	}
	v, err := a.shaper.single(attr, value)
	if err != nil || attr.Type != schema.Complex {
		return v, err
	}
	merged := merge(e.Members(), v.Members())
	return resource.Of(merged), settableMembers(attr, e.Members(), merged)
}

func selected(p *filter.Path, e resource.Value) bool {
	return p.Where == nil || filter.MatchElement(p.Where, p.Attr, e)
}

// described is the element that an eq selector describes: its conditions as
// members. Without a selector it is empty.
func (a *applier) described(p *filter.Path) (resource.Value, bool) {
	m := &resource.Members{}
	if p.Where == nil {
		return resource.Of(m), true
	}
	eqs, ok := filter.EqSelector(p.Where)
	if !ok {
		return resource.Value{}, false
	}
	for _, c := range eqs {
		v, err := a.shaper.value(c.Attr, c.Literal)
		if old, has := m.Get(c.Attr.Name); err != nil || has && !old.Equal(v) {
			return resource.Value{}, false
		}
		m.Set(c.Attr.Name, v)
	}
	return resource.Of(m), true
}
