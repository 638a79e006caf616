package sqlstore

import (
	"strings"

	"github.com/scimd/scimd/internal/store"
)

// principals are tokens, applications and sessions that stand for nobody, and a
// tenant without its own user.
func (c *check) principals() error {
	var exists []string
	for _, m := range tables {
		exists = append(exists, "EXISTS (SELECT 1 FROM "+m.table+" o WHERE o.space = $2 AND o.id = e.principal_id)")
	}
	err := c.each(func(_, id string) { c.report("principal", "token", "", "token "+id) },
		"SELECT '', e.id FROM token e WHERE e.tenant = $1 AND e.revoked IS NULL AND NOT ("+strings.Join(exists, " OR ")+")", c.tenant.ID, c.tenant.Space)
	if err != nil {
		return err
	}
	users := mapOf("User").table
	err = c.each(func(_, id string) { c.report("principal", "application", "", "application "+id) },
		"SELECT '', e.id FROM application e WHERE e.tenant = $1 AND e.user_id NOT IN (SELECT id FROM "+users+" WHERE space = $2)", c.tenant.ID, c.tenant.Space)
	if err != nil {
		return err
	}
	err = c.each(func(_, id string) { c.report("principal", "session", "", "session "+id) },
		"SELECT '', e.id FROM session e WHERE e.tenant = $1 AND e.ended IS NULL AND e.user_id NOT IN (SELECT id FROM "+users+" WHERE space = $2)", c.tenant.ID, c.tenant.Space)
	if err != nil {
		return err
	}
	var n int64
	for _, table := range []string{"token", "application", "session"} {
		if _, err := one(c.ctx, c.conn, "SELECT count(*) FROM "+table+" WHERE tenant = $1", []any{c.tenant.ID}, &n); err != nil {
			return err
		}
		c.checked[table] += n
	}
	if c.options.ServiceUser == "" {
		return nil
	}
	var hidden []string
	for _, m := range tables {
		hidden = append(hidden, "EXISTS (SELECT 1 FROM "+m.table+" o WHERE o.space = $2 AND o.id = s.value AND o.hidden = 1)")
	}
	ok, err := one(c.ctx, c.conn, "SELECT 1 FROM setting s WHERE s.key = $1 AND ("+strings.Join(hidden, " OR ")+")",
		[]any{store.TenantSettings(c.tenant.ID) + c.options.ServiceUser, c.tenant.Space}, &n)
	if err == nil && !ok {
		c.report("service-user", "setting", "", "")
	}
	return err
}

// access is what is stored of who may come in, where nobody can read it.
func (c *check) access() error {
	if c.options.Unreadable == nil {
		return nil
	}
	look := func(table, name string, row any) {
		for _, column := range c.options.Unreadable(row) {
			c.report("unreadable", table, "", strings.TrimSpace(name+": column "+column))
		}
	}
	look("tenant", "tenant "+c.tenant.Name, c.tenant)
	tokens, err := readTokens(c.ctx, c.conn, "tenant = $1 ORDER BY id", c.tenant.ID)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		look("token", "token "+t.ID, t)
	}
	apps, err := readApplications(c.ctx, c.conn, "tenant = $1 ORDER BY id_key", c.tenant.ID)
	if err != nil {
		return err
	}
	for _, a := range apps {
		look("application", "application "+a.ID, a)
	}
	rows, err := c.conn.Search(c.ctx, "SELECT id, about FROM session WHERE tenant = $1 AND ended IS NULL ORDER BY id", c.tenant.ID)
	err = each(rows, err, func(rows Rows) error {
		s := store.Session{Tenant: c.tenant.ID}
		err := rows.Scan(&s.ID, &s.About)
		look("session", "session "+s.ID, s)
		return err
	})
	if err != nil {
		return err
	}
	rows, err = c.conn.Search(c.ctx, "SELECT "+c.who("e.seq")+", e.hash FROM password e WHERE e.space = $1", c.tenant.Space)
	return each(rows, err, func(rows Rows) error {
		var who string
		var hash []byte
		err := rows.Scan(&who, &hash)
		for _, column := range c.options.Unreadable(store.PasswordHash(hash)) {
			c.report("unreadable", "password", who, "column "+column)
		}
		return err
	})
}
