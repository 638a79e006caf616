package fault

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
)

// Request is what rules match. What costs something is a function.
type Request struct {
	Operation Operation
	Type, ID  string
	Token     string
	Client    string
	Filter    func() string
	Header    func(name string) (value string, there bool)
	// Now is the tenant's clock.
	Now func() time.Time
}

// Hit is a rule that has hit a request.
type Hit struct {
	*Rule
	n uint64 // the number of the request among those that matched
}

// Before is the time to wait before the work.
func (h *Hit) Before() time.Duration { return h.Act.Delay.of(chance(h.Seed, forDelay, h.n)) }

// After is the time to wait after the work.
func (h *Hit) After() time.Duration { return h.Act.DelayAfter.of(chance(h.Seed, forDelayAfter, h.n)) }

// Armed is a rule with how often it came: Seen counts the requests that matched,
// Hits those that were hit.
type Armed struct {
	Rule
	Seen int64 `json:"seen" doc:"How many requests matched."`
	Hits int64 `json:"hits" doc:"How many requests were hit."`
}

// live is a rule in use. The rule does not change.
type live struct {
	Rule
	seen, hits atomic.Int64
}

// Rules are those of a tenant, in their order. The zero Rules are none; they are
// safe for concurrent use, and must not be copied.
type Rules struct {
	owner *Tenants
	list  atomic.Pointer[[]*live]

	// carried counts the requests that came with faults of their own.
	carried atomic.Uint64

	mu   sync.Mutex // of who changes them
	made int        // ids made up
	over bool       // the tenant is gone
}

func (r *Rules) all() []*live {
	if list := r.list.Load(); list != nil {
		return *list
	}
	return nil
}

// Find is the first rule that hits a request; nil for none. It counts.
func (r *Rules) Find(q *Request) *Hit {
	for _, rule := range r.all() {
		if rule.Match.fits(q) && rule.lives(q) {
			if n, ok := rule.hit(); ok {
				return &Hit{&rule.Rule, n}
			}
		}
	}
	return nil
}

// Of makes hits of rules that come with a request, of which n others were before.
func Of(rules []Rule, q *Request, n uint64) *Hit {
	for i := range rules {
		rule := &rules[i]
		if rule.Match.fits(q) && rule.lives(q) && rule.chosen(n) {
			return &Hit{rule, n}
		}
	}
	return nil
}

func (r *Rule) lives(q *Request) bool { return r.Until.IsZero() || q.Now().Before(r.Until) }

// chosen tells whether chance is for it.
func (r *Rule) chosen(n uint64) bool {
	return r.Probability == nil || chance(r.Seed, forHit, n) < *r.Probability
}

// hit counts a request that matches, and tells whether it is hit.
func (l *live) hit() (n uint64, ok bool) {
	n = uint64(l.seen.Add(1) - 1)
	skip, every := uint64(l.Skip), uint64(1)
	if l.Every != nil {
		every = uint64(*l.Every)
	}
	if n < skip || (n-skip+1)%every != 0 || !l.chosen(n) {
		return n, false
	}
	for {
		hits := l.hits.Load()
		if l.Times != nil && hits >= int64(*l.Times) {
			return n, false
		}
		if l.hits.CompareAndSwap(hits, hits+1) {
			return n, true
		}
	}
}

// fits tells that a rule is for a request.
func (m *Match) fits(q *Request) bool {
	switch {
	case len(m.Operations) > 0 && !slices.Contains(m.Operations, q.Operation):
		return false
	case len(m.Types) > 0 && !slices.ContainsFunc(m.Types, func(name string) bool { return strings.EqualFold(name, q.Type) }):
		return false
	case m.ID != "" && m.ID != q.ID, m.Token != "" && m.Token != q.Token, m.Client != "" && !strings.EqualFold(m.Client, q.Client):
		return false
	}
	for name, want := range m.Headers {
		if got, there := q.Header(name); !there || want != "" && got != want {
			return false
		}
	}
	if m.Filter == "" && m.FilterContains == "" {
		return true
	}
	filter := q.Filter()
	return filter != "" && (m.Filter == "" || filter == m.Filter) && strings.Contains(filter, m.FilterContains)
}

