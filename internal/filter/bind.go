package filter

import (
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
)

// Compile reads a filter and binds it to a resource type. Errors are 400
// invalidFilter and name a position or an attribute.
func Compile(text string, rt *schema.ResourceType, o Options) (Predicate, error) {
	f, err := Parse(text, o)
	if err != nil {
		return nil, err
	}
	return f.Bind(rt, o)
}

// Bind resolves the filter's names in a resource type and checks that operators
// and literals fit the attributes. Errors are 400 invalidFilter and name the
// attribute; they do not depend on any data.
//
//   - eq null is not pr, ne null is pr; no other operator takes null.
//   - "" is unassigned, so that nothing equals it or is less: eq, lt and le ""
//     are false, ne "" is true, co, sw, ew, gt and ge "" are pr.
//   - A multi-valued complex attribute means its value sub-attribute; so does,
//     with TextAsValue, a single-valued one that is compared with text.
func (f *Filter) Bind(rt *schema.ResourceType, o Options) (Predicate, error) {
	b := binder{nodes: f.nodes, rt: rt, o: o}
	return b.bind(f.root, nil)
}

type binder struct {
	nodes []node
	rt    *schema.ResourceType
	o     Options
}

// bind binds one node; within is the attribute in whose brackets it stands.
func (b *binder) bind(i int32, within *schema.Attribute) (Predicate, error) {
	n := &b.nodes[i]
	switch n.kind {
	case andNode, orNode:
		return b.operands(n, within)
	case notNode:
		p, err := b.bind(n.first, within)
		if err != nil {
			return nil, err
		}
		return Negate(p), nil
	case valuePathNode:
		return b.valuePath(n)
	}
	attr, err := b.attribute(n.name, within)
	if err != nil {
		return nil, err
	}
	if n.kind == presentNode {
		if attr == nil {
			return Const(false), nil
		}
		return &Present{attr}, nil
	}
	return b.compare(attr, n)
}

func (b *binder) operands(n *node, within *schema.Attribute) (Predicate, error) {
	var terms []Predicate
	for i := n.first; ; i = b.nodes[i].next {
		p, err := b.bind(i, within)
		if err != nil {
			return nil, err
		}
		terms = append(terms, p)
		if b.nodes[i].next == 0 {
			break
		}
	}
	if n.kind == andNode {
		return AllOf(terms...), nil
	}
	return AnyOf(terms...), nil
}

func (b *binder) valuePath(n *node) (Predicate, error) {
	attr, err := b.attribute(n.name, nil)
	if err != nil {
		return nil, err
	}
	if attr == nil {
		return Const(false), nil
	}
	if attr.Type != schema.Complex {
		return nil, scimerr.InvalidFilter(attr.Path, "%s has no sub-attributes that brackets could select by.", attr.Path)
	}
	where, err := b.bind(n.first, attr)
	if err != nil {
		return nil, err
	}
	switch where {
	case Const(false):
		return Const(false), nil
	case Const(true):
		return &Present{attr}, nil
	}
	return &ValuePath{attr, where}, nil
}

// attribute resolves a name. It is nil without an error when UnknownAbsent
// makes an unknown name an attribute without a value.
func (b *binder) attribute(name string, within *schema.Attribute) (*schema.Attribute, error) {
	var attr *schema.Attribute
	if within != nil {
		attr = within.SubAttribute(name)
		switch {
		case attr != nil:
		case strings.ContainsAny(name, ".:") || !wellFormed(name):
			return nil, scimerr.InvalidFilter(within.Path,
				"%s cannot stand in the brackets of %s: only its sub-attributes can.", quoteName(name), within.Path)
		case !b.o.UnknownAbsent:
			return nil, scimerr.InvalidFilter(within.Path, "%s has no sub-attribute %s.", within.Path, quoteName(name))
		}
	} else {
		var alone *schema.Schema
		attr, alone = resolve(b.rt, name, b.o)
		if attr == nil && (alone != nil || !b.o.UnknownAbsent || !wellFormed(name)) {
			return nil, scimerr.InvalidFilter(nameOf(nil), "%s is no attribute of %s.", quoteName(name), b.rt.Name)
		}
	}
	if attr != nil && hidden(attr) {
		return nil, scimerr.InvalidFilter(attr.Path, "%s cannot be used in a filter.", attr.Path)
	}
	return attr, nil
}

