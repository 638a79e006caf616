package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// noDataKey is the error of a value whose data key cannot be had: it was removed
// before this process learnt that it had retired.
func noDataKey(id string, err error) error {
	if err != nil {
		return err
	}
	return scimerr.Unavailable(fmt.Errorf("there is no data key %s any more", id))
}

// SetSecrets implements store.Tx.
func (t *tx) SetSecrets(seq int64, sealed map[string]store.Sealed) error {
	var gone []string
	var rows [][]any
	for name, s := range sealed {
		if s.Data == nil {
			gone = append(gone, name)
		} else {
			rows = append(rows, []any{t.space, seq, name, s.Key, s.Data})
		}
	}
	if len(gone) > 0 {
		slices.Sort(gone)
		_, err := t.conn.Exec(t.ctx, "DELETE FROM secret_r WHERE space = $1 AND seq = $2 AND "+t.engine.Dialect.InTexts("name", "$3"),
			t.space, seq, t.engine.Dialect.Texts(gone))
		if err != nil {
			return t.spoilt(err)
		}
	}
	// In one order, so that a change of keys (Reseal) and this one do not block each
	// other.
	slices.SortFunc(rows, func(a, b []any) int { return strings.Compare(a[2].(string), b[2].(string)) })
	held := ""
	for _, row := range rows {
		if key := row[3].(string); key != held {
			if ok, err := t.holdDataKey(t.ctx, t.conn, key); err != nil || !ok {
				return t.spoilt(noDataKey(key, err))
			}
			held = key
		}
		_, err := t.conn.Exec(t.ctx, "INSERT INTO secret_r (space, seq, name, key, sealed) VALUES ($1, $2, $3, $4, $5)"+
			" ON CONFLICT (space, seq, name) DO UPDATE SET key = excluded.key, sealed = excluded.sealed", row...)
		if err != nil {
			return t.spoilt(err)
		}
	}
	return nil
}

// Secrets implements store.Tx.
func (t *tx) Secrets(seq int64) (map[string]store.Sealed, error) {
	all, err := readSecrets(t.ctx, t.conn, t.space, seq)
	return all, t.spoilt(err)
}

// Secrets implements store.Store.
func (s *Store) Secrets(ctx context.Context, space, seq int64) (map[string]store.Sealed, error) {
	return readSecrets(ctx, s.engine.Read, space, seq)
}

func readSecrets(ctx context.Context, c Conn, space, seq int64) (map[string]store.Sealed, error) {
	all := map[string]store.Sealed{}
	rows, err := c.Query(ctx, "SELECT name, key, sealed FROM secret_r WHERE space = $1 AND seq = $2", space, seq)
	return all, each(rows, err, func(rows Rows) error {
		var name string
		var s store.Sealed
		err := rows.Scan(&name, &s.Key, &s.Data)
		all[name] = s
		return err
	})
}

// Confidential implements store.Store.
func (s *Store) Confidential(ctx context.Context, space int64, seqs []int64) (map[int64]store.Confidential, error) {
	out := map[int64]store.Confidential{}
	if len(seqs) == 0 {
		return out, nil
	}
	in := s.engine.Dialect.InNumbers("seq", "$2")
	rows, err := s.engine.Read.Query(ctx, "SELECT seq, hash FROM password WHERE space = $1 AND "+in, space, s.engine.Dialect.Numbers(seqs))
	err = each(rows, err, func(rows Rows) error {
		var seq int64
		var hash []byte
		err := rows.Scan(&seq, &hash)
		out[seq] = store.Confidential{Password: hash}
		return err
	})
	if err != nil {
		return nil, err
	}
	rows, err = s.engine.Read.Query(ctx, "SELECT seq, name, key, sealed FROM secret_r WHERE space = $1 AND "+in, space, s.engine.Dialect.Numbers(seqs))
	err = each(rows, err, func(rows Rows) error {
		var seq int64
		var name string
		var sealed store.Sealed
		if err := rows.Scan(&seq, &name, &sealed.Key, &sealed.Data); err != nil {
			return err
		}
		x := out[seq]
		if x.Secrets == nil {
			x.Secrets = map[string]store.Sealed{}
		}
		x.Secrets[name] = sealed
		out[seq] = x
		return nil
	})
	return out, err
}
