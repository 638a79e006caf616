package resource

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// nameSet finds a name that an object has already, in any letter case. A walk
// is fastest for the few members of usual objects; a map keeps objects of
// hostile size linear.
type nameSet map[string]struct{}

const fewNames = 16

// add reports whether name is new among the members before it.
func (n *nameSet) add(before []Member, name string) bool {
	if len(before) < fewNames {
		return !slices.ContainsFunc(before, func(m Member) bool { return strings.EqualFold(m.Name, name) })
	}
	if *n == nil {
		*n = nameSet{}
		for _, m := range before {
			(*n)[foldName(m.Name)] = struct{}{}
		}
	}
	size := len(*n)
	(*n)[foldName(name)] = struct{}{}
	return len(*n) > size
}

// foldName gives equal text exactly for names that strings.EqualFold, and thus
// Members.GetFold, takes for equal.
func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, name)
}

// shorten keeps a name of hostile length out of error details.
func shorten(name string) string {
	const most = 80
	if len(name) <= most {
		return name
	}
	n := most
	for !utf8.RuneStart(name[n]) {
		n--
	}
	return name[:n] + "…"
}
