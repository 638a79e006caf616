package sqlstore

import (
	"strings"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/schema"
)

// rowSet is a set of rows that stand for the values or elements of an
// attribute: value rows, or the far side of edges.
type rowSet struct {
	// attr is the complex attribute whose elements the rows are, or the leaf
	// attribute whose values they are.
	attr *schema.Attribute
	// from and where select the rows; seq is the column with the resource.
	from, where, seq string
	// columns by sub-attribute name in lower case; "" is the value itself.
	columns map[string]string
}

// column is the column with an attribute of the element.
func (s *rowSet) column(a *schema.Attribute) (string, bool) {
	name := ""
	if a != s.attr {
		name = strings.ToLower(a.Name)
	}
	column, ok := s.columns[name]
	return column, ok
}

// isFlag reports whether the attribute is the rows' primary flag.
func (s *rowSet) isFlag(a *schema.Attribute) bool {
	return a != s.attr && filter.IsPrimary(a) && s.columns["primary"] != ""
}

// exists holds where one of the rows does. Uncorrelated, it can lead a plan.
func (c *compiler) exists(sets []*rowSet, row func(*rowSet) cond) cond {
	var terms []cond
	for _, s := range sets {
		cnd := row(s)
		if !cnd.exact() {
			c.cutRows(s)
		}
		in := func(sql string) string {
			switch sql {
			case sqlFalse:
				return sqlFalse
			case sqlTrue:
				return "r.seq IN (SELECT " + s.seq + " FROM " + s.from + " WHERE " + s.where + ")"
			}
			return "r.seq IN (SELECT " + s.seq + " FROM " + s.from + " WHERE " + s.where + " AND " + sql + ")"
		}
		terms = append(terms, cond{sure: in(cnd.sure), maybe: in(cnd.maybe)})
	}
	return anyOf(terms...)
}

// rowSets are the rows of an attribute with keys of one kind; nil when the
// place has none for it. Without any stored value they are empty.
func (c *compiler) rowSets(at place, kind filter.KeyKind, a *schema.Attribute) []*rowSet {
	if at.edges != nil {
		return c.edgeSets(at.edges, a.Top())
	}
	if a.Parent != nil && at.rows.part != "v" {
		kind = elementKind(a.Parent)
	}
	return c.valueSets(at.rows, []filter.KeyKind{kind}, a)
}

// presentSets are the rows of an attribute with keys of any kind.
func (c *compiler) presentSets(at place, a *schema.Attribute) []*rowSet {
	if at.edges != nil {
		return c.edgeSets(at.edges, a.Top())
	}
	kinds := kindsOf(a)
	if a.Type == schema.Complex {
		kinds = []filter.KeyKind{elementKind(a)}
	} else if a.Parent != nil && a.Parent.MultiValued {
		kinds = []filter.KeyKind{elementKind(a.Parent)}
	}
	return c.valueSets(at.rows, kinds, a)
}

// kindsOf are the kinds of key that an attribute may have.
func kindsOf(a *schema.Attribute) []filter.KeyKind {
	if a.Type == schema.Any {
		return []filter.KeyKind{filter.TextKind, filter.NumberKind, filter.TimeKind, filter.BoolKind}
	}
	return []filter.KeyKind{kindOf(a)}
}

func (c *compiler) valueSets(rows *valueRows, kinds []filter.KeyKind, a *schema.Attribute) []*rowSet {
	attr := a
	if a.Parent != nil && a.Parent.MultiValued {
		attr = a.Parent
	}
	var numbers []int64
	for _, kind := range kinds {
		if nr, ok := c.attribute(rows.path, kind); ok {
			numbers = append(numbers, nr)
		}
	}
	if len(numbers) == 0 {
		return []*rowSet{}
	}
	s := &rowSet{
		attr: attr, from: "value_r v", seq: "v.seq",
		where:   "v.space = " + c.space + " AND " + c.oneOf("v.attr", numbers),
		columns: map[string]string{"": "v.v"},
	}
	if attr.Type == schema.Complex {
		s.columns = map[string]string{"value": "v.v", "type": "v.typ"}
		for _, sub := range attr.Sub {
			if filter.IsPrimary(sub) {
				s.columns["primary"] = "v.prim"
			}
		}
	}
	return []*rowSet{s}
}

// edgeSets are the far ends of the edges of a relation, one set for each table
// in which they may be.
func (c *compiler) edgeSets(r *relationMap, top *schema.Attribute) []*rowSet {
	near, far := "src", "dst"
	if r.end.reverse {
		near, far = far, near
	}
	var sets []*rowSet
	for _, t := range tables {
		s := &rowSet{
			attr: top, seq: "e." + near,
			from: "edge e JOIN " + t.table + " o ON o.space = e.space AND o.seq = e." + far,
			where: "e.space = " + c.space + " AND e.relation = " + c.arg(int64(r.end.relation)) +
				" AND o.space = " + c.space,
			columns: map[string]string{},
		}
		if r.value != "" {
			s.columns[strings.ToLower(r.value)] = "o.id_key"
			if sub := top.SubAttribute(r.value); sub != nil && sub.CaseExact {
				s.columns[strings.ToLower(r.value)] = "o.id"
			}
		}
		if r.display != "" {
			s.columns[strings.ToLower(r.display)] = "o." + t.called(r.end).key
		}
		sets = append(sets, s)
	}
	return sets
}

// attribute is the number of an attribute path; ok is false when no resource
// has ever had a value of it.
func (c *compiler) attribute(path string, kind filter.KeyKind) (int64, bool) {
	nr, ok, err := c.numbers.attribute(c.ctx, attributeName{c.typeNr, path, kind}, false)
	if err != nil && c.err == nil {
		c.err = err
	}
	return nr, ok
}

func (c *compiler) oneOf(column string, numbers []int64) string {
	if len(numbers) == 1 {
		return column + " = " + c.arg(numbers[0])
	}
	list := make([]string, len(numbers))
	for i, n := range numbers {
		list[i] = c.arg(n)
	}
	return column + " IN (" + strings.Join(list, ", ") + ")"
}
