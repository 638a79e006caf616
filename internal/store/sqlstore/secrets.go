package sqlstore

import (
	"slices"

	"github.com/scimd/scimd/internal/store"
)

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
	for _, row := range rows {
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
	all := map[string]store.Sealed{}
	rows, err := t.conn.Query(t.ctx, "SELECT name, key, sealed FROM secret_r WHERE space = $1 AND seq = $2", t.space, seq)
	err = each(rows, err, func(rows Rows) error {
		var name string
		var s store.Sealed
		err := rows.Scan(&name, &s.Key, &s.Data)
		all[name] = s
		return err
	})
	return all, t.spoilt(err)
}
