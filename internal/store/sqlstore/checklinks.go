package sqlstore

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/scimd/scimd/internal/store"
)

// besideResources are the tables with rows that belong to a resource, by its seq.
var besideResources = []string{"value_r", "resource_unique", "password", "secret_r"}

// strays are rows that belong to a resource that is not there.
func (c *check) strays() error {
	for _, table := range besideResources {
		if table == "password" {
			if err := c.count(table); err != nil {
				return err
			}
		}
		nobody := "e.space = $1 AND NOT " + c.there(tables, "e.seq", "")
		if table == "secret_r" { // a space has secrets of its own
			nobody += " AND e.seq <> " + strconv.Itoa(store.SpaceSeq)
		}
		err := c.each(func(_, detail string) { c.report("orphan", table, "", detail) },
			"SELECT DISTINCT '', '#' || CAST(e.seq AS text) FROM "+table+" e WHERE "+nobody, c.tenant.Space)
		if err != nil {
			return err
		}
	}
	return nil
}

// ends are columns that lead to a resource of another type, or to none.
func (c *check) ends() error {
	for _, m := range tables {
		for _, e := range m.ends {
			to := make([]*tableMap, len(e.targets))
			for i, target := range e.targets {
				to[i] = mapOf(target)
			}
			err := c.each(func(who, _ string) { c.report("link", m.table, who, "column "+e.name) },
				"SELECT "+c.who("e.seq")+", '' FROM "+m.table+" e WHERE e.space = $1 AND e."+e.name+" IS NOT NULL AND NOT "+c.there(to, "e."+e.name, ""), c.tenant.Space)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// edges are edges from or to a resource that is not there or of a type that the
// relation does not lead from or to.
func (c *check) edges() error {
	if err := c.count("edge"); err != nil {
		return err
	}
	var kept []string
	for _, rel := range allRelations {
		forward, back := links[end{relation: rel}], links[end{rel, true}]
		if forward[0].column != "" {
			continue
		}
		kept = append(kept, strconv.Itoa(int(rel)))
		for side, to := range map[string][]*tableMap{"src": back[0].to, "dst": forward[0].to} {
			other := map[string]string{"src": "e.dst", "dst": "e.src"}[side]
			err := c.each(func(who, _ string) { c.report("link", "edge", who, fmt.Sprintf("relation %d, %s", rel, side)) },
				"SELECT "+c.who(other)+", '' FROM edge e WHERE "+edges("$1", rel)+" AND NOT "+c.there(to, "e."+side, "e."+side+"_type"), c.tenant.Space)
			if err != nil {
				return err
			}
		}
	}
	return c.each(func(who, detail string) { c.report("link", "edge", who, "relation "+detail+" has no edges") },
		"SELECT "+c.who("e.src")+", CAST(e.relation AS text) FROM edge e WHERE e.space = $1 AND e.relation NOT IN ("+strings.Join(kept, ", ")+")", c.tenant.Space)
}

// pairs are resources whose id is not made of the ids of the two that they lead to.
func (c *check) pairs() error {
	for _, m := range tables {
		if m.aliases != pairName {
			continue
		}
		var ids []string
		for _, name := range m.pair {
			i := slices.IndexFunc(m.ends, func(e endColumn) bool { return e.name == name })
			var of []string
			for _, target := range m.ends[i].targets {
				of = append(of, "(SELECT o.id FROM "+mapOf(target).table+" o WHERE o.space = e.space AND o.seq = e."+name+")")
			}
			ids = append(ids, "COALESCE("+strings.Join(of, ", ")+", '')")
		}
		err := c.each(func(who, _ string) { c.report("id", m.table, who, "") },
			"SELECT "+c.who("e.seq")+", '' FROM "+m.table+" e WHERE e.space = $1 AND e.id <> "+strings.Join(ids, " || ':' || "), c.tenant.Space)
		if err != nil {
			return err
		}
	}
	return nil
}

// events compares the last event of each resource with what is there, as far as
// they are of the same state: a restore begins another one.
func (c *check) events() error {
	for _, log := range []string{"event", "audit"} {
		if err := c.count(log); err != nil {
			return err
		}
	}
	state := c.tenant.Space
	if state == c.tenant.Home {
		state = 0
	}
	for _, m := range tables {
		for _, name := range c.typesIn(m) {
			there := "SELECT id, seq, version FROM " + m.table + " WHERE space = $1"
			if m.typed {
				there += " AND type = " + strconv.FormatInt(c.numberOf[name], 10)
			}
			// No index is by id as it is written; of what is materialized, the join makes
			// its own.
			err := c.each(func(id, detail string) { c.report("event", m.table, name+" "+id, detail) },
				`WITH o AS MATERIALIZED (`+there+`)
SELECT e.id, CASE WHEN e.operation = 'delete' THEN 'deleted, and there' WHEN o.seq IS NULL THEN 'not deleted, and not there' ELSE 'version of the last event' END
FROM (SELECT id, version, operation, row_number() OVER (PARTITION BY id ORDER BY n DESC NULLS FIRST, moment DESC, k DESC) AS back FROM event WHERE space = $3 AND type = $2 AND state = $4) e
LEFT JOIN o ON o.id = e.id WHERE e.back = 1 AND CASE WHEN e.operation = 'delete' THEN o.seq IS NOT NULL ELSE o.seq IS NULL OR o.version <> e.version END`,
				c.tenant.Space, name, c.tenant.Home, state)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// sealed are sealed values whose data key is not there, or that do not open.
func (c *check) sealed() error {
	for i := range sealedColumns {
		col := &sealedColumns[i]
		if err := c.count(col.table); err != nil {
			return err
		}
		columns := "e." + strings.Join(col.primary, ", e.")
		rows, err := c.conn.Query(c.ctx, "SELECT "+c.who("e.seq")+", e."+col.key+", e."+col.sealed+", COALESCE(k.id, ''), "+columns+
			" FROM "+col.table+" e LEFT JOIN data_key k ON k.id = e."+col.key+" WHERE e.space IN ($1, $2)", c.tenant.Space, c.tenant.Home)
		err = each(rows, err, func(rows Rows) error {
			var who, key string
			var sealed store.Sealed
			primary := make([]any, len(col.primary))
			dest := []any{&who, &sealed.Key, &sealed.Data, &key}
			for i := range primary {
				dest = append(dest, &primary[i])
			}
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			switch {
			case key == "":
				c.report("sealed", col.table, who, "no data key")
			case c.options.Opens != nil && !c.options.Opens(sealed, col.context(primary)):
				c.report("sealed", col.table, who, "does not open")
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// leftovers are rows of spaces that belong to no tenant and no snapshot, and spaces
// given up that were not swept in time.
func (c *check) leftovers(known map[int64]bool) error {
	known[store.ServerSpace] = true
	rows, err := c.conn.Query(c.ctx, "SELECT space, since FROM doomed_space")
	err = each(rows, err, func(rows Rows) error {
		var space, since int64
		err := rows.Scan(&space, &since)
		known[space] = true
		if err == nil && since < c.options.Settled.UnixMicro() {
			c.report("not-swept", "doomed_space", "", fmt.Sprintf("space %d", space))
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, t := range SpaceTables {
		for space := int64(-1 << 62); ; {
			var next *int64
			if _, err := one(c.ctx, c.conn, "SELECT min(space) FROM "+t.Table+" WHERE space > $1", []any{space}, &next); err != nil {
				return err
			}
			if next == nil {
				break
			}
			if space = *next; !known[space] {
				c.report("no-tenant", t.Table, "", fmt.Sprintf("space %d", space))
			}
		}
	}
	return nil
}
