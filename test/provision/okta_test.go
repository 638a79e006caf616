package provision_test

import (
	"testing"
	"time"

	"github.com/scimd/scimd/test/provision"
)

// The job of an Okta org ends in the state that the directory describes, and
// imports that run beside it see everybody once.
func TestAnOktaJobEndsAsTheDirectorySays(t *testing.T) {
	for _, c := range []struct {
		name, profile string
		wizard, large bool
	}{
		{name: "catalogue", profile: "cyberark", large: true},
		{name: "wizard", profile: "cyberark", wizard: true},
		{name: "strict catalogue", profile: "rfc7644"},
		{name: "strict wizard", profile: "rfc7644", wizard: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEngines(t, c.profile, func(t *testing.T, base, token string) {
				people, teams := size(t, c.large)
				r := random()
				directory := provision.NewDirectory(r, people, teams)
				admin := quiet(base)
				job := provision.NewOkta(provision.NewClient(base, token, provision.OktaHeader, provision.Lossy(r.Uint64(), 200)), workers)
				job.Wizard = c.wizard

				must(t, provision.HandMade(t.Context(), admin, directory, people/50))
				begin := time.Now()
				must(t, job.Cycle(t.Context(), directory))
				t.Logf("%d people and %d teams: first push %v", people, teams, time.Since(begin).Round(time.Millisecond))
				must(t, job.Verify(t.Context(), admin))

				for range cycles(c.large) {
					directory = directory.Changed(r, false)
					known, stop, done := job.Known(), make(chan struct{}), make(chan error, 1)
					go func() {
						walks, err := job.Import(t.Context(), known, stop)
						t.Logf("%d imports beside", walks)
						done <- err
					}()
					begin = time.Now()
					err := job.Cycle(t.Context(), directory)
					t.Logf("changes %v", time.Since(begin).Round(time.Millisecond))
					close(stop)
					must(t, <-done)
					must(t, err)
					must(t, job.Verify(t.Context(), admin))
				}
			})
		})
	}
}
