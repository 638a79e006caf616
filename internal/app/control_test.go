package app_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/control"
)

// asked is the answer to a request to a server: its status and its body.
func asked(t *testing.T, c *http.Client, url, token string, change func(*http.Request)) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if change != nil {
		change(req)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestTheControlAPIHasAListenerOfItsOwn(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })

	c := config(t)
	c.ControlAddr = taken.Addr().String() // the default, as it were
	s, out := start(t, c)
	if code, _ := asked(t, http.DefaultClient, s.ControlURL()+"/info", s.ControlToken(), nil); code != 200 || strings.Contains(s.ControlURL(), c.ControlAddr) {
		t.Errorf("%s answers %d", s.ControlURL(), code)
	}
	file := filepath.Join(c.DataDir, "control-token")
	if text, err := os.ReadFile(file); err != nil || strings.TrimSpace(string(text)) != s.ControlToken() {
		t.Errorf("%v; the token is not in %s", err, file)
	}
	if shown := out.String(); !strings.Contains(shown, s.ControlURL()) || !strings.Contains(shown, "is taken") || !strings.Contains(shown, file) || strings.Contains(shown, s.ControlToken()) {
		t.Errorf("the banner:\n%s", shown)
	}
	for _, token := range []string{"", s.Token(), s.ControlToken() + "x"} {
		if code, _ := asked(t, http.DefaultClient, s.ControlURL()+"/info", token, nil); code != 401 {
			t.Errorf("another token is answered %d", code)
		}
	}
	if code, body := asked(t, http.DefaultClient, s.ControlURL()+"/info", s.ControlToken(), func(r *http.Request) { r.Host = "rebound.example" }); code != 403 || !strings.Contains(body, "--control-host") {
		t.Errorf("another Host is answered %d %s", code, body)
	}

	c = config(t)
	c.ControlAddr, c.ControlMoves = taken.Addr().String(), false
	if _, err := app.Start(context.Background(), c, app.Streams{Out: io.Discard, Err: io.Discard}); err == nil || !strings.Contains(err.Error(), c.ControlAddr) {
		t.Errorf("an address that was given and is taken: %v", err)
	}
	c.ControlAddr = ""
	s, out = start(t, c)
	if _, err := os.Stat(filepath.Join(c.DataDir, "control-token")); s.ControlURL() != "" || s.ControlToken() != "" || !errors.Is(err, fs.ErrNotExist) || strings.Contains(out.String(), "_scimd") {
		t.Errorf("without it there is %q, %v\n%s", s.ControlURL(), err, out)
	}
	if info, err := s.Control().Info(context.Background()); err != nil || info.PID != os.Getpid() {
		t.Errorf("in the process: %+v, %v", info, err)
	}
}

