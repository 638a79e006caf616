package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/scimerr"
)

// profileJSON is the file of a profile. One that extends another sets the
// switches in which it differs; one that does not sets all of them.
type profileJSON struct {
	Name        string                     `json:"name"`
	Description string                     `json:"description"`
	Extends     string                     `json:"extends"`
	Switches    map[string]json.RawMessage `json:"switches"`
}

// link is one profile of a chain in which each extends the next. where is what
// errors call it.
type link struct {
	profileJSON
	where   string
	builtIn bool
}

// LoadProfile reads a profile with everything it extends. nameOrFile is the
// name of a profile built in (profiles/NAME.json of fsys), or else a path: it
// has a slash or ends in .json. In a file, extends is a name or a path relative
// to the file.
func LoadProfile(fsys fs.FS, nameOrFile string) (*Profile, error) {
	chain, err := follow(fsys, nameOrFile)
	if err != nil {
		return nil, err
	}
	return build(chain, refuse)
}

// follow reads a profile and what it extends.
func follow(fsys fs.FS, nameOrFile string) ([]link, error) {
	var chain []link
	dir := ""
	for next := nameOrFile; next != ""; next = chain[len(chain)-1].Extends {
		file := IsProfilePath(next)
		if file {
			if !filepath.IsAbs(next) {
				next = filepath.Join(dir, next)
			}
			dir = filepath.Dir(next)
		}
		if slices.ContainsFunc(chain, func(l link) bool { return l.where == next }) {
			return nil, fmt.Errorf("profile %s extends itself", next)
		}
		in, err := readProfile(fsys, next, file)
		if err != nil {
			return nil, err
		}
		chain = append(chain, link{in, next, !file})
	}
	return chain, nil
}

// build makes the profile that the first link of a chain is. A value that the
// first link cannot have goes to fault, which refuses the profile, or takes note
// and has the value of the links behind.
func build(chain []link, fault func(error) error) (*Profile, error) {
	p := &Profile{Name: chain[0].Name, Description: chain[0].Description}
	if i := slices.IndexFunc(chain, func(l link) bool { return l.builtIn }); i >= 0 {
		p.Base = chain[i].where
	}
	missing := map[string]bool{}
	for _, s := range switches {
		missing[s.Name] = true
	}
	for i, l := range slices.Backward(chain) {
		for _, name := range slices.Sorted(maps.Keys(l.Switches)) {
			err := p.setJSON(name, l.Switches[name])
			if err == nil {
				delete(missing, name)
				continue
			}
			if err = fmt.Errorf("profile %s: %w", l.where, err); i == 0 {
				err = fault(err)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	for _, s := range switches {
		if missing[s.Name] {
			return nil, fmt.Errorf("profile %s: switch %s has no value; set it, or extend a profile that does", chain[0].where, s.Name)
		}
	}
	return p, nil
}

// refuse is the fault of what a person gives.
func refuse(err error) error { return err }

// ProfileNames lists the profiles built into fsys, sorted.
func ProfileNames(fsys fs.FS) ([]string, error) {
	files, err := fs.Glob(fsys, "profiles/*.json")
	for i, name := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(name, "profiles/"), ".json")
	}
	return files, err
}

// IsProfilePath tells whether what names a profile is the path of a file.
func IsProfilePath(s string) bool {
	return strings.ContainsAny(s, `/\`) || strings.HasSuffix(s, ".json")
}

func readProfile(fsys fs.FS, where string, file bool) (profileJSON, error) {
	var data []byte
	var err error
	if file {
		data, err = os.ReadFile(where)
	} else if data, err = fs.ReadFile(fsys, "profiles/"+where+".json"); errors.Is(err, fs.ErrNotExist) {
		names, _ := ProfileNames(fsys)
		return profileJSON{}, fmt.Errorf("there is no profile %q; built in are %s", where, strings.Join(names, ", "))
	}
	if err != nil {
		return profileJSON{}, fmt.Errorf("profile %s: %w", where, err)
	}
	return decodeProfile(where, data, refuse)
}

// decodeProfile reads one link of a profile; where is what errors call it, and
// members that there are not go to fault. The parser of bodies reads it first: it
// refuses names that stand twice, and what follows the object, which the decoder
// passes over.
func decodeProfile(where string, data []byte, fault func(error) error) (in profileJSON, err error) {
	if _, err := resource.ParseObject(data, resource.Limits{}); err != nil {
		e := scimerr.From(err)
		return in, fmt.Errorf("profile %s:%s: %s", where, lineAndColumn(data, e.At), e.Detail)
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return in, fmt.Errorf("profile %s: %w", where, err)
	}
	strict := json.NewDecoder(bytes.NewReader(data))
	strict.DisallowUnknownFields()
	if err := strict.Decode(new(profileJSON)); err != nil {
		if err := fault(fmt.Errorf("profile %s: %w", where, err)); err != nil {
			return in, err
		}
	}
	switch {
	case in.Name == "":
		return in, fmt.Errorf("profile %s has no name", where)
	case !PrintableName(in.Name):
		return in, fault(fmt.Errorf("profile %s: its name must be at most %d bytes of printable text", where, MaxName))
	}
	return in, nil
}

// lineAndColumn gives the position "byte N" of a text as "LINE:COLUMN", both
// from 1 and the column in bytes.
func lineAndColumn(text []byte, at string) string {
	n := 0
	_, _ = fmt.Sscanf(at, "byte %d", &n) // without a position it is the beginning
	before := text[:min(n, len(text))]
	return fmt.Sprintf("%d:%d", bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n'))
}

// setJSON sets a switch from JSON. A quoted value stays quoted for switches
// that are no text, and so is refused; so is an unquoted one for text.
func (p *Profile) setJSON(name string, value json.RawMessage) error {
	text := string(value)
	if p.field(name).Kind() == reflect.String {
		if text[0] != '"' {
			return fmt.Errorf("switch %s takes text, not %s", name, text)
		}
		if err := json.Unmarshal(value, &text); err != nil {
			return fmt.Errorf("switch %s: %w", name, err)
		}
	}
	return p.Set(name, text)
}
