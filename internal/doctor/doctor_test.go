package doctor_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/doctor"
	"github.com/scimd/scimd/internal/pgtest"
)

const token = "the-token-of-the-tests"

var server *url.URL // base URL of a healthy server that trusts proxies on this machine

func TestMain(m *testing.M) {
	doctor.SmallBodies()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "scimd-doctor-*")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		c := config(dir)
		c.Ephemeral = true
		s, err := app.Start(context.Background(), c, app.Streams{Out: io.Discard, Err: io.Discard})
		if err != nil {
			panic(err)
		}
		defer func() { _ = s.Shutdown(context.Background()) }()
		server = parse(s.BaseURL())
		if err := addUser(); err != nil { // for those who lose filters
			panic(err)
		}
		return m.Run()
	}())
}

func addUser() error {
	body := strings.NewReader(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"somebody"}`)
	req, err := http.NewRequest(http.MethodPost, server.String()+"/Users", body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	return err
}

func config(dir string) app.Config {
	c := app.Defaults()
	c.Addr, c.ControlAddr, c.DataDir, c.Token = "127.0.0.1:0", "", filepath.Join(dir, "data"), token
	c.TrustedProxy = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	return c
}

func parse(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil {
		panic(err)
	}
	return u
}

// look examines a base URL.
func look(base string, change func(*doctor.Options)) *doctor.Report {
	o := doctor.Options{URL: parse(base), Token: token, Timeout: time.Minute}
	if change != nil {
		change(&o)
	}
	return doctor.Run(context.Background(), o)
}

// wants compares what was not well with what should not have been: check names and a
// part of the culprit, with the status before it.
func wants(t *testing.T, r *doctor.Report, want map[string]string) {
	t.Helper()
	worst := doctor.OK
	for _, c := range r.Checks {
		if strings.Contains(c.Seen+c.Culprit, token) {
			t.Errorf("%s shows the token", c.Name)
		}
		expected, listed := want[c.Name]
		status, part, _ := strings.Cut(expected, ": ")
		if !listed {
			status = string(doctor.OK)
		}
		if string(c.Status) != status || !strings.Contains(c.Culprit, part) || (c.Culprit == "") != (c.Status == doctor.OK) {
			t.Errorf("%s: %s, %s: %s; want %s", c.Name, c.Status, c.Seen, c.Culprit, expected)
		}
		delete(want, c.Name)
		if c.Status == doctor.Fail || worst == doctor.OK {
			worst = c.Status
		}
	}
	for name := range want {
		t.Errorf("%s was not looked at", name)
	}
	if r.Status != worst {
		t.Errorf("the whole is %s, want %s", r.Status, worst)
	}
}

// users counts the users of a server.
func users(t *testing.T, base *url.URL) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, base.String()+"/Users?filter=userName+co+%22scimd-doctor%22", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAHealthyServerIsWellAndAsItWasBefore(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*app.Config){
		"sqlite":          func(c *app.Config) { c.Ephemeral = true },
		"postgres":        func(c *app.Config) { c.DatabaseURL = pgtest.URL(t) },
		"sqlite, rfc7644": func(c *app.Config) { c.Ephemeral, c.Profile = true, "rfc7644" },
		"sqlite, strict":  func(c *app.Config) { c.Ephemeral, c.Profile = true, "strict" },
		"sqlite, TLS":     func(c *app.Config) { c.TLSSelfSigned = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config(t.TempDir())
			change(&c)
			s, err := app.Start(context.Background(), c, app.Streams{Out: io.Discard, Err: io.Discard})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Shutdown(context.Background()) })
			trust := func(o *doctor.Options) {
				if c.TLSSelfSigned {
					if o.Roots, err = app.RootsWith(filepath.Join(c.DataDir, "tls", "ca.pem")); err != nil {
						t.Fatal(err)
					}
				}
			}
			r := look(s.BaseURL(), trust)
			wants(t, r, nil)
			if len(r.LeftOut) != 0 {
				t.Errorf("left out: %v", r.LeftOut)
			}
			if !c.TLSSelfSigned {
				if left := users(t, parse(s.BaseURL())); !strings.Contains(left, `"totalResults":0`) {
					t.Errorf("it left %s", left)
				}
			}
		})
	}
}

func TestWhatWasMadeIsRemovedWhenTheLookIsCutShort(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	var deleted []int
	front := httptest.NewServer(proxy{respond: func(r *http.Response) error {
		mu.Lock()
		defer mu.Unlock()
		switch r.Request.Method {
		case http.MethodPatch: // after it was made
			cancel()
		case http.MethodDelete:
			deleted = append(deleted, r.StatusCode)
		}
		return nil
	}}.handler())
	t.Cleanup(front.Close)
	r := doctor.Run(ctx, doctor.Options{URL: parse(front.URL + server.Path), Token: token})
	if last := r.Checks[len(r.Checks)-1]; last.Name != "clean up" || last.Status != doctor.OK || len(deleted) != 1 || deleted[0] != 204 {
		t.Errorf("%+v, deleted %v", last, deleted)
	}
}

func TestWhereNothingAnswersTheReasonIsTold(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(proxy{}.handler())
	t.Cleanup(secure.Close)
	for name, tc := range map[string]struct{ base, want string }{
		"nobody listens": {"http://127.0.0.1:1/scim/v2", "fail: Nothing answers"},
		"a made-up name": {"http://nowhere.invalid/scim/v2", "fail: Nothing answers"},
		"HTTP for HTTPS": {strings.Replace(server.String(), "http://", "https://", 1), "fail: The port speaks HTTP"},
		"HTTPS for HTTP": {strings.Replace(secure.URL, "https://", "http://", 1) + server.Path, "fail: The port speaks TLS"},
		"without a path": {"http://" + server.Host, "fail: not its base URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wants(t, look(tc.base, nil), map[string]string{"reach": tc.want})
		})
	}
	wants(t, look(server.String(), func(o *doctor.Options) { o.Token += "x" }), map[string]string{"with the token": "fail: not good here"})
	wants(t, look(server.String(), func(o *doctor.Options) { o.Token = "" }), map[string]string{"with the token": "fail: No token was given"})
}
