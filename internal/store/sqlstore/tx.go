package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// tx implements store.Tx on the connection of a transaction.
type tx struct {
	*Store
	ctx   context.Context // not ended by the request
	conn  Conn
	space int64
	depth int
	// failed is the error that made the transaction, or the savepoint, unfit to
	// be committed, whatever fn makes of it.
	failed error
	// types are the type numbers of resources seen, by seq.
	types map[int64]int64
	// moment is the latest time of its events, in microseconds.
	moment int64
	// inserted counts resources and edges.
	inserted int64
}

func (t *tx) run(fn func() error) error {
	if err := safely(fn); err != nil {
		return err
	}
	return t.failed
}

// spoilt remembers an error after which nothing may be committed.
func (t *tx) spoilt(err error) error {
	if err != nil && t.failed == nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrVersion) {
		t.failed = err
	}
	return err
}

// Try implements store.Tx.
func (t *tx) Try(fn func() error) error {
	if t.failed != nil {
		return t.failed
	}
	t.depth++
	defer func() { t.depth-- }()
	name := fmt.Sprintf("try%d", t.depth)
	if _, err := t.conn.Exec(t.ctx, "SAVEPOINT "+name); err != nil {
		return t.spoilt(err)
	}
	err := safely(fn)
	if err == nil {
		err = t.failed
	}
	if err == nil {
		_, err = t.conn.Exec(t.ctx, "RELEASE SAVEPOINT "+name)
		return t.spoilt(err)
	}
	t.failed = nil
	clear(t.types)
	for _, sql := range []string{"ROLLBACK TO SAVEPOINT ", "RELEASE SAVEPOINT "} {
		if _, e := t.conn.Exec(t.ctx, sql+name); e != nil {
			t.failed = e
			return e
		}
	}
	return err
}

// Get implements store.Tx.
func (t *tx) Get(rt *schema.ResourceType, id string) (*store.Record, error) {
	rec, err := t.record(t.ctx, t.conn, t.space, t.layout(rt), id, nil, t.engine.Dialect.ForUpdate)
	if err != nil {
		return nil, t.spoilt(err)
	}
	t.types[rec.seq], err = t.numbers.typeNumber(t.ctx, rt.Name)
	return rec.Record, t.spoilt(err)
}

// GetMany implements store.Tx.
func (t *tx) GetMany(rt *schema.ResourceType, ids []string) ([]*store.Record, error) {
	list, err := t.getMany(rt, ids)
	return list, t.spoilt(err)
}

func (t *tx) getMany(rt *schema.ResourceType, ids []string) ([]*store.Record, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	nr, err := t.numbers.typeNumber(t.ctx, rt.Name)
	if err != nil {
		return nil, err
	}
	var st statement
	sql, args := st.finish("SELECT " + recordColumns + " FROM " + t.layout(rt).table + " r WHERE " + t.withIDs(&st, "r", rt, nr, ids) +
		" ORDER BY r.seq" + t.engine.Dialect.ForUpdate)
	var list []*store.Record
	rows, err := t.conn.Query(t.ctx, sql, args...)
	err = each(rows, err, func(rows Rows) error {
		var row recordRow
		err := rows.Scan(row.dest(0)...)
		t.types[row.seq] = nr
		list = append(list, row.record())
		return err
	})
	return list, err
}

// withIDs are the rows of a type that have one of the ids.
func (t *tx) withIDs(st *statement, row string, rt *schema.ResourceType, nr int64, ids []string) string {
	where := row + ".space = " + st.arg(t.space)
	if t.layout(rt).typed {
		where += " AND " + row + ".type = " + st.arg(nr)
	}
	if len(ids) == 1 {
		return where + " AND " + row + ".id_key = " + st.arg(idKey(rt, ids[0]))
	}
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = idKey(rt, id)
	}
	return where + " AND " + t.engine.Dialect.InTexts(row+".id_key", st.arg(t.engine.Dialect.Texts(keys)))
}

// NewSeq implements store.Tx.
func (t *tx) NewSeq() (int64, error) {
	seq, err := t.numbers.seq.take(t.ctx, t.engine.Ledger)
	return seq, t.spoilt(err)
}

// Insert implements store.Tx.
func (t *tx) Insert(r *store.Resource) error {
	_, err := t.InsertMany([]*store.Resource{r})
	return err
}

