package scimdtest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/scimdtest"
)

func TestTheJournalHasWhatWasReceived(t *testing.T) {
	t.Parallel()
	s := scimdtest.Shared(t)
	id := create(t, s, "ada")["id"].(string)
	mark := s.Mark(t)
	if code, _ := call(t, s, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada","password":"open-sesame"}`); code != 409 {
		t.Fatalf("%d", code)
	}
	for want, f := range map[int]scimdtest.Filter{
		2: {Operation: scimdtest.Create, Type: "User"},
		1: {Status: 4},
		0: {Status: 404},
	} {
		s.Expect(t, f, want)
	}
	s.Expect(t, scimdtest.Filter{ID: id, Status: 201, Method: "POST"}, 1)
	s.Expect(t, scimdtest.Filter{Text: `"userName":"ada"`, After: mark}, 1)
	s.Expect(t, scimdtest.Filter{Path: "/nowhere"}, 0)
	s.Expect(t, scimdtest.Filter{Path: s.URL[strings.Index(s.URL, "/tenants"):] + "/Users"}, 2)
	refused := s.Received(t, scimdtest.Filter{After: mark})
	if len(refused) != 1 {
		t.Fatalf("%v", refused)
	}
	e := refused[0]
	if e.Operation != scimdtest.Create || e.Method != "POST" || !strings.HasSuffix(e.Path, "/Users") || e.Status != 409 || e.Refusal == nil || e.Refusal.Rule != "uniqueness" || e.RequestID == "" ||
		e.RequestHeader.Get("Content-Type") != "application/scim+json" || !strings.Contains(string(e.ResponseBody), "uniqueness") {
		t.Errorf("%+v", e)
	}
	if body := string(e.RequestBody); !strings.Contains(body, `"password":"***"`) {
		t.Errorf("body %s", body)
	}
	if line := e.String(); !strings.Contains(line, "POST /") || !strings.Contains(line, "/Users: 409 uniqueness: ") {
		t.Error(line)
	}
}

func TestWaitingEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	s := scimdtest.Shared(t)
	go func() {
		if resp, err := s.Client().Get(s.URL + "/Users?count=1"); err == nil {
			_ = resp.Body.Close()
		}
	}()
	got := s.WaitFor(t, scimdtest.Filter{Operation: scimdtest.List}, 1, time.Minute)
	if len(got) != 1 || got[0].Query != "count=1" {
		t.Errorf("%v", got)
	}
}

func TestAFailureShowsWhatWasReceivedInstead(t *testing.T) {
	t.Parallel()
	s := scimdtest.Shared(t)
	f := scimdtest.Filter{Operation: scimdtest.Create, Type: "User", Status: 2}
	for name, fail := range map[string]func(testing.TB){
		"wait":   func(t testing.TB) { s.WaitFor(t, f, 2, time.Millisecond) },
		"expect": func(t testing.TB) { s.Expect(t, f, 2) },
	} {
		f.After = s.Mark(t)
		if ended := within(fail); !strings.Contains(ended.failed, "nothing was received") {
			t.Errorf("%s: %s", name, ended.failed)
		}
		for range 21 {
			users(t, s)
		}
		call(t, s, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]}`)
		ended := within(fail)
		for _, want := range []string{"0 requests", "operation=create status=2xx type=User", "not 2; received:", "… 2 earlier ones", "/Users: 200", "/Users: 400 invalidValue: "} {
			if !strings.Contains(ended.failed, want) {
				t.Errorf("%s: %q is missing:\n%s", name, want, ended.failed)
			}
		}
	}
}
