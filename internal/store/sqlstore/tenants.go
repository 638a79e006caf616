package sqlstore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/store"
)

const tenantColumns = "id, name, space, home, profile, switches, limits, trust, created, expires, on_demand"

// tenantRow is a row of tenantColumns, with room for more columns after them.
type tenantRow struct {
	store.Tenant
	created, onDemand int64
	expires           *int64
}

func (r *tenantRow) scan(rows Rows, more ...any) error {
	err := rows.Scan(append([]any{&r.ID, &r.Name, &r.Space, &r.Home, &r.Profile, &r.Switches, &r.Limits, &r.Trust, &r.created, &r.expires, &r.onDemand}, more...)...)
	r.Created, r.Expires, r.OnDemand = fromMicros(r.created), fromMicrosOrNil(r.expires), r.onDemand != 0
	return err
}

// tenants reads tenants with their hosts, in one statement.
func (s *Store) tenants(ctx context.Context, where string, args ...any) ([]store.Tenant, error) {
	var list []store.Tenant
	rows, err := s.engine.Read.Query(ctx, "SELECT "+tenantColumns+", host FROM tenant LEFT JOIN tenant_host ON tenant = id "+
		where+" ORDER BY id, host", args...)
	err = each(rows, err, func(rows Rows) error {
		var row tenantRow
		var host *string
		if err := row.scan(rows, &host); err != nil {
			return err
		}
		if n := len(list); n == 0 || list[n-1].ID != row.ID {
			list = append(list, row.Tenant)
		}
		if host != nil {
			t := &list[len(list)-1]
			t.Hosts = append(t.Hosts, *host)
		}
		return nil
	})
	return list, err
}

// Tenants implements store.Admin.
func (s *Store) Tenants(ctx context.Context) ([]store.Tenant, error) { return s.tenants(ctx, "") }

// TenantGeneration implements store.Admin.
func (s *Store) TenantGeneration(ctx context.Context) (n int64, err error) {
	_, err = one(ctx, s.engine.Read, "SELECT n FROM tenant_generation WHERE nr = 1", nil, &n)
	return n, err
}

// ChangedTenants implements store.Admin.
func (s *Store) ChangedTenants(ctx context.Context, since int64) (changed []store.Tenant, deleted []int64, err error) {
	rows, err := s.engine.Read.Query(ctx, "SELECT tenant FROM doomed_space WHERE changed > $1 AND tenant IS NOT NULL", since)
	err = each(rows, err, func(rows Rows) error {
		var id int64
		err := rows.Scan(&id)
		deleted = append(deleted, id)
		return err
	})
	if err == nil {
		changed, err = s.tenants(ctx, "WHERE id IN (SELECT id FROM tenant WHERE changed > $1)", since)
	}
	return changed, deleted, err
}

// TenantNamed implements store.Admin.
func (s *Store) TenantNamed(ctx context.Context, name string) (store.Tenant, error) {
	list, err := s.tenants(ctx, "WHERE name = $1", name)
	if err == nil && len(list) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Tenant{}, err
	}
	return list[0], nil
}

// nextGeneration makes the generation greater. Its row is locked from then on, so
// that generations are committed in their order.
func nextGeneration(ctx context.Context, c Conn) (n int64, err error) {
	_, err = one(ctx, c, "UPDATE tenant_generation SET n = n + 1 WHERE nr = 1 RETURNING n", nil, &n)
	return n, err
}

// changeTenant runs fn in a transaction that changes a tenant.
func (s *Store) changeTenant(ctx context.Context, id int64, fn func(context.Context, Conn) error) error {
	return s.engine.Transact(ctx, func(c Conn) error {
		ctx := context.WithoutCancel(ctx)
		if err := fn(ctx, c); err != nil {
			return err
		}
		generation, err := nextGeneration(ctx, c)
		if err != nil {
			return err
		}
		_, err = c.Exec(ctx, "UPDATE tenant SET changed = $1 WHERE id = $2", generation, id)
		return err
	})
}

// EnsureTenant implements store.Admin.
func (s *Store) EnsureTenant(ctx context.Context, t store.Tenant) (store.Tenant, bool, error) {
	if found, err := s.TenantNamed(ctx, t.Name); !errors.Is(err, store.ErrNotFound) {
		return found, false, err
	}
	made, err := s.CreateTenant(ctx, t)
	var taken *store.TakenError
	if errors.As(err, &taken) && taken.Attr == "name" {
		made, err = s.TenantNamed(ctx, t.Name)
		return made, false, err
	}
	return made, err == nil, err
}

// CreateTenant implements store.Admin.
func (s *Store) CreateTenant(ctx context.Context, t store.Tenant) (store.Tenant, error) {
	space, err := s.space(ctx)
	if err != nil {
		return store.Tenant{}, err
	}
	return s.makeTenant(ctx, t, space, func(context.Context, Conn, store.Tenant) error { return nil })
}

