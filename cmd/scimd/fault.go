package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/fault"
)

// newFault is the family of commands on what a tenant does wrong on purpose.
func newFault(out io.Writer) *cobra.Command {
	return group("fault", "Have a tenant of a running server fail on purpose",
		newFaultAdd(out), newFaultReplace(out), newFaultList(out), newFaultRemove(out), newFaultClear(out))
}

func newFaultAdd(out io.Writer) *cobra.Command {
	var tenant, ready string
	var first bool
	var seed uint64
	cmd := managing(out, "add [RULE]", "Add a fault; RULE is JSON, or @ and the name of a file with it",
		func(ctx context.Context, s control.Service, args []string) (any, func(io.Writer), error) {
			spec := fault.Spec{Ready: ready, Rule: fault.Rule{Seed: seed}}
			if (ready == "") != (len(args) == 1) {
				return nil, nil, errors.New("fault add needs one rule, or --ready with the name of a set")
			}
			if len(args) == 1 {
				if err := readRule(args[0], &spec); err != nil {
					return nil, nil, err
				}
			}
			added, err := s.AddFault(ctx, tenant, spec, first)
			return added, func(w io.Writer) { printFaults(w, added) }, err
		})
	cmd.Args = cobra.MaximumNArgs(1)
	cmd.Flags().StringVar(&ready, "ready", "", "a ready `set` instead of a rule: "+strings.Join(fault.ReadyNames(), ", "))
	cmd.Flags().Uint64Var(&seed, "chance", 0, "`number` that the chances of a ready set follow from")
	cmd.Flags().BoolVar(&first, "first", false, "put it before all others, rather than at the end")
	return ofTenant(cmd, &tenant)
}

func newFaultReplace(out io.Writer) *cobra.Command {
	var tenant string
	cmd := managing(out, "replace ID RULE", "Put another rule in the place of a fault; RULE is JSON, or @ and the name of a file with it",
		func(ctx context.Context, s control.Service, args []string) (any, func(io.Writer), error) {
			var rule fault.Rule
			if err := readRule(args[1], &rule); err != nil {
				return nil, nil, err
			}
			now, err := s.ReplaceFault(ctx, tenant, args[0], rule)
			return now, func(w io.Writer) { printFaults(w, []fault.Armed{*now}) }, err
		})
	cmd.Args = cobra.ExactArgs(2)
	return ofTenant(cmd, &tenant)
}

// readRule reads an argument that is JSON, or names a file with it.
func readRule(arg string, v any) error {
	text := []byte(arg)
	if file, ok := strings.CutPrefix(arg, "@"); ok {
		var err error
		if text, err = os.ReadFile(file); err != nil {
			return fmt.Errorf("read the rule: %w", err)
		}
	}
	return fault.Decode(text, v)
}

func newFaultList(out io.Writer) *cobra.Command {
	var tenant string
	return ofTenant(managing(out, "list", "List faults in their order, with how often they came", func(ctx context.Context, s control.Service, _ []string) (any, func(io.Writer), error) {
		list, err := s.Faults(ctx, tenant)
		return list, func(w io.Writer) { printFaults(w, list) }, err
	}), &tenant)
}

func newFaultRemove(out io.Writer) *cobra.Command {
	var tenant string
	cmd := managing(out, "remove ID", "Remove a fault", func(ctx context.Context, s control.Service, args []string) (any, func(io.Writer), error) {
		err := s.RemoveFault(ctx, tenant, args[0])
		return map[string]string{"removed": args[0]}, func(w io.Writer) { fmt.Fprintf(w, "removed %s\n", visible(args[0])) }, err
	})
	cmd.Args = cobra.ExactArgs(1)
	return ofTenant(cmd, &tenant)
}

func newFaultClear(out io.Writer) *cobra.Command {
	var tenant string
	return ofTenant(managing(out, "clear", "Remove all faults", func(ctx context.Context, s control.Service, _ []string) (any, func(io.Writer), error) {
		err := s.ClearFaults(ctx, tenant)
		return map[string]string{"status": "cleared"}, func(w io.Writer) { fmt.Fprintln(w, "cleared") }, err
	}), &tenant)
}

func printFaults(w io.Writer, list []fault.Armed) {
	fmt.Fprintln(w, "ID\tSEEN\tHITS\tMATCH\tACT")
	for _, f := range list {
		match, act := compact(f.Match), compact(f.Act)
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\n", f.ID, f.Seen, f.Hits, match, act)
	}
}

// compact is a value as one line.
func compact(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return visible(string(text))
}
