package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

const sessionColumns = "tenant, id, app_key, user_id, handle, current, redeemed, about, created, expires, ended"

func (s *Store) session(ctx context.Context, where string, args ...any) (store.Session, error) {
	var out store.Session
	var handle, current []byte
	var redeemed, created, expires int64
	var ended *int64
	ok, err := one(ctx, s.engine.Read, "SELECT "+sessionColumns+" FROM session WHERE "+where, args,
		&out.Tenant, &out.ID, &out.App, &out.UserID, &handle, &current, &redeemed, &out.About, &created, &expires, &ended)
	if err == nil && !ok {
		err = store.ErrNotFound
	}
	copy(out.Handle[:], handle)
	copy(out.Current[:], current)
	out.Redeemed, out.Created, out.Expires, out.Ended = redeemed != 0, fromMicros(created), fromMicros(expires), fromMicrosOrNil(ended)
	return out, err
}

// Session implements store.Sessions.
func (s *Store) Session(ctx context.Context, tenant int64, id string) (store.Session, error) {
	return s.session(ctx, "tenant = $1 AND id = $2", tenant, id)
}

// SessionByHandle implements store.Sessions.
func (s *Store) SessionByHandle(ctx context.Context, tenant int64, handle [32]byte) (store.Session, error) {
	return s.session(ctx, "tenant = $1 AND handle = $2", tenant, handle[:])
}

// ofTenant runs fn in a transaction that keeps the tenant; ErrNotFound.
func (s *Store) ofTenant(ctx context.Context, tenant int64, fn func(context.Context, Conn) error) error {
	return s.engine.Transact(ctx, func(c Conn) error {
		ctx := context.WithoutCancel(ctx)
		if _, err := readTenant(ctx, c, tenant, s.engine.Dialect.ForShare); err != nil {
			return err
		}
		return fn(ctx, c)
	})
}

// AddSession implements store.Sessions.
func (s *Store) AddSession(ctx context.Context, n store.Session) error {
	return s.ofTenant(ctx, n.Tenant, func(ctx context.Context, c Conn) error { return addSession(ctx, c, n) })
}

// AddSession implements store.Tx.
func (t *tx) AddSession(n store.Session) error {
	// The lock keeps the tenant until the session is there.
	if _, err := readTenant(t.ctx, t.conn, n.Tenant, t.engine.Dialect.ForShare); err != nil {
		return t.spoilt(err)
	}
	return t.spoilt(addSession(t.ctx, t.conn, n))
}

func addSession(ctx context.Context, c Conn, n store.Session) error {
	_, err := c.Exec(ctx, "INSERT INTO session ("+sessionColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
		n.Tenant, n.ID, schema.Fold(n.App), n.UserID, n.Handle[:], n.Current[:], flag(n.Redeemed), n.About,
		n.Created.UnixMicro(), n.Expires.UnixMicro(), microsOrNil(n.Ended))
	return err
}

// change runs one statement in a transaction and tells how many rows it changed.
func (s *Store) change(ctx context.Context, sql string, args ...any) (n int64, err error) {
	err = s.engine.Transact(ctx, func(c Conn) (err error) {
		n, err = c.Exec(context.WithoutCancel(ctx), sql, args...)
		return err
	})
	return n, err
}

// AdvanceSession implements store.Sessions.
func (s *Store) AdvanceSession(ctx context.Context, tenant int64, id string, from, to [32]byte, expires time.Time) (bool, error) {
	n, err := s.change(ctx, "UPDATE session SET current = $1, redeemed = 1, expires = $2"+
		" WHERE tenant = $3 AND id = $4 AND current = $5 AND ended IS NULL", to[:], expires.UnixMicro(), tenant, id, from[:])
	return n == 1, err
}

// EndSession implements store.Sessions.
func (s *Store) EndSession(ctx context.Context, tenant int64, id string, at time.Time) error {
	_, err := s.change(ctx, "UPDATE session SET ended = $1 WHERE tenant = $2 AND id = $3 AND ended IS NULL", at.UnixMicro(), tenant, id)
	return err
}

