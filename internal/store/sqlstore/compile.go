package sqlstore

import (
	"context"
	"strings"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// compiler turns the predicates of one query into SQL over the table of a
// layout, whose alias is r.
type compiler struct {
	ctx context.Context
	*statement
	*layout
	dialect *Dialect
	numbers *numbers
	// space is the placeholder of the space.
	space string
	// typeNr is the number of the layout's resource type.
	typeNr int64
	// transitive are the relations that are followed to their ends.
	transitive []store.Relation
	// showAliases tells that the filter is about the ids that clients are shown.
	showAliases bool
	// doubt names the first attribute that SQL cannot decide.
	doubt string
	// blind tells that SQL has nothing of an attribute; without it, doubt is only
	// about keys that may be cut, which cuts select.
	blind bool
	cuts  []string
	err   error
}

// compile gives the condition of a predicate; nil selects all. point reports
// that few resources can match, so that no plan is needed to find them.
func (c *compiler) compile(p filter.Predicate) (cnd cond, point bool, err error) {
	if p == nil {
		return always, false, nil
	}
	cnd = c.predicate(p)
	return cnd, c.isPoint(p) || c.isLikelyPoint(p), c.err
}

func (c *compiler) predicate(p filter.Predicate) cond {
	switch p := p.(type) {
	case *filter.And:
		return allOf(c.terms(p.Terms)...)
	case *filter.Or:
		if c.allPoints(p.Terms) {
			return c.anyPoint(c.terms(p.Terms))
		}
		return anyOf(c.terms(p.Terms)...)
	case *filter.Not:
		return not(c.predicate(p.Term))
	case filter.Const:
		if p {
			return always
		}
		return never
	case *filter.Compare:
		return c.compare(p)
	case *filter.Present:
		return c.present(p.Attr)
	case *filter.ValuePath:
		return c.valuePath(p)
	}
	return undecided
}

func (c *compiler) terms(list []filter.Predicate) []cond {
	out := make([]cond, len(list))
	for i, p := range list {
		out[i] = c.predicate(p)
	}
	return out
}

// undecidable is the condition of an attribute that is nowhere in SQL.
func (c *compiler) undecidable(a *schema.Attribute) cond {
	c.blind = true
	if c.doubt == "" {
		c.doubt = a.Path
	}
	return undecided
}

// noted remembers the attribute of a condition that SQL does not decide for
// every resource.
func (c *compiler) noted(a *schema.Attribute, cnd cond) cond {
	if !cnd.exact() && c.doubt == "" {
		c.doubt = a.Path
	}
	return cnd
}

func (c *compiler) place(a *schema.Attribute) place {
	if a.Type == schema.Any {
		return place{rows: &valueRows{strings.ToLower(a.Path), "v"}}
	}
	return c.places[strings.ToLower(a.Path)]
}

func (c *compiler) compare(p *filter.Compare) cond {
	switch at := c.place(p.Attr); {
	case c.showsAlias(p.Attr):
		return c.noted(p.Attr, c.compareShown(p))
	case at.scalar != nil:
		return c.noted(p.Attr, c.compareScalar(p, at.scalar))
	case at.rows != nil || at.edges != nil:
		return c.noted(p.Attr, c.compareElements(p, at))
	case at.constant != "":
		if constantHolds(at.constant, p.Op, p.Key) {
			return always
		}
		return never
	}
	return c.undecidable(p.Attr)
}

func (c *compiler) compareScalar(p *filter.Compare, s *scalar) cond {
	op := p.Op
	if op == filter.Ne {
		op = filter.Eq
	}
	cnd, ok := c.compareColumn("r."+s.column, s, op, p.Key)
	if !ok {
		return c.undecidable(p.Attr)
	}
	if !cnd.exact() {
		c.cutColumn(s.column)
	}
	if p.Op == filter.Ne {
		return not(cnd)
	}
	return cnd
}

func (c *compiler) compareColumn(column string, s *scalar, op filter.Op, key string) (cond, bool) {
	switch s.kind {
	case flagColumn:
		return c.compareFlag(column, op, key)
	case timeColumn:
		return c.compareTime(column, op, key)
	}
	cnd := c.compareText(column, op, key, s.whole)
	if s.narrow != "" && op == filter.Eq {
		cnd = allOf(exactly("r."+s.narrow+" = "+c.arg(schema.Fold(key))), cnd)
	}
	return cnd, true
}

// compareElements compares an attribute that is found in rows of its own. ne
// also holds where there is no value (R7644-3.4.2.2-16).
func (c *compiler) compareElements(p *filter.Compare, at place) cond {
	sets := c.rowSets(at, p.Kind, p.Attr)
	if sets == nil {
		return c.undecidable(p.Attr)
	}
	if p.Op != filter.Ne {
		return c.exists(sets, func(s *rowSet) cond { return c.compareElement(p, s) })
	}
	if !p.Attr.Plural() {
		// Of an open extension's member, a value of another kind differs too.
		return not(c.exists(sets, func(s *rowSet) cond { return c.compareElement(withOp(p, filter.Eq), s) }))
	}
	differs := c.exists(sets, func(s *rowSet) cond { return c.compareElement(p, s) })
	none := not(c.exists(sets, func(s *rowSet) cond { return c.hasValue(p.Attr, s) }))
	return anyOf(differs, none)
}

func withOp(p *filter.Compare, op filter.Op) *filter.Compare {
	q := *p
	q.Op = op
	return &q
}

// compareElement compares a sub-attribute of the element that a row stands for,
// or the value itself; ne holds only of a value that is there.
func (c *compiler) compareElement(p *filter.Compare, s *rowSet) cond {
	if s.isConstant(p.Attr) {
		if constantHolds(s.constants[strings.ToLower(p.Attr.Name)], p.Op, p.Key) {
			return always
		}
		return never
	}
	column, ok := s.column(p.Attr)
	if !ok {
		return c.undecidable(p.Attr)
	}
	op := p.Op
	if op == filter.Ne {
		op = filter.Eq
	}
	var cnd cond
	if s.isFlag(p.Attr) {
		// Without the flag an element is not primary (R7643-2.4-03).
		if cnd, ok = c.compareFlag("COALESCE("+column+", 0)", op, p.Key); !ok {
			return c.undecidable(p.Attr)
		}
	} else {
		cnd = c.compareText(column, op, p.Key, false)
		if narrow := s.narrow[column]; narrow != "" && op == filter.Eq {
			cnd = allOf(exactly(narrow+" IN ("+c.arg(schema.Fold(p.Key))+", "+c.arg(p.Key)+")"), cnd)
		}
	}
	if p.Op == filter.Ne {
		return allOf(c.hasValue(p.Attr, s), not(cnd))
	}
	return cnd
}

// hasValue tells that the element has something to compare.
func (c *compiler) hasValue(a *schema.Attribute, s *rowSet) cond {
	if s.isFlag(a) || s.isConstant(a) {
		return always
	}
	column, ok := s.column(a)
	if !ok {
		return c.undecidable(a)
	}
	return exactly(column + " IS NOT NULL")
}

func (c *compiler) present(a *schema.Attribute) cond {
	at := c.place(a)
	switch {
	case at.scalar != nil:
		return exactly("r." + at.scalar.column + " IS NOT NULL")
	case at.constant != "":
		return always
	case at.rows != nil || at.edges != nil:
		sets := c.presentSets(at, a)
		if sets == nil {
			return c.undecidable(a)
		}
		return c.exists(sets, func(s *rowSet) cond { return c.presentElement(a, s) })
	case a.Type == schema.Complex && !a.MultiValued:
		return c.presentComplex(a)
	}
	return c.undecidable(a)
}

// presentElement tells that an element has the sub-attribute. A row for the
// attribute itself says so by being there.
func (c *compiler) presentElement(a *schema.Attribute, s *rowSet) cond {
	if a == s.attr || s.isConstant(a) {
		return always
	}
	column, ok := s.column(a)
	if !ok {
		return c.undecidable(a)
	}
	return exactly(column + " IS NOT NULL")
}

// presentComplex holds when one sub-attribute is there. Those derived from an
// edge that SQL does not know are there only beside others.
func (c *compiler) presentComplex(a *schema.Attribute) cond {
	var terms []cond
	for _, sub := range a.Sub {
		if at := c.place(sub); at.edges != nil && !at.edges.knows(sub) {
			continue
		}
		terms = append(terms, c.present(sub))
	}
	return anyOf(terms...)
}

func (c *compiler) valuePath(p *filter.ValuePath) cond {
	if !p.Attr.MultiValued {
		// The one value is the element; without a value there is none.
		return allOf(c.present(p.Attr), c.predicate(p.Where))
	}
	at := c.place(p.Attr)
	if at.rows == nil && at.edges == nil {
		return c.undecidable(p.Attr)
	}
	sets := c.rowSets(at, elementKind(p.Attr), p.Attr)
	if sets == nil {
		return c.undecidable(p.Attr)
	}
	return c.noted(p.Attr, c.exists(sets, func(s *rowSet) cond { return c.element(p.Where, s) }))
}

// element is a predicate over the one element that a row stands for.
func (c *compiler) element(p filter.Predicate, s *rowSet) cond {
	list := func(terms []filter.Predicate) []cond {
		out := make([]cond, len(terms))
		for i, t := range terms {
			out[i] = c.element(t, s)
		}
		return out
	}
	switch p := p.(type) {
	case *filter.And:
		return allOf(list(p.Terms)...)
	case *filter.Or:
		return anyOf(list(p.Terms)...)
	case *filter.Not:
		return not(c.element(p.Term, s))
	case filter.Const:
		if p {
			return always
		}
		return never
	case *filter.Compare:
		if p.Op == filter.Ne {
			return not(c.compareElement(withOp(p, filter.Eq), s))
		}
		return c.compareElement(p, s)
	case *filter.Present:
		return c.presentElement(p.Attr, s)
	}
	return undecided
}

// elementKind is the kind of the value keys of a multi-valued complex attribute.
func elementKind(a *schema.Attribute) filter.KeyKind {
	if value := a.SubAttribute("value"); value != nil {
		return kindOf(value)
	}
	return filter.TextKind
}

// sortKey is the SQL expression by which resources sort, null without a value
// and "" when none can have one; ok is false when only the documents tell.
// times marks a number of microseconds.
func (c *compiler) sortKey(o *store.Order) (sql string, times, ok bool) {
	a := o.Attr
	if a.Type == schema.Complex {
		if a = a.SubAttribute("value"); a == nil {
			return "", false, false
		}
	}
	at := c.place(a)
	switch {
	case c.showsAlias(a):
		return c.shown(), false, a.CaseExact
	case at.scalar != nil && at.scalar.kind == flagColumn:
		return "CASE r." + at.scalar.column + " WHEN 1 THEN 'true' WHEN 0 THEN 'false' END", false, true
	case at.scalar != nil:
		return "r." + at.scalar.column, at.scalar.kind == timeColumn, true
	case at.rows != nil && at.rows.part == "v":
		var attrs []int64
		for _, kind := range kindsOf(a) {
			if nr, ok := c.attribute(at.rows.path, kind); ok {
				attrs = append(attrs, nr)
			}
		}
		if len(attrs) == 0 {
			return "", false, true
		}
		return "(SELECT v.v FROM value_r v WHERE v.space = " + c.space + " AND v.seq = r.seq AND " +
			c.oneOf("v.attr", attrs) + " AND v.lead = 1)", false, true
	}
	if at.edges != nil {
		sql, ok = c.firstEnd(at.edges, a)
		return sql, false, ok
	}
	return "", false, !c.declared[strings.ToLower(a.Path)]
}
