// Package sqlite is the store in a SQLite database: one file in a directory that
// one process has for itself, nothing to install.
//
// One connection writes and many read (WAL). Writes that queue up share a
// commit, see writer.
package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // the database/sql driver

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/sqlstore"
)

// Options say which database to open and how.
type Options struct {
	// Dir holds the database; it is made if need be. With Ephemeral it may be
	// "": then it is a temporary one that Close removes.
	Dir      string
	Registry *schema.Registry
	// Ephemeral gives up durability for speed: nothing is synced to disk.
	Ephemeral bool
	// Migrate says what to do with a database of an older version.
	Migrate sqlstore.Mode
	// Logger gets what has no caller to go to; nil discards it.
	Logger *slog.Logger
}

// ErrLocked tells that another process has the database.
var ErrLocked = errors.New("another process uses the database")

const (
	fileName = "scimd.db"
	lockName = "scimd.lock"
	// lockWait bounds the wait for a command that has the directory for a moment.
	lockWait = 3 * time.Second
)

// Store is a store.Store.
type Store struct {
	*sqlstore.Store
	writes, reads *sql.DB
	readConn      *conn
	writer        *writer
	lock          *flock.Flock
	log           *slog.Logger
	removeDir     string
	closing       sync.Once
	closed        error
}

var dialect = &sqlstore.Dialect{
	Contains: func(text, part string) string { return "instr(" + text + ", " + part + ") > 0" },
	EndsWith: func(text, part string) string { return "substr(" + text + ", -length(" + part + ")) = " + part },
	InNumbers: func(expr, list string) string {
		return expr + " IN (SELECT value FROM json_each(" + list + "))"
	},
	InTexts:      func(expr, list string) string { return expr + " IN (SELECT value FROM json_each(" + list + "))" },
	Numbers:      func(list []int64) any { return jsonList(list) },
	Texts:        func(list []string) any { return jsonList(list) },
	CommitOrder:  true,
	ValuesAtOnce: 400,
}

func jsonList(list any) string {
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // lists of numbers and texts always marshal
	}
	return string(text)
}

// Open opens the database of a directory and keeps others out until Close. The
// error is ErrLocked when another process has it, one of package sqlstore about
// the schema version, or the operating system's.
func Open(ctx context.Context, o Options) (_ *Store, err error) {
	s := &Store{log: o.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			_ = s.release()
		}
	}()
	if o.Dir == "" {
		if !o.Ephemeral {
			return nil, errors.New("no directory for the database")
		}
		if o.Dir, err = os.MkdirTemp("", "scimd-"); err != nil {
			return nil, err
		}
		s.removeDir = o.Dir
	}
	if s.lock, err = lockDir(ctx, o.Dir); err != nil {
		return nil, err
	}
	if err := ready(o); err != nil {
		return nil, err
	}
	if err := s.connect(ctx, o); err != nil {
		return nil, err
	}
	ledger, err := loadLedger(ctx, s.readConn)
	if err != nil {
		return nil, err
	}
	c, err := s.writes.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s.writer = newWriter(newConn(c), ledger)
	s.Store, err = sqlstore.New(ctx, sqlstore.Engine{
		Dialect: dialect, Read: s.readConn, Ledger: ledger, Transact: s.writer.transact, Snapshot: s.snapshot,
		Analyse: s.analyse,
		Failed: func(err error) {
			s.log.Warn("the database's statistics could not be brought up to date", "error", err)
		},
	}, o.Registry)
	if err != nil {
		return nil, err
	}
	return s, s.inform(ctx)
}

// inform has a database without statistics analysed, as one that was filled by
// many short-lived processes, or by a release that did not.
func (s *Store) inform(ctx context.Context) error {
	known, err := s.some(ctx, "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")
	if known {
		known, err = s.some(ctx, "SELECT 1 FROM sqlite_stat1 LIMIT 1")
	}
	if known || err != nil {
		return err
	}
	return s.Analyse(ctx)
}

// some reports whether a query has rows.
func (s *Store) some(ctx context.Context, query string) (bool, error) {
	rows, err := s.readConn.Query(ctx, query)
	if err != nil {
		return false, err
	}
	some := rows.Next()
	return some, errors.Join(rows.Err(), rows.Close())
}

