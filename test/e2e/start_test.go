package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/pgtest"
)

// curlLine is the one line of a server's banner that begins with curl.
func (s *server) curlLine(t *testing.T) string {
	t.Helper()
	var found []string
	for line := range strings.Lines(s.banner(t)) {
		if strings.HasPrefix(line, "curl ") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d lines begin with curl:\n%s", len(found), s.banner(t))
	}
	return found[0]
}

// paste runs a line as a person would, with one more variable set.
func paste(t *testing.T, line, variable string) map[string]any {
	t.Helper()
	cmd := exec.Command("sh", "-c", line)
	cmd.Env = append(os.Environ(), variable)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, stderr.String())
	}
	var body map[string]any
	if err := json.Unmarshal(out, &body); err != nil {
		t.Fatalf("%s: %v: %s", line, err, out)
	}
	return body
}

func TestTheBannersCurlLineWorksWhenPasted(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, p place) {
		first := p.startWith(t)
		if first.token == "" {
			t.Fatal("the first start told no token")
		}
		if banner := first.banner(t); !strings.Contains(banner, first.base) || !strings.Contains(banner, first.token) {
			t.Errorf("the banner lacks the base URL or the token:\n%s", banner)
		}
		line := first.curlLine(t)
		if body := paste(t, line, "SCIMD_TOKEN="); isError(body) {
			t.Errorf("%s: %v", line, body)
		}
		first.stop(t)

		later := p.startWith(t)
		if strings.Contains(later.banner(t), first.token) {
			t.Errorf("a later start knows the token:\n%s", later.banner(t))
		}
		line = later.curlLine(t)
		if !strings.Contains(line, "$SCIMD_TOKEN") {
			t.Errorf("a later curl line does not take the token from the environment: %s", line)
		}
		if body := paste(t, line, "SCIMD_TOKEN="+first.token); isError(body) {
			t.Errorf("%s: %v", line, body)
		}
		for _, s := range []*server{first, later} {
			if strings.Contains(s.logged(t), first.token) {
				t.Error("the log holds the token")
			}
		}
	})
}

func isError(body map[string]any) bool {
	return strings.Contains(fmt.Sprint(body["schemas"]), "messages:2.0:Error")
}

func TestASecondServerOnADataDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	p := place{"sqlite", []string{"--data-dir", t.TempDir()}}
	first := p.start(t)
	second := command(t, append([]string{"serve", "--addr", "127.0.0.1:0", "--token", token}, p.flags...)...)
	var stderr bytes.Buffer
	second.Stderr = &stderr
	err := second.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() == 0 {
		t.Fatalf("the second server ended with %v", err)
	}
	if lines := strings.Count(strings.TrimSpace(stderr.String()), "\n") + 1; lines != 1 || strings.TrimSpace(stderr.String()) == "" {
		t.Errorf("the reason is not one line:\n%s", stderr.String())
	}
	first.do(t, "GET", "/Users", nil, 200)
}

func TestTwoServersShareOnePostgresDatabase(t *testing.T) {
	t.Parallel()
	p := place{"postgres", []string{"--database-url", pgtest.Database(t), "--key", strings.Repeat("0a", 32)}}
	a := p.start(t, "--data-dir", t.TempDir())
	b := p.start(t, "--data-dir", t.TempDir())
	id := a.do(t, "POST", "/Users", user("shared@contoso.example", nil), 201).body["id"].(string)
	b.do(t, "PATCH", "/Users/"+id, patch([3]any{"replace", "title", "seen"}), 200, 204)
	if u := a.do(t, "GET", "/Users/"+id, nil, 200); u.body["title"] != "seen" {
		t.Errorf("the other server's change is not seen: %s", u)
	}
	b.do(t, "POST", "/Users", user("SHARED@contoso.example", nil), 409)
}

// R7644-3.12-01, R7644-3.12-05: errors are SCIM's own, those of authentication too.
func TestATokenThatIsWrongIsRefusedInSCIM(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, p place) {
		s := p.start(t)
		req, err := http.NewRequest("GET", s.base+"/Users", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer wrong")
		res, err := s.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var body map[string]any
		if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != 401 || !isError(body) || res.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%d %v %v", res.StatusCode, res.Header, body)
		}
	})
}
