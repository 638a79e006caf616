package examples_test

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks are the blocks of code of a language in a part of a page, of which there
// must be some.
func blocks(t *testing.T, page, heading, language string) (out []string) {
	t.Helper()
	_, part, found := strings.Cut(page, "\n## "+heading+"\n")
	part, _, _ = strings.Cut(part, "\n## ")
	for _, b := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(part, -1) {
		out = append(out, b[1])
	}
	if !found || len(out) == 0 {
		t.Fatalf("nothing in %s under %s", language, heading)
	}
	return out
}

func TestTheReadmesGoTestIsOneThatRuns(t *testing.T) {
	t.Parallel()
	shown := blocks(t, read(t, "README.md"), "In a test", "go")[0]
	if !strings.Contains(read(t, "examples/connector/connector_test.go"), shown) {
		t.Errorf("examples/connector has no such test:\n%s", shown)
	}
}

func TestTheReadmesCurlLinesDoTheSame(t *testing.T) {
	t.Parallel()
	shown := blocks(t, read(t, "README.md"), "In a test", "shell")
	if len(shown) != 2 {
		t.Fatalf("%d blocks, not the start and the requests", len(shown))
	}
	args := strings.Fields(shown[0])[3:] // after go run ./cmd/scimd
	ready := serve(t, args...)
	script := strings.NewReplacer("http://127.0.0.1:8080/scim/v2", ready.BaseURL, "http://127.0.0.1:8081/_scimd", ready.ControlURL).Replace(shown[1])
	cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script)
	cmd.Env = environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	rest := string(out)
	for _, want := range []string{`"status":503`, `"status":"503"`, `"userName":"ada@corp.example"`, `"count":1`, `"status":201`, `"complete":true`} {
		var found bool
		if _, rest, found = strings.Cut(strings.ReplaceAll(rest, `": `, `":`), want); !found {
			t.Fatalf("%s does not come in its turn:\n%s", want, out)
		}
	}
}

// place is what of the ready file is asked for.
type place struct{ BaseURL, ControlURL string }

// serve starts the program on free ports; it ends with the test.
func serve(t *testing.T, args ...string) place {
	t.Helper()
	return serveIn(t, t.TempDir(), args...)
}

// serveIn is serve in a directory.
func serveIn(t *testing.T, dir string, args ...string) (p place) {
	t.Helper()
	file := filepath.Join(dir, "ready.json")
	cmd := exec.Command(binary, append(args, "--addr", "127.0.0.1:0", "--control-addr", "127.0.0.1:0", "--ready-file", file, "--exit-when-stdin-closes")...)
	cmd.Dir, cmd.Env, cmd.Stderr = dir, environment(), t.Output()
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = in.Close(); <-ended })
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if text, err := os.ReadFile(file); err == nil {
			if err := json.Unmarshal(text, &p); err != nil {
				t.Fatal(err)
			}
			return p
		}
		if len(ended) > 0 || time.Now().After(deadline) {
			t.Fatal("scimd did not start")
		}
	}
}

// What needs containers or another company's machines is held against its language's
// grammar.
func TestTheRecipesAreWellFormed(t *testing.T) {
	t.Parallel()
	page, dir := read(t, "docs/testing.md"), t.TempDir()
	const heading = "Containers and CI"
	for _, b := range blocks(t, page, heading, "yaml") {
		var v map[string]any
		if err := yaml.Unmarshal([]byte(b), &v); err != nil || v["services"] == nil && v["jobs"] == nil {
			t.Errorf("%v in\n%s", err, b)
		}
	}
	for _, b := range blocks(t, page, heading, "go") {
		if _, err := parser.ParseFile(token.NewFileSet(), "", b, parser.AllErrors); err != nil {
			t.Errorf("%v in\n%s", err, b)
		}
	}
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if node := interpreter(t, "node"); node != "" {
		for _, b := range blocks(t, page, heading, "js") {
			if out, err := exec.Command(node, "--check", file("recipe.mjs", b)).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		}
	}
	if javac := interpreter(t, "javac"); javac != "" {
		// Without the library it gets as far as its names, which is after the grammar.
		for _, b := range blocks(t, page, heading, "java") {
			out, _ := exec.Command(javac, "-d", dir, file("ProvisioningTest.java", b)).CombinedOutput()
			for _, line := range regexp.MustCompile(`(?m)error: .*$`).FindAllString(string(out), -1) {
				if !strings.Contains(line, "does not exist") && !strings.Contains(line, "cannot find symbol") {
					t.Errorf("%s", out)
				}
			}
		}
	}
}
