package filter

import (
	"strings"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/scimerr"
)

// Filter is a filter that was read but not yet bound to a resource type. It is
// immutable and can be bound to several types.
type Filter struct {
	nodes []node
	root  int32
	// few spares the usual short filter an allocation for its nodes.
	few [4]node
}

type nodeKind uint8

const (
	andNode nodeKind = iota
	orNode
	notNode
	compareNode
	presentNode
	valuePathNode
)

// node is one node of the unbound tree. Nodes refer to each other by their
// index; a node that is a parent comes after its first child.
type node struct {
	kind nodeKind
	op   Op
	// literal and text are the value of a comparison; see parser.literal.
	literal resource.Kind
	// first is the first operand; next the next operand of the same parent, 0
	// for none, which no operand but the very first one can have as its index.
	first, next int32
	name        string
	text        string
}

// Parse reads a filter of RFC 7644 figure 1. The error is 400 invalidFilter
// and names the position, in characters from 1.
func Parse(text string, o Options) (*Filter, error) {
	f := &Filter{}
	p := parser{text: text, o: o, nodes: f.few[:0]}
	if err := p.check(); err != nil {
		return nil, err
	}
	p.blanks()
	if p.pos == len(text) {
		return nil, scimerr.InvalidFilter("character 1", "The filter is empty.")
	}
	root, err := p.or()
	if err != nil {
		return nil, err
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	f.nodes, f.root = p.nodes, root
	return f, nil
}

// parser reads one filter or one path by recursive descent. Every method that
// reads an expression returns the index of its node.
type parser struct {
	text  string
	o     Options
	nodes []node
	pos   int
	depth int
	// path is set while a path is read, inside while in the brackets of a
	// filter or path.
	path, inside bool
}

func (p *parser) add(n node) int32 {
	p.nodes = append(p.nodes, n)
	return int32(len(p.nodes) - 1)
}

func (p *parser) or() (int32, error) { return p.list(orNode, "or") }

// operand reads an operand of an or, which is an and, or of an and.
func (p *parser) operand(of nodeKind) (int32, error) {
	if of == orNode {
		return p.list(andNode, "and")
	}
	return p.term()
}

// list reads operands with one keyword between them. Lists are flat, so that
// only brackets make a tree deep.
func (p *parser) list(kind nodeKind, keyword string) (int32, error) {
	first, err := p.operand(kind)
	if err != nil || !p.keyword(keyword) {
		return first, err
	}
	list := p.add(node{kind: kind, first: first})
	last := first
	for {
		next, err := p.operand(kind)
		if err != nil {
			return 0, err
		}
		p.nodes[last].next = next
		last = next
		if !p.keyword(keyword) {
			return list, nil
		}
	}
}

// keyword consumes a keyword with a blank on both sides, if it is next.
func (p *parser) keyword(keyword string) bool {
	start := p.pos
	if p.blanks() && strings.EqualFold(p.word(), keyword) && p.peek() == ' ' {
		return true
	}
	p.pos = start
	return false
}

// term reads a group, a negation, a value path, a comparison or a test for
// presence.
func (p *parser) term() (int32, error) {
	p.blanks()
	if p.peek() == '(' {
		return p.group()
	}
	start := p.pos
	name := p.word()
	if name == "" {
		return 0, p.fail(start, "An attribute name is missing")
	}
	end := p.pos
	p.blanks()
	switch {
	case p.peek() == '(' && strings.EqualFold(name, "not"):
		inner, err := p.group()
		if err != nil {
			return 0, err
		}
		return p.add(node{kind: notNode, first: inner}), nil
	case p.peek() == '[':
		return p.valuePath(name)
	}
	p.pos = end
	return p.comparison(name)
}

// group reads an expression in parentheses.
func (p *parser) group() (int32, error) { return p.enclosed(')') }

// selector reads an expression in brackets.
func (p *parser) selector() (int32, error) {
	if p.inside {
		return 0, p.fail(p.pos, "Brackets inside brackets stand")
	}
	p.inside = true
	where, err := p.enclosed(']')
	p.inside = false
	return where, err
}

// enclosed reads an expression between the opening mark, which is next, and
// the closing one.
func (p *parser) enclosed(closing byte) (int32, error) {
	limit := p.o.MaxDepth
	if limit == 0 {
		limit = defaultMaxDepth
	}
	open := p.pos
	if p.depth++; p.depth > limit {
		return 0, p.fail(open, "More than %d brackets inside each other stand", limit)
	}
	p.pos++
	inner, err := p.or()
	if err != nil {
		return 0, err
	}
	p.blanks()
	if !p.take(closing) {
		if p.pos == len(p.text) {
			return 0, p.fail(open, "A bracket that is not closed stands")
		}
		return 0, p.stray()
	}
	p.depth--
	return inner, nil
}

// valuePath reads what follows the name of a value path. A sub-attribute after
// the brackets moves into them: emails[type eq "work"].value eq "x" is about
// the value of the element that has the type.
func (p *parser) valuePath(name string) (int32, error) {
	where, err := p.selector()
	if err != nil {
		return 0, err
	}
	if p.peek() == '.' {
		if !p.o.PathAfterFilter {
			return 0, p.fail(p.pos, "In a filter nothing may follow the brackets, but text stands")
		}
		p.pos++
		start := p.pos
		sub := p.word()
		if sub == "" {
			return 0, p.fail(start, "A sub-attribute is missing")
		}
		test, err := p.comparison(sub)
		if err != nil {
			return 0, err
		}
		p.nodes[where].next = test
		where = p.add(node{kind: andNode, first: where})
	}
	return p.add(node{kind: valuePathNode, name: name, first: where}), nil
}

// comparison reads the operator and value that follow a name.
func (p *parser) comparison(name string) (int32, error) {
	if !p.blanks() {
		return 0, p.fail(p.pos, "An operator is missing")
	}
	start := p.pos
	word := p.word()
	if strings.EqualFold(word, "pr") {
		return p.add(node{kind: presentNode, name: name}), nil
	}
	op, ok := operator(word)
	switch {
	case ok:
	case word == "":
		return 0, p.fail(start, "An operator is missing")
	case strings.EqualFold(name, "not"):
		return 0, p.fail(start, "The parentheses that not needs are missing")
	case !operatorLike(word): // a value, perhaps, which no answer repeats
		return 0, p.fail(start, "What is no operator stands")
	default:
		return 0, p.fail(start, "%s, which is no operator, stands", quoteName(word))
	}
	if !p.blanks() {
		return 0, p.fail(p.pos, "A value is missing")
	}
	kind, text, err := p.literal()
	if err != nil {
		return 0, err
	}
	return p.add(node{kind: compareNode, op: op, literal: kind, name: name, text: text}), nil
}

// operatorLike tells that a word may be meant as an operator: contains, ==.
func operatorLike(word string) bool {
	const longest = 12
	return len(word) <= longest && strings.Trim(strings.ToLower(word), "abcdefghijklmnopqrstuvwxyz=!<>~^$*&|") == ""
}

func operator(word string) (Op, bool) {
	for op, name := range opNames {
		if strings.EqualFold(word, name) {
			return Op(op), true
		}
	}
	return 0, false
}

// end fails unless nothing but blanks is left.
func (p *parser) end() error {
	p.blanks()
	if p.pos < len(p.text) {
		return p.stray()
	}
	return nil
}

func (p *parser) stray() error {
	return p.fail(p.pos, "Text that the grammar does not allow here stands")
}
