// Package pgtest gives tests a Postgres of their own: a fresh schema or a fresh
// database on a server that is found, or started for as long as the process
// lives.
//
// The server is, in this order: the one that SCIMD_TEST_DATABASE_URL names;
// local binaries run in a temporary directory; a container; packages installed
// for the occasion (Debian, as root). A test without a server fails: a skipped
// engine would look like a passing one.
package pgtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// EnvURL names the environment variable with the URL of a server whose user
// may create schemas and databases.
const EnvURL = "SCIMD_TEST_DATABASE_URL"

// Option asks something of the server.
type Option int

// Durable asks for a server that syncs its log to disk (fsync, full page
// writes). Without it a started server trades durability for speed.
const Durable Option = 1

func durable(opts []Option) bool {
	for _, o := range opts {
		if o == Durable {
			return true
		}
	}
	return false
}

// URL returns a connection URL whose search_path is a new schema, which is
// dropped with everything in it when the test ends. It fails the test when no
// server can be had.
func URL(t testing.TB, opts ...Option) string {
	t.Helper()
	server := serverFor(t, opts)
	name := freshName()
	execute(t, server, "CREATE SCHEMA "+name)
	t.Cleanup(func() {
		// A connection that the test left in a transaction would block the drop.
		execute(t, server, "SET lock_timeout = '10s'", "DROP SCHEMA "+name+" CASCADE")
	})
	return with(t, server, func(u *url.URL) {
		q := u.Query()
		q.Set("search_path", name)
		u.RawQuery = q.Encode()
	})
}

// Database returns a connection URL of a new, empty database, which is dropped
// when the test ends, with the connections to it. It fails the test when no
// server can be had.
func Database(t testing.TB, opts ...Option) string {
	t.Helper()
	server := serverFor(t, opts)
	name := freshName()
	execute(t, server, "CREATE DATABASE "+name+" TEMPLATE template0")
	t.Cleanup(func() { execute(t, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	return with(t, server, func(u *url.URL) { u.Path = "/" + name })
}

func freshName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return "scimd_test_" + hex.EncodeToString(b[:])
}

func with(t testing.TB, server string, change func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		t.Fatalf("pgtest: %s is not a postgres:// URL", EnvURL)
	}
	change(u)
	return u.String()
}

// execute runs statements on one connection, outside the test's own context,
// which has ended when cleanups run.
func execute(t testing.TB, server string, statements ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatalf("pgtest: connecting to the test server: %v", err)
	}
	defer conn.Close(ctx)
	for _, s := range statements {
		if err := executeOnce(ctx, conn, s); err != nil {
			t.Errorf("pgtest: %s: %v", s, err)
			return
		}
	}
}

// executeOnce repeats a statement that collided with another process's CREATE
// DATABASE of the same template.
func executeOnce(ctx context.Context, conn *pgx.Conn, statement string) error {
	const objectInUse = "55006"
	for {
		_, err := conn.Exec(ctx, statement)
		var pgErr *pgconn.PgError
		if !errors.As(err, &pgErr) || pgErr.Code != objectInUse {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// shared are the servers of this process, one of each kind. They end with the
// process: see start.
var shared [2]struct {
	once   sync.Once
	server *Server
	err    error
}

func serverFor(t testing.TB, opts []Option) string {
	t.Helper()
	sync := durable(opts)
	if given := os.Getenv(EnvURL); given != "" {
		if ok, err := suits(given, sync); err != nil {
			t.Fatalf("pgtest: the server that %s names does not answer: %v", EnvURL, err)
		} else if ok {
			return given
		}
	}
	s := &shared[0]
	if sync {
		s = &shared[1]
	}
	s.once.Do(func() { s.server, s.err = Start(opts...) })
	if s.err != nil {
		t.Fatalf("pgtest: no Postgres for this test: %v", s.err)
	}
	return s.server.URL
}

// suits reports whether a server answers and is as durable as needed.
func suits(server string, sync bool) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return false, err
	}
	defer conn.Close(ctx)
	var fsync string
	if err := conn.QueryRow(ctx, "SHOW fsync").Scan(&fsync); err != nil {
		return false, fmt.Errorf("asking for fsync: %w", err)
	}
	return !sync || fsync == "on", nil
}
