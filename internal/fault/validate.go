package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/clock"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/scimerr"
)

// The bounds of rules.
const (
	MaxRules  = 1000 // of a tenant
	MaxDelay  = 5 * time.Minute
	MaxBody   = 64 << 10
	maxText   = 1 << 10
	maxCount  = 1_000_000_000
	maxHeader = 20 // headers of a rule
	// MaxDrip bounds a slow body, in bytes a second: what is faster is not slow.
	MaxDrip = 1 << 20
)

// Spec is what a list of faults holds: a rule, or the name of a ready set.
type Spec struct {
	Ready string `json:"ready,omitempty" doc:"The name of a ready set, instead of a rule: throttling, flaky or entra-quarantine. Of the rule only seed goes with it."`
	Rule
}

// Rules are those that are meant, checked; 400 names the member at fault.
func (s *Spec) Rules() ([]Rule, error) {
	rule := s.Rule
	if s.Ready == "" {
		err := rule.check()
		return []Rule{rule}, err
	}
	seed := rule.Seed
	if rule.Seed = 0; !rule.empty() {
		return nil, scimerr.InvalidValue("ready", "With ready goes nothing but seed.")
	}
	return Ready(s.Ready, seed)
}

func (r *Rule) empty() bool {
	text, err := json.Marshal(r)
	none, _ := json.Marshal(&Rule{})
	return err == nil && bytes.Equal(text, none)
}

// Decode reads a Spec or a Rule from JSON, as strictly as bodies of the control API
// are read, without checking what it says; 400.
func Decode(data []byte, v any) error {
	_, err := resource.Unmarshal(data, v, "This is not a fault")
	return err
}

// check tells what is wrong with a rule. What is empty counts as left out.
func (r *Rule) check() error {
	m := &r.Match
	if len(m.Operations) == 0 {
		m.Operations = nil
	}
	if len(m.Types) == 0 {
		m.Types = nil
	}
	for _, h := range []*map[string]string{&m.Headers, &r.Act.Headers} {
		if len(*h) == 0 {
			*h = nil
		}
	}
	return first(r.checkLife(), m.check(), m.checkReach(), r.Act.check(), r.Act.checkTogether(), r.checkStale())
}

// reads are the operations that can be answered from a snapshot.
var reads = []Operation{Read, List, Search}

func (r *Rule) checkStale() error {
	switch {
	case r.Act.Stale == "":
		return nil
	case r.Act.Replaces():
		return bad("act.stale", "does not go with another answer")
	case len(r.Act.Stale) > maxText:
		return bad("act.stale", "is the name of a snapshot")
	case len(r.Match.Operations) == 0 || slices.ContainsFunc(r.Match.Operations, func(op Operation) bool { return !slices.Contains(reads, op) }):
		return bad("act.stale", "goes with operations read, list and search alone")
	}
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Rule) checkLife() error {
	switch {
	case r.ID != "" && !validID(r.ID):
		return bad("id", "is 1 to 64 letters, digits, dots, underscores and hyphens, and not dots alone")
	case r.Probability != nil && !(*r.Probability > 0 && *r.Probability <= 1):
		return bad("probability", "is above 0 and at most 1")
	case r.Skip < 0 || r.Skip > maxCount:
		return bad("skip", "is a number from 0 to "+strconv.Itoa(maxCount))
	}
	for _, n := range []struct {
		name  string
		value *int
	}{{"every", r.Every}, {"times", r.Times}} {
		if n.value != nil && (*n.value < 1 || *n.value > maxCount) {
			return bad(n.name, "is a number from 1 to "+strconv.Itoa(maxCount))
		}
	}
	return nil
}

// bad is the refusal of a member.
func bad(member, is string) error {
	return scimerr.InvalidValue(member, "The member %s of a fault %s.", member, is)
}

func validID(id string) bool {
	return len(id) <= 64 && strings.Trim(id, ".") != "" && strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == ""
}

// secretHeaders are never matched by: a rule would hold their values in clear.
var secretHeaders = []string{"authorization", "proxy-authorization", "cookie"}

func (m *Match) check() error {
	for _, op := range m.Operations {
		if !slices.Contains(Operations, op) {
			return bad("match.operations", fmt.Sprintf("has names of operations: %v", Operations))
		}
	}
	if len(m.Operations) > len(Operations) || len(m.Types) > 100 {
		return bad("match", "has too many names")
	}
	for _, text := range slices.Concat(m.Types, []string{m.ID, m.Filter, m.FilterContains, m.Token, m.Client}) {
		if len(text) > maxText {
			return bad("match", "has texts of at most "+strconv.Itoa(maxText)+" bytes")
		}
	}
	for name := range m.Headers {
		if slices.Contains(secretHeaders, strings.ToLower(name)) {
			return bad("match.headers", "names no header with credentials; match by token")
		}
	}
	return checkHeaders("match.headers", m.Headers)
}

func checkHeaders(member string, h map[string]string) error {
	if len(h) > maxHeader {
		return bad(member, "has at most "+strconv.Itoa(maxHeader)+" headers")
	}
	for name, value := range h {
		if !validHeaderName(name) || len(value) > maxText || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return bad(member, "has names and values of HTTP headers, of at most "+strconv.Itoa(maxText)+" bytes")
		}
	}
	return nil
}

