// Command scimd is a SCIM 2.0 server that stands in for a CyberArk tenant.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/seed"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], app.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}

// reloading has SIGHUP read the certificate's files again, where there are any.
// Without them the signal ends the process, as by default.
func reloading(cfg *app.Config, s *app.Server) (stop func()) {
	if cfg.TLSCert == "" {
		return func() {}
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		for range signals {
			s.Reload()
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
	}
}

// run runs one command and gives the exit code. What goes wrong is one line, but for
// the mistakes in a seed, which have one each.
func run(ctx context.Context, args []string, streams app.Streams) int {
	root := newRoot(streams)
	root.SetArgs(args)
	if err := root.ExecuteContext(ctx); err != nil {
		var exit exitError
		if errors.As(err, &exit) && exit.cause == nil {
			return exit.code
		}
		line := strings.TrimSpace(app.Explain(err))
		var mistakes *seed.Mistakes
		if !errors.As(err, &mistakes) {
			line = strings.ReplaceAll(line, "\n", "; ")
		}
		fmt.Fprintln(streams.Err, "scimd:", line)
		return max(exit.code, 1)
	}
	return 0
}

// exitError is an exit code other than 1 for an error, or, without a cause, for
// what was said on standard output.
type exitError struct {
	code  int
	cause error
}

func (e exitError) Error() string { return fmt.Sprint(e.cause) }

func (e exitError) Unwrap() error { return e.cause }
