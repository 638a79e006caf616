package sqlstore

import (
	"context"
	"strconv"
	"strings"

	"github.com/scimd/scimd/internal/store"
)

// A relation that leads from each resource to one other at most is a column of
// the source's table with the seq of the other side; any other is rows of the
// table edge. seq is one number over all types, so that a join with a table also
// tells whether the other side is of its types.

// linkRows are rows that stand for links, seen from one of their ends; their
// alias is e. near is the column with the seq of the resource at hand, far the
// one with that of the resource at the other side, which is in one of the tables
// to.
type linkRows struct {
	table     string
	near, far string
	// column is the one with the far end, "" for edges.
	column   string
	relation store.Relation
	to       []*tableMap
	// from are the tables of the resources at hand, of a column; required tells that
	// it never is null.
	from     []*tableMap
	required bool
}

// where selects the rows of a space, given by its placeholder.
func (r *linkRows) where(space string) string {
	if r.column == "" {
		return edges(space, r.relation)
	}
	return "e.space = " + space
}

// holders selects the resources o, at the beginning of links, that have one to a
// resource whose seq satisfies a condition; r sees the links from their far end.
func (r *linkRows) holders(space string, seq func(column string) string) string {
	if r.column != "" {
		return seq("o." + r.column)
	}
	return "o.seq IN (SELECT " + r.far + " FROM edge e WHERE " + r.where(space) + " AND " + seq(r.near) + ")"
}

// edges selects the edges of a relation; their alias is e.
func edges(space string, rel store.Relation) string {
	return "e.space = " + space + " AND e.relation = " + strconv.Itoa(int(rel))
}

// columns of an end of an edge.
func (e end) columns() (near, far string) {
	if e.reverse {
		return "dst", "src"
	}
	return "src", "dst"
}

// links are the rows of each relation, seen from both ends.
var links = func() map[end][]linkRows {
	all := map[end][]linkRows{}
	for _, rel := range allRelations {
		forward, reverse := end{relation: rel}, end{relation: rel, reverse: true}
		for _, m := range tables {
			c, ok := m.endColumn(rel)
			if !ok {
				continue
			}
			rows := linkRows{table: m.table, near: "e.seq", far: "e." + c.name, column: c.name, relation: rel, from: []*tableMap{m}, required: c.required}
			for _, target := range c.targets {
				rows.to = append(rows.to, mapOf(target))
			}
			all[forward] = append(all[forward], rows)
			rows.near, rows.far, rows.from, rows.to = rows.far, rows.near, rows.to, rows.from
			all[reverse] = append(all[reverse], rows)
		}
		if all[forward] != nil {
			continue
		}
		for _, e := range []end{forward, reverse} {
			near, far := e.columns()
			all[e] = []linkRows{{table: "edge", near: "e." + near, far: "e." + far, relation: rel, to: edgeEnds(e)}}
		}
	}
	return all
}()

// edgeEnds are the tables of the resources that edges may lead to. The generic
// one is among them: types without a map of their own may have any edges.
func edgeEnds(e end) []*tableMap {
	var list []*tableMap
	for _, m := range tables {
		found := m == genericMap || e.reverse && m.begins(e.relation)
		for _, from := range tables {
			for _, r := range from.relations {
				for _, target := range r.targets {
					found = found || r.end == e && mapOf(target) == m
				}
			}
		}
		if found {
			list = append(list, m)
		}
	}
	return list
}

// endColumn is the column with the far end of a relation.
func (m *tableMap) endColumn(rel store.Relation) (endColumn, bool) {
	for _, c := range m.ends {
		if c.relation == rel {
			return c, true
		}
	}
	return endColumn{}, false
}

// columnOf is the column of a relation between resources of near and of far; ok
// is false for one that is kept in edges.
func columnOf(near, far *tableMap, e end) (column string, ok bool) {
	if e.reverse {
		near = far
	}
	c, ok := near.endColumn(e.relation)
	return c.name, ok
}

// begins tells that the relation leads from the resources of the table.
func (m *tableMap) begins(rel store.Relation) bool {
	if _, ok := m.endColumn(rel); ok {
		return true
	}
	for _, r := range m.relations {
		if (r.end == end{relation: rel}) {
			return true
		}
	}
	return false
}

// typeOf is the number of the type of the resources of a table, as an SQL
// expression; o is the alias of the table.
func (s *Store) typeOf(ctx context.Context, m *tableMap) (string, error) {
	if m.typed {
		return "o.type", nil
	}
	nr, err := s.numbers.typeNumber(ctx, m.typeName())
	return strconv.FormatInt(nr, 10), err
}

// ownTypes lists the numbers of the types that have a table of their own.
func (s *Store) ownTypes(ctx context.Context) (string, error) {
	var list []string
	for _, t := range tables {
		if t.typed {
			continue
		}
		nr, err := s.numbers.typeNumber(ctx, t.typeName())
		if err != nil {
			return "", err
		}
		list = append(list, strconv.FormatInt(nr, 10))
	}
	return strings.Join(list, ", "), nil
}
