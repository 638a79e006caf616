package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/pgtest"
)

// token is the bearer token that tests give their servers.
const token = "e2e-token-with-full-rights"

// place is where a server keeps its data; servers may be started on it one
// after another.
type place struct {
	engine string
	flags  []string
}

// onEngines runs a test on a new place of each engine.
func onEngines(t *testing.T, test func(t *testing.T, p place)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, place{"sqlite", []string{"--data-dir", t.TempDir()}})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, place{"postgres", []string{"--data-dir", t.TempDir(), "--database-url", pgtest.Database(t)}})
	})
}

// flag is the value of one of the place's flags.
func (p place) flag(name string) string {
	if i := slices.Index(p.flags, name); i >= 0 {
		return p.flags[i+1]
	}
	return ""
}

// server is a running scimd.
type server struct {
	base   string // SCIM base URL
	token  string
	caFile string // of a server that makes its own authority
	bearer string // with which scenarios are played, "" for the tests' token
	stdout string // file that takes stdout
	log    string // file that takes stderr
	cmd    *exec.Cmd
	stdin  io.Closer
	ended  chan struct{}
	once   sync.Once
	client *http.Client
}

// readyFile is what --ready-file holds.
type readyFile struct {
	BaseURL string `json:"baseUrl"`
	Tenant  string `json:"tenant"`
	Token   string `json:"token"`
	PID     int    `json:"pid"`
	CAFile  string `json:"caFile"`
}

// command is scimd with arguments and an environment without settings.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "SCIMD_") })
	return cmd
}

// start starts a server with the tests' token and waits until it is ready.
func (p place) start(t *testing.T, flags ...string) *server {
	t.Helper()
	return p.startWith(t, slices.Concat([]string{"--token", token}, flags)...)
}

// startWith starts a server with these flags beside the place's own. It is
// stopped when the test ends, and must not have panicked or raced.
func (p place) startWith(t *testing.T, flags ...string) *server {
	t.Helper()
	dir := t.TempDir()
	ready := filepath.Join(dir, "ready.json")
	args := slices.Concat([]string{"serve", "--addr", "127.0.0.1:0", "--ready-file", ready, "--exit-when-stdin-closes"}, p.flags, flags)
	s := &server{
		cmd: command(t, args...), stdout: filepath.Join(dir, "stdout"), log: filepath.Join(dir, "log"),
		ended: make(chan struct{}),
	}
	s.cmd.Stdout, s.cmd.Stderr = create(t, s.stdout), create(t, s.log)
	var err error
	// The pipe ends with this process, and the server with it.
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait() // the state is read in stop
		close(s.ended)
	}()
	t.Cleanup(func() {
		s.stop(t)
		s.checkLog(t)
	})
	at := s.await(t, ready)
	s.base, s.token, s.caFile = at.BaseURL, at.Token, at.CAFile
	s.client = &http.Client{
		Timeout:   60 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: 64},
	}
	t.Cleanup(s.client.CloseIdleConnections)
	if at.PID != s.cmd.Process.Pid {
		t.Errorf("the ready file names process %d, not %d", at.PID, s.cmd.Process.Pid)
	}
	return s
}

func create(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// banner is what the server writes to stdout, awaited up to the line that
// begins with curl: the ready file does not promise that it is there already.
func (s *server) banner(t *testing.T) string {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		data, err := os.ReadFile(s.stdout)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte("curl ")) && bytes.HasSuffix(data, []byte("\n")) || time.Now().After(deadline) {
			return string(data)
		}
	}
}

// await reads the ready file once it is complete.
func (s *server) await(t *testing.T, name string) readyFile {
	t.Helper()
	deadline := time.After(60 * time.Second)
	for {
		data, err := os.ReadFile(name)
		if err == nil {
			var at readyFile
			if err := json.Unmarshal(data, &at); err != nil {
				t.Fatalf("the ready file is not whole: %v: %s", err, data)
			}
			return at
		}
		if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		select {
		case <-s.ended:
			t.Fatalf("the server ended before it was ready:\n%s", s.logged(t))
		case <-deadline:
			t.Fatalf("the server is not ready after a minute:\n%s", s.logged(t))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// stop ends the server politely; it must drain and exit with 0.
func (s *server) stop(t *testing.T) {
	s.once.Do(func() {
		if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("the server was gone before it was stopped: %v\n%s", err, s.logged(t))
			return
		}
		select {
		case <-s.ended:
			if code := s.cmd.ProcessState.ExitCode(); code != 0 {
				t.Errorf("the server ended with %d:\n%s", code, s.logged(t))
			}
		case <-time.After(60 * time.Second):
			t.Errorf("the server does not stop:\n%s", s.logged(t))
			s.end()
		}
	})
}

// kill ends the server as a power cut would end the process.
func (s *server) kill(t *testing.T) {
	t.Helper()
	s.once.Do(s.end)
}

func (s *server) end() {
	_ = s.cmd.Process.Kill()
	<-s.ended
}

// logged is the last of what the server wrote to stderr.
func (s *server) logged(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	const most = 4 << 10
	return string(data[max(0, len(data)-most):])
}

// checkLog fails the test for a panic or a data race.
func (s *server) checkLog(t *testing.T) {
	data, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	for _, sign := range []string{"panic: ", "DATA RACE", "fatal error"} { // the id of a request may hold any word
		if i := bytes.Index(data, []byte(sign)); i >= 0 {
			t.Errorf("%s in the log:\n%s", sign, data[max(0, i-500):min(len(data), i+3000)])
		}
	}
}

// answer is what came back: the status and the body as JSON, nil without one.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.text) }

// try sends one request; body is nil, text, or something to encode as JSON.
func (s *server) try(method, path string, body any) (answer, error) {
	var reader io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(body)
	default:
		data, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		reader = bytes.NewReader(data)
	}
	req, err := http.NewRequest(method, s.base+path, reader)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		req.Header.Set("Content-Type", "application/scim+json")
	}
	res, err := s.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: res.StatusCode, header: res.Header, text: string(data)}
	if len(data) > 0 {
		if err := json.Unmarshal(data, &a.body); err != nil {
			return a, fmt.Errorf("%s %s: %w: %s", method, path, err, a)
		}
	}
	return a, nil
}

// do sends one request and fails the test unless an answer with one of the
// statuses comes.
func (s *server) do(t *testing.T, method, path string, body any, statuses ...int) answer {
	t.Helper()
	a, err := s.try(method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(statuses, a.status) {
		t.Fatalf("%s %s: expected %v, got %s", method, path, statuses, a)
	}
	return a
}

// user is a new user with this name and these further members.
func user(name string, more map[string]any) map[string]any {
	u := map[string]any{
		"schemas":  []string{"urn:ietf:params:scim:schemas:core:2.0:User"},
		"userName": name,
	}
	for k, v := range more {
		u[k] = v
	}
	return u
}

// patch is a PatchOp message of triples op, path, value.
func patch(operations ...[3]any) map[string]any {
	list := make([]map[string]any, len(operations))
	for i, o := range operations {
		list[i] = map[string]any{"op": o[0], "path": o[1], "value": o[2]}
	}
	return map[string]any{
		"schemas":    []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
		"Operations": list,
	}
}
