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

// walk hands out the records of a page in batches: first those that are read
// already, then those of the hits. A long one is a batch by itself.
type walk struct {
	s     *Store
	space int64
	want  []store.Want
	ready []found
	hits  []hit
}

// page is a page of hits that are read as they are handed out.
func (s *Store) page(q *store.Query, total int, hits []hit) *store.Page {
	w := &walk{s: s, space: q.Space, want: q.Want, hits: hits}
	return &store.Page{Total: total, Expected: len(hits), Next: w.next}
}

// readyPage is a page whose records are read already.
func (s *Store) readyPage(q *store.Query, total int, list []found) *store.Page {
	w := &walk{s: s, space: q.Space, want: q.Want, ready: list}
	return &store.Page{Total: total, Expected: len(list), Next: w.next}
}

func (w *walk) next(ctx context.Context) ([]store.TypedRecord, error) {
	for len(w.ready)+len(w.hits) > 0 {
		if len(w.ready) == 0 {
			n := min(batchSize, len(w.hits))
			list, err := w.s.batch(ctx, w.space, w.hits[:n], w.want)
			if err != nil {
				return nil, err
			}
			w.ready, w.hits = list, w.hits[n:]
			continue
		}
		if w.ready[0].long {
			rec, err := w.s.ifThere(ctx, w.space, w.ready[0].hit, w.want)
			if err != nil {
				return nil, err
			}
			rt := w.ready[0].of.rt
			w.ready = w.ready[1:]
			if rec == nil {
				continue
			}
			return []store.TypedRecord{{Type: rt, Record: rec}}, nil
		}
		var batch []store.TypedRecord
		for len(w.ready) > 0 && !w.ready[0].long {
			batch = append(batch, store.TypedRecord{Type: w.ready[0].of.rt, Record: w.ready[0].Record})
			w.ready = w.ready[1:]
		}
		return batch, nil
	}
	return nil, nil
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
	var list []candidate
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
		list = append(list, candidate{hit: hit{seq, p.parts[part].layout}, sure: sure != 0})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if p.sortsDocuments() && len(list) > budget {
		return nil, tooMany(p.searched(), budget)
	}
	looked := unsure
	if p.sortsDocuments() {
		looked = len(list)
	}
	hits, err := s.judge(ctx, p, list, budget, looked)
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
// those that match, in the order of the query. The links of the documents count
// against the budget too.
func (s *Store) judge(ctx context.Context, p *plan, list []candidate, budget, looked int) ([]hit, error) {
	sorting := p.sortsDocuments()
	var (
		hits []hit
		keys []sortKey
	)
	left := (budget - looked) * store.LinksPerRecord
	for chunk := range slices.Chunk(list, batchSize) {
		var look []hit
		for _, c := range chunk {
			if !c.sure || sorting {
				look = append(look, c.hit)
			}
		}
		records := map[int64]found{}
		batch, err := s.batch(ctx, p.Space, look, p.Judge)
		if err != nil {
			return nil, err
		}
		for _, f := range batch {
			records[f.seq] = f
		}
		for _, c := range chunk {
			f, read := records[c.seq]
			if read {
				if read, err = s.complete(ctx, p, &f, &left); err != nil {
					return nil, err
				}
				if left < 0 {
					return nil, tooMany(p.searched(), budget)
				}
			}
			if !c.sure && (!read || !p.Match(c.of.rt, f.Record)) || sorting && !read {
				continue
			}
			hits = append(hits, c.hit)
			if sorting {
				key, ok := p.SortKey(c.of.rt, f.Record)
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

// complete gives a record all its links if as many are left, and takes them from
// left, which is negative otherwise. ok is false when the resource is gone.
func (s *Store) complete(ctx context.Context, p *plan, f *found, left *int) (ok bool, err error) {
	if f.long {
		rec, err := s.ifThere(ctx, p.Space, f.hit, p.Judge)
		if rec == nil || err != nil {
			return false, err
		}
		f.Record = rec
	}
	*left -= len(f.Links)
	for _, l := range f.Streams {
		*left -= l.Expected
	}
	if *left < 0 {
		return true, nil
	}
	return true, f.Whole(ctx)
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
