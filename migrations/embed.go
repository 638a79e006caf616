// Package migrations holds the database schema as numbered pairs of SQL files,
// one set per engine with equal numbers and equal meaning.
//
// The SQL keeps to what Postgres-compatible distributed databases run too: no
// triggers, sequences, generated columns, deferrable constraints or SQL clock.
// Every key of resource data begins with the space.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed postgres/*.sql
var postgres embed.FS

//go:embed sqlite/*.sql
var sqlite embed.FS

// Postgres and SQLite are the migrations of an engine, at the root of the file
// system.
var (
	Postgres = sub(postgres, "postgres")
	SQLite   = sub(sqlite, "sqlite")
)

func sub(fsys embed.FS, dir string) fs.FS {
	s, err := fs.Sub(fsys, dir)
	if err != nil {
		panic(err) // dir is a constant of this package
	}
	return s
}
