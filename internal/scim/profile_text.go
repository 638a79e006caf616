package scim

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

// defaultBase is what a profile is completed from that names no built-in one.
const defaultBase = "cyberark"

// Text is the profile in full, as ParseProfile reads it: every switch has the
// value that it has now. It is also how a tenant's profile is stored, so that
// neither a changed file nor other values in a later release change a tenant. A
// switch that only a later release has takes its value from that release's
// edition of the built-in profile that this one is or extends.
func (p *Profile) Text() string {
	out := profileJSON{Name: p.Name, Description: p.Description, Extends: p.Base, Switches: map[string]json.RawMessage{}}
	for _, s := range switches {
		value, err := json.Marshal(p.field(s.Name).Interface())
		if err != nil {
			panic(err) // truths, numbers and texts always marshal
		}
		out.Switches[s.Name] = value
	}
	text, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// ParseProfile reads the text of a profile. It may extend a built-in one alone.
func ParseProfile(fsys fs.FS, text string) (*Profile, error) {
	in, err := decodeProfile("given", []byte(text))
	if err != nil {
		return nil, err
	}
	return completeProfile(fsys, in)
}

// StoredProfile reads a profile that was stored, perhaps by another release: a
// switch that this one does not have is left out.
func StoredProfile(fsys fs.FS, text string) (*Profile, error) {
	in, err := decodeProfile("stored", []byte(text))
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(in.Switches, func(name string, _ json.RawMessage) bool {
		return !slices.ContainsFunc(switches, func(s Switch) bool { return s.Name == name })
	})
	return completeProfile(fsys, in)
}

func completeProfile(fsys fs.FS, in profileJSON) (*Profile, error) {
	base := in.Extends
	if base == "" {
		base = defaultBase
	}
	if IsProfilePath(base) {
		return nil, fmt.Errorf("profile %s extends the file %s, which is not read here", in.Name, base)
	}
	p, err := LoadProfile(fsys, base)
	if err != nil {
		return nil, err
	}
	p.Name, p.Description = in.Name, in.Description
	for _, name := range slices.Sorted(maps.Keys(in.Switches)) {
		if err := p.setJSON(name, in.Switches[name]); err != nil {
			return nil, fmt.Errorf("profile %s: %w", in.Name, err)
		}
	}
	return p, nil
}
