package scimdtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/scimdtest"
)

// answer is what a client sees of one POST: kind is "cut" for no answer at all,
// "broken" for one that cannot be read to its end, "spoiled" for one that is no JSON.
type answer struct {
	kind   string
	status int
	header http.Header
	text   string
}

func post(t testing.TB, s *scimdtest.Server, name string) (a answer) {
	t.Helper()
	resp, err := s.Client().Post(s.URL+"/Users", "application/scim+json", strings.NewReader(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+name+`"}`))
	if err != nil {
		return answer{kind: "cut"}
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	a = answer{status: resp.StatusCode, header: resp.Header, text: string(text)}
	switch {
	case err != nil:
		a.kind = "broken"
	case !json.Valid(text):
		a.kind = "spoiled"
	}
	return a
}

func TestFaultsDoWhatTheyAreCalled(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		acts   []scimdtest.Act
		kind   string
		status int
		made   bool // the user is there afterwards
		header string
		text   string
	}{
		"status":        {acts: []scimdtest.Act{scimdtest.Status(503)}, status: 503, text: `"status":"503"`},
		"retry after":   {acts: []scimdtest.Act{scimdtest.Status(429), scimdtest.RetryAfter(1500 * time.Millisecond)}, status: 429, header: "Retry-After: 2"},
		"at once":       {acts: []scimdtest.Act{scimdtest.Status(429), scimdtest.RetryAfter(0)}, status: 429, header: "Retry-After: 0"},
		"throttled":     {acts: []scimdtest.Act{scimdtest.Throttled()}, status: 429},
		"expired token": {acts: []scimdtest.Act{scimdtest.ExpiredToken()}, status: 401},
		"gateway":       {acts: []scimdtest.Act{scimdtest.Status(502), scimdtest.Body("text/html", "<h1>Bad</h1>")}, kind: "spoiled", status: 502, header: "Content-Type: text/html", text: "<h1>Bad</h1>"},
		"after work":    {acts: []scimdtest.Act{scimdtest.Status(504), scimdtest.AfterWork()}, status: 504, made: true},
		"delay":         {acts: []scimdtest.Act{scimdtest.Delay(time.Millisecond)}, status: 201, made: true},
		"cut before":    {acts: []scimdtest.Act{scimdtest.CutBefore()}, kind: "cut"},
		"cut after":     {acts: []scimdtest.Act{scimdtest.CutAfter()}, kind: "cut", made: true},
		"cut body":      {acts: []scimdtest.Act{scimdtest.CutBody()}, kind: "broken", status: 201, made: true},
		"truncated":     {acts: []scimdtest.Act{scimdtest.Truncate(10)}, kind: "spoiled", status: 201, made: true},
		"malformed":     {acts: []scimdtest.Act{scimdtest.Malformed()}, kind: "spoiled", status: 201, made: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := scimdtest.Shared(t)
			f := s.Fault(t, scimdtest.On{Operation: scimdtest.Create, Type: "User", Times: 1}, tc.acts...)
			got := post(t, s, "ada")
			if got.kind != tc.kind || got.status != tc.status || !strings.Contains(got.text, tc.text) {
				t.Errorf("got %+v", got)
			}
			if key, value, _ := strings.Cut(tc.header, ": "); key != "" && got.header.Get(key) != value {
				t.Errorf("%s is %q, want %q", key, got.header.Get(key), value)
			}
			if n := users(t, s); (n == 1) != tc.made {
				t.Errorf("%d users afterwards", n)
			}
			if f.Hits(t) != 1 {
				t.Errorf("%d hits", f.Hits(t))
			}
			if again := post(t, s, "grace"); again.status != 201 || again.kind != "" {
				t.Errorf("the second time: %+v", again)
			}
		})
	}
}

func TestStaleReadsAreOfTheMomentOfTheFault(t *testing.T) {
	t.Parallel()
	s := scimdtest.Shared(t)
	create(t, s, "ada")
	f := s.Fault(t, scimdtest.On{}, scimdtest.Stale())
	user := create(t, s, "grace")
	if code, _ := call(t, s, "GET", "/Users/"+user["id"].(string), ""); code != 404 || users(t, s) != 1 {
		t.Errorf("%d, %d users", code, users(t, s))
	}
	if f.Remove(t); users(t, s) != 2 || f.Hits(t) != 0 {
		t.Errorf("%d users afterwards", users(t, s))
	}
	f.Remove(t) // twice is no mistake
}

func TestFaultsGoWithTheirTest(t *testing.T) {
	t.Parallel()
	s := scimdtest.Shared(t)
	for name, add := range map[string]func(testing.TB){
		"one":     func(t testing.TB) { s.Fault(t, scimdtest.On{}, scimdtest.Status(500)) },
		"stale":   func(t testing.TB) { s.Fault(t, scimdtest.On{}, scimdtest.Stale()) },
		"JSON":    func(t testing.TB) { s.FaultJSON(t, `{"match":{"headers":{"X-Test":""}},"act":{"status":500}}`) },
		"a set":   func(t testing.TB) { s.ReadySet(t, "flaky", 7) },
		"removed": func(t testing.TB) { s.Fault(t, scimdtest.On{}, scimdtest.Status(500)).Remove(t) },
	} {
		if ended := within(add); ended.failed != "" {
			t.Errorf("%s: %s", name, ended.failed)
		}
		for range 100 {
			if code, _ := call(t, s, "GET", "/Users?count=0", ""); code != 200 {
				t.Fatalf("%s: %d", name, code)
			}
		}
	}
}

func TestAReadySetHitsTheSameRequestsWithTheSameSeed(t *testing.T) {
	t.Parallel()
	fates := func(s *scimdtest.Server) (list []int) {
		f := s.ReadySet(t, "throttling", 3)
		for range 8 {
			code, _ := call(t, s, "GET", "/Users?count=0", "")
			list = append(list, code)
		}
		if f.Hits(t) != 2 {
			t.Errorf("%d hits of eight", f.Hits(t))
		}
		return list
	}
	if a := fates(scimdtest.Shared(t)); a[3] != 429 || a[7] != 429 || a[0] != 200 {
		t.Errorf("%v", a)
	}
}

func TestAFaultThatCannotBeEndsTheTestWithTheReason(t *testing.T) {
	t.Parallel()
	s := scimdtest.Shared(t)
	for want, add := range map[string]func(testing.TB){
		"act of a fault says what happens": func(t testing.TB) { s.Fault(t, scimdtest.On{}) },
		"has one of status":                func(t testing.TB) { s.Fault(t, scimdtest.On{}, scimdtest.Status(500), scimdtest.CutAfter()) },
		`no resource type "Person"`:        func(t testing.TB) { s.Fault(t, scimdtest.On{Type: "Person"}, scimdtest.Status(500)) },
		"match.operations":                 func(t testing.TB) { s.Fault(t, scimdtest.On{Operation: scimdtest.Other}, scimdtest.Status(500)) },
		"no ready set":                     func(t testing.TB) { s.ReadySet(t, "calm", 0) },
		`no member "acts"`:                 func(t testing.TB) { s.FaultJSON(t, `{"acts":{}}`) },
	} {
		if ended := within(add); !strings.Contains(ended.failed, want) {
			t.Errorf("want %q, got %q", want, ended.failed)
		}
	}
}
