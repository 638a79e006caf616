package app

import (
	"path/filepath"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/schemas"
)

// Profile is a profile for people to look at.
type Profile struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Switches    []ProfileSwitch `json:"switches,omitempty"`
}

// ProfileSwitch is a switch with its value in a profile, both as --set takes
// them.
type ProfileSwitch struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Type is boolean, integer or string.
	Type string `json:"type"`
	// Values are the only texts allowed; absent when any number or text is.
	Values  []string `json:"values,omitempty"`
	Meaning string   `json:"meaning"`
	// KnownBy tells how the tenant's behaviour is known.
	KnownBy string `json:"knownBy"`
}

// ProfileDiff holds the switches in which two profiles differ.
type ProfileDiff struct {
	A        string             `json:"a"`
	B        string             `json:"b"`
	Switches []SwitchDifference `json:"switches"`
}

// SwitchDifference is a switch with its value in either profile.
type SwitchDifference struct {
	Name    string `json:"name"`
	A       string `json:"a"`
	B       string `json:"b"`
	Meaning string `json:"meaning"`
}

// Profiles lists the built-in profiles by name, without their switches.
func Profiles() ([]Profile, error) {
	names, err := scim.ProfileNames(schemas.FS)
	if err != nil {
		return nil, err
	}
	list := make([]Profile, len(names))
	for i, name := range names {
		p, err := scim.LoadProfile(schemas.FS, name)
		if err != nil {
			return nil, err
		}
		list[i] = Profile{Name: p.Name, Description: p.Description}
	}
	return list, nil
}

// ShowProfile gives a profile with every switch. nameOrFile is what --profile
// takes. The error is one line that names the switch at fault.
func ShowProfile(nameOrFile string) (Profile, error) {
	p, err := scim.LoadProfile(schemas.FS, nameOrFile)
	if err != nil {
		return Profile{}, err
	}
	out := Profile{Name: p.Name, Description: p.Description}
	for _, s := range p.Switches() {
		out.Switches = append(out.Switches, ProfileSwitch{
			Name: s.Name, Value: s.Value, Type: s.Type, Values: s.Allowed(), Meaning: s.Meaning, KnownBy: string(s.Confidence),
		})
	}
	return out, nil
}

// ValidateProfile reads the profile in a file as the start of a server would.
// Unlike elsewhere, a plain name is a file too, never a built-in profile.
func ValidateProfile(file string) (Profile, error) {
	if filepath.Base(file) == file {
		file = "./" + file
	}
	return ShowProfile(file)
}

// ProfileText gives the profile in a file in full, with all that it extends, for
// a server that cannot see the file. A plain name is that of a built-in profile,
// of which the server has its own: the text is then "".
func ProfileText(nameOrFile string) (string, error) {
	if !scim.IsProfilePath(nameOrFile) {
		return "", nil
	}
	p, err := scim.LoadProfile(schemas.FS, nameOrFile)
	if err != nil {
		return "", err
	}
	return p.Text(), nil
}

// DiffProfiles compares two profiles, each a name or a file.
func DiffProfiles(a, b string) (ProfileDiff, error) {
	left, err := ShowProfile(a)
	if err != nil {
		return ProfileDiff{}, err
	}
	right, err := ShowProfile(b)
	if err != nil {
		return ProfileDiff{}, err
	}
	diff := ProfileDiff{A: a, B: b, Switches: []SwitchDifference{}}
	for i, s := range left.Switches {
		if other := right.Switches[i].Value; s.Value != other {
			diff.Switches = append(diff.Switches, SwitchDifference{Name: s.Name, A: s.Value, B: other, Meaning: s.Meaning})
		}
	}
	return diff, nil
}
