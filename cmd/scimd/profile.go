package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/scimd/scimd/internal/app"
)

// newProfile is the family of commands that look at profiles. They need neither
// a server nor a database.
func newProfile(out io.Writer) *cobra.Command {
	return group("profile", "Look at profiles, and check one of your own",
		newProfileList(out), newProfileShow(out), newProfileDiff(out), newProfileValidate(out))
}

// looking makes a command whose arguments are the last words of use. do prints
// nothing itself: it gives what to print as JSON, and as text.
func looking(out io.Writer, use, short string, do func(args []string) (any, func(io.Writer), error)) *cobra.Command {
	var asJSON bool
	name, params, _ := strings.Cut(use, " ")
	want := len(strings.Fields(params))
	return jsonFlag(&cobra.Command{
		Use: use, Short: short, SilenceUsage: true, SilenceErrors: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != want {
				return fmt.Errorf("profile %s takes %s; %d given", name, cmp.Or(params, "no argument"), len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			v, human, err := do(args)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(out, v)
			}
			tw := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
			human(tw)
			return tw.Flush()
		},
	}, &asJSON)
}

func newProfileList(out io.Writer) *cobra.Command {
	return looking(out, "list", "List the built-in profiles", func([]string) (any, func(io.Writer), error) {
		list, err := app.Profiles()
		return list, func(w io.Writer) {
			fmt.Fprintln(w, "NAME\tDESCRIPTION")
			for _, p := range list {
				fmt.Fprintf(w, "%s\t%s\n", p.Name, p.Description)
			}
		}, err
	})
}

func newProfileShow(out io.Writer) *cobra.Command {
	return looking(out, "show NAME|FILE", "Show every switch of a profile", func(args []string) (any, func(io.Writer), error) {
		p, err := app.ShowProfile(args[0])
		return p, func(w io.Writer) {
			fmt.Fprintln(w, "SWITCH\tVALUE\tMEANING")
			for _, s := range p.Switches {
				fmt.Fprintf(w, "%s\t%s\t%s\n", s.Name, visible(s.Value), s.Meaning)
			}
		}, err
	})
}

func newProfileDiff(out io.Writer) *cobra.Command {
	return looking(out, "diff A B", "Show the switches in which two profiles differ", func(args []string) (any, func(io.Writer), error) {
		d, err := app.DiffProfiles(args[0], args[1])
		return d, func(w io.Writer) {
			if len(d.Switches) == 0 {
				fmt.Fprintln(w, "no switch differs")
				return
			}
			fmt.Fprintf(w, "SWITCH\t%s\t%s\tMEANING\n", d.A, d.B)
			for _, s := range d.Switches {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.Name, visible(s.A), visible(s.B), s.Meaning)
			}
		}, err
	})
}

func newProfileValidate(out io.Writer) *cobra.Command {
	return looking(out, "validate FILE", "Check the file of a profile; exit code 1 names what is wrong", func(args []string) (any, func(io.Writer), error) {
		p, err := app.ValidateProfile(args[0])
		return p, func(w io.Writer) { fmt.Fprintf(w, "%s is valid: profile %s\n", args[0], p.Name) }, err
	})
}

// visible shows the empty text, which is a value too.
func visible(value string) string { return cmp.Or(value, `""`) }
