package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/store/sqlstore"
	"github.com/scimd/scimd/internal/store/storetest"
)

// Whatever is kept by space goes with its tenant, and into its snapshots: a table
// that a migration adds must be swept, too, by the rest of its primary key, and a
// column that it adds must be copied.
func TestEveryTableOfASpaceIsSwept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := open(t, dir, storetest.Registry()).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "scimd.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	keys := map[string][]string{}
	rows, err := db.Query(`SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c
WHERE m.type = 'table' AND c.pk > 0 ORDER BY m.name, c.pk`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		keys[table] = append(keys[table], column)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	swept := map[string]string{}
	for _, s := range sqlstore.SpaceTables {
		swept[s.Table] = "space " + strings.Join(s.Key, " ")
	}
	for _, s := range sqlstore.SpaceTables {
		var columns []string
		rows, err := db.Query("SELECT name FROM pragma_table_info($1) WHERE name <> 'space' ORDER BY name", s.Table)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var column string
			if err := rows.Scan(&column); err != nil {
				t.Fatal(err)
			}
			columns = append(columns, column)
		}
		if known := slices.Sorted(slices.Values(slices.Concat(s.Key, s.Columns))); !slices.Equal(columns, known) {
			t.Errorf("%s has the columns %v, copied are %v", s.Table, columns, known)
		}
	}
	for table, key := range keys {
		if key[0] == "space" && table != "doomed_space" && swept[table] != strings.Join(key, " ") {
			t.Errorf("%s has the key %v, swept is %q", table, key, swept[table])
		}
		if key[0] != "space" && slices.Contains(key, "space") {
			t.Errorf("%s has the key %v, which does not begin with the space", table, key)
		}
		delete(swept, table)
	}
	for table := range swept {
		t.Errorf("there is no table %s", table)
	}
}
