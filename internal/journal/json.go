package journal

import (
	"strings"
	"unicode"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
)

// Members that say what another member of their object is: all others, for those of
// a PATCH operation and of a property, or its value.
var (
	naming      = map[string]bool{"key": true, "path": true, "attribute": true, "attributename": true, "field": true, "property": true}
	namingValue = map[string]bool{"name": true, "type": true, "kind": true, "label": true, "id": true}
	beside      = map[string]bool{"op": true, "operation": true, "method": true, "schemas": true, "bulkid": true}
	valued      = map[string]bool{"value": true, "values": true, "val": true, "newvalue": true, "oldvalue": true, "data": true, "content": true, "text": true}
	expressions = map[string]bool{"path": true, "filter": true, "sortby": true, "attributes": true, "excludedattributes": true}
	nameLists   = map[string]bool{"schemas": true, "attributes": true, "excludedattributes": true}
)

// tree redacts a value of a member; answer tells that it is of an answer, in which
// the server has put no lists of names and values.
func (m *masker) tree(name string, v resource.Value, answer bool) resource.Value {
	switch v.Kind() {
	case resource.String:
		return resource.Text(m.text(name, v.Str()))
	case resource.Number:
		if !m.attributes[name] && random(v.Literal()) {
			return resource.Text(Mask)
		}
		for _, s := range m.secrets {
			if strings.Contains(v.Literal(), s) {
				return resource.Text(Mask)
			}
		}
	case resource.Array:
		hide := !answer && !nameLists[name] && m.namesSecret(v)
		list := make([]resource.Value, 0, len(v.Items()))
		for _, e := range v.Items() {
			if hide && (e.Kind() == resource.String || e.Kind() == resource.Number) {
				e = m.hide(e)
			} else {
				e = m.tree(name, e, answer)
			}
			list = append(list, e)
		}
		return resource.List(list...)
	case resource.Object:
		return m.object(v.Members(), answer)
	}
	return v
}

func (m *masker) object(members *resource.Members, answer bool) resource.Value {
	all, values, carried := false, false, false // are secret, or may be
	for name, v := range members.All() {
		folded := schema.Fold(decoded(name))
		carried = carried || folded == "path" && ambiguous(v.Str())
		all = all || naming[folded] && m.namesSecret(v)
		values = values || namingValue[folded] && m.namesSecret(v)
	}
	whole := m.setsWhole(members)
	out := &resource.Members{}
	for name, v := range members.All() {
		folded := schema.Fold(decoded(name))
		switch {
		case whole && valued[folded] && v.Kind() != resource.Object:
			v = m.hide(v)
		case m.secret(name), all && !naming[folded] && !beside[folded], values && valued[folded]:
			v = m.hide(v)
		case carries(name), carried && valued[folded]:
			v = m.carried(v, answer)
		default:
			v = m.tree(folded, v, answer)
		}
		out.Set(m.member(name), v)
	}
	return resource.Of(out)
}

// setsWhole tells that an object is a PATCH operation on a resource as a whole, or on
// an extension: its value is an object, and what else comes may be anything.
func (m *masker) setsWhole(members *resource.Members) bool {
	if _, ok := members.GetFold("op"); !ok {
		return false
	}
	path, ok := members.GetFold("path")
	return !ok || path.Unassigned() || m.schemas[schema.FoldName(strings.TrimRight(path.Str(), ":."))]
}

// carried redacts elements of the carrier: what has no key that says otherwise is a
// secret.
func (m *masker) carried(v resource.Value, answer bool) resource.Value {
	switch v.Kind() {
	case resource.Array:
		list := make([]resource.Value, 0, len(v.Items()))
		for _, e := range v.Items() {
			list = append(list, m.carried(e, answer))
		}
		return resource.List(list...)
	case resource.Object:
		if _, ok := v.Members().GetFold("key"); ok {
			return m.object(v.Members(), answer)
		}
	}
	return m.hide(v)
}

// member redacts the name of a member, which may be anything.
func (m *masker) member(name string) string {
	if m.plain[schema.Fold(name)] || schema.ValidName(name) && !random(name) && m.always(name) == name {
		return name
	}
	if m.mentions(name) {
		return m.namesOnly(name)
	}
	return m.free(name)
}

// namesSecret tells that a text, or one of a list, is the name of a secret, or a path
// or filter with one.
func (m *masker) namesSecret(v resource.Value) bool {
	if v.Kind() == resource.String {
		return m.mentions(v.Str())
	}
	for _, e := range v.Items() {
		if e.Kind() == resource.String && m.mentions(e.Str()) {
			return true
		}
	}
	return false
}

// hide masks a value with all that is in it; what is empty stays.
func (m *masker) hide(v resource.Value) resource.Value {
	if v.Unassigned() {
		return v
	}
	m.learnAll(v)
	return resource.Text(Mask)
}

func (m *masker) learnAll(v resource.Value) {
	switch v.Kind() {
	case resource.String:
		m.learn(v.Str())
	case resource.Number:
		m.learn(v.Literal())
	}
	for _, e := range v.Items() {
		m.learnAll(e)
	}
	for _, e := range v.Members().All() {
		m.learnAll(e)
	}
}

// text redacts a text that is the value of a member.
func (m *masker) text(name, text string) string {
	switch {
	case expressions[name]:
		return m.expression(text)
	case name == "detail", name == "error_description": // a sentence of the server
		return m.sentence(text)
	case isURL(text):
		return m.url(text)
	case m.assignment(text):
		return m.namesOnly(text)
	case m.attributes[name]:
		return m.always(text)
	}
	return m.free(text)
}

// isURL tells that a text is a URL, and nothing else.
func isURL(text string) bool {
	return (strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://")) && !strings.ContainsAny(text, " \t\r\n\"'<>")
}

// sentence redacts a sentence of the server, which may repeat what a client sent.
func (m *masker) sentence(text string) string {
	text = m.always(text)
	text = without(text, func(r rune) bool { return !unicode.IsSpace(r) && r != '"' && r != '\'' }, func(part string) bool {
		clear := decoded(part)
		return clear != part && hasRandom(clear)
	})
	return withoutRandom(text)
}
