package sqlstore

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/store"
)

// insertion is a resource on its way into its table.
type insertion struct {
	*store.Resource
	at   int // its place among those that are inserted together
	of   *layout
	nr   int64 // of its type
	keys *keys
	row  *row
}

// insertMany stores new resources, those in a row that fill the same columns of one
// table by the same statements. at is the one that an error is about.
func (t *tx) insertMany(list []*store.Resource) (at int, err error) {
	var group []*insertion
	for i, r := range list {
		in, err := t.insertion(i, r)
		if err != nil {
			return i, err
		}
		if len(group) > 0 && (group[0].of != in.of || !slices.Equal(group[0].row.names, in.row.names)) {
			if at, err := t.insertGroup(group); err != nil {
				return at, err
			}
			group = group[:0]
		}
		group = append(group, in)
	}
	if len(group) == 0 {
		return 0, nil
	}
	return t.insertGroup(group)
}

func (t *tx) insertion(at int, r *store.Resource) (*insertion, error) {
	in := &insertion{Resource: r, at: at, of: t.layout(r.Type)}
	var err error
	if in.keys, err = in.of.extract(r); err != nil {
		return nil, err
	}
	if in.nr, err = t.numbers.typeNumber(t.ctx, r.Type.Name); err != nil {
		return nil, err
	}
	if r.Seq == 0 {
		if r.Seq, err = t.numbers.seq.take(t.ctx, t.engine.Ledger); err != nil {
			return nil, err
		}
	}
	if in.row, err = in.of.changing(r, in.keys); err != nil {
		return nil, err
	}
	in.row.set("space", t.space)
	in.row.set("seq", r.Seq)
	in.row.set("id", r.ID)
	in.row.set("id_key", in.keys.id)
	in.row.set("created", r.Created.UnixMicro())
	if in.of.typed {
		in.row.set("type", in.nr)
	}
	return in, nil
}

// insertGroup stores resources of one table, then their unique values and their value
// rows.
func (t *tx) insertGroup(group []*insertion) (at int, err error) {
	if at, err := t.insertRecords(group); err != nil {
		return at, err
	}
	var values [][]any
	for _, in := range group {
		t.types[in.Seq] = in.nr
		t.inserted++
		if err := t.insertUniques(in.nr, in.Seq, in.keys); err != nil {
			return in.at, err
		}
		rows, err := t.valueRows(in.nr, in.Seq, in.keys)
		if err != nil {
			return in.at, err
		}
		values = append(values, rows...)
	}
	_, err = t.insertRows(valueColumns, values)
	return group[0].at, err
}

// insertRecords stores the rows of resources. A taken key is no error for the
// database, so that the transaction lives; a row that vanishes before it can be named
// is tried again.
func (t *tx) insertRecords(group []*insertion) (at int, err error) {
	of := group[0].of
	into := of.table + " (" + strings.Join(group[0].row.names, ", ") + ")"
	for range 3 {
		rows := make([][]any, len(group))
		for i, in := range group {
			rows[i] = in.row.values
		}
		n, err := t.insertRows(into, rows)
		if err != nil || n == int64(len(rows)) {
			return group[0].at, err
		}
		if group, err = t.notInserted(group); err != nil {
			return 0, err
		}
		for _, in := range group {
			unique := append(of.uniqueKeys(in.keys), uniqueColumns{[]string{"id_key"}, "id"})
			if err := t.taken(of, in.nr, in.Seq, in.row, unique); err != nil {
				return in.at, err
			}
		}
		if len(group) == 0 {
			return 0, nil
		}
	}
	return group[0].at, fmt.Errorf("store: %s %d cannot be inserted", group[0].Type.Name, group[0].Seq)
}

// notInserted are those that have no row.
func (t *tx) notInserted(group []*insertion) ([]*insertion, error) {
	if len(group) == 1 {
		return group, nil
	}
	seqs := make([]int64, len(group))
	for i, in := range group {
		seqs[i] = in.Seq
	}
	there, err := t.seqs("SELECT seq FROM "+group[0].of.table+" WHERE space = $1 AND "+t.engine.Dialect.InNumbers("seq", "$2"), t.space, t.engine.Dialect.Numbers(seqs))
	slices.Sort(there)
	return slices.DeleteFunc(slices.Clone(group), func(in *insertion) bool {
		_, have := slices.BinarySearch(there, in.Seq)
		return have
	}), err
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

// fewRows is up to how many rows any number of them goes in by one statement: beyond
// it statements are few, so that the engines keep them prepared.
const fewRows = 16

// insertRows inserts rows into "table (columns)", those that are there already
// left as they are, and tells how many are new.
func (t *tx) insertRows(into string, rows [][]any) (int64, error) {
	var inserted int64
	for len(rows) > 0 {
		n := max(1, t.engine.Dialect.ValuesAtOnce/len(rows[0]))
		if n > len(rows) {
			if n = len(rows); n > fewRows {
				n = 1 << (bits.Len(uint(n)) - 1)
			}
		}
		var st statement
		values := make([]string, n)
		for i, row := range rows[:n] {
			marks := make([]string, len(row))
			for j, v := range row {
				marks[j] = st.arg(v)
			}
			values[i] = "(" + strings.Join(marks, ", ") + ")"
		}
		rows = rows[n:]
		new, err := t.conn.Exec(t.ctx, "INSERT INTO "+into+" VALUES "+strings.Join(values, ", ")+" ON CONFLICT DO NOTHING", st.args...)
		if err != nil {
			return inserted, err
		}
		inserted += new
	}
	return inserted, nil
}
