package fault

import (
	"maps"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/scimerr"
)

// ready are the sets of rules that have names.
var ready = map[string][]Rule{
	// A tenant that is asked too often: each fourth request comes again.
	"throttling": {{Every: new(4), Act: Act{Refuse: Throttled}}},
	// A network and a server that fail now and then, one request in twenty.
	"flaky": {
		{ID: "500", Probability: new(0.02), Act: Act{Status: 500}},
		{ID: "503", Probability: new(0.02), Act: Act{Status: 503}},
		{ID: "cut", Probability: new(0.005), Act: Act{Cut: Before}},
		{ID: "lost", Probability: new(0.005), Act: Act{Cut: After}},
	},
	// What puts Entra's provisioning job into quarantine: a query by filter that is
	// answered with 404 instead of an empty list, at once; failures of more than two
	// changes in five, in the long run.
	"entra-quarantine": {
		{ID: "lookup", Match: Match{Operations: filtered, FilterContains: " "}, Act: Act{Status: 404, Detail: "Resource not found."}},
		{ID: "change", Match: Match{Operations: []Operation{Create, Replace, Patch, Delete}}, Probability: new(0.6), Act: Act{Status: 500}},
	},
}

// ReadyNames are the names of the ready sets.
func ReadyNames() []string { return slices.Sorted(maps.Keys(ready)) }

// Ready is the set of a name, whose chances follow from a seed; their ids begin with
// the name. 400 when there is none.
func Ready(name string, seed uint64) ([]Rule, error) {
	set, ok := ready[name]
	if !ok {
		return nil, scimerr.InvalidValue("ready", "There is no ready set of that name; there are %s.", strings.Join(ReadyNames(), ", "))
	}
	out := slices.Clone(set)
	for i := range out {
		out[i].Seed = seed + uint64(i)
		if out[i].ID == "" {
			out[i].ID = name
		} else {
			out[i].ID = name + "-" + out[i].ID
		}
	}
	return out, nil
}
