package scimdtest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/scimdtest"
)

// call sends a request with the server's client and gives status and body.
func call(t testing.TB, s *scimdtest.Server, method, path, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatalf("%v", err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/scim+json")
	}
	resp, err := s.Client().Do(req)
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp.StatusCode, answer
}

// create makes a user.
func create(t testing.TB, s *scimdtest.Server, name string) map[string]any {
	t.Helper()
	code, user := call(t, s, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+name+`"}`)
	if code != http.StatusCreated {
		t.Fatalf("create %s: %d %v", name, code, user)
	}
	return user
}

// users counts the users.
func users(t testing.TB, s *scimdtest.Server) int {
	t.Helper()
	code, list := call(t, s, "GET", "/Users", "")
	total, ok := list["totalResults"].(float64)
	if code != http.StatusOK || !ok {
		t.Fatalf("list: %d %v", code, list)
	}
	return int(total)
}

func TestTwoServersShareNothing(t *testing.T) {
	t.Parallel()
	a, b := scimdtest.New(t), scimdtest.New(t)
	user := create(t, a, "ada")
	if n, m := users(t, a), users(t, b); n != 1 || m != 0 {
		t.Errorf("%d and %d users, want 1 and 0", n, m)
	}
	if code, _ := call(t, b, "GET", "/Users/"+user["id"].(string), ""); code != http.StatusNotFound {
		t.Errorf("the user of one is in the other: %d", code)
	}
	if a.Token == b.Token || status(t, b.URL+"/Users", a.Token) != http.StatusUnauthorized || status(t, b.URL+"/Users", b.Token) != http.StatusOK {
		t.Error("the token of one opens the other")
	}
}

// status asks with http.DefaultClient, as clients in other people's tests do.
func status(t testing.TB, url, token string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("%v", err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestTheOptionsHold(t *testing.T) {
	t.Parallel()
	const anonymous = "/ServiceProviderConfig"
	file := filepath.Join(t.TempDir(), "team.json")
	if err := os.WriteFile(file, []byte(`{"name":"team","extends":"rfc7644","switches":{"defaultActive":true}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		options   []scimdtest.Option
		anonymous int  // status of discovery without a token
		active    bool // of a new user
		max       float64
	}{
		"none":            {nil, 401, true, 1000},
		"rfc7644":         {[]scimdtest.Option{scimdtest.Profile("rfc7644")}, 200, false, 1000},
		"a profile file":  {[]scimdtest.Option{scimdtest.Profile(file)}, 200, true, 1000},
		"switches":        {[]scimdtest.Option{scimdtest.Set("maxResults", "7"), scimdtest.Set("anonymousDiscovery", "true")}, 200, true, 7},
		"one on top":      {[]scimdtest.Option{scimdtest.Set("defaultActive", "true"), scimdtest.Profile("rfc7644")}, 200, true, 1000},
		"the later value": {[]scimdtest.Option{scimdtest.Set("maxResults", "7"), scimdtest.Set("maxResults", "8")}, 401, true, 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := scimdtest.New(t, tc.options...)
			if code := status(t, s.URL+anonymous, ""); code != tc.anonymous {
				t.Errorf("discovery without a token: %d, want %d", code, tc.anonymous)
			}
			active, _ := create(t, s, "ada")["active"].(bool)
			if active != tc.active {
				t.Errorf("a new user is active: %v, want %v", active, tc.active)
			}
			_, config := call(t, s, "GET", "/ServiceProviderConfig", "")
			if got := config["filter"].(map[string]any)["maxResults"]; got != tc.max {
				t.Errorf("maxResults %v, want %v", got, tc.max)
			}
		})
	}
}

func TestAGivenTokenIsTheOneThatOpens(t *testing.T) {
	t.Parallel()
	s := scimdtest.New(t, scimdtest.Token("open-sesame"))
	if s.Token != "open-sesame" || status(t, s.URL+"/Users", "open-sesame") != 200 || status(t, s.URL+"/Users", "sesame") != 401 {
		t.Errorf("token %q", s.Token)
	}
	create(t, s, "ada")
}

func TestTheClientSendsItsTokenToNobodyElse(t *testing.T) {
	t.Parallel()
	s := scimdtest.New(t)
	sent := make(chan string, 2)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		sent <- r.Header.Get("Authorization")
	}))
	t.Cleanup(other.Close)
	resp, err := s.Client().Get(other.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if got := <-sent; got != "" {
		t.Errorf("another server got %q", got)
	}

	req, err := http.NewRequest(http.MethodGet, s.URL+"/Users", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer other")
	if resp, err = s.Client().Do(req); err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("the client replaces a token that the test gave: %d", resp.StatusCode)
	}
}

func TestAWrongOptionFailsTheTestWithItsReason(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]scimdtest.Option{
		`no profile "cyberarc"`:  scimdtest.Profile("cyberarc"),
		`no switch "maxResult"`:  scimdtest.Set("maxResult", "7"),
		"switch discovery takes": scimdtest.Set("discovery", "2020"),
		"token has characters":   scimdtest.Token("two words"),
	} {
		ended := within(func(t testing.TB) { scimdtest.New(t, o) })
		if ended == nil || !strings.Contains(ended.failed, want) || strings.Contains(ended.failed, "two words") {
			t.Errorf("want %q, got %+v", want, ended)
		}
	}
}

func TestTheLogIsTheTestsOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]scimdtest.Option{"quiet": nil, "verbose": {scimdtest.Verbose()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := within(func(t testing.TB) { users(t, scimdtest.New(t, options...)) })
			if got := ended.logged("/Users"); ended.failed != "" || got != (name == "verbose") {
				t.Errorf("failed %q, log:\n%s", ended.failed, &ended.log)
			}
		})
	}
}

// Not parallel: it looks at what the whole process has.
func TestNothingIsLeftBehind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir) // Windows
	http.DefaultClient.CloseIdleConnections()
	before := runtime.NumGoroutine()
	var url string
	t.Run("a test with a name so long that the path of the control socket in its directory would be too long for a socket", func(t *testing.T) {
		s := scimdtest.New(t)
		create(t, s, "ada")
		url = s.URL
		create(t, scimdtest.Shared(t), "ada")
		t.Cleanup(func() { create(t, s, "grace") }) // a cleanup may still use the server
		if list, err := os.ReadDir(dir); err != nil || len(list) == 0 {
			t.Errorf("the server keeps its files elsewhere: %v", err)
		}
	})
	if resp, err := http.Get(url + "/Users"); err == nil {
		_ = resp.Body.Close()
		t.Error("the server still answers")
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Errorf("files are left: %v, %v", list, err)
	}
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func TestTwentyServersRunAtOnce(t *testing.T) {
	t.Parallel()
	for range 20 {
		t.Run("one of them", func(t *testing.T) {
			t.Parallel()
			s := scimdtest.New(t)
			create(t, s, "ada")
			if n := users(t, s); n != 1 {
				t.Errorf("%d users, want 1", n)
			}
		})
	}
}

// One round is the whole life of a server with one request.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		ended := within(func(t testing.TB) { users(t, scimdtest.New(t)) })
		if ended.failed != "" {
			b.Fatal(ended.failed)
		}
	}
}
