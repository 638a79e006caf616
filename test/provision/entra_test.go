package provision_test

import (
	"testing"
	"time"

	"github.com/scimd/scimd/test/provision"
)

const workMail = `emails[type eq "work"].value`

// The job of Entra ID ends in the state that the directory describes, after an
// initial cycle and after others with every kind of change, though answers get
// lost.
func TestAnEntraJobEndsAsTheDirectorySays(t *testing.T) {
	for _, c := range []struct {
		name, profile, match string
		flag, old, large     bool
	}{
		{name: "default", profile: "cyberark", match: "userName", large: true},
		{name: "older", profile: "cyberark", match: workMail, old: true},
		{name: "flag", profile: "cyberark", match: "externalId", flag: true},
		{name: "strict", profile: "rfc7644", match: "userName"},
		{name: "strict older", profile: "rfc7644", match: "externalId", old: true},
		{name: "strict flag", profile: "rfc7644", match: workMail, flag: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEngines(t, c.profile, func(t *testing.T, base, token string) {
				people, teams := size(t, c.large)
				r := random()
				directory := provision.NewDirectory(r, people, teams)
				admin := quiet(base)
				job := provision.NewEntra(provision.NewClient(base, token, nil, provision.Lossy(r.Uint64(), 200)), workers, c.match)
				job.Flag, job.Old, job.Plain = c.flag, c.old, c.profile == "rfc7644"

				must(t, job.TestConnection(t.Context(), "5a3c2b1e-0000-4000-8000-7d1f0e2a9b64"))
				must(t, provision.HandMade(t.Context(), admin, directory, people/50))
				begin := time.Now()
				must(t, job.Cycle(t.Context(), directory))
				t.Logf("%d people and %d teams: initial cycle %v", people, teams, time.Since(begin).Round(time.Millisecond))
				must(t, job.Verify(t.Context(), admin))

				for range cycles(c.large) {
					directory = directory.Changed(r, true)
					must(t, job.Lose(t.Context(), admin, directory, 5))
					begin = time.Now()
					must(t, job.Cycle(t.Context(), directory))
					t.Logf("incremental cycle %v", time.Since(begin).Round(time.Millisecond))
					must(t, job.Verify(t.Context(), admin))
				}
			})
		})
	}
}
