package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/scimd/scimd/internal/store"
)

const (
	// sweepTime is how often a server looks for what is to be swept.
	sweepTime = 10 * time.Minute
	// expireTime is how often it looks for tenants that have expired.
	expireTime = time.Minute
	// sweepRest is how long it waits when it is woken: what commands have begun in a
	// space that was given up has ended then, and others may wake it meanwhile.
	sweepRest = time.Second
)

// settleTime is longer than a request may be under way that began before its
// tenant was deleted: it is read, and then answered.
func (c *Config) settleTime() time.Duration {
	return max(sweepTime, c.ReadTimeout+c.WriteTimeout+time.Minute)
}

// sweep removes what deleted tenants held, and what restores gave up.
func (e *engine) sweep(ctx context.Context) error {
	return e.store.Sweep(ctx, time.Now().Add(-e.cfg.settleTime()), e.idle)
}

// trim removes what the audit trail of each tenant need not keep any longer.
func (e *engine) trim(ctx context.Context) error {
	l := store.TrailLimits{Changes: int64(e.cfg.AuditMaxChanges), Others: int64(e.cfg.AuditMaxRows)}
	if e.cfg.AuditMaxAge > 0 {
		l.Before = time.Now().Add(-e.cfg.AuditMaxAge)
	}
	if l == (store.TrailLimits{}) {
		return nil
	}
	tenants, err := e.store.Tenants(ctx)
	if err != nil {
		return err
	}
	failed := []error{e.store.Trim(ctx, store.ServerSpace, l)}
	for _, t := range tenants {
		failed = append(failed, e.store.Trim(ctx, t.Home, l))
	}
	return errors.Join(failed...)
}

// sweeper does beside requests what others have left to be done: removing what
// deleted tenants held and restores gave up, deleting tenants that have expired,
// trimming audit trails, ending sessions that have expired, and finishing rotations
// of keys. It does all of it at the start, for what a server left that was stopped
// meanwhile, and from time to time; when it is woken, it sweeps.
type sweeper struct {
	woken chan struct{}
	// expire deletes the tenants that have expired.
	expire func(context.Context) error
}

func newSweeper() *sweeper { return &sweeper{woken: make(chan struct{}, 1)} }

// wake has what is doomed swept soon.
func (s *sweeper) wake(context.Context) error {
	select {
	case s.woken <- struct{}{}:
	default: // it will look anyway
	}
	return nil
}

// run sweeps until ctx ends.
func (s *sweeper) run(ctx context.Context, e *engine, log *slog.Logger) {
	again, expiry := time.NewTicker(sweepTime), time.NewTicker(expireTime)
	defer again.Stop()
	defer expiry.Stop()
	try := func(failed string, do func(context.Context) error) {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			log.LogAttrs(ctx, slog.LevelWarn, failed, slog.Any("error", err))
		}
	}
	for all := true; ; {
		try("tenants that have expired are not deleted yet", s.expire)
		try("what deleted tenants held is not removed yet", e.sweep)
		if all {
			try("sessions that have expired are not removed yet", func(ctx context.Context) error {
				return e.store.SweepSessions(ctx, e.targets.earliest().Add(-e.cfg.TokenSkew-time.Minute))
			})
			try("what is old in the audit trail is not removed yet", e.trim)
			try("a rotation of the encryption key is not finished yet", func(ctx context.Context) error { return e.keyring.Tidy(ctx, time.Now()) })
		}
		all = false
		select {
		case <-ctx.Done():
			return
		case <-s.woken:
			select {
			case <-ctx.Done():
				return
			case <-time.After(sweepRest):
			}
		case <-expiry.C:
		case <-again.C:
			all = true
		}
	}
}
