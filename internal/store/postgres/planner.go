package postgres

import (
	"context"
	"database/sql"
	"slices"

	"github.com/scimd/scimd/internal/store/sqlstore"
)

// forgetSpaces keeps the planner from counting the rows of each space. Of a space
// that is younger than its statistics it would expect one row, whatever the
// condition: then all indexes promise the same, and it takes one that leads through
// the whole space for each row of another table. Without the statistics it expects
// one row in 200 of each space alike, and prefers the index that fits.
//
// A change of the column's type, be it to the same one, drops what was counted
// before. A database that takes no such words, or a role without the right to
// them, goes without.
func forgetSpaces(ctx context.Context, db *sql.DB) {
	rows, err := db.QueryContext(ctx, `SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE a.attname = 'space' AND COALESCE(a.attstattarget, -1) <> 0 AND pg_table_is_visible(c.oid)`)
	if err != nil {
		return
	}
	var counted []string
	for rows.Next() {
		var table string
		if rows.Scan(&table) == nil {
			counted = append(counted, table)
		}
	}
	if rows.Err() != nil || rows.Close() != nil {
		return
	}
	for _, t := range sqlstore.SpaceTables {
		if slices.Contains(counted, t.Table) {
			_, _ = db.ExecContext(ctx, "ALTER TABLE "+t.Table+" ALTER COLUMN space TYPE bigint, ALTER COLUMN space SET STATISTICS 0")
		}
	}
}
