package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scimd/scimd/internal/control"
)

// newApp is the family of commands on the applications that get access tokens
// with client credentials.
func newApp(out io.Writer) *cobra.Command {
	return group("app", "Make, list, rotate and delete OAuth2 applications",
		newAppCreate(out), newAppList(out), newAppRotate(out), newAppDelete(out))
}

func ofTenant(cmd *cobra.Command, tenant *string) *cobra.Command {
	cmd.Flags().StringVar(tenant, "tenant", control.DefaultTenant, "tenant that is meant")
	return cmd
}

// oneApp is the argument of commands on one application.
func oneApp(cmd *cobra.Command) *cobra.Command {
	name, _, _ := strings.Cut(cmd.Use, " ")
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return fmt.Errorf("app %s needs the id of one application", name)
		}
		return nil
	}
	return cmd
}

func newAppCreate(out io.Writer) *cobra.Command {
	var n control.NewApplication
	var scopes []string
	var lifetime, refresh time.Duration
	return ofTenant(oneApp(managing(out, "create APPID", "Make an application with its service user, and print its client secret, this once",
		func(ctx context.Context, s control.Service, args []string) (any, func(io.Writer), error) {
			if lifetime%time.Second != 0 || refresh%time.Second != 0 {
				return nil, nil, errors.New("--lifetime and --refresh-lifetime are whole numbers of seconds")
			}
			n.AppID, n.Scope = args[0], strings.Join(scopes, " ")
			n.Lifetime, n.RefreshLifetime = int64(lifetime/time.Second), int64(refresh/time.Second)
			a, err := s.CreateApplication(ctx, n)
			return a, func(w io.Writer) { printApp(w, a) }, err
		}, func(fs *pflag.FlagSet) {
			fs.StringSliceVar(&scopes, "scope", nil, "`scope` that tokens may have: scim, api, user_management or privileged_cloud_admin; may be repeated; without it all")
			fs.StringVar(&n.Rights, "rights", "all", "most that tokens may do: read, write, all, or a list of users, groups, vault with :read or :write")
			fs.StringVar(&n.PersonRights, "person-rights", "none", "most that tokens of people who sign in may do, of --rights: none, or as those")
			fs.StringVar(&n.ClientID, "client-id", "", "login name of the service user; without it APPID@TENANT")
			fs.DurationVar(&lifetime, "lifetime", 0, "lifetime of access tokens; without it 5h, and 30m from /oauth2/platformtoken")
			fs.StringArrayVar(&n.RedirectURIs, "redirect-uri", nil, "`URI` that people are sent back to when they have signed in; may be repeated")
			fs.BoolVar(&n.Public, "public", false, "the application cannot keep a secret: it gets none, and has to use PKCE")
			fs.StringSliceVar(&n.Grants, "grant", nil, "grant `type`: client_credentials, authorization_code, refresh_token or password; may be repeated; without it what fits the other options")
			fs.DurationVar(&refresh, "refresh-lifetime", 0, "how long people stay signed in; without it 720h")
			fs.BoolVar(&n.NoRefresh, "no-refresh", false, "no refresh tokens")
			fs.BoolVar(&n.RotateRefresh, "rotate-refresh", false, "each refresh token is good once, as those of a public application always are")
		})), &n.Tenant)
}

func newAppList(out io.Writer) *cobra.Command {
	var tenant string
	return ofTenant(managing(out, "list", "List applications, never their secrets", func(ctx context.Context, s control.Service, _ []string) (any, func(io.Writer), error) {
		list, err := s.Applications(ctx, tenant)
		return list, func(w io.Writer) {
			fmt.Fprintln(w, "APPID\tCLIENT ID\tGRANTS\tSCOPE\tRIGHTS\tOF PEOPLE\tPUBLIC\tACTIVE\tCREATED\tROTATED")
			for _, a := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%t\t%t\t%s\t%s\n", a.AppID, visible(a.ClientID), strings.Join(a.Grants, " "), a.Scope, a.Rights, a.PersonRights,
					a.Public, a.Active, moment(a.Created), moment(a.Rotated))
			}
		}, err
	}), &tenant)
}

func newAppRotate(out io.Writer) *cobra.Command {
	var tenant string
	return ofTenant(oneApp(managing(out, "rotate APPID", "Give an application another client secret, print it, this once, and end the tokens that it has",
		func(ctx context.Context, s control.Service, args []string) (any, func(io.Writer), error) {
			a, err := s.RotateApplication(ctx, tenant, args[0])
			return a, func(w io.Writer) { printApp(w, a) }, err
		})), &tenant)
}

func newAppDelete(out io.Writer) *cobra.Command {
	var tenant string
	return ofTenant(oneApp(managing(out, "delete APPID", "Delete an application with its service user, and end its tokens",
		func(ctx context.Context, s control.Service, args []string) (any, func(io.Writer), error) {
			err := s.DeleteApplication(ctx, tenant, args[0])
			return map[string]string{"deleted": args[0]}, func(w io.Writer) { fmt.Fprintln(w, "deleted", args[0]) }, err
		})), &tenant)
}

func printApp(w io.Writer, a *control.Application) {
	fmt.Fprintf(w, "application\t%s\nclient id\t%s\n", a.AppID, visible(a.ClientID))
	if a.ClientSecret != "" {
		fmt.Fprintf(w, "client secret\t%s  (shown this once)\n", a.ClientSecret)
	}
	fmt.Fprintf(w, "token URL\t%s\n", a.TokenURL)
	if a.AuthorizeURL != "" {
		fmt.Fprintf(w, "authorize URL\t%s\n", a.AuthorizeURL)
	}
	for _, uri := range a.RedirectURIs {
		fmt.Fprintf(w, "redirect URI\t%s\n", uri)
	}
	fmt.Fprintf(w, "grants\t%s\nscope\t%s\nrights\t%s\nrights of people\t%s\n", strings.Join(a.Grants, " "), a.Scope, a.Rights, a.PersonRights)
	for _, text := range a.Warnings {
		fmt.Fprintf(w, "warning\t%s\n", text)
	}
}
