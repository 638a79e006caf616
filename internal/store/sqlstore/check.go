package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/store"
)

// check is one run of Check: what must not be is looked for by the table maps, so
// that a new type is checked as soon as it has one.
type check struct {
	*Store
	ctx     context.Context
	conn    Conn
	options store.CheckOptions
	tenant  store.Tenant // the one that is looked at
	found   func(store.Finding)
	checked map[string]int64
	// types are the names of resource types by number, numberOf the other way round.
	types    map[int64]string
	numberOf map[string]int64
	// attributes are the numbers of attributes, paths what they stand for.
	attributes map[attributeName]int64
	paths      map[int64]string
}

// Check implements store.Admin.
func (s *Store) Check(ctx context.Context, o store.CheckOptions, found func(store.Finding)) (map[string]int64, error) {
	c := &check{Store: s, ctx: ctx, options: o, found: found, checked: map[string]int64{}}
	err := s.engine.Snapshot(ctx, func(conn Conn) error {
		c.conn = conn
		return c.run()
	})
	return c.checked, err
}

func (c *check) run() error {
	if err := c.readNumbers(); err != nil {
		return err
	}
	tenants, err := readTenants(c.ctx, c.conn)
	if err != nil {
		return err
	}
	known := map[int64]bool{}
	asked := false
	for _, t := range tenants {
		known[t.Space], known[t.Home] = true, true
		if c.options.Tenant != "" && t.Name != c.options.Tenant {
			continue
		}
		asked = true
		c.checked["tenant"]++
		c.tenant = t
		if err := c.all(c.resources, c.strays, c.ends, c.edges, c.pairs, c.events, c.sealed, c.principals, c.access); err != nil {
			return fmt.Errorf("tenant %s: %w", t.Name, err)
		}
		if err := c.snapshots(t); err != nil {
			return fmt.Errorf("tenant %s: %w", t.Name, err)
		}
	}
	if c.options.Tenant != "" {
		if !asked {
			return store.ErrNotFound
		}
		return nil
	}
	c.tenant = store.Tenant{}
	all, err := readSnapshots(c.ctx, c.conn, "true")
	if err != nil {
		return err
	}
	for _, n := range all {
		known[n.Space] = true
	}
	return c.leftovers(known)
}

// snapshots looks at the snapshots of a tenant as at the tenant itself; they have
// no tokens, and no logs.
func (c *check) snapshots(t store.Tenant) error {
	list, err := readSnapshots(c.ctx, c.conn, "tenant = $1 ORDER BY name", t.ID)
	if err != nil {
		return err
	}
	for _, n := range list {
		c.checked["snapshot"]++
		c.tenant = store.Tenant{ID: t.ID, Name: t.Name + ", snapshot " + n.Name, Space: n.Space, Home: n.Space}
		if err := c.all(c.resources, c.strays, c.ends, c.edges, c.pairs, c.sealed); err != nil {
			return err
		}
	}
	return nil
}

func (c *check) all(rules ...func() error) error {
	for _, rule := range rules {
		if err := rule(); err != nil {
			return err
		}
	}
	return nil
}

// report tells a finding of the tenant; who is a resource as c.who gives it.
func (c *check) report(rule, table, who, detail string) {
	typ, id, _ := strings.Cut(who, " ")
	c.found(store.Finding{Rule: rule, Table: table, Tenant: c.tenant.Name, Type: typ, ID: id, Detail: detail})
}

// each gives the rows of an answer, two texts each, to row: a resource, and a
// detail.
func (c *check) each(row func(who, detail string), sql string, args ...any) error {
	rows, err := c.conn.Search(c.ctx, sql, args...)
	return each(rows, err, func(rows Rows) error {
		var who, detail string
		err := rows.Scan(&who, &detail)
		row(who, detail)
		return err
	})
}

// count counts the rows of the tenant in a table.
func (c *check) count(table string) error {
	var n int64
	_, err := one(c.ctx, c.conn, "SELECT count(*) FROM "+table+" WHERE space IN ($1, $2)", []any{c.tenant.Space, c.tenant.Home}, &n)
	c.checked[table] += n
	return err
}

// readNumbers reads what numbers stand for; none is made.
func (c *check) readNumbers() error {
	c.types, c.numberOf = map[int64]string{}, map[string]int64{}
	c.attributes, c.paths = map[attributeName]int64{}, map[int64]string{}
	rows, err := c.conn.Query(c.ctx, "SELECT nr, name FROM resource_type")
	err = each(rows, err, func(rows Rows) error {
		var nr int64
		var name string
		err := rows.Scan(&nr, &name)
		c.types[nr], c.numberOf[name] = name, nr
		return err
	})
	if err != nil {
		return err
	}
	rows, err = c.conn.Query(c.ctx, "SELECT nr, type, path, kind FROM attribute")
	return each(rows, err, func(rows Rows) error {
		var nr, typeNr, kind int64
		var path string
		err := rows.Scan(&nr, &typeNr, &path, &kind)
		c.attributes[attributeName{typeNr, path, filter.KeyKind(kind)}], c.paths[nr] = nr, path
		return err
	})
}

func readTenants(ctx context.Context, c Conn) ([]store.Tenant, error) {
	var list []store.Tenant
	rows, err := c.Query(ctx, "SELECT "+tenantColumns+" FROM tenant ORDER BY id")
	err = each(rows, err, func(rows Rows) error {
		var row tenantRow
		err := row.scan(rows)
		list = append(list, row.Tenant)
		return err
	})
	return list, err
}

// typeOf is the number of the type of the resources o of a table, as an SQL
// expression; no resource has it when the database knows none of the type.
func (c *check) typeOf(m *tableMap) string {
	if m.typed {
		return "o.type"
	}
	return strconv.FormatInt(c.numberOf[m.typeName()], 10)
}

// there is the condition that a resource of one of the tables has a seq, in the
// space of e; typ is an expression that its type equals, "" for any.
func (c *check) there(in []*tableMap, seq, typ string) string {
	list := make([]string, len(in))
	for i, m := range in {
		list[i] = "EXISTS (SELECT 1 FROM " + m.table + " o WHERE o.space = e.space AND o.seq = " + seq
		if typ != "" {
			list[i] += " AND " + c.typeOf(m) + " = " + typ
		}
		list[i] += ")"
	}
	return "(" + strings.Join(list, " OR ") + ")"
}

// who is the type and the id of the resource with a seq, in the space of e, as one
// text; the seq where there is none.
func (c *check) who(seq string) string {
	list := make([]string, len(tables))
	for i, m := range tables {
		typ := "'" + m.typeName() + "'"
		if m.typed {
			typ = "(SELECT t.name FROM resource_type t WHERE t.nr = o.type)"
		}
		list[i] = "(SELECT " + typ + " || ' ' || o.id FROM " + m.table + " o WHERE o.space = e.space AND o.seq = " + seq + ")"
	}
	return "COALESCE(" + strings.Join(list, ", ") + ", ' #' || CAST(" + seq + " AS text))"
}

// typesIn are the types whose resources are in a table, by name.
func (c *check) typesIn(m *tableMap) (names []string) {
	for name := range c.numberOf {
		if mapOf(name) == m {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
