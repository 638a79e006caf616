package e2e_test

import (
	"cmp"
	"sync"
	"testing"

	"github.com/scimd/scimd/test/scenario"
	"github.com/scimd/scimd/test/scenarios"
)

const pendingFile = "pending.json"

// play plays all scenarios, one after another, and gives the outcomes of their
// steps by number. It may be called from several goroutines.
func play(t *testing.T, s *server) map[scenario.Outcome]int {
	t.Helper()
	counts := map[scenario.Outcome]int{}
	all, err := scenario.LoadAll(scenarios.Files, pendingFile)
	if err != nil {
		t.Error(err)
		return counts
	}
	pending, err := scenario.LoadPending(scenarios.Files, pendingFile)
	if err != nil {
		t.Error(err)
		return counts
	}
	target := scenario.Target{Base: s.base, Token: cmp.Or(s.bearer, token), Client: s.client}
	for _, sc := range all {
		report, err := scenario.Play(t.Context(), target, sc, pending)
		if err != nil {
			t.Error(err)
			return counts
		}
		for _, r := range report.Results {
			counts[r.Outcome]++
		}
		for _, f := range report.Failures() {
			t.Errorf("%s: %s: %s", sc.Name, f.Step, f.Problem)
		}
	}
	return counts
}

// onProfiles runs a test on a new server of each profile on each engine.
func onProfiles(t *testing.T, test func(t *testing.T, s *server)) {
	t.Helper()
	for _, profile := range []string{"cyberark", "rfc7644"} {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			onEngines(t, func(t *testing.T, p place) { test(t, p.start(t, "--profile", profile)) })
		})
	}
}

func TestTheScenariosOfRealClientsPass(t *testing.T) {
	t.Parallel()
	onProfiles(t, func(t *testing.T, s *server) {
		counts := play(t, s)
		t.Logf("%d steps passed, %d failed, %d pending, %d depend on those, %d not applicable",
			counts[scenario.Passed], counts[scenario.Failed], counts[scenario.Awaited],
			counts[scenario.Dependent], counts[scenario.NotApplicable])
	})
}

// Clients that share a server, and a tenant, do not get into each other's way:
// each run makes names of its own.
func TestTheScenariosPassEightAtOnce(t *testing.T) {
	t.Parallel()
	onProfiles(t, func(t *testing.T, s *server) {
		const runs = 8
		var all sync.WaitGroup
		passed := make([]int, runs)
		for i := range runs {
			all.Go(func() { passed[i] = play(t, s)[scenario.Passed] })
		}
		all.Wait()
		for i, n := range passed {
			if n == 0 || n != passed[0] {
				t.Errorf("run %d passed %d steps, the first one %d", i, n, passed[0])
			}
		}
	})
}
