package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/control"
)

// newTenant is the family of tenant commands. Like those of tokens they work
// through the server that runs on the data directory, and otherwise on the
// database.
func newTenant(out io.Writer) *cobra.Command {
	return group("tenant", "Make, list, change and delete tenants",
		newTenantCreate(out), newTenantList(out), newTenantShow(out), newTenantUpdate(out), newTenantDelete(out))
}

// oneTenant is the argument of commands on one tenant.
func oneTenant(cmd *cobra.Command) *cobra.Command {
	name, _, _ := strings.Cut(cmd.Use, " ")
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return fmt.Errorf("tenant %s needs the name of one tenant", name)
		}
		return nil
	}
	return cmd
}

// settings are the flags that tell how a tenant shall be.
type settings struct {
	profile          string
	switches, limits []string
	rate, tokenRate  string
	change           control.TenantChange
}

func (s *settings) flags(fs *pflag.FlagSet) {
	fs.StringVar(&s.profile, "profile", "", "behaviour: the name of a built-in profile, or a profile file")
	fs.StringArrayVar(&s.switches, "set", nil, "set one switch of the profile, `SWITCH=VALUE`; may be repeated")
	fs.StringArrayVar(&s.change.AddHosts, "host", nil, "`host` name that leads to the tenant; may be repeated")
	fs.StringArrayVar(&s.limits, "limit", nil, "bound, `NAME=NUMBER` or NAME=none: maxBody, maxOperations, maxFilterLength, maxFilterDepth, maxResources, maxConcurrent, maxSessions, rate, tokenRate; may be repeated")
	fs.StringVar(&s.change.Expires, "expires", "", "`when` the tenant is removed: 10m, 90d, 2030-12-31, a date and time, or never")
	fs.StringVar(&s.rate, "rate", "", "requests that the tenant takes in a `second`, or none for no bound; short for --limit rate=")
	fs.StringVar(&s.tokenRate, "token-rate", "", "requests that one token may make in a `second`, or none; short for --limit tokenRate=")
}

// read makes the change that the flags ask for. A profile file is read here, as
// the server may not see it.
func (s *settings) read() (c control.TenantChange, err error) {
	c = s.change
	if c.Document, err = app.ProfileText(s.profile); err != nil {
		return c, err
	}
	if c.Document == "" {
		c.Profile = s.profile
	}
	if c.Switches, err = pairs("set", s.switches); err != nil {
		return c, err
	}
	for name, value := range map[string]string{"rate": s.rate, "tokenRate": s.tokenRate} {
		if value != "" {
			s.limits = append(s.limits, name+"="+value)
		}
	}
	c.Limits, err = pairs("limit", s.limits)
	return c, err
}

// pairs reads NAME=VALUE texts of a flag.
func pairs(flag string, list []string) (map[string]string, error) {
	m := map[string]string{}
	for _, text := range list {
		name, value, ok := strings.Cut(text, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, fmt.Errorf("--%s %q is not NAME=VALUE", flag, text)
		}
		if _, twice := m[name]; twice {
			return nil, fmt.Errorf("--%s %s is given twice", flag, name)
		}
		m[name] = strings.TrimSpace(value)
	}
	return m, nil
}

func newTenantCreate(out io.Writer) *cobra.Command {
	var s settings
	var n control.NewTenant
	cmd := managing(out, "create [NAME]", "Make a tenant, whose name is made up if none is given, and print its base URLs and its first token, this once",
		func(ctx context.Context, service control.Service, args []string) (any, func(io.Writer), error) {
			var err error
			if n.TenantChange, err = s.read(); err != nil {
				return nil, nil, err
			}
			if len(args) > 0 {
				n.Name = args[0]
			}
			t, err := service.CreateTenant(ctx, n)
			if err != nil {
				return nil, nil, err
			}
			return t, func(w io.Writer) {
				printTenant(w, &t.Tenant)
				fmt.Fprintf(w, "token\t%s  (%s; shown this once; all rights)\n", t.FirstToken.Text, t.FirstToken.Name)
			}, nil
		}, s.flags, func(fs *pflag.FlagSet) {
			fs.StringVar(&n.TokenName, "token-name", control.FirstToken, "name of the first token")
			fs.StringVar(&n.From, "from", "", "`TENANT` or TENANT/SNAPSHOT whose resources the tenant begins with, and is reset to")
		})
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 1 || len(args) == 1 && args[0] == "" {
			return errors.New("tenant create takes the name of one tenant, or none")
		}
		return nil
	}
	return cmd
}