// InsertMany implements store.Tx.
func (t *tx) InsertMany(list []*store.Resource) (int, error) {
	at, err := t.insertMany(list)
	return at, t.spoilt(err)
}

// Update implements store.Tx.
func (t *tx) Update(r *store.Resource, ifVersion int64) error {
	return t.spoilt(t.update(r, ifVersion))
}

// Delete implements store.Tx.
func (t *tx) Delete(rt *schema.ResourceType, seq int64) error {
	gone, err := t.delete(rt, []int64{seq})
	if err == nil && gone == 0 {
		return store.ErrNotFound
	}
	return t.spoilt(err)
}

// DeleteMany implements store.Tx.
func (t *tx) DeleteMany(rt *schema.ResourceType, seqs []int64) error {
	_, err := t.delete(rt, seqs)
	return t.spoilt(err)
}

// Links implements store.Tx.
func (t *tx) Links(seq int64, want []store.Want) ([]store.Link, error) {
	links, err := t.links(seq, want)
	return links, t.spoilt(err)
}

func (t *tx) links(seq int64, want []store.Want) ([]store.Link, error) {
	if len(want) == 0 {
		return nil, nil
	}
	var st statement
	columns, err := t.linkColumns(t.ctx, nil, st.arg(t.space), want, t.linkColumn)
	if err != nil {
		return nil, err
	}
	sql, args := st.finish("SELECT r.seq" + columns + " FROM (SELECT CAST(" + st.arg(seq) + " AS bigint) AS seq) r")
	var row recordRow
	dest := row.dest(len(want))
	if _, err := one(t.ctx, t.conn, sql, args, append(dest[:1], dest[len(dest)-len(want):]...)...); err != nil {
		return nil, err
	}
	var list []store.Link
	for i, w := range want {
		if list, _, err = t.along(t.ctx, list, w, row.links[i]); err != nil {
			return nil, err
		}
	}
	store.SortLinks(list)
	return list, nil
}

// SetPassword implements store.Tx.
func (t *tx) SetPassword(seq int64, hash []byte) error {
	sql, args := "DELETE FROM password WHERE space = $1 AND seq = $2", []any{t.space, seq}
	if hash != nil {
		sql = "INSERT INTO password (space, seq, hash) VALUES ($1, $2, $3) ON CONFLICT (space, seq) DO UPDATE SET hash = excluded.hash"
		args = append(args, hash)
	}
	_, err := t.conn.Exec(t.ctx, sql, args...)
	return t.spoilt(err)
}

// Event implements store.Tx.
func (t *tx) Event(e store.Event) error { return t.Events([]store.Event{e}) }

// Events implements store.Tx.
func (t *tx) Events(list []store.Event) error { return t.spoilt(t.insertEvents(list)) }

// Find implements store.Tx.
func (t *tx) Find(types []*schema.ResourceType, ids []string) ([]store.Link, error) {
	links, err := t.find(types, ids)
	return links, t.spoilt(err)
}

func (t *tx) find(types []*schema.ResourceType, ids []string) ([]store.Link, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	// One order of tables and rows for all transactions keeps their locks from
	// crossing.
	types = slices.Clone(types)
	slices.SortFunc(types, func(a, b *schema.ResourceType) int { return strings.Compare(a.Name, b.Name) })
	var out []store.Link
	for _, rt := range slices.Compact(types) {
		l := t.layout(rt)
		nr, err := t.numbers.typeNumber(t.ctx, rt.Name)
		if err != nil {
			return nil, err
		}
		var st statement
		sql, args := st.finish("SELECT o.seq, o.id, " + l.display(end{}) + " FROM " + l.table + " o WHERE " + t.withIDs(&st, "o", rt, nr, ids) +
			" ORDER BY o.seq" + t.engine.Dialect.ForShare)
		rows, err := t.conn.Query(t.ctx, sql, args...)
		err = each(rows, err, func(rows Rows) error {
			link := store.Link{Type: rt}
			if err := rows.Scan(&link.Seq, &link.ID, &link.Display); err != nil {
				return err
			}
			t.types[link.Seq] = nr
			out = append(out, link)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b store.Link) int { return cmp.Compare(a.Seq, b.Seq) })
	return out, nil
}
