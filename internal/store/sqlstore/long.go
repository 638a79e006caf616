package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/store"
)

// A long resource has more links than come along with a record. They are found
// as positions, in the statement that reads the document, and what is at the
// other side is read as they are handed out.

// streamed is how many links a stream hands out at a time.
const streamed = 4000

// position is the other side of a link: its seq and the number of its type.
type position struct {
	seq      int64
	typeNr   int32
	indirect bool
}

// positionColumn selects the links of the resource r as texts t: the numbers seq,
// type and indirect of the other side, each before a blank.
func (s *Store) positionColumn(ctx context.Context, of *layout, space string, w store.Want) (string, error) {
	return s.linkRows(ctx, of, space, w, func(*tableMap) string { return "" })
}

// positions reads the text of a column of positions, by ascending seq.
func positions(text string) []position {
	list := make([]position, 0, strings.Count(text, " ")/3)
	for r := (linkText{text}); r.text != ""; {
		list = append(list, position{seq: r.number(), typeNr: int32(r.number()), indirect: r.number() != 0})
	}
	slices.SortFunc(list, func(a, b position) int {
		return cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(flag(a.indirect), flag(b.indirect)))
	})
	return slices.CompactFunc(list, func(a, b position) bool { return a.seq == b.seq })
}

// long reads a resource with any number of links; ErrNotFound when it is gone.
func (s *Store) long(ctx context.Context, space int64, h hit, want []store.Want) (*store.Record, error) {
	var st statement
	sp := st.arg(space)
	links, err := s.linkColumns(ctx, h.of, sp, want, s.positionColumn)
	if err != nil {
		return nil, err
	}
	sql, args := st.finish("SELECT " + recordColumns + links + " FROM " + h.of.table + " r WHERE r.space = " + sp + " AND r.seq = " + st.arg(h.seq))
	var row recordRow
	ok, err := one(ctx, s.engine.Read, sql, args, row.dest(len(want))...)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, store.ErrNotFound
	}
	rec := row.record()
	for i, w := range want {
		if w.Alias {
			rec.Alias = row.links[i]
			continue
		}
		list := positions(row.links[i])
		if len(list) > maxAlong {
			rec.Streams = append(rec.Streams, s.stream(space, w, list))
			continue
		}
		ends, err := s.ends(ctx, space, w, list)
		if err != nil {
			return nil, err
		}
		rec.Links = append(rec.Links, ends...)
	}
	store.SortLinks(rec.Links)
	return rec, nil
}

// ifThere is long for a resource that may have been deleted meanwhile; nil then.
func (s *Store) ifThere(ctx context.Context, space int64, h hit, want []store.Want) (*store.Record, error) {
	rec, err := s.long(ctx, space, h, want)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return rec, err
}

// stream hands out the links to positions.
func (s *Store) stream(space int64, w store.Want, list []position) store.LinkStream {
	return store.LinkStream{Relation: w.Relation, Reverse: w.Reverse, Expected: len(list), Next: func(ctx context.Context) ([]store.Link, error) {
		for len(list) > 0 {
			n := min(streamed, len(list))
			links, err := s.ends(ctx, space, w, list[:n])
			if err != nil {
				return nil, err
			}
			list = list[n:]
			if len(links) > 0 {
				return links, nil
			}
		}
		return nil, nil
	}}
}

// ends reads what is at positions now, in their order; what is gone is left out.
func (s *Store) ends(ctx context.Context, space int64, w store.Want, list []position) ([]store.Link, error) {
	links := make([]store.Link, 0, len(list))
	byTable := map[*tableMap][]int64{}
	for _, p := range list {
		rt, err := s.numbers.typeOf(ctx, int64(p.typeNr))
		if err != nil {
			return nil, err
		}
		links = append(links, store.Link{Relation: w.Relation, Reverse: w.Reverse, Indirect: p.indirect, Seq: p.seq, Type: rt})
		byTable[mapOf(rt.Name)] = append(byTable[mapOf(rt.Name)], p.seq)
	}
	for t, seqs := range byTable {
		sql := "SELECT o.seq, o.id, " + t.display(end{w.Relation, w.Reverse}) + " FROM " + t.table + " o WHERE o.space = $1 AND " +
			s.engine.Dialect.InNumbers("o.seq", "$2")
		rows, err := s.engine.Read.Query(ctx, sql, space, s.engine.Dialect.Numbers(seqs))
		err = each(rows, err, func(rows Rows) error {
			var seq int64
			var id, called string
			if err := rows.Scan(&seq, &id, &called); err != nil {
				return err
			}
			i, _ := slices.BinarySearchFunc(links, seq, func(l store.Link, seq int64) int { return cmp.Compare(l.Seq, seq) })
			links[i].ID, links[i].Display = id, called
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(links, func(l store.Link) bool { return l.ID == "" }), nil
}
