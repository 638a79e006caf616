package resource

import "strings"

// Projection selects members of a resource on its bytes (RFC 7644 §3.9). It is
// built once per request from the schema and the names asked for; member names
// are spelled as stored. The zero Projection selects nothing, a nil one all.
type Projection struct {
	// KeepOthers keeps the members that have no rule.
	KeepOthers bool
	// Rules decide by member name, or URN for an extension.
	Rules map[string]*Rule
	// AnyCase compares names without letter case, for objects whose names no
	// schema spells (open extensions).
	AnyCase bool
}

// Rule decides about one member.
type Rule struct {
	// Keep is false to drop the member whole.
	Keep bool
	// Sub, if set, selects within the object, or within each object of the
	// array. Of a value without members it selects nothing, unless it keeps
	// others. What is empty afterwards disappears: objects, elements, arrays.
	Sub *Projection
}

// Append appends what p selects of wire, the canonical JSON of one resource.
func (p *Projection) Append(dst, wire []byte) []byte {
	if p == nil {
		return append(dst, wire...)
	}
	dst, some := p.object(dst, wire)
	if !some {
		dst = append(dst, "{}"...)
	}
	return dst
}

// object appends the selected members; some reports whether there are any, and
// dst is unchanged if not.
func (p *Projection) object(dst, raw []byte) (_ []byte, some bool) {
	start := len(dst)
	dst = append(dst, '{')
	for s := Scan(raw); s.Next(); {
		rule := p.rule(s.Name())
		switch {
		case rule == nil && !p.KeepOthers, rule != nil && !rule.Keep:
			continue
		case rule == nil || rule.Sub == nil:
			dst = append(dst, s.member()...)
		default:
			before := len(dst)
			dst = append(dst, s.prefix()...)
			if dst, some = rule.Sub.value(dst, s.Value()); !some {
				dst = dst[:before]
				continue
			}
		}
		dst = append(dst, ',')
	}
	return closed(dst, start, '}')
}

func (p *Projection) rule(name []byte) *Rule {
	if r := p.Rules[string(name)]; r != nil || !p.AnyCase {
		return r
	}
	for n, r := range p.Rules {
		if strings.EqualFold(n, string(name)) {
			return r
		}
	}
	return nil
}

func (p *Projection) array(dst, raw []byte) (_ []byte, some bool) {
	start := len(dst)
	dst = append(dst, '[')
	for s := Scan(raw); s.Next(); {
		if dst, some = p.element(dst, s.Value()); some {
			dst = append(dst, ',')
		}
	}
	return closed(dst, start, ']')
}

func (p *Projection) value(dst, raw []byte) (_ []byte, some bool) {
	if raw[0] == '[' {
		return p.array(dst, raw)
	}
	return p.element(dst, raw)
}

// element is value without arrays, which do not nest in SCIM; so the depth of
// the recursion is that of the projection, whatever the bytes are.
func (p *Projection) element(dst, raw []byte) (_ []byte, some bool) {
	if raw[0] == '{' {
		return p.object(dst, raw)
	}
	if p.KeepOthers {
		return append(dst, raw...), true
	}
	return dst, false
}

// closed ends the object or array that was begun at start: the bracket takes
// the place of the last comma. Without a value nothing of it remains.
func closed(dst []byte, start int, bracket byte) (_ []byte, some bool) {
	if len(dst) == start+1 {
		return dst[:start], false
	}
	dst[len(dst)-1] = bracket
	return dst, true
}
