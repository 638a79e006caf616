package scim

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/scimd/scimd/schemas"
)

func TestAProfileIsReadFromItsText(t *testing.T) {
	t.Parallel()
	names, err := ProfileNames(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		p, err := LoadProfile(schemas.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		if p.Base != name {
			t.Errorf("%s goes back to %q", name, p.Base)
		}
		p.Name, p.Description = "team", `with "quotes"`
		if err := p.Set("maxResults", "17"); err != nil {
			t.Fatal(err)
		}
		for how, read := range map[string]func(string) (*Profile, error){
			"given": func(text string) (*Profile, error) { return ParseProfile(schemas.FS, text) },
			"stored": func(text string) (*Profile, error) {
				p, faults, err := StoredProfile(schemas.FS, text)
				return p, errors.Join(append(faults, err)...)
			},
		} {
			if got, err := read(p.Text()); err != nil || *got != *p {
				t.Errorf("%s, %s: %+v, %v; want %+v", name, how, got, err, p)
			}
		}
	}
}

func TestAFileGoesBackToTheNearestBuiltInProfile(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, map[string]string{
		"a.json": `{"name":"a","extends":"b.json","switches":{"maxResults":3}}`,
		"b.json": `{"name":"b","extends":"strict","switches":{}}`,
	})
	p, err := LoadProfile(schemas.FS, dir+"/a.json")
	if err != nil || p.Base != "strict" {
		t.Errorf("%+v, %v", p, err)
	}
}

// A stored profile has every switch of the release that stored it, and is read by
// others: what they have in addition is as in the profile that it extends.
func TestAStoredProfileIsReadByOtherReleases(t *testing.T) {
	t.Parallel()
	p, err := LoadProfile(schemas.FS, "rfc7644")
	if err != nil {
		t.Fatal(err)
	}
	var stored map[string]any
	if err := json.Unmarshal([]byte(p.Text()), &stored); err != nil {
		t.Fatal(err)
	}
	set := stored["switches"].(map[string]any)
	if len(set) != len(switches) {
		t.Errorf("%d switches are stored, want all %d", len(set), len(switches))
	}
	delete(set, "discovery")           // of a later release than the one that stored it
	set["ofAnEarlierRelease"] = "gone" // of an earlier one
	set["maxResults"] = 5
	text, err := json.Marshal(stored)
	if err != nil {
		t.Fatal(err)
	}
	got, faults, err := StoredProfile(schemas.FS, string(text))
	if err != nil || len(faults) > 0 || got.Discovery != "complete" || got.MaxResults != 5 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := ParseProfile(schemas.FS, string(text)); err == nil || !strings.Contains(err.Error(), "ofAnEarlierRelease") {
		t.Errorf("a text that is given with an unknown switch: %v", err)
	}
}

func TestATextThatIsNoProfileIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "profile", "[]": "profile", "{}": "no name", `{"name":"x","extends":"./y.json"}`: "not read here",
		`{"name":"x","extends":"nope"}`: `"nope"`, `{"name":"x","switches":{"maxResults":"5"}}`: "maxResults", `{"name":"x","other":1}`: "other",
		`{"name":"x\u001b[2J"}`: "printable", `{"name":"x\ny"}`: "printable", `{"name":"` + strings.Repeat("x", 129) + `"}`: "128 bytes",
	} {
		if _, err := ParseProfile(schemas.FS, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s named", text, err, want)
		}
	}
	p, err := ParseProfile(schemas.FS, `{"name":"x","switches":{"maxResults":5}}`)
	if err != nil || p.Base != defaultBase || p.MaxResults != 5 || p.Discovery != "2024" {
		t.Errorf("a text that extends nothing: %+v, %v", p, err)
	}
}

// What is wrong in a stored profile takes one switch with it, not the tenant.
func TestAStoredProfileIsUsedWithoutWhatIsWrongInIt(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text  string
		fault string
		want  func(*Profile)
	}{
		"a wrong value":     {`{"name":"x","extends":"rfc7644","switches":{"maxResults":"many","defaultCount":3}}`, "maxResults", func(p *Profile) { p.DefaultCount = 3 }},
		"a value of old":    {`{"name":"x","extends":"rfc7644","switches":{"discovery":"1999"}}`, "discovery", func(*Profile) {}},
		"no value":          {`{"name":"x","extends":"rfc7644","switches":{"loosePaths":null}}`, "loosePaths", func(*Profile) {}},
		"an unknown member": {`{"name":"x","extends":"rfc7644","colour":"red","switches":{"maxResults":5}}`, "colour", func(p *Profile) { p.MaxResults = 5 }},
		"a base that went":  {`{"name":"x","extends":"entra","switches":{"maxResults":5}}`, `"entra"`, func(p *Profile) { p.MaxResults = 5 }},
		"a file as base":    {`{"name":"x","extends":"./p.json","switches":{"maxResults":5}}`, `"./p.json"`, func(p *Profile) { p.MaxResults = 5 }},
	} {
		base := "rfc7644"
		if strings.Contains(name, "base") {
			base = defaultBase
		}
		want := *builtIn(t, base)
		want.Name, want.Description = "x", ""
		tc.want(&want)
		got, faults, err := StoredProfile(schemas.FS, tc.text)
		if err != nil || len(faults) != 1 || !strings.Contains(faults[0].Error(), tc.fault) || *got != want {
			t.Errorf("%s: %+v, faults %v, %v; want %+v", name, got, faults, err, want)
			continue
		}
		if again, faults, err := StoredProfile(schemas.FS, got.Text()); err != nil || len(faults) > 0 || *again != want {
			t.Errorf("%s, stored again: %+v, %v, %v", name, again, faults, err)
		}
	}
	for _, text := range []string{"", "[]", "{}", `{"name":"x","switches":7}`} {
		if p, _, err := StoredProfile(schemas.FS, text); err == nil {
			t.Errorf("%s is the profile %+v", text, p)
		}
	}
}
