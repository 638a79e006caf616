package sqlstore

import (
	"context"
	"errors"
	"strconv"

	"github.com/scimd/scimd/internal/store"
)

// insertEvents appends events. Where keys are handed out in commit order, they
// are the events' numbers at once; elsewhere Events numbers them.
func (t *tx) insertEvents(list []store.Event) error {
	rows := make([][]any, len(list))
	for i := range list {
		e := &list[i]
		k, err := t.numbers.event.take(t.ctx, t.engine.Ledger)
		if err != nil {
			return err
		}
		var n any
		if t.engine.Dialect.CommitOrder {
			n = k
		}
		t.moment = max(t.moment, e.At.UnixMicro())
		rows[i] = []any{t.space, k, n, t.moment, e.At.UnixMicro(), e.Operation, e.Type, e.ID, e.Version,
			e.Principal.Kind, e.Principal.ID, e.Principal.Display, e.RequestID}
	}
	inserted, err := t.insertRows("event (space, k, n, moment, at, operation, type, id, version, principal_kind, principal_id, principal_display, request_id)", rows)
	if err == nil && inserted != int64(len(rows)) {
		err = errors.New("store: the key of an event is in use")
	}
	return err
}

// Events implements store.Admin.
func (s *Store) Events(ctx context.Context, space, after int64, limit int) ([]store.Event, error) {
	if !s.engine.Dialect.CommitOrder {
		if err := s.numberEvents(ctx, space); err != nil {
			return nil, err
		}
	}
	var list []store.Event
	rows, err := s.engine.Read.Query(ctx, `SELECT n, at, operation, type, id, version, principal_kind, principal_id, principal_display, request_id
FROM event WHERE space = $1 AND n > $2 ORDER BY n LIMIT $3`, space, after, int64(limit))
	err = each(rows, err, func(rows Rows) error {
		var e store.Event
		var at int64
		if err := rows.Scan(&e.N, &at, &e.Operation, &e.Type, &e.ID, &e.Version,
			&e.Principal.Kind, &e.Principal.ID, &e.Principal.Display, &e.RequestID); err != nil {
			return err
		}
		e.At = fromMicros(at)
		list = append(list, e)
		return nil
	})
	return list, err
}

// eventNumbers is the allocator of a space's event numbers.
func eventNumbers(space int64) string { return "events/" + strconv.FormatInt(space, 10) }

// numberEvents gives numbers to the committed events that have none: what is
// committed later gets a later number, so that whoever reads on from a number
// misses nothing. One reader of a space does it at a time.
func (s *Store) numberEvents(ctx context.Context, space int64) error {
	var some int64
	fresh, err := one(ctx, s.engine.Read, "SELECT k FROM event WHERE space = $1 AND n IS NULL LIMIT 1", []any{space}, &some)
	if err != nil || !fresh {
		return err
	}
	return s.engine.Transact(ctx, func(c Conn) error {
		ctx := context.WithoutCancel(ctx)
		// Who holds the allocator's row has the turn, and sees what is committed.
		name := eventNumbers(space)
		if _, err := c.Exec(ctx, "INSERT INTO allocator (name, next) VALUES ($1, 1) ON CONFLICT DO NOTHING", name); err != nil {
			return err
		}
		var next int64
		if _, err := one(ctx, c, "SELECT next FROM allocator WHERE name = $1"+s.engine.Dialect.ForUpdate, []any{name}, &next); err != nil {
			return err
		}
		n, err := c.Exec(ctx, `UPDATE event SET n = f.n
FROM (SELECT k, CAST($1 AS bigint) - 1 + row_number() OVER (ORDER BY moment, k) AS n FROM event WHERE space = $2 AND n IS NULL) f
WHERE event.space = $2 AND event.k = f.k`, next, space)
		if err != nil {
			return err
		}
		_, err = c.Exec(ctx, "UPDATE allocator SET next = $1 WHERE name = $2", next+n, name)
		return err
	})
}
