package main

import (
	"database/sql"
	"net/url"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/pgtest"
)

// databases open the database of a place behind the program's back.
var databases = map[string]func(*testing.T) (env []string, open func(*place) *sql.DB){
	"sqlite": func(t *testing.T) ([]string, func(*place) *sql.DB) {
		return nil, func(p *place) *sql.DB {
			path := &url.URL{Path: filepath.ToSlash(filepath.Join(p.dir, "scimd-data", "scimd.db"))}
			return openDB(t, "sqlite", "file:"+path.EscapedPath())
		}
	},
	"postgres": func(t *testing.T) ([]string, func(*place) *sql.DB) {
		u := pgtest.URL(t)
		return []string{"SCIMD_DATABASE_URL=" + u}, func(*place) *sql.DB { return openDB(t, "pgx", u) }
	},
}

func openDB(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// execute runs a statement on the place's database.
func execute(p *place, open func(*place) *sql.DB, statement string) {
	p.t.Helper()
	db := open(p)
	defer func() { _ = db.Close() }()
	if _, err := db.Exec(statement); err != nil {
		p.t.Fatal(err)
	}
}

func TestTheVersionOfTheDatabaseIsLookedAfter(t *testing.T) {
	t.Parallel()
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, open := database(t)
			p := newPlace(t, env...)
			var m app.Migration
			if name == "sqlite" {
				p.refuse("no data directory", "migrate", "version")
				p.refuse("no data directory", "migrate", "down", "--yes")
			}
			p.refuse("migrate up", "serve", "--migrate", "check")

			p.succeed(&m, "migrate", "up")
			newest := m.Newest
			if m.Version != newest || newest == 0 || m.Dirty {
				t.Fatalf("after up: %+v", m)
			}
			p.succeed(&m, "migrate", "up")
			if m.Version != newest {
				t.Fatalf("after up again: %+v", m)
			}
			p.serve("--migrate", "check").interrupt(terminate)

			execute(p, open, "UPDATE schema_migrations SET dirty = true")
			p.refuse("migrate repair", "serve")
			p.refuse("migrate repair", "migrate", "up")
			p.succeed(&m, "migrate", "version")
			if !m.Dirty || m.Version != newest {
				t.Fatalf("half-migrated: %+v", m)
			}
		})
	}
}

func TestADatabaseOfANewerReleaseIsRefused(t *testing.T) {
	t.Parallel()
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, open := database(t)
			p := newPlace(t, env...)
			p.serve().interrupt(terminate)
			execute(p, open, "UPDATE schema_migrations SET version = 9999")
			p.refuse("newer", "serve")
			p.refuse("newer", "token", "list")
			p.refuse("newer", "migrate", "up")
		})
	}
}

func TestMigrationsGoDownAndUpAgain(t *testing.T) {
	t.Parallel()
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, open := database(t)
			p := newPlace(t, env...)
			var m app.Migration
			p.succeed(&m, "migrate", "up")
			newest := m.Newest
			p.succeed(&m, "migrate", "down", "--yes")
			if m.Version != newest-1 {
				t.Fatalf("after down: %+v", m)
			}
			// A migration that was cut off before it did anything.
			execute(p, open, "UPDATE schema_migrations SET version = version + 1, dirty = true")
			p.succeed(&m, "migrate", "repair")
			if m.Version != newest || m.Dirty {
				t.Fatalf("after repair: %+v", m)
			}
			p.serve()
		})
	}
}

func TestMigrationsWaitForTheServerToStop(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.serve()
	p.refuse("another process", "migrate", "up")
	p.refuse("nothing to migrate", "migrate", "up", "--ephemeral")
}
