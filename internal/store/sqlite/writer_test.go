package sqlite_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/storetest"
)

func newSpace(t testing.TB, s store.Store) int64 {
	t.Helper()
	tenant, _, err := s.EnsureTenant(t.Context(), store.Tenant{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return tenant.Space
}

func TestWritesThatQueueUpShareACommit(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), storetest.Registry())
	space := newSpace(t, s)
	before := s.Commits()
	running, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := s.Do(t.Context(), space, func(store.Tx) error {
			close(running)
			<-release
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-running
	const n = 30
	var queued sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		queued.Add(1)
		wg.Go(func() {
			r := storetest.User(fmt.Sprintf("u%d", i)).Resource()
			queued.Done()
			errs[i] = s.Do(t.Context(), space, func(tx store.Tx) error {
				switch i {
				case 3:
					return errors.New("refused")
				case 4:
					panic("a bug")
				}
				return tx.Insert(r)
			})
		})
	}
	queued.Wait()
	close(release)
	wg.Wait()
	for i, err := range errs {
		if (err != nil) != (i == 3 || i == 4) {
			t.Errorf("write %d: %v", i, err)
		}
	}
	if commits := s.Commits() - before; commits > n/2 {
		t.Errorf("%d commits for %d writes", commits, n+1)
	}
	page, err := s.Query(t.Context(), &store.Query{Space: space, Parts: []store.Part{{Type: storetest.Registry().Type("User")}}})
	if err != nil || page.Total != n-2 {
		t.Errorf("%d users (%v), want %d: the writes that failed take back only themselves", page.Total, err, n-2)
	}
}

func TestNumbersGoOnAfterRollbacksAndRestarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	seen := map[int64]bool{}
	for round := range 3 {
		s := open(t, dir, storetest.Registry())
		space := newSpace(t, s)
		// The first write of a process reserves numbers, and is undone.
		refused := errors.New("refused")
		err := s.Do(t.Context(), space, func(tx store.Tx) error {
			if err := tx.Insert(storetest.Device("undone").Resource()); err != nil {
				return err
			}
			return refused
		})
		if err != refused {
			t.Fatal(err)
		}
		for i := range 3 {
			r := storetest.Device(fmt.Sprintf("d%d-%d", round, i)).Resource()
			if err := s.Do(t.Context(), space, func(tx store.Tx) error { r.Seq = 0; return tx.Insert(r) }); err != nil {
				t.Fatal(err)
			}
			if seen[r.Seq] {
				t.Errorf("seq %d is given twice", r.Seq)
			}
			seen[r.Seq] = true
		}
		page, err := s.Query(t.Context(), &store.Query{Space: space, Parts: []store.Part{{Type: storetest.Registry().Type("Device")}}, Limit: -1})
		if err != nil || page.Total != 3*(round+1) {
			t.Errorf("round %d: %d devices (%v)", round, page.Total, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkInsert(b *testing.B) {
	for _, clients := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s := open(b, b.TempDir(), storetest.Registry())
			space := newSpace(b, s)
			b.SetParallelism((clients + 1) / 2)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					u := storetest.User("")
					r := u.Set("userName", u.Resource().ID).Set("displayName", "A Name").Email("work", "a@example.com").Resource()
					if err := s.Do(b.Context(), space, func(tx store.Tx) error { return tx.Insert(r) }); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func BenchmarkGet(b *testing.B) {
	s := open(b, b.TempDir(), storetest.Registry())
	space := newSpace(b, s)
	r := storetest.User("one").Set("displayName", "A Name").Email("work", "a@example.com").Resource()
	if err := s.Do(b.Context(), space, func(tx store.Tx) error { return tx.Insert(r) }); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Get(b.Context(), space, r.Type, r.ID, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func TestThePlannerHasStatisticsSoonAfterTheFirstResources(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, storetest.Registry())
	space := newSpace(t, s)
	err := s.Do(t.Context(), space, func(tx store.Tx) error {
		for i := range 250 {
			if err := tx.Insert(storetest.User(fmt.Sprintf("u%d", i)).Resource()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	awaitStatistics(t, dir)
}

// awaitStatistics waits until the planner knows something about users.
func awaitStatistics(t *testing.T, dir string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "scimd.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		var n int
		err := db.QueryRow("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'user_r'").Scan(&n)
		if err == nil && n > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the planner still knows nothing about users (%v)", err)
		}
	}
}
