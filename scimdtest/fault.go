package scimdtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/clock"
	"github.com/scimd/scimd/internal/fault"
)

// Operation is what a request is for.
type Operation string

// The operations. Other is in the journal, but faults cannot name it.
const (
	Create       Operation = "create"
	Read         Operation = "read"
	List         Operation = "list"
	Search       Operation = "search"
	Replace      Operation = "replace"
	Patch        Operation = "patch"
	Delete       Operation = "delete"
	Discovery    Operation = "discovery"
	TokenRequest Operation = "token"
	OAuth        Operation = "oauth"
	Other        Operation = "other"
)

// On tells which requests a fault is for, and how often it comes. What is zero is
// not asked for: On{} is each request.
type On struct {
	Operation Operation
	// Type is a resource type such as User, ID the id in the path.
	Type, ID string
	// Filter is a part of the filter of a list or a search.
	Filter string
	// Of the requests meant, the first Skip pass; of the others each Every-th is hit,
	// and Times at most.
	Skip, Every, Times int
	// Probability is how likely a request is hit, from above 0 to 1; the same ones are
	// with the same Seed.
	Probability float64
	Seed        uint64
}

// Act is a part of what happens to a request that a fault hits. Several go together:
// a delay, then the work or another answer, then how that breaks.
type Act struct {
	apply func(*fault.Act)
	stale bool
}

func act(apply func(*fault.Act)) Act { return Act{apply: apply} }

// Status answers with a status, and an error of SCIM, instead of doing the work.
func Status(code int) Act { return act(func(a *fault.Act) { a.Status = code }) }

// Body is what Status answers with instead of an error of SCIM: the page of a gateway.
func Body(mediaType, text string) Act {
	return act(func(a *fault.Act) { a.ContentType, a.Body = mediaType, text })
}

// RetryAfter adds the header to Status or Throttled, in whole seconds, rounded up.
func RetryAfter(d time.Duration) Act {
	return act(func(a *fault.Act) {
		a.RetryAfter = new(int((d + time.Second - 1) / time.Second))
	})
}

// Throttled refuses as the tenant does with requests that are too many (429).
func Throttled() Act { return act(func(a *fault.Act) { a.Refuse = fault.Throttled }) }

// ExpiredToken refuses as the tenant does with a token that has ended (401).
func ExpiredToken() Act { return act(func(a *fault.Act) { a.Refuse = fault.ExpiredToken }) }

// AfterWork does the work before Status answers: the change stays, and nobody is told.
func AfterWork() Act { return act(func(a *fault.Act) { a.AfterWork = true }) }

// Delay waits before the work.
func Delay(d time.Duration) Act {
	return act(func(a *fault.Act) { a.Delay = &fault.Delay{Fixed: clock.Duration(d)} })
}

// CutBefore cuts the connection before the work is done. Go's own client repeats a GET
// by itself when that happens to a connection which it has used before.
func CutBefore() Act { return act(func(a *fault.Act) { a.Cut = fault.Before }) }

// CutAfter cuts the connection after the work: the change stays, its answer is lost.
func CutAfter() Act { return act(func(a *fault.Act) { a.Cut = fault.After }) }

// CutBody cuts the connection in the middle of the answer.
func CutBody() Act { return act(func(a *fault.Act) { a.Cut = fault.Body }) }

// Truncate ends the answer after that many bytes of its body, without a sign of it.
func Truncate(bytes int) Act { return act(func(a *fault.Act) { a.Truncate = &bytes }) }

// Malformed spoils the body of the answer, so that it is no JSON.
func Malformed() Act { return act(func(a *fault.Act) { a.Malformed = true }) }

// Stale answers reads, lists and searches from the state at the moment when the fault
// is added, as a replica would that is behind.
func Stale() Act { return Act{apply: func(*fault.Act) {}, stale: true} }

// Fault is a fault of a tenant.
type Fault struct {
	server *Server
	ids    []string
}

// Fault lets requests fail on purpose until the test ends. The first fault that hits
// a request is the only one that does.
func (s *Server) Fault(t testing.TB, on On, acts ...Act) *Fault {
	t.Helper()
	rule := fault.Rule{
		Match: fault.Match{ID: on.ID, FilterContains: on.Filter},
		Skip:  on.Skip, Every: given(on.Every), Times: given(on.Times), Probability: given(on.Probability), Seed: on.Seed,
	}
	if on.Operation != "" {
		rule.Match.Operations = []fault.Operation{fault.Operation(on.Operation)}
	}
	if on.Type != "" {
		rule.Match.Types = []string{on.Type}
	}
	for _, a := range acts {
		a.apply(&rule.Act)
		if a.stale {
			rule.Act.Stale = s.saveFor(t)
			if on.Operation == "" {
				rule.Match.Operations = []fault.Operation{fault.Read, fault.List, fault.Search}
			}
		}
	}
	return s.fault(t, fault.Spec{Rule: rule})
}

// given is what a rule says where it was said, as zero is not.
func given[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}

// saveFor keeps the state under a name until the test ends.
func (s *Server) saveFor(t testing.TB) string {
	t.Helper()
	name := s.save(t)
	s.atEnd(t, "delete the snapshot of a fault", func(ctx context.Context) error {
		return s.manage.DeleteSnapshot(ctx, s.tenant, name)
	})
	return name
}

// ReadySet lets requests fail as one of the ready sets says until the test ends:
// throttling, flaky or entra-quarantine. The same requests are hit with the same seed.
func (s *Server) ReadySet(t testing.TB, name string, seed uint64) *Fault {
	t.Helper()
	return s.fault(t, fault.Spec{Ready: name, Rule: fault.Rule{Seed: seed}})
}

// FaultJSON adds any fault that can be written as JSON, until the test ends.
func (s *Server) FaultJSON(t testing.TB, rule string) *Fault {
	t.Helper()
	var spec fault.Spec
	must(t, "add a fault", fault.Decode([]byte(rule), &spec))
	return s.fault(t, spec)
}

func (s *Server) fault(t testing.TB, spec fault.Spec) *Fault {
	t.Helper()
	armed, err := s.manage.AddFault(context.Background(), s.tenant, spec, false)
	must(t, "add a fault", err)
	f := &Fault{server: s}
	for _, a := range armed {
		f.ids = append(f.ids, a.ID)
	}
	s.atEnd(t, "remove a fault", f.remove)
	return f
}

// Remove ends the fault before the test does.
func (f *Fault) Remove(t testing.TB) {
	t.Helper()
	must(t, "remove a fault", f.remove(context.Background()))
}

// remove does nothing where the fault has gone already.
func (f *Fault) remove(ctx context.Context) error {
	list, err := f.armed(ctx)
	errs := []error{err}
	for _, a := range list {
		errs = append(errs, f.server.manage.RemoveFault(ctx, f.server.tenant, a.ID))
	}
	return errors.Join(errs...)
}

// Hits is how many requests the fault has hit. One that was removed has none.
func (f *Fault) Hits(t testing.TB) int {
	t.Helper()
	list, err := f.armed(context.Background())
	must(t, "count the hits of a fault", err)
	n := 0
	for _, a := range list {
		n += int(a.Hits)
	}
	return n
}

// armed are those of its rules that are still there.
func (f *Fault) armed(ctx context.Context) (list []fault.Armed, err error) {
	all, err := f.server.manage.Faults(ctx, f.server.tenant)
	for _, a := range all {
		for _, id := range f.ids {
			if a.ID == id {
				list = append(list, a)
			}
		}
	}
	return list, err
}
