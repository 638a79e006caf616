package sqlstore

import (
	"bytes"
	stdmaps "maps"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// checkBatch is how many resources are in memory at once.
const checkBatch = 100

// storedRow is a resource with all that is stored beside its document.
type storedRow struct {
	recordRow
	idKey   string
	columns []any // of row.names
	ends    []*int64
	body    *resource.Members
	values  map[valueKey]storedValue
	uniques map[uniqueValue]bool
}

type valueKey struct{ attr, ord int64 }

type storedValue struct {
	typ, prim, v any
	lead         int64
}

type uniqueValue struct {
	attr int64
	v    string
}

func (r *storedRow) who(l *layout) string { return l.rt.Name + " " + r.id }

// resources checks each resource by itself: its document, its version and times,
// and that the keys stored beside it are those that a write would store.
func (c *check) resources() error {
	for _, m := range tables {
		for _, name := range c.typesIn(m) {
			rt := c.reg.Type(name)
			if rt == nil {
				err := c.each(func(who, _ string) { c.report("type", m.table, who, "not registered") },
					"SELECT "+c.who("e.seq")+", '' FROM "+m.table+" e WHERE e.space = $1 AND e.type = $2", c.tenant.Space, c.numberOf[name])
				if err != nil {
					return err
				}
				continue
			}
			l := c.layout(rt)
			for after := int64(0); ; {
				list, err := c.readRows(l, after)
				if err != nil {
					return err
				}
				if len(list) == 0 {
					break
				}
				after = list[len(list)-1].seq
				if err := c.rows(l, list); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// columnNames are the columns with keys and texts, in the order of keys.columns
// and keys.texts.
func (l *layout) columnNames() (names []string) {
	for _, c := range l.columns {
		names = append(names, c.name)
	}
	for _, t := range l.texts {
		names = append(names, t.column)
		if t.key != "" {
			names = append(names, t.key)
		}
	}
	return names
}

func (c *check) readRows(l *layout, after int64) ([]*storedRow, error) {
	names := l.columnNames()
	sql, args := "SELECT "+recordColumns+", r.id_key", []any{c.tenant.Space, after, int64(checkBatch)}
	for _, n := range names {
		sql += ", r." + n
	}
	for _, e := range l.ends {
		sql += ", r." + e.name
	}
	sql += " FROM " + l.table + " r WHERE r.space = $1 AND r.seq > $2"
	if l.typed {
		sql, args = sql+" AND r.type = $4", append(args, c.numberOf[l.rt.Name])
	}
	var list []*storedRow
	rows, err := c.conn.Query(c.ctx, sql+" ORDER BY r.seq LIMIT $3", args...)
	err = each(rows, err, func(rows Rows) error {
		row := &storedRow{columns: make([]any, len(names)), ends: make([]*int64, len(l.ends)), values: map[valueKey]storedValue{}, uniques: map[uniqueValue]bool{}}
		dest := append(row.dest(0), &row.idKey)
		for i := range row.columns {
			dest = append(dest, &row.columns[i])
		}
		for i := range row.ends {
			dest = append(dest, &row.ends[i])
		}
		err := rows.Scan(dest...)
		list = append(list, row)
		return err
	})
	return list, err
}

// rows checks some resources of a type.
func (c *check) rows(l *layout, list []*storedRow) error {
	bySeq := make(map[int64]*storedRow, len(list))
	seqs := make([]int64, len(list))
	for i, row := range list {
		bySeq[row.seq], seqs[i] = row, row.seq
	}
	c.checked[l.table] += int64(len(list))
	in := c.engine.Dialect.InNumbers("seq", "$2")
	numbers := c.engine.Dialect.Numbers(seqs)
	rows, err := c.conn.Query(c.ctx, "SELECT seq, attr, ord, typ, prim, lead, v FROM value_r WHERE space = $1 AND "+in, c.tenant.Space, numbers)
	err = each(rows, err, func(rows Rows) error {
		var seq int64
		var k valueKey
		var v storedValue
		err := rows.Scan(&seq, &k.attr, &k.ord, &v.typ, &v.prim, &v.lead, &v.v)
		c.checked["value_r"]++
		v.typ, v.prim, v.v = plain(v.typ), plain(v.prim), plain(v.v)
		bySeq[seq].values[k] = v
		return err
	})
	if err != nil {
		return err
	}
	rows, err = c.conn.Query(c.ctx, "SELECT seq, attr, v FROM resource_unique WHERE space = $1 AND "+in, c.tenant.Space, numbers)
	err = each(rows, err, func(rows Rows) error {
		var seq int64
		var u uniqueValue
		err := rows.Scan(&seq, &u.attr, &u.v)
		c.checked["resource_unique"]++
		bySeq[seq].uniques[u] = true
		return err
	})
	if err != nil {
		return err
	}
	for _, row := range list {
		c.row(l, row)
	}
	return c.named(l, list)
}

// plain is a column's value as keys hold it, whatever the engine made of it.
func plain(v any) any {
	switch v := v.(type) {
	case int16:
		return int64(v)
	case []byte:
		return string(v)
	}
	return v
}

func (c *check) row(l *layout, row *storedRow) {
	report := func(rule, detail string) { c.report(rule, l.table, row.who(l), detail) }
	if row.version < 1 {
		report("version", "less than 1")
	}
	if row.modified < row.created {
		report("times", "modified before created")
	}
	if row.hidden != 0 && row.hidden != 1 {
		report("hidden", "neither 0 nor 1")
	}
	body, err := resource.Decode(row.doc)
	if err != nil {
		report("document", "not JSON")
		return
	}
	row.body = body
	if schemas, ok := body.Get("schemas"); !ok || schemas.Kind() != resource.Array {
		report("document", "no schemas")
		return
	}
	if doc, cut := resource.Encode(body); !bytes.Equal(doc, row.doc) {
		report("document", "not canonical")
	} else if cut != int(row.cut) {
		report("document", "cut at another place")
	}
	k, err := l.extract(&store.Resource{Type: l.rt, Seq: row.seq, ID: row.id, Body: body})
	if err != nil {
		report("key", "a unique value is too long")
		return
	}
	if row.idKey != k.id {
		report("key", "column id_key")
	}
	want := slices.Concat(k.columns, k.texts)
	for i, name := range l.columnNames() {
		if plain(row.columns[i]) != want[i] {
			report("key", "column "+name)
		}
	}
	c.values(l, row, k, report)
	c.uniques(l, row, k, report)
}

// values compares the value rows of a resource with those of its document.
func (c *check) values(l *layout, row *storedRow, k *keys, report func(rule, detail string)) {
	differs := map[string]bool{}
	for _, v := range k.rows {
		nr, ok := c.attributes[attributeName{c.numberOf[l.rt.Name], v.path, v.kind}]
		key := valueKey{nr, v.ord}
		if have, there := row.values[key]; !ok || !there || have != (storedValue{v.typ, v.prim, v.v, v.lead}) {
			differs[v.path] = true
		}
		delete(row.values, key)
	}
	for key := range row.values {
		differs[c.paths[key.attr]] = true
	}
	for _, path := range slices.Sorted(stdmaps.Keys(differs)) {
		report("value", "attribute "+path)
	}
}

// uniques compares the unique values that a resource claims with those of its
// document.
func (c *check) uniques(l *layout, row *storedRow, k *keys, report func(rule, detail string)) {
	differs := map[string]bool{}
	for _, u := range k.uniques {
		path := strings.ToLower(u.attr.Path)
		key := uniqueValue{c.attributes[attributeName{c.numberOf[l.rt.Name], path, kindOf(u.attr)}], u.v}
		if !row.uniques[key] {
			differs[path] = true
		}
		delete(row.uniques, key)
	}
	for key := range row.uniques {
		differs[c.paths[key.attr]] = true
	}
	for _, path := range slices.Sorted(stdmaps.Keys(differs)) {
		report("unique", "attribute "+path)
	}
}

// named checks attributes that hold what the other side of a column is called.
func (c *check) named(l *layout, list []*storedRow) error {
	for i, e := range l.ends {
		a := attributesOf(l.rt)[strings.ToLower(e.named)]
		if a == nil {
			continue
		}
		var seqs []int64
		for _, row := range list {
			if row.ends[i] != nil {
				seqs = append(seqs, *row.ends[i])
			}
		}
		names := map[int64]string{}
		for _, target := range e.targets {
			m := mapOf(target)
			rows, err := c.conn.Query(c.ctx, "SELECT o.seq, "+m.display(end{})+" FROM "+m.table+" o WHERE o.space = $1 AND "+
				c.engine.Dialect.InNumbers("o.seq", "$2"), c.tenant.Space, c.engine.Dialect.Numbers(seqs))
			err = each(rows, err, func(rows Rows) error {
				var seq int64
				var name string
				err := rows.Scan(&seq, &name)
				names[seq] = schema.TextKey(name, false)
				return err
			})
			if err != nil {
				return err
			}
		}
		for _, row := range list {
			if row.body == nil || row.ends[i] == nil {
				continue
			}
			name, there := names[*row.ends[i]] // what leads nowhere is told by ends
			if in := values(a, row.body); there && (len(in) != 1 || schema.TextKey(in[0].Str(), false) != name) {
				c.report("name", l.table, row.who(l), "attribute "+a.Path)
			}
		}
	}
	return nil
}
