package postgres

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/scimd/scimd/internal/scimerr"
)

// settings are those of every connection, unless the URL says otherwise: they keep
// one transaction from holding up all others, and statements that run for
// milliseconds from being compiled for seconds; and a look-up by an index costs as
// much as it does in memory, so that small tables are not walked for each row of
// large ones.
var settings = map[string]string{
	"lock_timeout":                        "10s",
	"idle_in_transaction_session_timeout": "60s",
	"jit":                                 "off",
	"random_page_cost":                    "1.1",
}

// configure puts the settings into the configuration of connections, if the
// server takes them: a pooler may refuse settings that it does not know.
func (s *Store) configure(ctx context.Context, c *pgx.ConnConfig) error {
	set := map[string]string{}
	for name, value := range settings {
		if c.RuntimeParams[name] == "" && !strings.Contains(c.RuntimeParams["options"], name) {
			set[name] = value
			c.RuntimeParams[name] = value
		}
	}
	trial, err := pgx.ConnectConfig(ctx, c)
	if err == nil {
		return trial.Close(ctx)
	}
	if codeOf(err) != protocolViolation {
		return unreached(err)
	}
	for name := range set {
		delete(c.RuntimeParams, name)
	}
	s.log.Warn("the pooler takes no settings of connections; set them for the database role", "settings", settings)
	return nil
}

// look notices that the database has become a replica: connections made from now
// on may find the new primary.
func (s *Store) look(err error) {
	if codeOf(err) == readOnlyTransaction {
		s.reset()
	}
}

func (s *Store) reset() {
	s.pool.Reset()
	s.numbers.Reset()
}

// Ping implements store.Store. A database that takes no writes does not answer.
func (s *Store) Ping(ctx context.Context) error {
	readOnly, _, err := value[string](ctx, s.connOf(s.pool), "SELECT current_setting('transaction_read_only')")
	if err == nil && readOnly == "on" {
		s.reset()
		err = scimerr.Unavailable(errors.New("postgres: the database is read-only"))
	}
	return err
}

// connections are those that are open.
type connections struct {
	mu  sync.Mutex
	all map[*pgconn.PgConn]bool
}

func newConnections() *connections { return &connections{all: map[*pgconn.PgConn]bool{}} }

func (c *connections) add(_ context.Context, conn *pgx.Conn) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all[conn.PgConn()] = true
	return nil
}

func (c *connections) remove(conn *pgx.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, conn.PgConn())
}

// cut ends all connections, whatever they wait for.
func (c *connections) cut() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.all {
		_ = conn.Conn().Close() // who uses it is told
	}
	return len(c.all)
}

// Close waits for what runs and closes all connections. Those that are still in
// use after the grace are cut. Closing again does nothing.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.Stop()
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			s.pool.Close()
			s.numbers.Close()
		}()
		select {
		case <-closed:
			return
		case <-time.After(s.grace):
		}
		s.log.Warn("connections that did not end in time were cut", "connections", s.open.cut())
		select {
		case <-closed:
		case <-time.After(s.grace):
		}
	})
	return nil
}
