package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A segment walks from a JSON value to what the rest of a path finds there.
type segment func(v any, rest []segment) (found any, ok bool)

// lookUp follows a path through a JSON value: $ (the value), .name, ['name'],
// [0], [-1], [*] (a list of what the rest finds in each element), and
// [?(@.a=='x')] (the first element whose a equals a text or JSON literal).
func lookUp(root any, path string) (found any, ok bool, err error) {
	segments, err := parsePath(path)
	if err != nil {
		return nil, false, fmt.Errorf("path %s: %w", path, err)
	}
	found, ok = walk(root, segments)
	return found, ok, nil
}

func walk(v any, segments []segment) (any, bool) {
	if len(segments) == 0 {
		return v, true
	}
	return segments[0](v, segments[1:])
}

var (
	dotName   = regexp.MustCompile(`^\.([^.\[]+)`)
	quoted    = regexp.MustCompile(`^\['([^']*)'\]`)
	index     = regexp.MustCompile(`^\[(-?\d+)\]`)
	star      = regexp.MustCompile(`^\[\*\]`)
	condition = regexp.MustCompile(`^\[\?\(@\.([\w.$]+)==('[^']*'|[^')\]]+)\)\]`)
)

func parsePath(path string) ([]segment, error) {
	rest, ok := strings.CutPrefix(path, "$")
	if !ok {
		return nil, errors.New("does not begin with $")
	}
	var segments []segment
	for rest != "" {
		var m []string
		if m = dotName.FindStringSubmatch(rest); m != nil {
			segments = append(segments, member(m[1]))
		} else if m = quoted.FindStringSubmatch(rest); m != nil {
			segments = append(segments, member(m[1]))
		} else if m = index.FindStringSubmatch(rest); m != nil {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				return nil, err
			}
			segments = append(segments, element(n))
		} else if m = star.FindStringSubmatch(rest); m != nil {
			segments = append(segments, all)
		} else if m = condition.FindStringSubmatch(rest); m != nil {
			want, err := literal(m[2])
			if err != nil {
				return nil, err
			}
			segments = append(segments, firstWhere(strings.Split(m[1], "."), want))
		} else {
			return nil, fmt.Errorf("cannot read %q", rest)
		}
		rest = rest[len(m[0]):]
	}
	return segments, nil
}

func literal(text string) (any, error) {
	if inner, ok := strings.CutPrefix(text, "'"); ok {
		return strings.TrimSuffix(inner, "'"), nil
	}
	var v any
	err := strictly([]byte(text), &v)
	return v, err
}

func member(name string) segment {
	return func(v any, rest []segment) (any, bool) {
		object, _ := v.(map[string]any)
		x, ok := object[name]
		if !ok {
			return nil, false
		}
		return walk(x, rest)
	}
}

func element(n int) segment {
	return func(v any, rest []segment) (any, bool) {
		list, _ := v.([]any)
		i := n
		if i < 0 {
			i += len(list)
		}
		if i < 0 || i >= len(list) {
			return nil, false
		}
		return walk(list[i], rest)
	}
}

func all(v any, rest []segment) (any, bool) {
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	found := []any{}
	for _, x := range list {
		if y, ok := walk(x, rest); ok {
			found = append(found, y)
		}
	}
	return found, true
}

func firstWhere(names []string, want any) segment {
	var to []segment
	for _, name := range names {
		to = append(to, member(name))
	}
	return func(v any, rest []segment) (any, bool) {
		list, _ := v.([]any)
		for _, x := range list {
			if got, ok := walk(x, to); ok && same(got, want) {
				return walk(x, rest)
			}
		}
		return nil, false
	}
}

// same reports whether two JSON values are equal, numbers by value.
func same(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		if !ok {
			return false
		}
		x, errX := a.Float64()
		y, errY := b.Float64()
		return errX == nil && errY == nil && x == y
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !same(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && len(a) == len(b) && includes(a, b)
	}
	switch b.(type) {
	case json.Number, []any, map[string]any:
		return false
	}
	return a == b
}

// includes reports whether got equals want, or is an object that has at least
// the members of want.
func includes(got, want any) bool {
	object, isObject := got.(map[string]any)
	part, isPart := want.(map[string]any)
	if !isObject || !isPart {
		return same(got, want)
	}
	for name, x := range part {
		if y, ok := object[name]; !ok || !same(y, x) {
			return false
		}
	}
	return true
}
