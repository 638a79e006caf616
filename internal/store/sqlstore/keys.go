package sqlstore

import (
	"cmp"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// keys are what a write stores beside the document.
type keys struct {
	id      string // the key of the id
	columns []any  // as layout.columns
	texts   []any  // as layout.texts: the text, then the key if it has a column
	rows    []valueRow
	uniques []uniqueKey
}

// valueRow is a row of value_r, with the path of its attribute and the kind of
// its key in place of the number. Nil fields are null.
type valueRow struct {
	path string
	kind filter.KeyKind
	ord  int64
	typ  any // string
	prim any // int64
	lead int64
	v    any // string
}

type uniqueKey struct {
	attr *schema.Attribute
	v    string
}

func idKey(rt *schema.ResourceType, id string) string { return schema.TextKey(id, rt.IDCaseExact) }

// extract takes the keys of a resource from its tree. The error is 400
// invalidValue for a unique value that is too long to be one.
func (l *layout) extract(r *store.Resource) (*keys, error) {
	k := &keys{id: idKey(l.rt, r.ID)}
	if len(k.id) > schema.MaxKey {
		return nil, tooLong("id")
	}
	for _, c := range l.columns {
		var v any
		if key, _, ok := firstKey(c.attr, r.Body); ok {
			if c.unique && len(key) > schema.MaxKey {
				return nil, tooLong(c.attr.Path)
			}
			v = columnValue(c.attr, key)
		}
		k.columns = append(k.columns, v)
	}
	for _, t := range l.texts {
		k.texts = append(k.texts, t.values(r.Body)...)
	}
	for i := range l.rows {
		k.rows = l.rows[i].append(k.rows, r)
	}
	for _, e := range l.rt.Extensions {
		if e.Schema.Open {
			k.rows = appendOpen(k.rows, e.Schema, r.Body)
		}
	}
	for _, a := range l.uniques {
		for _, v := range values(a, r.Body) {
			key, _, ok := filter.Keys(a, v)
			if !ok {
				continue
			}
			if len(key) > schema.MaxKey {
				return nil, tooLong(a.Path)
			}
			if u := (uniqueKey{a, key}); !slices.Contains(k.uniques, u) {
				k.uniques = append(k.uniques, u)
			}
		}
	}
	slices.SortFunc(k.uniques, func(a, b uniqueKey) int {
		return cmp.Or(strings.Compare(a.attr.Path, b.attr.Path), strings.Compare(a.v, b.v))
	})
	return k, nil
}

func tooLong(path string) error {
	return scimerr.InvalidValue(path, "The value of %s is longer than %d bytes.", path, schema.MaxKey)
}

// columnValue is a key as its column holds it.
func columnValue(a *schema.Attribute, key string) any {
	if a.Type == schema.Boolean {
		return flag(key == "true")
	}
	return cutKey(key)
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func cutKey(key string) string {
	key, _ = schema.CutKey(key)
	return key
}

func (t *boundText) values(body *resource.Members) []any {
	out := []any{nil}
	if t.key != "" {
		out = append(out, nil)
	}
	for _, a := range t.attrs {
		key, _, ok := firstKey(a, body)
		if !ok {
			continue
		}
		out[0] = values(a, body)[0].Str()
		if t.key != "" {
			out[1] = cutKey(key)
		}
		break
	}
	return out
}

// append adds the value rows of an attribute. lead goes to the row by which the
// resource sorts, as filter.SortKey picks it: the primary element, else the
// first; elements without a value are passed over.
func (b *boundRow) append(rows []valueRow, r *store.Resource) []valueRow {
	path := strings.ToLower(b.attr.Path)
	if path == "id" {
		return append(rows, valueRow{path: path, lead: 1, v: schema.TextKey(r.ID, b.attr.CaseExact)})
	}
	lead, primaryLeads := -1, false
	for ord, v := range values(b.attr, r.Body) {
		row := valueRow{path: path, ord: int64(ord)}
		value, attr, isPrimary := v, b.attr, false
		if b.elements() {
			if !filter.MatchElement(b.some, b.attr, v) {
				continue
			}
			value, attr = member(v, b.value), b.value
			if key, _, ok := subKey(v, b.typ); ok {
				row.typ = cutKey(key)
			}
			if key, _, ok := subKey(v, b.primary); ok {
				isPrimary = key == "true"
				row.prim = flag(isPrimary)
			}
		} else if v.Unassigned() {
			continue
		}
		fit := false
		if attr != nil {
			var key string
			if key, row.kind, fit = filter.Keys(attr, value); fit {
				row.v = cutKey(key)
			} else {
				row.kind = kindOf(attr)
			}
		}
		if fit && !primaryLeads && (lead < 0 || isPrimary) {
			lead = len(rows)
		}
		primaryLeads = primaryLeads || isPrimary && lead >= 0
		rows = append(rows, row)
	}
	if lead >= 0 {
		rows[lead].lead = 1
	}
	return rows
}

// appendOpen adds a row for each member of an open extension.
func appendOpen(rows []valueRow, s *schema.Schema, body *resource.Members) []valueRow {
	extension, _ := body.Get(s.ID)
	for name, v := range extension.Members().All() {
		a := s.Attribute(name)
		if a == nil || a.Type != schema.Any || v.Unassigned() {
			continue
		}
		row := valueRow{path: strings.ToLower(a.Path)}
		if key, kind, ok := filter.Keys(a, v); ok {
			row.v, row.kind, row.lead = cutKey(key), kind, 1
		}
		rows = append(rows, row)
	}
	return rows
}

// kindOf is the kind of the keys of a declared attribute.
func kindOf(a *schema.Attribute) filter.KeyKind {
	switch a.Type {
	case schema.Integer, schema.Decimal:
		return filter.NumberKind
	case schema.DateTime:
		return filter.TimeKind
	case schema.Boolean:
		return filter.BoolKind
	}
	return filter.TextKind
}

// values are the values that a resource holds of an attribute; of a
// sub-attribute, those of all elements.
func values(a *schema.Attribute, body *resource.Members) []resource.Value {
	m := body
	if a.Extension != "" {
		v, _ := m.Get(a.Extension)
		m = v.Members()
	}
	v, _ := m.Get(a.Top().Name)
	list := items(v)
	if a.Parent == nil {
		return list
	}
	var out []resource.Value
	for _, element := range list {
		out = append(out, items(member(element, a))...)
	}
	return out
}

func items(v resource.Value) []resource.Value {
	switch v.Kind() {
	case resource.Array:
		return v.Items()
	case resource.Null:
		return nil
	}
	return []resource.Value{v}
}

func member(element resource.Value, a *schema.Attribute) resource.Value {
	if a == nil {
		return resource.Value{}
	}
	v, _ := element.Members().Get(a.Name)
	return v
}

func subKey(element resource.Value, a *schema.Attribute) (string, filter.KeyKind, bool) {
	if a == nil {
		return "", 0, false
	}
	return filter.Keys(a, member(element, a))
}

// firstKey is the key of the first value of an attribute.
func firstKey(a *schema.Attribute, body *resource.Members) (string, filter.KeyKind, bool) {
	if a == nil {
		return "", 0, false
	}
	list := values(a, body)
	if len(list) == 0 {
		return "", 0, false
	}
	return filter.Keys(a, list[0])
}
