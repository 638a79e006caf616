package sqlstore

import (
	"cmp"
	"slices"
	"strconv"
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
	// from and where select the rows; seq is their column with near, which is the
	// seq of the resource unless it says otherwise.
	from, where, seq, near string
	// open and shut stand around a condition on the rows; all selects the rows
	// where there is none.
	open, shut, all string
	// columns by sub-attribute name in lower case; "" is the value itself.
	columns map[string]string
	// narrow gives, for a column compared exactly, the column with an index that
	// holds its folded or its plain text.
	narrow map[string]string
	// constants are the keys of sub-attributes that all rows share.
	constants map[string]string
	// far is the table of the resources at the other side of a link; of those of one
	// resource, condition selects the rows.
	far  *tableMap
	each string
}

func (s *rowSet) isConstant(a *schema.Attribute) bool {
	_, ok := s.constants[strings.ToLower(a.Name)]
	return ok && a != s.attr
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
		near := cmp.Or(s.near, "r.seq")
		in := func(sql string) string {
			switch sql {
			case sqlFalse:
				return sqlFalse
			case sqlTrue:
				return near + " IN (SELECT " + s.seq + " FROM " + s.from + " WHERE " + s.where + s.all + ")"
			}
			return near + " IN (SELECT " + s.seq + " FROM " + s.from + " WHERE " + s.where + " AND " + s.open + sql + s.shut + ")"
		}
		terms = append(terms, cond{sure: in(cnd.sure), maybe: in(cnd.maybe)})
	}
	return anyOf(terms...)
}

// rowSets are the rows of an attribute with keys of one kind; nil when the
// place has none for it. Without any stored value they are empty.
func (c *compiler) rowSets(at place, kind filter.KeyKind, a *schema.Attribute) []*rowSet {
	if at.edges != nil {
		return c.linkSets(at.edges, a.Top())
	}
	if a.Parent != nil && at.rows.part != "v" {
		kind = elementKind(a.Parent)
	}
	return c.valueSets(at.rows, []filter.KeyKind{kind}, a)
}

// presentSets are the rows of an attribute with keys of any kind.
func (c *compiler) presentSets(at place, a *schema.Attribute) []*rowSet {
	if at.edges != nil {
		return c.linkSets(at.edges, a.Top())
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
		s.columns = map[string]string{"value": "v.v"}
		if kind := elementType(attr); kind != nil {
			s.columns[strings.ToLower(kind.Name)] = "v.typ"
		}
		for _, sub := range attr.Sub {
			if filter.IsPrimary(sub) {
				s.columns["primary"] = "v.prim"
			}
		}
	}
	return []*rowSet{s}
}

// linkSets are the far ends of the links of a relation, one set for each table
// in which they may be, and one for what the documents say where there is none.
func (c *compiler) linkSets(r *relationMap, top *schema.Attribute) []*rowSet {
	var sets []*rowSet
	for _, target := range r.targets {
		t := mapOf(target)
		s := &rowSet{
			attr: top, far: t, from: t.table + " o", where: "o.space = " + c.space,
			columns: map[string]string{}, narrow: map[string]string{}, constants: map[string]string{},
		}
		column, ok := columnOf(c.tableMap, t, r.end)
		switch {
		case !ok:
			c.edgeSet(s, r, target)
		case r.end.reverse:
			s.seq = "o." + column
			s.where += " AND " + s.seq + " IS NOT NULL"
			s.each = s.seq + " = r.seq"
		default:
			s.seq, s.near = "o.seq", "r."+column
			s.each = s.seq + " = " + s.near
		}
		if sub := top.SubAttribute(r.value); sub != nil {
			s.value(sub, c.exactIDs(target))
		}
		for _, display := range r.displays {
			s.columns[strings.ToLower(display)] = "o." + t.called(r.end).key
		}
		if sub := top.SubAttribute(r.kind); sub != nil {
			s.constants[strings.ToLower(r.kind)] = schema.TextKey(target, sub.CaseExact)
		}
		sets = append(sets, s)
	}
	return append(sets, c.restSets(r, top)...)
}

