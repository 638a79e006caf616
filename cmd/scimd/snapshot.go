package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/scimd/scimd/internal/control"
)

// newSnapshot is the family of commands on states of a tenant's resources.
func newSnapshot(out io.Writer) *cobra.Command {
	return group("snapshot", "Save, restore, list and delete states of a tenant's resources",
		newSnapshotSave(out), newSnapshotRestore(out), newSnapshotList(out), newSnapshotDelete(out))
}

// oneSnapshot is the argument of commands on one snapshot.
func oneSnapshot(cmd *cobra.Command, tenant *string) *cobra.Command {
	verb := cmd.Name()
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return fmt.Errorf("snapshot %s needs the name of one snapshot", verb)
		}
		return nil
	}
	return ofTenant(cmd, tenant)
}

func newSnapshotSave(out io.Writer) *cobra.Command {
	var tenant string
	var n control.NewSnapshot
	cmd := oneSnapshot(managing(out, "save NAME", "Keep the resources of a tenant as they are now; a reset goes back to the one named seed",
		func(ctx context.Context, s control.Service, args []string) (any, func(io.Writer), error) {
			n.Name = args[0]
			saved, err := s.SaveSnapshot(ctx, tenant, n)
			return saved, func(w io.Writer) { fmt.Fprintf(w, "saved %s, %d resources\n", saved.Name, saved.Resources) }, err
		}), &tenant)
	cmd.Flags().BoolVar(&n.Replace, "replace", false, "take the place of a snapshot of this name")
	return cmd
}

func newSnapshotRestore(out io.Writer) *cobra.Command {
	var tenant string
	return oneSnapshot(managing(out, "restore NAME", "Take the resources of a tenant back to a snapshot",
		func(ctx context.Context, s control.Service, args []string) (any, func(io.Writer), error) {
			r, err := s.RestoreSnapshot(ctx, tenant, args[0])
			return r, func(w io.Writer) { printRestored(w, r) }, err
		}), &tenant)
}

func printRestored(w io.Writer, r *control.Restored) {
	if r.Snapshot == "" {
		fmt.Fprintf(w, "emptied the tenant %s\n", r.Tenant)
		return
	}
	fmt.Fprintf(w, "restored %s of the tenant %s, %d resources\n", r.Snapshot, r.Tenant, r.Resources)
}

func newSnapshotList(out io.Writer) *cobra.Command {
	var tenant string
	return ofTenant(managing(out, "list", "List the snapshots of a tenant", func(ctx context.Context, s control.Service, _ []string) (any, func(io.Writer), error) {
		list, err := s.Snapshots(ctx, tenant)
		return list, func(w io.Writer) {
			fmt.Fprintln(w, "NAME\tRESOURCES\tCREATED")
			for _, s := range list {
				fmt.Fprintf(w, "%s\t%d\t%s\n", s.Name, s.Resources, moment(s.Created))
			}
		}, err
	}), &tenant)
}

func newSnapshotDelete(out io.Writer) *cobra.Command {
	var tenant string
	return oneSnapshot(managing(out, "delete NAME", "Delete a snapshot",
		func(ctx context.Context, s control.Service, args []string) (any, func(io.Writer), error) {
			err := s.DeleteSnapshot(ctx, tenant, args[0])
			return map[string]string{"deleted": args[0]}, func(w io.Writer) { fmt.Fprintln(w, "deleted", args[0]) }, err
		}), &tenant)
}

// newReset takes a tenant back to its seed. What has none would be empty then: that
// needs a word more.
func newReset(out io.Writer) *cobra.Command {
	var tenant string
	var yes bool
	cmd := ofTenant(managing(out, "reset", "Take a tenant back to its snapshot seed, or empty it",
		func(ctx context.Context, s control.Service, _ []string) (any, func(io.Writer), error) {
			list, err := s.Snapshots(ctx, tenant)
			if err != nil {
				return nil, nil, err
			}
			if !yes && !slices.ContainsFunc(list, func(s control.Snapshot) bool { return s.Name == control.SeedSnapshot }) {
				return nil, nil, errors.New("reset removes every resource of a tenant that has no snapshot named seed; say --yes if that is meant")
			}
			r, err := s.Reset(ctx, tenant)
			return r, func(w io.Writer) { printRestored(w, r) }, err
		}), &tenant)
	cmd.Flags().BoolVar(&yes, "yes", false, "empty a tenant that has no snapshot named seed")
	return cmd
}
