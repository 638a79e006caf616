package connector_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scimd/scimd/examples/connector"
	"github.com/scimd/scimd/scimdtest"
)

// people is a source with two of them on a page.
type people []connector.Person

func (p people) People(_ context.Context, page int) ([]connector.Person, error) {
	from := min(2*page, len(p))
	return p[from:min(from+2, len(p))], nil
}

var staff = people{
	{Key: "1", UserName: "ada@corp.example", GivenName: "Ada", FamilyName: "Novak", Groups: []string{"Sales"}},
	{Key: "2", UserName: "bela@corp.example", GivenName: "Bela", FamilyName: "Kiss", Groups: []string{"Sales", "Works \"Council\""}},
	{Key: "3", UserName: "cleo@corp.example", GivenName: "Cleo", FamilyName: "Marin", Gone: true},
}

// before is what the server holds before a run that has to change people and groups.
const before = `
version: 1
Users:
  - {externalId: "1", userName: ada@old.example, name: {givenName: Ada, familyName: Smith}}
  - {externalId: "3", userName: cleo@corp.example, name: {givenName: Cleo, familyName: Marin}}
Groups:
  - {displayName: Sales, members: [cleo@corp.example]}
`

// waits are how long a connector wanted to wait, which it does not.
type waits struct {
	mu   sync.Mutex
	list []time.Duration
}

func (w *waits) wait(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, d)
	return ctx.Err()
}

