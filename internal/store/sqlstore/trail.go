package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/scimd/scimd/internal/store"
)

// trailLog is a table of rows that are read in the order of their commits.
type trailLog struct {
	table string
	// order is that of rows that are committed when they are numbered.
	order string
}

var (
	changeLog = trailLog{"event", "moment, k"}
	auditLog  = trailLog{"audit", "at, k"}
)

// allocator is the one of a space's numbers.
func (l trailLog) allocator(space int64) string { return l.table + "s/" + strconv.FormatInt(space, 10) }

// number gives numbers to the committed rows that have none: what is committed
// later gets a later number, so that whoever reads on from a number misses nothing.
// One reader of a space does it at a time. Where keys are handed out in commit
// order, all rows have one.
func (s *Store) number(ctx context.Context, l trailLog, space int64) error {
	if s.engine.Dialect.CommitOrder {
		return nil
	}
	var some int64
	fresh, err := one(ctx, s.engine.Read, "SELECT k FROM "+l.table+" WHERE space = $1 AND n IS NULL LIMIT 1", []any{space}, &some)
	if err != nil || !fresh {
		return err
	}
	return s.engine.Transact(ctx, func(c Conn) error {
		ctx := context.WithoutCancel(ctx)
		// Who holds the allocator's row has the turn, and sees what is committed.
		name := l.allocator(space)
		if _, err := c.Exec(ctx, "INSERT INTO allocator (name, next) VALUES ($1, 1) ON CONFLICT DO NOTHING", name); err != nil {
			return err
		}
		var next int64
		if _, err := one(ctx, c, "SELECT next FROM allocator WHERE name = $1"+s.engine.Dialect.ForUpdate, []any{name}, &next); err != nil {
			return err
		}
		n, err := c.Exec(ctx, fmt.Sprintf(`UPDATE %[1]s SET n = f.n
FROM (SELECT k, CAST($1 AS bigint) - 1 + row_number() OVER (ORDER BY %[2]s) AS n FROM %[1]s WHERE space = $2 AND n IS NULL) f
WHERE %[1]s.space = $2 AND %[1]s.k = f.k`, l.table, l.order), next, space)
		if err != nil {
			return err
		}
		_, err = c.Exec(ctx, "UPDATE allocator SET next = $1 WHERE name = $2", next+n, name)
		return err
	})
}

// readTrail reads rows of a log; scan takes n, at, and then columns.
func readTrail[T any](ctx context.Context, s *Store, l trailLog, columns string, q store.TrailQuery, scan func(rows Rows, n, at *int64) (T, error)) ([]T, error) {
	if err := s.number(ctx, l, q.Space); err != nil {
		return nil, err
	}
	var st statement
	sql := "SELECT n, at, " + columns + " FROM " + l.table + " WHERE space = " + st.arg(q.Space) + " AND n > " + st.arg(q.After)
	if !q.Since.IsZero() {
		sql += " AND at >= " + st.arg(q.Since.UnixMicro())
	}
	if !q.Until.IsZero() {
		sql += " AND at < " + st.arg(q.Until.UnixMicro())
	}
	if sql += " ORDER BY n"; q.Last {
		sql += " DESC"
	}
	sql += " LIMIT " + st.bound(q.Limit)
	var list []T
	rows, err := s.engine.Read.Query(ctx, sql, st.args...)
	err = each(rows, err, func(rows Rows) error {
		var n, at int64
		row, err := scan(rows, &n, &at)
		list = append(list, row)
		return err
	})
	if q.Last {
		slices.Reverse(list)
	}
	return list, err
}

const auditColumns = "category, action, type, id, status, code, principal_kind, principal_id, principal_display, credential, address, request_id, count"

// AppendAudit implements store.Trail.
func (s *Store) AppendAudit(ctx context.Context, list []store.Audit) error {
	return s.engine.Transact(ctx, func(c Conn) error {
		t := &tx{Store: s, ctx: context.WithoutCancel(ctx), conn: c}
		rows := make([][]any, len(list))
		for i := range list {
			a := &list[i]
			k, err := s.numbers.audit.take(t.ctx, s.engine.Ledger)
			if err != nil {
				return err
			}
			var n any
			if s.engine.Dialect.CommitOrder {
				n = k
			}
			rows[i] = []any{a.Space, k, n, a.At.UnixMicro(), a.Category, a.Action, a.Type, a.ID, int64(a.Status), a.Code,
				a.Principal.Kind, a.Principal.ID, a.Principal.Display, a.Credential, a.Address, a.RequestID, a.Count}
		}
		inserted, err := t.insertRows("audit (space, k, n, at, "+auditColumns+")", rows)
		if err == nil && inserted != int64(len(rows)) {
			err = errors.New("store: the key of an audit row is in use")
		}
		return err
	})
}

// Audit implements store.Trail.
func (s *Store) Audit(ctx context.Context, q store.TrailQuery) ([]store.Audit, error) {
	return readTrail(ctx, s, auditLog, auditColumns, q, func(rows Rows, n, at *int64) (store.Audit, error) {
		a := store.Audit{Space: q.Space}
		var status int64
		err := rows.Scan(n, at, &a.Category, &a.Action, &a.Type, &a.ID, &status, &a.Code,
			&a.Principal.Kind, &a.Principal.ID, &a.Principal.Display, &a.Credential, &a.Address, &a.RequestID, &a.Count)
		a.N, a.At, a.Status = *n, fromMicros(*at), int(status)
		return a, err
	})
}

// trimBatch is how many rows one transaction removes.
const trimBatch = 2000

// Trim implements store.Trail.
func (s *Store) Trim(ctx context.Context, space int64, l store.TrailLimits) error {
	for _, of := range []struct {
		log  trailLog
		most int64
	}{{changeLog, l.Changes}, {auditLog, l.Others}} {
		if of.most == 0 && l.Before.IsZero() {
			continue
		}
		if err := s.number(ctx, of.log, space); err != nil {
			return err
		}
		if !l.Before.IsZero() {
			if err := s.trim(ctx, of.log, space, "at < $1", l.Before.UnixMicro()); err != nil {
				return err
			}
		}
		if of.most == 0 {
			continue
		}
		var last int64 // of those that go
		beyond, err := one(ctx, s.engine.Read, "SELECT n FROM "+of.log.table+" WHERE space = $1 AND n > 0 ORDER BY n DESC LIMIT 1 OFFSET "+
			strconv.FormatInt(of.most, 10), []any{space}, &last)
		if err == nil && beyond {
			err = s.trim(ctx, of.log, space, "n <= $1", last)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// trim removes the first rows of a log as long as they meet a condition on $1.
func (s *Store) trim(ctx context.Context, l trailLog, space int64, condition string, bound int64) error {
	for {
		// By the index of n: times hardly ever run against it, and what does goes later.
		var stop, last int64
		_, err := one(ctx, s.engine.Read, fmt.Sprintf(`SELECT COALESCE(max(n), 0), COALESCE(max(CASE WHEN %s THEN n END), 0)
FROM (SELECT n, at FROM %s WHERE space = $2 AND n > 0 ORDER BY n LIMIT CAST($3 AS bigint)) f`, condition, l.table), []any{bound, space, int64(trimBatch)}, &stop, &last)
		if err != nil || last == 0 {
			return err
		}
		err = s.engine.Transact(ctx, func(c Conn) error {
			_, err := c.Exec(context.WithoutCancel(ctx), "DELETE FROM "+l.table+" WHERE "+condition+" AND space = $2 AND n > 0 AND n <= $3", bound, space, last)
			return err
		})
		if err != nil || last < stop {
			return err
		}
	}
}
