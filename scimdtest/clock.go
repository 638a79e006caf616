package scimdtest

import (
	"context"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/clock"
)

// Freeze lets the tenant's clock stand still at a time, or, with the zero time, at
// the one that it says. It goes on as before when the test ends. By this clock go
// meta.created and meta.lastModified, and the ends of tokens and permissions.
func (s *Server) Freeze(t testing.TB, at time.Time) {
	t.Helper()
	s.keepClock(t)
	_, err := s.manage.SetClock(context.Background(), s.tenant, clock.Setting{Mode: clock.Fixed, Time: at})
	must(t, "freeze the clock", err)
}

// Advance moves the tenant's clock, back if by is negative, whether it stands or
// runs. It says what it would have said when the test ends.
func (s *Server) Advance(t testing.TB, by time.Duration) {
	t.Helper()
	s.keepClock(t)
	_, err := s.manage.AdvanceClock(context.Background(), s.tenant, by)
	must(t, "advance the clock", err)
}

// Now is what the tenant's clock says, to the microsecond.
func (s *Server) Now(t testing.TB) time.Time {
	t.Helper()
	c, err := s.manage.Clock(context.Background(), s.tenant)
	must(t, "read the clock", err)
	return c.Time
}

// keepClock has the clock go on as it does now when the test ends.
func (s *Server) keepClock(t testing.TB) {
	t.Helper()
	before, err := s.manage.Clock(context.Background(), s.tenant)
	must(t, "read the clock", err)
	at := time.Now()
	s.atEnd(t, "give the clock back", func(ctx context.Context) error {
		if before.Real {
			_, err := s.manage.ResetClock(ctx, s.tenant)
			return err
		}
		to := *before
		if to.Mode == clock.Running {
			to.Time = to.Time.Add(time.Since(at))
		}
		_, err := s.manage.SetClock(ctx, s.tenant, to)
		return err
	})
}

// SeedIDs lets the ids of new resources follow from a seed: the same requests get
// the same ids, from the first one on, also after Reset and at the next run. When
// the test ends they are random again, or follow from the seed before.
func (s *Server) SeedIDs(t testing.TB, seed string) {
	t.Helper()
	before, err := s.manage.IDSeed(context.Background(), s.tenant)
	must(t, "seed the ids", err)
	_, err = s.manage.SeedIDs(context.Background(), s.tenant, seed)
	must(t, "seed the ids", err)
	s.atEnd(t, "take the seed of ids back", func(ctx context.Context) error {
		if before.Seed == "" {
			_, err := s.manage.RandomIDs(ctx, s.tenant)
			return err
		}
		_, err := s.manage.SeedIDs(ctx, s.tenant, before.Seed)
		return err
	})
}
