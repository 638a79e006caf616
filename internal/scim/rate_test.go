package scim

import (
	"fmt"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
)

// metered is a tenant with rates whose clock the test moves.
func metered(rate, tokenRate int) (t *Tenant, clock *time.Time) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	return &Tenant{Limits: Limits{Rate: rate, TokenRate: tokenRate}, Usage: NewUsage(), Now: func() time.Time { return now }}, &now
}

// admitted is how many of n requests with a token are taken.
func admitted(t *testing.T, tenant *Tenant, token string, n int) (taken int) {
	t.Helper()
	for range n {
		err := tenant.Admit(token)
		switch {
		case err == nil:
			taken++
		case !scimerr.Is(err, 429) || scimerr.From(err).RetryAfter != 1:
			t.Fatal(err)
		}
	}
	return taken
}

func TestRatesBoundTheRequestsOfASecond(t *testing.T) {
	t.Parallel()
	tenant, clock := metered(5, 3)
	for i, step := range []struct {
		after time.Duration
		token string
		want  int
	}{
		{0, "a", 3}, {0, "b", 2}, // what a was refused does not count for the tenant
		{0, "b", 0}, {time.Second, "b", 3}, {0, "a", 2}, {200 * time.Millisecond, "a", 1}, {time.Hour, "c", 3}, {0, "a", 2},
	} {
		*clock = clock.Add(step.after)
		if got := admitted(t, tenant, step.token, 50); got != step.want {
			t.Errorf("step %d: %d requests with %s, want %d", i, got, step.token, step.want)
		}
	}
	tenant.Rate, tenant.TokenRate = 7, 0 // changed while it runs
	if got := admitted(t, tenant, "a", 50); got != 7 {
		t.Errorf("with another limit: %d", got)
	}
	tenant.Rate = 0
	if got := admitted(t, tenant, "a", 50); got != 50 {
		t.Errorf("without limits: %d", got)
	}
	alone, _ := metered(0, 2)
	if got := admitted(t, alone, "a", 50) + admitted(t, alone, "b", 50); got != 4 {
		t.Errorf("with a limit of tokens alone: %d", got)
	}
	alone.Usage = nil
	if err := alone.Admit("a"); err != nil {
		t.Error(err)
	}
}

func TestBucketsOfIdleTokensAreDropped(t *testing.T) {
	t.Parallel()
	tenant, clock := metered(0, 2)
	kept := func() int { return len(tenant.Usage.rates.tokens) }
	for i := range 3 * bucketsKept {
		admitted(t, tenant, fmt.Sprint(i), 1)
	}
	if kept() > bucketsKept || kept() < bucketsKept/2 {
		t.Errorf("%d buckets of tokens in use", kept())
	}
	*clock = clock.Add(bucketSweep)
	if admitted(t, tenant, "x", 1); kept() != 1 {
		t.Errorf("%d buckets are left", kept())
	}
}
