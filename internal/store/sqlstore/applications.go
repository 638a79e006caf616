package sqlstore

import (
	"context"
	"time"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

const applicationColumns = "tenant, id, client_id, user_id, secret, epoch, scopes, rights, lifetime, " +
	"public, grants, redirects, refresh_lifetime, rotates, person_rights, created, rotated"

func readApplications(ctx context.Context, c Conn, where string, args ...any) ([]store.Application, error) {
	var list []store.Application
	rows, err := c.Query(ctx, "SELECT "+applicationColumns+" FROM application WHERE "+where, args...)
	err = each(rows, err, func(rows Rows) error {
		var a store.Application
		var lifetime, public, refresh, rotates, created int64
		var rotated *int64
		err := rows.Scan(&a.Tenant, &a.ID, &a.ClientID, &a.UserID, &a.Secret, &a.Epoch, &a.Scopes, &a.Rights, &lifetime,
			&public, &a.Grants, &a.Redirects, &refresh, &rotates, &a.PersonRights, &created, &rotated)
		a.Public, a.Rotates, a.RefreshLifetime = public != 0, rotates != 0, time.Duration(refresh)*time.Second
		a.Lifetime, a.Created, a.Rotated = time.Duration(lifetime)*time.Second, fromMicros(created), fromMicrosOrNil(rotated)
		list = append(list, a)
		return err
	})
	return list, err
}

func theApplication(list []store.Application, err error) (store.Application, error) {
	switch {
	case err != nil:
		return store.Application{}, err
	case len(list) == 0:
		return store.Application{}, store.ErrNotFound
	}
	return list[0], nil
}

// Applications implements store.Admin.
func (s *Store) Applications(ctx context.Context, tenant int64) ([]store.Application, error) {
	return readApplications(ctx, s.engine.Read, "tenant = $1 ORDER BY id_key", tenant)
}

// Application implements store.Admin.
func (s *Store) Application(ctx context.Context, tenant int64, id string) (store.Application, error) {
	return theApplication(readApplications(ctx, s.engine.Read, "tenant = $1 AND id_key = $2", tenant, schema.Fold(id)))
}

// ApplicationByClient implements store.Admin.
func (s *Store) ApplicationByClient(ctx context.Context, tenant int64, clientID string) (store.Application, error) {
	return theApplication(readApplications(ctx, s.engine.Read, "tenant = $1 AND client_key = $2", tenant, schema.Fold(clientID)))
}

// RotateApplication implements store.Admin.
func (s *Store) RotateApplication(ctx context.Context, tenant int64, id, secret, epoch string, at time.Time) (store.Application, error) {
	var after store.Application
	err := s.engine.Transact(ctx, func(c Conn) error {
		ctx := context.WithoutCancel(ctx)
		_, err := c.Exec(ctx, "UPDATE application SET secret = $1, epoch = $2, rotated = $3 WHERE tenant = $4 AND id_key = $5",
			secret, epoch, at.UnixMicro(), tenant, schema.Fold(id))
		if err != nil {
			return err
		}
		after, err = theApplication(readApplications(ctx, c, "tenant = $1 AND id_key = $2", tenant, schema.Fold(id)))
		return err
	})
	return after, err
}

// UpdateApplication implements store.Admin.
func (s *Store) UpdateApplication(ctx context.Context, a store.Application) error {
	return s.engine.Transact(ctx, func(c Conn) error {
		n, err := c.Exec(context.WithoutCancel(ctx), "UPDATE application SET scopes = $1, rights = $2, lifetime = $3, public = $4, grants = $5, redirects = $6,"+
			" refresh_lifetime = $7, rotates = $8, person_rights = $9 WHERE tenant = $10 AND id_key = $11",
			a.Scopes, a.Rights, int64(a.Lifetime/time.Second), flag(a.Public), a.Grants, a.Redirects, int64(a.RefreshLifetime/time.Second),
			flag(a.Rotates), a.PersonRights, a.Tenant, schema.Fold(a.ID))
		if err == nil && n == 0 {
			err = store.ErrNotFound
		}
		return err
	})
}

// AddApplication implements store.Tx.
func (t *tx) AddApplication(a store.Application) error {
	// It and its service user come and go together.
	if err := t.Stay(a.Tenant); err != nil {
		return err
	}
	n, err := t.conn.Exec(t.ctx, "INSERT INTO application (id_key, client_key, "+applicationColumns+
		") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) ON CONFLICT DO NOTHING",
		schema.Fold(a.ID), schema.Fold(a.ClientID), a.Tenant, a.ID, a.ClientID, a.UserID, a.Secret, a.Epoch, a.Scopes, a.Rights,
		int64(a.Lifetime/time.Second), flag(a.Public), a.Grants, a.Redirects, int64(a.RefreshLifetime/time.Second), flag(a.Rotates),
		a.PersonRights, a.Created.UnixMicro(), microsOrNil(a.Rotated))
	if err != nil || n == 1 {
		return t.spoilt(err)
	}
	list, err := readApplications(t.ctx, t.conn, "tenant = $1 AND id_key = $2", a.Tenant, schema.Fold(a.ID))
	if err != nil {
		return t.spoilt(err)
	}
	if len(list) > 0 {
		return &store.TakenError{Attr: "id"}
	}
	return &store.TakenError{Attr: "client"}
}

// Stay implements store.Tx.
func (t *tx) Stay(tenant int64) error {
	row, err := readTenant(t.ctx, t.conn, tenant, t.engine.Dialect.ForShare)
	if err == nil && row.Space != t.space {
		err = store.ErrMoved
	}
	return t.spoilt(err)
}

// RemoveApplication implements store.Tx.
func (t *tx) RemoveApplication(tenant int64, id string) error {
	if err := t.Stay(tenant); err != nil {
		return err
	}
	n, err := t.conn.Exec(t.ctx, "DELETE FROM application WHERE tenant = $1 AND id_key = $2", tenant, schema.Fold(id))
	if err == nil && n == 0 {
		err = store.ErrNotFound
	}
	return t.spoilt(err)
}
