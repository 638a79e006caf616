package auth

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// try makes an attempt that is decided at once.
func (a *attempts) try(t *testing.T, source, name string, wrong bool) error {
	t.Helper()
	decide, err := a.begin(t.Context(), 1, source, name)
	if err == nil {
		decide(wrong)
	}
	return err
}

// R6749-10.10: a burst has as many attempts as one after the other.
func TestABurstOfWrongSecretsIsBounded(t *testing.T) {
	t.Parallel()
	for _, wrong := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			a := newAttempts(time.Now)
			compared, refused := 0, 0
			results := make(chan error, 200)
			for range cap(results) {
				go func() {
					decide, err := a.begin(t.Context(), 1, "s", "n")
					if err == nil {
						time.Sleep(time.Millisecond) // so long a comparison takes
						decide(wrong)
					}
					results <- err
				}()
			}
			for range cap(results) {
				if err := <-results; err == nil {
					compared++
				} else if errors.Is(err, errTooOften) {
					refused++
				}
			}
			if want := map[bool]int{true: ofPair.atOnce, false: 200}[wrong]; compared != want || compared+refused != 200 {
				t.Errorf("wrong %t: %d compared, %d refused", wrong, compared, refused)
			}
			if len(a.pairs.boxes) > 1 || !wrong && len(a.pairs.boxes)+len(a.names.boxes)+len(a.sources.boxes) != 0 {
				t.Errorf("wrong %t: boxes %v", wrong, a.pairs.boxes)
			}
		})
	}
}

func TestWrongSecretsCountByNameAndSource(t *testing.T) {
	t.Parallel()
	now := time.Now()
	a := newAttempts(func() time.Time { return now })
	for n := range ofPair.atOnce {
		if err := a.try(t, "here", "Ada", true); err != nil {
			t.Fatal(n, err)
		}
	}
	for _, name := range []string{"Ada", "ada", "ＡＤＡ"} { // as names are compared
		if err := a.try(t, "here", name, false); !errors.Is(err, errTooOften) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := a.try(t, "elsewhere", "ada", false); err != nil {
		t.Error("one source locks a name out: ", err)
	}
	now = now.Add(ofPair.interval)
	if err := a.try(t, "here", "ada", true); err != nil {
		t.Error("nothing is forgiven: ", err)
	}
	sprayed := 0
	for n := range 1000 {
		if a.try(t, "sprayer", fmt.Sprint("name", n), true) == nil {
			sprayed++
		}
	}
	if sprayed != ofSource.atOnce {
		t.Errorf("one source tried %d names", sprayed)
	}
	guessed := 0
	for n := range 1000 {
		if a.try(t, fmt.Sprint("source", n), "bob", true) == nil {
			guessed++
		}
	}
	if guessed > ofName.atOnce || guessed < ofName.atOnce-1 {
		t.Errorf("many sources had %d attempts at one name", guessed)
	}
}

func TestNoNumberOfNamesResetsACount(t *testing.T) {
	t.Parallel()
	now := time.Now()
	a := newAttempts(func() time.Time { return now })
	for range ofPair.atOnce {
		if err := a.try(t, "here", "victim", true); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 20000 {
		_ = a.try(t, fmt.Sprint(n), fmt.Sprint("name", n), true)
	}
	if err := a.try(t, "here", "victim", false); !errors.Is(err, errTooOften) {
		t.Errorf("the count of a name was forgotten for others: %v", err)
	}
}
