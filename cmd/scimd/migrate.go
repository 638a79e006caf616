package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/scimd/scimd/internal/app"
)

// newMigrate is the family of commands on the database's schema version. No
// server may be running on a SQLite database meanwhile.
func newMigrate(out io.Writer) *cobra.Command {
	var yes bool
	down := migrating(out, "down", "Undo the newest migration: DROPS DATA", func(ctx context.Context, cfg app.Config) (app.Migration, error) {
		if !yes {
			return app.Migration{}, errors.New("migrate down drops data; say --yes if that is meant")
		}
		return app.MigrateDown(ctx, cfg)
	})
	down.Flags().BoolVar(&yes, "yes", false, "do it")
	return group("migrate", "Look after the version of the database's tables",
		migrating(out, "up", "Bring the database up to date", app.MigrateUp),
		migrating(out, "version", "Tell the version of the database and of this program", app.MigrateVersion),
		migrating(out, "repair", "Take up a migration that was cut off", app.MigrateRepair),
		down,
	)
}

func migrating(out io.Writer, use, short string, do func(context.Context, app.Config) (app.Migration, error)) *cobra.Command {
	var asJSON bool
	return jsonFlag(command(use, short, false, func(ctx context.Context, cfg app.Config, _ []string) error {
		m, err := do(ctx, cfg)
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(out, m)
		}
		dirty := ""
		if m.Dirty {
			dirty = ", cut off half-way: run scimd migrate repair"
		}
		_, err = fmt.Fprintf(out, "database %s: version %d of %d%s\n", m.Database, m.Version, m.Newest, dirty)
		return err
	}), &asJSON)
}
