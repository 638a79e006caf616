package scenario

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"strings"

	"github.com/google/uuid"
)

// variables are what ${name} stands for at one point of a play.
type variables struct {
	values map[string]any
	// withheld are the names that a skipped step would have saved.
	withheld map[string]bool
}

// Errors that decide whether a step fails or is left out.
type (
	unknownVariable  string
	withheldVariable string
)

func (name unknownVariable) Error() string {
	return fmt.Sprintf("no earlier step delivered the variable %q", string(name))
}

func (name withheldVariable) Error() string {
	return fmt.Sprintf("the variable %q would come from a step that is pending", string(name))
}

// newVariables makes the variables of one play. The scenario's own variables
// may use one another.
func newVariables(target Target, own map[string]any) (*variables, error) {
	var run [4]byte
	if _, err := rand.Read(run[:]); err != nil {
		return nil, err
	}
	v := &variables{
		values: map[string]any{
			"run":   hex.EncodeToString(run[:]),
			"base":  strings.TrimSuffix(target.Base, "/"),
			"token": target.Token,
		},
		withheld: map[string]bool{},
	}
	waiting := maps.Clone(own)
	for len(waiting) > 0 {
		var missing error
		before := len(waiting)
		for name, raw := range waiting {
			x, err := v.expand(raw)
			if err != nil {
				missing = fmt.Errorf("variable %q: %w", name, err)
				continue
			}
			v.values[name] = x
			delete(waiting, name)
		}
		if len(waiting) == before {
			return nil, missing
		}
	}
	return v, nil
}

// with copies v and sets one more variable.
func (v *variables) with(name string, x any) *variables {
	c := &variables{values: maps.Clone(v.values), withheld: v.withheld}
	c.values[name] = x
	return c
}

func (v *variables) set(name string, x any) {
	v.values[name] = x
	delete(v.withheld, name)
}

// appendTo adds x to a list variable.
func (v *variables) appendTo(name string, x any) {
	list, _ := v.values[name].([]any)
	v.set(name, append(list[:len(list):len(list)], x))
}

// withhold marks all names that a skipped step would have delivered.
func (v *variables) withhold(s *Step) {
	for name := range s.Save {
		delete(v.values, name)
		v.withheld[name] = true
	}
	for name := range s.Append {
		v.withheld[name] = true
	}
}

func (v *variables) get(name string) (any, error) {
	if name == "uuid" {
		return uuid.NewString(), nil
	}
	if v.withheld[name] {
		return nil, withheldVariable(name)
	}
	x, ok := v.values[name]
	if !ok {
		return nil, unknownVariable(name)
	}
	return x, nil
}

var reference = regexp.MustCompile(`\$\{([A-Za-z_]\w*)(?:\|(\w+))?\}`)

// text expands the references in s.
func (v *variables) text(s string) (string, error) {
	var errs []error
	out := reference.ReplaceAllStringFunc(s, func(ref string) string {
		m := reference.FindStringSubmatch(ref)
		x, err := v.get(m[1])
		if err == nil {
			var t string
			if t, err = filtered(plain(x), m[2]); err == nil {
				return t
			}
		}
		errs = append(errs, err)
		return ref
	})
	return out, errors.Join(errs...)
}

// expand expands all texts of a JSON value, object keys too. A text that is
// nothing but one reference takes the variable's JSON type, and an object
// {"$each": list, "value": x} becomes an array with one x per entry.
func (v *variables) expand(x any) (any, error) {
	switch x := x.(type) {
	case string:
		if m := reference.FindStringSubmatch(x); m != nil && m[0] == x && m[2] == "" {
			return v.get(m[1])
		}
		return v.text(x)
	case []any:
		out := make([]any, len(x))
		for i := range x {
			var err error
			if out[i], err = v.expand(x[i]); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		if each, ok := x["$each"].(string); ok {
			return v.each(each, x["value"])
		}
		out := make(map[string]any, len(x))
		for key, y := range x {
			k, err := v.text(key)
			if err != nil {
				return nil, err
			}
			if out[k], err = v.expand(y); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return x, nil
}

func (v *variables) each(name string, template any) (any, error) {
	list, err := v.list(name)
	if err != nil {
		return nil, err
	}
	out := make([]any, len(list))
	for i, item := range list {
		if out[i], err = v.with("item", item).expand(template); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (v *variables) list(name string) ([]any, error) {
	x, err := v.get(name)
	if err != nil {
		return nil, err
	}
	list, ok := x.([]any)
	if !ok {
		return nil, fmt.Errorf("the variable %q is not a list", name)
	}
	return list, nil
}

// plain is a value as it stands inside other text.
func plain(x any) string {
	if s, ok := x.(string); ok {
		return s
	}
	text, err := json.Marshal(x)
	if err != nil {
		return fmt.Sprint(x)
	}
	return string(text)
}

func filtered(s, filter string) (string, error) {
	switch filter {
	case "":
		return s, nil
	case "upper":
		return strings.ToUpper(s), nil
	case "lower":
		return strings.ToLower(s), nil
	case "path":
		return url.PathEscape(s), nil
	case "query":
		return strings.ReplaceAll(url.QueryEscape(s), "+", "%20"), nil
	case "form":
		return url.QueryEscape(s), nil
	case "pad3":
		return fmt.Sprintf("%03s", s), nil
	}
	return "", fmt.Errorf("unknown filter %q", filter)
}
