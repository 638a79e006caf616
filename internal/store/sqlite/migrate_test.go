package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/sqlstore"
	"github.com/scimd/scimd/internal/store/storetest"
)

// A database that begins as a copy has what migrations make, and nothing of the
// one that was copied.
func TestEphemeralDatabasesBeginAlike(t *testing.T) {
	t.Parallel()
	tables := func(o Options) (list []string) {
		t.Helper()
		o.Dir, o.Registry = t.TempDir(), storetest.Registry()
		s, err := Open(t.Context(), o)
		if err != nil {
			t.Error(err)
			return nil
		}
		defer func() { _ = s.Close() }()
		rows, err := s.readConn.Query(t.Context(), "SELECT name || ' ' || COALESCE(sql, '') FROM sqlite_master UNION ALL SELECT version || ' ' || dirty FROM schema_migrations UNION ALL SELECT 'applied ' || version FROM schema_applied ORDER BY 1")
		if err != nil {
			t.Error(err)
			return nil
		}
		for rows.Next() {
			var row string
			if err := rows.Scan(&row); err != nil {
				t.Error(err)
			}
			list = append(list, row)
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
		if made, _, err := s.EnsureTenant(t.Context(), store.Tenant{Name: "t"}); err != nil || made.ID != 1 {
			t.Errorf("its first tenant: %+v, %v", made, err)
		}
		info, err := os.Stat(filepath.Join(o.Dir, fileName))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info, err)
		}
		return list
	}
	want := tables(Options{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if got := tables(Options{Ephemeral: true}); len(want) == 0 || !slices.Equal(got, want) {
				t.Errorf("%q\nand migrated\n%q", got, want)
			}
		})
	}
	all.Wait()
	if fresh.file == nil {
		t.Error("none was copied")
	}
	if _, err := Open(t.Context(), Options{Ephemeral: true, Migrate: sqlstore.Check, Registry: storetest.Registry()}); !errors.Is(err, sqlstore.ErrOutdated) {
		t.Errorf("a check of an empty one: %v", err)
	}
}
