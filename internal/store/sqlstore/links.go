package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/scimd/scimd/internal/store"
)

// readLinks fills in the links of records with one statement for all of them.
func (s *Store) readLinks(ctx context.Context, c Conn, space int64, list []*store.Record, want []store.Want) error {
	r := linkReader{s: s, ctx: ctx}
	r.space = r.arg(space)
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
		if err := r.want(w, seqs); err != nil {
			return err
		}
	}
	if len(r.selects) == 0 {
		return nil
	}
	return r.read(c, bySeq)
}

// CROSS JOIN in these statements is the plain join, written so that engines that
// take the order of the tables from it begin with the edges.

// linkReader makes the statement that reads links: for each thing wanted, one
// SELECT for each table in which the far ends may be.
type linkReader struct {
	statement
	s     *Store
	ctx   context.Context
	space string
	// with are the common table expressions.
	with, selects []string
}

// want adds the links of one kind of the resources seqs.
func (r *linkReader) want(w store.Want, seqs []int64) error {
	e := end{w.Relation, w.Reverse}
	others, err := r.s.ownTypes(r.ctx)
	if err != nil {
		return err
	}
	for _, rows := range links[e] {
		own := ""
		if len(seqs) == 1 {
			own = rows.near + " = " + r.arg(seqs[0])
		} else {
			own = r.s.engine.Dialect.InNumbers(rows.near, r.arg(r.s.engine.Dialect.Numbers(seqs)))
		}
		where := rows.where(r.space) + " AND " + own
		source, ownColumn, farColumn, indirect := rows.table+" e", rows.near, rows.far, "0"
		if w.Transitive {
			name := fmt.Sprintf("up%d", len(r.with))
			r.with = append(r.with, name+" (own, seq, indirect) AS (SELECT "+rows.near+", "+rows.far+", 0 FROM "+source+" WHERE "+where+
				" UNION SELECT u.own, "+rows.far+", 1 FROM "+name+" u CROSS JOIN "+source+" WHERE "+rows.near+" = u.seq AND "+rows.where(r.space)+
				" AND e.src_type = e.dst_type)")
			source = "(SELECT own, seq, min(indirect) AS indirect FROM " + name + " GROUP BY own, seq) e"
			ownColumn, farColumn, indirect, where = "e.own", "e.seq", "e.indirect", "TRUE"
		}
		for _, t := range rows.to {
			typ, err := r.s.typeOf(r.ctx, t)
			if err != nil {
				return err
			}
			kind := ""
			switch {
			case w.Transitive || rows.column != "":
			case t.typed:
				kind = " AND " + rows.far + "_type NOT IN (" + others + ")"
			default:
				kind = " AND " + rows.far + "_type = " + typ
			}
			r.selects = append(r.selects, "SELECT "+ownColumn+" AS own, "+strconv.Itoa(int(w.Relation))+" AS relation, "+strconv.FormatInt(flag(w.Reverse), 10)+
				" AS reverse, o.seq AS seq, "+typ+" AS type, o.id AS id, "+t.display(e)+" AS display, "+indirect+" AS indirect FROM "+
				source+" CROSS JOIN "+t.table+" o WHERE "+where+kind+" AND o.space = "+r.space+" AND o.seq = "+farColumn)
		}
	}
	return nil
}

// read runs the statement and gives each record its links, in order. They are
// put in order here: a database would sort very many rows on disk.
func (r *linkReader) read(c Conn, bySeq map[int64]*store.Record) error {
	sql := strings.Join(r.selects, " UNION ALL ")
	if len(r.with) > 0 {
		sql = "WITH RECURSIVE " + strings.Join(r.with, ", ") + " " + sql
	}
	sql, args := r.finish(sql)
	rows, err := c.Query(r.ctx, sql, args...)
	// Types that nobody has asked for yet are resolved when the connection is
	// free again.
	type late struct {
		rec *store.Record
		i   int
		nr  int64
	}
	var unknown []late
	err = each(rows, err, func(rows Rows) error {
		var own, relation, reverse, typeNr, indirect int64
		var l store.Link
		if err := rows.Scan(&own, &relation, &reverse, &l.Seq, &typeNr, &l.ID, &l.Display, &indirect); err != nil {
			return err
		}
		l.Relation, l.Reverse, l.Indirect = store.Relation(relation), reverse != 0, indirect != 0
		rec := bySeq[own]
		if l.Type = r.s.numbers.knownType(typeNr); l.Type == nil {
			unknown = append(unknown, late{rec, len(rec.Links), typeNr})
		}
		rec.Links = append(rec.Links, l)
		return nil
	})
	if err != nil {
		return err
	}
	for _, u := range unknown {
		if u.rec.Links[u.i].Type, err = r.s.numbers.typeOf(r.ctx, u.nr); err != nil {
			return err
		}
	}
	for _, rec := range bySeq {
		slices.SortFunc(rec.Links, func(a, b store.Link) int {
			return cmp.Or(cmp.Compare(a.Relation, b.Relation), cmp.Compare(flag(a.Reverse), flag(b.Reverse)), cmp.Compare(a.Seq, b.Seq))
		})
	}
	return nil
}
