package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/scimd/scimd/internal/store"
)

// sealedColumn is a column of sealed values with what belongs to it: the column
// with the id of the data key, which an index has first, before the primary key.
type sealedColumn struct {
	table, sealed, key string
	primary            []string
	// context is what a value was sealed for, from the values of the primary key.
	context func(primary []any) []byte
}

// sealedColumns are all of them: what stands here takes part in the rotation of
// keys.
var sealedColumns = []sealedColumn{
	{"secret_r", "sealed", "key", []string{"space", "seq", "name"}, func(primary []any) []byte {
		return store.SecretContext(primary[1].(int64), primary[2].(string))
	}},
}

// resealBatch is how many values one transaction of Reseal changes.
const resealBatch = 200

// sealedRow is a sealed value and the values of its primary key.
type sealedRow struct {
	store.Sealed
	primary []any
}

// sealedRows reads up to limit values that a data key sealed, after a primary key.
func (col *sealedColumn) sealedRows(ctx context.Context, c Conn, key string, after []any, limit int) ([]sealedRow, error) {
	columns := strings.Join(col.primary, ", ")
	var st statement
	sql := "SELECT " + col.sealed + ", " + columns + " FROM " + col.table + " WHERE " + col.key + " = " + st.arg(key)
	if after != nil {
		marks := make([]string, len(after))
		for i, v := range after {
			marks[i] = st.arg(v)
		}
		sql += " AND (" + columns + ") > (" + strings.Join(marks, ", ") + ")"
	}
	sql, args := st.finish(sql + " ORDER BY " + columns + fmt.Sprintf(" LIMIT %d", limit))
	var list []sealedRow
	rows, err := c.Query(ctx, sql, args...)
	err = each(rows, err, func(rows Rows) error {
		row := sealedRow{Sealed: store.Sealed{Key: key}, primary: make([]any, len(col.primary))}
		dest := []any{&row.Data}
		for i := range row.primary {
			dest = append(dest, &row.primary[i])
		}
		err := rows.Scan(dest...)
		list = append(list, row)
		return err
	})
	return list, err
}

// replace stores another sealed value if the row still has the one given.
func (col *sealedColumn) replace(ctx context.Context, c Conn, row *sealedRow, with store.Sealed) (done bool, err error) {
	var st statement
	sql := "UPDATE " + col.table + " SET " + col.key + " = " + st.arg(with.Key) + ", " + col.sealed + " = " + st.arg(with.Data) + " WHERE "
	for i, name := range col.primary {
		sql += name + " = " + st.arg(row.primary[i]) + " AND "
	}
	sql, args := st.finish(sql + col.key + " = " + st.arg(row.Key) + " AND " + col.sealed + " = " + st.arg(row.Data))
	n, err := c.Exec(ctx, sql, args...)
	return n == 1, err
}

// Sealed implements store.Admin.
func (s *Store) Sealed(ctx context.Context) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, col := range sealedColumns {
		rows, err := s.engine.Read.Query(ctx, "SELECT "+col.key+", count(*) FROM "+col.table+" GROUP BY "+col.key)
		err = each(rows, err, func(rows Rows) error {
			var key string
			var n int64
			err := rows.Scan(&key, &n)
			counts[key] += n
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// Reseal implements store.Admin.
func (s *Store) Reseal(ctx context.Context, key string, seal func(store.Sealed, []byte) (store.Sealed, error)) (store.Resealed, error) {
	var sum store.Resealed
	for i := range sealedColumns {
		col := &sealedColumns[i]
		var after []any
		for {
			if err := ctx.Err(); err != nil {
				return sum, err
			}
			list, err := col.sealedRows(ctx, s.engine.Read, key, after, resealBatch)
			if err != nil {
				return sum, err
			}
			if len(list) == 0 {
				break
			}
			after = list[len(list)-1].primary
			if err := s.resealSome(ctx, col, list, seal, &sum); err != nil {
				return sum, err
			}
		}
	}
	return sum, nil
}

// resealSome seals some values anew and stores them in one transaction.
func (s *Store) resealSome(ctx context.Context, col *sealedColumn, list []sealedRow, seal func(store.Sealed, []byte) (store.Sealed, error), sum *store.Resealed) error {
	with := make([]store.Sealed, len(list))
	failed := int64(0)
	for i, row := range list {
		sealed, err := seal(row.Sealed, col.context(row.primary))
		if err != nil {
			failed++
			continue
		}
		with[i] = sealed
	}
	var done int64
	err := s.engine.Transact(ctx, func(c Conn) error {
		ctx := context.WithoutCancel(ctx)
		done = 0
		held := ""
		for i := range list {
			if with[i].Data == nil {
				continue
			}
			if with[i].Key != held {
				held = with[i].Key
				if ok, err := s.holdDataKey(ctx, c, held); err != nil || !ok {
					return noDataKey(held, err)
				}
			}
			ok, err := col.replace(ctx, c, &list[i], with[i])
			if err != nil {
				return err
			}
			if ok {
				done++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	sum.Done, sum.Failed = sum.Done+done, sum.Failed+failed
	return nil
}
