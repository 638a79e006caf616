// Package resource holds resources in the two forms in which scimd handles
// them: a small tree of JSON values for writes, and canonical JSON bytes for
// everything else.
//
// Canonical JSON has no insignificant space, no duplicate members, and number
// literals as the client spelled them. Reads never go through the tree: they
// splice and project bytes (AppendResource, Projection).
package resource

import (
	"iter"
	"strings"
)

// Kind is a JSON type.
type Kind uint8

// The JSON types. The zero Value is null.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

var kindNames = [...]string{"null", "boolean", "number", "string", "array", "object"}

func (k Kind) String() string { return kindNames[k] }

// Value is one JSON value. Values are treated as immutable once they stand in
// a tree; only an Object is changed in place, by the code that built it.
type Value struct {
	kind Kind
	b    bool
	text string
	list []Value
	obj  *Members
}

// Text makes a JSON string.
func Text(s string) Value { return Value{kind: String, text: s} }

// Truth makes a JSON boolean.
func Truth(b bool) Value { return Value{kind: Bool, b: b} }

// NumberLiteral makes a JSON number from its literal, which must be valid.
func NumberLiteral(lit string) Value { return Value{kind: Number, text: lit} }

// List makes a JSON array.
func List(vs ...Value) Value { return Value{kind: Array, list: vs} }

// Of makes a JSON object that shares m.
func Of(m *Members) Value {
	if m == nil {
		m = &Members{}
	}
	return Value{kind: Object, obj: m}
}

// Kind is v's JSON type.
func (v Value) Kind() Kind { return v.kind }

// IsNull reports whether v is null.
func (v Value) IsNull() bool { return v.kind == Null }

// Str is the text of a string, "" otherwise.
func (v Value) Str() string {
	if v.kind == String {
		return v.text
	}
	return ""
}

// Literal is the literal of a number, "" otherwise.
func (v Value) Literal() string {
	if v.kind == Number {
		return v.text
	}
	return ""
}

// Bool is the value of a boolean, false otherwise.
func (v Value) Bool() bool { return v.b }

// Items are the elements of an array, nil otherwise.
func (v Value) Items() []Value { return v.list }

// Members are the members of an object, nil otherwise. A nil *Members is empty.
func (v Value) Members() *Members { return v.obj }

// Unassigned reports whether v is null, "", [] or {}: all of them mean that an
// attribute has no value (RFC 7643 §2.5, design table).
func (v Value) Unassigned() bool {
	switch v.kind {
	case Null:
		return true
	case String:
		return v.text == ""
	case Array:
		return len(v.list) == 0
	case Object:
		return v.obj.Len() == 0
	}
	return false
}

// Equal reports whether two values are the same JSON value: object members in
// any order, arrays in order, number literals compared as text.
func (v Value) Equal(w Value) bool {
	if v.kind != w.kind || v.b != w.b || v.text != w.text || len(v.list) != len(w.list) {
		return false
	}
	for i := range v.list {
		if !v.list[i].Equal(w.list[i]) {
			return false
		}
	}
	if v.obj.Len() != w.obj.Len() {
		return false
	}
	for name, x := range v.obj.All() {
		if y, ok := w.obj.Get(name); !ok || !x.Equal(y) {
			return false
		}
	}
	return true
}

// Clone copies v so that changes of objects in the copy do not reach v.
func (v Value) Clone() Value {
	switch v.kind {
	case Array:
		list := make([]Value, len(v.list))
		for i := range v.list {
			list[i] = v.list[i].Clone()
		}
		v.list = list
	case Object:
		v.obj = v.obj.Clone()
	}
	return v
}

// Member is one name and value of an object.
type Member struct {
	Name  string
	Value Value
}

// Members are the members of a JSON object in their order. SCIM objects are
// small, so look-up is a walk. The zero value and nil are empty objects.
type Members struct {
	list []Member
}

// Len is the number of members.
func (m *Members) Len() int {
	if m == nil {
		return 0
	}
	return len(m.list)
}

// Get finds a member by its exact name.
func (m *Members) Get(name string) (Value, bool) {
	if m != nil {
		for i := range m.list {
			if m.list[i].Name == name {
				return m.list[i].Value, true
			}
		}
	}
	return Value{}, false
}

// GetFold finds a member by name in any letter case (RFC 7643 §2.1).
func (m *Members) GetFold(name string) (Value, bool) {
	if m != nil {
		for i := range m.list {
			if strings.EqualFold(m.list[i].Name, name) {
				return m.list[i].Value, true
			}
		}
	}
	return Value{}, false
}

// Set puts a value under name, in place if the name is there, else at the end.
func (m *Members) Set(name string, v Value) {
	for i := range m.list {
		if m.list[i].Name == name {
			m.list[i].Value = v
			return
		}
	}
	m.list = append(m.list, Member{name, v})
}

// Delete removes a member; it reports whether there was one.
func (m *Members) Delete(name string) bool {
	if m == nil {
		return false
	}
	for i := range m.list {
		if m.list[i].Name == name {
			m.list = append(m.list[:i:i], m.list[i+1:]...)
			return true
		}
	}
	return false
}

// All walks the members in order.
func (m *Members) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if m == nil {
			return
		}
		for _, x := range m.list {
			if !yield(x.Name, x.Value) {
				return
			}
		}
	}
}

// Clone copies m deeply.
func (m *Members) Clone() *Members {
	c := &Members{}
	if m != nil {
		c.list = make([]Member, len(m.list))
		for i, x := range m.list {
			c.list[i] = Member{x.Name, x.Value.Clone()}
		}
	}
	return c
}
