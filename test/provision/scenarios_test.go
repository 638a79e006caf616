package provision_test

import (
	"net/http"
	"testing"

	"github.com/scimd/scimd/test/provision"
	"github.com/scimd/scimd/test/scenario"
	"github.com/scimd/scimd/test/scenarios"
)

// What the scenarios expect is one thing; every answer to their requests, right
// or wrong ones, must also be one that a strict client takes.
func TestTheAnswersToAllScenariosSatisfyAStrictClient(t *testing.T) {
	all, err := scenario.LoadAll(scenarios.Files, "pending.json")
	must(t, err)
	pending, err := scenario.LoadPending(scenarios.Files, "pending.json")
	must(t, err)
	for _, profile := range []string{"cyberark", "rfc7644"} {
		t.Run(profile, func(t *testing.T) {
			onEngines(t, profile, func(t *testing.T, base, token string) {
				strict := &http.Client{Transport: provision.Strict{Next: http.DefaultTransport}}
				for _, s := range all {
					report, err := scenario.Play(t.Context(), scenario.Target{Base: base, Token: token, Client: strict}, s, pending)
					must(t, err)
					for _, f := range report.Failures() {
						t.Errorf("%s: %s: %s", s.Name, f.Step, f.Problem)
					}
				}
			})
		})
	}
}
