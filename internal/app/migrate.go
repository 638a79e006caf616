package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/scimd/scimd/internal/store/postgres"
	"github.com/scimd/scimd/internal/store/sqlite"
	"github.com/scimd/scimd/internal/store/sqlstore"
)

// Migration tells the version of a database's tables, and the newest that this
// program knows.
type Migration struct {
	Database string `json:"database"`
	Version  int    `json:"version"`
	Newest   int    `json:"newest"`
	// Dirty: migration Version failed half-way.
	Dirty bool `json:"dirty"`
}

// MigrateUp brings the database up to date.
func MigrateUp(ctx context.Context, cfg Config) (Migration, error) {
	return migrate(ctx, &cfg, func(m *sqlstore.Migrator) error { return m.Ready(sqlstore.Auto) })
}

// MigrateVersion only tells the version.
func MigrateVersion(ctx context.Context, cfg Config) (Migration, error) {
	if err := cfg.missing(); err != nil {
		return Migration{}, err
	}
	return migrate(ctx, &cfg, func(*sqlstore.Migrator) error { return nil })
}

// MigrateRepair applies a migration that failed half-way again, and those after it.
func MigrateRepair(ctx context.Context, cfg Config) (Migration, error) {
	if err := cfg.missing(); err != nil {
		return Migration{}, err
	}
	return migrate(ctx, &cfg, (*sqlstore.Migrator).Repair)
}

// MigrateDown takes back the newest migration, with the data in its tables.
func MigrateDown(ctx context.Context, cfg Config) (Migration, error) {
	if err := cfg.missing(); err != nil {
		return Migration{}, err
	}
	return migrate(ctx, &cfg, func(m *sqlstore.Migrator) error { return m.Down(1) })
}

// migrate runs do on the database of cfg and tells the version it then has.
func migrate(ctx context.Context, cfg *Config, do func(*sqlstore.Migrator) error) (Migration, error) {
	out := Migration{Database: cfg.Database()}
	both := func(m *sqlstore.Migrator) error {
		if err := do(m); err != nil {
			return err
		}
		v, err := m.Version()
		out.Version, out.Newest, out.Dirty = v.Current, v.Latest, v.Dirty
		return err
	}
	if cfg.Ephemeral {
		return out, errors.New("an ephemeral database is made anew at each start: there is nothing to migrate")
	}
	if cfg.DatabaseURL != "" {
		return out, postgres.Migrate(ctx, cmp.Or(cfg.MigrationURL, cfg.DatabaseURL), both)
	}
	return out, sqlite.Migrate(ctx, cfg.DataDir, both)
}

// missing tells that there cannot be a database where cfg says.
func (c *Config) missing() error {
	if c.DatabaseURL != "" {
		return nil
	}
	if _, err := os.Stat(c.DataDir); err != nil {
		return fmt.Errorf("there is no data directory %s", c.DataDir)
	}
	return nil
}

// mode is what the store does about an older database.
func (c *Config) mode() sqlstore.Mode {
	if c.Migrate == MigrateCheck {
		return sqlstore.Check
	}
	return sqlstore.Auto
}
