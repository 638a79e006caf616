package sqlstore

import (
	"context"
	"time"

	"github.com/scimd/scimd/internal/store"
)

const recordColumns = "r.seq, r.id, r.version, r.created, r.modified, r.hidden, r.cut, r.doc"

// recordRow receives recordColumns.
type recordRow struct {
	seq, version, created, modified, hidden, cut int64
	id                                           string
	doc                                          []byte
}

func (r *recordRow) dest() []any {
	return []any{&r.seq, &r.id, &r.version, &r.created, &r.modified, &r.hidden, &r.cut, &r.doc}
}

func (r *recordRow) record() *store.Record {
	return &store.Record{
		Seq: r.seq, ID: r.id, Version: r.version, Created: fromMicros(r.created), Modified: fromMicros(r.modified),
		Doc: r.doc, Cut: int(r.cut), Hidden: r.hidden != 0,
	}
}

func fromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }

// documents reads the records of a table by seq; those that are gone are left
// out of the map.
func (s *Store) documents(ctx context.Context, space int64, table string, seqs []int64, into map[int64]*store.Record) error {
	if len(seqs) == 0 {
		return nil
	}
	sql := "SELECT " + recordColumns + " FROM " + table + " r WHERE r.space = $1 AND " + s.engine.Dialect.InNumbers("r.seq", "$2")
	rows, err := s.engine.Read.Query(ctx, sql, space, s.engine.Dialect.Numbers(seqs))
	return each(rows, err, func(rows Rows) error {
		var row recordRow
		if err := rows.Scan(row.dest()...); err != nil {
			return err
		}
		into[row.seq] = row.record()
		return nil
	})
}

// nullableRecordColumns are recordColumns where the row may be missing, which
// seq 0 tells.
const nullableRecordColumns = "COALESCE(r.seq, 0), COALESCE(r.id, ''), COALESCE(r.version, 0), COALESCE(r.created, 0), " +
	"COALESCE(r.modified, 0), COALESCE(r.hidden, 0), COALESCE(r.cut, 0), COALESCE(r.doc, '')"
