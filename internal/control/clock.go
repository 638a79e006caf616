package control

import (
	"context"
	"net/http"
	"time"

	"github.com/scimd/scimd/internal/clock"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// Clocks are the clocks of tenants. They are in the memory of a server: without
// one each method is 409, of several each has its own.
type Clocks interface {
	// Clock tells what the clock of a tenant says, and how it goes on.
	Clock(ctx context.Context, tenant string) (*clock.Setting, error)
	// SetClock makes it go so; 400.
	SetClock(ctx context.Context, tenant string, to clock.Setting) (*clock.Setting, error)
	// AdvanceClock moves it, back by less than nothing; 400.
	AdvanceClock(ctx context.Context, tenant string, by time.Duration) (*clock.Setting, error)
	// ResetClock gives it the time of the machine again.
	ResetClock(ctx context.Context, tenant string) (*clock.Setting, error)
}

// clockStep is a way that a clock is moved.
type clockStep struct {
	By clock.Duration `json:"by" doc:"How far, such as 18001s or 1h30m; back with a minus before it."`
}

func clockRoutes() []route {
	const path = "tenants/{tenant}/clock"
	return []route{
		asking("GET", path, "getClock", "Tells what the clock of a tenant says, and how it goes on.",
			func(s Service, r *http.Request) (*clock.Setting, error) { return s.Clock(r.Context(), aTenant(r)) }),
		sending("PUT", path, "setClock", "Sets the clock of a tenant, or has it go on in another way.", "a clock",
			func(s Service, r *http.Request, to clock.Setting) (*clock.Setting, error) {
				return s.SetClock(r.Context(), aTenant(r), to)
			}),
		sending("POST", path+"/advance", "advanceClock", "Moves the clock of a tenant.", "a way to move a clock",
			func(s Service, r *http.Request, step clockStep) (*clock.Setting, error) {
				return s.AdvanceClock(r.Context(), aTenant(r), time.Duration(step.By))
			}),
		asking("DELETE", path, "resetClock", "Gives the clock of a tenant the time of the machine again.",
			func(s Service, r *http.Request) (*clock.Setting, error) { return s.ResetClock(r.Context(), aTenant(r)) }),
	}
}

// noServer is the answer of commands about what is in the memory of a server.
func noServer(what string) error {
	return scimerr.Conflict("%s in the memory of a server, and none runs here; start one first.", what)
}

// withClock does something with the clock of a tenant, and tells how it stands then.
func (d *Direct) withClock(ctx context.Context, tenant string, do func(*clock.Clock) error) (*clock.Setting, error) {
	t, err := d.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if d.ClockOf == nil {
		return nil, noServer("Clocks of tenants are")
	}
	c := d.ClockOf(t)
	if err := do(c); err != nil {
		return nil, err
	}
	now := c.Setting()
	return &now, nil
}

// timeOf is what the clock of a tenant says, by which its tokens end.
func (d *Direct) timeOf(t store.Tenant) time.Time {
	if d.ClockOf == nil {
		return d.now()
	}
	return d.ClockOf(t).Setting().Time
}

// Clock implements Service.
func (d *Direct) Clock(ctx context.Context, tenant string) (*clock.Setting, error) {
	return d.withClock(ctx, tenant, func(*clock.Clock) error { return nil })
}

// SetClock implements Service.
func (d *Direct) SetClock(ctx context.Context, tenant string, to clock.Setting) (*clock.Setting, error) {
	return d.withClock(ctx, tenant, func(c *clock.Clock) error { return c.Set(to) })
}

// AdvanceClock implements Service.
func (d *Direct) AdvanceClock(ctx context.Context, tenant string, by time.Duration) (*clock.Setting, error) {
	return d.withClock(ctx, tenant, func(c *clock.Clock) error { return c.Advance(by) })
}

// ResetClock implements Service.
func (d *Direct) ResetClock(ctx context.Context, tenant string) (*clock.Setting, error) {
	return d.withClock(ctx, tenant, func(c *clock.Clock) error { c.Reset(); return nil })
}

// SetClock implements Service.
func (a *Audited) SetClock(ctx context.Context, tenant string, to clock.Setting) (*clock.Setting, error) {
	now, err := a.Direct.SetClock(ctx, tenant, to)
	a.tell(ctx, "clock.set", orDefault(tenant), "Clock", "", err)
	return now, err
}

// AdvanceClock implements Service.
func (a *Audited) AdvanceClock(ctx context.Context, tenant string, by time.Duration) (*clock.Setting, error) {
	now, err := a.Direct.AdvanceClock(ctx, tenant, by)
	a.tell(ctx, "clock.advance", orDefault(tenant), "Clock", "", err)
	return now, err
}

// ResetClock implements Service.
func (a *Audited) ResetClock(ctx context.Context, tenant string) (*clock.Setting, error) {
	now, err := a.Direct.ResetClock(ctx, tenant)
	a.tell(ctx, "clock.reset", orDefault(tenant), "Clock", "", err)
	return now, err
}

// Clock implements Service.
func (c *Client) Clock(ctx context.Context, tenant string) (*clock.Setting, error) {
	return call[*clock.Setting](ctx, c, http.MethodGet, clockPath(tenant), nil)
}

// SetClock implements Service.
func (c *Client) SetClock(ctx context.Context, tenant string, to clock.Setting) (*clock.Setting, error) {
	return call[*clock.Setting](ctx, c, http.MethodPut, clockPath(tenant), to)
}

// AdvanceClock implements Service.
func (c *Client) AdvanceClock(ctx context.Context, tenant string, by time.Duration) (*clock.Setting, error) {
	return call[*clock.Setting](ctx, c, http.MethodPost, clockPath(tenant)+"/advance", clockStep{clock.Duration(by)})
}

// ResetClock implements Service.
func (c *Client) ResetClock(ctx context.Context, tenant string) (*clock.Setting, error) {
	return call[*clock.Setting](ctx, c, http.MethodDelete, clockPath(tenant), nil)
}

func clockPath(tenant string) string { return tenantPath(tenant) + "/clock" }
