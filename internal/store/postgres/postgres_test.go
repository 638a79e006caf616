package postgres_test

import (
	"testing"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/pgtest"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/postgres"
	"github.com/scimd/scimd/internal/store/storetest"
)

func TestPostgresConforms(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB, reg *schema.Registry) store.Store { return open(t, pgtest.URL(t), reg) })
}

// Beside nothing else, as it measures memory.
func TestALongListOfPermissionsIsFlat(t *testing.T) {
	storetest.Large(t, open(t, pgtest.URL(t), storetest.Registry()))
}

func open(t testing.TB, url string, reg *schema.Registry) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Options{URL: url, Registry: reg})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func compile(t testing.TB, rt *schema.ResourceType, text string) filter.Predicate {
	t.Helper()
	p, err := filter.Compile(text, rt, filter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAListOfLargeGroupsTakesLittleMemory(t *testing.T) {
	storetest.Memory(t, func(t testing.TB, reg *schema.Registry) store.Store { return open(t, pgtest.URL(t), reg) })
}