// compare binds a comparison; attr is nil for an attribute without a value.
func (b *binder) compare(attr *schema.Attribute, n *node) (Predicate, error) {
	if n.literal == resource.Null && n.op != Eq && n.op != Ne {
		return nil, scimerr.InvalidFilter(nameOf(attr), "Only eq and ne can compare %s with null.", quoteName(n.name))
	}
	switch {
	case attr == nil && n.literal == resource.Null:
		return Const(n.op == Eq), nil
	case attr == nil:
		return Const(n.op == Ne), nil
	case n.literal == resource.Null && n.op == Eq:
		return &Not{&Present{attr}}, nil
	case n.literal == resource.Null:
		return &Present{attr}, nil
	}
	if attr.Type == schema.Complex {
		value := attr.SubAttribute("value")
		if value == nil || hidden(value) || !attr.MultiValued && (n.literal != resource.String || !b.o.TextAsValue) {
			return nil, scimerr.InvalidFilter(attr.Path, "%s is complex: compare one of its sub-attributes.", attr.Path)
		}
		attr = value
	}
	c, err := b.literal(attr, n)
	if err != nil {
		return nil, err
	}
	if c.Kind == TextKind && c.Key == "" {
		switch c.Op {
		case Eq, Lt, Le:
			return Const(false), nil
		case Ne:
			return Const(true), nil
		}
		return &Present{attr}, nil
	}
	return c, nil
}

// AllOf is the conjunction of terms in normal form: flat and without
// constants. Of no terms it is true.
func AllOf(terms ...Predicate) Predicate {
	var flat []Predicate
	for _, t := range terms {
		switch t := t.(type) {
		case Const:
			if !t {
				return Const(false)
			}
		case *And:
			flat = append(flat, t.Terms...)
		default:
			flat = append(flat, t)
		}
	}
	switch len(flat) {
	case 0:
		return Const(true)
	case 1:
		return flat[0]
	}
	return &And{flat}
}

// AnyOf is the disjunction of terms in normal form: flat and without
// constants. Of no terms it is false.
func AnyOf(terms ...Predicate) Predicate {
	var flat []Predicate
	for _, t := range terms {
		switch t := t.(type) {
		case Const:
			if t {
				return Const(true)
			}
		case *Or:
			flat = append(flat, t.Terms...)
		default:
			flat = append(flat, t)
		}
	}
	switch len(flat) {
	case 0:
		return Const(false)
	case 1:
		return flat[0]
	}
	return &Or{flat}
}

// Negate is the complement of a predicate, without double negation.
func Negate(p Predicate) Predicate {
	switch p := p.(type) {
	case Const:
		return !p
	case *Not:
		return p.Term
	}
	return &Not{p}
}

// IgnoreCase is a predicate in which the texts of an attribute compare without
// letter case, whatever the attribute says.
func IgnoreCase(p Predicate, a *schema.Attribute) Predicate {
	return Rewrite(p, func(p *Compare) Predicate {
		if p.Attr != a || p.Kind != TextKind {
			return p
		}
		folded, loose := *p, *a
		loose.CaseExact = false
		folded.Attr, folded.Key = &loose, schema.TextKey(p.Literal.Str(), false)
		return &folded
	})
}

// Rewrite is a predicate with what fn gives in place of each comparison.
func Rewrite(p Predicate, fn func(*Compare) Predicate) Predicate {
	each := func(terms []Predicate) []Predicate {
		out := make([]Predicate, len(terms))
		for i, t := range terms {
			out[i] = Rewrite(t, fn)
		}
		return out
	}
	switch p := p.(type) {
	case *And:
		return &And{each(p.Terms)}
	case *Or:
		return &Or{each(p.Terms)}
	case *Not:
		return &Not{Rewrite(p.Term, fn)}
	case *ValuePath:
		in := *p
		in.Where = Rewrite(p.Where, fn)
		return &in
	case *Compare:
		return fn(p)
	}
	return p
}

// Uses reports whether a predicate looks at an attribute for which fn holds.
func Uses(p Predicate, fn func(*schema.Attribute) bool) bool {
	some := func(terms []Predicate) bool {
		return slices.ContainsFunc(terms, func(t Predicate) bool { return Uses(t, fn) })
	}
	switch p := p.(type) {
	case *And:
		return some(p.Terms)
	case *Or:
		return some(p.Terms)
	case *Not:
		return Uses(p.Term, fn)
	case *Compare:
		return fn(p.Attr)
	case *Present:
		return fn(p.Attr)
	case *ValuePath:
		return fn(p.Attr) || Uses(p.Where, fn)
	}
	return false
}

// EqSelector gives the comparisons of a selector that says in full what an
// element it selects holds: one eq on a sub-attribute, or several joined by
// and. From such a selector PATCH can make the element (R7644-3.5.2.1-09).
func EqSelector(p Predicate) ([]*Compare, bool) {
	terms := []Predicate{p}
	if and, ok := p.(*And); ok {
		terms = and.Terms
	}
	list := make([]*Compare, 0, len(terms))
	for _, t := range terms {
		c, ok := t.(*Compare)
		if !ok || c.Op != Eq || c.Attr.Parent == nil {
			return nil, false
		}
		list = append(list, c)
	}
	return list, true
}
