package sqlstore

import (
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/schema"
)

// layout is a table map bound to a resource type: what a write extracts, and
// where a query finds an attribute.
type layout struct {
	*tableMap
	rt      *schema.ResourceType
	columns []boundColumn
	texts   []boundText
	rows    []boundRow
	// uniques are the unique attributes without a unique column; their keys
	// stand in resource_unique.
	uniques []*schema.Attribute
	// places by attribute path in lower case.
	places map[string]place
	// declared are the paths of all attributes of the type, in lower case.
	declared map[string]bool
}

type boundColumn struct {
	column
	attr *schema.Attribute // nil when the type has no such attribute
}

// boundText is a column with the text of the first attribute that has a value;
// key is the column with its comparison key, "" when that is a column of the
// map.
type boundText struct {
	column, key string
	attrs       []*schema.Attribute
}

// boundRow is an attribute in value rows. For a multi-valued complex attribute
// the other fields are its sub-attributes, nil where there is none, and some
// holds when an element has any value at all.
type boundRow struct {
	attr                *schema.Attribute
	value, typ, primary *schema.Attribute
	some                filter.Predicate
}

func (b *boundRow) elements() bool { return b.attr.Type == schema.Complex }

// place is where an attribute is found. Exactly one field is set.
type place struct {
	scalar *scalar
	rows   *valueRows
	edges  *relationMap
	// constant is the key of an attribute that all resources of the type share.
	constant string
}

// scalarType tells how a column holds keys.
type scalarType uint8

const (
	textColumn scalarType = iota
	flagColumn            // 0, 1, null
	timeColumn            // microseconds since 1970
)

// scalar is a column of the resource's own table, without its alias.
type scalar struct {
	column string
	kind   scalarType
	// whole columns never hold a cut key.
	whole bool
	// unique columns have few rows for one value.
	point bool
	// narrow is a column that must hold the folded key too, so that its index
	// serves a comparison with eq.
	narrow string
}

// valueRows are the value rows of an attribute; part is the column asked for.
type valueRows struct {
	path string
	part string // v, typ or prim
}

func bind(rt *schema.ResourceType) *layout {
	m := mapOf(rt.Name)
	l := &layout{tableMap: m, rt: rt, places: map[string]place{}, declared: map[string]bool{}}
	attrs := attributesOf(rt)
	for path := range attrs {
		l.declared[path] = true
	}
	for _, c := range m.columns {
		a := attrs[strings.ToLower(c.path)]
		l.columns = append(l.columns, boundColumn{c, a})
		if a == nil || c.rest {
			continue
		}
		s := &scalar{column: c.name, whole: c.unique, point: c.unique || c.path == "externalId"}
		if a.Type == schema.Boolean {
			s.kind = flagColumn
		}
		l.put(a, place{scalar: s})
	}
	l.bindTexts(attrs)
	for _, path := range m.rows {
		if a := attrs[strings.ToLower(path)]; a != nil {
			l.bindRow(a)
		}
	}
	for i := range m.relations {
		l.bindRelation(&m.relations[i], attrs[strings.ToLower(m.relations[i].path)])
	}
	l.bindCommon(attrs)
	if m.allRows {
		l.bindAll()
	}
	l.bindUniques(attrs)
	return l
}

func (l *layout) put(a *schema.Attribute, p place) {
	path := strings.ToLower(a.Path)
	if _, there := l.places[path]; !there {
		l.places[path] = p
	}
}

func (l *layout) bindTexts(attrs map[string]*schema.Attribute) {
	done := map[string]bool{}
	for _, n := range l.names {
		if done[n.text] {
			continue
		}
		done[n.text] = true
		t := boundText{column: n.text, key: n.key}
		for _, path := range n.paths {
			if a := attrs[strings.ToLower(path)]; a != nil && a.Type == schema.String && !a.MultiValued {
				t.attrs = append(t.attrs, a)
			}
		}
		for _, c := range l.columns {
			if c.name == n.key {
				t.key = ""
			}
		}
		l.texts = append(l.texts, t)
	}
}

func (l *layout) bindRow(a *schema.Attribute) {
	row := boundRow{attr: a}
	path := strings.ToLower(a.Path)
	if a.Type != schema.Complex {
		l.put(a, place{rows: &valueRows{path, "v"}})
		l.rows = append(l.rows, row)
		return
	}
	kind := elementType(a)
	var some []filter.Predicate
	for _, sub := range a.Sub {
		some = append(some, &filter.Present{Attr: sub})
		part := ""
		switch {
		case strings.EqualFold(sub.Name, "value"):
			part, row.value = "v", sub
		case sub == kind:
			part, row.typ = "typ", sub
		case filter.IsPrimary(sub):
			part, row.primary = "prim", sub
		default:
			continue
		}
		l.put(sub, place{rows: &valueRows{path, part}})
	}
	row.some = filter.AnyOf(some...)
	l.put(a, place{rows: &valueRows{path, "v"}})
	l.rows = append(l.rows, row)
}

