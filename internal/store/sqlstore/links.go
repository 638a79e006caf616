package sqlstore

import (
	"bytes"
	"context"
	"fmt"
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

// columns of an end of an edge.
func (e end) columns() (near, far string) {
	if e.reverse {
		return "dst", "src"
	}
	return "src", "dst"
}

// edges selects the edges of a relation; their alias is e.
func edges(space string, rel store.Relation) string {
	return "e.space = " + space + " AND e.relation = " + strconv.Itoa(int(rel))
}

// want adds the links of one kind of the resources seqs.
func (r *linkReader) want(w store.Want, seqs []int64) error {
	e := end{w.Relation, w.Reverse}
	near, far := e.columns()
	own := ""
	if len(seqs) == 1 {
		own = "e." + near + " = " + r.arg(seqs[0])
	} else {
		own = r.s.engine.Dialect.InNumbers("e."+near, r.arg(r.s.engine.Dialect.Numbers(seqs)))
	}
	where := edges(r.space, w.Relation)
	source, reached := "edge e", ""
	ownColumn, farColumn, indirect := "e."+near, "e."+far, "0"
	if w.Transitive {
		name := fmt.Sprintf("up%d", len(r.with))
		r.with = append(r.with, name+" (own, seq, indirect) AS (SELECT e."+near+", e."+far+", 0 FROM edge e WHERE "+where+" AND "+own+
			" UNION SELECT u.own, e."+far+", 1 FROM "+name+" u JOIN edge e ON e."+near+" = u.seq WHERE "+where+" AND e.src_type = e.dst_type)")
		source = "(SELECT own, seq, min(indirect) AS indirect FROM " + name + " GROUP BY own, seq) e"
		ownColumn, farColumn, indirect = "e.own", "e.seq", "e.indirect"
	} else {
		reached = where + " AND " + own + " AND "
	}
	others, err := r.s.ownTypes(r.ctx)
	if err != nil {
		return err
	}
	for _, t := range tables {
		typ, kind := "o.type", ""
		if !t.typed {
			nr, err := r.s.numbers.typeNumber(r.ctx, t.typeName())
			if err != nil {
				return err
			}
			typ = strconv.FormatInt(nr, 10)
			kind = "e." + far + "_type = " + typ + " AND "
		} else {
			kind = "e." + far + "_type NOT IN (" + others + ") AND "
		}
		if w.Transitive {
			kind = ""
		}
		r.selects = append(r.selects, "SELECT "+ownColumn+" AS own, "+strconv.Itoa(int(w.Relation))+" AS relation, "+strconv.FormatInt(flag(w.Reverse), 10)+
			" AS reverse, o.seq AS seq, "+typ+" AS type, o.id AS id, COALESCE(o."+t.called(e).text+", '') AS display, "+indirect+" AS indirect FROM "+
			source+" JOIN "+t.table+" o ON o.seq = "+farColumn+" WHERE "+reached+kind+"o.space = "+r.space)
	}
	return nil
}

// ownTypes lists the numbers of the types that have a table of their own.
func (s *Store) ownTypes(ctx context.Context) (string, error) {
	var list []string
	for _, t := range tables {
		if t.typed {
			continue
		}
		nr, err := s.numbers.typeNumber(ctx, t.typeName())
		if err != nil {
			return "", err
		}
		list = append(list, strconv.FormatInt(nr, 10))
	}
	return strings.Join(list, ", "), nil
}

// read runs the statement and gives each record its links, in order.
func (r *linkReader) read(c Conn, bySeq map[int64]*store.Record) error {
	sql := strings.Join(r.selects, " UNION ALL ") + " ORDER BY 1, 2, 3, 4"
	if len(r.with) > 0 {
		sql = "WITH RECURSIVE " + strings.Join(r.with, ", ") + " " + sql
	}
	sql, args := r.finish(sql)
	rows, err := c.Query(r.ctx, sql, args...)
	var types []int64
	var owners []*store.Record
	err = each(rows, err, func(rows Rows) error {
		var own, relation, reverse, typeNr, indirect int64
		var l store.Link
		if err := rows.Scan(&own, &relation, &reverse, &l.Seq, &typeNr, &l.ID, &l.Display, &indirect); err != nil {
			return err
		}
		l.Relation, l.Reverse, l.Indirect = store.Relation(relation), reverse != 0, indirect != 0
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
		if rec.Links[at[rec]].Type, err = r.s.numbers.typeOf(r.ctx, types[i]); err != nil {
			return err
		}
		at[rec]++
	}
	return nil
}
