package sqlstore

import "context"

// Conn runs statements: a pool, or the connection of a transaction. SQL has
// placeholders $1…$n; values reach it only through them. Errors are those of
// package store and scimerr where the engine knows them by their code.
type Conn interface {
	// Exec runs a statement and tells how many rows it changed.
	Exec(ctx context.Context, sql string, args ...any) (rows int64, err error)
	// Query runs a statement whose plan does not depend on its values.
	Query(ctx context.Context, sql string, args ...any) (Rows, error)
	// Search runs a statement that must be planned for its values.
	Search(ctx context.Context, sql string, args ...any) (Rows, error)
}

// Rows are the rows of an answer. Err and Close must be called at the end.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// each calls row for every row of an answer.
func each(rows Rows, err error, row func(Rows) error) error {
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := row(rows); err != nil {
			_ = rows.Close()
			return err
		}
	}
	err = rows.Err()
	if e := rows.Close(); err == nil {
		err = e
	}
	return err
}

// one reads the first row of an answer into dest; ok is false without one.
func one(ctx context.Context, c Conn, sql string, args []any, dest ...any) (ok bool, err error) {
	rows, err := c.Query(ctx, sql, args...)
	err = each(rows, err, func(r Rows) error {
		if ok {
			return nil
		}
		ok = true
		return r.Scan(dest...)
	})
	return ok && err == nil, err
}
