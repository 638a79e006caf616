package filter

import (
	"strings"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
)

// Match judges a predicate over a complete resource: core members at the top,
// id and meta among them, extension objects under their URNs. Member names are
// those of the schemas, as everything that is stored has them.
//
// ne on an attribute with several values holds when one of them differs, or
// when there is none (R7644-3.4.2.2-16). A value of another JSON type than the
// literal, which only an open extension can hold, differs from it.
func Match(p Predicate, m *resource.Members) bool { return scope{resource: m}.holds(p) }

// MatchElement judges the predicate in the brackets of attr over one element.
func MatchElement(p Predicate, attr *schema.Attribute, v resource.Value) bool {
	return scope{complex: attr, element: v.Members()}.holds(p)
}

// IsPrimary reports whether a is the primary flag of a multi-valued attribute.
// An element without it compares as if it were false (R7643-2.4-03); pr looks
// at what is there.
func IsPrimary(a *schema.Attribute) bool {
	return a.Type == schema.Boolean && a.Parent != nil && a.Parent.MultiValued && strings.EqualFold(a.Name, "primary")
}

// scope is what a predicate looks at: a resource, or one element of complex.
type scope struct {
	resource *resource.Members
	complex  *schema.Attribute
	element  *resource.Members
}

func (s scope) holds(p Predicate) bool {
	switch p := p.(type) {
	case *And:
		for _, t := range p.Terms {
			if !s.holds(t) {
				return false
			}
		}
		return true
	case *Or:
		for _, t := range p.Terms {
			if s.holds(t) {
				return true
			}
		}
		return false
	case *Not:
		return !s.holds(p.Term)
	case Const:
		return bool(p)
	case *Compare:
		return s.compare(p)
	case *Present:
		return s.present(p.Attr)
	case *ValuePath:
		return s.anyElement(p)
	}
	return false
}

func (s scope) compare(c *Compare) bool {
	some, hit := false, false
	s.values(c.Attr, func(v resource.Value) bool {
		if v.IsNull() && IsPrimary(c.Attr) {
			v = resource.Truth(false)
		}
		key, kind, ok := Keys(c.Attr, v)
		if !ok {
			return true
		}
		some = true
		hit = kind == c.Kind && satisfies(key, c.Op, c.Key) || kind != c.Kind && c.Op == Ne
		return !hit
	})
	return hit || !some && c.Op == Ne
}

func satisfies(key string, op Op, needle string) bool {
	switch op {
	case Eq:
		return key == needle
	case Ne:
		return key != needle
	case Co:
		return strings.Contains(key, needle)
	case Sw:
		return strings.HasPrefix(key, needle)
	case Ew:
		return strings.HasSuffix(key, needle)
	case Gt:
		return key > needle
	case Ge:
		return key >= needle
	case Lt:
		return key < needle
	case Le:
		return key <= needle
	}
	return false
}

func (s scope) present(a *schema.Attribute) bool {
	found := false
	s.values(a, func(v resource.Value) bool {
		found = assigned(v)
		return !found
	})
	return found
}

func (s scope) anyElement(p *ValuePath) bool {
	found := false
	each(s.top(p.Attr), func(v resource.Value) bool {
		found = assigned(v) && MatchElement(p.Where, p.Attr, v)
		return !found
	})
	return found
}

// values yields the values of an attribute until yield returns false; for each
// element that lacks a sub-attribute it yields null.
func (s scope) values(a *schema.Attribute, yield func(resource.Value) bool) {
	switch {
	case a.Parent == nil:
		each(s.top(a), yield)
	case s.complex == a.Parent:
		v, _ := s.element.Get(a.Name)
		each(v, yield)
	default:
		each(s.top(a.Parent), func(element resource.Value) bool {
			if !assigned(element) {
				return true
			}
			v, _ := element.Members().Get(a.Name)
			return each(v, yield)
		})
	}
}

// top is the value of a top-level attribute, null without one.
func (s scope) top(a *schema.Attribute) resource.Value {
	m := s.resource
	if a.Extension != "" {
		v, _ := m.Get(a.Extension)
		m = v.Members()
	}
	// An open extension declares no names: clients choose the spelling.
	if a.Type == schema.Any {
		v, _ := m.GetFold(a.Name)
		return v
	}
	v, _ := m.Get(a.Name)
	return v
}

// each yields the elements of an array, or a value that is none.
func each(v resource.Value, yield func(resource.Value) bool) bool {
	if v.Kind() != resource.Array {
		return yield(v)
	}
	for _, x := range v.Items() {
		if !yield(x) {
			return false
		}
	}
	return true
}

// assigned reports whether there is a value anywhere in v: an object of
// nothing but unassigned members is unassigned itself.
func assigned(v resource.Value) bool {
	switch v.Kind() {
	case resource.Object:
		for _, x := range v.Members().All() {
			if assigned(x) {
				return true
			}
		}
		return false
	case resource.Array:
		for _, x := range v.Items() {
			if assigned(x) {
				return true
			}
		}
		return false
	}
	return !v.Unassigned()
}

// SortKey is the key by which a resource sorts, cut to schema.MaxKey; ok is
// false when it has none. Of several values that of the primary element counts,
// else the first (RFC 7644 §3.4.2.3); elements without a value are passed over.
// A multi-valued complex attribute sorts by its value.
func SortKey(attr *schema.Attribute, m *resource.Members) (key string, ok bool) {
	if attr.Type == schema.Complex {
		if attr = attr.SubAttribute("value"); attr == nil {
			return "", false
		}
	}
	s := scope{resource: m}
	each(s.top(attr.Top()), func(element resource.Value) bool {
		v, isPrimary := element, false
		if attr.Parent != nil {
			flag, _ := element.Members().Get("primary")
			isPrimary = flag.Bool()
			v, _ = element.Members().Get(attr.Name)
		}
		if ok && !isPrimary {
			return true
		}
		each(v, func(v resource.Value) bool {
			k, _, fit := Keys(attr, v)
			if fit {
				key, ok = k, true
			}
			return !fit
		})
		return !(ok && isPrimary)
	})
	key, _ = schema.CutKey(key)
	return key, ok
}
