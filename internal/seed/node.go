package seed

import (
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/scimd/scimd/internal/resource"
)

// Position is where something stands in a file: line and column count from 1, the
// column in characters.
type Position struct{ Line, Column int }

// Node is a value of a seed with the places of all its parts.
type Node struct {
	Position
	Kind resource.Kind
	// Text is that of a string, or the literal of a number; true or false.
	Text string
	// Keys name the Items of an object, which has as many of both.
	Keys  []Key
	Items []*Node
}

// Key is the name of a member.
type Key struct {
	Position
	Name string
}

// Member finds a member of an object in any letter case; nil without one.
func (n *Node) Member(name string) *Node {
	if i := n.index(name); i >= 0 {
		return n.Items[i]
	}
	return nil
}

func (n *Node) index(name string) int {
	return slices.IndexFunc(n.Keys, func(k Key) bool { return strings.EqualFold(k.Name, name) })
}

// take removes a member and gives it; nil without one.
func (n *Node) take(name string) *Node {
	i := n.index(name)
	if i < 0 {
		return nil
	}
	out := n.Items[i]
	n.Keys, n.Items = slices.Delete(n.Keys, i, i+1), slices.Delete(n.Items, i, i+1)
	return out
}

// Value is the node as a JSON value.
func (n *Node) Value() resource.Value {
	switch n.Kind {
	case resource.Bool:
		return resource.Truth(n.Text == "true")
	case resource.Number:
		return resource.NumberLiteral(n.Text)
	case resource.String:
		return resource.Text(n.Text)
	case resource.Array:
		list := make([]resource.Value, len(n.Items))
		for i, item := range n.Items {
			list[i] = item.Value()
		}
		return resource.List(list...)
	case resource.Object:
		return resource.Of(n.members())
	}
	return resource.Value{}
}

func (n *Node) members() *resource.Members {
	m := &resource.Members{}
	for i, k := range n.Keys {
		m.Set(k.Name, n.Items[i].Value())
	}
	return m
}

// at is the place that a path leads to, or as much of it as there is: names of
// members and, in brackets, numbers of elements ("members[3].value").
func (n *Node) at(path string) Position {
	here := n.Position
	for path != "" && n != nil {
		if rest, ok := strings.CutPrefix(path, "["); ok {
			number, more, _ := strings.Cut(rest, "]")
			i, err := strconv.Atoi(number)
			if err != nil || n.Kind != resource.Array || i >= len(n.Items) {
				break
			}
			n, path = n.Items[i], more
			here = n.Position
			continue
		}
		path = strings.TrimPrefix(path, ".")
		i, size := n.longest(path)
		if i < 0 {
			break
		}
		here, path = n.Keys[i].Position, path[size:]
		n = n.Items[i]
	}
	return here
}

// longest is the member with the longest name that a path begins with: names of
// extensions hold dots themselves.
func (n *Node) longest(path string) (i, size int) {
	i = -1
	for at, k := range n.Keys {
		l := len(k.Name)
		if l <= size || l > len(path) || !strings.EqualFold(path[:l], k.Name) {
			continue
		}
		if l == len(path) || strings.IndexByte(".[:", path[l]) >= 0 {
			i, size = at, l
		}
	}
	return i, size
}

// encode appends a node in the form that decode reads: what is spooled.
func (n *Node) encode(dst []byte) []byte {
	dst = n.Position.encode(append(dst, byte(n.Kind)))
	switch n.Kind {
	case resource.Array, resource.Object:
		dst = binary.AppendUvarint(dst, uint64(len(n.Items)))
		for i, item := range n.Items {
			if n.Kind == resource.Object {
				dst = encodeText(n.Keys[i].Position.encode(dst), n.Keys[i].Name)
			}
			dst = item.encode(dst)
		}
	case resource.Bool, resource.Number, resource.String:
		dst = encodeText(dst, n.Text)
	}
	return dst
}

func (p Position) encode(dst []byte) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(p.Line)), uint64(p.Column))
}

func encodeText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

var errSpool = errors.New("the spooled seed is damaged")

// decoder reads what encode has made. The texts of one node share one copy.
type decoder struct {
	text string
	bad  bool
}

func decodeNode(data []byte) (*Node, error) {
	d := decoder{text: string(data)}
	n := d.node()
	if d.bad {
		return nil, errSpool
	}
	return n, nil
}

func (d *decoder) number() int {
	v, size := uint64(0), 0
	for shift := 0; size < len(d.text) && shift < 64; shift += 7 {
		b := d.text[size]
		size++
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			d.text = d.text[size:]
			return int(v)
		}
	}
	d.bad = true
	return 0
}

func (d *decoder) string() string {
	n := d.number()
	if d.bad || n < 0 || n > len(d.text) {
		d.bad = true
		return ""
	}
	s := d.text[:n]
	d.text = d.text[n:]
	return s
}

func (d *decoder) position() Position { return Position{d.number(), d.number()} }

func (d *decoder) node() *Node {
	if len(d.text) == 0 {
		d.bad = true
		return &Node{}
	}
	n := &Node{Kind: resource.Kind(d.text[0])}
	d.text = d.text[1:]
	n.Position = d.position()
	switch n.Kind {
	case resource.Array, resource.Object:
		for range d.number() {
			if d.bad {
				break
			}
			if n.Kind == resource.Object {
				n.Keys = append(n.Keys, Key{d.position(), d.string()})
			}
			n.Items = append(n.Items, d.node())
		}
	case resource.Bool, resource.Number, resource.String:
		n.Text = d.string()
	}
	return n
}
