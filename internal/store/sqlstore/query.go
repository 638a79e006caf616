package sqlstore

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

const (
	// inlineLimit is the largest page that is read with its documents in one
	// statement.
	inlineLimit = 250
	// pointLimit is the largest page that is read without counting first.
	pointLimit = 20
	// batchSize is how many documents a longer page reads at a time.
	batchSize = 200
)

// plan is a query on its way to SQL.
type plan struct {
	*store.Query
	st    *statement
	space string
	parts []planPart
	// doubt names an attribute that SQL alone cannot decide, "" without one; blind
	// and cuts are those of the compilers.
	doubt string
	blind bool
	cuts  []string
	// sortable tells that SQL has the sort key of every part.
	sortable bool
	// first are the columns of the default order before seq, where that decides.
	first []string
}

// sortsDocuments tells that only the documents have the sort keys.
func (p *plan) sortsDocuments() bool { return p.Order != nil && !p.sortable && p.Limit != 0 }

// planPart is one resource type of a query; its table has the alias r.
type planPart struct {
	*layout
	typeNr int64
	cond   cond
	point  bool
	key    string // the sort key
}

// Query implements store.Store.
func (s *Store) Query(ctx context.Context, q *store.Query) (*store.Page, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p, err := s.plan(ctx, q)
	if err != nil {
		return nil, err
	}
	if err := s.settle(ctx, p); err != nil {
		return nil, err
	}
	switch {
	case len(p.parts) == 0:
		return s.page(q, 0, nil), nil
	case p.doubt != "" || p.sortsDocuments():
		return s.decide(ctx, p)
	case q.Limit == 0:
		return s.count(ctx, p)
	}
	if page, err := s.pointPage(ctx, p); page != nil || err != nil {
		return page, err
	}
	if len(p.parts) == 1 && q.Limit > 0 && q.Limit <= inlineLimit {
		return s.inlinePage(ctx, p)
	}
	return s.longPage(ctx, p)
}

func (s *Store) plan(ctx context.Context, q *store.Query) (*plan, error) {
	if q.Alias {
		q = withAliases(q)
	}
	p := &plan{Query: q, st: &statement{}, sortable: true}
	p.space = p.st.arg(q.Space)
	var kinds [2]bool // of the sort keys: text, times
	for _, part := range q.Parts {
		nr, err := s.numbers.typeNumber(ctx, part.Type.Name)
		if err != nil {
			return nil, err
		}
		c := &compiler{
			ctx: ctx, statement: p.st, layout: s.layout(part.Type), dialect: s.engine.Dialect, numbers: s.numbers,
			space: p.space, typeNr: nr, transitive: q.Transitive, showAliases: q.Alias,
		}
		cnd, point, err := c.compile(part.Filter)
		if err != nil {
			return nil, err
		}
		if cnd.maybe == sqlFalse {
			continue
		}
		if !cnd.exact() {
			p.doubt = cmp.Or(p.doubt, c.doubt)
			p.blind = p.blind || c.blind
			p.cuts = append(p.cuts, c.cuts...)
		}
		pp := planPart{layout: c.layout, typeNr: nr, cond: cnd, point: point}
		if q.Order != nil {
			var times, ok bool
			pp.key, times, ok = c.sortKey(q.Order)
			p.sortable = p.sortable && ok
			if pp.key != "" {
				kinds[flag(times)] = true
			}
		}
		p.parts = append(p.parts, pp)
	}
	if q.Order == nil && len(q.Parts) == 1 && len(p.parts) == 1 {
		p.first = p.parts[0].order
	}
	p.sortable = p.sortable && !(kinds[0] && kinds[1])
	for i := range p.parts {
		if part := &p.parts[i]; part.key == "" && kinds[1] {
			part.key = "CAST(NULL AS bigint)"
		} else if part.key == "" {
			part.key = "CAST(NULL AS text)"
		}
	}
	return p, nil
}

// among selects all rows of a part's type.
func (p *plan) among(part *planPart) string {
	sql := "r.space = " + p.space
	if part.typed {
		sql += " AND r.type = " + p.st.arg(part.typeNr)
	}
	return sql
}

// where selects the rows of a part.
func (p *plan) where(part *planPart) string {
	sql := p.among(part)
	if !p.IncludeHidden {
		sql += " AND r.hidden = 0"
	}
	if part.cond.maybe != sqlTrue {
		sql += " AND " + part.cond.maybe
	}
	return sql
}

