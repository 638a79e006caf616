package postgres_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

// Who changes a tenant locks the tenant, and what it has, before the generation of all.
func TestCopiesOfATenantAndItsDeletionDoNotLockEachOtherOut(t *testing.T) {
	t.Parallel()
	s := openWith(t, postgres.Options{URL: pgtest.URL(t)})
	for round := range 10 {
		template, _, err := s.EnsureTenant(t.Context(), store.Tenant{Name: fmt.Sprintf("template%d", round)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.SaveSnapshot(t.Context(), template.ID, store.SeedSnapshot, false, time.Now()); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				made := store.Tenant{Name: fmt.Sprintf("copy%d-%d", round, i), Created: time.Now()}
				if _, err := s.CopyTenant(t.Context(), made, template.ID, store.SeedSnapshot, "x"); err != nil && !errors.Is(err, store.ErrNotFound) {
					t.Error(err)
				}
			})
		}
		all.Go(func() {
			time.Sleep(time.Duration(round) * time.Millisecond) // so that it meets each step of the copies
			if err := s.DeleteTenant(t.Context(), template.ID, time.Now()); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
	}
	if n := s.Retries(); n > 0 {
		t.Errorf("%d transactions had to run again", n)
	}
}
