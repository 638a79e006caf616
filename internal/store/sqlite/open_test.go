package sqlite_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/sqlite"
	"github.com/scimd/scimd/internal/store/sqlstore"
	"github.com/scimd/scimd/internal/store/storetest"
	"github.com/scimd/scimd/migrations"
)

func reopen(t *testing.T, dir string, mode sqlstore.Mode) error {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Registry: storetest.Registry(), Migrate: mode})
	if err != nil {
		return err
	}
	return s.Close()
}

// change runs a statement on the database of dir.
func change(t *testing.T, dir, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "scimd.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestADirectoryHasOneServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, storetest.Registry())
	if err := reopen(t, dir, sqlstore.Auto); !errors.Is(err, sqlite.ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second server: %v, want ErrLocked naming the directory", err)
	}
	if err := sqlite.Migrate(t.Context(), dir, func(m *sqlstore.Migrator) error { return m.Up() }); !errors.Is(err, sqlite.ErrLocked) {
		t.Errorf("a migration beside a server: %v, want ErrLocked", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := reopen(t, dir, sqlstore.Check); err != nil {
		t.Errorf("after the first has gone: %v", err)
	}
}

func TestCloseLeavesTheDatabaseInOneFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, storetest.Registry())
	newSpace(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if wal, err := os.Stat(filepath.Join(dir, "scimd.db-wal")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a journal of %d bytes is left (%v)", wal.Size(), err)
	}
	for _, name := range []string{"scimd.lock", "scimd.db"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want it for its owner only", name, info, err)
		}
	}
}

func TestAnEphemeralStoreLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s, err := sqlite.Open(t.Context(), sqlite.Options{Registry: storetest.Registry(), Ephemeral: true})
	if err != nil {
		t.Fatal(err)
	}
	newSpace(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestMigrationsGoDownToNothingAndUpAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	err := sqlite.Migrate(t.Context(), dir, func(m *sqlstore.Migrator) error {
		if err := m.Up(); err != nil {
			return err
		}
		v, err := m.Version()
		if err != nil || v.Current != v.Latest || v.Latest == 0 || v.Dirty {
			t.Errorf("after up: %+v, %v", v, err)
		}
		if err := m.Down(1); err != nil {
			return err
		}
		if w, err := m.Version(); err != nil || w.Current != v.Latest-1 {
			t.Errorf("after one down: %+v, %v", w, err)
		}
		if err := m.Down(1000); err != nil {
			return err
		}
		if w, err := m.Version(); err != nil || w.Current != 0 || w.Dirty {
			t.Errorf("after all down: %+v, %v", w, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := reopen(t, dir, sqlstore.Check); !errors.Is(err, sqlstore.ErrOutdated) {
		t.Errorf("Check of an empty database: %v, want ErrOutdated", err)
	}
	if err := reopen(t, dir, sqlstore.Auto); err != nil {
		t.Errorf("Auto of an empty database: %v", err)
	}
}

func TestADatabaseThatIsNotReadyIsRefusedInOneLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, statement string
		want            error
	}{
		{"of a newer release", "UPDATE schema_migrations SET version = 9999", sqlstore.ErrNewer},
		{"with a migration that failed half-way", "UPDATE schema_migrations SET dirty = 1", sqlstore.ErrDirty},
		{"with keys of another version", "UPDATE setting SET value = '0' WHERE key = 'keyVersion'", sqlstore.ErrKeys},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := reopen(t, dir, sqlstore.Auto); err != nil {
				t.Fatal(err)
			}
			change(t, dir, c.statement)
			for _, mode := range []sqlstore.Mode{sqlstore.Auto, sqlstore.Check} {
				if err := reopen(t, dir, mode); !errors.Is(err, c.want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("mode %d: %v, want %v in one line", mode, err, c.want)
				}
			}
		})
	}
}

func TestRepairAppliesAgainWhatFailed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	err := sqlite.Migrate(t.Context(), dir, func(m *sqlstore.Migrator) error { return errors.Join(m.Up(), m.Down(1000)) })
	if err != nil {
		t.Fatal(err)
	}
	// A table in the way makes a migration fail.
	change(t, dir, "CREATE TABLE event (x INTEGER)")
	err = sqlite.Migrate(t.Context(), dir, func(m *sqlstore.Migrator) error { return m.Up() })
	if err == nil {
		t.Fatal("the migration did not fail")
	}
	if err := reopen(t, dir, sqlstore.Auto); !errors.Is(err, sqlstore.ErrDirty) {
		t.Errorf("after the failure: %v, want ErrDirty", err)
	}
	change(t, dir, "DROP TABLE event")
	if err := sqlite.Migrate(t.Context(), dir, func(m *sqlstore.Migrator) error { return m.Repair() }); err != nil {
		t.Fatal(err)
	}
	if err := reopen(t, dir, sqlstore.Check); err != nil {
		t.Errorf("after the repair: %v", err)
	}
}

