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

// LoadProfile reads a profile with everything it extends. nameOrFile is the
// name of a profile built in (profiles/NAME.json of fsys), or else a path: it
// has a slash or ends in .json. In a file, extends is a name or a path relative
// to the file.
func LoadProfile(fsys fs.FS, nameOrFile string) (*Profile, error) {
	var chain []profileJSON
	var seen []string
	dir := ""
	for next := nameOrFile; next != ""; {
		file := IsProfilePath(next)
		if file {
			if !filepath.IsAbs(next) {
				next = filepath.Join(dir, next)
			}
			dir = filepath.Dir(next)
		}
		if slices.Contains(seen, next) {
			return nil, fmt.Errorf("profile %s extends itself", next)
		}
		seen = append(seen, next)
		link, err := readProfile(fsys, next, file)
		if err != nil {
			return nil, err
		}
		chain = append(chain, link)
		next = link.Extends
	}

	p := &Profile{Name: chain[0].Name, Description: chain[0].Description}
	if i := slices.IndexFunc(seen, func(link string) bool { return !IsProfilePath(link) }); i >= 0 {
		p.Base = seen[i]
	}
	missing := map[string]bool{}
	for _, s := range switches {
		missing[s.Name] = true
	}
	for i := len(chain) - 1; i >= 0; i-- {
		for _, name := range slices.Sorted(maps.Keys(chain[i].Switches)) {
			if err := p.setJSON(name, chain[i].Switches[name]); err != nil {
				return nil, fmt.Errorf("profile %s: %w", seen[i], err)
			}
			delete(missing, name)
		}
	}
	for _, s := range switches {
		if missing[s.Name] {
			return nil, fmt.Errorf("profile %s: switch %s has no value; set it, or extend a profile that does", nameOrFile, s.Name)
		}
	}
	return p, nil
}

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
	return decodeProfile(where, data)
}

// decodeProfile reads one link of a profile; where is what errors call it. The
// parser of bodies reads it first: it refuses names that stand twice, and what
// follows the object, which the decoder passes over.
func decodeProfile(where string, data []byte) (profileJSON, error) {
	var in profileJSON
	if _, err := resource.ParseObject(data, resource.Limits{}); err != nil {
		e := scimerr.From(err)
		return profileJSON{}, fmt.Errorf("profile %s:%s: %s", where, lineAndColumn(data, e.At), e.Detail)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return profileJSON{}, fmt.Errorf("profile %s: %w", where, err)
	}
	if in.Name == "" {
		return profileJSON{}, fmt.Errorf("profile %s has no name", where)
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
