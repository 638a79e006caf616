package sqlstore

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/store"
)

// readLinks fills in the links of records with one statement for all of them.
func (s *Store) readLinks(ctx context.Context, c Conn, space int64, list []*store.Record, want []store.Want) error {
	var st statement
	var parts []string
	spaceArg := st.arg(space)
	bySeq := make(map[int64]*store.Record, len(list))
	for _, w := range want {
		var seqs []int64
		for _, rec := range list {
			if w.Holds == nil || bytes.Contains(rec.Doc, w.Holds) {
				seqs = append(seqs, rec.Seq)
				bySeq[rec.Seq] = rec
			}
		}
		if len(seqs) == 0 {
			continue
		}
		near, far, reverse := "src", "dst", "0"
		if w.Reverse {
			near, far, reverse = far, near, "1"
		}
		own := ""
		if len(seqs) == 1 {
			own = "e." + near + " = " + st.arg(seqs[0])
		} else {
			own = s.engine.Dialect.InNumbers("e."+near, st.arg(s.engine.Dialect.Numbers(seqs)))
		}
		relation := st.arg(int64(w.Relation))
		for _, t := range tables {
			parts = append(parts, "SELECT e."+near+" AS own, e.relation AS relation, "+reverse+" AS reverse, o.seq AS seq, e."+far+"_type AS type, o.id AS id, COALESCE(o."+
				t.called(end{w.Relation, w.Reverse}).text+", '') AS display FROM edge e JOIN "+t.table+" o ON o.space = e.space AND o.seq = e."+far+
				" WHERE e.space = "+spaceArg+" AND e.relation = "+relation+" AND o.space = "+spaceArg+" AND "+own)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	sql, args := st.finish(strings.Join(parts, " UNION ALL ") + " ORDER BY 1, 2, 3, 4")
	rows, err := c.Query(ctx, sql, args...)
	var types []int64
	var owners []*store.Record
	err = each(rows, err, func(rows Rows) error {
		var own, relation, reverse, typeNr int64
		var l store.Link
		if err := rows.Scan(&own, &relation, &reverse, &l.Seq, &typeNr, &l.ID, &l.Display); err != nil {
			return err
		}
		l.Relation, l.Reverse = store.Relation(relation), reverse != 0
		rec := bySeq[own]
		rec.Links = append(rec.Links, l)
		types, owners = append(types, typeNr), append(owners, rec)
		return nil
	})
	if err != nil {
		return err
	}
	// Types are resolved when the connection is free again.
	at := map[*store.Record]int{}
	for i, rec := range owners {
		if rec.Links[at[rec]].Type, err = s.numbers.typeOf(ctx, types[i]); err != nil {
			return err
		}
		at[rec]++
	}
	return nil
}

// setLinks makes dst the complete set of edges of a relation from src.
func (t *tx) setLinks(rel store.Relation, src int64, dst []store.Link) error {
	srcType, err := t.typeOfSeq(src)
	if err != nil {
		return err
	}
	have := map[int64]bool{}
	rows, err := t.conn.Query(t.ctx, "SELECT dst FROM edge WHERE space = $1 AND relation = $2 AND src = $3", t.space, int64(rel), src)
	err = each(rows, err, func(rows Rows) error {
		var seq int64
		err := rows.Scan(&seq)
		have[seq] = true
		return err
	})
	if err != nil {
		return err
	}
	var fresh [][]any
	for _, l := range dst {
		if have[l.Seq] {
			delete(have, l.Seq)
			continue
		}
		dstType, err := t.numbers.typeNumber(t.ctx, l.Type.Name)
		if err != nil {
			return err
		}
		fresh = append(fresh, []any{t.space, int64(rel), src, l.Seq, srcType, dstType})
	}
	var gone []int64
	for seq := range have {
		gone = append(gone, seq)
	}
	slices.Sort(gone)
	if len(gone) > 0 {
		_, err := t.conn.Exec(t.ctx, "DELETE FROM edge WHERE space = $1 AND relation = $2 AND src = $3 AND "+
			t.engine.Dialect.InNumbers("dst", "$4"), t.space, int64(rel), src, t.engine.Dialect.Numbers(gone))
		if err != nil {
			return err
		}
	}
	_, err = t.insertRows("edge (space, relation, src, dst, src_type, dst_type)", fresh)
	return err
}

// typeOfSeq is the number of the type of a resource of the space.
func (t *tx) typeOfSeq(seq int64) (int64, error) {
	if nr, ok := t.types[seq]; ok {
		return nr, nil
	}
	for _, m := range tables {
		nr := int64(0)
		column := "r.type"
		if !m.typed {
			column = "0"
		}
		ok, err := one(t.ctx, t.conn, "SELECT "+column+" FROM "+m.table+" r WHERE r.space = $1 AND r.seq = $2",
			[]any{t.space, seq}, &nr)
		if err != nil {
			return 0, err
		}
		if !ok {
			continue
		}
		if !m.typed {
			if nr, err = t.numbers.typeNumber(t.ctx, m.typeName()); err != nil {
				return 0, err
			}
		}
		t.types[seq] = nr
		return nr, nil
	}
	return 0, store.ErrNotFound
}
