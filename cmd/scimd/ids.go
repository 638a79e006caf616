package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/scimd/scimd/internal/control"
)

// newIDs is the family of commands on the ids of new resources.
func newIDs(out io.Writer) *cobra.Command {
	return group("ids", "Tell and choose where the ids of new resources of a running server come from",
		idsCommand(out, "show", "Tell where the ids of new resources come from", control.Service.IDSeed),
		idsCommand(out, "seed SEED", "Make the ids of new resources follow from a seed, from the first one on", nil),
		idsCommand(out, "random", "Make the ids of new resources random again", control.Service.RandomIDs))
}

func idsCommand(out io.Writer, use, short string, do func(control.Service, context.Context, string) (*control.IDSeed, error)) *cobra.Command {
	var tenant string
	cmd := managing(out, use, short, func(ctx context.Context, s control.Service, args []string) (any, func(io.Writer), error) {
		var now *control.IDSeed
		var err error
		if do == nil {
			now, err = s.SeedIDs(ctx, tenant, args[0])
		} else {
			now, err = do(s, ctx, tenant)
		}
		return now, func(w io.Writer) {
			if now.Seed == "" {
				fmt.Fprintln(w, "random")
				return
			}
			fmt.Fprintf(w, "seed %s\n", visible(now.Seed))
			for _, name := range slices.Sorted(maps.Keys(now.Made)) {
				fmt.Fprintf(w, "%s\t%d\n", name, now.Made[name])
			}
		}, err
	})
	if do == nil {
		cmd.Args = cobra.ExactArgs(1)
	}
	return ofTenant(cmd, &tenant)
}
