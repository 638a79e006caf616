package control

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
)

// checkQuery refuses parameters that a route does not have, and those that stand
// twice: either is a mistake that would go unnoticed.
func checkQuery(v url.Values, known []param) error {
	for name, values := range v {
		if !slices.ContainsFunc(known, func(p param) bool { return p.name == name }) {
			return scimerr.InvalidValue("query", "There is no parameter %.50q here.", name)
		}
		if len(values) > 1 {
			return scimerr.InvalidValue(name, "The parameter %s occurs twice.", name)
		}
	}
	return nil
}

// queryBool and its like read a parameter; without it they give the zero value.
func queryBool(v url.Values, name string) (on bool, err error) {
	if text := v.Get(name); text != "" {
		if on, err = strconv.ParseBool(text); err != nil {
			return false, scimerr.InvalidValue(name, "The parameter %s is true or false.", name)
		}
	}
	return on, nil
}

func queryInt(v url.Values, name string) (n int, err error) {
	if text := v.Get(name); text != "" {
		if n, err = strconv.Atoi(text); err != nil {
			return 0, scimerr.InvalidValue(name, "The parameter %s is not a number.", name)
		}
	}
	return n, nil
}

func queryTime(v url.Values, name string) (t time.Time, err error) {
	if text := v.Get(name); text != "" {
		if t, err = time.Parse(time.RFC3339, text); err != nil {
			return t, scimerr.InvalidValue(name, "The parameter %s is not a time such as 2030-12-31T12:00:00Z.", name)
		}
	}
	return t, nil
}
