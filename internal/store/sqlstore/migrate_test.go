package sqlstore

import (
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/golang-migrate/migrate/v4/database/stub"
)

// slow is a driver whose lock another server holds for a while.
type slow struct {
	database.Driver
	held time.Duration
}

func (s *slow) Lock() error {
	time.Sleep(s.held)
	return s.Driver.Lock()
}

func TestAMigrationOfAnotherServerIsWaitedForMoreThanTwoMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		driver, err := stub.WithInstance(nil, &stub.Config{})
		if err != nil {
			t.Fatal(err)
		}
		files := fstest.MapFS{
			"0001_a.up.sql":   {Data: []byte("CREATE TABLE a (x INTEGER);")},
			"0001_a.down.sql": {Data: []byte("DROP TABLE a;")},
		}
		m, err := NewMigrator(files, "stub", nil, &slow{driver, 3 * time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Up(); err != nil {
			t.Errorf("Up: %v", err)
		}
		if v, err := m.Version(); err != nil || v.Current != 1 {
			t.Errorf("version %+v, %v", v, err)
		}
		time.Sleep(time.Hour) // the library's timers end
	})
}
