package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/control"
)

// newCheck makes the command that looks for what must not be in the database:
// exit code 0 when nothing is found, 1 when something is, 2 when it cannot look.
func newCheck(out io.Writer) *cobra.Command {
	var tenant string
	found := false
	cmd := asking(out, app.Look, "check", "Check what is stored, beside a running server too; changes nothing", func(ctx context.Context, s control.Service, _ []string) (any, func(io.Writer), error) {
		c, err := s.Check(ctx, tenant)
		if err != nil {
			return nil, nil, err
		}
		found = len(c.Findings) > 0
		return c, func(w io.Writer) { printCheck(w, c) }, nil
	})
	cmd.Flags().StringVar(&tenant, "tenant", "", "check one tenant; without it all")
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := run(cmd, args); err != nil {
			return exitError{2, err}
		}
		if found {
			return exitError{code: 1}
		}
		return nil
	}
	return cmd
}

func printCheck(w io.Writer, c *control.Check) {
	all := int64(0)
	for _, n := range c.Found {
		all += n
	}
	for _, f := range c.Findings {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", f.Rule, f.Table, f.Tenant, f.Type, printable(f.ID), f.Detail)
	}
	if more := all - int64(len(c.Findings)); more > 0 {
		fmt.Fprintf(w, "and %d more\n", more)
	}
	for _, table := range slices.Sorted(maps.Keys(c.Checked)) {
		fmt.Fprintf(w, "checked\t%s\t%d\n", table, c.Checked[table])
	}
	if !c.Opened {
		fmt.Fprintln(w, "sealed values were not opened: the master key is not at hand")
	}
	fmt.Fprintf(w, "findings\t%d\n", all)
}

// printable keeps an id on its line.
func printable(id string) string {
	if strings.ContainsFunc(id, func(c rune) bool { return !strconv.IsPrint(c) }) {
		return strconv.Quote(id)
	}
	return id
}
