package scim

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/scimd/scimd/schemas"
)

func TestEveryFieldOfTheProfileHasExactlyOneSwitch(t *testing.T) {
	t.Parallel()
	var fields []string
	typ := reflect.TypeFor[Profile]()
	for i := range typ.NumField() {
		if name := typ.Field(i).Tag.Get("json"); name != "-" {
			fields = append(fields, name)
		}
	}
	var rows []string
	for _, s := range switches {
		rows = append(rows, s.Name)
		if s.Meaning == "" || s.Source == "" || len(s.Values) == 1 {
			t.Errorf("switch %s lacks its meaning, source or second value", s.Name)
		}
		for _, v := range s.Values {
			if v.Text == "" || v.Does == "" {
				t.Errorf("switch %s does not tell what %q does", s.Name, v.Text)
			}
		}
		if !slices.Contains([]Confidence{Recorded, Documented, ClientCode, Inferred, Choice}, s.Confidence) {
			t.Errorf("switch %s has confidence %q", s.Name, s.Confidence)
		}
	}
	if !slices.Equal(fields, rows) {
		t.Errorf("fields %q\nswitches %q", fields, rows)
	}
}

func TestBuiltInProfilesHaveTheirValues(t *testing.T) {
	t.Parallel()
	names, err := ProfileNames(schemas.FS)
	if err != nil || !slices.Equal(names, []string{"cyberark", "rfc7644", "strict"}) {
		t.Fatal(names, err)
	}
	differ := map[string][2]string{
		"discovery": {"2024", "complete"}, "anonymousDiscovery": {"false", "true"}, "advertiseSort": {"false", "true"},
		"requireSchemas": {"false", "true"}, "foreignSchemas": {"ignore", "reject"},
		"textAsValue": {"all", "single"}, "objectAsList": {"true", "false"}, "singleQuotes": {"true", "false"},
		"unknownSortBy": {"ignore", "reject"}, "selectorCreates": {"true", "false"}, "putKeepsOmitted": {"true", "false"},
		"severalPrimaries": {"keepFirst", "reject"}, "defaultActive": {"true", "false"}, "displayDefault": {"true", "false"},
		"formattedFollows": {"true", "false"}, "emailDefaults": {"true", "false"}, "phoneTypeAliases": {"true", "false"},
		"unpagedLimit": {"0", "1000"}, "retentionDefault": {"true", "false"}, "permissionIds": {"names", "stable"},
		"emptyResources": {"omitVault", "list"}, "caseExactIds": {"false", "true"}, "tenantErrorTexts": {"true", "false"},
		"unknownMember": {"notFound", "invalidValue"}, "groupCycles": {"refuse", "tolerate"}, "indirectGroups": {"false", "true"}, "groupTypes": {"false", "true"},
	}
	cyberark, rfc := builtIn(t, "cyberark"), builtIn(t, "rfc7644")
	if cyberark.Name != "cyberark" || rfc.Name != "rfc7644" {
		t.Errorf("names %q %q", cyberark.Name, rfc.Name)
	}
	for i, c := range cyberark.Switches() {
		r := rfc.Switches()[i]
		want, ok := differ[c.Name]
		if !ok {
			want = [2]string{c.Value, c.Value}
		}
		if got := [2]string{c.Value, r.Value}; got != want {
			t.Errorf("%s is %q, want %q", c.Name, got, want)
		}
		delete(differ, c.Name)
	}
	for name := range differ {
		t.Errorf("%s is no switch", name)
	}
}

func TestSwitchesTakeOnlyTheirValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, err string }{
		{"advertiseSort", "true", ""},
		{"advertiseSort", "yes", `switch advertiseSort takes true or false, not "yes"`},
		{"maxResults", "5", ""},
		{"maxResults", "0", `switch maxResults takes a whole number from 1, not "0"`},
		{"maxResults", "1e3", `switch maxResults takes a whole number from 1, not "1e3"`},
		{"discovery", "2021", ""},
		{"discovery", "2020", `switch discovery takes 2024, 2021 or complete, not "2020"`},
		{"allowedSuffixes", "corp.example,lab.example", ""},
		{"allowedSuffixes", "", ""},
		{"advertisesort", "true", `there is no switch "advertisesort"; the nearest is "advertiseSort"`},
		{"maxResult", "7", `there is no switch "maxResult"; the nearest is "maxResults"`},
		{"textBoolean", "true", `there is no switch "textBoolean"; the nearest is "textBooleans"`},
		{"name", "x", `there is no switch "name"; the nearest is "urnKeys"`},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			t.Parallel()
			p := builtIn(t, "cyberark")
			before := *p
			err := p.Set(c.name, c.value)
			if c.err != "" {
				if err == nil || err.Error() != c.err || *p != before {
					t.Errorf("error %v, want %s", err, c.err)
				}
				return
			}
			values := p.Switches()
			i := slices.IndexFunc(values, func(s SwitchValue) bool { return s.Name == c.name })
			if err != nil || values[i].Value != c.value {
				t.Errorf("%v, value %q", err, values[i].Value)
			}
		})
	}
}

