package filter

import (
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
)

// Print writes a predicate as normalised filter text: attributes by their
// canonical paths, one blank between tokens, parentheses only where the
// precedence needs them. Parsed and bound to the same type without leniencies,
// the text gives an equal predicate.
func Print(p Predicate) string { return string(appendPredicate(nil, p, nil)) }

// String writes a path so that CompilePath reads an equal one.
func (p *Path) String() string {
	if p.Extension != nil {
		return p.Extension.ID
	}
	b := []byte(p.Attr.Path)
	if p.Where != nil {
		b = append(b, '[')
		b = appendPredicate(b, p.Where, p.Attr)
		b = append(b, ']')
	}
	if p.Sub != nil {
		b = append(b, '.')
		b = append(b, p.Sub.Name...)
	}
	return string(b)
}

// appendPredicate appends p; within is the attribute in whose brackets it stands.
func appendPredicate(b []byte, p Predicate, within *schema.Attribute) []byte {
	switch p := p.(type) {
	case *And:
		for i, t := range p.Terms {
			if i > 0 {
				b = append(b, " and "...)
			}
			if _, ok := t.(*Or); ok {
				b = appendGroup(b, t, within)
			} else {
				b = appendPredicate(b, t, within)
			}
		}
	case *Or:
		for i, t := range p.Terms {
			if i > 0 {
				b = append(b, " or "...)
			}
			b = appendPredicate(b, t, within)
		}
	case *Not:
		b = append(b, "not "...)
		b = appendGroup(b, p.Term, within)
	case *Compare:
		b = appendName(b, p.Attr, within)
		b = append(b, ' ')
		b = append(b, p.Op.String()...)
		b = append(b, ' ')
		b = resource.AppendJSON(b, p.Literal)
	case *Present:
		b = appendName(b, p.Attr, within)
		b = append(b, " pr"...)
	case *ValuePath:
		b = append(b, p.Attr.Path...)
		b = append(b, '[')
		b = appendPredicate(b, p.Where, p.Attr)
		b = append(b, ']')
	case Const:
		b = appendConst(b, p, within)
	}
	return b
}

func appendGroup(b []byte, p Predicate, within *schema.Attribute) []byte {
	b = append(b, '(')
	b = appendPredicate(b, p, within)
	return append(b, ')')
}

func appendName(b []byte, a, within *schema.Attribute) []byte {
	if within != nil {
		return append(b, a.Name...)
	}
	return append(b, a.Path...)
}

// appendConst writes a truth as the comparison of some text attribute with "",
// which nothing equals. Brackets can hold a constant only if they hold a
// sub-attribute of that kind.
func appendConst(b []byte, c Const, within *schema.Attribute) []byte {
	name := "id"
	if within != nil {
		for _, sub := range within.Sub {
			if jsonKind(sub.Type) == resource.String && sub.Type != schema.DateTime && !hidden(sub) {
				name = sub.Name
				break
			}
		}
	}
	b = append(b, name...)
	if c {
		return append(b, ` ne ""`...)
	}
	return append(b, ` eq ""`...)
}
