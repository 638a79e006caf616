package sqlite

import (
	"container/list"
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/sqlstore"
)

// preparer is a *sql.DB or a *sql.Conn.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// conn implements sqlstore.Conn with prepared statements.
type conn struct {
	db preparer

	closed atomic.Bool

	mu    sync.Mutex
	stmts map[string]*list.Element
	used  *list.List // of *prepared, the last used first
}

type prepared struct {
	query string
	stmt  *sql.Stmt
}

// maxPrepared bounds the statements kept; filters make many different ones.
const maxPrepared = 200

func newConn(db preparer) *conn {
	return &conn{db: db, stmts: map[string]*list.Element{}, used: list.New()}
}

func (c *conn) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.stmts[query]; ok {
		c.used.MoveToFront(e)
		return e.Value.(*prepared).stmt, nil
	}
	stmt, err := c.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	c.stmts[query] = c.used.PushFront(&prepared{query, stmt})
	if c.used.Len() > maxPrepared {
		oldest := c.used.Remove(c.used.Back()).(*prepared)
		delete(c.stmts, oldest.query)
		_ = oldest.stmt.Close() // who still runs it keeps it until then
	}
	return stmt, nil
}

// Exec implements sqlstore.Conn.
func (c *conn) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	stmt, err := c.prepare(ctx, query)
	if err != nil {
		return 0, c.fault(ctx, err)
	}
	res, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, c.fault(ctx, err)
	}
	return res.RowsAffected()
}

// Query implements sqlstore.Conn.
func (c *conn) Query(ctx context.Context, query string, args ...any) (sqlstore.Rows, error) {
	stmt, err := c.prepare(ctx, query)
	if err != nil {
		return nil, c.fault(ctx, err)
	}
	r, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, c.fault(ctx, err)
	}
	return rows{r, ctx, c}, nil
}

// Search implements sqlstore.Conn: SQLite plans without looking at values.
func (c *conn) Search(ctx context.Context, query string, args ...any) (sqlstore.Rows, error) {
	return c.Query(ctx, query, args...)
}

func (c *conn) close() {
	c.closed.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	for e := c.used.Front(); e != nil; e = e.Next() {
		_ = e.Value.(*prepared).stmt.Close()
	}
	c.used.Init()
	clear(c.stmts)
}

type rows struct {
	*sql.Rows
	ctx  context.Context
	conn *conn
}

func (r rows) Err() error { return r.conn.fault(r.ctx, r.Rows.Err()) }

// fault is fault with what the connection knows.
func (c *conn) fault(ctx context.Context, err error) error {
	if err != nil && ctx.Err() == nil && c.closed.Load() {
		return store.ErrClosed
	}
	return fault(ctx, err)
}

// fault tells errors that the protocol knows from those that it does not.
func fault(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var e *driver.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff {
		case lib.SQLITE_BUSY, lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN, lib.SQLITE_READONLY:
			return scimerr.Unavailable(err)
		}
	}
	return err
}
