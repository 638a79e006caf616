package postgres

import (
	"context"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/store/sqlstore"
)

// ledger implements sqlstore.Ledger with statements of their own, which are
// committed at once. It has a connection apart from the pool, as it is asked from
// within transactions, which hold theirs.
type ledger struct{ conn conn }

// value reads one number or text; ok is false without a row.
func value[T any](ctx context.Context, c conn, sql string, args ...any) (v T, ok bool, err error) {
	rows, err := c.Query(ctx, sql, args...)
	if err != nil {
		return v, false, err
	}
	defer func() { _ = rows.Close() }()
	if rows.Next() {
		ok = true
		if err := rows.Scan(&v); err != nil {
			return v, false, err
		}
	}
	_ = rows.Close()
	err = rows.Err()
	return v, ok && err == nil, err
}

// Reserve implements sqlstore.Ledger.
func (l *ledger) Reserve(ctx context.Context, name string, n int64) (int64, error) {
	next, _, err := value[int64](ctx, l.conn, `INSERT INTO allocator AS a (name, next) VALUES ($1, $2 + 1)
ON CONFLICT (name) DO UPDATE SET next = a.next + $2 RETURNING next`, name, n)
	return next - n, err
}

// TypeNumber implements sqlstore.Ledger.
func (l *ledger) TypeNumber(ctx context.Context, name string, create bool) (int64, bool, error) {
	find := func() (int64, bool, error) {
		return value[int64](ctx, l.conn, "SELECT nr FROM resource_type WHERE name = $1", name)
	}
	nr, ok, err := find()
	if ok || err != nil || !create {
		return nr, ok, err
	}
	if nr, err = l.Reserve(ctx, sqlstore.TypeAllocator, 1); err != nil {
		return 0, false, err
	}
	if _, err = l.conn.Exec(ctx, "INSERT INTO resource_type (nr, name) VALUES ($1, $2) ON CONFLICT DO NOTHING", nr, name); err != nil {
		return 0, false, err
	}
	return find()
}

// TypeName implements sqlstore.Ledger.
func (l *ledger) TypeName(ctx context.Context, nr int64) (string, bool, error) {
	return value[string](ctx, l.conn, "SELECT name FROM resource_type WHERE nr = $1", nr)
}

// AttributeNumber implements sqlstore.Ledger.
func (l *ledger) AttributeNumber(ctx context.Context, typeNr int64, path string, kind filter.KeyKind, create bool) (int64, bool, error) {
	find := func() (int64, bool, error) {
		return value[int64](ctx, l.conn, "SELECT nr FROM attribute WHERE type = $1 AND path = $2 AND kind = $3", typeNr, path, int64(kind))
	}
	nr, ok, err := find()
	if ok || err != nil || !create {
		return nr, ok, err
	}
	if nr, err = l.Reserve(ctx, sqlstore.AttributeAllocator, 1); err != nil {
		return 0, false, err
	}
	_, err = l.conn.Exec(ctx, "INSERT INTO attribute (nr, type, path, kind) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
		nr, typeNr, path, int64(kind))
	if err != nil {
		return 0, false, err
	}
	return find()
}
