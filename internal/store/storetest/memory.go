package storetest

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/scimd/scimd/internal/store"
)

// Memory shows that a list of large groups is read with little memory, and the
// same for one group of all of them. It looks at the heap of the process, so that
// no other test may run beside it.
func Memory(t *testing.T, open Open) {
	const (
		users, groups = 5_000 / shrink, 30
		bound         = 10 << 20
	)
	s := open(t, Registry())
	w := newWorld(t, s)
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	crowd, first := w.crowded("g", users)
	ends := links(crowd)
	clear(crowd)
	for i := 1; i < groups; i++ {
		w.do(func(tx store.Tx) error {
			g := Group(fmt.Sprintf("g%03d", i)).Resource()
			if err := tx.Insert(g); err != nil {
				return err
			}
			_, err := tx.AddLinks(store.Member, g.Seq, ends)
			return err
		})
	}
	ends = nil
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	before, most, seen := heap(), uint64(0), 0
	drain := func(rec *store.Record) {
		seen += len(rec.Links)
		for _, l := range rec.Streams {
			for {
				batch, err := l.Next(w.ctx)
				if err != nil {
					t.Fatal(err)
				}
				if len(batch) == 0 {
					break
				}
				seen += len(batch)
				most = max(most, heap())
			}
		}
	}
	for _, limit := range []int{100, 1000} {
		q := w.query(store.Part{Type: groupType()})
		q.Limit, q.Want = limit, []store.Want{members()}
		page, err := s.Query(w.ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		for {
			batch, err := page.Next(w.ctx)
			if err != nil {
				t.Fatal(err)
			}
			if len(batch) == 0 {
				break
			}
			most = max(most, heap())
			for _, rec := range batch {
				drain(rec.Record)
			}
		}
	}
	rec, err := s.Get(w.ctx, w.space, groupType(), first.ID, []store.Want{members()})
	if err != nil {
		t.Fatal(err)
	}
	drain(rec)
	if want := (2*groups + 1) * users; seen != want {
		t.Errorf("%d members, want %d", seen, want)
	}
	grown := int64(most) - int64(before)
	t.Logf("the heap grew by %.1f MB at most", float64(grown)/1e6)
	if grown > bound {
		t.Errorf("the heap grew by %d bytes, more than %d", grown, bound)
	}
}