// edgeSet makes the rows edges. The resources at the far end are looked for
// first: few have what is asked for, while one resource may have very many
// edges. Of a relation that is followed to its ends, those with a path to such a
// resource are among them.
func (c *compiler) edgeSet(s *rowSet, r *relationMap, target string) {
	near, far := r.end.columns()
	nr, err := c.numbers.typeNumber(c.ctx, target)
	if err != nil && c.err == nil {
		c.err = err
	}
	typ := strconv.FormatInt(nr, 10)
	found := "SELECT o.seq FROM " + s.from + " WHERE " + s.where + " AND "
	s.seq, s.from, s.where, s.all = "e."+near, "edge e", edges(c.space, r.end.relation), " AND e."+far+"_type = "+typ
	s.open, s.shut = "e."+far+" IN ("+found, ")"
	s.each = s.seq + " = r.seq"
	if c.follows(r) {
		s.open = "e." + far + " IN (WITH RECURSIVE d (seq) AS (" + found
		s.shut = " UNION SELECT e." + near + " FROM d CROSS JOIN edge e WHERE e." + far + " = d.seq AND " + edges(c.space, r.end.relation) +
			" AND e.dst_type = " + typ + " AND e.src_type = e.dst_type) SELECT seq FROM d)"
	}
}

// restSets are the resources without a link, as far as their documents say
// something in its place.
func (c *compiler) restSets(r *relationMap, top *schema.Attribute) []*rowSet {
	link, ok := c.endColumn(r.end.relation)
	if !ok || r.end.reverse {
		return nil
	}
	s := &rowSet{
		attr: top, from: c.table + " o", seq: "o.seq", far: c.tableMap, where: "o.space = " + c.space + " AND o." + link.name + " IS NULL",
		each: "o.seq = r.seq", columns: map[string]string{},
	}
	for _, column := range c.columns {
		if column.rest && column.attr != nil && column.attr.Parent == top {
			s.columns[strings.ToLower(column.attr.Name)] = "o." + column.name
		}
	}
	if len(s.columns) == 0 {
		return nil
	}
	return []*rowSet{s}
}

// follows tells that the relation is followed to its ends.
func (c *compiler) follows(r *relationMap) bool {
	return r.end.reverse && slices.Contains(c.transitive, r.end.relation)
}

// firstEnd is the key of the first far end that has one, as the ends are shown
// in the order of their seq. Of a relation that is followed to its ends, that
// would have to be done for each resource; there only the documents tell.
func (c *compiler) firstEnd(r *relationMap, a *schema.Attribute) (string, bool) {
	if c.follows(r) {
		return "", false
	}
	var ends []string
	for _, s := range c.linkSets(r, a.Top()) {
		key, some := "", ""
		if s.isConstant(a) {
			key = "CAST(" + c.arg(s.constants[strings.ToLower(a.Name)]) + " AS text)"
		} else if column, ok := s.column(a); ok {
			key, some = column, " AND "+column+" IS NOT NULL"
		} else {
			return "", false
		}
		from := s.from
		if s.from == "edge e" {
			_, far := r.end.columns()
			from += " CROSS JOIN " + s.far.table + " o"
			some += " AND o.space = " + c.space + " AND o.seq = e." + far
		}
		ends = append(ends, "SELECT o.seq AS far, "+key+" AS k FROM "+from+" WHERE "+s.where+" AND "+s.each+some)
	}
	return "(SELECT x.k FROM (" + strings.Join(ends, " UNION ALL ") + ") x ORDER BY x.far LIMIT 1)", true
}

// value finds the sub-attribute that is the far end's id; exact tells that ids
// of its type are compared with letter case.
func (s *rowSet) value(sub *schema.Attribute, exact bool) {
	name := strings.ToLower(sub.Name)
	switch {
	case sub.CaseExact:
		s.columns[name] = "o.id"
		s.narrow["o.id"] = "o.id_key"
	case !exact:
		s.columns[name] = "o.id_key"
	}
}

// exactIDs tells whether ids of a type are compared with letter case.
func (c *compiler) exactIDs(typeName string) (exact bool) {
	rt := c.numbers.reg.Type(typeName)
	return rt != nil && rt.IDCaseExact
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
