package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Target is the server to play against. Base is its SCIM base URL; Client is
// http.DefaultClient when nil.
type Target struct {
	Base   string
	Token  string
	Client *http.Client
}

// Outcome is what became of a step.
type Outcome uint8

// The outcomes.
const (
	// Passed: every answer was as expected.
	Passed Outcome = iota
	// Failed: an answer was not, or a pending step passed.
	Failed
	// Awaited: the step is pending and failed, as it must.
	Awaited
	// Dependent: left out, since the request or an expectation needs what a
	// pending step would have saved. Its other expectations held.
	Dependent
	// NotApplicable: left out by its "when".
	NotApplicable
)

var outcomeNames = [...]string{"passed", "failed", "pending", "dependent", "not applicable"}

func (o Outcome) String() string { return outcomeNames[o] }

// Result is one step's outcome; Problem tells what was sent, expected and
// answered when it failed.
type Result struct {
	Step    string
	Outcome Outcome
	Problem string
}

// Report is the outcome of one play.
type Report struct {
	Scenario string
	Results  []Result
}

// Count is the number of steps with that outcome.
func (r *Report) Count(o Outcome) int {
	n := 0
	for _, x := range r.Results {
		if x.Outcome == o {
			n++
		}
	}
	return n
}

// Failures are the failed steps.
func (r *Report) Failures() []Result {
	var failed []Result
	for _, x := range r.Results {
		if x.Outcome == Failed {
			failed = append(failed, x)
		}
	}
	return failed
}

// Play plays a scenario. Steps on the pending list have to fail. The error is
// about the scenario itself; answers that are wrong stand in the Report.
func Play(ctx context.Context, target Target, s *Scenario, pending Pending) (*Report, error) {
	v, err := newVariables(target, s.Vars)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	p := &player{target: target, vars: v}
	report := &Report{Scenario: s.Name}
	for i := range s.Steps {
		step := &s.Steps[i]
		result := p.step(ctx, step)
		if pending.has(s.Name, step.Name) {
			result = awaited(result)
		}
		if result.Outcome == Awaited {
			v.withhold(step)
		}
		report.Results = append(report.Results, result)
	}
	for i := range s.Cleanup {
		p.step(ctx, &s.Cleanup[i])
	}
	return report, nil
}

// awaited turns the result of a pending step round: only failing is right.
func awaited(r Result) Result {
	switch r.Outcome {
	case Failed:
		r.Outcome = Awaited
	case Passed:
		r.Outcome, r.Problem = Failed, "the step is listed as pending and passes: take it off the list"
	}
	return r
}

type player struct {
	target Target
	vars   *variables
}

// step runs one step, repeated or not.
func (p *player) step(ctx context.Context, s *Step) Result {
	r := Result{Step: s.Name}
	apply, err := p.applies(s.When)
	if err == nil && !apply {
		r.Outcome = NotApplicable
		return r
	}
	if err == nil {
		err = p.run(ctx, s)
	} else {
		p.vars.withhold(s)
	}
	if err != nil {
		r.Outcome, r.Problem = Failed, err.Error()
		if isWithheld(err) {
			r.Outcome = Dependent
		}
	}
	return r
}

// isWithheld reports whether err is about nothing but withheld variables.
func isWithheld(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(joined.Unwrap(), func(e error) bool { return !isWithheld(e) })
	}
	var withheld withheldVariable
	return errors.As(err, &withheld)
}

func (p *player) applies(w *When) (bool, error) {
	if w == nil {
		return true, nil
	}
	x, err := p.vars.get(w.Var)
	return err == nil && same(x, w.Equals), err
}

// run sends a step's requests, judges the answers and saves from them.
func (p *player) run(ctx context.Context, s *Step) error {
	scopes, err := p.scopes(s.Repeat)
	if err != nil {
		p.vars.withhold(s)
		return err
	}
	answers := make([]*answer, len(scopes))
	errs := make([]error, len(scopes))
	if s.Repeat != nil && s.Repeat.Parallel {
		var all sync.WaitGroup
		for i := range scopes {
			all.Go(func() { answers[i], errs[i] = p.exchange(ctx, s, scopes[i]) })
		}
		all.Wait()
	} else {
		for i := range scopes {
			answers[i], errs[i] = p.exchange(ctx, s, scopes[i])
		}
	}
	for i, a := range answers {
		switch {
		case errs[i] != nil && !isWithheld(errs[i]):
		case a == nil:
			p.vars.withhold(s)
		default:
			errs[i] = errors.Join(errs[i], p.save(s, a))
		}
	}
	return errors.Join(append(errs, countStatuses(s.Expect.StatusCounts, answers))...)
}

// scopes are the variables of each repetition.
func (p *player) scopes(r *Repeat) ([]*variables, error) {
	if r == nil {
		return []*variables{p.vars}, nil
	}
	var scopes []*variables
	if r.Each != "" {
		list, err := p.vars.list(r.Each)
		for _, item := range list {
			scopes = append(scopes, p.vars.with("item", item))
		}
		return scopes, err
	}
	for i := range r.Count {
		scopes = append(scopes, p.vars.with("i", json.Number(strconv.Itoa(i+1))))
	}
	return scopes, nil
}

// exchange sends one request and judges its answer.
func (p *player) exchange(ctx context.Context, s *Step, v *variables) (*answer, error) {
	req, shown, err := s.request(ctx, p.target, v)
	if err != nil {
		return nil, err
	}
	a, err := p.target.send(req)
	if err != nil {
		return nil, fmt.Errorf("%s\n%w", shown, err)
	}
	err = errors.Join(s.Expect.problems(v, a)...)
	if err != nil && !isWithheld(err) {
		err = fmt.Errorf("%s\n%s\nanswer: %d %s", shown, err, a.status, a.body)
	}
	return a, err
}

// save stores what a step wants from an answer; nothing there is a failure.
func (p *player) save(s *Step, a *answer) error {
	for name, from := range s.Save {
		x, err := a.find(from)
		if err != nil {
			return err
		}
		p.vars.set(name, x)
	}
	for name, from := range s.Append {
		x, err := a.find(from)
		if err != nil {
			return err
		}
		p.vars.appendTo(name, x)
	}
	return nil
}

// find reads "header:Name" or a JSON path.
func (a *answer) find(from string) (any, error) {
	if name, ok := strings.CutPrefix(from, "header:"); ok {
		if values := a.header.Values(name); len(values) > 0 {
			return values[0], nil
		}
		return nil, fmt.Errorf("nothing to save: the answer has no header %s", name)
	}
	x, ok, err := lookUp(a.json, from)
	if err == nil && !ok {
		err = fmt.Errorf("nothing to save: the answer has no %s", from)
	}
	return x, err
}

// countStatuses compares how many answers of each status came, when asked.
func countStatuses(want map[string]int, answers []*answer) error {
	if want == nil {
		return nil
	}
	got := map[string]int{}
	for _, a := range answers {
		if a != nil {
			got[strconv.Itoa(a.status)]++
		}
	}
	for status, n := range want {
		if got[status] != n {
			return fmt.Errorf("expected %d answers of %s, got %v", n, status, got)
		}
	}
	if len(got) > len(want) {
		return fmt.Errorf("expected the statuses %v, got %v", want, got)
	}
	return nil
}