func (p *plan) from(part *planPart) string {
	return " FROM " + part.table + " r WHERE " + p.where(part)
}

// order is the ORDER BY of rows with the sort key k; from stands before the names
// of other columns.
func (p *plan) order(k, from string) string {
	var by []string
	switch {
	case p.Order == nil:
		for _, column := range p.first {
			by = append(by, from+column)
		}
	case p.Order.Descending:
		by = append(by, k+" DESC NULLS FIRST")
	default:
		by = append(by, k+" NULLS LAST")
	}
	return " ORDER BY " + strings.Join(append(by, from+"seq"), ", ")
}

// orderColumns are the columns that order needs besides seq, with a comma before
// each; k is the sort key and from stands before the names of others.
func (p *plan) orderColumns(k, from string) string {
	if p.Order != nil {
		return ", " + k + " AS k"
	}
	sql := ""
	for _, column := range p.first {
		sql += ", " + from + column + " AS " + column
	}
	return sql
}

// window is the LIMIT and OFFSET of the page. SQLite takes no OFFSET alone.
func (p *plan) window() string {
	sql := ""
	if p.Limit >= 0 {
		sql = " LIMIT " + p.st.bound(p.Limit)
	} else if p.Offset > 0 {
		sql = " LIMIT " + p.st.bound(math.MaxInt/2)
	}
	if p.Offset > 0 {
		sql += " OFFSET " + p.st.bound(p.Offset)
	}
	return sql
}

// matches is a SELECT of seq, the number of the part and, with keys, the columns
// that order needs, of all matches; with sure also whether SQL is sure of them.
func (p *plan) matches(keys, sure bool) string {
	var selects []string
	for i := range p.parts {
		part := &p.parts[i]
		sql := "SELECT r.seq AS seq, " + strconv.Itoa(i) + " AS part"
		if keys {
			sql += p.orderColumns(part.key, "r.")
		}
		if sure {
			sql += ", CASE WHEN " + part.cond.sure + " THEN 1 ELSE 0 END AS sure"
		}
		selects = append(selects, sql+p.from(part))
	}
	return strings.Join(selects, " UNION ALL ")
}

func (s *Store) count(ctx context.Context, p *plan) (*store.Page, error) {
	var counts []string
	for i := range p.parts {
		counts = append(counts, "(SELECT count(*)"+p.from(&p.parts[i])+")")
	}
	sql, args := p.st.finish("SELECT " + strings.Join(counts, " + "))
	var total int64
	rows, err := s.engine.Read.Search(ctx, sql, args...)
	err = each(rows, err, func(rows Rows) error { return rows.Scan(&total) })
	return s.page(p.Query, int(total), nil), err
}

// pointPage answers a query for a key that few resources have, and the first
// page of it, without counting: when no more rows come than one page holds, that
// is all there are. It returns nil when there are more, or for another query.
func (s *Store) pointPage(ctx context.Context, p *plan) (*store.Page, error) {
	if len(p.parts) != 1 || !p.parts[0].point || p.Offset > 0 {
		return nil, nil
	}
	most := pointLimit
	if p.Order != nil || p.first != nil {
		most = 1
	} else if p.Limit > 0 {
		most = min(most, p.Limit)
	}
	part := &p.parts[0]
	links, err := s.linkColumns(ctx, part.layout, p.space, p.Want, s.alongColumn)
	if err != nil {
		return nil, err
	}
	// Nothing but the key goes to SQL, lest the database take the index of
	// another condition or of the order.
	sql, args := p.st.finish("SELECT " + recordColumns + links + " FROM " + part.table + " r WHERE " + p.among(part) + " AND " + part.cond.maybe +
		" LIMIT " + p.st.bound(most+1))
	var got []*recordRow
	rows, err := s.engine.Read.Query(ctx, sql, args...)
	err = each(rows, err, func(rows Rows) error {
		row := &recordRow{}
		got = append(got, row)
		return rows.Scan(row.dest(len(p.Want))...)
	})
	if err != nil || len(got) > most {
		return nil, err
	}
	got = slices.DeleteFunc(got, func(row *recordRow) bool { return row.hidden != 0 && !p.IncludeHidden })
	slices.SortFunc(got, func(a, b *recordRow) int { return cmp.Compare(a.seq, b.seq) })
	return s.rowPage(ctx, p, part, len(got), got)
}

