// Package e2e_test builds scimd, starts it as its users do, on SQLite and on
// Postgres, and looks at it from outside: requests of real clients, many
// clients at once, crashes, nonsense, and what the log says.
package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is scimd, built once for all tests, with the race detector when the
// tests run with it.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "scimd-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "scimd.exe") // the suffix does no harm elsewhere
	args := []string{"build", "-o", binary}
	if raceDetector {
		args = append(args, "-race", "-gcflags=modernc.org/...=-race=false") // as in the Makefile
	}
	build := exec.Command("go", append(args, "github.com/scimd/scimd/cmd/scimd")...)
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "building scimd:", err)
		return 1
	}
	return m.Run()
}
