package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/control"
)

// newToken is the family of token commands. They work through the server that
// runs on the data directory, and otherwise on the database.
func newToken(out io.Writer) *cobra.Command {
	return group("token", "Create, list and revoke bearer tokens", newTokenCreate(out), newTokenList(out), newTokenRevoke(out))
}

// managing makes a command on the control service. do prints nothing itself:
// it gives what to print as JSON, and as text.
func managing(out io.Writer, use, short string, do func(context.Context, control.Service, []string) (any, func(io.Writer), error), own ...func(*pflag.FlagSet)) *cobra.Command {
	return asking(out, app.Manage, use, short, do, own...)
}

// asking is managing on the service that open gives.
func asking(out io.Writer, open func(context.Context, app.Config) (control.Service, func() error, error), use, short string,
	do func(context.Context, control.Service, []string) (any, func(io.Writer), error), own ...func(*pflag.FlagSet),
) *cobra.Command {
	var asJSON bool
	return jsonFlag(command(use, short, false, func(ctx context.Context, cfg app.Config, args []string) (err error) {
		s, closeIt, err := open(ctx, cfg)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closeIt()) }()
		v, human, err := do(ctx, s, args)
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(out, v)
		}
		tw := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
		human(tw)
		return tw.Flush()
	}, own...), &asJSON)
}

func tenantFlag(cmd *cobra.Command, tenant *string) *cobra.Command {
	cmd.Flags().StringVar(tenant, "tenant", control.DefaultTenant, "tenant of the token")
	return cmd
}

func newTokenCreate(out io.Writer) *cobra.Command {
	var n control.NewToken
	var ends string
	cmd := managing(out, "create", "Make a token and print it, this once", func(ctx context.Context, s control.Service, _ []string) (any, func(io.Writer), error) {
		if ends != "" {
			now := time.Now()
			if c, err := s.Clock(ctx, n.Tenant); err == nil { // by which it will end
				now = c.Time
			}
			var err error
			if n.Expires, err = control.ParseExpiry(ends, now); err != nil {
				return nil, nil, err
			}
		}
		t, err := s.CreateToken(ctx, n)
		if err != nil {
			return nil, nil, err
		}
		return t, func(w io.Writer) {
			fmt.Fprintf(w, "token\t%s\nid\t%s\nname\t%s\nrights\t%s\nexpires\t%s\n", t.Text, t.ID, t.Name, t.Rights, moment(t.Expires))
		}, nil
	})
	cmd.Flags().StringVar(&n.Name, "name", "", "name for lists and logs; without it one is made up")
	cmd.Flags().StringVar(&n.Rights, "rights", "all", "read, write, all, or a list of users, groups, vault with :read or :write")
	cmd.Flags().Func("expires", "end: `time` from now (90d, 12h), date (2030-12-31, its beginning in UTC), or date and time; without it never", func(text string) error {
		ends = text
		_, err := control.ParseExpiry(text, time.Now())
		return err
	})
	return tenantFlag(cmd, &n.Tenant)
}

func newTokenList(out io.Writer) *cobra.Command {
	var tenant string
	return tenantFlag(managing(out, "list", "List tokens, never their text", func(ctx context.Context, s control.Service, _ []string) (any, func(io.Writer), error) {
		list, err := s.Tokens(ctx, tenant)
		return list, func(w io.Writer) {
			fmt.Fprintln(w, "ID\tNAME\tRIGHTS\tPRINCIPAL\tCREATED\tEXPIRES\tREVOKED")
			for _, t := range list {
				revoked := "no"
				if !t.Revoked.IsZero() {
					revoked = moment(t.Revoked)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.Name, t.Rights,
					cmp.Or(t.Principal.Display, t.Principal.ID), moment(t.Created), moment(t.Expires), revoked)
			}
		}, err
	}), &tenant)
}

func newTokenRevoke(out io.Writer) *cobra.Command {
	var tenant string
	cmd := managing(out, "revoke ID|NAME", "Revoke a token", func(ctx context.Context, s control.Service, args []string) (any, func(io.Writer), error) {
		t, err := s.RevokeToken(ctx, tenant, args[0])
		return t, func(w io.Writer) { fmt.Fprintf(w, "revoked %s (%s)\n", t.Name, t.ID) }, err
	})
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return errors.New("token revoke needs the id or the name of one token")
		}
		return nil
	}
	return tenantFlag(cmd, &tenant)
}

// moment shows a time, or never.
func moment(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}
