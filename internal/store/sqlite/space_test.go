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

// Whatever is kept by space goes with its tenant: a table that a migration adds
// must be swept, too, by the rest of its primary key.
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
