package main

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/pgtest"
)

var terminate os.Signal = syscall.SIGTERM

// printed waits for the line of the banner that has a word, and gives it.
func (s *process) printed(word string) string {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		for line := range strings.Lines(s.stdout.String()) {
			if strings.Contains(line, word) && strings.HasSuffix(line, "\n") {
				return strings.TrimSpace(line)
			}
		}
	}
	s.t.Fatalf("no line with %q in:\n%s", word, s.stdout.String())
	return ""
}

func (p *place) removeSocket() {
	p.t.Helper()
	path, err := control.SocketPath(filepath.Join(p.dir, "scimd-data"))
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		p.t.Fatal(err)
	}
}

func TestWithoutFlagsItServesAndTheCurlLineWorks(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.serve()
	line := s.printed("curl")
	// A shell function in curl's place shows what curl would be given.
	out, err := exec.Command("sh", "-c", `curl() { printf '%s\n' "$@"; }`+"\n"+line).Output()
	want := "-sS\n-H\nAuthorization: Bearer " + s.Token + "\n" + s.BaseURL + "/Users?count=1\n"
	if err != nil || string(out) != want {
		t.Errorf("%v; curl is given\n%s\nwant\n%s", err, out, want)
	}
	if got := s.request("GET", "/Users?count=1", s.Token, ""); got != 200 {
		t.Errorf("status %d, want 200", got)
	}
	if _, err := os.Stat(filepath.Join(p.dir, "scimd-data")); err != nil {
		t.Error(err)
	}
	stdout, stderr := s.interrupt(os.Interrupt)
	if n := strings.Count("\n"+stdout, "\ncurl"); n != 1 {
		t.Errorf("%d curl lines, want 1", n)
	}
	if strings.Contains(stderr, s.Token) || !strings.Contains(stderr, "msg=ready") {
		t.Errorf("the log holds the token, or does not begin:\n%s", stderr)
	}

	s = p.serve("--log-format=json", "--log-level=warn")
	out, err = exec.Command("sh", "-c", `SCIMD_TOKEN=mine; curl() { printf '%s\n' "$3"; }`+"\n"+s.printed("curl")).Output()
	if err != nil || string(out) != "Authorization: Bearer mine\n" {
		t.Errorf("at a later start curl is given %q, %v", out, err)
	}
	if _, stderr := s.interrupt(terminate); stderr != "" {
		t.Errorf("below warn it logs %q", stderr)
	}
}

func TestASecondServerOnADataDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.serve()
	p.refuse("scimd-data")
	if got := s.request("GET", "/Users?count=1", s.Token, ""); got != 200 {
		t.Errorf("the first one answers %d, want 200", got)
	}
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	again := p.serve() // the socket and the lock that were left do not matter
	var list []control.Token
	p.succeed(&list, "token", "list")
	if got := again.request("GET", "/Users?count=1", s.Token, ""); got != 200 || len(list) != 1 {
		t.Errorf("after a kill: status %d, tokens %+v", got, list)
	}
}

func TestWhatKeepsAServerFromStartingIsOneLine(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Close() })
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"a busy port":                     {[]string{"--addr", busy.Addr().String()}, busy.Addr().String()},
		"an unreachable database":         {[]string{"--database-url", "postgres://scimd:hunter2@127.0.0.1:1/scimd?connect_timeout=2"}, "127.0.0.1"},
		"an unknown flag":                 {[]string{"--adress", "x"}, "--adress"},
		"a wrong value":                   {[]string{"serve", "--max-body", "huge"}, "--max-body"},
		"a missing file":                  {[]string{"--config", "scimd.yaml"}, "scimd.yaml"},
		"an unknown command":              {[]string{"start"}, `"start"`},
		"an unknown profile":              {[]string{"--profile", "entra"}, `"entra"`},
		"a family without a command":      {[]string{"token"}, "token"},
		"no yes":                          {[]string{"migrate", "down"}, "--yes"},
		"no token named":                  {[]string{"token", "revoke"}, "one token"},
		"no server to ping":               {[]string{"ping", "--addr", "127.0.0.1:1"}, "no server answers"},
		"a data directory that cannot be": {[]string{"--data-dir", filepath.Join(binary, "data")}, "data directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.refuse(tc.want, tc.args...)
			if _, stderr, _ := p.run(tc.args...); strings.Contains(stderr, "hunter2") {
				t.Errorf("a password is printed: %s", stderr)
			}
		})
	}
}

func TestPingTellsWhetherTheServerIsReady(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.serve()
	addr := strings.TrimSuffix(strings.TrimPrefix(s.BaseURL, "http://"), "/scim/v2")
	for _, args := range [][]string{{"ping"}, {"ping", "--addr", addr}} { // port 0 asks the control socket
		if stdout, stderr, code := p.run(args...); code != 0 || stdout != "ready\n" {
			t.Errorf("%q: %q, %q, exit code %d", args, stdout, stderr, code)
		}
	}
	var pong map[string]string
	p.succeed(&pong, "ping")
	if pong["url"] != "http://"+addr+"/readyz" {
		t.Errorf("pinged %v", pong)
	}
	s.interrupt(terminate)
	p.refuse("no server", "ping", "--addr", addr)
}