// Each value that a switch lists can be set and read back.
func TestEverySwitchTakesEachOfItsValues(t *testing.T) {
	t.Parallel()
	p := builtIn(t, "cyberark")
	for i, s := range p.Switches() {
		values := s.Allowed()
		if s.Type == "integer" {
			values = []string{"1", "250"}
		}
		for _, v := range values {
			if err := p.Set(s.Name, v); err != nil || p.Switches()[i].Value != v {
				t.Errorf("%s=%s: %v, value %q", s.Name, v, err, p.Switches()[i].Value)
			}
		}
	}
}

// writeFiles puts files into a directory of the test and returns the directory.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAProfileFileExtendsOthers(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, map[string]string{
		"team.json":     `{"name":"team","extends":"base/lab","switches":{"maxResults":50}}`,
		"base/lab":      `{"name":"lab","extends":"./strict.json","switches":{"maxResults":70,"strictNames":true}}`,
		"base/lab.json": `{"name":"wrong","extends":"rfc7644"}`,
		"base/strict.json": `{"name":"strict","description":"d","extends":"cyberark",
			"switches":{"discovery":"2021","allowedSuffixes":"corp.example","strictNames":false}}`,
	})
	got, err := LoadProfile(schemas.FS, filepath.Join(dir, "team.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := *builtIn(t, "cyberark")
	want.Description = "" // belongs to the profile that has it
	want.Name, want.MaxResults, want.StrictNames, want.Discovery, want.AllowedSuffixes = "team", 50, true, "2021", "corp.example"
	if *got != want {
		t.Errorf("got %+v\nwant %+v", *got, want)
	}
}

func TestAProfileThatCannotBeUsedIsRefusedWithItsReason(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, map[string]string{
		"typo.json":     `{"name":"x","extends":"cyberark","switches":{"emailDefault":true}}`,
		"quoted.json":   `{"name":"x","extends":"cyberark","switches":{"strictNames":"true"}}`,
		"number.json":   `{"name":"x","extends":"cyberark","switches":{"allowedSuffixes":7}}`,
		"null.json":     `{"name":"x","extends":"cyberark","switches":{"passwords":null}}`,
		"member.json":   `{"name":"x","extends":"cyberark","swiches":{}}`,
		"nameless.json": `{"extends":"cyberark"}`,
		"partial.json":  `{"name":"x","switches":{"discovery":"2024"}}`,
		"loop.json":     `{"name":"x","extends":"./pool.json"}`,
		"pool.json":     `{"name":"x","extends":"loop.json"}`,
		"orphan.json":   `{"name":"x","extends":"cyberarc"}`,
		"broken.json":   `{"name":`,
		"twice.json":    "{\"name\":\"x\",\"extends\":\"cyberark\",\n\t\"switches\":{\"maxResults\":1, \"maxResults\":2}}",
		"again.json":    `{"name":"x","extends":"cyberark","Name":"y"}`,
		"tail.json":     "{\"name\":\"x\",\"extends\":\"cyberark\"}\n{}",
		"list.json":     `[]`,
	})
	for file, want := range map[string]string{
		"typo.json":     `there is no switch "emailDefault"; the nearest is "emailDefaults"`,
		"quoted.json":   `switch strictNames takes true or false`,
		"number.json":   `switch allowedSuffixes takes text, not 7`,
		"null.json":     `switch passwords takes text, not null`,
		"member.json":   `unknown field "swiches"`,
		"nameless.json": `has no name`,
		"partial.json":  `switch anonymousDiscovery has no value`,
		"loop.json":     `extends itself`,
		"orphan.json":   `there is no profile "cyberarc"; built in are cyberark, rfc7644, strict`,
		"broken.json":   `broken.json:1:9: The JSON text is malformed at byte 8: a value is expected`,
		"twice.json":    `twice.json:2:30: The member "maxResults" occurs twice`,
		"again.json":    `again.json:1:34: The member "Name" occurs twice`,
		"tail.json":     `tail.json:2:1: The JSON text is malformed at byte 34: nothing may follow the value`,
		"list.json":     `list.json:1:1: The body must be a JSON object`,
		"absent.json":   `no such file`,
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			p, err := LoadProfile(schemas.FS, filepath.Join(dir, file))
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v, error %v, want %s", p, err, want)
			}
		})
	}
	if _, err := LoadProfile(schemas.FS, "no-such"); err == nil || !strings.Contains(err.Error(), `there is no profile "no-such"`) {
		t.Errorf("error %v", err)
	}
}

func FuzzSetTakesOnlyWhatSwitchesShows(f *testing.F) {
	for _, s := range switches {
		f.Add(s.Name, "true")
		f.Add(s.Name, strings.Join(s.Allowed(), ""))
	}
	base, err := LoadProfile(schemas.FS, "cyberark")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		p := *base
		err := p.Set(name, value)
		values := map[string]string{}
		for _, s := range p.Switches() {
			values[s.Name] = s.Value
		}
		if err != nil {
			if p != *base {
				t.Errorf("%s=%q fails and yet changes the profile", name, value)
			}
			return
		}
		before := map[string]string{}
		for _, s := range base.Switches() {
			before[s.Name] = s.Value
		}
		before[name] = values[name]
		if !maps.Equal(before, values) {
			t.Errorf("%s=%q changes another switch", name, value)
		}
	})
}