// analyse looks at a sample of each index, so that writes wait only shortly. Other
// connections read statistics together with the schema alone, so the table that
// holds them is made anew.
func (s *Store) analyse(ctx context.Context, tables []string) error {
	return s.writer.transact(ctx, func(c sqlstore.Conn) error {
		if _, err := c.Exec(context.Background(), "DROP TABLE IF EXISTS sqlite_stat1"); err != nil {
			return err
		}
		for _, t := range tables {
			if _, err := c.Exec(context.Background(), "ANALYZE "+t); err != nil {
				return err
			}
		}
		return nil
	})
}

// lockDir makes the directory and takes its lock.
func lockDir(ctx context.Context, dir string) (*flock.Flock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(dir, lockName), flock.SetPermissions(0o600))
	waiting, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	switch ok, err := lock.TryLockContext(waiting, 20*time.Millisecond); {
	case ctx.Err() != nil:
		_ = lock.Close()
		return nil, ctx.Err()
	case err != nil && waiting.Err() == nil:
		return nil, fmt.Errorf("cannot lock %s: %w", dir, err)
	case !ok:
		_ = lock.Close()
		return nil, fmt.Errorf("%w in %s; stop it, or use Postgres for several servers on one database", ErrLocked, dir)
	}
	// The database is its owner's only, whatever the directory allows; SQLite
	// gives its journals the same mode.
	file, err := os.OpenFile(filepath.Join(dir, fileName), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		_ = lock.Close()
		return nil, err
	}
	return lock, nil
}

func (s *Store) connect(ctx context.Context, o Options) error {
	var err error
	if s.writes, err = openDB(o.Dir, synchronous(o.Ephemeral), "journal_mode(WAL)", "analysis_limit(1000)"); err != nil {
		return err
	}
	s.writes.SetMaxOpenConns(1)
	// The first connection makes the file and its journal before others look.
	if err := s.writes.PingContext(ctx); err != nil {
		return fault(ctx, err)
	}
	if s.reads, err = openDB(o.Dir, "query_only(1)"); err != nil {
		return err
	}
	readers := max(4, runtime.NumCPU())
	s.reads.SetMaxOpenConns(readers)
	s.reads.SetMaxIdleConns(readers)
	s.readConn = newConn(s.reads)
	return nil
}

// synchronous is whether a commit waits for the disk.
func synchronous(ephemeral bool) string {
	if ephemeral {
		return "synchronous(OFF)"
	}
	return "synchronous(FULL)"
}

func openDB(dir string, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_pragma": append([]string{"busy_timeout(5000)", "foreign_keys(1)"}, pragmas...)}
	path := (&url.URL{Path: filepath.ToSlash(filepath.Join(dir, fileName))}).EscapedPath()
	return sql.Open("sqlite", "file:"+path+"?"+q.Encode())
}

// snapshot implements sqlstore.Engine.Snapshot: a transaction of a reader.
func (s *Store) snapshot(ctx context.Context, fn func(sqlstore.Conn) error) error {
	held, err := s.reads.Conn(ctx)
	if err != nil {
		return s.readConn.fault(ctx, err)
	}
	defer func() { _ = held.Close() }()
	c := newConn(held)
	defer c.close()
	if _, err := c.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	defer func() { _, _ = c.Exec(context.WithoutCancel(ctx), "ROLLBACK") }()
	return fn(c)
}

// Capabilities implements store.Store.
func (s *Store) Capabilities() store.Capabilities { return store.Capabilities{Engine: "sqlite"} }

// Ping implements store.Store.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.reads.PingContext(ctx); err != nil {
		return s.readConn.fault(ctx, scimerr.Unavailable(err))
	}
	return nil
}

// Commits is the number of commits so far; transactions share them.
func (s *Store) Commits() int64 { return s.writer.commits.Load() }

// Close waits for queued writes, folds the journal into the database and lets go
// of the directory. Closing again does nothing.
func (s *Store) Close() error {
	s.closing.Do(func() { s.closed = s.release() })
	return s.closed
}

func (s *Store) release() error {
	var errs []error
	if s.Store != nil {
		s.Stop()
	}
	if s.writer != nil {
		s.writer.close()
	}
	if s.reads != nil {
		s.readConn.close()
		errs = append(errs, s.reads.Close())
	}
	if s.writer != nil {
		// Alone now, the writer can empty the journal.
		_, err := s.writer.conn.Exec(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)")
		if err != nil {
			s.log.Warn("the journal stays beside the database", "error", err)
		}
		s.writer.conn.close()
		errs = append(errs, s.writer.conn.db.(*sql.Conn).Close())
	}
	if s.writes != nil {
		errs = append(errs, s.writes.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	if s.removeDir != "" {
		errs = append(errs, os.RemoveAll(s.removeDir))
	}
	return errors.Join(errs...)
}
