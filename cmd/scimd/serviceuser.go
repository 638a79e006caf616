package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/scimd/scimd/internal/control"
)

// newServiceUser is the family of commands on the users that applications and
// tokens stand for.
func newServiceUser(out io.Writer) *cobra.Command {
	return group("service-user", "List, deactivate and activate the users that applications stand for",
		newServiceUserList(out),
		newServiceUserSet(out, "deactivate", "Deactivate a service user, which ends the tokens of its application", false),
		newServiceUserSet(out, "activate", "Activate a service user again", true))
}

func newServiceUserList(out io.Writer) *cobra.Command {
	var tenant string
	return ofTenant(managing(out, "list", "List service users", func(ctx context.Context, s control.Service, _ []string) (any, func(io.Writer), error) {
		list, err := s.ServiceUsers(ctx, tenant)
		return list, func(w io.Writer) {
			fmt.Fprintln(w, "USER NAME\tID\tAPPID\tACTIVE")
			for _, u := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%t\n", visible(u.UserName), u.ID, dash(u.AppID), u.Active)
			}
		}, err
	}), &tenant)
}

func newServiceUserSet(out io.Writer, verb, short string, active bool) *cobra.Command {
	var tenant string
	cmd := managing(out, verb+" USER", short+"; USER is its user name, its id, or its application",
		func(ctx context.Context, s control.Service, args []string) (any, func(io.Writer), error) {
			u, err := s.SetServiceUser(ctx, tenant, args[0], active)
			return u, func(w io.Writer) { fmt.Fprintf(w, "%sd %s\n", verb, visible(u.UserName)) }, err
		})
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return fmt.Errorf("service-user %s needs one user", verb)
		}
		return nil
	}
	return ofTenant(cmd, &tenant)
}
