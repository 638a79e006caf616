package provision_test

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/pgtest"
	"github.com/scimd/scimd/test/provision"
)

// workers is how many requests a job has under way: Entra alone sends 25 a
// second.
const workers = 8

// envPeople sets how many people the large jobs have.
const envPeople = "SCIMD_TEST_PROVISION"

// size is the number of people and teams of a job. Large jobs are those that
// the project promises to handle.
func size(t *testing.T, large bool) (people, teams int) {
	t.Helper()
	people = 300
	if large {
		people = 5000
	}
	if raceDetector || testing.Short() {
		people = 200
	}
	if text := os.Getenv(envPeople); text != "" && large {
		var err error
		if people, err = strconv.Atoi(text); err != nil || people < 100 {
			t.Fatalf("%s is %q, not a number from 100", envPeople, text)
		}
	}
	return people, max(people/25, 20)
}

// cycles is how often the directory changes in a job.
func cycles(large bool) int {
	if large && !raceDetector && !testing.Short() {
		return 1
	}
	return 2
}

// random is the source of all that jobs make up.
func random() *rand.Rand { return rand.New(rand.NewPCG(5000, 200)) }

// onEngines runs a test on a new server of each engine, at the same time: its
// address and token.
func onEngines(t *testing.T, profile string, test func(t *testing.T, base, token string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, start(t, profile, ""), token)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, start(t, profile, pgtest.Database(t)), token)
	})
}

const token = "provisioning-token"

// start runs a server as scimd does, on a disk or a database, and gives its base
// URL.
func start(t *testing.T, profile, database string) string {
	t.Helper()
	config := app.Defaults()
	config.Addr, config.DataDir, config.DatabaseURL = "127.0.0.1:0", t.TempDir(), database
	config.Profile, config.Token, config.LogLevel = profile, token, slog.LevelError
	config.Switches = []string{"passwords=discard"} // else their hashes took most of the time
	running, err := app.Start(context.Background(), config, app.Streams{Out: io.Discard, Err: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return running.BaseURL()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// quiet is a client that loses nothing.
func quiet(base string) *provision.Client { return provision.NewClient(base, token, nil) }
