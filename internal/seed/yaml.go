package seed

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/scimd/scimd/internal/resource"
)

// bounded is a reader that fails when more than left bytes are read from it. It
// stops counting lines and columns at the first character that no YAML text has.
type bounded struct {
	r    io.Reader
	left int64
	at   Position
	bad  bool   // that such a character is there
	rest []byte // a part of one, at the end of what was read
}

var errBound = errors.New("too long")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errBound
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	b.count(p[:n])
	return n, err
}

func (b *bounded) count(p []byte) {
	for p = append(b.rest, p...); !b.bad && utf8.FullRune(p); {
		r, size := utf8.DecodeRune(p)
		switch {
		case r == utf8.RuneError && size == 1, r < ' ' && !strings.ContainsRune("\t\n\r", r):
			b.bad = true
			return
		case r == '\n':
			b.at = Position{b.at.Line + 1, 1}
		default:
			b.at.Column++
		}
		p = p[size:]
	}
	b.rest = p
}

// yamlDocuments reads the documents of a YAML stream one after another.
func yamlDocuments(r io.Reader, each func(cursor) error) (err error) {
	in := &bounded{r: r, left: maxYAML, at: Position{1, 1}}
	loader, err := yaml.NewLoader(in)
	if err != nil {
		return err
	}
	for {
		var doc yaml.Node
		err := loader.Load(&doc)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case in.left <= 0:
			return wrongAt(Position{doc.Line, 1}, "A document has more than %d MiB; divide it by lines of --- , or into files.", maxYAML>>20)
		case err != nil:
			return yamlMistake(err, in)
		}
		in.left = maxYAML
		if len(doc.Content) == 0 {
			continue
		}
		c := converter{}
		n, err := c.convert(doc.Content[0], 0)
		if err != nil {
			return err
		}
		if n.Kind == resource.Null {
			continue
		}
		if err := each(held{n}); err != nil {
			return err
		}
	}
}

// yamlMistake is an error of the YAML parser, with the place that it tells. Of what
// is no text it tells none: that is where the reader has stopped to count.
func yamlMistake(err error, in *bounded) error {
	var bad *yaml.LoadError
	if !errors.As(err, &bad) {
		return err
	}
	if bad.Stage == yaml.ReaderStage {
		what, _, _ := strings.Cut(bad.Message, " (value")
		return wrongAt(in.at, "This is not YAML: %s.", what)
	}
	what := bad.Message
	if began := bad.ContextMark; bad.ContextMsg != "" && began.Line > 0 && began != bad.Mark {
		what += fmt.Sprintf(", %s that begins at %d:%d", bad.ContextMsg, began.Line, began.Column)
	}
	at := Position{max(bad.Mark.Line, 1), max(bad.Mark.Column, 1)}
	if at.Line > in.at.Line { // the parser ends the last line where the file does not
		at = in.at
	}
	return wrongAt(at, "This is not YAML: %s.", what)
}

// converter makes nodes of YAML nodes.
type converter struct{ count int }

// number is what JSON takes for one, and so everything that stores it.
var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

func (c *converter) convert(y *yaml.Node, depth int) (*Node, error) {
	n := &Node{Position: Position{y.Line, y.Column}}
	if c.count++; c.count > maxNodes {
		return nil, wrongAt(n.Position, "A document holds more than %d values, aliases counted as what they stand for.", maxNodes)
	}
	if depth > maxDepth {
		return nil, wrongAt(n.Position, "Values stand inside one another more than %d deep.", maxDepth)
	}
	switch y.Kind {
	case yaml.AliasNode:
		of, err := c.convert(y.Alias, depth+1)
		if of != nil {
			of.Position = n.Position
		}
		return of, err
	case yaml.SequenceNode:
		n.Kind = resource.Array
		for _, item := range y.Content {
			x, err := c.convert(item, depth+1)
			if err != nil {
				return nil, err
			}
			n.Items = append(n.Items, x)
		}
		return n, plainTag(y, "!!seq")
	case yaml.MappingNode:
		if err := c.mapping(n, y, depth); err != nil {
			return nil, err
		}
		return n, plainTag(y, "!!map")
	case yaml.ScalarNode:
		return n, scalar(n, y)
	}
	return nil, wrongAt(n.Position, "A value is expected here.")
}

func (c *converter) mapping(n *Node, y *yaml.Node, depth int) error {
	n.Kind = resource.Object
	seen := make(map[string]bool, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		key := y.Content[i]
		at := Position{key.Line, key.Column}
		switch {
		case key.Kind != yaml.ScalarNode:
			return wrongAt(at, "The name of a member must be a text.")
		case key.Tag == "!!merge":
			return wrongAt(at, "A merge (<<) is not known here; write the members out, or use an alias for a whole value.")
		case strings.ContainsRune(key.Value, 0):
			return wrongAt(at, "The character U+0000 can stand nowhere.")
		case seen[strings.ToLower(key.Value)]:
			return wrongAt(at, "%.80q occurs twice in one mapping; letter case does not tell names apart.", key.Value)
		}
		seen[strings.ToLower(key.Value)] = true
		v, err := c.convert(y.Content[i+1], depth+1)
		if err != nil {
			return err
		}
		n.Keys, n.Items = append(n.Keys, Key{at, key.Value}), append(n.Items, v)
	}
	return nil
}

func plainTag(y *yaml.Node, want string) error {
	if y.ShortTag() != want {
		return wrongAt(Position{y.Line, y.Column}, "The tag %s is not known here.", y.Tag)
	}
	return nil
}

func scalar(n *Node, y *yaml.Node) error {
	n.Text = y.Value
	switch y.ShortTag() {
	case "!!str", "!!timestamp":
		n.Kind = resource.String
		if strings.ContainsRune(y.Value, 0) {
			return wrongAt(n.Position, "The character U+0000 can stand nowhere.")
		}
	case "!!null":
		n.Kind = resource.Null
	case "!!bool":
		n.Kind, n.Text = resource.Bool, strings.ToLower(y.Value)
	case "!!int", "!!float":
		n.Kind = resource.Number
		if !number.MatchString(y.Value) {
			return wrongAt(n.Position, "%.40s is no number as JSON has them; write it in decimal digits, or in quotes for a text.", y.Value)
		}
	default:
		return wrongAt(n.Position, "The tag %s is not known here.", y.Tag)
	}
	return nil
}
