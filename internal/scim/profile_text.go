package scim

import (
	"cmp"
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
	in, err := decodeProfile("given", []byte(text), refuse)
	if err != nil {
		return nil, err
	}
	base := cmp.Or(in.Extends, defaultBase)
	if IsProfilePath(base) {
		return nil, fmt.Errorf("profile %s extends the file %s, which is not read here", in.Name, base)
	}
	return completeProfile(fsys, in, base, refuse)
}

// StoredProfile reads a profile that was stored, perhaps by another release. A
// switch that this one does not have is left out, and one whose value it does not
// take has that of the profile that is extended, or of the default one when that
// is gone: faults names these. The error is that of a text that is no profile.
func StoredProfile(fsys fs.FS, text string) (p *Profile, faults []error, err error) {
	note := func(err error) error {
		faults = append(faults, err)
		return nil
	}
	in, err := decodeProfile("stored", []byte(text), note)
	if err != nil {
		return nil, nil, err
	}
	maps.DeleteFunc(in.Switches, func(name string, _ json.RawMessage) bool {
		return !slices.ContainsFunc(switches, func(s Switch) bool { return s.Name == name })
	})
	base := cmp.Or(in.Extends, defaultBase)
	builtIn, err := ProfileNames(fsys)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Contains(builtIn, base) {
		_ = note(fmt.Errorf("profile %s: there is no profile %q that it could extend; it extends %s", in.Name, base, defaultBase))
		base = defaultBase
	}
	p, err = completeProfile(fsys, in, base, note)
	return p, faults, err
}

func completeProfile(fsys fs.FS, in profileJSON, base string, fault func(error) error) (*Profile, error) {
	chain, err := follow(fsys, base)
	if err != nil {
		return nil, err
	}
	return build(append([]link{{profileJSON: in, where: in.Name}}, chain...), fault)
}
