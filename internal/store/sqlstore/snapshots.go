package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/scimd/scimd/internal/store"
)

const snapshotColumns = "tenant, name, space, created, resources"

func readSnapshots(ctx context.Context, c Conn, where string, args ...any) ([]store.Snapshot, error) {
	var list []store.Snapshot
	rows, err := c.Query(ctx, "SELECT "+snapshotColumns+" FROM snapshot WHERE "+where, args...)
	err = each(rows, err, func(rows Rows) error {
		var s store.Snapshot
		var created int64
		err := rows.Scan(&s.Tenant, &s.Name, &s.Space, &created, &s.Resources)
		s.Created = fromMicros(created)
		list = append(list, s)
		return err
	})
	return list, err
}

// theSnapshot is a snapshot by its name; ErrNotFound.
func theSnapshot(ctx context.Context, c Conn, tenant int64, name, lock string) (store.Snapshot, error) {
	list, err := readSnapshots(ctx, c, "tenant = $1 AND name = $2"+lock, tenant, name)
	if err == nil && len(list) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Snapshot{}, err
	}
	return list[0], nil
}

func addSnapshot(ctx context.Context, c Conn, n store.Snapshot) error {
	_, err := c.Exec(ctx, "INSERT INTO snapshot ("+snapshotColumns+") VALUES ($1, $2, $3, $4, $5)",
		n.Tenant, n.Name, n.Space, n.Created.UnixMicro(), n.Resources)
	return err
}

// Snapshots implements store.Snapshots.
func (s *Store) Snapshots(ctx context.Context, tenant int64) ([]store.Snapshot, error) {
	return readSnapshots(ctx, s.engine.Read, "tenant = $1 ORDER BY name", tenant)
}

// again does what copies a space until nobody gives that space up meanwhile.
func again[T any](do func() (T, error)) (T, error) {
	for {
		if v, err := do(); !errors.Is(err, store.ErrMoved) {
			return v, err
		}
	}
}

// SaveSnapshot implements store.Snapshots.
func (s *Store) SaveSnapshot(ctx context.Context, tenant int64, name string, replace bool, at time.Time) (store.Snapshot, error) {
	return again(func() (store.Snapshot, error) { return s.saveSnapshot(ctx, tenant, name, replace, at) })
}

func (s *Store) saveSnapshot(ctx context.Context, tenant int64, name string, replace bool, at time.Time) (store.Snapshot, error) {
	t, err := readTenant(ctx, s.engine.Read, tenant, "")
	if err != nil {
		return store.Snapshot{}, err
	}
	if _, err := theSnapshot(ctx, s.engine.Read, tenant, name, ""); err == nil && !replace {
		return store.Snapshot{}, &store.TakenError{Attr: "name"}
	} else if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.Snapshot{}, err
	}
	frozen, count, err := s.freeze(ctx, t.Space, at, 1)
	if err != nil {
		return store.Snapshot{}, err
	}
	n := store.Snapshot{Tenant: tenant, Name: name, Space: frozen[0], Resources: count, Created: fromMicros(at.UnixMicro())}
	err = s.engine.Transact(ctx, func(c Conn) error {
		ctx := context.WithoutCancel(ctx)
		// The lock also keeps others from a snapshot of this name.
		if _, err := readTenant(ctx, c, tenant, s.engine.Dialect.ForUpdate); err != nil {
			return err
		}
		switch err := s.dropSnapshot(ctx, c, tenant, name, at, replace); {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return err
		}
		if err := s.adopt(ctx, c, n.Space); err != nil {
			return err
		}
		return addSnapshot(ctx, c, n)
	})
	if err != nil {
		return store.Snapshot{}, err
	}
	return n, nil
}

// dropSnapshot removes a snapshot; ErrNotFound without one, *TakenError "name" if
// it may not.
func (s *Store) dropSnapshot(ctx context.Context, c Conn, tenant int64, name string, at time.Time, may bool) error {
	old, err := theSnapshot(ctx, c, tenant, name, s.engine.Dialect.ForUpdate)
	if err != nil {
		return err
	}
	if !may {
		return &store.TakenError{Attr: "name"}
	}
	if _, err := c.Exec(ctx, "DELETE FROM snapshot WHERE tenant = $1 AND name = $2", tenant, name); err != nil {
		return err
	}
	// Another snapshot may share the space: the sweep looks for it.
	return s.doom(ctx, c, doomed{space: old.Space, since: at.UnixMicro()})
}

// DeleteSnapshot implements store.Snapshots.
func (s *Store) DeleteSnapshot(ctx context.Context, tenant int64, name string, at time.Time) error {
	return s.engine.Transact(ctx, func(c Conn) error {
		return s.dropSnapshot(context.WithoutCancel(ctx), c, tenant, name, at, true)
	})
}

