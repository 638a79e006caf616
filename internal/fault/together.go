package fault

import (
	"fmt"
	"slices"
	"strings"
)

// What requests of which operations have: those that ask for resources of a type,
// those with an id in their path, those with a filter.
var (
	typed      = []Operation{Create, Read, List, Search, Replace, Patch, Delete}
	identified = []Operation{Read, Replace, Patch, Delete, Discovery}
	filtered   = []Operation{List, Search}
)

// checkReach refuses what no request can match.
func (m *Match) checkReach() error {
	left := m.Operations
	if left == nil {
		left = Operations
	}
	for _, asked := range []struct {
		member, text string
		of           []Operation
	}{
		{"match.types", strings.Join(m.Types, ""), typed}, {"match.id", m.ID, identified},
		{"match.filter", m.Filter, filtered}, {"match.filterContains", m.FilterContains, filtered},
	} {
		if asked.text == "" {
			continue
		}
		left = slices.DeleteFunc(slices.Clone(left), func(op Operation) bool { return !slices.Contains(asked.of, op) })
		if len(left) == 0 {
			return bad(asked.member, fmt.Sprintf("fits no request with the rest of match: it goes with %v alone", asked.of))
		}
	}
	if m.Filter != "" && !strings.Contains(m.Filter, m.FilterContains) {
		return bad("match.filterContains", "is no part of match.filter")
	}
	return nil
}

// checkTogether refuses parts of which one leaves nothing for another to do.
func (a *Act) checkTogether() error {
	breaks := a.Malformed || a.Truncate != nil || a.Drip != 0
	switch {
	case (a.Status == 204 || a.Status == 304) && (breaks || a.Cut == Body):
		return bad("act.status", "has a body where malformed, truncate, drip or a cut is to break it")
	case (a.Cut == Before || a.Cut == After) && breaks:
		return bad("act.cut", "leaves an answer where malformed, truncate or drip is to break it")
	case (a.Cut == Before || a.Cut == After) && a.Stale != "":
		return bad("act.cut", "leaves an answer where it is to be stale")
	case a.Cut == Before && a.DelayAfter != nil:
		return bad("act.delayAfter", "comes after the work, which a cut before it leaves out")
	case a.Malformed && a.Truncate != nil && *a.Truncate == 0:
		return bad("act.truncate", "leaves a byte that malformed spoils")
	}
	for name := range a.Headers {
		if a.RetryAfter != nil && strings.EqualFold(name, "Retry-After") {
			return bad("act.headers", "has no Retry-After beside retryAfter")
		}
	}
	return nil
}
