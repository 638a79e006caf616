package sqlstore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// SpaceTable is a table that holds what belongs to a space: the first column of
// its primary key. Of some rows the space is the tenant's home (store.Tenant):
// they are of the tenant itself, not of its resources.
type SpaceTable struct {
	Table string
	// Key is the rest of the primary key, Columns are all others.
	Key, Columns []string
	// Home tells that all rows are the tenant's own. Else those are for which
	// Resources, a condition, does not hold; "" always does.
	Home      bool
	Resources string
	// of are the columns with the seq of the resource that a row belongs to.
	of string
}

// SpaceTables are all of them.
var SpaceTables = []SpaceTable{
	{Table: "edge", Key: words("relation src dst"), Columns: words("src_type dst_type")},
	{Table: "value_r", Key: words("seq attr ord"), Columns: words("typ prim lead v"), of: "seq"},
	{Table: "resource_unique", Key: words("attr v"), Columns: words("seq"), of: "seq"},
	{Table: "password", Key: words("seq"), Columns: words("hash"), of: "seq"},
	{Table: "secret_r", Key: words("seq name"), Columns: words("key sealed"), Resources: "seq <> 0", of: "seq"},
	resources("user_r", "user_name external_id display_name family_name given_name title user_type active login label"),
	resources("group_r", "display_name external_id label"),
	resources("container_r", "name display_name external_id description kind owner owner_value owner_display label"),
	resources("account_r", "name external_id description kind safe safe_name label"),
	resources("container_permission_r", "target grantee"),
	resources("account_permission_r", "target grantee"),
	resources("resource_r", "type label_key label"),
	{Table: "event", Key: words("k"), Columns: words("n moment at state " + strings.ReplaceAll(eventColumns, ",", "")), Home: true},
	{Table: "audit", Key: words("k"), Columns: words("n at " + strings.ReplaceAll(auditColumns, ",", "")), Home: true},
	{Table: "named_lock", Key: words("name"), Home: true},
}

var words = strings.Fields

// resources is the table of a map, by the columns that others do not have.
func resources(table, own string) SpaceTable {
	return SpaceTable{Table: table, Key: words("seq"), Columns: words("id id_key version created modified hidden cut " + own + " doc")}
}

// resource tells that each row is a resource.
func (t *SpaceTable) resource() bool {
	return slices.ContainsFunc(tables, func(m *tableMap) bool { return m.table == t.Table })
}

// copySQL copies the rows of resources from the space $1 into the space $2, as
// far as a further condition holds.
func (t *SpaceTable) copySQL(where string) string {
	columns := strings.Join(slices.Concat(t.Key, t.Columns), ", ")
	sql := "INSERT INTO " + t.Table + " (space, " + columns + ") SELECT CAST($2 AS bigint), " + columns + " FROM " + t.Table + " WHERE space = $1"
	for _, condition := range []string{t.Resources, where} {
		if condition != "" {
			sql += " AND " + condition
		}
	}
	return sql
}

// space hands out the number of a new space.
func (s *Store) space(ctx context.Context) (int64, error) {
	return s.numbers.space.take(ctx, s.engine.Ledger)
}

// freeze copies the resources of a space into new ones, as they are at one moment,
// and tells how many there are that lists show; ErrMoved when nothing leads to the
// space at that moment, since its rows may be gone in part. The new spaces are doomed
// until they are adopted, so that nothing is left of what comes to nothing.
func (s *Store) freeze(ctx context.Context, from int64, at time.Time, copies int) (into []int64, count int64, err error) {
	for range copies {
		space, err := s.space(ctx)
		if err != nil {
			return nil, 0, err
		}
		into = append(into, space)
	}
	var all int64
	err = s.engine.Transact(ctx, func(c Conn) error {
		ctx := context.WithoutCancel(ctx)
		if s.engine.Dialect.OneState != "" {
			if _, err := c.Exec(ctx, s.engine.Dialect.OneState); err != nil {
				return err
			}
		}
		if used, err := ledTo(ctx, c, from); err != nil {
			return err
		} else if !used {
			return store.ErrMoved
		}
		for _, space := range into {
			if err := s.doom(ctx, c, doomed{space: space, since: at.UnixMicro(), kept: true}); err != nil {
				return err
			}
			if all, err = s.copySpace(ctx, c, from, space); err != nil {
				return err
			}
		}
		var hidden int64
		_, err := one(ctx, c, "SELECT count(*) FROM "+mapOf(serviceUserType).table+" WHERE space = $1 AND hidden = 1", []any{from}, &hidden)
		count = all - hidden
		return err
	})
	if err == nil && all > 0 {
		for _, space := range into {
			s.statistics.add(space, all)
		}
	}
	return into, count, err
}

// ledTo tells that a space is that of a tenant or of a snapshot.
func ledTo(ctx context.Context, c Conn, space int64) (bool, error) {
	var found int64
	return one(ctx, c, "SELECT 1 WHERE EXISTS (SELECT 1 FROM snapshot WHERE space = $1) OR EXISTS (SELECT 1 FROM tenant WHERE space = $1)", []any{space}, &found)
}

// copySpace copies resources with everything that belongs to them; they keep
// their seqs. It tells how many there are, hidden ones too.
func (s *Store) copySpace(ctx context.Context, c Conn, from, to int64) (count int64, err error) {
	if err := s.holdDataKeys(ctx, c, from); err != nil {
		return 0, err
	}
	for i := range SpaceTables {
		t := &SpaceTables[i]
		if t.Home {
			continue
		}
		n, err := c.Exec(ctx, t.copySQL(""), from, to)
		if err != nil {
			return 0, err
		}
		if t.resource() {
			count += n
		}
	}
	return count, nil
}

// holdDataKeys keeps the keys of the sealed values of a space, which are about to
// be copied, for as long as the transaction runs.
func (s *Store) holdDataKeys(ctx context.Context, c Conn, space int64) error {
	rows, err := c.Query(ctx, "SELECT id FROM data_key WHERE EXISTS (SELECT 1 FROM secret_r WHERE space = $1) ORDER BY nr"+s.engine.Dialect.ForShare, space)
	return each(rows, err, func(rows Rows) error { return nil })
}

// doomed is a row of doomed_space.
type doomed struct {
	space, since int64
	// kept tells that it is left alone until no request can be under way in it.
	kept bool
	// tenant is the one that was deleted with it, in the generation changed.
	tenant  any
	changed int64
}

// doom notes that nothing leads to a space any more.
func (s *Store) doom(ctx context.Context, c Conn, d doomed) error {
	_, err := c.Exec(ctx, "INSERT INTO doomed_space (space, since, kept, tenant, changed) VALUES ($1, $2, $3, $4, $5)"+
		" ON CONFLICT (space) DO UPDATE SET since = excluded.since, kept = excluded.kept, tenant = excluded.tenant, changed = excluded.changed",
		d.space, d.since, flag(d.kept), d.tenant, d.changed)
	return err
}

// adopt takes back the note on a space just made (freeze).
func (s *Store) adopt(ctx context.Context, c Conn, space int64) error {
	n, err := c.Exec(ctx, "DELETE FROM doomed_space WHERE space = $1", space)
	if err == nil && n != 1 {
		err = scimerr.Unavailable(errors.New("a copy was swept before it was used"))
	}
	return err
}