func TestRepairLooksAtWhatReallyTookEffect(t *testing.T) {
	t.Parallel()
	// The mark of a migration that was cut off is the same before and after its
	// SQL is committed.
	for _, c := range []struct {
		name    string
		down    int
		version string
	}{
		{"before the SQL of the newest migration", 1, "version + 1"},
		{"after it", 0, "version"},
		{"before the SQL that takes it back", 0, "version - 1"},
		{"after that", 1, "version"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			migrate := func(fn func(*sqlstore.Migrator) error) error { return sqlite.Migrate(t.Context(), dir, fn) }
			err := migrate(func(m *sqlstore.Migrator) error {
				if err := m.Up(); err != nil || c.down == 0 {
					return err
				}
				return m.Down(c.down)
			})
			if err != nil {
				t.Fatal(err)
			}
			change(t, dir, "UPDATE schema_migrations SET dirty = 1, version = "+c.version)
			if err := migrate((*sqlstore.Migrator).Repair); err != nil {
				t.Fatal(err)
			}
			s := open(t, dir, storetest.Registry())
			if err := s.Do(t.Context(), newSpace(t, s), func(tx store.Tx) error { return tx.Event(store.Event{ID: "x"}) }); err != nil {
				t.Errorf("a write of what the newest migrations made: %v", err)
			}
		})
	}
}

func TestANewerDatabaseIsNeitherRepairedNorTakenBack(t *testing.T) {
	t.Parallel()
	for _, dirty := range []string{"0", "1"} {
		dir := t.TempDir()
		if err := reopen(t, dir, sqlstore.Auto); err != nil {
			t.Fatal(err)
		}
		change(t, dir, "UPDATE schema_migrations SET version = 9999, dirty = "+dirty)
		for name, fn := range map[string]func(*sqlstore.Migrator) error{
			"repair": (*sqlstore.Migrator).Repair,
			"down":   func(m *sqlstore.Migrator) error { return m.Down(1) },
		} {
			err := sqlite.Migrate(t.Context(), dir, fn)
			if !errors.Is(err, sqlstore.ErrNewer) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s, dirty %s: %v, want ErrNewer in one line", name, dirty, err)
			}
		}
	}
}

func TestADirectoryThatIsLetGoSoonIsWaitedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	held, release := make(chan struct{}), make(chan struct{})
	command := make(chan error, 1)
	go func() {
		command <- sqlite.Migrate(t.Context(), dir, func(*sqlstore.Migrator) error {
			close(held)
			<-release
			return nil
		})
	}()
	<-held
	time.AfterFunc(300*time.Millisecond, func() { close(release) })
	if err := reopen(t, dir, sqlstore.Auto); err != nil {
		t.Errorf("a server that starts while a command has the directory: %v", err)
	}
	if err := <-command; err != nil {
		t.Error(err)
	}
}

func TestADatabaseWithoutStatisticsGetsThemWhenItIsOpened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, storetest.Registry())
	space := newSpace(t, s)
	if err := s.Do(t.Context(), space, func(tx store.Tx) error { return tx.Insert(storetest.User("one").Resource()) }); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir, storetest.Registry())
	awaitStatistics(t, dir)
}

func TestTheIndexesOfLongKeysAreUsed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, storetest.Registry())
	err := s.Do(t.Context(), newSpace(t, s), func(tx store.Tx) error {
		for i := range 250 {
			name := fmt.Sprintf("n%d", i)
			u := storetest.User(name).Set("displayName", name).Email("work", name)
			if err := errors.Join(tx.Insert(u.Resource()), tx.Insert(storetest.Device(name).Set("label", name).Resource())); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	awaitStatistics(t, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "scimd.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, c := range []struct{ from, columns, index string }{
		{"user_r r WHERE r.space = $1 AND octet_length(r.%s)", "external_id display_name family_name given_name title user_type", "user_long"},
		{"resource_r r WHERE r.space = $1 AND octet_length(r.%s)", "label_key", "resource_long"},
		{"value_r v WHERE v.space = $1 AND v.attr = $2 AND octet_length(v.%s)", "v typ", "value_long"},
	} {
		for _, column := range strings.Fields(c.columns) {
			query := "EXPLAIN QUERY PLAN SELECT 1 FROM " + fmt.Sprintf(c.from, column) + " >= 509"
			var id, parent, unused int
			var step string
			if err := db.QueryRow(query, 1, 2).Scan(&id, &parent, &unused, &step); err != nil || !strings.Contains(step, c.index) {
				t.Errorf("%s: %s (%v), want it to use %s", query, step, err, c.index)
			}
		}
	}
}

func TestTheEnginesHaveTheSameMigrations(t *testing.T) {
	t.Parallel()
	sqliteFiles, err := fs.Glob(migrations.SQLite, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	postgresFiles, err := fs.Glob(migrations.Postgres, "*.sql")
	if err != nil || strings.Join(sqliteFiles, " ") != strings.Join(postgresFiles, " ") || len(sqliteFiles) == 0 {
		t.Errorf("sqlite %v\npostgres %v (%v)", sqliteFiles, postgresFiles, err)
	}
}
