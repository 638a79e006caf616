package sqlstore

import (
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/filter"
)

// isPoint reports whether a predicate names a key with few resources.
func (c *compiler) isPoint(p filter.Predicate) bool {
	switch p := p.(type) {
	case *filter.And:
		for _, t := range p.Terms {
			if c.isPoint(t) {
				return true
			}
		}
	case *filter.Compare:
		if c.showsAlias(p.Attr) {
			return p.Attr.CaseExact && p.Op == filter.Eq
		}
		if at := c.place(p.Attr); at.scalar != nil {
			return at.scalar.point && p.Op == filter.Eq
		}
	}
	return false
}

// isLikelyPoint reports whether a predicate names the value of an element, as of
// an address, which few resources share.
func (c *compiler) isLikelyPoint(p filter.Predicate) bool {
	switch p := p.(type) {
	case *filter.And:
		return slices.ContainsFunc(p.Terms, c.isLikelyPoint)
	case *filter.ValuePath:
		return c.isLikelyPoint(p.Where)
	case *filter.Compare:
		at := c.place(p.Attr)
		return at.rows != nil && at.rows.part == "v" && p.Op == filter.Eq && p.Attr.Parent != nil && p.Attr.Parent.MultiValued
	}
	return false
}

// allPoints reports whether each of the terms alone finds few resources by an
// index, so that one walk over all would be the worst way to find them.
func (c *compiler) allPoints(terms []filter.Predicate) bool {
	rows := false
	for _, t := range terms {
		if c.isPoint(t) {
			continue
		}
		p, ok := t.(*filter.Compare)
		if !ok || p.Op != filter.Eq {
			return false
		}
		if at := c.place(p.Attr); at.rows == nil || at.rows.part != "v" {
			return false
		}
		rows = true
	}
	// Conditions on columns alone need no help.
	return rows && len(terms) <= maxPoints
}

// maxPoints bounds the SELECTs of a union.
const maxPoints = 50

// anyPoint is anyOf for terms that find few resources each: the union of what
// they find.
func (c *compiler) anyPoint(terms []cond) cond {
	var selects []string
	for _, t := range terms {
		if !t.exact() {
			return anyOf(terms...)
		}
		if t.maybe != sqlFalse {
			selects = append(selects, "SELECT r.seq FROM "+c.table+" r WHERE r.space = "+c.space+" AND "+t.maybe)
		}
	}
	if len(selects) < 2 {
		return anyOf(terms...)
	}
	return exactly("r.seq IN (" + strings.Join(selects, " UNION ALL ") + ")")
}
