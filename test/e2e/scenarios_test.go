package e2e_test

import (
	"testing"

	"github.com/scimd/scimd/test/scenario"
	"github.com/scimd/scimd/test/scenarios"
)

const pendingFile = "pending.json"

func TestTheScenariosOfRealClientsPass(t *testing.T) {
	t.Parallel()
	all, err := scenario.LoadAll(scenarios.Files, pendingFile)
	if err != nil {
		t.Fatal(err)
	}
	pending, err := scenario.LoadPending(scenarios.Files, pendingFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, profile := range []string{"cyberark", "rfc7644"} {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			onEngines(t, func(t *testing.T, p place) {
				s := p.start(t, "--profile", profile)
				target := scenario.Target{Base: s.base, Token: token, Client: s.client}
				counts := map[scenario.Outcome]int{}
				for _, sc := range all {
					report, err := scenario.Play(t.Context(), target, sc, pending)
					if err != nil {
						t.Fatal(err)
					}
					for _, r := range report.Results {
						counts[r.Outcome]++
					}
					for _, f := range report.Failures() {
						t.Errorf("%s: %s: %s", sc.Name, f.Step, f.Problem)
					}
				}
				t.Logf("%d steps passed, %d failed, %d pending, %d depend on those, %d not applicable",
					counts[scenario.Passed], counts[scenario.Failed], counts[scenario.Awaited],
					counts[scenario.Dependent], counts[scenario.NotApplicable])
			})
		})
	}
}
