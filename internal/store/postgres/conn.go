package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/puddle/v2"

	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/sqlstore"
)

// querier is a pool or a transaction.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// conn implements sqlstore.Conn.
type conn struct {
	q querier
	// seen gets every error of the database, for a transaction to look at.
	seen func(error)
}

func (c conn) fault(ctx context.Context, err error) error {
	if err != nil && c.seen != nil {
		c.seen(err)
	}
	return fault(ctx, err)
}

// Exec implements sqlstore.Conn.
func (c conn) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	tag, err := c.q.Exec(ctx, sql, args...)
	return tag.RowsAffected(), c.fault(ctx, err)
}

// Query implements sqlstore.Conn.
func (c conn) Query(ctx context.Context, sql string, args ...any) (sqlstore.Rows, error) {
	r, err := c.q.Query(ctx, sql, args...)
	if err != nil {
		return nil, c.fault(ctx, err)
	}
	return rows{r, ctx, c}, nil
}

// Search implements sqlstore.Conn: an unnamed statement is planned for its
// values, where a named one may get a plan that is blind to them.
func (c conn) Search(ctx context.Context, sql string, args ...any) (sqlstore.Rows, error) {
	return c.Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
}

type rows struct {
	pgx.Rows
	ctx  context.Context
	conn conn
}

func (r rows) Scan(dest ...any) error { return r.conn.fault(r.ctx, r.Rows.Scan(dest...)) }

func (r rows) Err() error { return r.conn.fault(r.ctx, r.Rows.Err()) }

func (r rows) Close() error {
	r.Rows.Close()
	return nil
}

// Codes of the database that mean something here (Postgres appendix A).
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	uniqueViolation      = "23505"

	readOnlyTransaction   = "25006"
	idleInTransaction     = "25P03"
	queryCanceled         = "57014" // by statement_timeout, or an administrator
	lockNotAvailable      = "55P03" // by lock_timeout
	protocolViolation     = "08P01"
	insufficientPrivilege = "42501"
)

// retryable reports whether the transaction may succeed when it runs again. A
// unique violation is one: statements look for taken keys themselves, so that it
// means that another transaction has just committed one.
func retryable(err error) bool {
	switch codeOf(err) {
	case serializationFailure, deadlockDetected, uniqueViolation:
		return true
	}
	return false
}

// fault tells errors that the protocol knows from those that it does not.
func fault(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, puddle.ErrClosedPool):
		return store.ErrClosed
	case unreachable(err) || passing(err):
		return scimerr.Unavailable(valueFree(err))
	}
	return valueFree(err)
}

// valueFree keeps the database's words out of errors, and so out of logs: they
// may quote what a client sent. The code and the place tell what went wrong.
func valueFree(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	return fmt.Errorf("postgres: %s %s in %s (table %q, constraint %q)", e.Severity, e.Code, e.Routine, e.TableName, e.ConstraintName)
}

// unreachable reports whether the database could not be spoken to: the server is
// away, refuses connections, or is shutting down.
func unreachable(err error) bool {
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return true
	}
	var e *pgconn.PgError
	if errors.As(err, &e) {
		// Class 08 is connection exceptions, 57P0x shutting down or starting,
		// 53 insufficient resources.
		return strings.HasPrefix(e.Code, "08") || strings.HasPrefix(e.Code, "57P0") || strings.HasPrefix(e.Code, "53")
	}
	var network net.Error
	return errors.As(err, &network) || pgconn.SafeToRetry(err) || pgconn.Timeout(err)
}

// passing reports whether the database could be spoken to and refused for now: it
// ran into a limit of time, or it is a replica.
func passing(err error) bool {
	switch codeOf(err) {
	case readOnlyTransaction, idleInTransaction, queryCanceled, lockNotAvailable:
		return true
	}
	return false
}

func codeOf(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// connOf is a pool as a sqlstore.Conn.
func (s *Store) connOf(p *pgxpool.Pool) conn { return conn{q: p, seen: s.look} }
