package sqlstore

import (
	"cmp"
	"context"
	"errors"

	"github.com/scimd/scimd/internal/store"
)

const eventColumns = "operation, type, id, version, principal_kind, principal_id, principal_display, request_id, credential, address, attributes"

// insertEvents appends events. Where keys are handed out in commit order, they
// are the events' numbers at once; elsewhere readers number them.
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
		home, state := cmp.Or(e.Home, t.space), t.space
		if home == t.space {
			state = 0
		}
		rows[i] = []any{home, k, n, t.moment, e.At.UnixMicro(), state, e.Operation, e.Type, e.ID, e.Version,
			e.Principal.Kind, e.Principal.ID, e.Principal.Display, e.RequestID, e.Credential, e.Address, e.Attributes}
	}
	inserted, err := t.insertRows("event (space, k, n, moment, at, state, "+eventColumns+")", rows)
	if err == nil && inserted != int64(len(rows)) {
		err = errors.New("store: the key of an event is in use")
	}
	return err
}

// Events implements store.Admin.
func (s *Store) Events(ctx context.Context, space, after int64, limit int) ([]store.Event, error) {
	return s.Changes(ctx, store.TrailQuery{Space: space, After: after, Limit: limit})
}

// Changes implements store.Trail.
func (s *Store) Changes(ctx context.Context, q store.TrailQuery) ([]store.Event, error) {
	return readTrail(ctx, s, changeLog, eventColumns, q, func(rows Rows, n, at *int64) (store.Event, error) {
		var e store.Event
		err := rows.Scan(n, at, &e.Operation, &e.Type, &e.ID, &e.Version, &e.Principal.Kind, &e.Principal.ID, &e.Principal.Display,
			&e.RequestID, &e.Credential, &e.Address, &e.Attributes)
		e.N, e.At = *n, fromMicros(*at)
		return e, err
	})
}
