package postgres_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/scimd/scimd/internal/pgtest"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/postgres"
	"github.com/scimd/scimd/internal/store/storetest"
)

// Each shares the row before it deletes it: none can delete as long as another shares.
func TestTransactionsThatMeetAllComeThrough(t *testing.T) {
	t.Parallel()
	const clients, atOnce = 32, 8
	link := pgtest.URL(t)
	// Deadlocks are found sooner than by default.
	s := openWith(t, postgres.Options{URL: set(t, link, "deadlock_timeout=20ms"), MigrationURL: link, MaxConns: atOnce})
	tenant, _, err := s.EnsureTenant(t.Context(), store.Tenant{Name: "t"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		u := storetest.User("met").Resource()
		if err := s.Do(t.Context(), tenant.Space, func(tx store.Tx) error { return tx.Insert(u) }); err != nil {
			t.Fatal(err)
		}
		errs := make([]error, clients)
		var all, first sync.WaitGroup
		var runs atomic.Int64
		first.Add(atOnce)
		for i := range errs {
			all.Go(func() {
				errs[i] = s.Do(t.Context(), tenant.Space, func(tx store.Tx) error {
					if _, err := tx.Find([]*schema.ResourceType{u.Type}, []string{u.ID}); err != nil {
						return err
					}
					if runs.Add(1) <= atOnce { // no other has begun by then
						first.Done()
						first.Wait()
					}
					return tx.Delete(u.Type, u.Seq)
				})
			})
		}
		all.Wait()
		deleted := 0
		for _, err := range errs {
			if err == nil {
				deleted++
			} else if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("one that met others: %v", err)
			}
		}
		if deleted != 1 {
			t.Errorf("%d transactions have deleted the user, want 1", deleted)
		}
	}
	if s.Retries() == 0 {
		t.Error("no transaction met another, so that nothing was tried")
	}
}