func TestTheControlTokenCanBeGivenAndIsThenKeptNowhere(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.ControlToken = "given-by-the-operator"
	s, out := start(t, c)
	if code, _ := asked(t, http.DefaultClient, s.ControlURL()+"/info", c.ControlToken, nil); code != 200 || s.ControlToken() != c.ControlToken {
		t.Errorf("it is answered %d", code)
	}
	if _, err := os.Stat(filepath.Join(c.DataDir, "control-token")); !errors.Is(err, fs.ErrNotExist) || strings.Contains(out.String(), c.ControlToken) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTheControlAPISpeaksTLSWhereTheServerDoes(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.TLSSelfSigned = true
	s, _ := start(t, c)
	ca := filepath.Join(c.DataDir, "tls", "ca.pem")
	code, _ := asked(t, trusting(t, ca), s.ControlURL()+"/info", s.ControlToken(), nil)
	if code != 200 || !strings.HasPrefix(s.ControlURL(), "https://") {
		t.Errorf("%s: %d", s.ControlURL(), code)
	}
	at, err := url.Parse(s.ControlURL())
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ ca, token, want string }{
		"all":         {ca, s.ControlToken(), ""},
		"no CA":       {"", s.ControlToken(), "certificate"},
		"another CA":  {filepath.Join(c.DataDir, "control-token"), s.ControlToken(), "no certificate in PEM"},
		"a wrong one": {ca, "x", "control token"},
	} {
		remote := app.Defaults()
		remote.ControlURL, remote.ControlToken, remote.ControlCA, remote.DataDir = at, tc.token, tc.ca, t.TempDir()
		m, closeIt, err := app.Manage(context.Background(), remote)
		if err == nil {
			_, err = m.Tenants(context.Background())
			_ = closeIt()
		}
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

func TestCommandsFindTheControlAPIAtTheAddressThatTheyAreGiven(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		c := config(t)
		c.TLSSelfSigned = secure
		s, _ := start(t, c)
		socket, err := control.SocketPath(c.DataDir)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(socket); err != nil {
			t.Fatal(err)
		}
		at, err := url.Parse(s.ControlURL())
		if err != nil {
			t.Fatal(err)
		}
		given := c
		given.ControlAddr, given.ControlMoves = at.Host, false
		m, closeIt, err := app.Manage(context.Background(), given)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := m.Info(context.Background()); err != nil || info.PID != os.Getpid() || info.Started.IsZero() {
			t.Errorf("TLS %t: %+v, %v", secure, info, err)
		}
		_ = closeIt()
	}
}

func TestTheEndDoesNotWaitForThoseWhoWaitForRequests(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.Ephemeral, c.ShutdownTimeout = true, time.Minute
	s, _ := start(t, c)
	answered := make(chan int)
	req, err := http.NewRequest(http.MethodGet, s.ControlURL()+"/tenants/default/journal/wait?timeout=5m", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.ControlToken())
	asked := make(chan struct{})
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { close(asked) }}))
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			answered <- 0
			return
		}
		_ = resp.Body.Close()
		answered <- resp.StatusCode
	}()
	<-asked
	began := time.Now()
	stop(t, s)
	if code := <-answered; code == 500 || time.Since(began) > 20*time.Second {
		t.Errorf("%d after %v", code, time.Since(began))
	}
}

func TestOnTheMainListenerTheControlAPIIsOnlyThereWhenItIsAskedForStraight(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.ControlAddr, c.ControlOnMain, c.ControlHosts = "", true, []string{"ci.example.com"}
	s, _ := start(t, c)
	root := strings.TrimSuffix(s.BaseURL(), "/scim/v2")
	if s.ControlURL() != root+"/_scimd" {
		t.Fatalf("it is at %s", s.ControlURL())
	}
	info := s.ControlURL() + "/info"
	if code, _ := asked(t, http.DefaultClient, info, "", nil); code != 401 {
		t.Errorf("without a token: %d", code)
	}
	if code, _ := asked(t, http.DefaultClient, info, s.ControlToken(), func(r *http.Request) { r.Host = "ci.example.com" }); code != 200 {
		t.Errorf("for a listed name: %d", code)
	}
	for name, change := range map[string]func(*http.Request){
		"forwarded":    func(r *http.Request) { r.Header.Set("X-Forwarded-For", "203.0.113.9") },
		"another host": func(r *http.Request) { r.Host = "scim.example.com" },
	} {
		_, nothing := asked(t, http.DefaultClient, root+"/nothing", s.ControlToken(), change)
		if code, body := asked(t, http.DefaultClient, info, s.ControlToken(), change); code != 404 || body != nothing {
			t.Errorf("%s: %d %s, want what is nowhere: %s", name, code, body, nothing)
		}
	}
	c = config(t)
	s, _ = start(t, c)
	if code, _ := asked(t, http.DefaultClient, strings.TrimSuffix(s.BaseURL(), "/scim/v2")+"/_scimd/info", s.ControlToken(), nil); code != 404 {
		t.Errorf("without the option: %d", code)
	}
}
