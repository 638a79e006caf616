package sqlite_test

import (
	"testing"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/sqlite"
	"github.com/scimd/scimd/internal/store/storetest"
)

func TestSQLiteConforms(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB, reg *schema.Registry) store.Store { return open(t, t.TempDir(), reg) })
}

// Beside nothing else, as it measures memory.
func TestALongListOfPermissionsIsFlat(t *testing.T) {
	storetest.Large(t, open(t, t.TempDir(), storetest.Registry()))
}

func open(t testing.TB, dir string, reg *schema.Registry) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Registry: reg})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestAListOfLargeGroupsTakesLittleMemory(t *testing.T) {
	storetest.Memory(t, func(t testing.TB, reg *schema.Registry) store.Store { return open(t, t.TempDir(), reg) })
}
