package sqlstore

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// row is what a write puts into a resource's table: column names and values.
type row struct {
	names  []string
	values []any
}

func (w *row) set(name string, v any) {
	w.names = append(w.names, name)
	w.values = append(w.values, v)
}

// changing are the columns that insert and update both write.
func (l *layout) changing(r *store.Resource, k *keys) *row {
	w := &row{}
	w.set("version", r.Version)
	w.set("modified", r.Modified.UnixMicro())
	w.set("hidden", flag(r.Hidden))
	w.set("cut", int64(r.Cut))
	w.set("doc", string(r.Doc))
	for i, c := range l.columns {
		w.set(c.name, k.columns[i])
	}
	i := 0
	for _, t := range l.texts {
		w.set(t.column, k.texts[i])
		i++
		if t.key != "" {
			w.set(t.key, k.texts[i])
			i++
		}
	}
	return w
}

func (t *tx) insert(r *store.Resource) error {
	l := t.layout(r.Type)
	k, err := l.extract(r)
	if err != nil {
		return err
	}
	nr, err := t.numbers.typeNumber(t.ctx, r.Type.Name)
	if err != nil {
		return err
	}
	if r.Seq == 0 {
		if r.Seq, err = t.numbers.seq.take(t.ctx, t.engine.Ledger); err != nil {
			return err
		}
	}
	w := l.changing(r, k)
	w.set("space", t.space)
	w.set("seq", r.Seq)
	w.set("id", r.ID)
	w.set("id_key", k.id)
	w.set("created", r.Created.UnixMicro())
	if l.typed {
		w.set("type", nr)
	}
	// A taken key is no error for the database, so that the transaction lives;
	// a row that vanishes before it can be named is tried again.
	for range 3 {
		n, err := t.insertRows(l.table+" ("+strings.Join(w.names, ", ")+")", [][]any{w.values})
		if err != nil {
			return err
		}
		if n == 1 {
			t.types[r.Seq] = nr
			t.inserted++
			if err := t.insertUniques(nr, r.Seq, k); err != nil {
				return err
			}
			rows, err := t.valueRows(nr, r.Seq, k)
			if err == nil {
				_, err = t.insertRows(valueColumns, rows)
			}
			return err
		}
		if err := t.taken(l, nr, r, k, true); err != nil {
			return err
		}
	}
	return fmt.Errorf("store: %s %d cannot be inserted", r.Type.Name, r.Seq)
}

func (t *tx) update(r *store.Resource, ifVersion int64) error {
	l := t.layout(r.Type)
	k, err := l.extract(r)
	if err != nil {
		return err
	}
	nr, err := t.numbers.typeNumber(t.ctx, r.Type.Name)
	if err != nil {
		return err
	}
	var st statement
	w := l.changing(r, k)
	sets := make([]string, len(w.names))
	for i, name := range w.names {
		sets[i] = name + " = " + st.arg(w.values[i])
	}
	space, seq := st.arg(t.space), st.arg(r.Seq)
	where := "space = " + space + " AND seq = " + seq + " AND version = " + st.arg(ifVersion)
	if l.typed {
		where += " AND type = " + st.arg(nr)
	}
	for i, c := range l.columns {
		if c.unique && k.columns[i] != nil {
			where += " AND NOT EXISTS (SELECT 1 FROM " + l.table + " o WHERE o.space = " + space + " AND o." + c.name + " = " +
				st.arg(k.columns[i]) + " AND o.seq <> " + seq + ")"
		}
	}
	sql, args := st.finish("UPDATE " + l.table + " SET " + strings.Join(sets, ", ") + " WHERE " + where)
	if err := t.updateRow(sql, args, func() error { return t.whyNotUpdated(l, nr, r, k, ifVersion) }); err != nil {
		return err
	}
	t.types[r.Seq] = nr
	if len(l.uniques) > 0 {
		if _, err := t.conn.Exec(t.ctx, "DELETE FROM resource_unique WHERE space = $1 AND seq = $2", t.space, r.Seq); err != nil {
			return err
		}
		if err := t.insertUniques(nr, r.Seq, k); err != nil {
			return err
		}
	}
	return t.updateValues(nr, r.Seq, k)
}

// updateRow runs the statement that updates one row unless something speaks
// against it, which why names. What no longer does when it is asked, a name
// that its holder gave up in between, is tried again.
func (t *tx) updateRow(sql string, args []any, why func() error) error {
	for range 3 {
		n, err := t.conn.Exec(t.ctx, sql, args...)
		if err != nil || n > 0 {
			return err
		}
		if err := why(); err != nil {
			return err
		}
	}
	return store.ErrVersion
}

// whyNotUpdated is nil when nothing speaks against the update any more.
func (t *tx) whyNotUpdated(l *layout, nr int64, r *store.Resource, k *keys, ifVersion int64) error {
	var version, typeNr int64
	column := "type"
	if !l.typed {
		column = "0"
	}
	ok, err := one(t.ctx, t.conn, "SELECT version, "+column+" FROM "+l.table+" WHERE space = $1 AND seq = $2",
		[]any{t.space, r.Seq}, &version, &typeNr)
	switch {
	case err != nil:
		return err
	case !ok || l.typed && typeNr != nr:
		return store.ErrNotFound
	case version != ifVersion:
		return store.ErrVersion
	}
	return t.taken(l, nr, r, k, false)
}

