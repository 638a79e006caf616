package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store/sqlstore"
)

// maxRuns is how often a transaction is run when others are in its way.
const maxRuns = 12

// transact implements sqlstore.Engine.Transact. Waiting for a connection counts
// against ctx, running does not.
func (s *Store) transact(ctx context.Context, fn func(sqlstore.Conn) error) error {
	for run := 1; ; run++ {
		again, err := s.once(ctx, fn)
		if !again {
			return err
		}
		s.retries.Add(1)
		if run == maxRuns {
			return scimerr.Unavailable(fmt.Errorf("a transaction met others %d times: %w", run, err))
		}
		// Twice as long each time, up to a quarter of a second, at random.
		time.Sleep(time.Duration(rand.Int64N(int64(min(2<<run, 256)))) * time.Millisecond)
	}
}

// once runs fn in one transaction. again tells that it should run once more,
// whatever fn has made of the error.
func (s *Store) once(ctx context.Context, fn func(sqlstore.Conn) error) (again bool, err error) {
	held, err := s.pool.Acquire(ctx)
	if err != nil {
		return false, fault(ctx, err)
	}
	defer held.Release()
	ctx = context.WithoutCancel(ctx)
	tx, err := held.Begin(ctx)
	if err != nil {
		return false, fault(ctx, err)
	}
	var conflict error
	c := conn{q: tx, seen: func(err error) {
		s.look(err)
		if conflict == nil && retryable(err) {
			conflict = err
		}
	}}
	err = fn(c)
	if conflict == nil && err == nil {
		err = c.fault(ctx, tx.Commit(ctx))
		if err == nil {
			return false, nil
		}
	}
	_ = tx.Rollback(ctx) // the connection is dropped when this fails
	if conflict != nil {
		return true, conflict
	}
	return false, err
}

// snapshot implements sqlstore.Engine.Snapshot.
func (s *Store) snapshot(ctx context.Context, fn func(sqlstore.Conn) error) error {
	tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return fault(ctx, err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	return fn(conn{q: tx, seen: s.look})
}