// makeTenant makes a tenant with a space, and runs then in the same transaction.
func (s *Store) makeTenant(ctx context.Context, t store.Tenant, space int64, then func(context.Context, Conn, store.Tenant) error) (store.Tenant, error) {
	var err error
	if t.ID, err = s.numbers.one(ctx, tenantAllocator); err != nil {
		return store.Tenant{}, err
	}
	t.Space, t.Home = space, space
	t.Created, t.Hosts = fromMicros(t.Created.UnixMicro()), sorted(t.Hosts)
	err = s.changeTenant(ctx, t.ID, func(ctx context.Context, c Conn) error {
		n, err := c.Exec(ctx, "INSERT INTO tenant ("+tenantColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
			t.ID, t.Name, t.Space, t.Home, t.Profile, t.Switches, t.Limits, t.Trust, t.Created.UnixMicro(), microsOrNil(t.Expires), flag(t.OnDemand))
		if err == nil && n == 0 {
			err = &store.TakenError{Attr: "name"}
		}
		if err != nil {
			return err
		}
		if err := addHosts(ctx, c, t.ID, t.Hosts); err != nil {
			return err
		}
		return then(ctx, c, t)
	})
	if err != nil {
		return store.Tenant{}, err
	}
	return t, nil
}

func sorted(hosts []string) []string {
	hosts = slices.Clone(hosts)
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

func addHosts(ctx context.Context, c Conn, tenant int64, hosts []string) error {
	for _, h := range hosts {
		n, err := c.Exec(ctx, "INSERT INTO tenant_host (host, tenant) VALUES ($1, $2) ON CONFLICT DO NOTHING", h, tenant)
		if err == nil && n == 0 {
			err = &store.TakenError{Attr: "host", Value: h}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readTenant reads a tenant without its hosts and locks its row; ErrNotFound.
func readTenant(ctx context.Context, c Conn, id int64, lock string) (store.Tenant, error) {
	var row tenantRow
	found := false
	rows, err := c.Query(ctx, "SELECT "+tenantColumns+" FROM tenant WHERE id = $1"+lock, id)
	err = each(rows, err, func(rows Rows) error {
		found = true
		return row.scan(rows)
	})
	if err == nil && !found {
		err = store.ErrNotFound
	}
	return row.Tenant, err
}

// UpdateTenant implements store.Admin.
func (s *Store) UpdateTenant(ctx context.Context, id int64, change func(*store.Tenant) error) (store.Tenant, error) {
	var after store.Tenant
	err := s.changeTenant(ctx, id, func(ctx context.Context, c Conn) error {
		before, err := readTenant(ctx, c, id, s.engine.Dialect.ForUpdate)
		if err != nil {
			return err
		}
		rows, err := c.Query(ctx, "SELECT host FROM tenant_host WHERE tenant = $1 ORDER BY host", id)
		err = each(rows, err, func(rows Rows) error {
			var h string
			err := rows.Scan(&h)
			before.Hosts = append(before.Hosts, h)
			return err
		})
		if err != nil {
			return err
		}
		after = before
		after.Hosts = slices.Clone(before.Hosts)
		if err := safely(func() error { return change(&after) }); err != nil {
			return err
		}
		after.ID, after.Name, after.Space, after.Home, after.Created, after.OnDemand = before.ID, before.Name, before.Space, before.Home, before.Created, before.OnDemand
		after.Hosts = sorted(after.Hosts)
		_, err = c.Exec(ctx, "UPDATE tenant SET profile = $1, switches = $2, limits = $3, trust = $4, expires = $5 WHERE id = $6",
			after.Profile, after.Switches, after.Limits, after.Trust, microsOrNil(after.Expires), id)
		if err != nil || slices.Equal(before.Hosts, after.Hosts) {
			return err
		}
		if _, err := c.Exec(ctx, "DELETE FROM tenant_host WHERE tenant = $1", id); err != nil {
			return err
		}
		return addHosts(ctx, c, id, after.Hosts)
	})
	if err != nil {
		return store.Tenant{}, err
	}
	return after, nil
}

// DeleteTenant implements store.Admin.
func (s *Store) DeleteTenant(ctx context.Context, id int64, at time.Time) error {
	return s.engine.Transact(ctx, func(c Conn) error {
		ctx := context.WithoutCancel(ctx)
		t, err := readTenant(ctx, c, id, s.engine.Dialect.ForUpdate)
		if err != nil {
			return err
		}
		snapshots, err := readSnapshots(ctx, c, "tenant = $1", id)
		if err != nil {
			return err
		}
		for _, table := range []string{"token", "application", "session", "ended_token", "tenant_host", "snapshot"} {
			if _, err := c.Exec(ctx, "DELETE FROM "+table+" WHERE tenant = $1", id); err != nil {
				return err
			}
		}
		if _, err := c.Exec(ctx, "DELETE FROM tenant WHERE id = $1", id); err != nil {
			return err
		}
		// Keys with the prefix: "0" comes after "/".
		prefix := store.TenantSettings(id)
		if _, err := c.Exec(ctx, "DELETE FROM setting WHERE key >= $1 AND key < $2", prefix, strings.TrimSuffix(prefix, "/")+"0"); err != nil {
			return err
		}
		for _, n := range snapshots {
			if err := s.doom(ctx, c, doomed{space: n.Space, since: at.UnixMicro()}); err != nil {
				return err
			}
		}
		generation, err := nextGeneration(ctx, c)
		if err != nil {
			return err
		}
		for _, space := range slices.Compact([]int64{t.Space, t.Home}) {
			if err := s.doom(ctx, c, doomed{space: space, since: at.UnixMicro(), tenant: id, changed: generation}); err != nil {
				return err
			}
		}
		return nil
	})
}

// ExpiredTenants implements store.Admin.
func (s *Store) ExpiredTenants(ctx context.Context, at time.Time) ([]store.Tenant, error) {
	return s.tenants(ctx, "WHERE id IN (SELECT id FROM tenant WHERE expires <= $1)", at.UnixMicro())
}
