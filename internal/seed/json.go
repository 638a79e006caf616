package seed

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/scimd/scimd/internal/resource"
)

// jsonDocument reads a JSON document as it comes. It is as strict as package
// resource with what clients send.
func jsonDocument(r io.Reader, each func(cursor) error) (err error) {
	p := &jsonReader{r: bufio.NewReaderSize(r, 64<<10), line: 1, column: 1}
	defer func() {
		if bad := recover(); bad != nil {
			stop, ok := bad.(stopped)
			if !ok {
				panic(bad)
			}
			err = stop.error
		}
	}()
	p.space()
	if err := p.visit(each); err != nil {
		return err
	}
	if p.space(); !p.ended() {
		p.fail("nothing may follow the document")
	}
	return nil
}

// jsonReader is a recursive descent over a stream. It gives up by a panic with
// stopped, so that its functions read like the grammar.
type jsonReader struct {
	r            *bufio.Reader
	line, column int
	depth        int
	// nodes and bytes are what is left of the value that is read whole.
	nodes, bytes int
}

type stopped struct{ error }

func (p *jsonReader) at() Position { return Position{p.line, p.column} }

func (p *jsonReader) fail(why string) {
	panic(stopped{wrongAt(p.at(), "The JSON text is malformed: %s.", why)})
}

// peek is the next byte, 0 at the end: no token begins with it.
func (p *jsonReader) peek() byte {
	b, err := p.r.Peek(1)
	switch {
	case err == nil:
		return b[0]
	case errors.Is(err, io.EOF):
		return 0
	}
	panic(stopped{err})
}

func (p *jsonReader) ended() bool {
	_, err := p.r.Peek(1)
	return errors.Is(err, io.EOF)
}

// next takes a byte.
func (p *jsonReader) next() byte {
	b, err := p.r.ReadByte()
	if errors.Is(err, io.EOF) {
		p.fail("it ends here")
	} else if err != nil {
		panic(stopped{err})
	}
	if b == '\n' {
		p.line, p.column = p.line+1, 1
	} else if utf8.RuneStart(b) {
		p.column++
	}
	p.bytes--
	return b
}

func (p *jsonReader) space() {
	for {
		switch p.peek() {
		case ' ', '\t', '\n', '\r':
			p.next()
		default:
			return
		}
	}
}

func (p *jsonReader) accept(c byte) bool {
	p.space()
	if p.peek() != c {
		return false
	}
	p.next()
	return true
}

// visit gives the value that comes to each, and passes over what that leaves.
func (p *jsonReader) visit(each func(cursor) error) error {
	c := &arriving{p: p, from: p.at(), of: p.kindAhead()}
	if err := each(c); err != nil {
		return err
	}
	if !c.read {
		_, err := c.node()
		return err
	}
	return nil
}

func (p *jsonReader) kindAhead() resource.Kind {
	switch c := p.peek(); {
	case c == '{':
		return resource.Object
	case c == '[':
		return resource.Array
	case c == '"':
		return resource.String
	case c == '-' || c >= '0' && c <= '9':
		return resource.Number
	case c == 't' || c == 'f':
		return resource.Bool
	case c == 'n':
		return resource.Null
	}
	p.fail("a value is expected")
	return 0
}

// arriving is a cursor of what is yet to come.
type arriving struct {
	p    *jsonReader
	from Position
	of   resource.Kind
	read bool
}

func (c *arriving) pos() Position       { return c.from }
func (c *arriving) kind() resource.Kind { return c.of }

func (c *arriving) node() (*Node, error) {
	c.read = true
	c.p.nodes, c.p.bytes = maxNodes, maxJSON
	return c.p.value(), nil
}

func (c *arriving) object(each func(Key, cursor) error) error {
	c.read = true
	return c.p.object(func(k Key) error {
		return c.p.visit(func(v cursor) error { return each(k, v) })
	})
}

func (c *arriving) array(each func(cursor) error) error {
	c.read = true
	return c.p.array(func() error { return c.p.visit(each) })
}

