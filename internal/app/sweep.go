package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/scimd/scimd/internal/store"
)

// sweepTime is how often a server looks for what is to be swept.
const sweepTime = 10 * time.Minute

// settleTime is longer than a request may be under way that began before its
// tenant was deleted: it is read, and then answered.
func (c *Config) settleTime() time.Duration {
	return max(sweepTime, c.ReadTimeout+c.WriteTimeout+time.Minute)
}

// sweep removes what deleted tenants held.
func (e *engine) sweep(ctx context.Context) error {
	return e.store.Sweep(ctx, time.Now().Add(-e.cfg.settleTime()), nil)
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

// sweeper does beside requests what others have left to be done, deleting what
// tenants held, trimming audit trails, ending sessions that have expired, and finishing rotations of keys: at the start, for what a server
// left that was stopped meanwhile, when it is woken, and from time to time.
type sweeper struct{ woken chan struct{} }

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
	again := time.NewTicker(sweepTime)
	defer again.Stop()
	for {
		if err := e.sweep(ctx); err != nil && ctx.Err() == nil {
			log.LogAttrs(ctx, slog.LevelWarn, "what deleted tenants held is not removed yet", slog.Any("error", err))
		}
		if err := e.store.SweepSessions(ctx, time.Now().Add(-e.cfg.TokenSkew-time.Minute)); err != nil && ctx.Err() == nil {
			log.LogAttrs(ctx, slog.LevelWarn, "sessions that have expired are not removed yet", slog.Any("error", err))
		}
		if err := e.trim(ctx); err != nil && ctx.Err() == nil {
			log.LogAttrs(ctx, slog.LevelWarn, "what is old in the audit trail is not removed yet", slog.Any("error", err))
		}
		if err := e.keyring.Tidy(ctx, time.Now()); err != nil && ctx.Err() == nil {
			log.LogAttrs(ctx, slog.LevelWarn, "a rotation of the encryption key is not finished yet", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-s.woken:
		case <-again.C:
		}
	}
}
