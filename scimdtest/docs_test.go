package scimdtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/scimdtest"
)

// rename stands for what is tested: it gives a user another name, and tries again.
func rename(t *testing.T, base, token, from, to string) {
	t.Helper()
	send := func(method, path, body string) []byte {
		req, err := http.NewRequest(method, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/scim+json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	var found struct{ Resources []struct{ ID string } }
	if err := json.Unmarshal(send("GET", "/Users?filter=userName+eq+%22"+from+"%22", ""), &found); err != nil || len(found.Resources) != 1 {
		t.Fatalf("%v: %+v", err, found)
	}
	for range 2 {
		body := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"userName","value":"` + to + `"}]}`
		send(http.MethodPatch, "/Users/"+found.Resources[0].ID, body)
	}
}

func TestAnOutageIsSurvived(t *testing.T) {
	t.Parallel()
	s := scimdtest.Shared(t, scimdtest.SeedText("version: 1\nUsers: [{userName: ada}]"))
	s.Fault(t, scimdtest.On{Operation: scimdtest.Patch, Times: 1}, scimdtest.Status(503), scimdtest.RetryAfter(0))
	since := s.Mark(t)
	rename(t, s.URL, s.Token, "ada", "grace") // what is tested
	s.WaitFor(t, scimdtest.Filter{Operation: scimdtest.Patch, Status: 200, After: since}, 1, 5*time.Second)
}

// The test that the guide shows is the one above.
func TestTheGuideShowsATestThatRuns(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile("docs_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(page), "```go\n")
	shown, _, _ = strings.Cut(shown, "```")
	if !strings.HasPrefix(shown, "func Test") || !strings.Contains(string(own), shown) {
		t.Errorf("no test is\n%s", shown)
	}
}