func (p *jsonReader) value() *Node {
	n := &Node{Position: p.at(), Kind: p.kindAhead()}
	if p.nodes--; p.nodes < 0 || p.bytes < 0 {
		panic(stopped{wrongAt(n.Position, "A resource or setting takes more than %d values or %d MiB.", maxNodes, maxJSON>>20)})
	}
	switch n.Kind {
	case resource.Object:
		_ = p.object(func(k Key) error {
			n.Keys, n.Items = append(n.Keys, k), append(n.Items, p.value())
			return nil
		})
	case resource.Array:
		_ = p.array(func() error {
			n.Items = append(n.Items, p.value())
			return nil
		})
	case resource.String:
		n.Text = p.text()
	case resource.Number:
		n.Text = p.number()
	case resource.Bool:
		n.Text = p.word("true", "false")
	default:
		p.word("null")
	}
	return n
}

func (p *jsonReader) open() {
	if p.depth++; p.depth > maxDepth {
		panic(stopped{wrongAt(p.at(), "Values stand inside one another more than %d deep.", maxDepth)})
	}
	p.next()
	p.space()
}

func (p *jsonReader) object(each func(Key) error) error {
	p.open()
	seen := map[string]bool{}
	for more := !p.accept('}'); more; {
		p.space()
		k := Key{Position: p.at()}
		if p.peek() != '"' {
			p.fail("a member name in double quotes is expected")
		}
		k.Name = p.text()
		if name := strings.ToLower(k.Name); seen[name] {
			return p.stop(wrongAt(k.Position, "%.80q occurs twice in one object; letter case does not tell names apart.", k.Name))
		} else {
			seen[name] = true
		}
		if !p.accept(':') {
			p.fail("a colon is expected")
		}
		p.space()
		if err := each(k); err != nil {
			return err
		}
		if more = p.accept(','); !more && !p.accept('}') {
			p.fail("a comma or a closing brace is expected")
		}
	}
	p.depth--
	return nil
}

func (p *jsonReader) stop(err error) error { panic(stopped{err}) }

func (p *jsonReader) array(each func() error) error {
	p.open()
	for more := !p.accept(']'); more; {
		p.space()
		if err := each(); err != nil {
			return err
		}
		if more = p.accept(','); !more && !p.accept(']') {
			p.fail("a comma or a closing bracket is expected")
		}
	}
	p.depth--
	return nil
}

func (p *jsonReader) word(words ...string) string {
	for _, w := range words {
		if p.peek() != w[0] {
			continue
		}
		for i := range len(w) {
			if p.peek() != w[i] {
				p.fail("a value is expected")
			}
			p.next()
		}
		return w
	}
	p.fail("a value is expected")
	return ""
}

func (p *jsonReader) number() string {
	var b strings.Builder
	for {
		c := p.peek()
		if c == 0 || !strings.ContainsRune("+-.eE0123456789", rune(c)) {
			break
		}
		b.WriteByte(p.next())
	}
	if !number.MatchString(b.String()) {
		p.fail("this is no number")
	}
	return b.String()
}

func (p *jsonReader) text() string {
	var b strings.Builder
	from := p.at()
	p.next()
	for {
		switch c := p.next(); {
		case c == '"':
			if !utf8.ValidString(b.String()) {
				panic(stopped{wrongAt(from, "The text is not UTF-8.")})
			}
			return b.String()
		case c == '\\':
			b.WriteRune(p.escape())
		case c < ' ':
			p.fail("a control character in a text must be escaped")
		default:
			b.WriteByte(c)
		}
		if b.Len() > maxJSON {
			panic(stopped{wrongAt(from, "The text is longer than %d MiB.", maxJSON>>20)})
		}
	}
}

func (p *jsonReader) escape() rune {
	switch c := p.next(); c {
	case '"', '\\', '/':
		return rune(c)
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'u':
		r := p.codeUnit()
		if utf16.IsSurrogate(r) {
			if p.next() != '\\' || p.next() != 'u' {
				p.fail("the escape sequence is an unpaired surrogate")
			}
			r = utf16.DecodeRune(r, p.codeUnit())
			if r == utf8.RuneError {
				p.fail("the escape sequence is an unpaired surrogate")
			}
		}
		if r == 0 {
			p.fail("the character U+0000 can stand nowhere")
		}
		return r
	}
	p.fail("the escape sequence is unknown")
	return 0
}

func (p *jsonReader) codeUnit() rune {
	escape := []byte(`\u0000`)
	for i := 2; i < len(escape); i++ {
		escape[i] = p.next()
	}
	r, ok := resource.CodeUnit(string(escape))
	if !ok {
		p.fail("four hexadecimal digits are expected after \\u")
	}
	return r
}
