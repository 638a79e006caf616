package scim

import (
	"sync"
	"sync/atomic"
	"testing"
)

// Whoever has come in is there until it leaves, however many come and go while it
// is closed; and nobody comes in after that.
func TestVisitsAreOverWhenTheLastHasLeft(t *testing.T) {
	t.Parallel()
	for range 50 {
		v := &Visits{}
		if !v.Enter() || v.Over() {
			t.Fatal("nobody can enter")
		}
		var inside, early atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 100 {
					if !v.Enter() {
						continue
					}
					inside.Add(1)
					if v.Over() {
						early.Add(1)
					}
					inside.Add(-1)
					v.Leave()
				}
			})
		}
		before := v.Closed()
		v.Close()
		if before || !v.Closed() {
			t.Fatal("not closed, or too early")
		}
		all.Wait()
		if v.Over() || early.Load() > 0 {
			t.Fatalf("over with somebody inside, %d times", early.Load())
		}
		if v.Enter() {
			t.Fatal("somebody came in late")
		}
		v.Leave()
		if !v.Over() {
			t.Fatal("not over")
		}
	}
	var none *Visits
	if !none.Enter() || none.Closed() {
		t.Error("without counting nobody can enter")
	}
	none.Leave()
}
