// Package scenario plays what provisioning clients send to a SCIM server and
// judges the answers.
//
// A scenario is a list of steps. A step is one request with expectations; it
// may save parts of the answer in variables that later steps use as ${name} in
// any text. The built-in variables are ${run} (8 hex digits, one per play, so
// that a used database does no harm), ${uuid} (new each time), ${base},
// ${token}, and inside a repeated step ${i} and ${item}. A filter may follow
// the name: ${un|upper}, lower, path, query, form, pad3.
package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Scenario is one file. Cleanup steps always run and are not judged.
type Scenario struct {
	Name        string         `json:"name"`
	Client      string         `json:"client"`
	Family      string         `json:"family"`
	Description string         `json:"description"`
	Quirks      []string       `json:"quirks"`
	Sources     []string       `json:"sources"`
	Vars        map[string]any `json:"vars"`
	Steps       []Step         `json:"steps"`
	Cleanup     []Step         `json:"cleanup"`
}

// Step is one request, or one repeated.
type Step struct {
	Name   string `json:"name"`
	Method string `json:"method"`
	// Path follows the base; a full http URL stands for itself.
	Path string `json:"path"`
	// Headers are added to the defaults; null drops one.
	Headers map[string]*string `json:"headers"`
	// Body is any JSON, RawBody text that is sent as it is.
	Body    json.RawMessage `json:"body"`
	RawBody *string         `json:"rawBody"`
	// When skips the step unless a variable has a value.
	When   *When   `json:"when"`
	Repeat *Repeat `json:"repeat"`
	Expect Expect  `json:"expect"`
	// Save and Append map a variable to a JSON path or "header:Name".
	Save   map[string]string `json:"save"`
	Append map[string]string `json:"append"`
}

// When names a variable and the value that lets the step run.
type When struct {
	Var    string `json:"var"`
	Equals any    `json:"equals"`
}

// Repeat sends a step Count times, or once per entry of the list variable Each.
type Repeat struct {
	Count    int    `json:"count"`
	Each     string `json:"each"`
	Parallel bool   `json:"parallel"`
}

// Load reads a scenario file from fsys: an object, or a bare array of steps.
// Unknown keys and unknown checks are errors.
func Load(fsys fs.FS, name string) (*Scenario, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	s := &Scenario{Name: strings.TrimSuffix(path.Base(name), ".json")}
	var target any = s
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		target = &s.Steps
	}
	if err := strictly(data, target); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(s.Steps) == 0 {
		return nil, fmt.Errorf("%s: no steps", name)
	}
	return s, nil
}

// LoadAll reads every scenario of fsys that is not named in except.
func LoadAll(fsys fs.FS, except ...string) ([]*Scenario, error) {
	names, err := fs.Glob(fsys, "*.json")
	if err != nil {
		return nil, err
	}
	var all []*Scenario
	for _, name := range names {
		if slices.Contains(except, name) {
			continue
		}
		s, err := Load(fsys, name)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// strictly decodes one JSON value into target; numbers keep their literal.
func strictly(data []byte, target any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	dec.UseNumber()
	if err := dec.Decode(target); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the JSON value")
	}
	return nil
}
