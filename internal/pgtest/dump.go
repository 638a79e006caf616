package pgtest

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Dump returns the text of every table of the schemas that a database has, as
// COPY writes it, behind a line with the table's name.
func Dump(t testing.TB, databaseURL string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		t.Fatalf("pgtest: connecting to the database: %v", err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `SELECT schemaname, tablename FROM pg_tables
		WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2`)
	if err != nil {
		t.Fatalf("pgtest: listing tables: %v", err)
	}
	tables, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (pgx.Identifier, error) {
		name := make(pgx.Identifier, 2)
		return name, row.Scan(&name[0], &name[1])
	})
	if err != nil {
		t.Fatalf("pgtest: listing tables: %v", err)
	}
	var out bytes.Buffer
	for _, name := range tables {
		out.WriteString("table " + name.Sanitize() + "\n")
		if _, err := conn.PgConn().CopyTo(ctx, &out, "COPY "+name.Sanitize()+" TO STDOUT"); err != nil {
			t.Fatalf("pgtest: reading %s: %v", name.Sanitize(), err)
		}
	}
	return out.Bytes()
}
