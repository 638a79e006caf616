package scimdtest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/scimdtest"
)

const twoPeople = "version: 1\nUsers:\n  - userName: ada\n  - userName: grace\n"

func TestSeedsComeFromFilesSamplesAndText(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "people.yaml")
	if err := os.WriteFile(file, []byte(twoPeople), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		seeds []scimdtest.Option
		users int
	}{
		"a file":      {[]scimdtest.Option{scimdtest.Seed(file)}, 2},
		"a directory": {[]scimdtest.Option{scimdtest.Seed(dir)}, 2},
		"YAML":        {[]scimdtest.Option{scimdtest.SeedText(twoPeople)}, 2},
		"JSON":        {[]scimdtest.Option{scimdtest.SeedText(`{"version":1,"Users":[{"userName":"ada"}]}`)}, 1},
		"two":         {[]scimdtest.Option{scimdtest.Seed(file), scimdtest.SeedText("version: 1\nUsers: [{userName: bela}]")}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, s := range []*scimdtest.Server{scimdtest.New(t, tc.seeds...), scimdtest.Shared(t, tc.seeds...)} {
				if n := users(t, s); n != tc.users {
					t.Errorf("%d users, want %d", n, tc.users)
				}
			}
		})
	}
	if n := users(t, scimdtest.Shared(t, scimdtest.Seed("sample:small"))); n < 5 {
		t.Errorf("the sample has %d users", n)
	}
}

func TestAMistakeInASeedIsToldWhereItStands(t *testing.T) {
	t.Parallel()
	s := scimdtest.Shared(t)
	ended := within(func(t testing.TB) { s.SeedText(t, "version: 1\nUsers:\n  - userNam: ada\n") })
	if !strings.Contains(ended.failed, "the seed:3:") {
		t.Error(ended.failed)
	}
	if n := users(t, s); n != 0 {
		t.Errorf("%d users of a wrong seed", n)
	}
}

func TestAResetGoesBackToTheSeed(t *testing.T) {
	t.Parallel()
	s := scimdtest.Shared(t)
	create(t, s, "mallory")
	if s.Reset(t); users(t, s) != 0 {
		t.Error("without a seed something is left")
	}
	s.SeedText(t, twoPeople)
	create(t, s, "mallory")
	if s.Reset(t); users(t, s) != 2 {
		t.Error("not the seed's users")
	}
}

func TestASubtestWithASnapshotLeavesNothing(t *testing.T) {
	t.Parallel()
	s := scimdtest.Shared(t, scimdtest.SeedText(twoPeople))
	for range 2 {
		t.Run("the same each time", func(t *testing.T) {
			s.Snapshot(t)
			create(t, s, "bela")
			s.Snapshot(t) // one in the other
			if create(t, s, "mallory"); users(t, s) != 4 {
				t.Errorf("%d users, want 4", users(t, s))
			}
		})
		if n := users(t, s); n != 2 {
			t.Errorf("%d users afterwards, want 2", n)
		}
	}
}

func TestTheClockStandsUntilTheTestEnds(t *testing.T) {
	t.Parallel()
	s := scimdtest.Shared(t)
	at := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	created := func(t testing.TB, name string) string {
		return create(t, s, name)["meta"].(map[string]any)["created"].(string)
	}
	t.Run("frozen", func(t *testing.T) {
		s.Freeze(t, at)
		if got := created(t, "ada"); !strings.HasPrefix(got, "2031-05-06T07:08:09") {
			t.Errorf("created %s", got)
		}
		t.Run("and advanced", func(t *testing.T) {
			s.Advance(t, 24*time.Hour)
			if got := created(t, "grace"); !strings.HasPrefix(got, "2031-05-07T07:08:09") {
				t.Errorf("created %s", got)
			}
		})
		if got := s.Now(t); !got.Equal(at) {
			t.Errorf("after the inner test the clock says %v", got)
		}
	})
	if off := time.Since(s.Now(t)).Abs(); off > time.Minute {
		t.Errorf("the clock is %v off", off)
	}
	t.Run("running", func(t *testing.T) {
		s.Advance(t, 24*time.Hour)
		t.Run("advanced again", func(t *testing.T) { s.Advance(t, -time.Hour) })
		if off := (time.Since(s.Now(t)) + 24*time.Hour).Abs(); off > time.Minute {
			t.Errorf("the clock is %v off", off)
		}
	})
	ended := within(func(t testing.TB) { s.Freeze(t, time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)) })
	if !strings.Contains(ended.failed, "A clock says a time from") {
		t.Error(ended.failed)
	}
}

func TestIDsFollowFromTheirSeed(t *testing.T) {
	t.Parallel()
	a, b := scimdtest.Shared(t), scimdtest.Shared(t)
	id := func(s *scimdtest.Server, name string) string { return create(t, s, name)["id"].(string) }
	t.Run("seeded", func(t *testing.T) {
		a.SeedIDs(t, "nightly")
		b.SeedIDs(t, "nightly")
		if x, y := id(a, "ada"), id(b, "grace"); x != y {
			t.Errorf("%s and %s", x, y)
		}
	})
	if x, y := id(a, "bela"), id(b, "cleo"); x == y {
		t.Errorf("ids still follow from the seed: %s", x)
	}
}
