package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/seed"
)

// newSeed is the family of commands on the contents of tenants as a whole.
func newSeed(streams app.Streams) *cobra.Command {
	return group("seed", "Bring tenants to what a file describes, and write down what they hold",
		newSeedApply(streams, false), newSeedApply(streams, true), newSeedValidate(streams), newSeedExport(streams))
}

// oneSeed is the argument of commands on a seed.
func oneSeed(cmd *cobra.Command) *cobra.Command {
	name, _, _ := strings.Cut(cmd.Use, " ")
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return fmt.Errorf("seed %s needs a seed: a file, a directory, sample:NAME, or - for standard input", name)
		}
		return nil
	}
	return cmd
}

// keyFlag adds the file with the key of a seed.
func keyFlag(fs *pflag.FlagSet, file *string) {
	fs.StringVar(file, "key-file", "", "`file` with the key or passphrase that secrets are sealed with")
}

func readKey(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	b, err := os.ReadFile(file)
	return strings.TrimSpace(string(b)), err
}

// newSeedApply is apply, or diff, which tells what apply would do.
func newSeedApply(streams app.Streams, dry bool) *cobra.Command {
	var q control.SeedQuery
	var keyFile string
	changes := false
	use, short := "apply SEED", "Make tenants hold what a seed describes; applied again, it changes nothing"
	if dry {
		use, short = "diff SEED", "Tell what apply would change; the exit code is 1 when it is anything, and 2 when it cannot be told"
	}
	cmd := oneSeed(managing(streams.Out, use, short, func(ctx context.Context, s control.Service, args []string) (_ any, _ func(io.Writer), err error) {
		if q.Key, err = readKey(keyFile); err != nil {
			return nil, nil, err
		}
		files, err := seed.Open(args[0], streams.In)
		if err != nil {
			return nil, nil, err
		}
		q.DryRun = dry
		report, err := s.ApplySeed(ctx, q, files)
		if err != nil {
			return nil, nil, mistakesOf(err)
		}
		changes = report.Changed
		return report, func(w io.Writer) { printSeedReport(w, report, dry) }, nil
	}, func(fs *pflag.FlagSet) {
		fs.StringVar(&q.Tenant, "tenant", "", "tenant that the seed goes into, whatever it calls it; without it the one it names, or default")
		fs.BoolVar(&q.Prune, "prune", false, "delete the resources that the seed does not name, and applications, tokens and issuers where it names any")
		keyFlag(fs, &keyFile)
	}))
	if dry {
		run := cmd.RunE
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if err := run(cmd, args); err != nil {
				return exitError{2, err}
			}
			if changes {
				return exitError{code: 1}
			}
			return nil
		}
	}
	return cmd
}

// seedMistakes are mistakes that a server has told, each on a line.
func mistakesOf(err error) error {
	text := app.Explain(err)
	if !control.BadSeed(err) {
		return err
	}
	m := &seed.Mistakes{}
	for line := range strings.Lines(text) {
		m.List = append(m.List, seed.Mistake{Text: strings.TrimSpace(line)})
	}
	return m
}

func printSeedReport(w io.Writer, r *control.SeedReport, dry bool) {
	for _, t := range r.Tenants {
		fmt.Fprintf(w, "tenant\t%s\n", t.Name)
		if t.Created {
			fmt.Fprintln(w, "created\ttenant")
		}
		for _, s := range t.Settings {
			fmt.Fprintf(w, "set\t%s\n", visible(s))
		}
		for _, x := range t.Types {
			fmt.Fprintf(w, "%s\t%d created, %d updated, %d unchanged, %d removed\n", x.Type, x.Created, x.Updated, x.Unchanged, x.Removed)
		}
		if dry {
			for _, c := range t.Changes {
				fmt.Fprintf(w, "%s\t%s %s\t%s\n", c.Op, c.Type, printable(c.ID), printable(c.Name))
			}
		}
		for _, k := range t.Tokens {
			fmt.Fprintf(w, "token %s\t%s  (shown this once)\n", visible(k.Name), k.Text)
		}
		for i := range t.Applications {
			printApp(w, &t.Applications[i])
		}
	}
}

func newSeedValidate(streams app.Streams) *cobra.Command {
	var keyFile string
	return oneSeed(command("validate SEED", "Tell every mistake in a seed, without a server or a database; what it names has to be in it", false,
		func(_ context.Context, cfg app.Config, args []string) error {
			key, err := readKey(keyFile)
			if err != nil {
				return err
			}
			files, err := seed.Open(args[0], streams.In)
			if err != nil {
				return err
			}
			if err := app.CheckSeed(cfg, files, key); err != nil {
				return err
			}
			_, err = fmt.Fprintln(streams.Out, "the seed has no mistakes")
			return err
		}, func(fs *pflag.FlagSet) { keyFlag(fs, &keyFile) }))
}

func newSeedExport(streams app.Streams) *cobra.Command {
	var q control.ExportQuery
	var secrets, keyFile, file string
	return command("export", "Write down what tenants hold, as a seed", false, func(ctx context.Context, cfg app.Config, _ []string) (err error) {
		switch secrets {
		case "none":
			if keyFile != "" {
				return errors.New("--key-file is for --secrets encrypted")
			}
		case "encrypted":
			if q.Key, err = readKey(keyFile); err != nil || q.Key == "" {
				return errors.Join(errors.New("--secrets encrypted needs --key-file, with a key or a passphrase"), err)
			}
		default:
			return errors.New("--secrets is none or encrypted")
		}
		s, closeIt, err := app.Manage(ctx, cfg)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closeIt()) }()
		if file == "" {
			return s.ExportSeed(ctx, q, streams.Out)
		}
		f, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		return errors.Join(s.ExportSeed(ctx, q, f), f.Close())
	}, func(fs *pflag.FlagSet) {
		fs.StringVar(&q.Tenant, "tenant", "", "tenant that is written; without it all")
		fs.StringVar(&q.Format, "format", seed.YAML, "yaml or json")
		fs.StringVar(&secrets, "secrets", "none", "none leaves passwords, secrets and tokens out, encrypted seals them with the key in --key-file")
		fs.StringVar(&file, "out", "", "`file` to write; without it standard output")
		keyFlag(fs, &keyFile)
	})
}
