// Package examples_test runs the examples in other languages, and what the documents
// show of them, with the program as users have it.
package examples_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// envExamples is all where a language that is missing is a mistake; otherwise its
// example is left out, which the log tells.
const envExamples = "SCIMD_TEST_EXAMPLES"

const root = "../.."

// binary is the program, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "scimd-examples-*")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		binary = filepath.Join(dir, "scimd")
		if runtime.GOOS == "windows" {
			binary += ".exe"
		}
		if out, err := exec.Command("go", "build", "-o", binary, "github.com/scimd/scimd/cmd/scimd").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%s\n", out)
			return 1
		}
		return m.Run()
	}())
}

// environment is that of this process without options of scimd, and with more.
func environment(more ...string) []string {
	own := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "SCIMD_") })
	return append(own, more...)
}

// find looks for a command of a language; "" means that it is not there, and need
// not be.
func find(expected string, names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	if expected == "all" {
		return "", fmt.Errorf("%s is all, and there is no %s", envExamples, strings.Join(names, " or "))
	}
	return "", nil
}

// interpreter is find for a test, which fails, or tells what is left out.
func interpreter(t *testing.T, names ...string) string {
	t.Helper()
	path, err := find(os.Getenv(envExamples), names...)
	if err != nil {
		t.Fatal(err)
	}
	if path == "" {
		t.Logf("left out: there is no %s", strings.Join(names, " or "))
	}
	return path
}

func TestALanguageThatIsMissingIsAMistakeWhereAllAreExpected(t *testing.T) {
	t.Parallel()
	const missing = "no-such-language"
	if path, err := find("all", missing); path != "" || err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("%q, %v", path, err)
	}
	if path, err := find("", missing); path != "" || err != nil {
		t.Errorf("%q, %v", path, err)
	}
	if path, err := find("all", missing, "go"); path == "" || err != nil {
		t.Errorf("%q, %v", path, err)
	}
}

func TestTheExamplesInOtherLanguagesPass(t *testing.T) {
	t.Parallel()
	for language, run := range map[string]struct {
		commands []string
		args     []string
		shows    string
	}{
		"python":     {[]string{"python3", "python"}, []string{"-B", "-m", "unittest", "-v"}, "Ran 2 tests"},
		"typescript": {[]string{"node"}, []string{"--test", "--test-reporter=tap"}, "# pass 2"},
		"java":       {[]string{"java"}, []string{"-XX:TieredStopAtLevel=1", "OutageTest.java"}, "ok"},
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			command := interpreter(t, run.commands...)
			if command == "" {
				return
			}
			cmd := exec.CommandContext(t.Context(), command, run.args...)
			cmd.Dir = filepath.Join(root, "examples", language)
			cmd.Env = environment("SCIMD="+binary, "TMPDIR="+t.TempDir())
			began := time.Now()
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), run.shows) {
				t.Errorf("%v\n%s", err, out)
			}
			t.Logf("%.1f s", time.Since(began).Seconds())
		})
	}
}

// The example goes red when the server does not do what it says: it is no show.
func TestTheExamplesFailWhereThereIsNoServer(t *testing.T) {
	t.Parallel()
	python := interpreter(t, "python3", "python")
	if python == "" {
		return
	}
	cmd := exec.CommandContext(t.Context(), python, "-B", "-m", "unittest")
	cmd.Dir = filepath.Join(root, "examples", "python")
	cmd.Env = environment("SCIMD=" + python) // which does not know the arguments
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Run(); err == nil || !strings.Contains(errs.String(), "scimd did not start") {
		t.Errorf("%v\n%s", err, errs.String())
	}
}