func run(t *testing.T, s *scimdtest.Server, from people) (connector.Report, *waits) {
	t.Helper()
	w := &waits{}
	report, err := connector.New(s.URL, s.Token).Waiting(w.wait).Run(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	return report, w
}

// state is what a server holds, a line for each resource.
func state(t *testing.T, s *scimdtest.Server) (lines []string) {
	t.Helper()
	names := map[string]string{}
	for _, kind := range []string{"/Users", "/Groups"} {
		resp, err := s.Client().Get(s.URL + kind)
		if err != nil {
			t.Fatal(err)
		}
		var list struct {
			Resources []struct {
				ID, ExternalID, UserName, DisplayName string
				Active                                bool
				Name                                  struct{ GivenName, FamilyName string }
				Members                               []struct{ Value string }
			}
		}
		err = json.NewDecoder(resp.Body).Decode(&list)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list.Resources {
			line := fmt.Sprintf("%s %s %s %s %v", r.ExternalID, r.UserName, r.Name.GivenName, r.Name.FamilyName, r.Active)
			names[r.ID] = r.UserName
			if kind == "/Groups" {
				members := []string{}
				for _, m := range r.Members {
					members = append(members, names[m.Value])
				}
				slices.Sort(members)
				line = fmt.Sprintf("%s %v", r.DisplayName, members)
			}
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

// wanted is the state after each run with staff.
var wanted = []string{
	"1 ada@corp.example Ada Novak true",
	"2 bela@corp.example Bela Kiss true",
	"3 cleo@corp.example Cleo Marin false",
	"Sales [ada@corp.example bela@corp.example]",
	`Works "Council" [bela@corp.example]`,
}

func reached(t *testing.T, s *scimdtest.Server) {
	t.Helper()
	if got := state(t, s); !slices.Equal(got, wanted) {
		t.Errorf("the server has\n%s\nand not\n%s", strings.Join(got, "\n"), strings.Join(wanted, "\n"))
	}
}

// Each request that a run makes meets each way to fail, and the run reaches its end
// all the same, with nobody twice.
func TestARunSurvivesAFault(t *testing.T) {
	t.Parallel()
	requests := map[string]scimdtest.On{
		"the look for a user":  {Operation: scimdtest.List, Type: "User", Times: 1},
		"a new user":           {Operation: scimdtest.Create, Type: "User", Times: 1},
		"a change of a user":   {Operation: scimdtest.Patch, Type: "User", Times: 1},
		"a new group":          {Operation: scimdtest.Create, Type: "Group", Times: 1},
		"a change of a member": {Operation: scimdtest.Patch, Type: "Group", Times: 1},
	}
	faults := map[string]struct {
		acts []scimdtest.Act
		// waits are how long the connector has to wait, 0 for as it likes; silent ones
		// may go unnoticed, since Go's client repeats a GET by itself.
		waits  time.Duration
		silent bool
	}{
		"is too much":      {acts: []scimdtest.Act{scimdtest.Status(429), scimdtest.RetryAfter(7 * time.Second)}, waits: 7 * time.Second},
		"meets a gateway":  {acts: []scimdtest.Act{scimdtest.Status(502), scimdtest.Body("text/html", "<h1>Bad gateway</h1>")}},
		"is not done":      {acts: []scimdtest.Act{scimdtest.CutBefore()}, silent: true},
		"loses its answer": {acts: []scimdtest.Act{scimdtest.CutAfter()}, silent: true},
		"loses half of it": {acts: []scimdtest.Act{scimdtest.CutBody()}},
		"is garbled":       {acts: []scimdtest.Act{scimdtest.Malformed()}},
	}
	for request, on := range requests {
		for failure, f := range faults {
			t.Run(request+" "+failure, func(t *testing.T) {
				t.Parallel()
				s := scimdtest.Shared(t, scimdtest.SeedText(before))
				fault := s.Fault(t, on, f.acts...)
				report, w := run(t, s, staff)
				reached(t, s)
				if report != (connector.Report{Created: 1, Changed: 2}) {
					t.Errorf("report %+v", report)
				}
				if fault.Hits(t) != 1 || len(w.list) == 0 && !f.silent || f.waits != 0 && !slices.Equal(w.list, []time.Duration{f.waits}) {
					t.Errorf("%d hits, waited %v", fault.Hits(t), w.list)
				}
				// One user and one group are made, whatever happened to the answers.
				for kind, made := range map[string]int{"User": 1, "Group": 1} {
					s.Expect(t, scimdtest.Filter{Operation: scimdtest.Create, Type: kind, Status: 4}, count(request == "a new "+strings.ToLower(kind) && f.waits != 0))
					if got := s.Received(t, scimdtest.Filter{Operation: scimdtest.Create, Type: kind}); len(got) < made {
						t.Errorf("%d creates of a %s", len(got), kind)
					}
				}
			})
		}
	}
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func TestASecondRunChangesNothing(t *testing.T) {
	t.Parallel()
	s := scimdtest.Shared(t)
	if report, _ := run(t, s, staff); report != (connector.Report{Created: 3}) {
		t.Errorf("report %+v", report)
	}
	since := s.Mark(t)
	if report, w := run(t, s, staff); report != (connector.Report{Unchanged: 3}) || len(w.list) != 0 {
		t.Errorf("report %+v, waited %v", report, w.list)
	}
	for _, op := range []scimdtest.Operation{scimdtest.Create, scimdtest.Patch, scimdtest.Replace, scimdtest.Delete} {
		s.Expect(t, scimdtest.Filter{Operation: op, After: since}, 0)
	}
	reached(t, s)
}

func TestAChangeIsOnePatchWithWhatHasChanged(t *testing.T) {
	t.Parallel()
	s := scimdtest.Shared(t)
	run(t, s, staff)
	changes := map[string]struct {
		change func(*connector.Person)
		sends  string
	}{
		"a name":   {func(p *connector.Person) { p.FamilyName = "Lovelace" }, `{"op":"replace","path":"name.familyName","value":"Lovelace"}`},
		"a leaver": {func(p *connector.Person) { p.Gone = true }, `{"op":"replace","path":"active","value":false}`},
	}
	for name, tc := range changes {
		t.Run(name, func(t *testing.T) {
			s.Snapshot(t)
			since := s.Mark(t)
			changed := slices.Clone(staff)
			tc.change(&changed[0])
			if report, _ := run(t, s, changed); report != (connector.Report{Changed: 1, Unchanged: 2}) {
				t.Errorf("report %+v", report)
			}
			for _, e := range s.Expect(t, scimdtest.Filter{Operation: scimdtest.Patch, After: since}, 1) {
				if !strings.Contains(string(e.RequestBody), `"Operations":[`+tc.sends+`]`) {
					t.Errorf("sent %s", e.RequestBody)
				}
			}
		})
		reached(t, s)
	}
}

// A replica that is behind shows neither the user nor the refusal's cause.
func TestAUserThatAReplicaDoesNotShowYetIsNotMadeTwice(t *testing.T) {
	t.Parallel()
	s := scimdtest.Shared(t)
	stale := s.Fault(t, scimdtest.On{Operation: scimdtest.List, Type: "User", Times: 2}, scimdtest.Stale())
	s.SeedText(t, `{"version":1,"Users":[{"externalId":"2","userName":"bela@corp.example"}]}`)
	run(t, s, people{{Key: "2", UserName: "bela@corp.example"}})
	if got := state(t, s); len(got) != 1 || stale.Hits(t) != 2 {
		t.Errorf("%d hits, %v", stale.Hits(t), got)
	}
	s.Expect(t, scimdtest.Filter{Operation: scimdtest.Create, Status: 409}, 2)
}

func TestWhatWillNeverBeGrantedIsAskedForOnce(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]scimdtest.Act{"a token that has ended": scimdtest.ExpiredToken(), "no right": scimdtest.Status(403)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := scimdtest.Shared(t)
			s.Fault(t, scimdtest.On{Operation: scimdtest.Create}, act)
			_, err := connector.New(s.URL, s.Token).Waiting((&waits{}).wait).Run(t.Context(), staff)
			if err == nil || !strings.HasPrefix(err.Error(), "1: 40") {
				t.Errorf("%v", err)
			}
			s.Expect(t, scimdtest.Filter{Operation: scimdtest.Create}, 1)
		})
	}
}

func TestARunEndsWhenItIsToldToThoughTheServerIsSlow(t *testing.T) {
	t.Parallel()
	s := scimdtest.Shared(t)
	s.Fault(t, scimdtest.On{}, scimdtest.Delay(time.Minute))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := connector.New(s.URL, s.Token).Run(ctx, staff); err == nil {
		t.Error("no error")
	}
}

func TestALargeSourceGetsThroughAThrottlingAndAFlakyTenant(t *testing.T) {
	t.Parallel()
	var many people
	for i := range 40 {
		many = append(many, connector.Person{Key: fmt.Sprint(i), UserName: fmt.Sprintf("user%02d@corp.example", i), Groups: []string{"Everybody"}})
	}
	for _, set := range []string{"throttling", "flaky"} {
		t.Run(set, func(t *testing.T) {
			t.Parallel()
			s := scimdtest.Shared(t)
			trouble := s.ReadySet(t, set, 11)
			if report, _ := run(t, s, many); report.Created != len(many) || trouble.Hits(t) == 0 {
				t.Errorf("report %+v, %d hits", report, trouble.Hits(t))
			}
			trouble.Remove(t)
			if got := state(t, s); len(got) != len(many)+1 {
				t.Errorf("%d users and groups:\n%s", len(got), strings.Join(got, "\n"))
			}
		})
	}
}

// The first page of README.md shows this test.
func TestAProvisioningJobSurvivesAnOutage(t *testing.T) {
	s := scimdtest.New(t, scimdtest.Seed("sample:small"))
	s.Fault(t, scimdtest.On{Operation: scimdtest.Create, Times: 1}, scimdtest.Status(503), scimdtest.RetryAfter(0))

	if _, err := connector.New(s.URL, s.Token).Run(t.Context(), staff); err != nil { // what is tested
		t.Fatal(err)
	}
	s.Expect(t, scimdtest.Filter{Operation: scimdtest.Create, Type: "User", Status: 503}, 1)
	s.WaitFor(t, scimdtest.Filter{Operation: scimdtest.Create, Type: "User", Status: 201}, 3, time.Second)
}
