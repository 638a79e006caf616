package app_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/pgtest"
)

// made makes users at once and gives their ids, sorted.
func (l *besieged) made(names string, n int) []string {
	l.Helper()
	ids := make([]string, n)
	var clients sync.WaitGroup
	for i := range n {
		clients.Go(func() { ids[i] = l.create(l.token, "/Users", fmt.Sprintf(userOf, fmt.Sprintf("%s-%d", names, i), "x")) })
	}
	clients.Wait()
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Seeded ids are the same at each engine, after each reset, and in the process that
// comes next; whoever asks at once gets one each, also past those that are in use.
func TestSeededIDsComeAgain(t *testing.T) {
	t.Parallel()
	const n = 24
	var first []string
	for engine, configure := range map[string]func(*app.Config){
		"sqlite": func(*app.Config) {}, "postgres": func(c *app.Config) { c.DatabaseURL = pgtest.URL(t) },
	} {
		cfg := config(t)
		cfg.Token = "own"
		configure(&cfg)
		for _, process := range []string{"one", "another"} {
			s, _ := start(t, cfg)
			l := &besieged{TB: t, base: s.BaseURL(), token: cfg.Token}
			m := s.Control()
			seed := func() {
				t.Helper()
				if _, err := m.SeedIDs(t.Context(), "", "nightly"); err != nil {
					t.Fatal(err)
				}
			}
			again := func(what string, got []string) {
				t.Helper()
				if first == nil {
					first = got
				}
				if !slices.Equal(got, first) || len(got) != n {
					t.Errorf("%s, %s process, %s: other ids than before: %v", engine, process, what, got)
				}
			}
			seed()
			if _, err := m.Reset(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
			again("at first", l.made("a", n))
			seed()
			if more := l.made("b", n); len(more) != n || slices.ContainsFunc(more, func(id string) bool { return slices.Contains(first, id) }) {
				t.Errorf("%s: past those in use: %v", engine, more)
			}
			if _, err := m.Reset(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
			again("after a reset", l.made("c", n))
			stop(t, s)
		}
	}
}