// taken tells which unique key of r another resource has, nil if none.
func (t *tx) taken(l *layout, nr int64, r *store.Resource, k *keys, withID bool) error {
	check := func(attr, column string, v any) error {
		where, args := "space = $1 AND "+column+" = $2 AND seq <> $3", []any{t.space, v, r.Seq}
		if l.typed {
			where, args = where+" AND type = $4", append(args, nr)
		}
		var seq int64
		ok, err := one(t.ctx, t.conn, "SELECT seq FROM "+l.table+" WHERE "+where, args, &seq)
		if ok {
			err = &store.TakenError{Attr: attr}
		}
		return err
	}
	for i, c := range l.columns {
		if c.unique && k.columns[i] != nil {
			if err := check(c.attr.Path, c.name, k.columns[i]); err != nil {
				return err
			}
		}
	}
	if withID {
		return check("id", "id_key", k.id)
	}
	return nil
}

// insertUniques claims the unique values that have no unique column.
func (t *tx) insertUniques(typeNr, seq int64, k *keys) error {
	for _, u := range k.uniques {
		nr, _, err := t.numbers.attribute(t.ctx, attributeName{typeNr, strings.ToLower(u.attr.Path), kindOf(u.attr)}, true)
		if err != nil {
			return err
		}
		n, err := t.insertRows("resource_unique (space, attr, v, seq)", [][]any{{t.space, nr, u.v, seq}})
		if err != nil {
			return err
		}
		if n == 0 {
			return &store.TakenError{Attr: u.attr.Path}
		}
	}
	return nil
}

const valueColumns = "value_r (space, seq, attr, ord, typ, prim, lead, v)"

func (t *tx) valueRows(typeNr, seq int64, k *keys) ([][]any, error) {
	rows := make([][]any, len(k.rows))
	for i, v := range k.rows {
		nr, _, err := t.numbers.attribute(t.ctx, attributeName{typeNr, v.path, v.kind}, true)
		if err != nil {
			return nil, err
		}
		rows[i] = []any{t.space, seq, nr, v.ord, v.typ, v.prim, v.lead, v.v}
	}
	return rows, nil
}

// updateValues writes the value rows anew where they differ.
func (t *tx) updateValues(typeNr, seq int64, k *keys) error {
	want, err := t.valueRows(typeNr, seq, k)
	if err != nil {
		return err
	}
	type rowKey struct{ attr, ord int64 }
	have, had := map[rowKey][]any{}, map[int64]bool{}
	rows, err := t.conn.Query(t.ctx, "SELECT attr, ord, typ, prim, lead, v FROM value_r WHERE space = $1 AND seq = $2", t.space, seq)
	err = each(rows, err, func(rows Rows) error {
		var attr, ord, lead int64
		var typ, v *string
		var prim *int64
		if err := rows.Scan(&attr, &ord, &typ, &prim, &lead, &v); err != nil {
			return err
		}
		had[attr] = true
		have[rowKey{attr, ord}] = []any{t.space, seq, attr, ord, orNil(typ), orNil(prim), lead, orNil(v)}
		return nil
	})
	if err != nil {
		return err
	}
	// An attribute of which a row differs is written whole: two statements do for
	// any number of rows.
	attrOf := func(row []any) int64 { return row[2].(int64) }
	differs := map[int64]bool{}
	for _, row := range want {
		key := rowKey{attrOf(row), row[3].(int64)}
		differs[key.attr] = differs[key.attr] || !slices.Equal(have[key], row)
		delete(have, key)
	}
	for key := range have {
		differs[key.attr] = true
	}
	var gone []int64
	for attr := range had {
		if differs[attr] {
			gone = append(gone, attr)
		}
	}
	slices.Sort(gone)
	if len(gone) > 0 {
		_, err := t.conn.Exec(t.ctx, "DELETE FROM value_r WHERE space = $1 AND seq = $2 AND "+t.engine.Dialect.InNumbers("attr", "$3"),
			t.space, seq, t.engine.Dialect.Numbers(gone))
		if err != nil {
			return err
		}
	}
	_, err = t.insertRows(valueColumns, slices.DeleteFunc(want, func(row []any) bool { return !differs[attrOf(row)] }))
	return err
}

func orNil[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// relations are all relations there are; an edge's key needs one.
var relations = []int64{int64(store.Member), int64(store.Manager)}

func (t *tx) delete(rt *schema.ResourceType, seq int64) error {
	l := t.layout(rt)
	where, args := "space = $1 AND seq = $2", []any{t.space, seq}
	if l.typed {
		nr, err := t.numbers.typeNumber(t.ctx, rt.Name)
		if err != nil {
			return err
		}
		where, args = where+" AND type = $3", append(args, nr)
	}
	// The own row first: whoever is about to refer to it holds it or waits, so
	// that no edge can appear after the edges are gone.
	var found int64
	ok, err := one(t.ctx, t.conn, "SELECT seq FROM "+l.table+" WHERE "+where+t.engine.Dialect.ForUpdate, args, &found)
	if err != nil {
		return err
	}
	if !ok {
		return store.ErrNotFound
	}
	delete(t.types, seq)
	for _, sql := range []string{
		"DELETE FROM value_r WHERE space = $1 AND seq = $2",
		"DELETE FROM resource_unique WHERE space = $1 AND seq = $2",
		"DELETE FROM password WHERE space = $1 AND seq = $2",
	} {
		if _, err := t.conn.Exec(t.ctx, sql, t.space, seq); err != nil {
			return err
		}
	}
	for _, side := range []string{"src", "dst"} {
		_, err := t.conn.Exec(t.ctx, "DELETE FROM edge WHERE space = $1 AND "+t.engine.Dialect.InNumbers("relation", "$2")+" AND "+side+" = $3",
			t.space, t.engine.Dialect.Numbers(relations), seq)
		if err != nil {
			return err
		}
	}
	_, err = t.conn.Exec(t.ctx, "DELETE FROM "+l.table+" WHERE "+where, args...)
	return err
}
