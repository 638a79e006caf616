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

// transact implements sqlstore.Engine.Transact. Waiting for a connection, or for the
// turn to run again, counts against ctx, running does not.
//
// Those that have to run again take turns. If they came back together they would meet
// again: of those that share a row before they change it, none gets to change it as
// long as there is always another that shares it.
func (s *Store) transact(ctx context.Context, fn func(sqlstore.Conn) error) error {
	again, err := s.once(ctx, fn)
	if !again {
		return err
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for run := 2; again; run++ {
		if run > maxRuns {
			return scimerr.Unavailable(fmt.Errorf("a transaction met others %d times: %w", maxRuns, err))
		}
		s.retries.Add(1)
		// Twice as long each time, up to a quarter of a second, at random: those of
		// other servers come through meanwhile.
		time.Sleep(time.Duration(rand.Int64N(int64(min(4<<run, 256)))) * time.Millisecond)
		again, err = s.once(ctx, fn)
	}
	return err
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
