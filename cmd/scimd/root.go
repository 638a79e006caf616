package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scimd/scimd/internal/app"
)

// action is what a command does with its configuration and arguments.
type action func(ctx context.Context, cfg app.Config, args []string) error

func newRoot(streams app.Streams) *cobra.Command {
	serve := func(ctx context.Context, cfg app.Config, _ []string) error {
		s, err := app.Start(ctx, cfg, streams)
		if err != nil {
			return err
		}
		defer reloading(&cfg, s)()
		return s.Wait()
	}
	root := command("scimd", "SCIM 2.0 server that stands in for a CyberArk tenant", true, serve)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.DisableSuggestions = true
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		command("serve", "Serve (what scimd does without a command)", true, serve),
		newConfig(streams.Out), newMigrate(streams.Out),
		newTenant(streams.Out), newSeed(streams), newSnapshot(streams.Out), newReset(streams.Out), newToken(streams.Out), newApp(streams.Out), newIssuer(streams.Out), newServiceUser(streams.Out),
		newClock(streams.Out), newIDs(streams.Out), newFault(streams.Out), newJournal(streams.Out),
		newKey(streams.Out), newCheck(streams.Out), newAudit(streams.Out),
		newProfile(streams.Out), newDoctor(streams.Out), newPing(streams.Out), newVersion(streams.Out),
	)
	return root
}

// command makes a command without arguments whose configuration is loaded from
// its flags, the environment and the file before it runs. serving tells whether
// all options mean something to it. own are flags of the command itself.
func command(use, short string, serving bool, do action, own ...func(*pflag.FlagSet)) *cobra.Command {
	cfg := app.Defaults()
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := cfg.Load(cmd.Flags(), app.Env); err != nil {
				return err
			}
			return do(cmd.Context(), cfg, args)
		},
	}
	cmd.Flags().SortFlags = false
	for _, add := range own {
		add(cmd.Flags())
	}
	cfg.Flags(cmd.Flags(), serving)
	return cmd
}

// group makes a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return fmt.Errorf("%s needs a command; see scimd %s --help", use, use)
		},
	}
	g.AddCommand(commands...)
	return g
}

// jsonFlag adds --json.
func jsonFlag(cmd *cobra.Command, asJSON *bool) *cobra.Command {
	cmd.Flags().BoolVar(asJSON, "json", false, "print JSON")
	return cmd
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func newConfig(out io.Writer) *cobra.Command {
	var asJSON bool
	return jsonFlag(command("config", "Print the effective configuration, secrets masked", true,
		func(_ context.Context, cfg app.Config, _ []string) error { return cfg.Write(out, asJSON) }), &asJSON)
}

func newPing(out io.Writer) *cobra.Command {
	var asJSON bool
	return jsonFlag(command("ping", "Ask the server at --addr whether it is ready", false,
		func(ctx context.Context, cfg app.Config, _ []string) error {
			url, err := app.Ping(ctx, cfg)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(out, map[string]string{"url": url, "status": "ready"})
			}
			_, err = fmt.Fprintln(out, "ready")
			return err
		}), &asJSON)
}

func newVersion(out io.Writer) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return printJSON(out, map[string]string{"version": app.Version()})
			}
			_, err := fmt.Fprintln(out, "scimd", app.Version())
			return err
		},
	}
	return jsonFlag(cmd, &asJSON)
}
