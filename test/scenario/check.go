package scenario

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Check is a JSON path and what must hold there, by the check's name:
//
//	equals notEquals equalsCI oneOf     the value compares so
//	exists emptyOrAbsent type           presence and JSON type
//	contains notContains containsAll    an element of a list, a part of a text
//	matches                             regular expression
//	length minLength maxLength gte lte  size of a list or text; a number
//	sorted unique                       a list's order and entries
type Check struct {
	Path string
	Want map[string]any
}

// UnmarshalJSON reads {"path": …, check: wanted, …} and refuses unknown checks.
func (c *Check) UnmarshalJSON(data []byte) error {
	if err := strictly(data, &c.Want); err != nil {
		return err
	}
	c.Path, _ = c.Want["path"].(string)
	delete(c.Want, "path")
	if len(c.Want) == 0 {
		return errors.New("a check without anything to check")
	}
	for name := range c.Want {
		if checks[name] == nil {
			return fmt.Errorf("unknown check %q", name)
		}
	}
	return nil
}

// problems judges the value at c.Path of root; none means that it holds.
func (c *Check) problems(v *variables, root any) []error {
	path, err := v.text(c.Path)
	if err != nil {
		return []error{err}
	}
	got, there, err := lookUp(root, path)
	if err != nil {
		return []error{err}
	}
	return c.judge(v, path, got, there)
}

// judge compares one value, called what in messages.
func (c *Check) judge(v *variables, what string, got any, there bool) []error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(c.Want)) {
		want, err := v.expand(c.Want[name])
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if !checks[name](got, there, want) {
			shown := "nothing"
			if there {
				shown = plain(got)
			}
			problems = append(problems, fmt.Errorf("%s: expected %s %s, got %s", what, name, plain(want), shown))
		}
	}
	return problems
}

// checks are the rules by name. Most need a value: nothing equals nothing.
var checks = map[string]func(got any, there bool, want any) bool{
	"equals":    func(got any, there bool, want any) bool { return there && same(got, want) },
	"notEquals": func(got any, there bool, want any) bool { return !there || !same(got, want) },
	"equalsCI": func(got any, there bool, want any) bool {
		a, okA := got.(string)
		b, okB := want.(string)
		return there && okA && okB && strings.EqualFold(a, b)
	},
	"oneOf": func(got any, there bool, want any) bool { return there && has(want, got) },
	"exists": func(_ any, there bool, want any) bool {
		return there == (want == true)
	},
	"emptyOrAbsent": func(got any, there bool, want any) bool {
		return (!there || unassigned(got)) == (want == true)
	},
	"type": func(got any, there bool, want any) bool {
		name := typeName(got, there)
		return name == want || name == "integer" && want == "number"
	},
	"contains":    func(got any, there bool, want any) bool { return there && has(got, want) },
	"notContains": func(got any, there bool, want any) bool { return !there || !has(got, want) },
	"containsAll": func(got any, there bool, want any) bool {
		list, ok := want.([]any)
		return there && ok && !slices.ContainsFunc(list, func(x any) bool { return !has(got, x) })
	},
	"matches": func(got any, there bool, want any) bool {
		text, isText := got.(string)
		pattern, _ := want.(string)
		re, err := regexp.Compile(pattern)
		return there && isText && err == nil && re.MatchString(text)
	},
	"length":    bySize(func(size, want float64) bool { return size == want }),
	"minLength": bySize(func(size, want float64) bool { return size >= want }),
	"maxLength": bySize(func(size, want float64) bool { return size <= want }),
	"gte": func(got any, there bool, want any) bool {
		a, okA := number(got)
		b, okB := number(want)
		return there && okA && okB && a >= b
	},
	"lte": func(got any, there bool, want any) bool {
		a, okA := number(got)
		b, okB := number(want)
		return there && okA && okB && a <= b
	},
	"sorted": func(got any, there bool, want any) bool {
		list, ok := got.([]any)
		if !there || !ok || want != "ascending" && want != "descending" {
			return false
		}
		return slices.IsSortedFunc(list, func(a, b any) int {
			if want == "descending" {
				a, b = b, a
			}
			return compare(a, b)
		})
	},
	"unique": func(got any, there bool, want any) bool {
		list, ok := got.([]any)
		if !there || !ok {
			return false
		}
		seen := map[string]bool{}
		for _, x := range list {
			seen[plain(x)] = true
		}
		return (len(seen) == len(list)) == (want == true)
	},
}

// has reports whether a list has an element like want, or a text that part.
func has(got, want any) bool {
	switch got := got.(type) {
	case []any:
		return slices.ContainsFunc(got, func(x any) bool { return includes(x, want) })
	case string:
		part, ok := want.(string)
		return ok && strings.Contains(got, part)
	}
	return false
}

// unassigned is SCIM's "no value": null, "", [] or {}.
func unassigned(v any) bool {
	n, ok := size(v)
	return v == nil || ok && n == 0
}

func size(v any) (int, bool) {
	switch v := v.(type) {
	case string:
		return utf8.RuneCountInString(v), true
	case []any:
		return len(v), true
	case map[string]any:
		return len(v), true
	}
	return 0, false
}

func bySize(holds func(size, want float64) bool) func(any, bool, any) bool {
	return func(got any, there bool, want any) bool {
		n, ok := size(got)
		w, isNumber := number(want)
		return there && ok && isNumber && holds(float64(n), w)
	}
}

func number(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

func typeName(v any, there bool) string {
	switch v := v.(type) {
	case nil:
		if !there {
			return "missing"
		}
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		if whole(v) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

// whole reports whether v is a JSON number written without fraction or exponent.
func whole(v any) bool {
	n, ok := v.(json.Number)
	return ok && !strings.ContainsAny(n.String(), ".eE")
}

// compare orders numbers by value and everything else as text, letter case aside.
func compare(a, b any) int {
	x, okX := number(a)
	y, okY := number(b)
	if okX && okY {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(strings.ToLower(plain(a)), strings.ToLower(plain(b)))
}
