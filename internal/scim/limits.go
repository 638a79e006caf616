package scim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Limits bound what a tenant may cost. 0 is no bound of the tenant's own.
type Limits struct {
	// MaxBody bounds the body of a request, in bytes.
	MaxBody int
	// MaxOperations bounds one PATCH; more than 10,000 it never has.
	MaxOperations int
	// MaxFilterLength, in bytes, and MaxFilterDepth bound filters and paths; 0
	// means the defaults of package filter.
	MaxFilterLength, MaxFilterDepth int
	// MaxResources bounds the resources that the tenant may hold, of all types
	// together and without service users.
	MaxResources int
	// MaxConcurrent bounds the requests under way at once.
	MaxConcurrent int
	// MaxSessions bounds the sessions of one principal: beyond it the oldest end.
	MaxSessions int
	// Rate bounds the requests of a second, TokenRate those with one token: see
	// Tenant.Admit.
	Rate, TokenRate int
}

// limit is a field of Limits with its name.
type limit struct {
	name  string
	field func(*Limits) *int
}

var limits = []limit{
	{"maxBody", func(l *Limits) *int { return &l.MaxBody }},
	{"maxOperations", func(l *Limits) *int { return &l.MaxOperations }},
	{"maxFilterLength", func(l *Limits) *int { return &l.MaxFilterLength }},
	{"maxFilterDepth", func(l *Limits) *int { return &l.MaxFilterDepth }},
	{"maxResources", func(l *Limits) *int { return &l.MaxResources }},
	{"maxConcurrent", func(l *Limits) *int { return &l.MaxConcurrent }},
	{"maxSessions", func(l *Limits) *int { return &l.MaxSessions }},
	{"rate", func(l *Limits) *int { return &l.Rate }},
	{"tokenRate", func(l *Limits) *int { return &l.TokenRate }},
}

// noLimit takes a bound away.
const noLimit = "none"

// Set gives the bound of that name a value written as text: a whole number from
// 1, or none.
func (l *Limits) Set(name, value string) error {
	i := slices.IndexFunc(limits, func(x limit) bool { return x.name == name })
	if i < 0 {
		names := make([]string, len(limits))
		for i, x := range limits {
			names[i] = x.name
		}
		return fmt.Errorf("there is no limit %q; there are %s", name, strings.Join(names, ", "))
	}
	n := 0
	if value != noLimit {
		var err error
		if n, err = strconv.Atoi(value); err != nil || n < 1 {
			return fmt.Errorf("limit %s takes a whole number from 1, or none, not %q", name, value)
		}
	}
	*limits[i].field(l) = n
	return nil
}

// Map gives the bounds that there are by name.
func (l Limits) Map() map[string]int {
	m := map[string]int{}
	for _, x := range limits {
		if n := *x.field(&l); n != 0 {
			m[x.name] = n
		}
	}
	return m
}

// Within gives the smaller of each bound of l and of ceiling.
func (l Limits) Within(ceiling Limits) Limits {
	for _, x := range limits {
		mine, most := x.field(&l), *x.field(&ceiling)
		if *mine == 0 || most != 0 && most < *mine {
			*mine = most
		}
	}
	return l
}

// Text is what StoredLimits reads: how bounds are stored.
func (l Limits) Text() string {
	text, err := json.Marshal(l.Map())
	if err != nil {
		panic(err) // names and numbers always marshal
	}
	return string(text)
}

// StoredLimits reads stored bounds; "" has none. Those that this release does not
// know bound nothing, nor do those that cannot be read, which faults name.
func StoredLimits(text string) (l Limits, faults []error) {
	if text == "" {
		return l, nil
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return l, []error{errors.New("the stored limits are no JSON object of numbers")}
	}
	for _, x := range limits {
		var n int
		if raw, ok := m[x.name]; ok && json.Unmarshal(raw, &n) != nil {
			faults = append(faults, fmt.Errorf("the stored limit %s is no whole number", x.name))
			n = 0
		}
		*x.field(&l) = max(n, 0)
	}
	return l, faults
}
