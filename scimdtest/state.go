package scimdtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/seed"
)

// Seed brings the resources to what a seed says: of a file in YAML or JSON, of a
// directory with such files, or a built-in one, sample:small or sample:enterprise.
// The state afterwards is the one that Reset goes back to. docs/seeds.md describes
// the format. A mistake ends the test and is told with file, line and column.
func (s *Server) Seed(t testing.TB, where string) {
	t.Helper()
	files, err := seed.Open(where, nil)
	must(t, "seed", err)
	s.apply(t, files)
}

// SeedText does the same with the text of a seed, in YAML or JSON.
func (s *Server) SeedText(t testing.TB, text string) {
	t.Helper()
	s.apply(t, seed.List(seed.File{Name: "the seed", Body: strings.NewReader(text)}))
}

func (s *Server) apply(t testing.TB, files seed.Files) {
	t.Helper()
	_, err := s.manage.ApplySeed(context.Background(), control.SeedQuery{Tenant: s.tenant}, files)
	var mistakes *seed.Mistakes
	if errors.As(err, &mistakes) {
		t.Fatalf("scimdtest: seed: %v", mistakes)
	}
	must(t, "seed", err)
}

// Reset takes the resources back to the state after the last seed, or, without one,
// deletes them all. Token, profile, faults, journal and clock stay as they are.
func (s *Server) Reset(t testing.TB) {
	t.Helper()
	_, err := s.manage.Reset(context.Background(), s.tenant)
	must(t, "reset", err)
}

// Snapshot keeps the resources as they are, and takes them back to that when the
// test ends. Called at the start of each subtest, it lets them begin alike; subtests
// that do so on one server must not run in parallel.
func (s *Server) Snapshot(t testing.TB) {
	t.Helper()
	name := s.save(t)
	s.atEnd(t, "go back to the snapshot", func(ctx context.Context) error {
		_, err := s.manage.RestoreSnapshot(ctx, s.tenant, name)
		return errors.Join(err, s.manage.DeleteSnapshot(ctx, s.tenant, name))
	})
}

// save makes a snapshot and gives its name.
func (s *Server) save(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("scimdtest-%d", s.made.Add(1))
	_, err := s.manage.SaveSnapshot(context.Background(), s.tenant, control.NewSnapshot{Name: name})
	must(t, "save a snapshot", err)
	return name
}
