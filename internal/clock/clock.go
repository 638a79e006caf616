// Package clock is the time of a tenant, which a test can hold: it runs, perhaps
// from another moment, stands still, or goes on by a step with each reading. The
// zero Clock is the one on the wall.
package clock

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
)

// Mode is how a clock goes on.
type Mode string

// The modes. A stepped clock gives its time to whoever reads it, and then goes on;
// a request may read it more than once.
const (
	Running Mode = "running"
	Fixed   Mode = "fixed"
	Stepped Mode = "stepped"
)

// The times that a clock may be set to: what fits all formats in which times of
// tenants are stored and sent.
var (
	earliest = time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// MaxStep bounds a step.
const MaxStep = 366 * 24 * time.Hour

// Setting is how a clock goes: as it is set, and as it is shown.
type Setting struct {
	Mode Mode `json:"mode" enum:"running,fixed,stepped" doc:"How the clock goes on; stepped is by a step with each reading."`
	// Time is what the clock says now; in what it is set to, absent means that it
	// stays.
	Time time.Time `json:"time,omitzero" doc:"What the clock says; absent in what it is set to: what it says already."`
	Step Duration  `json:"step,omitzero" doc:"How far a stepped clock goes on with each reading, such as 1s."`
	// Real tells that it is the clock on the wall; only shown.
	Real bool `json:"real,omitempty" doc:"That it is the clock of the machine; only in answers."`
}

// Duration is one as text: 1h30m, 250ms.
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%.50q is no duration such as 90s or 1h30m", text)
	}
	*d = Duration(v)
	return nil
}

// Clock is safe for concurrent use, and must not be copied.
type Clock struct {
	mu    sync.Mutex // of who sets it
	state atomic.Pointer[state]
}

// state is how a clock goes from a moment on; nil is the clock on the wall. Only
// read changes.
type state struct {
	mode   Mode
	offset time.Duration // of a running clock
	at     time.Time     // of the others
	step   time.Duration
	read   atomic.Int64
}

// Now is what the clock says.
func (c *Clock) Now() time.Time {
	s := c.state.Load()
	if s == nil {
		return time.Now()
	}
	if s.mode == Stepped {
		return s.after(s.read.Add(1) - 1)
	}
	return s.look()
}

// look is what the clock says to who does not count as a reader.
func (s *state) look() time.Time {
	switch {
	case s == nil:
		return time.Now()
	case s.mode == Running:
		return time.Now().Add(s.offset)
	}
	return s.after(s.read.Load())
}

// after is the time of the n-th reading of a clock that does not run.
func (s *state) after(n int64) time.Time {
	if s.step == 0 {
		return s.at
	}
	if left := int64(latest.Sub(s.at) / s.step); n > left { // there it stands
		return latest
	}
	return s.at.Add(time.Duration(n) * s.step)
}

// Setting tells how the clock goes. It counts as no reading.
func (c *Clock) Setting() Setting {
	s := c.state.Load()
	out := Setting{Mode: Running, Time: s.look().UTC().Truncate(time.Microsecond), Real: s == nil}
	if s != nil {
		out.Mode, out.Step = s.mode, Duration(s.step)
	}
	return out
}

// Set makes the clock go so; 400 names what is wrong.
func (c *Clock) Set(to Setting) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case to.Mode != Running && to.Mode != Fixed && to.Mode != Stepped:
		return scimerr.InvalidValue("mode", "The mode of a clock is %s, %s or %s.", Running, Fixed, Stepped)
	case to.Mode != Stepped && to.Step != 0:
		return scimerr.InvalidValue("step", "Only a %s clock has a step.", Stepped)
	case to.Mode == Stepped && (to.Step <= 0 || time.Duration(to.Step) > MaxStep):
		return scimerr.InvalidValue("step", "A %s clock has a step of more than nothing and at most %v.", Stepped, MaxStep)
	}
	if to.Time.IsZero() {
		to.Time = c.state.Load().look()
	}
	return c.start(to.Mode, to.Time, time.Duration(to.Step))
}

// Advance moves the clock by a time, back if it is negative; it goes on as before.
func (c *Clock) Advance(by time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.state.Load()
	if s == nil {
		s = &state{mode: Running}
	}
	return c.start(s.mode, s.look().Add(by), s.step)
}

// Reset gives the clock the time on the wall.
func (c *Clock) Reset() { c.state.Store(nil) }

// start makes the clock go on from a moment; c.mu is held.
func (c *Clock) start(mode Mode, at time.Time, step time.Duration) error {
	if at.Before(earliest) || !at.Before(latest) {
		return scimerr.InvalidValue("time", "A clock says a time from %s to %s.", earliest.Format(time.DateOnly), latest.Format(time.DateOnly))
	}
	s := &state{mode: mode, step: step, at: at.UTC().Truncate(time.Microsecond)}
	if mode == Running {
		s.offset = time.Until(at)
	}
	c.state.Store(s)
	return nil
}
