package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/doctor"
)

// newDoctor makes the command that looks at a server from outside: exit code 0 when
// nothing failed, 1 when something did, 2 when it cannot look.
func newDoctor(out io.Writer) *cobra.Command {
	var asJSON bool
	var o doctor.Options
	var token, ca string
	cmd := jsonFlag(command("doctor URL", "Look at a SCIM server from outside, as identity providers reach it, and name what is in the way", false,
		func(ctx context.Context, cfg app.Config, args []string) (err error) {
			if o.URL, err = serverURL(args[0]); err != nil {
				return exitError{2, err}
			}
			if o.Token = token; token == "" {
				o.Token = cfg.Token
			}
			if o.Roots, err = app.RootsWith(ca); err != nil {
				return exitError{2, err}
			}
			report := doctor.Run(ctx, o)
			if asJSON {
				err = printJSON(out, report)
			} else {
				err = printReport(out, report)
			}
			if err == nil && report.Status == doctor.Fail {
				return exitError{code: 1}
			}
			return err
		}, func(fs *pflag.FlagSet) {
			fs.StringVar(&token, "token", "", "bearer token; without it that of SCIMD_TOKEN or SCIMD_TOKEN_FILE")
			fs.BoolVar(&o.ReadOnly, "read-only", false, "leave out what could write: otherwise a user is made, and removed again")
			fs.StringVar(&ca, "ca", "", "`file` with an authority, in PEM, to trust beside those of the system")
			fs.DurationVar(&o.Timeout, "timeout", 15*time.Second, "longest time to wait for an answer")
		}), &asJSON)
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return exitError{2, errors.New("doctor needs the base URL of one server, such as https://scim.example.com/scim/v2")}
		}
		return nil
	}
	return cmd
}

func serverURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("use a base URL such as https://scim.example.com/scim/v2")
	}
	return u, nil
}

func printReport(w io.Writer, r *doctor.Report) error {
	var s strings.Builder
	count := map[doctor.Status]int{}
	for _, c := range r.Checks {
		count[c.Status]++
		fmt.Fprintf(&s, "%-4s  %-26s %s\n", c.Status, c.Name, printable(c.Seen))
		if c.Culprit != "" {
			fmt.Fprintf(&s, "      %s\n", printable(c.Culprit))
		}
	}
	if n := len(r.LeftOut); n > 0 && r.Checks[len(r.Checks)-1].Status == doctor.Fail {
		fmt.Fprintf(&s, "%d checks are left out until that is mended\n", n)
	} else if n > 0 {
		fmt.Fprintf(&s, "left out: %s\n", strings.Join(r.LeftOut, ", "))
	}
	fmt.Fprintf(&s, "%d ok, %d warn, %d fail\n", count[doctor.OK], count[doctor.Warn], count[doctor.Fail])
	_, err := io.WriteString(w, s.String())
	return err
}