// EndSessions implements store.Tx.
func (t *tx) EndSessions(tenant int64, user string, at time.Time) error {
	_, err := t.conn.Exec(t.ctx, "UPDATE session SET ended = $1 WHERE tenant = $2 AND user_id = $3 AND ended IS NULL", at.UnixMicro(), tenant, user)
	return t.spoilt(err)
}

// endToken revokes an access token, and ends the session that has its id.
func endToken(ctx context.Context, c Conn, tenant int64, id string, at, until time.Time) error {
	if _, err := c.Exec(ctx, "UPDATE session SET ended = $1 WHERE tenant = $2 AND id = $3 AND ended IS NULL", at.UnixMicro(), tenant, id); err != nil {
		return err
	}
	_, err := c.Exec(ctx, "INSERT INTO ended_token (tenant, id, until) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", tenant, id, until.UnixMicro())
	return err
}

// EndToken implements store.Sessions.
func (s *Store) EndToken(ctx context.Context, tenant int64, id string, until time.Time) error {
	return s.ofTenant(ctx, tenant, func(ctx context.Context, c Conn) error { return endToken(ctx, c, tenant, id, until, until) })
}

// BoundSessions implements store.Sessions.
func (s *Store) BoundSessions(ctx context.Context, tenant int64, user string, most int, at time.Time) error {
	return s.ofTenant(ctx, tenant, func(ctx context.Context, c Conn) error {
		type old struct {
			id      string
			expires int64
		}
		var living []old
		rows, err := c.Query(ctx, "SELECT id, expires FROM session WHERE tenant = $1 AND user_id = $2 AND ended IS NULL AND expires > $3 ORDER BY created DESC, id DESC",
			tenant, user, at.UnixMicro())
		err = each(rows, err, func(rows Rows) error {
			var o old
			err := rows.Scan(&o.id, &o.expires)
			living = append(living, o)
			return err
		})
		if err != nil {
			return err
		}
		for _, o := range living[min(most, len(living)):] {
			if err := endToken(ctx, c, tenant, o.id, at, fromMicros(o.expires)); err != nil {
				return err
			}
		}
		return nil
	})
}

// TokenEnded implements store.Sessions.
func (s *Store) TokenEnded(ctx context.Context, tenant int64, id string) (bool, error) {
	var found int64
	return one(ctx, s.engine.Read, "SELECT 1 FROM ended_token WHERE tenant = $1 AND id = $2", []any{tenant, id}, &found)
}

// SweepSessions implements store.Sessions.
func (s *Store) SweepSessions(ctx context.Context, expired time.Time) error {
	for _, t := range []struct{ table, column string }{{"session", "expires"}, {"ended_token", "until"}} {
		sql := fmt.Sprintf("DELETE FROM %s WHERE (tenant, id) IN (SELECT tenant, id FROM %s WHERE %s <= $1 ORDER BY %s LIMIT %d)",
			t.table, t.table, t.column, t.column, sweepBatch)
		for n := int64(sweepBatch); n == sweepBatch; {
			if err := ctx.Err(); err != nil {
				return err
			}
			var err error
			if n, err = s.change(ctx, sql, expired.UnixMicro()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Password implements store.Sessions.
func (s *Store) Password(ctx context.Context, space, seq int64) ([]byte, error) {
	return password(ctx, s.engine.Read, space, seq)
}

// Password implements store.Tx.
func (t *tx) Password(seq int64) ([]byte, error) {
	hash, err := password(t.ctx, t.conn, t.space, seq)
	return hash, t.spoilt(err)
}

func password(ctx context.Context, c Conn, space, seq int64) (hash []byte, err error) {
	_, err = one(ctx, c, "SELECT hash FROM password WHERE space = $1 AND seq = $2", []any{space, seq}, &hash)
	return hash, err
}