// rowPage is a page of rows with the links that have come along.
func (s *Store) rowPage(ctx context.Context, p *plan, part *planPart, total int, rows []*recordRow) (*store.Page, error) {
	list := make([]found, len(rows))
	for i, row := range rows {
		var err error
		if list[i], err = s.found(ctx, part.layout, row, p.Want); err != nil {
			return nil, err
		}
	}
	return s.readyPage(p.Query, total, list), nil
}

// positions gives the WITH of the table p, which holds seq, part and sort key of
// the page, and the expression of the total.
func (p *plan) positions() (with, total string) {
	columns, source, k, from := "seq, part", " FROM m", "k", ""
	total = "(SELECT count(*) FROM m)"
	if len(p.parts) == 1 && p.parts[0].cond.maybe == sqlTrue {
		// Of everything, the page comes from an index and is not collected first.
		part := &p.parts[0]
		columns, source, k, from = "r.seq AS seq, 0 AS part", p.from(part), part.key, "r."
		total = "(SELECT count(*)" + p.from(part) + ")"
	} else {
		with = "m AS MATERIALIZED (" + p.matches(true, false) + "), "
	}
	columns += p.orderColumns(k, from)
	return "WITH " + with + "p AS MATERIALIZED (SELECT " + columns + source + p.order(k, from) + p.window() + ")", total
}

// inlinePage reads a page with its documents and the total in one statement:
// first the matches' positions, then the documents of those on the page.
func (s *Store) inlinePage(ctx context.Context, p *plan) (*store.Page, error) {
	part := &p.parts[0]
	links, err := s.linkColumns(ctx, part.layout, p.space, p.Want, s.alongColumn)
	if err != nil {
		return nil, err
	}
	with, total := p.positions()
	sql, args := p.st.finish(with + " SELECT c.n, " + nullableRecordColumns + links + " FROM (SELECT " + total + " AS n) c LEFT JOIN p ON TRUE LEFT JOIN " + part.table +
		" r ON r.space = " + p.space + " AND r.seq = p.seq" + p.order("p.k", "p."))
	var n int64
	var got []*recordRow
	rows, err := s.engine.Read.Search(ctx, sql, args...)
	err = each(rows, err, func(rows Rows) error {
		row := &recordRow{}
		if err := rows.Scan(append([]any{&n}, row.dest(len(p.Want))...)...); err != nil {
			return err
		}
		if row.seq != 0 {
			got = append(got, row)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.rowPage(ctx, p, part, int(n), got)
}

// longPage finds the positions of a page and the total in one statement; the
// documents are read as the page is.
func (s *Store) longPage(ctx context.Context, p *plan) (*store.Page, error) {
	sql := "SELECT 0 AS n, m.seq, m.part FROM (" + p.matches(true, false) + ") m" + p.order("m.k", "m.")
	if p.Limit >= 0 || p.Offset > 0 {
		with, total := p.positions()
		sql = with + " SELECT c.n, COALESCE(p.seq, 0), COALESCE(p.part, 0) FROM (SELECT " + total + " AS n) c LEFT JOIN p ON TRUE" +
			p.order("p.k", "p.")
	}
	sql, args := p.st.finish(sql)
	var total int64
	var hits []hit
	rows, err := s.engine.Read.Search(ctx, sql, args...)
	err = each(rows, err, func(rows Rows) error {
		var seq, part int64
		if err := rows.Scan(&total, &seq, &part); err != nil {
			return err
		}
		if seq != 0 {
			hits = append(hits, hit{seq, p.parts[part].layout})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.page(p.Query, max(int(total), len(hits)), hits), nil
}

func tooMany(path string, budget int) error {
	return scimerr.TooMany(path, "More than %d resources would have to be searched for %s; narrow the filter.", budget, path)
}

// searched is the attribute that documents are read for: what the filter is about
// and SQL cannot decide, or else the order.
func (p *plan) searched() string {
	if p.doubt != "" {
		return p.doubt
	}
	if a := p.Order.Attr; a.Type != schema.Complex {
		return a.Path
	}
	return p.Order.Attr.Path + ".value"
}
