package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// SpaceTables are the tables that hold what belongs to a space, each with the
// rest of its primary key.
var SpaceTables = []struct {
	Table string
	Key   []string
}{
	{"edge", []string{"relation", "src", "dst"}},
	{"value_r", []string{"seq", "attr", "ord"}},
	{"resource_unique", []string{"attr", "v"}},
	{"password", []string{"seq"}},
	{"secret_r", []string{"seq", "name"}},
	{"user_r", []string{"seq"}},
	{"group_r", []string{"seq"}},
	{"container_r", []string{"seq"}},
	{"account_r", []string{"seq"}},
	{"container_permission_r", []string{"seq"}},
	{"account_permission_r", []string{"seq"}},
	{"resource_r", []string{"seq"}},
	{"event", []string{"k"}},
	{"audit", []string{"k"}},
	{"named_lock", []string{"name"}},
}

// sweepBatch is how many rows of a deleted tenant one transaction removes.
const sweepBatch = 2000

// Sweep implements store.Admin.
func (s *Store) Sweep(ctx context.Context, settled time.Time) error {
	type doomed struct{ space, since int64 }
	var list []doomed
	rows, err := s.engine.Read.Query(ctx, "SELECT space, since FROM doomed_space ORDER BY since, space")
	err = each(rows, err, func(rows Rows) error {
		var d doomed
		err := rows.Scan(&d.space, &d.since)
		list = append(list, d)
		return err
	})
	if err != nil {
		return err
	}
	var failed []error
	for _, d := range list {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(failed, err)...)
		}
		if err := s.sweepSpace(ctx, d.space, d.since < settled.UnixMicro()); err != nil { // the others can go all the same
			failed = append(failed, fmt.Errorf("sweep the space %d: %w", d.space, err))
		}
	}
	return errors.Join(failed...)
}

// sweepSpace removes what is in a space and, when nothing more can come to be in
// it, the note that it is doomed.
func (s *Store) sweepSpace(ctx context.Context, space int64, done bool) (err error) {
	for _, t := range SpaceTables {
		for more := true; more; {
			if more, err = s.sweepSome(ctx, t.Table, t.Key, space); err != nil {
				return err
			}
		}
	}
	if !done {
		return nil
	}
	return s.engine.Transact(ctx, func(c Conn) error {
		ctx := context.WithoutCancel(ctx)
		for _, l := range []trailLog{changeLog, auditLog} {
			if _, err := c.Exec(ctx, "DELETE FROM allocator WHERE name = $1", l.allocator(space)); err != nil {
				return err
			}
		}
		_, err := c.Exec(ctx, "DELETE FROM doomed_space WHERE space = $1", space)
		return err
	})
}

// sweepSome removes the first rows of a space from a table, by ranges of the
// primary key, so that no batch looks at rows of another. more tells whether
// there were too many for one batch.
func (s *Store) sweepSome(ctx context.Context, table string, key []string, space int64) (more bool, err error) {
	columns := strings.Join(key, ", ")
	last := make([]any, len(key))
	dest := make([]any, len(key))
	for i := range last {
		dest[i] = &last[i]
	}
	var found int64
	some, err := one(ctx, s.engine.Read, "SELECT 1 FROM "+table+" WHERE space = $1 LIMIT 1", []any{space}, &found)
	if err != nil || !some {
		return false, err
	}
	more, err = one(ctx, s.engine.Read, fmt.Sprintf("SELECT %s FROM %s WHERE space = $1 ORDER BY %s LIMIT 1 OFFSET %d",
		columns, table, columns, sweepBatch-1),
		[]any{space}, dest...)
	if err != nil {
		return false, err
	}
	sql, args := "DELETE FROM "+table+" WHERE space = $1", []any{space}
	if more {
		marks := make([]string, len(key))
		for i := range key {
			marks[i] = fmt.Sprintf("$%d", i+2)
		}
		sql += fmt.Sprintf(" AND (%s) <= (%s)", columns, strings.Join(marks, ", "))
		args = append(args, last...)
	}
	return more, s.engine.Transact(ctx, func(c Conn) error {
		_, err := c.Exec(context.WithoutCancel(ctx), sql, args...)
		return err
	})
}
