package filter

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/scimerr"
)

const (
	defaultMaxDepth  = 50
	defaultMaxLength = 8192
)

// check refuses text that no position of the grammar can hold: too long, not
// UTF-8, or with U+0000, which no store takes.
func (p *parser) check() error {
	limit := p.o.MaxLength
	if limit == 0 {
		limit = defaultMaxLength
	}
	if len(p.text) > limit {
		return p.refuse("length", "The text is longer than %d bytes.", limit)
	}
	if strings.IndexByte(p.text, 0) >= 0 || !utf8.ValidString(p.text) {
		for i, r := range p.text {
			_, size := utf8.DecodeRuneInString(p.text[i:])
			if r == 0 || r == utf8.RuneError && size == 1 {
				return p.fail(i, "A byte that is not text stands")
			}
		}
	}
	return nil
}

// fail makes the error for what stands at a byte offset; what is the sentence
// up to "at character N.".
func (p *parser) fail(offset int, what string, args ...any) error {
	at := fmt.Sprintf("character %d", utf8.RuneCountInString(p.text[:offset])+1)
	return p.refuse(at, "%s at %s.", fmt.Sprintf(what, args...), at)
}

// refuse makes an invalidFilter, or an invalidPath for what is wrong with a
// path outside its brackets.
func (p *parser) refuse(at, format string, args ...any) error {
	if p.path && !p.inside {
		return scimerr.InvalidPath(at, format, args...)
	}
	return scimerr.InvalidFilter(at, format, args...)
}

// peek is the next byte, 0 at the end; check has refused U+0000 in the text.
func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

// take consumes c if it is next.
func (p *parser) take(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.pos++
	return true
}

// blanks consumes blanks and reports whether there were any.
func (p *parser) blanks() bool {
	start := p.pos
	for p.peek() == ' ' {
		p.pos++
	}
	return p.pos > start
}

// word consumes a run of bytes up to a blank, bracket, quote or the end: a
// name, an operator, a keyword or an unquoted literal.
func (p *parser) word() string {
	start := p.pos
	for p.pos < len(p.text) && !delimits(p.text[p.pos]) {
		p.pos++
	}
	return p.text[start:p.pos]
}

func delimits(c byte) bool {
	switch c {
	case ' ', '(', ')', '[', ']', '"', '\'':
		return true
	}
	return false
}

// literal consumes a value. The text of a boolean is "true" or "false", that
// of null is empty.
func (p *parser) literal() (kind resource.Kind, text string, err error) {
	if c := p.peek(); c == '"' || c == '\'' && p.o.SingleQuotes {
		text, err = p.quoted()
		return resource.String, text, err
	}
	start := p.pos
	word := p.word()
	name := word
	if p.o.LiteralCase {
		name = strings.ToLower(word)
	}
	switch {
	case word == "":
		return 0, "", p.fail(start, "A value is missing")
	case name == "true" || name == "false":
		return resource.Bool, name, nil
	case name == "null":
		return resource.Null, "", nil
	case isNumber(word):
		return resource.Number, word, nil
	case p.o.BareLiterals:
		return resource.String, word, nil
	}
	return 0, "", p.fail(start, "A value that is neither text in double quotes nor a number, true, false or null stands")
}

// quoted consumes text in quotes. Text without escapes, the usual case, is a
// piece of the filter and costs nothing.
func (p *parser) quoted() (string, error) {
	open := p.pos
	quote := p.text[open]
	for p.pos++; p.pos < len(p.text); p.pos++ {
		switch c := p.text[p.pos]; {
		case c == quote:
			p.pos++
			return p.text[open+1 : p.pos-1], nil
		case c == '\\':
			return p.escaped(open, quote)
		case c < ' ':
			return "", p.fail(p.pos, "A control character that is not escaped stands")
		}
	}
	return "", p.fail(open, "Text that is not closed begins")
}

// escaped goes on where quoted met the first backslash.
func (p *parser) escaped(open int, quote byte) (string, error) {
	var b strings.Builder
	b.WriteString(p.text[open+1 : p.pos])
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		switch {
		case c == quote:
			p.pos++
			return b.String(), nil
		case c < ' ':
			return "", p.fail(p.pos, "A control character that is not escaped stands")
		case c == '\\':
			r, ok := p.escape(quote)
			if !ok {
				return "", p.fail(p.pos, "A malformed escape stands")
			}
			b.WriteRune(r)
		default:
			b.WriteByte(c)
			p.pos++
		}
	}
	return "", p.fail(open, "Text that is not closed begins")
}

// escape consumes one escape of RFC 8259 §7; a surrogate pair is one. On
// failure, U+0000 and lone surrogates included, it consumes nothing.
func (p *parser) escape(quote byte) (rune, bool) {
	rest := p.text[p.pos:]
	if len(rest) < 2 {
		return 0, false
	}
	if rest[1] == 'u' {
		r, n := unicodeEscape(rest)
		p.pos += n
		return r, n > 0
	}
	r := rune(0)
	switch c := rest[1]; c {
	case '\\', '/', '"':
		r = rune(c)
	case '\'':
		if quote != '\'' {
			return 0, false
		}
		r = '\''
	case 'b':
		r = '\b'
	case 'f':
		r = '\f'
	case 'n':
		r = '\n'
	case 'r':
		r = '\r'
	case 't':
		r = '\t'
	default:
		return 0, false
	}
	p.pos += 2
	return r, true
}

// unicodeEscape reads \uXXXX or a pair of them; n is its length, 0 if it names
// no character that text can hold.
func unicodeEscape(s string) (r rune, n int) {
	r, ok := resource.CodeUnit(s)
	switch {
	case !ok || r == 0:
		return 0, 0
	case !utf16.IsSurrogate(r):
		return r, 6
	}
	low, ok := resource.CodeUnit(s[6:])
	if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
		return 0, 0
	}
	return r, 12
}

// isNumber reports whether s is a number of RFC 8259 §6.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole := digits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	s = s[whole:]
	if strings.HasPrefix(s, ".") {
		n := digits(s[1:])
		if n == 0 {
			return false
		}
		s = s[1+n:]
	}
	if s == "" {
		return true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return false
	}
	s = s[1:]
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	return s != "" && digits(s) == len(s)
}

// digits counts the digits that s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