func newTenantUpdate(out io.Writer) *cobra.Command {
	var s settings
	return oneTenant(managing(out, "update NAME", "Change the profile, the hosts, the limits or the end of a tenant",
		func(ctx context.Context, service control.Service, args []string) (any, func(io.Writer), error) {
			c, err := s.read()
			if err != nil {
				return nil, nil, err
			}
			t, err := service.UpdateTenant(ctx, args[0], c)
			return t, func(w io.Writer) { printTenant(w, t) }, err
		}, s.flags, func(fs *pflag.FlagSet) {
			fs.StringArrayVar(&s.change.RemoveHosts, "remove-host", nil, "`host` name that shall no longer lead to the tenant; may be repeated")
			fs.BoolVar(&s.change.FollowOptions, "follow-options", false, "of the tenant default: behave as the options of the server say, not as a profile of its own")
		}))
}

func newTenantList(out io.Writer) *cobra.Command {
	return managing(out, "list", "List tenants", func(ctx context.Context, s control.Service, _ []string) (any, func(io.Writer), error) {
		list, err := s.Tenants(ctx)
		return list, func(w io.Writer) {
			fmt.Fprintln(w, "NAME\tPROFILE\tHOSTS\tLIMITS\tCREATED\tEXPIRES")
			for _, t := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.Name, t.Profile, dash(strings.Join(t.Hosts, ",")), dash(limits(t.Limits)), moment(t.Created), moment(t.Expires))
			}
		}, err
	})
}

func newTenantShow(out io.Writer) *cobra.Command {
	return oneTenant(managing(out, "show NAME", "Show a tenant with the switches of its profile",
		func(ctx context.Context, s control.Service, args []string) (any, func(io.Writer), error) {
			t, err := s.Tenant(ctx, args[0])
			return t, func(w io.Writer) {
				printTenant(w, t)
				for _, name := range slices.Sorted(maps.Keys(t.Switches)) {
					fmt.Fprintf(w, "  %s\t%s\n", name, visible(t.Switches[name]))
				}
			}, err
		}))
}

func newTenantDelete(out io.Writer) *cobra.Command {
	var yes bool
	return oneTenant(managing(out, "delete NAME", "Delete a tenant with everything in it",
		func(ctx context.Context, s control.Service, args []string) (any, func(io.Writer), error) {
			if !yes {
				return nil, nil, errors.New("tenant delete removes every resource of the tenant, its tokens and its change log; say --yes if that is meant")
			}
			err := s.DeleteTenant(ctx, args[0])
			return map[string]string{"deleted": args[0]}, func(w io.Writer) { fmt.Fprintln(w, "deleted", args[0]) }, err
		}, func(fs *pflag.FlagSet) { fs.BoolVar(&yes, "yes", false, "really delete") }))
}

func printTenant(w io.Writer, t *control.Tenant) {
	profile := t.Profile
	if t.FollowsOptions {
		profile += "  (as the options of the server say)"
	}
	fmt.Fprintf(w, "tenant\t%s\nprofile\t%s\nlimits\t%s\n", t.Name, profile, dash(limits(t.Limits)))
	if !t.Expires.IsZero() {
		fmt.Fprintf(w, "expires\t%s\n", moment(t.Expires))
	}
	for _, u := range t.BaseURLs {
		fmt.Fprintf(w, "base URL\t%s\n", u)
	}
	for _, h := range t.Hosts {
		fmt.Fprintf(w, "host\t%s\n", h)
	}
}

// limits are bounds in one line.
func limits(m map[string]int) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, fmt.Sprintf("%s=%d", name, m[name]))
	}
	return strings.Join(list, ",")
}

// dash stands for nothing in a table.
func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
