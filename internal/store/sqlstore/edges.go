package sqlstore

import (
	"cmp"
	"slices"
	"time"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// Changes of edges are made by sets, one statement for any number of them, so
// that they cost what changes and not what is there.

// SetLinks implements store.Tx.
func (t *tx) SetLinks(rel store.Relation, src int64, dst []store.Link) ([]int64, error) {
	changed, err := t.setLinks(rel, src, dst)
	return changed, t.spoilt(err)
}

// AddLinks implements store.Tx.
func (t *tx) AddLinks(rel store.Relation, src int64, dst []store.Link) ([]int64, error) {
	changed, err := t.addLinks(rel, src, dst)
	return changed, t.spoilt(err)
}

// RemoveLinks implements store.Tx.
func (t *tx) RemoveLinks(rel store.Relation, src int64, dst []int64) ([]int64, error) {
	changed, err := t.removeLinks(rel, src, dst)
	return changed, t.spoilt(err)
}

func (t *tx) setLinks(rel store.Relation, src int64, dst []store.Link) ([]int64, error) {
	have := map[int64]bool{}
	seqs, err := t.seqs("SELECT dst FROM edge WHERE space = $1 AND relation = $2 AND src = $3", t.space, int64(rel), src)
	if err != nil {
		return nil, err
	}
	for _, seq := range seqs {
		have[seq] = true
	}
	var fresh []store.Link
	for _, l := range dst {
		if !have[l.Seq] {
			fresh = append(fresh, l)
		}
		delete(have, l.Seq)
	}
	var gone []int64
	for seq := range have {
		gone = append(gone, seq)
	}
	removed, err := t.removeLinks(rel, src, gone)
	if err != nil {
		return nil, err
	}
	added, err := t.addLinks(rel, src, fresh)
	return append(removed, added...), err
}

func (t *tx) addLinks(rel store.Relation, src int64, dst []store.Link) ([]int64, error) {
	if len(dst) == 0 {
		return nil, nil
	}
	srcType, err := t.typeOfSeq(src)
	if err != nil {
		return nil, err
	}
	byType := map[*schema.ResourceType][]int64{}
	for _, l := range dst {
		byType[l.Type] = append(byType[l.Type], l.Seq)
	}
	var added []int64
	for rt, seqs := range byType {
		dstType, err := t.numbers.typeNumber(t.ctx, rt.Name)
		if err != nil {
			return nil, err
		}
		// An edge to a resource that is not there is not made.
		slices.Sort(seqs)
		list, err := t.seqs("INSERT INTO edge (space, relation, src, dst, src_type, dst_type) SELECT CAST($1 AS bigint), CAST($2 AS bigint), CAST($3 AS bigint), "+
			"o.seq, CAST($4 AS bigint), CAST($5 AS bigint) FROM "+t.layout(rt).table+" o WHERE o.space = $1 AND "+t.engine.Dialect.InNumbers("o.seq", "$6")+
			" ON CONFLICT DO NOTHING RETURNING dst",
			t.space, int64(rel), src, srcType, dstType, t.engine.Dialect.Numbers(seqs))
		if err != nil {
			return nil, err
		}
		added = append(added, list...)
	}
	t.inserted += int64(len(added))
	return added, nil
}

func (t *tx) removeLinks(rel store.Relation, src int64, dst []int64) ([]int64, error) {
	if len(dst) == 0 {
		return nil, nil
	}
	slices.Sort(dst)
	return t.seqs("DELETE FROM edge WHERE space = $1 AND relation = $2 AND src = $3 AND "+t.engine.Dialect.InNumbers("dst", "$4")+" RETURNING dst",
		t.space, int64(rel), src, t.engine.Dialect.Numbers(dst))
}

// seqs runs a statement that gives one number in each row.
func (t *tx) seqs(sql string, args ...any) ([]int64, error) {
	var list []int64
	rows, err := t.conn.Query(t.ctx, sql, args...)
	err = each(rows, err, func(rows Rows) error {
		var seq int64
		err := rows.Scan(&seq)
		list = append(list, seq)
		return err
	})
	return list, err
}

// Edges implements store.Tx.
func (t *tx) Edges(rel store.Relation, src []int64) (map[int64][]int64, error) {
	out := map[int64][]int64{}
	if len(src) == 0 {
		return out, nil
	}
	rows, err := t.conn.Query(t.ctx, "SELECT src, dst FROM edge WHERE space = $1 AND relation = $2 AND "+t.engine.Dialect.InNumbers("src", "$3"),
		t.space, int64(rel), t.engine.Dialect.Numbers(src))
	err = each(rows, err, func(rows Rows) error {
		var from, to int64
		err := rows.Scan(&from, &to)
		out[from] = append(out[from], to)
		return err
	})
	return out, t.spoilt(err)
}

// FindLinks implements store.Tx.
func (t *tx) FindLinks(rel store.Relation, src int64, types []*schema.ResourceType, ids []string) ([]store.Link, error) {
	links, err := t.findLinks(rel, src, types, ids)
	return links, t.spoilt(err)
}

func (t *tx) findLinks(rel store.Relation, src int64, types []*schema.ResourceType, ids []string) ([]store.Link, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var out []store.Link
	for _, rt := range types {
		l := t.layout(rt)
		keys := make([]string, len(ids))
		for i, id := range ids {
			keys[i] = idKey(rt, id)
		}
		nr, err := t.numbers.typeNumber(t.ctx, rt.Name)
		if err != nil {
			return nil, err
		}
		var st statement
		where := "o.space = " + st.arg(t.space) + " AND " + t.engine.Dialect.InTexts("o.id_key", st.arg(t.engine.Dialect.Texts(keys)))
		if l.typed {
			where += " AND o.type = " + st.arg(nr)
		}
		// The resources first and then the edges, each by its key: a join might
		// begin with all edges of a large group.
		named := map[int64]store.Link{}
		var far []int64
		sql, args := st.finish("SELECT o.seq, o.id, " + l.display(end{relation: rel}) + " FROM " + l.table + " o WHERE " + where)
		rows, err := t.conn.Query(t.ctx, sql, args...)
		err = each(rows, err, func(rows Rows) error {
			link := store.Link{Relation: rel, Type: rt}
			err := rows.Scan(&link.Seq, &link.ID, &link.Display)
			named[link.Seq], far = link, append(far, link.Seq)
			return err
		})
		if err != nil {
			return nil, err
		}
		seqs, err := t.seqs("SELECT dst FROM edge WHERE space = $1 AND relation = $2 AND src = $3 AND "+t.engine.Dialect.InNumbers("dst", "$4"),
			t.space, int64(rel), src, t.engine.Dialect.Numbers(far))
		if err != nil {
			return nil, err
		}
		for _, seq := range seqs {
			out = append(out, named[seq])
		}
	}
	return out, nil
}

// CountLinks implements store.Tx.
func (t *tx) CountLinks(rel store.Relation, src int64, most int) (int, error) {
	var n int64
	_, err := one(t.ctx, t.conn, "SELECT count(*) FROM (SELECT dst FROM edge WHERE space = $1 AND relation = $2 AND src = $3 LIMIT CAST($4 AS bigint)) e",
		[]any{t.space, int64(rel), src, int64(most)}, &n)
	return int(n), t.spoilt(err)
}

// Reaches implements store.Tx. It walks from the end backwards: a resource is in
// few groups, though a group has many members.
func (t *tx) Reaches(rel store.Relation, from []int64, to int64) (bool, error) {
	var found int64
	ok, err := one(t.ctx, t.conn, "WITH RECURSIVE up (seq) AS (SELECT e.src FROM edge e WHERE e.space = $1 AND e.relation = $2 AND e.dst = $3"+
		" UNION SELECT e.src FROM up CROSS JOIN edge e WHERE e.dst = up.seq AND e.space = $1 AND e.relation = $2) SELECT seq FROM up WHERE "+
		t.engine.Dialect.InNumbers("seq", "$4")+" LIMIT 1", []any{t.space, int64(rel), to, t.engine.Dialect.Numbers(from)}, &found)
	return ok, t.spoilt(err)
}

// Touch implements store.Tx.
func (t *tx) Touch(rel store.Relation, dst int64, at time.Time) ([]store.Touched, error) {
	var touched []store.Touched
	for _, links := range links[end{rel, true}] {
		for _, m := range links.to {
			rt := t.reg.Type(m.typeName())
			if rt == nil {
				continue
			}
			// Locked in the order of all: transactions that touch several do not cross.
			rows, err := t.conn.Query(t.ctx, "UPDATE "+m.table+" SET version = version + 1, modified = CASE WHEN modified < $1 THEN $1 ELSE modified + 1 END"+
				" WHERE space = $2 AND seq IN (SELECT o.seq FROM "+m.table+" o WHERE o.space = $2 AND "+
				links.holders("$2", func(seq string) string { return seq + " = $3" })+
				" ORDER BY o.seq"+t.engine.Dialect.ForUpdate+") RETURNING id, version, modified",
				at.UnixMicro(), t.space, dst)
			err = each(rows, err, func(rows Rows) error {
				r := store.Touched{Type: rt}
				var modified int64
				err := rows.Scan(&r.ID, &r.Version, &modified)
				r.Modified = fromMicros(modified)
				touched = append(touched, r)
				return err
			})
			if err != nil {
				return nil, t.spoilt(err)
			}
		}
	}
	return touched, nil
}

// Holders implements store.Tx.
func (t *tx) Holders(rel store.Relation, dst []int64) ([]store.Held, error) {
	held, err := t.holders(rel, dst)
	return held, t.spoilt(err)
}

func (t *tx) holders(rel store.Relation, dst []int64) ([]store.Held, error) {
	if len(dst) == 0 {
		return nil, nil
	}
	var held []store.Held
	var types []int64
	for _, links := range links[end{rel, true}] {
		for _, m := range links.to {
			typ, err := t.typeOf(t.ctx, m)
			if err != nil {
				return nil, err
			}
			rows, err := t.conn.Query(t.ctx, "SELECT o.seq, o.id, o.version, o.modified, "+typ+" FROM "+m.table+" o WHERE o.space = $1 AND "+
				links.holders("$1", func(seq string) string { return t.engine.Dialect.InNumbers(seq, "$2") })+
				" ORDER BY o.seq"+t.engine.Dialect.ForUpdate, t.space, t.engine.Dialect.Numbers(dst))
			err = each(rows, err, func(rows Rows) error {
				var h store.Held
				var modified, typeNr int64
				err := rows.Scan(&h.Seq, &h.ID, &h.Version, &modified, &typeNr)
				h.Modified = fromMicros(modified)
				held, types = append(held, h), append(types, typeNr)
				t.types[h.Seq] = typeNr
				return err
			})
			if err != nil {
				return nil, err
			}
		}
	}
	for i := range held {
		var err error
		if held[i].Type, err = t.numbers.typeOf(t.ctx, types[i]); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(held, func(a, b store.Held) int { return cmp.Compare(a.Seq, b.Seq) })
	return held, nil
}

// Lock implements store.Tx. With a single writer, whoever runs has all locks.
func (t *tx) Lock(name string) error {
	if t.engine.Dialect.ForUpdate == "" {
		return nil
	}
	_, err := t.conn.Exec(t.ctx, "INSERT INTO named_lock (space, name) VALUES ($1, $2) ON CONFLICT DO NOTHING", t.space, name)
	if err == nil {
		_, err = t.conn.Exec(t.ctx, "SELECT name FROM named_lock WHERE space = $1 AND name = $2"+t.engine.Dialect.ForUpdate, t.space, name)
	}
	return t.spoilt(err)
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