// elementType is the sub-attribute that tells elements apart: their type, or
// their key.
func elementType(a *schema.Attribute) *schema.Attribute {
	if sub := a.SubAttribute("type"); sub != nil {
		return sub
	}
	return a.SubAttribute("key")
}

// bindRelation places the derived sub-attributes of a complex attribute, and
// the attribute itself when it has no others.
func (l *layout) bindRelation(r *relationMap, a *schema.Attribute) {
	if a == nil {
		return
	}
	all := true
	for _, sub := range a.Sub {
		if r.derives(sub) {
			l.put(sub, place{edges: r})
		} else {
			all = false
		}
	}
	if all {
		l.put(a, place{edges: r})
	}
}

func (r *relationMap) derives(sub *schema.Attribute) bool {
	return slices.ContainsFunc(r.derived, func(name string) bool { return strings.EqualFold(name, sub.Name) })
}

// knows tells that SQL can find the sub-attribute through the relation.
func (r *relationMap) knows(sub *schema.Attribute) bool {
	return strings.EqualFold(sub.Name, r.value) || strings.EqualFold(sub.Name, r.kind) || r.calls(sub)
}

// calls tells that the sub-attribute shows what the other side is called.
func (r *relationMap) calls(sub *schema.Attribute) bool {
	return slices.ContainsFunc(r.displays, func(name string) bool { return strings.EqualFold(name, sub.Name) })
}

// bindAll keeps in value rows whatever has no place yet, but for what is never
// shown, and for schemas and meta.
func (l *layout) bindAll() {
	lists := [][]*schema.Attribute{l.rt.Common.Attributes, l.rt.Schema.Attributes}
	for _, e := range l.rt.Extensions {
		lists = append(lists, e.Schema.Attributes)
	}
	for i, list := range lists {
		for _, a := range list {
			if _, there := l.places[strings.ToLower(a.Path)]; there || a.Returned == schema.ReturnedNever || i == 0 && a.Name != "externalId" {
				continue
			}
			if a.Type != schema.Complex || a.MultiValued {
				l.bindRow(a)
				continue
			}
			for _, sub := range a.Sub {
				l.bindRow(sub)
			}
		}
	}
}

// bindCommon places id and meta.
func (l *layout) bindCommon(attrs map[string]*schema.Attribute) {
	if id := attrs["id"]; id != nil {
		switch {
		case id.CaseExact && !l.rt.IDCaseExact:
			l.put(id, place{scalar: &scalar{column: "id", whole: true, point: true, narrow: "id_key"}})
		case id.CaseExact == l.rt.IDCaseExact:
			l.put(id, place{scalar: &scalar{column: "id_key", whole: true, point: true}})
		default:
			// Ids that differ in letter case only are two, and a filter finds both.
			l.put(id, place{rows: &valueRows{"id", "v"}})
			l.rows = append(l.rows, boundRow{attr: id})
		}
	}
	for path, column := range map[string]string{"meta.created": "created", "meta.lastmodified": "modified"} {
		if a := attrs[path]; a != nil {
			l.put(a, place{scalar: &scalar{column: column, kind: timeColumn}})
		}
	}
	if a := attrs["meta.resourcetype"]; a != nil {
		l.put(a, place{constant: schema.TextKey(l.rt.Name, a.CaseExact)})
	}
}

func (l *layout) bindUniques(attrs map[string]*schema.Attribute) {
	for path, a := range attrs {
		if a.Uniqueness == schema.UniqueNone || path == "id" || a.Type == schema.Complex {
			continue
		}
		if a.Parent != nil && a.Parent.MultiValued {
			continue // unique among the elements of one resource
		}
		if p := l.places[path]; p.scalar == nil || !p.scalar.whole {
			l.uniques = append(l.uniques, a)
		}
	}
	slices.SortFunc(l.uniques, func(a, b *schema.Attribute) int { return strings.Compare(a.Path, b.Path) })
}

// attributesOf are the declared attributes and sub-attributes of a type by path
// in lower case.
func attributesOf(rt *schema.ResourceType) map[string]*schema.Attribute {
	all := map[string]*schema.Attribute{}
	add := func(list []*schema.Attribute) {
		for _, a := range list {
			if _, there := all[strings.ToLower(a.Path)]; there {
				continue
			}
			all[strings.ToLower(a.Path)] = a
			for _, sub := range a.Sub {
				all[strings.ToLower(sub.Path)] = sub
			}
		}
	}
	add(rt.Schema.Attributes)
	if rt.Common != nil {
		add(rt.Common.Attributes)
	}
	for _, e := range rt.Extensions {
		add(e.Schema.Attributes)
	}
	return all
}