// List tells the rules in their order, with what they have counted.
func (r *Rules) List() []Armed {
	out := []Armed{}
	for _, l := range r.all() {
		out = append(out, Armed{l.Rule, l.seen.Load(), l.hits.Load()})
	}
	return out
}

// Get tells of one rule; 404.
func (r *Rules) Get(id string) (*Armed, error) {
	list := r.List()
	if i := slices.IndexFunc(list, func(a Armed) bool { return a.ID == id }); i >= 0 {
		return &list[i], nil
	}
	return nil, noRule(id)
}

// Add puts rules at the end of the list, or, with first, before all others; 400,
// and 409 when an id is in use.
func (r *Rules) Add(first bool, rules ...Rule) ([]Armed, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	have := r.all()
	fresh, err := r.checked(have, rules)
	if err != nil {
		return nil, err
	}
	if first {
		r.store(slices.Concat(fresh, have))
	} else {
		r.store(slices.Concat(have, fresh))
	}
	return counted(fresh), nil
}

// Check tells whether rules can be the whole list; 400, 409.
func (r *Rules) Check(rules ...Rule) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err := r.checked(nil, rules)
	return err
}

// Set makes rules the whole list, which counts from nothing; 400.
func (r *Rules) Set(rules ...Rule) ([]Armed, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh, err := r.checked(nil, rules)
	if err != nil {
		return nil, err
	}
	r.store(fresh)
	return counted(fresh), nil
}

// Replace puts a rule in the place of the one of that id, and counts from nothing;
// 404, 400.
func (r *Rules) Replace(id string, rule Rule) (*Armed, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	have := slices.Clone(r.all())
	i := place(have, id)
	if i < 0 {
		return nil, noRule(id)
	}
	if rule.ID == "" {
		rule.ID = id
	}
	if rule.ID != id {
		return nil, bad("id", "is that of the path")
	}
	fresh, err := r.checked(slices.Delete(slices.Clone(have), i, i+1), []Rule{rule})
	if err != nil {
		return nil, err
	}
	have[i] = fresh[0]
	r.store(have)
	return &counted(fresh)[0], nil
}

// Remove takes a rule out; 404.
func (r *Rules) Remove(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	have := slices.Clone(r.all())
	i := place(have, id)
	if i < 0 {
		return noRule(id)
	}
	r.store(slices.Delete(have, i, i+1))
	return nil
}

// Clear takes all rules out.
func (r *Rules) Clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.store(nil)
}

// end takes all rules out of a tenant that is gone; none come any more.
func (r *Rules) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.store(nil)
	r.over = true
}

func place(list []*live, id string) int {
	return slices.IndexFunc(list, func(l *live) bool { return l.ID == id })
}

func noRule(id string) error { return scimerr.NotFound("The tenant has no fault %.64q.", id) }

func counted(list []*live) []Armed {
	out := make([]Armed, len(list))
	for i, l := range list {
		out[i] = Armed{Rule: l.Rule}
	}
	return out
}

// checked makes rules ready for use beside others; r.mu is held.
func (r *Rules) checked(beside []*live, rules []Rule) ([]*live, error) {
	if r.over {
		return nil, scimerr.NotFound("The tenant was deleted.")
	}
	if len(beside)+len(rules) > MaxRules {
		return nil, scimerr.InvalidValue("faults", "A tenant has at most %d faults.", MaxRules)
	}
	used := make(map[string]bool, len(beside)+len(rules))
	for _, l := range beside {
		used[l.ID] = true
	}
	fresh := make([]*live, len(rules))
	for i, rule := range rules {
		if err := rule.check(); err != nil {
			return nil, err
		}
		if err := r.owner.check(&rule.Match); err != nil {
			return nil, err
		}
		for rule.ID == "" || used[rule.ID] && rules[i].ID == "" {
			r.made++
			rule.ID = "fault-" + strconv.Itoa(r.made)
		}
		if used[rule.ID] {
			return nil, scimerr.Conflict("The tenant has a fault %s already.", rule.ID)
		}
		used[rule.ID] = true
		fresh[i] = &live{Rule: rule}
	}
	return fresh, nil
}

// store makes a list the one in use; r.mu is held.
func (r *Rules) store(list []*live) {
	if r.owner != nil {
		r.owner.rules.Add(int64(len(list) - len(r.all())))
	}
	r.list.Store(&list)
}
