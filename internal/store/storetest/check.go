package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/store"
)

// ofProtocol are the rules of Check that hold because of how package scim uses a
// store; the suite uses it otherwise.
var ofProtocol = []string{"id", "name", "times", "event", "principal", "no-tenant", "not-swept"}

// findsNothing checks a store after the cases of the suite, with all that they
// wrote at random.
func findsNothing(t *testing.T, s store.Store) {
	n := 0
	_, err := s.Check(context.Background(), store.CheckOptions{Settled: time.Now()}, func(f store.Finding) {
		if slices.Contains(ofProtocol, f.Rule) {
			return
		}
		if n++; n <= 20 {
			t.Errorf("found %+v", f)
		}
	})
	if err != nil {
		t.Errorf("Check: %v", err)
	}
}