// validHeaderName tells a token of RFC 9110 §5.6.2.
func validHeaderName(name string) bool {
	return name != "" && len(name) <= 100 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~") == ""
}

// framing are headers that the answer gets from its body.
var framing = []string{"content-length", "transfer-encoding", "connection", "content-type"}

func (a *Act) check() error {
	foreign := a.Body != "" || a.ContentType != ""
	ways := 0
	for _, way := range []bool{a.Status != 0, a.Refuse != "", a.Cut == Before || a.Cut == After} {
		if way {
			ways++
		}
	}
	switch {
	case a.idle():
		return bad("act", "says what happens")
	case a.Status != 0 && (a.Status < 200 || a.Status > 599):
		return bad("act.status", "is from 200 to 599")
	case ways > 1:
		return bad("act", "has one of status, refuse, and a cut before or after the work")
	case a.Status == 0 && (a.ScimType != "" || a.Detail != "" || foreign):
		return bad("act.status", "goes with scimType, detail, contentType and body")
	case foreign && (a.ScimType != "" || a.Detail != ""):
		return bad("act.body", "stands instead of scimType and detail")
	case a.Status != 0 && a.Status < 400 && !foreign && a.Status != 204 && a.Status != 304:
		return bad("act.body", "is needed with a status that is no error's")
	case (a.Status == 204 || a.Status == 304) && foreign:
		return bad("act.body", "cannot stand with a status that has none")
	case !a.Replaces() && (a.RetryAfter != nil || a.AfterWork || len(a.Headers) > 0):
		return bad("act.status", "or refuse goes with retryAfter, afterWork and headers")
	case a.RetryAfter != nil && (*a.RetryAfter < 0 || *a.RetryAfter > maxCount):
		return bad("act.retryAfter", "is a number of seconds")
	case a.RetryDate && a.RetryAfter == nil:
		return bad("act.retryAfter", "goes with retryDate")
	case a.Refuse != "" && a.Refuse != ExpiredToken && a.Refuse != Throttled:
		return bad("act.refuse", "is expiredToken or throttled")
	case a.Cut != "" && a.Cut != Before && a.Cut != After && a.Cut != Body:
		return bad("act.cut", "is before, after or body")
	case a.Reset && a.Cut == "" && !a.KeepLength:
		return bad("act.cut", "or keepLength goes with reset")
	case a.Truncate != nil && (*a.Truncate < 0 || *a.Truncate > maxCount):
		return bad("act.truncate", "is a number of bytes")
	case a.Truncate == nil && a.KeepLength:
		return bad("act.truncate", "goes with keepLength")
	case a.Cut != "" && a.Truncate != nil:
		return bad("act.truncate", "does not go with cut")
	case a.Drip < 0 || a.Drip > MaxDrip:
		return bad("act.drip", "is a number of bytes up to "+strconv.Itoa(MaxDrip))
	case len(a.Body) > MaxBody:
		return bad("act.body", "has at most "+strconv.Itoa(MaxBody)+" bytes")
	case len(a.ScimType) > maxText || len(a.Detail) > maxText || len(a.ContentType) > maxText:
		return bad("act", "has texts of at most "+strconv.Itoa(maxText)+" bytes")
	case strings.ContainsFunc(a.ContentType, func(r rune) bool { return r < ' ' || r > '~' }):
		return bad("act.contentType", "is a media type")
	}
	for name := range a.Headers {
		if slices.Contains(framing, strings.ToLower(name)) {
			return bad("act.headers", "has none of "+strings.Join(framing, ", "))
		}
	}
	return first(checkHeaders("act.headers", a.Headers), a.Delay.check("act.delay"), a.DelayAfter.check("act.delayAfter"))
}

// idle tells that nothing happens.
func (a *Act) idle() bool {
	return a.Delay == nil && a.DelayAfter == nil && !a.Replaces() && a.Cut == "" && !a.Malformed && a.Truncate == nil && a.Drip == 0 && a.Stale == ""
}

func (d *Delay) check(member string) error {
	if d == nil {
		return nil
	}
	ways := 0
	for _, way := range []bool{d.Fixed != 0, d.Mean == 0 && d.Max != 0, d.Mean != 0, len(d.Percentiles) > 0} {
		if way {
			ways++
		}
	}
	if ways != 1 || d.Min != 0 && (d.Max == 0 || d.Mean != 0) {
		return bad(member, "has fixed, or max with or without min, or mean with or without max, or percentiles")
	}
	if d.Min > d.Max {
		return bad(member+".min", "is at most max")
	}
	for _, t := range []clock.Duration{d.Fixed, d.Min, d.Max, d.Mean} {
		if t < 0 || time.Duration(t) > MaxDelay {
			return bad(member, "is not below nothing, and at most "+MaxDelay.String())
		}
	}
	if len(d.Percentiles) > 100 {
		return bad(member+".percentiles", "has at most 100 points")
	}
	before := point{}
	for i, p := range d.points() {
		if p.percent <= 0 || p.percent > 100 || p.percent != p.percent || p.time < 0 || p.time > MaxDelay || i > 0 && (p.time < before.time || p.percent == before.percent) {
			return bad(member+".percentiles", "has percents above 0 and up to 100, each once, with times that do not fall, of at most "+MaxDelay.String())
		}
		before = p
	}
	return nil
}
