package sqlite

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/store/sqlstore"
)

func TestAReadEndsWithItsContextWhileOthersWaitForAConnection(t *testing.T) {
	t.Parallel()
	c := oneConnection(t)
	held, err := c.Query(t.Context(), "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	// Another statement is prepared as soon as there is a connection for it.
	other := make(chan error, 1)
	go func() { other <- run(t.Context(), c, "SELECT 2") }()
	time.Sleep(20 * time.Millisecond)
	read := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		read <- run(ctx, c, "SELECT 1")
	}()
	select {
	case err := <-read:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
	case <-time.After(time.Minute):
		t.Error("the read still waits a minute after its context has ended")
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-other; err != nil {
		t.Error(err)
	}
}

func TestAStatementThatIsAboutToRunOutlivesItsPlace(t *testing.T) {
	t.Parallel()
	c := oneConnection(t)
	p, err := c.prepare(t.Context(), "SELECT 'kept'")
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxPrepared + 1 {
		if err := run(t.Context(), c, fmt.Sprintf("SELECT %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	var got string
	if err := p.stmt.QueryRow().Scan(&got); err != nil || got != "kept" {
		t.Errorf("%q, %v", got, err)
	}
	c.release(p)
	if err := p.stmt.QueryRow().Scan(&got); err == nil {
		t.Error("a statement that lost its place stays open after it has run")
	}
	if n := len(c.stmts); n != maxPrepared || c.used.Len() != n {
		t.Errorf("%d statements are kept, in a list of %d; want %d", n, c.used.Len(), maxPrepared)
	}
}

// oneConnection is a conn with a single connection to an empty database.
func oneConnection(t *testing.T) *conn {
	t.Helper()
	db, err := openDB(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	c := newConn(db)
	t.Cleanup(func() {
		c.close()
		_ = db.Close()
	})
	return c
}

func run(ctx context.Context, c sqlstore.Conn, query string) error {
	rows, err := c.Query(ctx, query)
	if err != nil {
		return err
	}
	return rows.Close()
}
