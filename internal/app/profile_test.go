package app_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/app"
)

func profileFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "team.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTheBuiltInProfilesAreListedWithTheirDescriptions(t *testing.T) {
	t.Parallel()
	list, err := app.Profiles()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range list {
		names = append(names, p.Name)
		if p.Description == "" {
			t.Errorf("%s has no description", p.Name)
		}
	}
	if !slices.Equal(names, []string{"cyberark", "rfc7644", "strict"}) {
		t.Errorf("profiles %q", names)
	}
}

// What is shown can be given to --set, and then gives the same profile.
func TestWhatAProfileShowsCanBeSet(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"cyberark", "rfc7644", "strict"} {
		p, err := app.ShowProfile(name)
		if err != nil || p.Name != name || len(p.Switches) == 0 {
			t.Fatalf("%s: %+v, %v", name, p, err)
		}
		c := config(t)
		c.Ephemeral, c.Profile = true, "cyberark"
		for _, s := range p.Switches {
			if s.Meaning == "" || s.KnownBy == "" {
				t.Errorf("%s tells nothing about %s", name, s.Name)
			}
			c.Switches = append(c.Switches, s.Name+"="+s.Value)
		}
		start(t, c)
	}
}

func TestADiffHoldsTheSwitchesThatDiffer(t *testing.T) {
	t.Parallel()
	file := profileFile(t, `{"name":"team","extends":"cyberark","switches":{"maxResults":50,"strictNames":true,"linkPrefix":"Scim"}}`)
	d, err := app.DiffProfiles("cyberark", file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range d.Switches {
		if d.Switches[i].Meaning == "" {
			t.Errorf("%s has no meaning", d.Switches[i].Name)
		}
		d.Switches[i].Meaning = ""
	}
	want := []app.SwitchDifference{{Name: "maxResults", A: "1000", B: "50"}, {Name: "strictNames", A: "false", B: "true"}}
	if d.A != "cyberark" || d.B != file || !slices.Equal(d.Switches, want) {
		t.Errorf("%+v", d)
	}
	for _, pair := range [][2]string{{"none", "cyberark"}, {"cyberark", "none"}} {
		if _, err := app.DiffProfiles(pair[0], pair[1]); err == nil || !strings.Contains(err.Error(), `there is no profile "none"`) {
			t.Errorf("%v: %v", pair, err)
		}
	}
}

func TestAProfileFileIsValidWhenAServerWouldTakeIt(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, err string }{
		"an extension":     {`{"name":"team","extends":"rfc7644","switches":{"passwords":"hash"}}`, ""},
		"an unknown name":  {`{"name":"team","extends":"cyberark","switches":{"emailDefault":true}}`, `no switch "emailDefault"`},
		"a wrong value":    {`{"name":"team","extends":"cyberark","switches":{"discovery":"2020"}}`, "switch discovery takes"},
		"a switch missing": {`{"name":"team","switches":{"discovery":"2024"}}`, "switch anonymousDiscovery has no value"},
		"no JSON":          {`{`, "team.json:1:2: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := app.ValidateProfile(profileFile(t, tc.text))
			if tc.err == "" {
				if err != nil || p.Name != "team" || len(p.Switches) == 0 {
					t.Errorf("%+v, %v", p, err)
				}
			} else if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%v, want %s", err, tc.err)
			}
		})
	}
	if _, err := app.ValidateProfile("cyberark"); err == nil {
		t.Error("the name of a built-in profile passes for a file")
	}
}
