// Command pgserve runs a command with a Postgres server for its tests:
//
//	go run ./internal/pgtest/pgserve -- go test ./...
//
// The command finds the server in SCIMD_TEST_DATABASE_URL, so that all test
// binaries share one. A server named there already is used as it is. The exit
// code is the command's.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/scimd/scimd/internal/pgtest"
)

func main() {
	code, err := serve(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "pgserve:", err)
	}
	os.Exit(code)
}

// serve returns the exit code of the command, or 2 and an error when it did
// not run.
func serve(args []string) (int, error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return 2, errors.New("usage: pgserve -- COMMAND [ARGUMENT…]")
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = os.Environ()

	// Before the server is there, so that no signal leaves it behind.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)

	if os.Getenv(pgtest.EnvURL) == "" {
		server, err := pgtest.Start()
		if err != nil {
			return 2, err
		}
		defer func() {
			if err := server.Stop(); err != nil {
				fmt.Fprintln(os.Stderr, "pgserve:", err)
			}
		}()
		cmd.Env = append(cmd.Env, pgtest.EnvURL+"="+server.URL)
	}
	if err := cmd.Start(); err != nil {
		return 2, err
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s) // it may have ended just now
		}
	}()
	err := cmd.Wait()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return exit.ExitCode(), nil
	}
	return 1, err
}
