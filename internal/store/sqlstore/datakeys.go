package sqlstore

import (
	"context"
	"time"

	"github.com/scimd/scimd/internal/store"
)

// DataKeys implements store.Admin.
func (s *Store) DataKeys(ctx context.Context) ([]store.DataKey, error) {
	return readDataKeys(ctx, s.engine.Read, "")
}

func readDataKeys(ctx context.Context, c Conn, lock string) ([]store.DataKey, error) {
	var list []store.DataKey
	rows, err := c.Query(ctx, "SELECT id, nr, master, wrapped, created, retired FROM data_key ORDER BY nr"+lock)
	err = each(rows, err, func(rows Rows) error {
		var k store.DataKey
		var created int64
		var retired *int64
		err := rows.Scan(&k.ID, &k.Nr, &k.Master, &k.Wrapped, &created, &retired)
		k.Created, k.Retired = fromMicros(created), fromMicrosOrNil(retired)
		list = append(list, k)
		return err
	})
	return list, err
}

// changeDataKeys runs fn in a transaction that no other change of the data keys
// runs beside: each locks the master key's fingerprint, which has to be master.
func (s *Store) changeDataKeys(ctx context.Context, master string, fn func(context.Context, Conn) error) error {
	return s.engine.Transact(ctx, func(c Conn) error {
		ctx := context.WithoutCancel(ctx)
		var stored string
		_, err := one(ctx, c, "SELECT value FROM setting WHERE key = $1"+s.engine.Dialect.ForUpdate, []any{store.MasterSetting}, &stored)
		if err != nil {
			return err
		}
		if stored != master {
			return store.ErrMaster
		}
		return fn(ctx, c)
	})
}

// AddDataKey implements store.Admin.
func (s *Store) AddDataKey(ctx context.Context, k store.DataKey) (added bool, err error) {
	err = s.changeDataKeys(ctx, k.Master, func(ctx context.Context, c Conn) error {
		var found int64
		older, err := one(ctx, c, "SELECT 1 FROM data_key WHERE nr >= $1", []any{k.Nr}, &found)
		if added = !older; err != nil || !added {
			return err
		}
		if _, err := c.Exec(ctx, "UPDATE data_key SET retired = $1 WHERE retired IS NULL", k.Created.UnixMicro()); err != nil {
			return err
		}
		_, err = c.Exec(ctx, "INSERT INTO data_key (id, nr, master, wrapped, created, retired) VALUES ($1, $2, $3, $4, $5, NULL)",
			k.ID, k.Nr, k.Master, k.Wrapped, k.Created.UnixMicro())
		return err
	})
	return added && err == nil, err
}

// RewrapDataKeys implements store.Admin.
func (s *Store) RewrapDataKeys(ctx context.Context, from, to string, rewrap func(store.DataKey) ([]byte, error)) error {
	return s.changeDataKeys(ctx, from, func(ctx context.Context, c Conn) error {
		list, err := readDataKeys(ctx, c, "")
		if err != nil {
			return err
		}
		for _, k := range list {
			var wrapped []byte
			if err := safely(func() (err error) { wrapped, err = rewrap(k); return err }); err != nil {
				return err
			}
			if _, err := c.Exec(ctx, "UPDATE data_key SET master = $1, wrapped = $2 WHERE id = $3", to, wrapped, k.ID); err != nil {
				return err
			}
		}
		_, err = c.Exec(ctx, "UPDATE setting SET value = $1 WHERE key = $2", to, store.MasterSetting)
		return err
	})
}

// DropDataKeys implements store.Admin.
func (s *Store) DropDataKeys(ctx context.Context, retired time.Time) ([]string, error) {
	list, err := s.DataKeys(ctx)
	if err != nil {
		return nil, err
	}
	var dropped []string
	for _, k := range list {
		if k.Retired.IsZero() || !k.Retired.Before(retired) {
			continue
		}
		gone := false
		err := s.engine.Transact(ctx, func(c Conn) error {
			gone, err = s.dropDataKey(context.WithoutCancel(ctx), c, k.ID)
			return err
		})
		if err != nil {
			return dropped, err
		}
		if gone {
			dropped = append(dropped, k.ID)
		}
	}
	return dropped, nil
}

// dropDataKey removes a data key without values. Its lock waits for those who are
// about to store one (holdDataKey), before values are looked for.
func (s *Store) dropDataKey(ctx context.Context, c Conn, id string) (gone bool, err error) {
	var found string
	if ok, err := one(ctx, c, "SELECT id FROM data_key WHERE id = $1"+s.engine.Dialect.ForUpdate, []any{id}, &found); err != nil || !ok {
		return false, err
	}
	for _, col := range sealedColumns {
		var n int64
		if used, err := one(ctx, c, "SELECT 1 FROM "+col.table+" WHERE "+col.key+" = $1 LIMIT 1", []any{id}, &n); err != nil || used {
			return false, err
		}
	}
	n, err := c.Exec(ctx, "DELETE FROM data_key WHERE id = $1", id)
	return n == 1, err
}

// holdDataKey keeps a data key for as long as the transaction runs; ok is false
// when it is not there.
func (s *Store) holdDataKey(ctx context.Context, c Conn, id string) (ok bool, err error) {
	var found string
	return one(ctx, c, "SELECT id FROM data_key WHERE id = $1"+s.engine.Dialect.ForShare, []any{id}, &found)
}
