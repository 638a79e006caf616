package seed

import (
	"github.com/scimd/scimd/internal/resource"
)

// What a seed may hold: one value that is read whole (a resource, a setting) and
// how deep values may stand inside one another.
const (
	maxDepth = 64
	// maxNodes bounds the values of one YAML document, or of one value of a JSON
	// document that is read whole; aliases count as what they stand for.
	maxNodes = 3_000_000
	// maxYAML bounds the bytes of a YAML document, which is held in memory; a file
	// may have many of them.
	maxYAML = 32 << 20
	// maxJSON bounds the bytes of a resource or setting in a JSON document, of
	// which the rest is not held.
	maxJSON = 64 << 20
)

// cursor is a value of a document that is yet to be read: of a YAML document in
// memory, or of a JSON document as it comes. It is read once.
type cursor interface {
	pos() Position
	kind() resource.Kind
	// node reads the value whole.
	node() (*Node, error)
	// object reads the members of an object one by one, array the elements of an
	// array. What each does not read is passed over.
	object(each func(Key, cursor) error) error
	array(each func(cursor) error) error
}

// held is a cursor of what is in memory.
type held struct{ *Node }

func (h held) pos() Position        { return h.Position }
func (h held) kind() resource.Kind  { return h.Kind }
func (h held) node() (*Node, error) { return h.Node, nil }

func (h held) object(each func(Key, cursor) error) error {
	for i, k := range h.Keys {
		if err := each(k, held{h.Items[i]}); err != nil {
			return err
		}
	}
	return nil
}

func (h held) array(each func(cursor) error) error {
	for _, item := range h.Items {
		if err := each(held{item}); err != nil {
			return err
		}
	}
	return nil
}

// kindName is what a mistake calls a kind of value.
func kindName(k resource.Kind) string {
	switch k {
	case resource.Array:
		return "a list"
	case resource.Object:
		return "a mapping"
	case resource.String:
		return "a text"
	case resource.Null:
		return "nothing"
	}
	return "a " + k.String()
}
