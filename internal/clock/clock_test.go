package clock

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
)

var moment = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

func TestTheZeroClockIsTheOneOnTheWall(t *testing.T) { // alone: it counts allocations
	var c Clock
	before := time.Now()
	got := c.Now()
	if got.Before(before) || got.After(time.Now()) || !c.Setting().Real {
		t.Errorf("said %v between %v and now, setting %+v", got, before, c.Setting())
	}
	if n := testing.AllocsPerRun(100, func() { c.Now() }); n != 0 {
		t.Errorf("a reading takes %v allocations", n)
	}
}

func TestAFixedClockStandsStillUntilItIsMoved(t *testing.T) {
	t.Parallel()
	var c Clock
	must(t, c.Set(Setting{Mode: Fixed, Time: moment}))
	if a, b := c.Now(), c.Now(); !a.Equal(moment) || !b.Equal(moment) {
		t.Errorf("said %v and %v", a, b)
	}
	must(t, c.Advance(18001*time.Second))
	must(t, c.Advance(-time.Second))
	if want := moment.Add(5 * time.Hour); !c.Now().Equal(want) {
		t.Errorf("said %v, want %v", c.Now(), want)
	}
	must(t, c.Set(Setting{Mode: Running}))
	if got := c.Now().Sub(moment); got < 5*time.Hour || got > 5*time.Hour+time.Minute {
		t.Errorf("it does not run on from where it stood, but %v later", got)
	}
	c.Reset()
	if got := time.Since(c.Now()); got > time.Minute || !c.Setting().Real {
		t.Errorf("after the reset it is %v late", got)
	}
}

func TestARunningClockIsMovedByWhatItIsAdvanced(t *testing.T) {
	t.Parallel()
	var c Clock
	must(t, c.Advance(-24*time.Hour))
	if got := time.Until(c.Now()); got > -23*time.Hour || got < -25*time.Hour {
		t.Errorf("it is %v off", got)
	}
	if s := c.Setting(); s.Mode != Running || s.Real {
		t.Errorf("setting %+v", s)
	}
}

func TestASteppedClockGivesEachReaderItsOwnTime(t *testing.T) {
	t.Parallel()
	var c Clock
	must(t, c.Set(Setting{Mode: Stepped, Time: moment, Step: Duration(time.Second)}))
	const readers, each = 8, 100
	seen := make(chan time.Time, readers*each)
	var all sync.WaitGroup
	for range readers {
		all.Go(func() {
			for range each {
				seen <- c.Now()
			}
		})
	}
	all.Wait()
	close(seen)
	given := map[time.Duration]bool{}
	for at := range seen {
		given[at.Sub(moment)] = true
	}
	for n := range readers * each {
		if !given[time.Duration(n)*time.Second] {
			t.Fatalf("nobody read the time %d steps on; %d times were read", n, len(given))
		}
	}
	if got := c.Setting().Time.Sub(moment); got != readers*each*time.Second {
		t.Errorf("looking says %v after the beginning, or goes on", got)
	}
	must(t, c.Advance(time.Hour))
	if got := c.Now().Sub(moment); got != readers*each*time.Second+time.Hour {
		t.Errorf("advanced to %v", got)
	}
}

func TestASteppedClockStandsAtTheLatestTime(t *testing.T) {
	t.Parallel()
	var c Clock
	must(t, c.Set(Setting{Mode: Stepped, Time: latest.Add(-MaxStep), Step: Duration(MaxStep)}))
	for range 5 {
		if c.Now().After(latest) {
			t.Fatalf("it says %v", c.Now())
		}
	}
}

func TestWhatNoClockCanBeSetToIsRefusedByName(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		to Setting
		at string
	}{
		{Setting{}, "mode"},
		{Setting{Mode: "backwards"}, "mode"},
		{Setting{Mode: Fixed, Step: 1}, "step"},
		{Setting{Mode: Stepped}, "step"},
		{Setting{Mode: Stepped, Step: -1}, "step"},
		{Setting{Mode: Stepped, Step: Duration(MaxStep + 1)}, "step"},
		{Setting{Mode: Fixed, Time: time.Unix(0, 0)}, "time"},
		{Setting{Mode: Running, Time: latest}, "time"},
	} {
		var c Clock
		err := c.Set(x.to)
		if !scimerr.Is(err, 400) || scimerr.From(err).At != x.at {
			t.Errorf("%+v: %v, want 400 at %s", x.to, err, x.at)
		}
		if !c.Setting().Real {
			t.Errorf("%+v changed the clock", x.to)
		}
	}
	var c Clock
	if err := c.Advance(200 * 366 * 24 * time.Hour); !scimerr.Is(err, 400) {
		t.Errorf("advanced beyond the end: %v", err)
	}
}

func TestSettingsAreReadAsTheyAreShown(t *testing.T) {
	t.Parallel()
	var c Clock
	must(t, c.Set(Setting{Mode: Stepped, Time: moment, Step: Duration(1500 * time.Millisecond)}))
	text, err := json.Marshal(c.Setting())
	must(t, err)
	if want := `{"mode":"stepped","time":"2026-03-01T12:00:00.123456Z","step":"1.5s"}`; string(text) != want {
		t.Errorf("shown as %s, want %s", text, want)
	}
	var read Setting
	must(t, json.Unmarshal(text, &read))
	if read != c.Setting() {
		t.Errorf("read %+v, shown %+v", read, c.Setting())
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
