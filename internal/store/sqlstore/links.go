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
			" UNION SELECT u.own, e."+far+", 1 FROM "+name+" u CROSS JOIN edge e WHERE e."+near+" = u.seq AND "+where+" AND e.src_type = e.dst_type)")
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
			source+" CROSS JOIN "+t.table+" o WHERE "+reached+kind+"o.space = "+r.space+" AND o.seq = "+farColumn)
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
