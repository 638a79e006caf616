package sqlstore

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// Keys as long as minCut may have been cut, and then only the documents decide
// what stands behind. Hardly any space has such keys: partial indexes with all
// of them tell at once, and without one SQL decides alone.

// long holds where a key may have been cut. The number stands in the text, as it
// does in the predicates of the indexes.
func long(column string) string {
	return "octet_length(" + column + ") >= " + strconv.Itoa(minCut)
}

// cutColumn notes that a condition is sure only without long keys in a column of
// the layout's table.
func (c *compiler) cutColumn(column string) { c.cutIn(c.table, column) }

func (c *compiler) cutIn(table, column string) {
	c.cut("SELECT 1 FROM " + table + " r WHERE r.space = " + c.space + " AND " + long("r."+column))
}

// cutRows notes the same of a set of rows. What stands at the far side of links
// is looked for in its table, whatever leads to it.
func (c *compiler) cutRows(s *rowSet) {
	for _, column := range s.columns {
		alias, name, _ := strings.Cut(column, ".")
		switch {
		case alias == "o":
			if s.far.holds(name) {
				c.cutIn(s.far.table, name)
			}
		case name != "prim":
			c.cut("SELECT 1 FROM " + s.from + " WHERE " + s.where + " AND " + long(column))
		}
	}
}

func (c *compiler) cut(sql string) { c.cuts = append(c.cuts, sql) }

// holds tells that the table has a column of keys.
func (m *tableMap) holds(key string) bool {
	for _, n := range m.names {
		if n.key == key {
			return true
		}
	}
	return slices.ContainsFunc(m.columns, func(c column) bool { return c.name == key })
}

// settle asks whether there are long keys at all where the plan's conditions
// doubt; if not, what SQL is sure of is the answer as of now.
func (s *Store) settle(ctx context.Context, p *plan) error {
	if p.doubt == "" || p.blind {
		return nil
	}
	slices.Sort(p.cuts)
	var asked []string
	for _, sql := range slices.Compact(p.cuts) {
		asked = append(asked, "EXISTS ("+sql+")")
	}
	sql, args := p.st.finish("SELECT CASE WHEN " + chain(asked, " OR ") + " THEN 1 ELSE 0 END")
	var some int64
	if _, err := one(ctx, s.engine.Read, sql, args, &some); err != nil || some != 0 {
		return err
	}
	for i := range p.parts {
		p.parts[i].cond = exactly(p.parts[i].cond.sure)
	}
	p.doubt = ""
	return nil
}
