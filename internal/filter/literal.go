package filter

import (
	"strings"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
)

// literal makes the comparison of a leaf attribute with a literal that is not
// null. The literal's kind and the operator must fit the attribute's type
// (R7644-3.4.2.2-08, -13), and the literal must be one of that type's values.
func (b *binder) literal(a *schema.Attribute, n *node) (*Compare, error) {
	c := &Compare{Attr: a, Op: n.op}
	given := n.literal
	text := n.text
	if a.Type == schema.Boolean && given == resource.String && b.o.TextBooleans {
		if word := strings.ToLower(text); word == "true" || word == "false" {
			given, text = resource.Bool, word
		}
	}
	if given == resource.String && b.o.Canonical != nil && (n.op == Eq || n.op == Ne) {
		text = b.o.Canonical(a, text)
	}
	switch given {
	case resource.Bool:
		c.Literal = resource.Truth(text == "true")
	case resource.Number:
		c.Literal = resource.NumberLiteral(text)
	default:
		c.Literal = resource.Text(text)
	}
	want := given
	if a.Type != schema.Any {
		want = jsonKind(a.Type)
	}
	if given != want {
		return nil, scimerr.InvalidFilter(a.Declared(), "%s is of type %s and cannot be compared with a %s.", a.Path, a.Type, given)
	}
	if !fits(n.op, a.Type, want) {
		return nil, scimerr.InvalidFilter(a.Declared(), "The operator %s cannot be used on %s, which is of type %s.", n.op, a.Path, a.Type)
	}
	if want == resource.String && text == "" && a.Type != schema.DateTime {
		return c, nil
	}
	var ok bool
	if c.Key, c.Kind, ok = Keys(a, c.Literal); !ok {
		return nil, scimerr.InvalidFilter(a.Declared(), "The value compared with %s is no %s, or out of range.", a.Path, a.Type)
	}
	return c, nil
}

// jsonKind is the JSON type of a data type's values, RFC 7643 table 1.
func jsonKind(t schema.Type) resource.Kind {
	switch t {
	case schema.Boolean:
		return resource.Bool
	case schema.Integer, schema.Decimal:
		return resource.Number
	}
	return resource.String
}

// fits reports whether an operator has a meaning for a data type: booleans have
// no order, base64 has none worth the name, and only text has parts.
func fits(op Op, t schema.Type, kind resource.Kind) bool {
	switch op {
	case Co, Sw, Ew:
		return kind == resource.String && t != schema.DateTime
	case Gt, Ge, Lt, Le:
		return kind != resource.Bool && t != schema.Binary
	}
	return true
}

// Keys gives the comparison key of one stored value of a leaf attribute; an
// element of a multi-valued one, not the array. It is the only place that knows
// how a data type compares: text folded unless caseExact, numbers by
// schema.NumberKey, dateTime by schema.TimeKey, booleans as "true" or "false".
// The members of an open extension (schema.Any) compare by their JSON type,
// their text without letter case. ok is false for a value that is unassigned or
// does not fit the type. Keys are not cut to schema.MaxKey.
func Keys(a *schema.Attribute, v resource.Value) (key string, kind KeyKind, ok bool) {
	if v.Unassigned() || a.Type != schema.Any && v.Kind() != jsonKind(a.Type) {
		return "", 0, false
	}
	switch v.Kind() {
	case resource.Bool:
		if v.Bool() {
			return "true", BoolKind, true
		}
		return "false", BoolKind, true
	case resource.Number:
		key, err := schema.NumberKey(v.Literal())
		if err != nil {
			return "", 0, false
		}
		return key, NumberKind, true
	case resource.String:
		switch a.Type {
		case schema.Complex:
			return "", 0, false
		case schema.DateTime:
			t, err := schema.ParseTime(v.Str())
			if err != nil {
				return "", 0, false
			}
			return schema.TimeKey(t), TimeKind, true
		}
		return schema.TextKey(v.Str(), a.CaseExact), TextKind, true
	}
	return "", 0, false
}
