// Package postgres is the store in a Postgres database, which several servers
// may share.
package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-migrate/migrate/v4/database"
	driver "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/sqlstore"
	"github.com/scimd/scimd/migrations"
)

// Options say which database to open and how.
type Options struct {
	// URL is where requests are served from; it may lead through a pooler.
	URL string
	// MigrationURL leads to the same database without a pooler; "" means URL.
	MigrationURL string
	Registry     *schema.Registry
	// Migrate says what to do with a database of an older version.
	Migrate sqlstore.Mode
	// MaxConns bounds the connections for requests; 0 means four per processor
	// and at least 8. One more hands out numbers.
	MaxConns int
	// Grace is how long Close waits for what runs before it cuts connections; 0
	// means 10 s.
	Grace time.Duration
	// Logger gets what has no caller to go to; nil discards it.
	Logger *slog.Logger
}

// Store is a store.Store.
type Store struct {
	*sqlstore.Store
	pool, numbers *pgxpool.Pool
	open          *connections
	grace         time.Duration
	log           *slog.Logger
	retries       atomic.Int64
	// turn is held by the transaction that runs again.
	turn    chan struct{}
	closing sync.Once
}

var dialect = &sqlstore.Dialect{
	Contains: func(text, part string) string { return "strpos(" + text + ", " + part + ") > 0" },
	EndsWith: func(text, part string) string {
		return "right(" + text + ", char_length(CAST(" + part + " AS text))) = " + part
	},
	InNumbers: func(expr, list string) string { return expr + " = ANY(CAST(" + list + " AS bigint[]))" },
	InTexts:   func(expr, list string) string { return expr + " = ANY(CAST(" + list + " AS text[]))" },
	Numbers:   func(list []int64) any { return list },
	Texts:     func(list []string) any { return list },
	ForUpdate: " FOR UPDATE",
	ForShare:  " FOR SHARE",
	OneState:  "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
	// A statement costs a round trip.
	ValuesAtOnce: 4000,
}

const (
	connectTimeout = 10 * time.Second
	// migrationWait bounds the wait for another server's migration.
	migrationWait = "120s"
	appName       = "scimd"
	defaultGrace  = 10 * time.Second
)

// Open opens a database. The error is one line: that the database cannot be
// reached, or one of package sqlstore about the schema version. It never holds
// the URL, which may have a password in it.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{log: o.Logger, open: newConnections(), turn: make(chan struct{}, 1), grace: cmp.Or(o.Grace, defaultGrace)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, errURL
	}
	config.MaxConns = int32(o.MaxConns)
	if o.MaxConns <= 0 {
		config.MaxConns = int32(max(8, 4*runtime.NumCPU()))
	}
	setUp(config.ConnConfig)
	migrationURL := o.MigrationURL
	if migrationURL == "" {
		migrationURL = o.URL
	}
	err = Migrate(ctx, migrationURL, func(m *sqlstore.Migrator) error { return m.Ready(o.Migrate) })
	if err != nil {
		return nil, err
	}
	if err := s.configure(ctx, config.ConnConfig); err != nil {
		return nil, err
	}
	config.AfterConnect, config.BeforeClose = s.open.add, s.open.remove
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, unreached(err)
	}
	one := config.Copy()
	one.MaxConns, one.MinConns = 1, 0
	if s.numbers, err = pgxpool.NewWithConfig(ctx, one); err != nil {
		s.pool.Close()
		return nil, unreached(err)
	}
	s.Store, err = sqlstore.New(ctx, sqlstore.Engine{
		Dialect: dialect, Read: s.connOf(s.pool), Ledger: &ledger{s.connOf(s.numbers)}, Transact: s.transact, Snapshot: s.snapshot,
		Analyse: func(ctx context.Context, tables []string) error {
			_, err := s.pool.Exec(ctx, "ANALYZE "+strings.Join(tables, ", "))
			return err
		},
		Failed: func(err error) {
			s.log.Warn("the database's statistics could not be brought up to date", "error", err)
		},
	}, o.Registry)
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// setUp gives every connection the settings that the statements rely on.
func setUp(c *pgx.ConnConfig) {
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectTimeout
	}
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = appName
	}
}

var errURL = errors.New("the database URL cannot be read; it looks like postgres://user:password@host:5432/database")

// unreached is the error of a database that cannot be connected to, in one line
// without the URL.
func unreached(err error) error {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return fmt.Errorf("the database refuses the connection: %s (%s)", e.Message, e.Code)
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) && connect.Config != nil {
		return fmt.Errorf("the database at %s:%d cannot be reached: %w", connect.Config.Host, connect.Config.Port, innermost(connect))
	}
	return fmt.Errorf("the database cannot be reached: %w", innermost(err))
}

// innermost is the last cause of an error, which names no connection string.
func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if many, ok := err.(interface{ Unwrap() []error }); ok && len(many.Unwrap()) > 0 {
			next = many.Unwrap()[0]
		}
		if next == nil {
			return err
		}
		err = next
	}
}

// Capabilities implements store.Store.
func (s *Store) Capabilities() store.Capabilities {
	return store.Capabilities{Engine: "postgres", SharedDatabase: true}
}

// Retries is the number of transactions that had to run again so far.
func (s *Store) Retries() int64 { return s.retries.Load() }

// Migrate runs fn on the migrator of a database. Servers that start at the same
// time take turns by an advisory lock, which needs a direct connection.
func Migrate(ctx context.Context, url string, fn func(*sqlstore.Migrator) error) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return errURL
	}
	setUp(config)
	config.RuntimeParams["lock_timeout"] = migrationWait
	db := stdlib.OpenDB(*config)
	if err := db.PingContext(ctx); err != nil {
		return errors.Join(unreached(err), db.Close())
	}
	return withDriver(db, fn)
}

func withDriver(db *sql.DB, fn func(*sqlstore.Migrator) error) error {
	d, err := driver.WithInstance(db, &driver.Config{})
	if err != nil {
		return errors.Join(notAllowed(err), db.Close())
	}
	m, err := sqlstore.NewMigrator(migrations.Postgres, "pgx5", db, d)
	if err != nil {
		return errors.Join(err, d.Close())
	}
	return errors.Join(notAllowed(fn(m)), m.Close())
}

// notAllowed turns the error of a role that lacks a right into one line without
// the statement, which the library adds.
func notAllowed(err error) error {
	var failed *database.Error
	if errors.As(err, &failed) && failed.OrigErr != nil {
		err = failed.OrigErr
	}
	var e *pgconn.PgError
	if errors.As(err, &e) && e.Code == insufficientPrivilege {
		return fmt.Errorf("the database role may not migrate: %s (%s); grant it CREATE on the schema, or give a migration URL with another role", e.Message, e.Code)
	}
	return err
}
