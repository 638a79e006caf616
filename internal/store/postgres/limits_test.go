package postgres_test

import (
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/scimd/scimd/internal/pgtest"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/postgres"
	"github.com/scimd/scimd/internal/store/sqlstore"
	"github.com/scimd/scimd/internal/store/storetest"
)

// set is a URL with settings of the connection.
func set(t *testing.T, link string, settings ...string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		q.Set(name, value)
	}
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	return u.String()
}

func openWith(t *testing.T, o postgres.Options) *postgres.Store {
	t.Helper()
	o.Registry = storetest.Registry()
	s, err := postgres.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// lockedUser stores a user whose row another session then holds until the test
// ends.
func lockedUser(t *testing.T, s *postgres.Store, link string) (space int64, u *store.Resource) {
	t.Helper()
	tenant, _, err := s.EnsureTenant(t.Context(), store.Tenant{Name: "t"})
	if err != nil {
		t.Fatal(err)
	}
	u = storetest.User("held").Resource()
	if err := s.Do(t.Context(), tenant.Space, func(tx store.Tx) error { return tx.Insert(u) }); err != nil {
		t.Fatal(err)
	}
	other := connect(t, link)
	for _, sql := range []string{"BEGIN", "SELECT seq FROM user_r FOR UPDATE"} {
		if _, err := other.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	return tenant.Space, u
}

func TestAWriteThatRunsIntoALimitOfTimeIsUnavailable(t *testing.T) {
	t.Parallel()
	for _, limit := range []string{"lock_timeout=2s", "statement_timeout=2s", "options=-c lock_timeout=2s"} {
		t.Run(limit, func(t *testing.T) {
			t.Parallel()
			link := pgtest.URL(t)
			s := openWith(t, postgres.Options{URL: set(t, link, limit), MigrationURL: link, MaxConns: 2})
			space, u := lockedUser(t, s, link)
			began := time.Now()
			err := s.Do(t.Context(), space, func(tx store.Tx) error {
				_, err := tx.Get(u.Type, u.ID)
				return err
			})
			if !scimerr.Is(err, 503) || time.Since(began) > time.Minute {
				t.Errorf("after %v: %v, want 503 after 2 s", time.Since(began), err)
			}
			if _, err := s.Get(t.Context(), space, u.Type, u.ID, nil); err != nil {
				t.Errorf("a read afterwards: %v", err)
			}
		})
	}
}

func TestATransactionThatDoesNothingIsEnded(t *testing.T) {
	t.Parallel()
	link := pgtest.URL(t)
	s := openWith(t, postgres.Options{URL: set(t, link, "idle_in_transaction_session_timeout=2s"), MigrationURL: link})
	tenant, _, err := s.EnsureTenant(t.Context(), store.Tenant{Name: "t"})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Do(t.Context(), tenant.Space, func(tx store.Tx) error {
		time.Sleep(4 * time.Second)
		return tx.Insert(storetest.User("late").Resource())
	})
	if !scimerr.Is(err, 503) {
		t.Errorf("error %v, want 503", err)
	}
}

func TestCloseCutsWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	link := pgtest.URL(t)
	s := openWith(t, postgres.Options{URL: set(t, link, "lock_timeout=0"), MigrationURL: link, Grace: 300 * time.Millisecond})
	space, u := lockedUser(t, s, link)
	running := make(chan struct{})
	write := make(chan error, 1)
	go func() {
		write <- s.Do(t.Context(), space, func(tx store.Tx) error {
			close(running)
			_, err := tx.Get(u.Type, u.ID)
			return err
		})
	}()
	<-running
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("Close still waits for a lock after a minute")
	}
	if err := <-write; !scimerr.Is(err, 503) {
		t.Errorf("the write: %v, want 503", err)
	}
}

func TestADatabaseThatBecomesAReplicaIsUnavailableUntilThePrimaryIsFound(t *testing.T) {
	t.Parallel()
	link := pgtest.Database(t)
	if err := reopen(t, link, sqlstore.Auto); err != nil {
		t.Fatal(err)
	}
	admin := connect(t, link)
	role := func(readOnly string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), `ALTER DATABASE "`+admin.Config().Database+`" SET default_transaction_read_only = `+readOnly); err != nil {
			t.Fatal(err)
		}
	}
	role("on")
	s := openWith(t, postgres.Options{URL: link, MigrationURL: set(t, link, "default_transaction_read_only=off"), MaxConns: 1})
	insert := func() error {
		return s.Do(t.Context(), 1, func(tx store.Tx) error { return tx.Insert(storetest.User("u").Resource()) })
	}
	for name, use := range map[string]func() error{
		"a write": insert,
		"a ping":  func() error { return s.Ping(t.Context()) },
	} {
		role("on")
		if err := insert(); !scimerr.Is(err, 503) {
			t.Fatalf("a write on a replica: %v, want 503", err)
		}
		if err := s.Ping(t.Context()); !scimerr.Is(err, 503) {
			t.Errorf("a ping of a replica: %v, want 503", err)
		}
		if err := use(); !scimerr.Is(err, 503) {
			t.Errorf("%s on a replica: %v, want 503", name, err)
		}
		role("off")
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("a ping after %s has met the replica: %v", name, err)
		}
		if err := s.Do(t.Context(), 1, func(tx store.Tx) error { return tx.SetPassword(1, []byte(name)) }); err != nil {
			t.Errorf("a write after %s has met the replica: %v", name, err)
		}
		// Connections that take writes do not notice a change of the setting.
		if _, err := admin.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestARoleThatMayNotMakeTablesIsToldInOneLine(t *testing.T) {
	t.Parallel()
	// Nobody may make tables in the catalog.
	err := reopen(t, set(t, pgtest.URL(t), "search_path=pg_catalog"), sqlstore.Auto)
	if err == nil || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "CREATE TABLE") || !strings.Contains(err.Error(), "grant") {
		t.Errorf("error %v", err)
	}
}

func TestAPoolerThatRefusesSettingsIsUsedWithoutThem(t *testing.T) {
	t.Parallel()
	link := pgtest.URL(t)
	s := openWith(t, postgres.Options{URL: pooler(t, link, "lock_timeout"), MigrationURL: link})
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// pooler is the URL of a server that leads to another one and refuses
// connections with a setting.
func pooler(t *testing.T, link, setting string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	behind := u.Host
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = client.Close() }()
				if err := lead(client, behind, setting); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
					t.Logf("pooler: %v", err)
				}
			}()
		}
	}()
	u.Host = l.Addr().String()
	return set(t, u.String(), "sslmode=disable")
}

func lead(client net.Conn, behind, setting string) error {
	front := pgproto3.NewBackend(client, client)
	first, err := front.ReceiveStartupMessage()
	if err != nil {
		return err
	}
	startup, ok := first.(*pgproto3.StartupMessage)
	if !ok {
		return nil // a cancellation
	}
	if _, ok := startup.Parameters[setting]; ok {
		front.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "08P01", Message: "unsupported startup parameter: " + setting})
		return front.Flush()
	}
	server, err := net.Dial("tcp", behind)
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	back := pgproto3.NewFrontend(server, server)
	back.Send(startup)
	if err := back.Flush(); err != nil {
		return err
	}
	go func() { _, _ = io.Copy(server, client) }()
	_, err = io.Copy(client, server)
	return err
}
