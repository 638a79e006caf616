package postgres_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scimd/scimd/internal/pgtest"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/postgres"
	"github.com/scimd/scimd/internal/store/sqlstore"
	"github.com/scimd/scimd/internal/store/storetest"
)

func reopen(t *testing.T, url string, mode sqlstore.Mode) error {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Options{URL: url, Registry: storetest.Registry(), Migrate: mode, MaxConns: 2})
	if err != nil {
		return err
	}
	return s.Close()
}

// connect gives a connection of the test's own.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(t.Context()) })
	return c
}

func TestServersThatStartTogetherMigrateOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := reopen(t, url, sqlstore.Auto); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestADatabaseThatIsNotReadyIsRefusedInOneLine(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	if err := reopen(t, url, sqlstore.Check); !errors.Is(err, sqlstore.ErrOutdated) {
		t.Errorf("Check of an empty database: %v, want ErrOutdated", err)
	}
	if err := reopen(t, url, sqlstore.Auto); err != nil {
		t.Fatal(err)
	}
	db := connect(t, url)
	for _, c := range []struct {
		statement, undo string
		want            error
	}{
		{"UPDATE schema_migrations SET version = version + 1000", "UPDATE schema_migrations SET version = version - 1000", sqlstore.ErrNewer},
		{"UPDATE schema_migrations SET dirty = true", "UPDATE schema_migrations SET dirty = false", sqlstore.ErrDirty},
		{"UPDATE setting SET value = '0' WHERE key = 'keyVersion'", "UPDATE setting SET value = '1' WHERE key = 'keyVersion'", sqlstore.ErrKeys},
	} {
		if _, err := db.Exec(t.Context(), c.statement); err != nil {
			t.Fatal(err)
		}
		if err := reopen(t, url, sqlstore.Auto); !errors.Is(err, c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %v in one line", c.statement, err, c.want)
		}
		if _, err := db.Exec(t.Context(), c.undo); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMigrationsGoDownAndRepairAppliesWhatFailed(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	db := connect(t, url)
	migrate := func(fn func(*sqlstore.Migrator) error) error { return postgres.Migrate(t.Context(), url, fn) }
	if err := migrate(func(m *sqlstore.Migrator) error { return errors.Join(m.Up(), m.Down(1000)) }); err != nil {
		t.Fatal(err)
	}
	var tables int
	err := db.QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'schema_migrations'").Scan(&tables)
	if err != nil || tables != 1 {
		t.Errorf("%d tables beside schema_migrations and schema_applied are left after going down (%v)", tables-1, err)
	}
	if _, err := db.Exec(t.Context(), "CREATE TABLE event (x int)"); err != nil {
		t.Fatal(err)
	}
	if err := migrate((*sqlstore.Migrator).Up); err == nil {
		t.Fatal("the migration did not fail")
	}
	if err := reopen(t, url, sqlstore.Auto); !errors.Is(err, sqlstore.ErrDirty) {
		t.Errorf("after the failure: %v, want ErrDirty", err)
	}
	if _, err := db.Exec(t.Context(), "DROP TABLE event"); err != nil {
		t.Fatal(err)
	}
	if err := migrate((*sqlstore.Migrator).Repair); err != nil {
		t.Fatal(err)
	}
	if err := reopen(t, url, sqlstore.Check); err != nil {
		t.Errorf("after the repair: %v", err)
	}
}

func TestRepairLooksAtWhatReallyTookEffect(t *testing.T) {
	t.Parallel()
	// The mark of a migration that was cut off is the same before and after its
	// SQL is committed.
	for name, c := range map[string]struct {
		down    bool
		version string
	}{
		"before the SQL of the newest migration": {true, "version + 1"},
		"after it":                               {false, "version"},
		"before the SQL that takes it back":      {false, "version - 1"},
		"after that":                             {true, "version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.URL(t)
			migrate := func(fn func(*sqlstore.Migrator) error) error { return postgres.Migrate(t.Context(), url, fn) }
			err := migrate(func(m *sqlstore.Migrator) error {
				if err := m.Up(); err != nil || !c.down {
					return err
				}
				return m.Down(1)
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := connect(t, url).Exec(t.Context(), "UPDATE schema_migrations SET dirty = true, version = "+c.version); err != nil {
				t.Fatal(err)
			}
			if err := migrate((*sqlstore.Migrator).Repair); err != nil {
				t.Fatal(err)
			}
			s := open(t, url, storetest.Registry())
			if err := s.Do(t.Context(), 1, func(tx store.Tx) error { return tx.Event(store.Event{ID: "x"}) }); err != nil {
				t.Errorf("a write of what the newest migrations made: %v", err)
			}
		})
	}
}

func TestANewerDatabaseIsNeitherRepairedNorTakenBack(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	if err := reopen(t, url, sqlstore.Auto); err != nil {
		t.Fatal(err)
	}
	if _, err := connect(t, url).Exec(t.Context(), "UPDATE schema_migrations SET version = 9999, dirty = true"); err != nil {
		t.Fatal(err)
	}
	for name, fn := range map[string]func(*sqlstore.Migrator) error{
		"repair": (*sqlstore.Migrator).Repair,
		"down":   func(m *sqlstore.Migrator) error { return m.Down(1) },
	} {
		err := postgres.Migrate(t.Context(), url, fn)
		if !errors.Is(err, sqlstore.ErrNewer) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want ErrNewer in one line", name, err)
		}
	}
}

func TestADatabaseThatCannotBeReachedIsSaidSoWithoutThePassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://someone:s3cret@127.0.0.1:1/none?connect_timeout=2",
		"postgres://someone:s3cret@host-that-is-not-there.invalid/none?connect_timeout=2",
		"postgres://someone:s3cret@[broken/none",
		"postgres://someone:s3cret@127.0.0.1:port/none",
	} {
		err := reopen(t, url, sqlstore.Auto)
		if err == nil || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v", url, err)
		}
	}
}

func TestALostDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	s := open(t, url, storetest.Registry())
	tenant, _, err := s.EnsureTenant(t.Context(), store.Tenant{Name: "t"})
	if err != nil {
		t.Fatal(err)
	}
	// The database takes no more connections, and those that are there end.
	admin := connect(t, pgtest.URL(t))
	name := connect(t, url).Config().Database
	for _, sql := range []string{
		`ALTER DATABASE "` + name + `" ALLOW_CONNECTIONS false`,
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name + "'",
	} {
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	_, err = s.Get(t.Context(), tenant.Space, storetest.Registry().Type("User"), "x", nil)
	if !scimerr.Is(err, 503) {
		// A connection of the pool may have been noticed lost first.
		_, err = s.Get(t.Context(), tenant.Space, storetest.Registry().Type("User"), "x", nil)
	}
	if !scimerr.Is(err, 503) {
		t.Errorf("Get: %v, want 503", err)
	}
	if err := s.Do(t.Context(), tenant.Space, func(tx store.Tx) error { return nil }); !scimerr.Is(err, 503) {
		t.Errorf("Do: %v, want 503", err)
	}
}

func TestTwoServersShareNumbersAndResources(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	servers := []*postgres.Store{open(t, url, storetest.Registry()), open(t, url, storetest.Registry())}
	tenant, _, err := servers[0].EnsureTenant(t.Context(), store.Tenant{Name: "t"})
	if err != nil {
		t.Fatal(err)
	}
	seqs := map[int64]bool{}
	for i, name := range []string{"a", "b", "c", "d"} {
		r := storetest.Device(name).Set("label", "same").Resource()
		err := servers[i%2].Do(t.Context(), tenant.Space, func(tx store.Tx) error {
			r.Seq = 0
			if err := tx.Insert(r); err != nil {
				return err
			}
			return tx.Event(store.Event{Operation: "create", At: time.Unix(int64(i), 0), Type: "Device", ID: r.ID})
		})
		if err != nil {
			t.Fatal(err)
		}
		seqs[r.Seq] = true
	}
	if len(seqs) != 4 {
		t.Errorf("seqs %v, want four different ones", seqs)
	}
	for i, s := range servers {
		rt := storetest.Registry().Type("Device")
		page, err := s.Query(t.Context(), &store.Query{Space: tenant.Space, Parts: []store.Part{{Type: rt, Filter: compile(t, rt, `label eq "SAME"`)}}})
		if err != nil || page.Total != 4 {
			t.Errorf("server %d finds %d devices (%v), want 4", i, page.Total, err)
		}
		// Events are in commit order though each server numbers its own.
		events, err := s.Events(t.Context(), tenant.Space, 0, 10)
		if err != nil || len(events) != 4 {
			t.Fatalf("server %d: %d events (%v)", i, len(events), err)
		}
		for n, e := range events {
			if e.At.Unix() != int64(n) {
				t.Errorf("server %d: event %d is of second %d", i, n, e.At.Unix())
			}
		}
	}
}

func TestTheDatabaseHasStatisticsSoonAfterItsFirstResources(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	s := open(t, url, storetest.Registry())
	tenant, _, err := s.EnsureTenant(t.Context(), store.Tenant{Name: "t"})
	if err != nil {
		t.Fatal(err)
	}
	var list []*store.Resource
	for range 250 {
		u := storetest.User("")
		list = append(list, u.Set("userName", u.Resource().ID).Resource())
	}
	err = s.Do(t.Context(), tenant.Space, func(tx store.Tx) error {
		for _, r := range list {
			r.Seq = 0
			if err := tx.Insert(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	db := connect(t, url)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		var rows int
		if err := db.QueryRow(t.Context(), "SELECT count(*) FROM pg_stats WHERE schemaname = current_schema() AND tablename = 'user_r'").Scan(&rows); err != nil {
			t.Fatal(err)
		}
		if rows > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the planner still knows nothing about 250 users")
		}
	}
}