func TestTheServerEndsWithItsParent(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	file := filepath.Join(t.TempDir(), "ready.json")
	cmd := p.command("--ephemeral", "--exit-when-stdin-closes", "--ready-file", file)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = io.Discard
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(file); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the server is not ready after 30 s")
		}
	}
	if info, _ := os.Stat(file); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the ready file has mode %v", info.Mode().Perm())
	}
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if list, _ := os.ReadDir(p.dir); len(list) != 0 {
		t.Errorf("%v is left", list)
	}
}

func TestConfigPrintsWhatHolds(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "SCIMD_TOKEN=hunter2", "SCIMD_LOG_FORMAT=json")
	if err := os.WriteFile(filepath.Join(p.dir, "scimd.yaml"), []byte("log-format: text\nprofile: rfc7644\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	p.succeed(&c, "config", "--config", "scimd.yaml", "--data-dir", "elsewhere")
	for name, want := range map[string]any{"token": "********", "log-format": "json", "profile": "rfc7644", "data-dir": "elsewhere", "database-url": ""} {
		if c[name] != want {
			t.Errorf("%s is %v, want %v", name, c[name], want)
		}
	}
	text, _, code := p.run("config")
	if code != 0 || strings.Contains(text, "hunter2") || !strings.Contains(text, "log-format: json\n") {
		t.Errorf("exit code %d:\n%s", code, text)
	}
}

func TestVersionIsOneLine(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	var v map[string]string
	p.succeed(&v, "version")
	if text, _, _ := p.run("version"); v["version"] == "" || text != "scimd "+v["version"]+"\n" {
		t.Errorf("%q and %v", text, v)
	}
}

func TestReplicasThatStartTogetherMakeOneTokenAndShareItsRevocation(t *testing.T) {
	t.Parallel()
	key := "SCIMD_KEY=" + strings.Repeat("ab", 32)
	env := []string{"SCIMD_DATABASE_URL=" + pgtest.URL(t), key}
	var replicas [3]*process
	var places [3]*place
	var wg sync.WaitGroup
	for i := range replicas {
		places[i] = newPlace(t, env...)
		wg.Go(func() { replicas[i] = places[i].serve() })
	}
	wg.Wait()
	token := ""
	for _, r := range replicas {
		if r == nil {
			t.Fatal("a replica did not start")
		}
		if token != "" && r.Token != "" {
			t.Error("two replicas made a token")
		}
		token += r.Token
	}
	for _, r := range replicas {
		if got := r.request("GET", "/Users?count=1", token, ""); got != 200 {
			t.Errorf("status %d, want 200", got)
		}
	}
	stranger := newPlace(t, env[0])
	stranger.refuse("another key")
}

func TestAReadyFileIsWholeJSON(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.serve("--token", "given-token", "--public-url", "https://scim.example/")
	b, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	var r app.Ready
	if err := json.Unmarshal(b, &r); err != nil || r.Token != "given-token" || r.Tenant != "default" || r.PID != s.cmd.Process.Pid || !strings.HasPrefix(r.BaseURL, "http://127.0.0.1:") {
		t.Errorf("%s, %v", b, err)
	}
	if line := s.printed("base URL"); !strings.HasSuffix(line, " https://scim.example/scim/v2") {
		t.Errorf("banner: %q", line)
	}
}

func TestAStartThatFailsLosesNoToken(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.refuse("ready file", "serve", "--addr", "127.0.0.1:0", "--ready-file", filepath.Join(t.TempDir(), "missing", "ready.json"))
	if s := p.serve(); s.Token == "" {
		t.Errorf("the first start that succeeds shows no token: %s", s.stdout.String())
	}
}

func TestTheReadyFileMayBeTakenAway(t *testing.T) {
	t.Parallel()
	s := newPlace(t).serve()
	if err := os.Remove(s.file); err != nil {
		t.Fatal(err)
	}
	s.interrupt(os.Interrupt) // fails the test unless the server ends cleanly
}

// The certificate is the server's own; that it is read again shows at a signal.
func TestTLSFilesAreTakenAnewAtAHangup(t *testing.T) {
	t.Parallel()
	own := newPlace(t)
	maker := own.serve("--tls-self-signed")
	var pong map[string]string
	own.succeed(&pong, "ping") // port 0 asks the control socket, how to speak as well
	if !strings.HasPrefix(pong["url"], "https://127.0.0.1:") || !strings.Contains(maker.printed("curl"), " --cacert ") {
		t.Errorf("pinged %v, banner %s", pong, maker.printed("curl"))
	}
	addr := strings.TrimSuffix(strings.TrimPrefix(maker.BaseURL, "https://"), "/scim/v2")
	own.succeed(&pong, "ping", "--tls-self-signed", "--addr", addr)
	maker.interrupt(terminate)

	p := newPlace(t)
	files := filepath.Join(own.dir, "scimd-data", "tls")
	s := p.serve("--tls-cert", filepath.Join(files, "cert.pem"), "--tls-key", filepath.Join(files, "key.pem"))
	if runtime.GOOS == "windows" {
		return // it has no such signal
	}
	other := newPlace(t)
	other.serve("--tls-self-signed", "--tls-name", "other.example.com").interrupt(terminate)
	for _, name := range []string{"cert.pem", "key.pem"} {
		if err := os.Rename(filepath.Join(other.dir, "scimd-data", "tls", name), filepath.Join(files, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); !strings.Contains(s.stderr.String(), "certificate read"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the certificate is not read again:\n%s", s.stderr.String())
		}
	}
	s.interrupt(terminate)
}
