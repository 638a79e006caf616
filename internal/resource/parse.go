package resource

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/scimd/scimd/internal/scimerr"
)

// Limits bound the tree that Parse builds. The number of bytes is bounded by
// the reader of the body.
type Limits struct {
	// Depth is how many arrays and objects may stand inside one another; 0
	// means 64.
	Depth int
	// Members is how many members one object may have; 0 means 1000.
	Members int
	// Values is how many values, members and elements the text may hold in all;
	// 0 means 400,000. A value takes some 60 bytes of memory, whatever its length.
	Values int
}

const (
	defaultDepth   = 64
	defaultMembers = 1000
	defaultValues  = 400_000
)

// Parse reads one JSON text (RFC 8259) into a tree that shares one copy of
// data. It is stricter than the grammar where leniency would lose or mix up
// data: no byte order mark, only valid UTF-8, no unpaired surrogates, and no
// two members of an object whose names differ in letter case alone (RFC 7643
// §2.1). All of these, and depth and number of members beyond lim, are 400
// invalidSyntax, more values than lim 413; U+0000 in a name or string is 400
// invalidValue, since engines cannot store it. Errors tell the byte offset and never a value.
func Parse(data []byte, lim Limits) (Value, error) {
	p := parser{text: string(data), lim: lim}
	if p.lim.Depth == 0 {
		p.lim.Depth = defaultDepth
	}
	if p.lim.Members == 0 {
		p.lim.Members = defaultMembers
	}
	if p.lim.Values == 0 {
		p.lim.Values = defaultValues
	}
	if strings.HasPrefix(p.text, "\ufeff") {
		return Value{}, p.malformed("it begins with a byte order mark")
	}
	if p.pos = invalidUTF8(p.text); p.pos >= 0 {
		return Value{}, p.malformed("this is not UTF-8")
	}
	p.pos = 0
	v, err := p.value()
	if err != nil {
		return Value{}, err
	}
	if p.space(); p.pos < len(p.text) {
		return Value{}, p.malformed("nothing may follow the value")
	}
	return v, nil
}

// ParseObject is Parse for a message or resource, which must be an object.
func ParseObject(data []byte, lim Limits) (*Members, error) {
	v, err := Parse(data, lim)
	if err != nil {
		return nil, err
	}
	if v.Kind() != Object {
		return nil, scimerr.InvalidSyntax("byte 0", "The body must be a JSON object, not a JSON %s.", v.Kind())
	}
	return v.Members(), nil
}

// parser is a recursive descent over text. The elements and members of open
// arrays and objects stand on two stacks, so that each list is allocated once,
// in its final size.
type parser struct {
	text    string
	pos     int
	lim     Limits
	depth   int
	count   int // of values so far
	values  []Value
	members []Member
}

func (p *parser) value() (Value, error) {
	p.space()
	if p.count++; p.count > p.lim.Values {
		return Value{}, scimerr.TooLarge("The JSON text holds more than %d values.", p.lim.Values)
	}
	switch c := p.peek(); {
	case c == '{':
		return p.object()
	case c == '[':
		return p.array()
	case c == '"':
		s, err := p.str()
		return Text(s), err
	case c == '-' || isDigit(c):
		return p.number()
	case p.word("true"):
		return Truth(true), nil
	case p.word("false"):
		return Truth(false), nil
	case p.word("null"):
		return Value{}, nil
	}
	return Value{}, p.malformed("a value is expected")
}

func (p *parser) object() (Value, error) {
	if err := p.open(); err != nil {
		return Value{}, err
	}
	start, first := p.pos-1, len(p.members)
	var names nameSet
	for more := !p.accept('}'); more; {
		p.space()
		at := p.pos
		if p.peek() != '"' {
			return Value{}, p.malformed("a member name in double quotes is expected")
		}
		name, err := p.str()
		if err != nil {
			return Value{}, err
		}
		if !names.add(p.members[first:], name) {
			return Value{}, scimerr.InvalidSyntax(position(at),
				"The member %q occurs twice in one object, the second time at byte %d; letter case does not tell names apart.", shorten(name), at)
		}
		if !p.accept(':') {
			return Value{}, p.malformed("a colon is expected")
		}
		v, err := p.value()
		if err != nil {
			return Value{}, err
		}
		if p.members = append(p.members, Member{name, v}); len(p.members)-first > p.lim.Members {
			return Value{}, scimerr.InvalidSyntax(position(start), "The object at byte %d has more than %d members.", start, p.lim.Members)
		}
		if more = p.accept(','); !more && !p.accept('}') {
			return Value{}, p.malformed("a comma or a closing brace is expected")
		}
	}
	list := slices.Clone(p.members[first:])
	p.members = p.members[:first]
	p.depth--
	return Of(&Members{list: list}), nil
}

