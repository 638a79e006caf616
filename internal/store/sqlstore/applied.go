package sqlstore

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/golang-migrate/migrate/v4/database"
)

// applied is a driver that notes what really is in the database: the number of
// a migration that takes effect is written by the transaction of its SQL. The
// library's own mark is made before it and cleared after it, so that a process
// that dies in between leaves a mark that tells nothing.
type applied struct {
	database.Driver
	db *sql.DB
	// target is the version that the next SQL leads to.
	target int
}

const makeApplied = "CREATE TABLE IF NOT EXISTS schema_applied (version bigint NOT NULL);\n"

// SetVersion implements database.Driver.
func (a *applied) SetVersion(version int, dirty bool) error {
	a.target = version
	return a.Driver.SetVersion(version, dirty)
}

// Run implements database.Driver. The engines run a text whole or not at all.
func (a *applied) Run(migration io.Reader) error {
	note := fmt.Sprintf("\nDELETE FROM schema_applied; INSERT INTO schema_applied (version) VALUES (%d);", a.target)
	return a.Driver.Run(io.MultiReader(strings.NewReader(makeApplied), migration, strings.NewReader(note)))
}

// version is the number that was noted last, otherwise without a note.
func (a *applied) version(otherwise int) (int, error) {
	if _, err := a.db.Exec(makeApplied); err != nil {
		return 0, err
	}
	var v int
	err := a.db.QueryRow("SELECT version FROM schema_applied").Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return otherwise, nil
	}
	return v, err
}
