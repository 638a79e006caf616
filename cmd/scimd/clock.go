package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/scimd/scimd/internal/clock"
	"github.com/scimd/scimd/internal/control"
)

// newClock is the family of commands on the clock of a tenant.
func newClock(out io.Writer) *cobra.Command {
	return group("clock", "Tell, set and move the clock of a tenant of a running server",
		clockCommand(out, "show", "Tell what the clock says, and how it goes on", 0, 0,
			func(ctx context.Context, s control.Service, tenant string, _ []string) (*clock.Setting, error) {
				return s.Clock(ctx, tenant)
			}),
		clockCommand(out, "set TIME", "Have the clock run from a date and time, such as 2030-12-31T12:00:00Z", 1, 1,
			setting(clock.Running, 0)),
		clockCommand(out, "advance DURATION", "Move the clock, by 18001s or 1h30m, and back after -- with a minus before it", 1, 1,
			func(ctx context.Context, s control.Service, tenant string, args []string) (*clock.Setting, error) {
				by, err := time.ParseDuration(args[0])
				if err != nil {
					return nil, fmt.Errorf("%q is no duration such as 18001s or 1h30m", args[0])
				}
				return s.AdvanceClock(ctx, tenant, by)
			}),
		clockCommand(out, "freeze [TIME]", "Have the clock stand still, at what it says or at a date and time", 0, 1,
			setting(clock.Fixed, 0)),
		clockCommand(out, "step DURATION [TIME]", "Have the clock go on by a step, such as 1s, with each reading", 1, 2,
			func(ctx context.Context, s control.Service, tenant string, args []string) (*clock.Setting, error) {
				step, err := time.ParseDuration(args[0])
				if err != nil {
					return nil, fmt.Errorf("%q is no duration such as 1s", args[0])
				}
				return setting(clock.Stepped, step)(ctx, s, tenant, args[1:])
			}),
		clockCommand(out, "run", "Have the clock run on from what it says", 0, 0, setting(clock.Running, 0)),
		clockCommand(out, "reset", "Give the clock the time of the machine again", 0, 0,
			func(ctx context.Context, s control.Service, tenant string, _ []string) (*clock.Setting, error) {
				return s.ResetClock(ctx, tenant)
			}))
}

// clockAction does something with the clock of a tenant.
type clockAction func(ctx context.Context, s control.Service, tenant string, args []string) (*clock.Setting, error)

// setting makes a clock go on so, from the time in the arguments if there is one.
func setting(mode clock.Mode, step time.Duration) clockAction {
	return func(ctx context.Context, s control.Service, tenant string, args []string) (*clock.Setting, error) {
		to := clock.Setting{Mode: mode, Step: clock.Duration(step)}
		if len(args) > 0 {
			var err error
			if to.Time, err = parseMoment(args[0], time.Now()); err != nil {
				return nil, err
			}
		}
		return s.SetClock(ctx, tenant, to)
	}
}

func clockCommand(out io.Writer, use, short string, least, most int, do clockAction) *cobra.Command {
	var tenant string
	cmd := managing(out, use, short, func(ctx context.Context, s control.Service, args []string) (any, func(io.Writer), error) {
		now, err := do(ctx, s, tenant, args)
		return now, func(w io.Writer) {
			how := string(now.Mode)
			switch {
			case now.Real:
				how = "the clock of the machine"
			case now.Mode == clock.Stepped:
				how += " by " + time.Duration(now.Step).String()
			}
			fmt.Fprintf(w, "%s\t%s\n", now.Time.Format(time.RFC3339Nano), how)
		}, err
	})
	cmd.Args = cobra.RangeArgs(least, most)
	return ofTenant(cmd, &tenant)
}
