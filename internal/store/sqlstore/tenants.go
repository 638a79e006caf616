package sqlstore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/store"
)

const tenantColumns = "id, name, space, profile, switches, limits, trust, created"

// tenantRow is a row of tenantColumns, with room for more columns after them.
type tenantRow struct {
	store.Tenant
	created int64
}

func (r *tenantRow) scan(rows Rows, more ...any) error {
	err := rows.Scan(append([]any{&r.ID, &r.Name, &r.Space, &r.Profile, &r.Switches, &r.Limits, &r.Trust, &r.created}, more...)...)
	r.Created = fromMicros(r.created)
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

// changeTenants runs fn in a transaction that makes the generation greater.
func (s *Store) changeTenants(ctx context.Context, fn func(context.Context, Conn) error) error {
	return s.engine.Transact(ctx, func(c Conn) error {
		ctx := context.WithoutCancel(ctx)
		if err := fn(ctx, c); err != nil {
			return err
		}
		_, err := c.Exec(ctx, "UPDATE tenant_generation SET n = n + 1 WHERE nr = 1")
		return err
	})
}

// EnsureTenant implements store.Admin.
func (s *Store) EnsureTenant(ctx context.Context, t store.Tenant) (store.Tenant, bool, error) {
	find := func() (store.Tenant, bool, error) {
		list, err := s.tenants(ctx, "WHERE name = $1", t.Name)
		if err != nil || len(list) == 0 {
			return store.Tenant{}, false, err
		}
		return list[0], true, nil
	}
	if found, ok, err := find(); ok || err != nil {
		return found, false, err
	}
	made, err := s.CreateTenant(ctx, t)
	var taken *store.TakenError
	if errors.As(err, &taken) && taken.Attr == "name" {
		made, _, err = find()
		return made, false, err
	}
	return made, err == nil, err
}

// CreateTenant implements store.Admin.
func (s *Store) CreateTenant(ctx context.Context, t store.Tenant) (store.Tenant, error) {
	var err error
	if t.ID, err = s.numbers.one(ctx, tenantAllocator); err != nil {
		return store.Tenant{}, err
	}
	if t.Space, err = s.numbers.one(ctx, spaceAllocator); err != nil {
		return store.Tenant{}, err
	}
	t.Created, t.Hosts = fromMicros(t.Created.UnixMicro()), sorted(t.Hosts)
	err = s.changeTenants(ctx, func(ctx context.Context, c Conn) error {
		n, err := c.Exec(ctx, "INSERT INTO tenant ("+tenantColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
			t.ID, t.Name, t.Space, t.Profile, t.Switches, t.Limits, t.Trust, t.Created.UnixMicro())
		if err == nil && n == 0 {
			err = &store.TakenError{Attr: "name"}
		}
		if err != nil {
			return err
		}
		return addHosts(ctx, c, t.ID, t.Hosts)
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
	err := s.changeTenants(ctx, func(ctx context.Context, c Conn) error {
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
		after.ID, after.Name, after.Space, after.Created = before.ID, before.Name, before.Space, before.Created
		after.Hosts = sorted(after.Hosts)
		_, err = c.Exec(ctx, "UPDATE tenant SET profile = $1, switches = $2, limits = $3, trust = $4 WHERE id = $5",
			after.Profile, after.Switches, after.Limits, after.Trust, id)
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
	return s.changeTenants(ctx, func(ctx context.Context, c Conn) error {
		t, err := readTenant(ctx, c, id, s.engine.Dialect.ForUpdate)
		if err != nil {
			return err
		}
		for _, statement := range []string{
			"DELETE FROM token WHERE tenant = $1", "DELETE FROM application WHERE tenant = $1",
			"DELETE FROM session WHERE tenant = $1", "DELETE FROM ended_token WHERE tenant = $1",
			"DELETE FROM tenant_host WHERE tenant = $1", "DELETE FROM tenant WHERE id = $1",
		} {
			if _, err := c.Exec(ctx, statement, id); err != nil {
				return err
			}
		}
		// Keys with the prefix: "0" comes after "/".
		prefix := store.TenantSettings(id)
		if _, err := c.Exec(ctx, "DELETE FROM setting WHERE key >= $1 AND key < $2", prefix, strings.TrimSuffix(prefix, "/")+"0"); err != nil {
			return err
		}
		_, err = c.Exec(ctx, "INSERT INTO doomed_space (space, since) VALUES ($1, $2) ON CONFLICT DO NOTHING", t.Space, at.UnixMicro())
		return err
	})
}
