package sqlstore

import (
	"context"
	"time"

	"github.com/scimd/scimd/internal/store"
)

const tokenColumns = "id, tenant, name, hash, rights, principal_kind, principal_id, principal_display, created, expires, revoked"

// CreateToken implements store.Admin.
func (s *Store) CreateToken(ctx context.Context, t store.Token) error {
	return s.engine.Transact(ctx, func(c Conn) error {
		// The lock keeps the tenant until the token is there.
		if _, err := readTenant(context.WithoutCancel(ctx), c, t.Tenant, s.engine.Dialect.ForShare); err != nil {
			return err
		}
		n, err := c.Exec(context.WithoutCancel(ctx), "INSERT INTO token ("+tokenColumns+
			") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
			t.ID, t.Tenant, t.Name, t.Hash[:], t.Rights, t.Principal.Kind, t.Principal.ID, t.Principal.Display,
			t.Created.UnixMicro(), microsOrNil(t.Expires), microsOrNil(t.Revoked))
		if err != nil || n == 1 {
			return err
		}
		return takenToken(context.WithoutCancel(ctx), c, &t)
	})
}

// RenewToken implements store.Admin.
func (s *Store) RenewToken(ctx context.Context, t store.Token) (bool, error) {
	var n int64
	err := s.engine.Transact(ctx, func(c Conn) (err error) {
		n, err = c.Exec(context.WithoutCancel(ctx), "UPDATE token SET name = $1, rights = $2, expires = $3, revoked = NULL WHERE tenant = $4 AND hash = $5",
			t.Name, t.Rights, microsOrNil(t.Expires), t.Tenant, t.Hash[:])
		return err
	})
	return n > 0, err
}

// takenToken tells which key of a token is in use.
func takenToken(ctx context.Context, c Conn, t *store.Token) error {
	for _, key := range []struct {
		attr, where string
		args        []any
	}{
		{"id", "id = $1", []any{t.ID}},
		{"hash", "hash = $1", []any{t.Hash[:]}},
	} {
		var id string
		if ok, err := one(ctx, c, "SELECT id FROM token WHERE "+key.where, key.args, &id); err != nil {
			return err
		} else if ok {
			return &store.TakenError{Attr: key.attr}
		}
	}
	return &store.TakenError{Attr: "name"}
}

func microsOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

func fromMicrosOrNil(us *int64) time.Time {
	if us == nil {
		return time.Time{}
	}
	return fromMicros(*us)
}

func readTokens(ctx context.Context, c Conn, where string, args ...any) ([]store.Token, error) {
	var list []store.Token
	rows, err := c.Query(ctx, "SELECT "+tokenColumns+" FROM token WHERE "+where, args...)
	err = each(rows, err, func(rows Rows) error {
		var t store.Token
		var hash []byte
		var created int64
		var expires, revoked *int64
		if err := rows.Scan(&t.ID, &t.Tenant, &t.Name, &hash, &t.Rights, &t.Principal.Kind, &t.Principal.ID, &t.Principal.Display,
			&created, &expires, &revoked); err != nil {
			return err
		}
		copy(t.Hash[:], hash)
		t.Created, t.Expires, t.Revoked = fromMicros(created), fromMicrosOrNil(expires), fromMicrosOrNil(revoked)
		list = append(list, t)
		return nil
	})
	return list, err
}

// TokenByHash implements store.Admin.
func (s *Store) TokenByHash(ctx context.Context, hash [32]byte) (store.Token, error) {
	list, err := readTokens(ctx, s.engine.Read, "hash = $1", hash[:])
	switch {
	case err != nil:
		return store.Token{}, err
	case len(list) == 0:
		return store.Token{}, store.ErrNotFound
	}
	return list[0], nil
}

// Tokens implements store.Admin; the list is in order of creation.
func (s *Store) Tokens(ctx context.Context, tenant int64) ([]store.Token, error) {
	return readTokens(ctx, s.engine.Read, "tenant = $1 ORDER BY created, id", tenant)
}

// RevokeToken implements store.Admin. An id goes before a name.
func (s *Store) RevokeToken(ctx context.Context, tenant int64, idOrName string, at time.Time) (store.Token, error) {
	var revoked store.Token
	err := s.engine.Transact(ctx, func(c Conn) error {
		ctx := context.WithoutCancel(ctx)
		list, err := readTokens(ctx, c, "tenant = $1 AND revoked IS NULL AND (id = $2 OR name = $2) ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END"+
			s.engine.Dialect.ForUpdate, tenant, idOrName)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return store.ErrNotFound
		}
		revoked = list[0]
		revoked.Revoked = fromMicros(at.UnixMicro())
		_, err = c.Exec(ctx, "UPDATE token SET revoked = $1 WHERE id = $2", at.UnixMicro(), revoked.ID)
		return err
	})
	if err != nil {
		return store.Token{}, err
	}
	return revoked, nil
}

// ClaimOnce implements store.Admin.
func (s *Store) ClaimOnce(ctx context.Context, key string) (bool, error) {
	first := false
	err := s.engine.Transact(ctx, func(c Conn) error {
		n, err := c.Exec(context.WithoutCancel(ctx), "INSERT INTO claim (key) VALUES ($1) ON CONFLICT DO NOTHING", key)
		first = n == 1
		return err
	})
	return first && err == nil, err
}

// Setting implements store.Admin.
func (s *Store) Setting(ctx context.Context, key string) (value string, ok bool, err error) {
	ok, err = one(ctx, s.engine.Read, "SELECT value FROM setting WHERE key = $1", []any{key}, &value)
	return value, ok, err
}

// SetSetting implements store.Admin.
func (s *Store) SetSetting(ctx context.Context, key, value string) (string, error) {
	if stored, ok, err := s.Setting(ctx, key); ok || err != nil {
		return stored, err
	}
	err := s.engine.Transact(ctx, func(c Conn) error {
		ctx := context.WithoutCancel(ctx)
		if tenant, ok := store.SettingTenant(key); ok {
			// The lock keeps the tenant until the setting is there.
			if _, err := readTenant(ctx, c, tenant, s.engine.Dialect.ForShare); err != nil {
				return err
			}
		}
		_, err := c.Exec(ctx, "INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", key, value)
		return err
	})
	if err != nil {
		return "", err
	}
	stored, _, err := s.Setting(ctx, key)
	return stored, err
}

// DropSetting implements store.Admin.
func (s *Store) DropSetting(ctx context.Context, key string) error {
	return s.engine.Transact(ctx, func(c Conn) error {
		_, err := c.Exec(context.WithoutCancel(ctx), "DELETE FROM setting WHERE key = $1", key)
		return err
	})
}
