package sqlstore

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	"github.com/golang-migrate/migrate/v4/source/iofs"
)

// Mode tells what opening a database does about its schema version.
type Mode int

// The modes.
const (
	// Auto migrates an older database up.
	Auto Mode = iota
	// Check refuses a database that is not of this program's version.
	Check
)

// Errors about the schema version, each wrapped in one line that says what to do.
var (
	// ErrNewer: the database was migrated by a newer release.
	ErrNewer = errors.New("the database was made by a newer release")
	// ErrDirty: a migration failed half-way.
	ErrDirty = errors.New("a migration of the database failed half-way")
	// ErrOutdated: the database needs a migration and Check was asked for.
	ErrOutdated = errors.New("the database needs a migration")
)

// Version is the state of a database's schema.
type Version struct {
	// Current is the number of the last migration applied; 0 is an empty
	// database. Latest is the last that this program knows.
	Current, Latest int
	// Dirty tells that migration Current failed half-way.
	Dirty bool
}

// Migrator migrates one database with the migrations of an engine.
type Migrator struct {
	m      *migrate.Migrate
	driver *applied
	latest int
}

// lockTimeout is longer than an engine waits for another's migration, so that
// it is the engine that gives up.
const lockTimeout = 10 * time.Minute

// NewMigrator makes a migrator of db, which driver works on; it owns the driver.
// Close it.
func NewMigrator(files fs.FS, engine string, db *sql.DB, on database.Driver) (*Migrator, error) {
	driver := &applied{Driver: on, db: db}
	source, err := iofs.New(files, ".")
	if err != nil {
		return nil, err
	}
	m, err := migrate.NewWithInstance("iofs", source, engine, driver)
	if err != nil {
		return nil, err
	}
	m.LockTimeout = lockTimeout
	latest, err := latest(files)
	return &Migrator{m: m, driver: driver, latest: latest}, err
}

// latest is the highest number of a migration.
func latest(files fs.FS) (int, error) {
	names, err := fs.Glob(files, "*.up.sql")
	highest := 0
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		n, err := strconv.Atoi(number)
		if err != nil {
			return 0, fmt.Errorf("migration %s has no number", name)
		}
		highest = max(highest, n)
	}
	return highest, err
}

// Close ends the migrator's connections.
func (m *Migrator) Close() error {
	sourceErr, databaseErr := m.m.Close()
	return errors.Join(sourceErr, databaseErr)
}

// Version reads the state of the schema; it waits for a migration that runs, as
// that looks like one that failed.
func (m *Migrator) Version() (Version, error) {
	if err := m.driver.Lock(); err != nil {
		return Version{}, failure(err)
	}
	v, dirty, err := m.driver.Version()
	err = errors.Join(err, m.driver.Unlock())
	return Version{Current: max(v, 0), Latest: m.latest, Dirty: dirty}, failure(err)
}

// Ready brings the schema to the version of this program, or tells why it is
// not: ErrNewer, ErrDirty, or ErrOutdated with Check.
func (m *Migrator) Ready(mode Mode) error {
	v, err := m.Version()
	switch {
	case err != nil:
		return err
	case v.Dirty:
		return dirty(v.Current)
	case v.Current > v.Latest:
		return newer(v)
	case v.Current == v.Latest:
		return nil
	case mode == Check:
		return fmt.Errorf("%w: it is at version %d of %d; run `scimd migrate up`", ErrOutdated, v.Current, v.Latest)
	}
	return m.Up()
}

// Up applies all migrations that are missing.
func (m *Migrator) Up() error {
	err := m.m.Up()
	if errors.Is(err, migrate.ErrNoChange) {
		return nil
	}
	return failure(err)
}

// Down takes back the last n migrations, with the data in their tables. One that
// fails changes nothing.
func (m *Migrator) Down(n int) error {
	if n <= 0 {
		return fmt.Errorf("cannot migrate down by %d", n)
	}
	for range n {
		v, err := m.Version()
		switch {
		case err != nil || v.Current == 0:
			return err
		case v.Current > v.Latest:
			return newer(v)
		case v.Dirty:
			return dirty(v.Current)
		}
		if err := m.m.Steps(-1); err != nil {
			return errors.Join(failure(err), m.m.Force(v.Current))
		}
	}
	return nil
}

// Repair takes up a migration that was cut off, whether or not its SQL took
// effect, and applies those after it.
func (m *Migrator) Repair() error {
	v, err := m.Version()
	switch {
	case err != nil:
		return err
	case v.Current > v.Latest:
		return newer(v)
	case !v.Dirty:
		return m.Up()
	}
	clean, err := m.driver.version(v.Current - 1)
	if err != nil {
		return failure(err)
	}
	if clean <= 0 {
		clean = database.NilVersion
	}
	if err := m.m.Force(clean); err != nil {
		return failure(err)
	}
	return m.Up()
}

// failure turns an error of a migration into one line: without the statement,
// which the library adds.
func failure(err error) error {
	var stuck migrate.ErrDirty
	if errors.As(err, &stuck) {
		return dirty(stuck.Version)
	}
	var failed database.Error
	if errors.As(err, &failed) && failed.OrigErr != nil {
		return fmt.Errorf("a migration failed: %w", failed.OrigErr)
	}
	var p *database.Error
	if errors.As(err, &p) && p.OrigErr != nil {
		return fmt.Errorf("a migration failed: %w", p.OrigErr)
	}
	return err
}

func dirty(version int) error {
	return fmt.Errorf("%w: number %d; run `scimd migrate repair`", ErrDirty, version)
}

func newer(v Version) error {
	return fmt.Errorf("%w: it is at version %d, and this program knows %d", ErrNewer, v.Current, v.Latest)
}
