package sqlstore

import (
	"cmp"
	"context"
	"slices"

	"github.com/scimd/scimd/internal/store"
)

// hit is the position of a resource that a query selects.
type hit struct {
	seq int64
	of  *layout
}

// readyPage is a page whose documents are read already.
func (s *Store) readyPage(ctx context.Context, p *plan, total int, list []store.TypedRecord) (*store.Page, error) {
	records := make([]*store.Record, len(list))
	for i := range list {
		records[i] = list[i].Record
	}
	if err := s.readLinks(ctx, s.engine.Read, p.Space, records, p.Want); err != nil {
		return nil, err
	}
	return &store.Page{Total: total, Expected: len(list), Next: func(context.Context) ([]store.TypedRecord, error) {
		batch := list
		list = nil
		return batch, nil
	}}, nil
}

// page hands out the documents of hits in batches.
func (s *Store) page(q *store.Query, total int, hits []hit) *store.Page {
	return &store.Page{Total: total, Expected: len(hits), Next: func(ctx context.Context) ([]store.TypedRecord, error) {
		for len(hits) > 0 {
			n := min(batchSize, len(hits))
			batch, err := s.batch(ctx, q.Space, hits[:n], q.Want)
			if err != nil {
				return nil, err
			}
			hits = hits[n:]
			if len(batch) > 0 {
				return batch, nil
			}
		}
		return nil, nil
	}}
}

// batch reads the records of hits, in their order; what is gone is left out.
func (s *Store) batch(ctx context.Context, space int64, hits []hit, want []store.Want) ([]store.TypedRecord, error) {
	byTable := map[string][]int64{}
	for _, h := range hits {
		byTable[h.of.table] = append(byTable[h.of.table], h.seq)
	}
	bySeq := make(map[int64]*store.Record, len(hits))
	for table, seqs := range byTable {
		if err := s.documents(ctx, space, table, seqs, bySeq); err != nil {
			return nil, err
		}
	}
	list := make([]store.TypedRecord, 0, len(hits))
	records := make([]*store.Record, 0, len(hits))
	for _, h := range hits {
		if rec := bySeq[h.seq]; rec != nil {
			list = append(list, store.TypedRecord{Type: h.of.rt, Record: rec})
			records = append(records, rec)
		}
	}
	return list, s.readLinks(ctx, s.engine.Read, space, records, want)
}

// decide answers a query that SQL cannot answer alone: SQL narrows, and the
// documents that remain are looked at in order, within the budget.
func (s *Store) decide(ctx context.Context, p *plan) (*store.Page, error) {
	budget := p.Budget
	if budget == 0 {
		budget = store.DefaultBudget
	}
	keys := p.Order == nil || p.sortable
	order := " ORDER BY m.seq"
	if keys {
		order = p.order("m.k", "m.")
	}
	sql, args := p.st.finish("SELECT m.seq, m.part, m.sure FROM (" + p.matches(keys, true) + ") m" + order)
	var found []candidate
	unsure := 0
	rows, err := s.engine.Read.Search(ctx, sql, args...)
	err = each(rows, err, func(rows Rows) error {
		var seq, part, sure int64
		if err := rows.Scan(&seq, &part, &sure); err != nil {
			return err
		}
		if sure == 0 {
			if unsure++; unsure > budget {
				return tooMany(p.doubt, budget)
			}
		}
		found = append(found, candidate{hit: hit{seq, p.parts[part].layout}, sure: sure != 0})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if p.sortsDocuments() && len(found) > budget {
		return nil, tooMany(orderPath(p.Order), budget)
	}
	hits, err := s.judge(ctx, p, found)
	if err != nil {
		return nil, err
	}
	total := len(hits)
	hits = hits[min(p.Offset, total):]
	if p.Limit >= 0 {
		hits = hits[:min(p.Limit, len(hits))]
	}
	return s.page(p.Query, total, hits), nil
}

// candidate is a resource that may match; sure ones do.
type candidate struct {
	hit
	sure bool
}

// judge looks at the documents of candidates where that is needed, and returns
// those that match, in the order of the query.
func (s *Store) judge(ctx context.Context, p *plan, found []candidate) ([]hit, error) {
	sorting := p.sortsDocuments()
	var (
		hits []hit
		keys []sortKey
	)
	for chunk := range slices.Chunk(found, batchSize) {
		var look []hit
		for _, c := range chunk {
			if !c.sure || sorting {
				look = append(look, c.hit)
			}
		}
		records := map[int64]store.TypedRecord{}
		batch, err := s.batch(ctx, p.Space, look, p.Judge)
		if err != nil {
			return nil, err
		}
		for _, rec := range batch {
			records[rec.Seq] = rec
		}
		for _, c := range chunk {
			rec, read := records[c.seq]
			if !c.sure && (!read || !p.Match(rec.Type, rec.Record)) || sorting && !read {
				continue
			}
			hits = append(hits, c.hit)
			if sorting {
				key, ok := p.SortKey(rec.Type, rec.Record)
				keys = append(keys, sortKey{c.hit, key, ok})
			}
		}
	}
	if sorting {
		sortByKeys(keys, p.Order.Descending)
		for i, k := range keys {
			hits[i] = k.hit
		}
	}
	return hits, nil
}

type sortKey struct {
	hit
	key string
	ok  bool
}

// sortByKeys sorts like SQL does: missing keys last ascending and first
// descending, ties by seq.
func sortByKeys(keys []sortKey, descending bool) {
	slices.SortFunc(keys, func(a, b sortKey) int {
		c := 0
		switch {
		case a.ok && b.ok:
			c = cmp.Compare(a.key, b.key)
		case a.ok:
			c = -1
		case b.ok:
			c = 1
		}
		if descending {
			c = -c
		}
		return cmp.Or(c, cmp.Compare(a.seq, b.seq))
	})
}
