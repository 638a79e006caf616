package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// sweepBatch is how many rows of a table one transaction removes.
const sweepBatch = 2000

// Sweep implements store.Admin.
func (s *Store) Sweep(ctx context.Context, settled time.Time, idle func(space int64) bool) error {
	var list []doomed
	rows, err := s.engine.Read.Query(ctx, "SELECT space, since, kept FROM doomed_space ORDER BY since, space")
	err = each(rows, err, func(rows Rows) error {
		var d doomed
		var kept int64
		err := rows.Scan(&d.space, &d.since, &kept)
		d.kept = kept != 0
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
		done := d.since < settled.UnixMicro() || idle != nil && idle(d.space)
		if d.kept && !done {
			continue
		}
		if err := s.sweepSpace(ctx, d, done); err != nil { // the others can go all the same
			failed = append(failed, fmt.Errorf("sweep the space %d: %w", d.space, err))
		}
	}
	return errors.Join(failed...)
}

// sweepSpace removes what is in a space and, when nothing more can come to be in
// it, the note that it is doomed; until then it is left alone, so that no sweep looks
// through what others have swept. What is a tenant's own stays with the tenant, and
// all of what a snapshot or a tenant has come to lead to.
func (s *Store) sweepSpace(ctx context.Context, d doomed, done bool) error {
	used, err := ledTo(ctx, s.engine.Read, d.space)
	if err != nil {
		return err
	}
	var found int64
	home, err := one(ctx, s.engine.Read, "SELECT 1 FROM tenant WHERE home = $1", []any{d.space}, &found)
	if err != nil {
		return err
	}
	var rest []removal
	for i := range SpaceTables {
		t := &SpaceTables[i]
		if used || home && t.Home {
			continue
		}
		r := removal{SpaceTable: t, space: d.space}
		if home {
			r.where = t.Resources
		}
		last, err := s.sweepTable(ctx, &r)
		if err != nil {
			return err
		}
		if last {
			rest = append(rest, r)
		}
	}
	err = s.engine.Transact(ctx, func(c Conn) error {
		ctx := context.WithoutCancel(ctx)
		for _, r := range rest {
			if _, err := c.Exec(ctx, r.sql(), r.space); err != nil {
				return err
			}
		}
		if !done {
			_, err := c.Exec(ctx, "UPDATE doomed_space SET kept = 1 WHERE space = $1 AND since = $2", d.space, d.since)
			return err
		}
		for _, l := range []trailLog{changeLog, auditLog} {
			if home {
				break
			}
			if _, err := c.Exec(ctx, "DELETE FROM allocator WHERE name = $1", l.allocator(d.space)); err != nil {
				return err
			}
		}
		_, err := c.Exec(ctx, "DELETE FROM doomed_space WHERE space = $1 AND since = $2", d.space, d.since)
		return err
	})
	if err == nil && done {
		s.statistics.forget(d.space)
	}
	return err
}

// removal is what of a table goes.
type removal struct {
	*SpaceTable
	space int64
	where string
}

// of is a condition on the rows that go, in the space $1.
func (r *removal) of() string {
	if r.where == "" {
		return "space = $1"
	}
	return "space = $1 AND " + r.where
}

func (r *removal) sql() string { return "DELETE FROM " + r.Table + " WHERE " + r.of() }

// sweepTable removes rows in batches for as long as there are more than one holds;
// last tells that there are some still.
func (s *Store) sweepTable(ctx context.Context, r *removal) (last bool, err error) {
	var found int64
	some, err := one(ctx, s.engine.Read, "SELECT 1 FROM "+r.Table+" WHERE "+r.of()+" LIMIT 1", []any{r.space}, &found)
	for more := some; more && err == nil; {
		more, err = s.sweepSome(ctx, r)
	}
	return some, err
}

// sweepSome removes the first rows of a space from a table, by ranges of the
// primary key, so that no batch looks at rows of another; none when there are too
// few for a batch.
func (s *Store) sweepSome(ctx context.Context, r *removal) (more bool, err error) {
	columns := strings.Join(r.Key, ", ")
	last := make([]any, len(r.Key))
	dest := make([]any, len(r.Key))
	for i := range last {
		dest[i] = &last[i]
	}
	more, err = one(ctx, s.engine.Read, fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT 1 OFFSET %d", columns, r.Table, r.of(), columns, sweepBatch-1),
		[]any{r.space}, dest...)
	if err != nil || !more {
		return false, err
	}
	marks := make([]string, len(r.Key))
	for i := range r.Key {
		marks[i] = fmt.Sprintf("$%d", i+2)
	}
	sql := r.sql() + fmt.Sprintf(" AND (%s) <= (%s)", columns, strings.Join(marks, ", "))
	return true, s.engine.Transact(ctx, func(c Conn) error {
		_, err := c.Exec(context.WithoutCancel(ctx), sql, append([]any{r.space}, last...)...)
		return err
	})
}
