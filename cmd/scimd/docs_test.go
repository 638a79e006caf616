package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scimd/scimd/internal/app"
)

// documents are the pages for readers, by name.
func documents(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "deploy/*.md"} {
		files, err := filepath.Glob(filepath.Join("..", "..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			out[f] = string(data)
		}
	}
	return out
}

var (
	codeBlock = regexp.MustCompile("(?ms)^ *```[a-z]*\n(.*?)^ *```$")
	codeSpan  = regexp.MustCompile("`([^`\n]+)`")
	program   = regexp.MustCompile(`^(?:docker exec \S+ /|go run \./cmd/|\./)?scimd(?: (.*))?$`)
	word      = regexp.MustCompile(`'[^']*'|"[^"]*"|\S+`)
	variable  = regexp.MustCompile(`\bSCIMD_[A-Z_]*[A-Z]`)
	optionUse = regexp.MustCompile(`^--([a-z][a-z-]*)(?:[ =].*)?$`)
)

// commandLines are the lines of a page that call scimd, in blocks and in
// spans of code, without comments.
func commandLines(page string) [][]string {
	var lines []string
	for _, b := range codeBlock.FindAllStringSubmatch(page, -1) {
		lines = append(lines, strings.Split(strings.ReplaceAll(b[1], "\\\n", " "), "\n")...)
	}
	for _, s := range codeSpan.FindAllStringSubmatch(codeBlock.ReplaceAllString(page, ""), -1) {
		lines = append(lines, s[1])
	}
	var out [][]string
	for _, line := range lines {
		line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
		m := program.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		own, _, _ := strings.Cut(m[1], " > ") // what follows is the shell's
		args := word.FindAllString(own, -1)
		for i := range args {
			args[i] = strings.Trim(args[i], `'"`)
		}
		// "scimd COMMAND --help" speaks of any command, "scimd devel" is output.
		if len(args) == 0 || args[0] != "COMMAND" && args[0] != "devel" {
			out = append(out, args)
		}
	}
	return out
}

func TestEveryCommandLineInTheDocumentsIsTaken(t *testing.T) {
	t.Parallel()
	seen := 0
	for name, page := range documents(t) {
		for _, args := range commandLines(page) {
			seen++
			root := newRoot(app.Streams{Out: io.Discard, Err: io.Discard})
			cmd, rest, err := root.Find(args)
			if err == nil {
				err = cmd.ParseFlags(rest)
			}
			// Text may name a command without its arguments, "scimd token" even
			// without a command.
			if err == nil && cmd.Flags().NArg() > 0 {
				err = cmd.ValidateArgs(cmd.Flags().Args())
			}
			if err != nil && !errors.Is(err, pflag.ErrHelp) {
				t.Errorf("%s: scimd %s: %v", name, strings.Join(args, " "), err)
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d command lines", seen)
	}
}

func TestEveryOptionAndVariableInTheDocumentsExists(t *testing.T) {
	t.Parallel()
	root := newRoot(app.Streams{Out: io.Discard, Err: io.Discard})
	flags, variables := []string{"help"}, []string{}
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			flags = append(flags, f.Name)
			variables = append(variables, app.EnvName(f.Name), app.EnvName(f.Name)+"_FILE")
		})
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(root)
	variables = append(variables, "SCIMD_NAME", "SCIMD_NAME_FILE") // the pattern that running.md explains
	for name, page := range documents(t) {
		for _, s := range codeSpan.FindAllStringSubmatch(codeBlock.ReplaceAllString(page, ""), -1) {
			if m := optionUse.FindStringSubmatch(s[1]); m != nil && !slices.Contains(flags, m[1]) {
				t.Errorf("%s: there is no option --%s", name, m[1])
			}
		}
		for _, v := range variable.FindAllString(page, -1) {
			if !slices.Contains(variables, v) && !strings.HasPrefix(v, "SCIMD_TEST_") { // not the program's
				t.Errorf("%s: %s sets nothing", name, v)
			}
		}
	}
}
