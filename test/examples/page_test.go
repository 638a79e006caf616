package examples_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// files are what the guide for tests speaks of and does not show.
var files = map[string]string{
	"seeds/people.yaml": "version: 1\nUsers: [{userName: ada}]\n",
	"seeds/safes.yaml":  "version: 1\nContainers: [{name: Ops}]\n",
	"gateway.json":      `{"match":{"operations":["list"]},"act":{"status":502,"body":"<h1>Bad gateway</h1>"}}`,
}

var anyBlock = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")

// commandLines are those of a page: what stands in its blocks of no language, or sh.
func commandLines(page string) (lines []string) {
	for _, b := range anyBlock.FindAllStringSubmatch(page, -1) {
		if b[1] != "" && b[1] != "sh" {
			continue
		}
		for line := range strings.Lines(b[2]) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), "  #")
			if line = strings.TrimSpace(line); line != "" {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// The command lines of the guide, and of the page on seeds, are typed in their order, as a reader would who has
// a server in this directory, and each does what it should.
func TestTheCommandLinesOfTheGuideForTestsWork(t *testing.T) {
	t.Parallel()
	const token = "a-token-for-tests"
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := serveIn(t, dir, "--ephemeral", "--token", token, "--tenants-on-demand")
	root := strings.TrimSuffix(at.BaseURL, "/scim/v2")
	typed := strings.NewReplacer("http://127.0.0.1:8081/_scimd", at.ControlURL, "http://127.0.0.1:8080", root, " --follow", "", "id=…", "id=1",
		"openssl rand -hex 32", "printf %s "+strings.Repeat("0f", 32)) // which need not be here

	lines := slices.DeleteFunc(commandLines(read(t, "docs/testing.md")+read(t, "docs/seeds.md")), func(line string) bool {
		return strings.HasPrefix(line, "scimd serve") || strings.HasPrefix(line, "scimd --") // other tests start servers
	})
	if len(lines) < 60 {
		t.Fatalf("only %d command lines", len(lines))
	}
	shell := startShell(t, dir, "TOKEN="+token)
	for i, shown := range lines {
		line := typed.Replace(shown)
		switch {
		case strings.Contains(line, "journal") && !strings.Contains(lines[i-1], "journal"):
			receive(t, at.BaseURL, token, 20) // so that there is a 17th
		case strings.Contains(line, "journal wait"), strings.Contains(line, "journal/wait"):
			receive(t, at.BaseURL, token, 2)
		}
		code, out := shell.run(t, line)
		wanted := "0"
		if strings.HasPrefix(line, "scimd seed diff") {
			wanted = "1" // there are changes
		}
		if code != wanted {
			t.Errorf("%s: exit code %s\n%s", line, code, out)
		}
	}
}

func TestTheReadmesFirstRequestWorks(t *testing.T) {
	t.Parallel()
	const token = "a-token-for-tests"
	at := serve(t, "--ephemeral", "--token", token)
	shown := blocks(t, read(t, "README.md"), "First request", "")[0]
	script := strings.NewReplacer("scimd_…", token, "http://127.0.0.1:8080/scim/v2", at.BaseURL).Replace(shown)
	cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script)
	cmd.Env = environment()
	out, err := cmd.CombinedOutput()
	if _, second, _ := strings.Cut(string(out), `"totalResults":1`); err != nil || !strings.Contains(second, `"displayName":"ada"`) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestThePageOnTheDoctorShowsWhatItPrints(t *testing.T) {
	t.Parallel()
	at := serve(t, "--ephemeral", "--token", "TOKEN")
	lines := commandLines(read(t, "docs/doctor.md"))
	args := strings.Fields(strings.Replace(lines[0], "https://scim.example.com/scim/v2", at.BaseURL, 1))[1:]
	out, err := exec.CommandContext(t.Context(), binary, args...).CombinedOutput()
	printed := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err != nil || !strings.HasPrefix(printed[0], "ok    reach                      an answer in ") {
		t.Fatalf("%v\n%s", err, out)
	}
	var shown, is [3]int
	for text, counts := range map[string]*[3]int{lines[len(lines)-1]: &shown, printed[len(printed)-1]: &is} {
		if _, err := fmt.Sscanf(text, "%d ok, %d warn, %d fail", &counts[0], &counts[1], &counts[2]); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	}
	if is[1]+is[2] != 0 || is[0] != shown[0]+shown[1]+shown[2] {
		t.Errorf("%v, the page shows %v", is, shown)
	}
}

// receive has a server make users.
func receive(t *testing.T, base, token string, count int) {
	t.Helper()
	for range count {
		name := strings.ReplaceAll(time.Now().Format("150405.000000000"), ".", "")
		req, err := http.NewRequest(http.MethodPost, base+"/Users", strings.NewReader(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"u`+name+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/scim+json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusCreated {
			t.Fatalf("a user is answered %s", resp.Status)
		}
	}
}

// shell is one in which lines are typed.
type shell struct {
	in  io.Writer
	out *bufio.Reader
}

const prompt = "-- exit code "

func startShell(t *testing.T, dir string, environ ...string) *shell {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "sh")
	path := "PATH=" + filepath.Dir(binary) + string(os.PathListSeparator) + os.Getenv("PATH")
	cmd.Dir, cmd.Env = dir, environment(append(environ, path)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	t.Cleanup(func() { cancel(); _ = cmd.Wait(); _ = r.Close() })
	// A request that is refused fails.
	if _, err := io.WriteString(in, "curl() { command curl --fail-with-body \"$@\"; }\n"); err != nil {
		t.Fatal(err)
	}
	return &shell{in, bufio.NewReader(r)}
}

// run types a line, and gives its exit code and what it has printed.
func (s *shell) run(t *testing.T, line string) (code, out string) {
	t.Helper()
	if _, err := io.WriteString(s.in, line+" </dev/null\nprintf '\\n"+prompt+"%s\\n' $?\n"); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	for {
		text, err := s.out.ReadString('\n')
		if err != nil {
			t.Fatalf("%s: %v after\n%s", line, err, out)
		}
		if code, is := strings.CutPrefix(strings.TrimSpace(text), prompt); is {
			return code, out
		}
		out += text
	}
}
