package sqlstore

import (
	"context"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/store"
)

const (
	recordColumns = "r.seq, r.id, r.version, r.created, r.modified, r.hidden, r.cut, r.doc"
	// nullableRecordColumns are recordColumns where the row may be missing, which
	// seq 0 tells.
	nullableRecordColumns = "COALESCE(r.seq, 0), COALESCE(r.id, ''), COALESCE(r.version, 0), COALESCE(r.created, 0), " +
		"COALESCE(r.modified, 0), COALESCE(r.hidden, 0), COALESCE(r.cut, 0), COALESCE(r.doc, '')"
)

// recordRow receives recordColumns and a column for each kind of links.
type recordRow struct {
	seq, version, created, modified, hidden, cut int64
	id                                           string
	doc                                          []byte
	links                                        []string
}

// dest is where a row is scanned to, with that many columns of links.
func (r *recordRow) dest(links int) []any {
	dest := append(make([]any, 0, 8+links), &r.seq, &r.id, &r.version, &r.created, &r.modified, &r.hidden, &r.cut, &r.doc)
	r.links = make([]string, links)
	for i := range r.links {
		dest = append(dest, &r.links[i])
	}
	return dest
}

// record is the row without its links.
func (r *recordRow) record() *store.Record {
	return &store.Record{
		Seq: r.seq, ID: r.id, Version: r.version, Created: fromMicros(r.created), Modified: fromMicros(r.modified),
		Doc: r.doc, Cut: int(r.cut), Hidden: r.hidden != 0,
	}
}

func fromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }

// found is a record as read. One with very many links is long: its links have
// not come along, and it must be read again by itself.
type found struct {
	hit
	*store.Record
	long bool
}

// found makes the record of a row, with the links that have come along. Nothing
// else may be read on the connection of the row's statement.
func (s *Store) found(ctx context.Context, of *layout, row *recordRow, want []store.Want) (found, error) {
	f := found{hit: hit{row.seq, of}, Record: row.record()}
	for i, w := range want {
		if w.Alias {
			f.Alias = row.links[i]
			continue
		}
		var more bool
		var err error
		if f.Links, more, err = s.along(ctx, f.Links, w, row.links[i]); err != nil {
			return f, err
		}
		f.long = f.long || more
	}
	if len(want) > 1 {
		store.SortLinks(f.Links)
	}
	return f, nil
}

// batch reads the records of hits with their links in one statement, in the
// order of the hits; what is gone is left out.
func (s *Store) batch(ctx context.Context, space int64, hits []hit, want []store.Want) ([]found, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	var st statement
	sp := st.arg(space)
	var of []*layout
	byType := map[*layout][]int64{}
	for _, h := range hits {
		if byType[h.of] == nil {
			of = append(of, h.of)
		}
		byType[h.of] = append(byType[h.of], h.seq)
	}
	selects := make([]string, len(of))
	for i, l := range of {
		links, err := s.linkColumns(ctx, l, sp, want, s.alongColumn)
		if err != nil {
			return nil, err
		}
		selects[i] = "SELECT " + recordColumns + links + " FROM " + l.table + " r WHERE r.space = " + sp + " AND " +
			s.engine.Dialect.InNumbers("r.seq", st.arg(s.engine.Dialect.Numbers(byType[l])))
	}
	sql, args := st.finish(strings.Join(selects, " UNION ALL "))
	got := make(map[int64]*recordRow, len(hits))
	rows, err := s.engine.Read.Query(ctx, sql, args...)
	err = each(rows, err, func(rows Rows) error {
		row := &recordRow{}
		err := rows.Scan(row.dest(len(want))...)
		got[row.seq] = row
		return err
	})
	if err != nil {
		return nil, err
	}
	list := make([]found, 0, len(hits))
	for _, h := range hits {
		row := got[h.seq]
		if row == nil {
			continue
		}
		f, err := s.found(ctx, h.of, row, want)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}
