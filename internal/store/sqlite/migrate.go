package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"

	driver "github.com/golang-migrate/migrate/v4/database/sqlite"

	"github.com/scimd/scimd/internal/store/sqlstore"
	"github.com/scimd/scimd/migrations"
)

// fresh is the file of a database that is migrated and otherwise empty: the first
// ephemeral one of a process makes it, and others begin with a copy, which takes a
// small part of the time.
var fresh struct {
	sync.Mutex
	file []byte
}

// ready brings the database of a locked directory to the version of this program,
// as the options say.
func ready(o Options) error {
	prepare := func() error {
		return migrate(o.Dir, o.Ephemeral, func(m *sqlstore.Migrator) error { return m.Ready(o.Migrate) })
	}
	path := filepath.Join(o.Dir, fileName)
	if !o.Ephemeral || o.Migrate != sqlstore.Auto {
		return prepare()
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 0 {
		return prepare()
	}
	fresh.Lock()
	defer fresh.Unlock()
	if fresh.file != nil {
		return os.WriteFile(path, fresh.file, 0o600)
	}
	if err := prepare(); err != nil {
		return err
	}
	file, err := os.ReadFile(path)
	fresh.file = file
	return err
}

// migrate runs fn on the migrator of a directory's database. One that may be lost
// needs no journal on disk.
func migrate(dir string, ephemeral bool, fn func(*sqlstore.Migrator) error) error {
	pragmas := []string{synchronous(ephemeral)}
	if ephemeral {
		pragmas = append(pragmas, "journal_mode(MEMORY)")
	}
	db, err := openDB(dir, pragmas...)
	if err != nil {
		return err
	}
	d, err := driver.WithInstance(db, &driver.Config{})
	if err != nil {
		return errors.Join(err, db.Close())
	}
	m, err := sqlstore.NewMigrator(migrations.SQLite, "sqlite", db, d)
	if err != nil {
		return errors.Join(err, d.Close())
	}
	return errors.Join(fn(m), m.Close())
}

// Migrate runs fn on the migrator of the database in dir, which no server may
// use meanwhile (ErrLocked).
func Migrate(ctx context.Context, dir string, fn func(*sqlstore.Migrator) error) error {
	lock, err := lockDir(ctx, dir)
	if err != nil {
		return err
	}
	return errors.Join(migrate(dir, false, fn), lock.Close())
}
