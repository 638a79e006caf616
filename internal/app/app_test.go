package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/secret"
)

// output is a stream that a server writes and a test reads.
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

// config is a server on a free port with a data directory of its own.
func config(t *testing.T) app.Config {
	t.Helper()
	c := app.Defaults()
	c.Addr, c.DataDir = "127.0.0.1:0", filepath.Join(t.TempDir(), "data")
	return c
}

// start starts a server that ends with the test.
func start(t *testing.T, c app.Config) (*app.Server, *output) {
	t.Helper()
	out := &output{}
	s, err := app.Start(context.Background(), c, app.Streams{Out: out, Err: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s, out
}

func stop(t *testing.T, s *app.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

// status asks for users with a token.
func status(t *testing.T, base, token string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, base+"/Users?count=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestOnlyTheFirstStartMakesAToken(t *testing.T) {
	t.Parallel()
	c := config(t)
	first, out := start(t, c)
	token := first.Token()
	if token == "" || strings.Count(out.String(), token) != 2 || status(t, first.BaseURL(), token) != 200 {
		t.Fatalf("the first token does not work:\n%s", out)
	}
	if status(t, first.BaseURL(), token+"x") != 401 {
		t.Error("a wrong token works")
	}
	stop(t, first)

	second, out := start(t, c)
	if second.Token() != "" || !strings.Contains(out.String(), "Bearer $SCIMD_TOKEN\"") || !strings.Contains(out.String(), "scimd token create") {
		t.Errorf("the second start prints:\n%s", out)
	}
	if status(t, second.BaseURL(), token) != 200 {
		t.Error("the first token no longer works")
	}
}

func TestAGivenTokenHasAllRightsAndNoneIsMade(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.Token = "given-token"
	s, out := start(t, c)
	if s.Token() != c.Token || strings.Contains(out.String(), "scimd_") || strings.Contains(out.String(), c.Token) {
		t.Errorf("banner:\n%s", out)
	}
	req, _ := http.NewRequest(http.MethodPost, s.BaseURL()+"/Users", strings.NewReader(user("given")))
	req.Header.Set("Authorization", "Bearer given-token")
	req.Header.Set("Content-Type", "application/scim+json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 201 {
		t.Errorf("status %d, want 201", resp.StatusCode)
	}
	stop(t, s)
	c.Token = ""
	if s, _ := start(t, c); s.Token() == "" {
		t.Error("the first start without a given token makes none")
	}
}

func user(name string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q}`, name)
}

func TestABusyPortLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	c := config(t)
	c.Addr, c.ReadyFile = l.Addr().String(), filepath.Join(t.TempDir(), "ready")
	_, err = app.Start(context.Background(), c, app.Streams{Out: io.Discard, Err: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "listen on "+c.Addr) || strings.Contains(err.Error(), "\n") {
		t.Fatalf("%v", err)
	}
	c.Addr = "127.0.0.1:0"
	if s, _ := start(t, c); s.Token() == "" {
		t.Error("the failed start used up the first token")
	}
}

func TestWhatIsWrongWithTheProfileIsFoundBeforeAnythingIsMade(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*app.Config){
		"profile": func(c *app.Config) { c.Profile = "nowhere" },
		"switch":  func(c *app.Config) { c.Switches = []string{"discovery=never"} },
		"addr":    func(c *app.Config) { c.Addr = "nowhere" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config(t)
			change(&c)
			if _, err := app.Start(context.Background(), c, app.Streams{Out: io.Discard, Err: io.Discard}); err == nil {
				t.Fatal("it starts")
			}
			if _, err := os.Stat(c.DataDir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the data directory was made: %v", err)
			}
		})
	}
}

func TestAnotherKeyRefusesToStart(t *testing.T) {
	t.Parallel()
	c := config(t)
	s, _ := start(t, c)
	stop(t, s)
	c.Key = strings.Repeat("ab", 32)
	if _, err := app.Start(context.Background(), c, app.Streams{Out: io.Discard, Err: io.Discard}); !errors.Is(err, secret.ErrOtherKey) {
		t.Fatalf("%v, want ErrOtherKey", err)
	}
}

func TestTheReadyFileIsThereAsLongAsTheServer(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.ReadyFile = filepath.Join(t.TempDir(), "ready.json")
	s, _ := start(t, c)
	b, err := os.ReadFile(c.ReadyFile)
	if err != nil {
		t.Fatal(err)
	}
	var r app.Ready
	want := app.Ready{
		BaseURL: s.BaseURL(), Tenant: "default", Token: s.Token(), PID: os.Getpid(), ControlURL: s.ControlURL(), ControlToken: s.ControlToken(),
	}
	if err := json.Unmarshal(b, &r); err != nil || r != want || r.ControlURL == "" || r.ControlToken == "" {
		t.Fatalf("%s, %v; want %+v", b, err, want)
	}
	stop(t, s)
	if list, _ := os.ReadDir(filepath.Dir(c.ReadyFile)); len(list) != 0 {
		t.Errorf("%v is left", list)
	}
}

func TestAnEphemeralServerLeavesNoTraceAndStandsAside(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.Ephemeral, c.ControlAddr = true, "127.0.0.1:0"
	s, out := start(t, c)
	if list, _ := os.ReadDir(c.DataDir); len(list) == 0 || strings.Contains(out.String(), "--control-socket") {
		t.Errorf("its control socket is not in the data directory: %v\n%s", list, out)
	}
	other, aside := start(t, c)
	if !strings.Contains(aside.String(), "--control-socket") {
		t.Errorf("the second does not name its socket:\n%s", aside)
	}
	for _, x := range []*app.Server{s, other} {
		if status(t, x.BaseURL(), x.Token()) != 200 {
			t.Error("its token does not work")
		}
	}
	if status(t, s.BaseURL(), other.Token()) != 401 {
		t.Error("the two share a database")
	}
	stop(t, other)
	stop(t, s)
	if _, err := os.Stat(c.DataDir); !errors.Is(err, os.ErrNotExist) {
		list, _ := os.ReadDir(c.DataDir)
		t.Errorf("the data directory is left with %v", list)
	}
}

func TestStoppingFinishesTheRequestsUnderWay(t *testing.T) {
	t.Parallel()
	c := config(t)
	s, _ := start(t, c)
	addr := strings.TrimSuffix(strings.TrimPrefix(s.BaseURL(), "http://"), "/scim/v2")
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	body := user("drained")
	fmt.Fprintf(conn, "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/scim+json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", s.Token(), len(body))
	r := bufio.NewReader(conn)
	if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, "100") { // the handler is reading
		t.Fatalf("%q, %v", line, err)
	}
	ended := make(chan struct{})
	go func() {
		stop(t, s)
		close(ended)
	}()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) { // no new connections
		probe, err := net.Dial("tcp", addr)
		if err != nil {
			break
		}
		_ = probe.Close()
		if time.Now().After(deadline) {
			t.Fatal("it still accepts connections")
		}
	}
	select {
	case <-ended:
		t.Fatal("it stopped before the request was finished")
	default:
	}
	_, _ = io.WriteString(conn, body)
	if _, err := r.ReadString('\n'); err != nil { // the blank line after 100
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 201 {
		t.Errorf("status %d, want 201", resp.StatusCode)
	}
	<-ended
}

func TestRequestsThatDoNotEndAreCutOffAtTheShutdownTimeout(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.ShutdownTimeout = 200 * time.Millisecond
	s, _ := start(t, c)
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(s.BaseURL(), "http://"), "/scim/v2"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	fmt.Fprintf(conn, "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/scim+json\r\nExpect: 100-continue\r\nContent-Length: 99\r\n\r\n", s.Token())
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	stop(t, s)
	if took := time.Since(began); took < c.ShutdownTimeout || took > time.Minute {
		t.Errorf("stopping took %v", took)
	}
}

func TestTheServerEndsWithItsContextAndWithStandardInput(t *testing.T) {
	t.Parallel()
	c := config(t)
	ctx, cancel := context.WithCancel(context.Background())
	s, err := app.Start(ctx, c, app.Streams{Out: io.Discard, Err: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := s.Wait(); err != nil {
		t.Error(err)
	}
	in, parent := io.Pipe()
	c.ExitWhenStdinCloses = true
	if s, err = app.Start(context.Background(), c, app.Streams{In: in, Out: io.Discard, Err: io.Discard}); err != nil {
		t.Fatal(err)
	}
	_ = parent.Close()
	if err := s.Wait(); err != nil {
		t.Error(err)
	}
}