// RestoreSnapshot implements store.Snapshots.
func (s *Store) RestoreSnapshot(ctx context.Context, tenant int64, name string, e store.Event) (store.Restored, error) {
	return again(func() (store.Restored, error) { return s.restoreSnapshot(ctx, tenant, name, e) })
}

func (s *Store) restoreSnapshot(ctx context.Context, tenant int64, name string, e store.Event) (r store.Restored, err error) {
	var from store.Snapshot
	var to int64
	if name == "" {
		if to, err = s.space(ctx); err != nil {
			return r, err
		}
	} else {
		if from, err = theSnapshot(ctx, s.engine.Read, tenant, name, ""); err != nil {
			return r, err
		}
		copied, _, err := s.freeze(ctx, from.Space, e.At, 1)
		if err != nil {
			return r, err
		}
		to = copied[0]
	}
	err = s.changeTenant(ctx, tenant, func(ctx context.Context, c Conn) error {
		before, err := readTenant(ctx, c, tenant, s.engine.Dialect.ForUpdate)
		if err != nil {
			return err
		}
		r = store.Restored{Tenant: before, Resources: from.Resources}
		if name != "" {
			if err := s.same(ctx, c, from); err != nil {
				return err
			}
			if err := s.adopt(ctx, c, to); err != nil {
				return err
			}
		}
		if r.Strays, err = s.carryServiceUsers(ctx, c, before.Space, to); err != nil {
			return err
		}
		if err := s.endStrangers(ctx, c, tenant, to, e.At); err != nil {
			return err
		}
		if _, err := c.Exec(ctx, "UPDATE tenant SET space = $1 WHERE id = $2", to, tenant); err != nil {
			return err
		}
		r.Tenant.Space, e.Home = to, before.Home
		if err := s.doom(ctx, c, doomed{space: before.Space, since: e.At.UnixMicro(), kept: true}); err != nil {
			return err
		}
		t := &tx{Store: s, ctx: ctx, conn: c, space: to}
		return t.insertEvents([]store.Event{e})
	})
	return r, err
}

// same keeps a snapshot as it was read until the transaction ends; ErrMoved when its
// name stands for another by now.
func (s *Store) same(ctx context.Context, c Conn, n store.Snapshot) error {
	now, err := theSnapshot(ctx, c, n.Tenant, n.Name, s.engine.Dialect.ForShare)
	if err == nil && now.Space != n.Space {
		err = store.ErrMoved
	}
	return err
}

// CopyTenant implements store.Snapshots.
func (s *Store) CopyTenant(ctx context.Context, t store.Tenant, from int64, snapshot, setting string) (store.Restored, error) {
	return again(func() (store.Restored, error) { return s.copyTenant(ctx, t, from, snapshot, setting) })
}

func (s *Store) copyTenant(ctx context.Context, t store.Tenant, from int64, snapshot, setting string) (r store.Restored, err error) {
	source, err := readTenant(ctx, s.engine.Read, from, "")
	if err != nil {
		return r, err
	}
	seed, copies := store.Snapshot{Tenant: from, Space: source.Space}, 2
	if snapshot != "" {
		if seed, err = theSnapshot(ctx, s.engine.Read, from, snapshot, ""); err != nil {
			return r, err
		}
		copies = 1 // it shares the space of the other's
	}
	frozen, count, err := s.freeze(ctx, seed.Space, t.Created, copies)
	if err != nil {
		return r, err
	}
	copied := frozen[0]
	if snapshot == "" {
		seed.Space, seed.Resources = frozen[1], count
	}
	r.Resources = seed.Resources
	r.Tenant, err = s.makeTenant(ctx, t, copied, func(ctx context.Context, c Conn, made store.Tenant) error {
		if snapshot != "" { // it stands until its space has another name
			if err := s.same(ctx, c, seed); err != nil {
				return err
			}
		} else if err := s.adopt(ctx, c, seed.Space); err != nil {
			return err
		}
		if err := s.adopt(ctx, c, copied); err != nil {
			return err
		}
		var own string
		if _, err := one(ctx, c, "SELECT value FROM setting WHERE key = $1", []any{store.TenantSettings(from) + setting}, &own); err != nil {
			return err
		}
		if own != "" {
			if _, err := c.Exec(ctx, "INSERT INTO setting (key, value) VALUES ($1, $2)", store.TenantSettings(made.ID)+setting, own); err != nil {
				return err
			}
		}
		users, err := serviceUsers(ctx, c, copied)
		if err != nil {
			return err
		}
		r.Strays = nil
		for _, u := range users {
			if u.id != own {
				r.Strays = append(r.Strays, u.id)
			}
		}
		return addSnapshot(ctx, c, store.Snapshot{
			Tenant: made.ID, Name: store.SeedSnapshot, Space: seed.Space, Resources: seed.Resources, Created: made.Created,
		})
	})
	return r, err
}
