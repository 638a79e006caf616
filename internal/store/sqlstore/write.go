package sqlstore

import (
	"fmt"
	"slices"
	"strings"

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

// changing are the columns that insert and update both write; of the columns
// with other ends those that r gives.
func (l *layout) changing(r *store.Resource, k *keys) (*row, error) {
	w := &row{}
	for _, link := range r.Ends {
		c, ok := l.endColumn(link.Relation)
		if !ok {
			return nil, fmt.Errorf("store: relation %d does not lead from one %s to another resource", link.Relation, l.rt.Name)
		}
		w.set(c.name, link.Seq)
	}
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
	return w, nil
}

// value is the value that is set for a column; ok is false when none is.
func (w *row) value(name string) (any, bool) {
	if i := slices.Index(w.names, name); i >= 0 {
		return w.values[i], true
	}
	return nil, false
}

// uniqueColumns is a set of columns that together are unique, and the attribute to
// blame.
type uniqueColumns struct {
	names []string
	attr  string
}

// uniqueKeys are the unique sets of columns that r has values for, beside the id.
func (l *layout) uniqueKeys(k *keys) []uniqueColumns {
	var list []uniqueColumns
	for i, c := range l.columns {
		if c.unique && k.columns[i] != nil {
			list = append(list, uniqueColumns{[]string{c.name}, c.attr.Path})
		}
	}
	if l.pair != nil {
		list = append(list, uniqueColumns{l.pair, l.pairAttr})
	}
	return list
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
	w, err := l.changing(r, k)
	if err != nil {
		return err
	}
	sets := make([]string, len(w.names))
	for i, name := range w.names {
		sets[i] = name + " = " + st.arg(w.values[i])
	}
	space, seq := st.arg(t.space), st.arg(r.Seq)
	where := "space = " + space + " AND seq = " + seq + " AND version = " + st.arg(ifVersion)
	if l.typed {
		where += " AND type = " + st.arg(nr)
	}
	for _, u := range l.uniqueKeys(k) {
		taken, given := "SELECT 1 FROM "+l.table+" o WHERE o.space = "+space+" AND o.seq <> "+seq, false
		for _, name := range u.names {
			v, ok := w.value(name)
			if ok {
				taken, given = taken+" AND o."+name+" = "+st.arg(v), true
			} else {
				taken += " AND o." + name + " = " + l.table + "." + name
			}
		}
		if given {
			where += " AND NOT EXISTS (" + taken + ")"
		}
	}
	sql, args := st.finish("UPDATE " + l.table + " SET " + strings.Join(sets, ", ") + " WHERE " + where)
	if err := t.updateRow(sql, args, func() error { return t.whyNotUpdated(l, nr, r.Seq, w, l.uniqueKeys(k), ifVersion) }); err != nil {
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
func (t *tx) whyNotUpdated(l *layout, nr, seq int64, w *row, uniques []uniqueColumns, ifVersion int64) error {
	var version, typeNr int64
	column := "type"
	if !l.typed {
		column = "0"
	}
	ok, err := one(t.ctx, t.conn, "SELECT version, "+column+" FROM "+l.table+" WHERE space = $1 AND seq = $2",
		[]any{t.space, seq}, &version, &typeNr)
	switch {
	case err != nil:
		return err
	case !ok || l.typed && typeNr != nr:
		return store.ErrNotFound
	case version != ifVersion:
		return store.ErrVersion
	}
	return t.taken(l, nr, seq, w, uniques)
}

// taken tells which unique set of columns another resource has with the values
// of w, nil if none.
func (t *tx) taken(l *layout, nr, seq int64, w *row, uniques []uniqueColumns) error {
	for _, u := range uniques {
		var st statement
		where := "o.space = " + st.arg(t.space) + " AND o.seq <> " + st.arg(seq)
		for _, name := range u.names {
			v, ok := w.value(name)
			if !ok {
				where += " AND o." + name + " = (SELECT r." + name + " FROM " + l.table + " r WHERE r.space = " + st.arg(t.space) + " AND r.seq = " + st.arg(seq) + ")"
				continue
			}
			where += " AND o." + name + " = " + st.arg(v)
		}
		if l.typed {
			where += " AND o.type = " + st.arg(nr)
		}
		var other int64
		sql, args := st.finish("SELECT o.seq FROM " + l.table + " o WHERE " + where)
		ok, err := one(t.ctx, t.conn, sql, args, &other)
		if err != nil {
			return err
		}
		if ok {
			return &store.TakenError{Attr: u.attr}
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
