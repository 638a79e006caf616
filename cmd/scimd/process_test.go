package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/app"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "scimd-test-*")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		binary = filepath.Join(dir, "scimd")
		if runtime.GOOS == "windows" {
			binary += ".exe"
		}
		build := exec.Command("go", "build", "-o", binary, ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // as the Makefile builds it
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%s\n", out)
			return 1
		}
		return m.Run()
	}())
}

// place is a working directory with an environment in which commands run.
type place struct {
	t   *testing.T
	dir string
	env []string
}

func newPlace(t *testing.T, env ...string) *place {
	t.Helper()
	return &place{t: t, dir: t.TempDir(), env: append([]string{"SCIMD_ADDR=127.0.0.1:0"}, env...)}
}

func (p *place) command(args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Dir = p.dir
	cmd.Env = p.env
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, app.EnvPrefix) {
			cmd.Env = append(cmd.Env, v)
		}
	}
	return cmd
}

// run runs a command to its end.
func (p *place) run(args ...string) (stdout, stderr string, code int) {
	p.t.Helper()
	cmd := p.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// succeed runs a command that must succeed, and reads what it prints as JSON
// into v.
func (p *place) succeed(v any, args ...string) {
	p.t.Helper()
	stdout, stderr, code := p.run(append(args, "--json")...)
	if code != 0 || stderr != "" {
		p.t.Fatalf("scimd %s: exit code %d: %s", strings.Join(args, " "), code, stderr)
	}
	if err := json.Unmarshal([]byte(stdout), v); err != nil {
		p.t.Fatalf("scimd %s prints %q: %v", strings.Join(args, " "), stdout, err)
	}
}

// refuse runs a command that must fail with one clear line.
func (p *place) refuse(want string, args ...string) {
	p.t.Helper()
	stdout, stderr, code := p.run(args...)
	if code == 0 {
		p.t.Fatalf("scimd %s succeeds: %s", strings.Join(args, " "), stdout)
	}
	if stdout != "" || !strings.HasPrefix(stderr, "scimd: ") || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, want) {
		p.t.Fatalf("scimd %s prints %q and %q; want one line with %q", strings.Join(args, " "), stdout, stderr, want)
	}
}

// process is a running server.
type process struct {
	app.Ready
	t      *testing.T
	cmd    *exec.Cmd
	file   string // ready file
	stdout output
	stderr output
	ended  chan error
}

// output is what a process has printed so far.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// serve starts a server and waits until it is ready.
func (p *place) serve(args ...string) *process {
	p.t.Helper()
	file := filepath.Join(p.t.TempDir(), "ready.json")
	s := &process{t: p.t, file: file, ended: make(chan error, 1)}
	s.cmd = p.command(append(args, "--ready-file", file)...)
	s.cmd.Stdout, s.cmd.Stderr = &s.stdout, &s.stderr
	if err := s.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() { s.ended <- s.cmd.Wait() }()
	p.t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if b, err := os.ReadFile(file); err == nil {
			if err := json.Unmarshal(b, &s.Ready); err != nil {
				p.t.Fatalf("ready file %q: %v", b, err)
			}
			return s
		}
		select {
		case err := <-s.ended:
			p.t.Fatalf("the server ended: %v\n%s", err, &s.stderr)
		default:
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("the server is not ready after 30 s:\n%s", &s.stderr)
		}
	}
}

// interrupt stops the server with a signal and gives what it printed.
func (s *process) interrupt(sig os.Signal) (stdout, stderr string) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
	s.wait()
	return s.stdout.String(), s.stderr.String()
}

// wait waits for the server to end in good order.
func (s *process) wait() {
	s.t.Helper()
	select {
	case err := <-s.ended:
		if err != nil {
			s.t.Fatalf("the server ended with %v:\n%s", err, &s.stderr)
		}
	case <-time.After(time.Minute):
		s.t.Fatal("the server does not end")
	}
	if _, err := os.Stat(s.file); !errors.Is(err, os.ErrNotExist) {
		s.t.Error("the ready file is left")
	}
}

// request sends a request with a token and gives the status.
func (s *process) request(method, path, token, body string) int {
	s.t.Helper()
	req, err := http.NewRequest(method, s.BaseURL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		req.Header.Set("Content-Type", "application/scim+json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}
