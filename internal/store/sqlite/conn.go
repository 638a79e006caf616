package sqlite

import (
	"container/list"
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
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

	// mu guards what follows; nothing waits for a connection while it is held.
	mu    sync.Mutex
	stmts map[string]*list.Element
	used  *list.List // of *prepared, the last used first
}

// prepared is a statement that is kept; it is closed once it is neither kept nor
// about to run.
type prepared struct {
	query   string
	stmt    *sql.Stmt
	running int
	evicted bool
}

// maxPrepared bounds the statements kept; filters make many different ones.
const maxPrepared = 200

func newConn(db preparer) *conn {
	return &conn{db: db, stmts: map[string]*list.Element{}, used: list.New()}
}

// prepare takes a statement, which must be released.
func (c *conn) prepare(ctx context.Context, query string) (*prepared, error) {
	if p := c.take(query, nil); p != nil {
		return p, nil
	}
	stmt, err := c.db.PrepareContext(ctx, bare(query))
	if err != nil {
		return nil, err
	}
	return c.take(query, stmt), nil
}

// bare leaves the numbers out of placeholders that are $1, $2 and so on in this order,
// each once: the driver looks for each number among those of all. No statement has a
// dollar sign elsewhere.
func bare(query string) string {
	var out strings.Builder
	rest := query
	for n := 1; ; n++ {
		text, after, more := strings.Cut(rest, "$")
		out.WriteString(text)
		if !more {
			return out.String()
		}
		digits := len(after) - len(strings.TrimLeft(after, "0123456789"))
		if after[:digits] != strconv.Itoa(n) {
			return query
		}
		out.WriteByte('?')
		rest = after[digits:]
	}
}

// take takes the statement that is kept for the query, or keeps stmt for it; nil
// without either. Of two that prepared the same query, the second closes its own.
func (c *conn) take(query string, stmt *sql.Stmt) *prepared {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.stmts[query]
	switch {
	case ok && stmt != nil:
		_ = stmt.Close() // it never ran
	case !ok && stmt == nil:
		return nil
	case !ok:
		e = c.used.PushFront(&prepared{query: query, stmt: stmt})
		c.stmts[query] = e
	}
	c.used.MoveToFront(e)
	p := e.Value.(*prepared)
	p.running++
	if c.used.Len() > maxPrepared {
		oldest := c.used.Remove(c.used.Back()).(*prepared)
		delete(c.stmts, oldest.query)
		oldest.evicted = true
		oldest.closeIdle()
	}
	return p
}

// release gives back a statement that has been run; its rows need not be read.
func (c *conn) release(p *prepared) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.running--
	p.closeIdle()
}

func (p *prepared) closeIdle() {
	if p.evicted && p.running == 0 {
		_ = p.stmt.Close() // rows that are being read keep it until then
	}
}

// Exec implements sqlstore.Conn.
func (c *conn) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	p, err := c.prepare(ctx, query)
	if err != nil {
		return 0, c.fault(ctx, err)
	}
	defer c.release(p)
	res, err := p.stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, c.fault(ctx, err)
	}
	return res.RowsAffected()
}

// Query implements sqlstore.Conn.
func (c *conn) Query(ctx context.Context, query string, args ...any) (sqlstore.Rows, error) {
	p, err := c.prepare(ctx, query)
	if err != nil {
		return nil, c.fault(ctx, err)
	}
	defer c.release(p)
	r, err := p.stmt.QueryContext(ctx, args...)
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
		p := e.Value.(*prepared)
		p.evicted = true
		p.closeIdle()
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
