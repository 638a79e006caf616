package sqlstore

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// The links of a resource are read in the statement that reads its document, so
// that both are of one moment: for each kind of links there is a column, a
// scalar subselect that puts all of them into one text. That costs little where
// there are none, sends the document once however many there are, and keeps
// their ids and names in one piece of memory.

// maxAlong is the most links of one kind that come along with a record; whoever
// has more is long, see long.go.
const maxAlong = 250

// linkColumns are the columns for what is wanted of the resource r, each after
// a comma. of is its layout, nil where that is not known.
func (s *Store) linkColumns(ctx context.Context, of *layout, space string, want []store.Want,
	column func(context.Context, *layout, string, store.Want) (string, error)) (string, error) {
	var b strings.Builder
	for _, w := range want {
		if w.Alias {
			b.WriteString(", " + of.aliasText())
			continue
		}
		sql, err := column(ctx, of, space, w)
		if err != nil {
			return "", err
		}
		b.WriteString(", COALESCE((SELECT string_agg(x.t, '') FROM (")
		b.WriteString(sql)
		b.WriteString(") x), '')")
	}
	return b.String(), nil
}

// alongColumn is linkColumn for links that come along with a record.
func (s *Store) alongColumn(ctx context.Context, of *layout, space string, w store.Want) (string, error) {
	sql, err := s.linkColumn(ctx, of, space, w)
	return sql + " LIMIT " + strconv.Itoa(maxAlong+1), err
}

// linkColumn selects the links of the resource r as texts t: the numbers seq,
// type and indirect of the other side, the sizes of its id and of what it is
// called in bytes, each before a blank, and then those two.
func (s *Store) linkColumn(ctx context.Context, of *layout, space string, w store.Want) (string, error) {
	e := end{w.Relation, w.Reverse}
	called := func(m *tableMap) string {
		return " || octet_length(o.id) || ' ' || octet_length(" + m.display(e) + ") || ' ' || o.id || " + m.display(e)
	}
	return s.linkRows(ctx, of, space, w, called)
}

// linkRows selects the links of the resource r as texts: the numbers seq, type
// and indirect of the other side o, each before a blank, and what more gives for
// its table.
//
// CROSS JOIN is the plain join, written so that engines that take the order of
// the tables from it begin with the rows of the relation.
func (s *Store) linkRows(ctx context.Context, of *layout, space string, w store.Want, more func(*tableMap) string) (string, error) {
	others, err := s.ownTypes(ctx)
	if err != nil {
		return "", err
	}
	with := ""
	var selects []string
	for _, rows := range links[end{w.Relation, w.Reverse}] {
		if of != nil && rows.column != "" && !slices.Contains(rows.from, of.tableMap) {
			continue
		}
		source, where, far, indirect := rows.table+" e", rows.where(space)+" AND "+rows.near+" = r.seq AND ", rows.far, "' 0 '"
		if w.Transitive {
			with = "WITH RECURSIVE up (seq, indirect) AS (SELECT " + far + ", 0 FROM " + source + " WHERE " + rows.where(space) + " AND " + rows.near + " = r.seq" +
				" UNION SELECT " + far + ", 1 FROM up u CROSS JOIN " + source + " WHERE " + rows.near + " = u.seq AND " + rows.where(space) + " AND e.src_type = e.dst_type) "
			source, where, far, indirect = "up e", "", "e.seq", "' ' || e.indirect || ' '"
		}
		to := wanted(rows.to, w)
		for _, t := range to {
			typ, err := s.typeOf(ctx, t)
			if err != nil {
				return "", err
			}
			kind := ""
			switch {
			case w.Transitive || rows.column != "" || len(to) == 1:
			case t.typed:
				kind = rows.far + "_type NOT IN (" + others + ") AND "
			default:
				kind = rows.far + "_type = " + typ + " AND "
			}
			from, far := source+" CROSS JOIN "+t.table+" o WHERE "+where+kind, far
			if of != nil && rows.column != "" && !w.Reverse {
				from, far = t.table+" o WHERE ", "r."+rows.column // the row at hand has it
			}
			selects = append(selects, "SELECT o.seq || ' ' || "+typ+" || "+indirect+more(t)+" AS t FROM "+from+"o.space = "+space+" AND o.seq = "+far)
		}
	}
	if len(selects) == 0 {
		return "SELECT '' AS t", nil
	}
	return with + strings.Join(selects, " UNION ALL "), nil
}

// wanted are those of the tables that have the types of a Want.
func wanted(list []*tableMap, w store.Want) []*tableMap {
	if w.Types == nil {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(m *tableMap) bool {
		return !slices.ContainsFunc(w.Types, func(rt *schema.ResourceType) bool { return mapOf(rt.Name) == m })
	})
}

// along appends the links that a column holds; more tells that there are others.
func (s *Store) along(ctx context.Context, list []store.Link, w store.Want, text string) (_ []store.Link, more bool, err error) {
	first := len(list)
	r := linkText{text}
	for r.text != "" {
		l := store.Link{Relation: w.Relation, Reverse: w.Reverse, Seq: r.number()}
		nr := r.number()
		l.Indirect = r.number() != 0
		id, called := r.number(), r.number()
		if id < 0 || called < 0 || id+called > int64(len(r.text)) {
			return nil, false, errors.New("store: the links of a resource cannot be read")
		}
		l.ID, l.Display, r.text = r.text[:id], r.text[id:id+called], r.text[id+called:]
		if l.Type, err = s.numbers.typeOf(ctx, nr); err != nil {
			return nil, false, err
		}
		list = append(list, l)
	}
	more = len(list)-first > maxAlong
	store.SortLinks(list[first:])
	if w.Transitive {
		list = append(list[:first], direct(list[first:])...)
	}
	return list, more, nil
}

// direct leaves one of the links to each resource, in the order of seq: the
// direct one, if there is one.
func direct(list []store.Link) []store.Link {
	out := list[:0]
	for _, l := range list {
		if n := len(out); n > 0 && out[n-1].Seq == l.Seq {
			out[n-1].Indirect = out[n-1].Indirect && l.Indirect
			continue
		}
		out = append(out, l)
	}
	return out
}

// linkText reads the text of a column of links.
type linkText struct{ text string }

// number reads a number and the blank behind it, -1 without one.
func (r *linkText) number() int64 {
	digits, rest, _ := strings.Cut(r.text, " ")
	r.text = rest
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return -1
	}
	return n
}