func (p *parser) array() (Value, error) {
	if err := p.open(); err != nil {
		return Value{}, err
	}
	first := len(p.values)
	for more := !p.accept(']'); more; {
		v, err := p.value()
		if err != nil {
			return Value{}, err
		}
		p.values = append(p.values, v)
		if more = p.accept(','); !more && !p.accept(']') {
			return Value{}, p.malformed("a comma or a closing bracket is expected")
		}
	}
	list := slices.Clone(p.values[first:])
	p.values = p.values[:first]
	p.depth--
	return List(list...), nil
}

// open steps over an opening bracket or brace.
func (p *parser) open() error {
	if p.depth++; p.depth > p.lim.Depth {
		return scimerr.InvalidSyntax(position(p.pos), "The JSON text is nested deeper than %d levels at byte %d.", p.lim.Depth, p.pos)
	}
	p.pos++
	return nil
}

func (p *parser) number() (Value, error) {
	start := p.pos
	if p.peek() == '-' {
		p.pos++
	}
	if p.peek() == '0' {
		p.pos++
	} else if !p.digits() {
		return Value{}, p.malformed("a digit is expected")
	}
	if p.peek() == '.' {
		if p.pos++; !p.digits() {
			return Value{}, p.malformed("a digit is expected")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.pos++
		if c := p.peek(); c == '+' || c == '-' {
			p.pos++
		}
		if !p.digits() {
			return Value{}, p.malformed("a digit is expected")
		}
	}
	return NumberLiteral(p.text[start:p.pos]), nil
}

// str reads a string; the position is at its opening quote.
func (p *parser) str() (string, error) {
	p.pos++
	start := p.pos
	var unescaped []byte
	for ; p.pos < len(p.text); p.pos++ {
		switch c := p.text[p.pos]; {
		case c == '"':
			rest := p.text[start:p.pos]
			p.pos++
			if unescaped == nil {
				return rest, nil
			}
			return string(append(unescaped, rest...)), nil
		case c == '\\':
			r, size, err := p.escape()
			if err != nil {
				return "", err
			}
			unescaped = utf8.AppendRune(append(unescaped, p.text[start:p.pos]...), r)
			start = p.pos + size
			p.pos = start - 1
		case c < ' ':
			return "", p.malformed("a control character in a string must be escaped")
		}
	}
	return "", p.malformed("the string does not end")
}

// escape reads the escape sequence at the position without moving it.
func (p *parser) escape() (r rune, size int, err error) {
	rest := p.text[p.pos:]
	if len(rest) < 2 {
		return 0, 0, p.malformed("the string does not end")
	}
	switch rest[1] {
	case '"', '\\', '/':
		return rune(rest[1]), 2, nil
	case 'b':
		return '\b', 2, nil
	case 'f':
		return '\f', 2, nil
	case 'n':
		return '\n', 2, nil
	case 'r':
		return '\r', 2, nil
	case 't':
		return '\t', 2, nil
	case 'u':
		return p.unicodeEscape(rest)
	}
	return 0, 0, p.malformed("the escape sequence is unknown")
}

// unicodeEscape reads \uXXXX, or two of them that make a surrogate pair, at the
// beginning of rest.
func (p *parser) unicodeEscape(rest string) (r rune, size int, err error) {
	const lowFirst, lowLast, highFirst, highLast = 0xDC00, 0xDFFF, 0xD800, 0xDBFF
	unit, ok := CodeUnit(rest)
	switch {
	case !ok:
		return 0, 0, p.malformed("four hexadecimal digits are expected after \\u")
	case unit == 0:
		return 0, 0, scimerr.InvalidValue(position(p.pos), "The text at byte %d holds the character U+0000, which no attribute may hold.", p.pos)
	case unit < highFirst || unit > lowLast:
		return unit, 6, nil
	case unit <= highLast:
		if low, ok := CodeUnit(rest[6:]); ok && low >= lowFirst && low <= lowLast {
			return (unit-highFirst)<<10 + (low - lowFirst) + 0x10000, 12, nil
		}
	}
	return 0, 0, p.malformed("the escape sequence is an unpaired surrogate")
}

// CodeUnit reads the UTF-16 code unit of the \uXXXX with which s begins.
func CodeUnit(s string) (unit rune, ok bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	for _, c := range []byte(s[2:6]) {
		switch {
		case isDigit(c):
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		unit = unit<<4 | rune(c)
	}
	return unit, true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (p *parser) digits() bool {
	start := p.pos
	for isDigit(p.peek()) {
		p.pos++
	}
	return p.pos > start
}

// peek is the byte at the position, 0 at the end: no token begins with it.
func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func (p *parser) space() {
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

func (p *parser) accept(c byte) bool {
	p.space()
	if p.peek() != c {
		return false
	}
	p.pos++
	return true
}

func (p *parser) word(w string) bool {
	if !strings.HasPrefix(p.text[p.pos:], w) {
		return false
	}
	p.pos += len(w)
	return true
}

func (p *parser) malformed(why string) error {
	return scimerr.InvalidSyntax(position(p.pos), "The JSON text is malformed at byte %d: %s.", p.pos, why)
}

func position(at int) string { return fmt.Sprintf("byte %d", at) }

// invalidUTF8 is the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd") {
			return i
		}
	}
	return -1
}
