package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scimd/scimd/internal/control"
)

// newIssuer is the family of commands on the issuers of others whose tokens a
// tenant accepts.
func newIssuer(out io.Writer) *cobra.Command {
	return group("issuer", "Trust other issuers of tokens, list them, trust them no more",
		newIssuerAdd(out), newIssuerList(out), newIssuerRemove(out))
}

// oneIssuer is the argument of commands on one issuer.
func oneIssuer(cmd *cobra.Command) *cobra.Command {
	name, _, _ := strings.Cut(cmd.Use, " ")
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return fmt.Errorf("issuer %s needs the name of one issuer", name)
		}
		return nil
	}
	return cmd
}

func newIssuerAdd(out io.Writer) *cobra.Command {
	var i control.Issuer
	var tenant, keysFile string
	var grants []string
	return ofTenant(oneIssuer(managing(out, "add NAME", "Accept the tokens (JWTs) of another issuer",
		func(ctx context.Context, s control.Service, args []string) (_ any, _ func(io.Writer), err error) {
			i.Name = args[0]
			if i.Grants, err = pairs("grant", grants); err != nil {
				return nil, nil, err
			}
			if keysFile != "" {
				if i.Keys, err = os.ReadFile(keysFile); err != nil { // the server may not see it
					return nil, nil, err
				}
			}
			made, err := s.AddIssuer(ctx, tenant, i)
			return made, func(w io.Writer) { printIssuer(w, made) }, err
		}, func(fs *pflag.FlagSet) {
			fs.StringVar(&i.Issuer, "issuer", "", "`iss` of its tokens, character for character")
			fs.StringSliceVar(&i.Audiences, "audience", []string{}, "`aud` of which a token must name one; may be repeated")
			fs.StringVar(&i.KeysURL, "keys-url", "", "`URL` where it publishes its keys")
			fs.StringVar(&keysFile, "keys-file", "", "`file` with its key set, in place of a URL")
			fs.StringVar(&i.PrincipalClaim, "principal-claim", "sub", "`claim` that tells whom a token stands for")
			fs.StringVar(&i.Rights, "rights", "all", "most that its tokens may do: read, write, all, or a list of users, groups, vault with :read or :write")
			fs.StringVar(&i.RightsClaim, "rights-claim", "", "`claim` with the scopes or roles of a token; without it each token has all of --rights")
			fs.StringArrayVar(&grants, "grant", nil, "what a value of that claim stands for, `VALUE=RIGHTS`; may be repeated; without it scopes and rights go by their names")
			fs.BoolVar(&i.AnyType, "any-type", false, "accept tokens whose typ is not at+jwt, as those of Entra ID")
		})), &tenant)
}

func newIssuerList(out io.Writer) *cobra.Command {
	var tenant string
	return ofTenant(managing(out, "list", "List the issuers that a tenant trusts", func(ctx context.Context, s control.Service, _ []string) (any, func(io.Writer), error) {
		list, err := s.Issuers(ctx, tenant)
		return list, func(w io.Writer) {
			fmt.Fprintln(w, "NAME\tISSUER\tAUDIENCES\tKEYS\tRIGHTS")
			for _, i := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", i.Name, i.Issuer, strings.Join(i.Audiences, ","), keysOf(i), rightsOf(i))
			}
		}, err
	}), &tenant)
}

func newIssuerRemove(out io.Writer) *cobra.Command {
	var tenant string
	return ofTenant(oneIssuer(managing(out, "remove NAME", "Accept the tokens of an issuer no more",
		func(ctx context.Context, s control.Service, args []string) (any, func(io.Writer), error) {
			err := s.RemoveIssuer(ctx, tenant, args[0])
			return map[string]string{"removed": args[0]}, func(w io.Writer) { fmt.Fprintln(w, "removed", args[0]) }, err
		})), &tenant)
}

func printIssuer(w io.Writer, i *control.Issuer) {
	fmt.Fprintf(w, "issuer\t%s\niss\t%s\naudiences\t%s\nkeys\t%s\nprincipal\t%s\nrights\t%s\n",
		i.Name, visible(i.Issuer), visible(strings.Join(i.Audiences, ",")), keysOf(i), i.PrincipalClaim, rightsOf(i))
}

func keysOf(i *control.Issuer) string {
	if i.KeysURL == "" {
		return "given"
	}
	return visible(i.KeysURL)
}

func rightsOf(i *control.Issuer) string {
	if i.RightsClaim == "" {
		return i.Rights
	}
	return i.Rights + " by " + visible(i.RightsClaim)
}
