package seed_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/seed"
)

// mistakes reads and checks a seed without a tenant's database, and gives what is
// wrong with it.
func mistakes(t testing.TB, name, text string) []string {
	t.Helper()
	s, err := seed.Read(registry, seed.List(seed.File{Name: name, Body: strings.NewReader(text)}))
	if err == nil {
		defer func() { _ = s.Close() }()
		for _, x := range s.Tenants {
			err = errors.Join(err, s.Check(x, newTenant(t, "cyberark"), testKey, true))
		}
	}
	var m *seed.Mistakes
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &m):
		t.Fatalf("%q: %v is no list of mistakes", text, err)
	}
	return strings.Split(m.Error(), "\n")
}

func TestEveryMistakeIsToldWithItsPlace(t *testing.T) {
	t.Parallel()
	const head = "version: 1\n"
	for _, c := range []struct{ name, text, want string }{
		{"a.yaml", "", "The seed holds nothing; it begins with version: 1."},
		{"a.yaml", "- a", "a.yaml:1:1: A seed is a mapping that begins with version: 1, not a list."},
		{"a.yaml", "Users: []", "a.yaml:1:1: The document does not say its version; it begins with version: 1."},
		{"a.yaml", "version: 2", "a.yaml:1:10: version must be 1: the seed is of another release."},
		{"a.yaml", head + "users: [", "a.yaml:2:9: This is not YAML: did not find expected node content."},
		{"a.yaml", head + "Users: [{userName: a\n", "a.yaml:3:1: This is not YAML: did not find expected ',' or '}', while parsing a flow mapping that begins at 2:9."},
		{"a.yaml", head + "Users:\n  - userName: a\n   title: b", "a.yaml:4:4: This is not YAML: did not find expected '-' indicator, while parsing a block collection that begins at 3:3."},
		{"a.yaml", head + "Users:\n  - userName: a: b", "a.yaml:3:16: This is not YAML: mapping values are not allowed in this context."},
		{"a.yaml", head + "Users:\n  - *nobody", "a.yaml:3:5: This is not YAML: unknown anchor 'nobody' referenced."},
		{"a.yaml", head + "Users: []\n---\n" + head + "Users:\n\t- userName: a", "a.yaml:6:1: This is not YAML: found character that cannot start any token"},
		{"a.yaml", head + "Users:\r\n  - userName: \u00fc\xe4da", "a.yaml:3:16: This is not YAML: invalid trailing UTF-8 octet."},
		{"a.yaml", head + "Users: [\u00fc\u0001]", "a.yaml:2:10: This is not YAML: control characters are not allowed."},
		{"a.yaml", head + "Users: [\u00fc\xe2\x82", "a.yaml:2:10: This is not YAML: incomplete UTF-8 octet sequence."},
		{"a.yaml", head + "Userz: []", `a.yaml:2:1: "Userz" is not known here; there are`},
		{"a.yaml", head + "Users: {}", "a.yaml:2:8: Users must be a list of resources, not a mapping."},
		{"a.yaml", head + "Users:\n  - ada", "a.yaml:3:5: A User must be a mapping, not a text."},
		{"a.yaml", head + "Users:\n  - {userName: a, userName: b}", `a.yaml:3:19: "userName" occurs twice in one mapping`},
		{"a.yaml", head + "Users:\n  - {userName: a, username: b}", `a.yaml:3:19: "username" occurs twice in one mapping`},
		{"a.yaml", head + "Users:\n  - userName: [a]", "userName must be a text, not an array."},
		{"a.yaml", head + "Users:\n  - userName: 0x10", "a.yaml:3:15: 0x10 is no number as JSON has them"},
		{"a.yaml", head + "Users:\n  - userName: !!binary YQ==", "a.yaml:3:15: The tag !!binary is not known here."},
		{"a.yaml", head + "Users:\n  - userName: \"a\\0\"", "a.yaml:3:15: The character U+0000 can stand nowhere."},
		{"a.yaml", head + "Users:\n  - <<: {userName: a}", "a.yaml:3:5: A merge (<<) is not known here"},
		{"a.yaml", head + "Users:\n  - userName: a\n    name:\n      givenName: Ä\n      family: B", `a.yaml:6:7: The attribute "name.family" is not known to User.`},
		{"a.yaml", head + "Users:\n  - userName: a\n    emails: [{value: a}, {value: [b]}]", "a.yaml:4:35: emails.value must be a text, not an array."},
		{"a.yaml", head + "Users:\n  - id: 12\n    userName: a", "a.yaml:3:5: id must be a text, not a number; write it in quotes."},
		{"a.yaml", head + "Users:\n  - userName: a\n    meta: {version: 9223372036854775807}", "a.yaml:4:12: meta.version must be a whole number from 1 to 9007199254740992."},
		{"a.yaml", head + "Users:\n  - userName: a\n    meta: {created: \"9999-12-31T23:59:59Z\"}", "a.yaml:4:12: meta.created must lie in the years 1000 to 8999."},
		{"a.yaml", head + "Users:\n  - userName: a\n    meta: {lastModified: \"0001-01-01T00:00:00Z\"}", "a.yaml:4:12: meta.lastModified must lie in the years 1000 to 8999."},
		{"a.yaml", head + "Users:\n  - userName: a\n    meta: {created: yesterday, version: 0, etag: x}", "a.yaml:4:12: meta.created must be a dateTime"},
		{"a.yaml", head + "Users:\n  - displayName: Ada", "a.yaml:3:5: userName is required and must not be empty."},
		{"a.yaml", head + "Users:\n  - userName: a\n    urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:\n      department: x\n      depth: y",
			`a.yaml:6:7: The attribute "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:depth" is not known to User.`},
		{"a.yaml", head + "Groups:\n  - displayName: g\n    members:\n      - {display: Nobody}", `a.yaml:5:9: members[0] names "Nobody", and the seed has no such resource.`},
		{"a.yaml", head + "Users: [{userName: g}]\nGroups:\n  - {displayName: g}\n  - {displayName: h, members: [g]}", `a.yaml:5:32: members[0] names "g", which more than one resource is called`},
		{"a.yaml", head + "Groups:\n  - {id: a, displayName: g}\n  - {displayName: G}", `a.yaml:4:6: The seed describes the Group with the displayName "G" twice.`},
		{"a.yaml", head + "Containers: [{name: s}]\nPrivilegedData:\n  - &a {name: r, urn:ietf:params:scim:schemas:cyberark:1.0:PrivilegedData: {safe: s}}\n  - *a",
			`The seed describes the PrivilegedData with the name "r" twice; give ids to tell them apart.`},
		{"a.yaml", head + "Groups:\n  - displayName: g\n    members: [{value: a, kind: b}]", "a.yaml:4:15: A reference has a value or a display, and perhaps a type, but no kind."},
		{"a.yaml", head + "Groups:\n  - displayName: g\n    members: [{display: a, type: Safe}]", `a.yaml:4:15: members[0] can be of no type "Safe" here.`},
		{"a.yaml", head + "Containers:\n  - name: a/b", "a.yaml:3:5: name must not contain"},
		{"a.yaml", head + "ContainerPermissions:\n  - {container: a, rights: [UseAccounts]}", "a.yaml:3:5: A ContainerPermission needs user or group, once."},
		{"a.yaml", head + "ContainerPermissions:\n  - {container: a, user: b, rights: [Use]}", `a.yaml:3:38: "Use" is none of the values that rights takes.`},
		{"a.yaml", head + "PrivilegedData:\n  - name: a", "is required: an account is in a safe."},
		{"a.yaml", head + "hosts: 3", "a.yaml:2:8: hosts takes a list here, not a number."},
		{"a.yaml", head + "switches: {maxResults: [1]}", "a.yaml:2:24: maxResults must have a simple value, not a list."},
		{"a.yaml", head + "tokens: [{name: a, scope: b}]", `a.yaml:2:20: "scope" is not known in tokens; there are name, token`},
		{"a.yaml", head + "faults: [{ready: none}]", "a.yaml:2:11: "},
		{"a.yaml", head + "faults: [{act: {status: 42}}]", "a.yaml:2:"},
		{"a.yaml", head + "faults: [{act: {status: 500, Status: 501}}]", "a.yaml:2:30: "},
		{"a.json", `{"version":1,"faults":[{"act":{"status":500},"Act":{}}]}`, "a.json:1:46: "},
		{"a.yaml", head + "faults: [{act: {status: 500}, wrong: 1}]", "a.yaml:2:10: "},
		{"a.yaml", head + "tenants: [{name: A b}]", "a.yaml:2:18: The name of a tenant has 1 to 63 letters, digits and hyphens."},
		{"a.yaml", head + "tenants:\n  - {name: a, profile: cyberark}\n  - {name: a, profile: strict}", "profile says something else here"},
		{"a.yaml", head + "Users:\n  - {id: a, userName: b, $sealed: xyz}", "a.yaml:3:35: What is sealed cannot be used: it does not open"},
		{"a.json", `{"version":1,` + "\n" + `"Users":[{"userName":"ä","Id":1}]}`, "a.json:2:26: id must be a text, not a number"},
		{"a.json", `{"version":1,` + "\n" + `"Users":[{"userName":"` + "\xff" + `"}]}`, "a.json:2:22: The text is not UTF-8."},
		{"a.json", `{"version":1,"Users":[{"userName":"\ud800"}]}`, "The JSON text is malformed: the escape sequence is an unpaired surrogate."},
		{"a.json", `{"version":1,"Users":[{"userName":"a","USERNAME":"b"}]}`, `a.json:1:39: "USERNAME" occurs twice in one object`},
		{"a.json", `{"version":1,"Users":[{"userName":"a"}]`, "a.json:1:40: The JSON text is malformed: a comma or a closing brace is expected."},
		{"a.json", `{"version":1} x`, "a.json:1:15: The JSON text is malformed: nothing may follow the document."},
		{"a.json", `{"version":01}`, "a.json:1:14: The JSON text is malformed: this is no number."},
		{"", `{"version":1,"Users":[3]}`, "1:23: A User must be a mapping, not a number."},
	} {
		got := mistakes(t, c.name, c.text)
		if len(got) == 0 || !strings.Contains(strings.Join(got, "\n"), c.want) {
			t.Errorf("%q:\n got %q\nwant %q", c.text, got, c.want)
		}
	}
}

// All mistakes are told at once, fifty at most.
func TestAllMistakesAreToldAtOnce(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("version: 1\nUsers:\n")
	for i := range 40 {
		fmt.Fprintf(&b, "  - {userName: u%d, active: maybe, nmae: x}\n", i)
	}
	got := mistakes(t, "a.yaml", b.String())
	if len(got) != 51 || got[50] != "and more than these 50 mistakes" || !strings.HasPrefix(got[0], "a.yaml:3:") {
		t.Errorf("%d lines: %q", len(got), got)
	}
}

// What would grow without bounds is refused.
func TestBombsAreRefused(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 100)
	laughs := "version: 1\nx1: &x1 [a,a,a,a,a,a,a,a,a,a]\n"
	for i := 2; i < 10; i++ {
		laughs += fmt.Sprintf("x%d: &x%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*x%d,", i-1), 10), ","))
	}
	for name, c := range map[string]struct{ file, text, want string }{
		"depth in YAML":  {"a.yaml", "version: 1\nUsers: " + deep + strings.Repeat("]", 100), "more than 64 deep"},
		"depth in JSON":  {"a.json", `{"version":1,"Users":` + deep, "more than 64 deep"},
		"aliases":        {"a.yaml", laughs, "aliases counted as what they stand for"},
		"an alias of it": {"a.yaml", "version: 1\nUsers: &a [*a]", "a.yaml"},
	} {
		if got := mistakes(t, c.file, c.text); len(got) == 0 || !strings.Contains(got[0], c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Documents and files are one seed; an alias stands for a whole value.
func TestDocumentsAndFilesAreMerged(t *testing.T) {
	t.Parallel()
	s, err := read(t, "version: 1\nhosts: [a.example]\nUsers: [&ada {userName: ada}]\n---\nversion: 1\nUsers: [{userName: bela}]\n",
		"version: 1\ntenants:\n  - {name: blue, Users: [{userName: cleo}]}\n  - {hosts: [b.example], Groups: [{displayName: g, members: [ada, bela]}]}\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Tenants) != 2 || s.Tenants[0].Count() != 3 || len(s.Tenants[0].Hosts) != 2 || s.Tenants[1].Name != "blue" || s.Tenants[1].Count() != 1 {
		t.Errorf("%+v", s.Tenants)
	}
	for _, x := range s.Tenants {
		if err := s.Check(x, newTenant(t, "cyberark"), nil, true); err != nil {
			t.Error(err)
		}
	}
}

func TestTheSamplesHaveNoMistakes(t *testing.T) {
	t.Parallel()
	for _, name := range seed.Samples() {
		text, err := seed.Sample(name)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := seed.Sample(name)
		if string(again) != string(text) {
			t.Errorf("%s is another each time", name)
		}
		for _, profile := range []string{"cyberark", "rfc7644", "strict"} {
			s, err := seed.Read(registry, seed.List(seed.File{Name: name, Body: strings.NewReader(string(text))}))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Check(s.Tenants[0], newTenant(t, profile), nil, true); err != nil {
				t.Errorf("%s under %s: %v", name, profile, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// Whatever is read, reading it neither fails in another way than with mistakes, nor
// tells one without a text.
func FuzzRead(f *testing.F) {
	small, err := seed.Sample("small")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(small[:2000])
	f.Add([]byte("version: 1\ntokens: [{name: a}]\nUsers: [{userName: a, emails: [{value: b}]}]\n---\n{}"))
	f.Add([]byte(`{"version":1,"tenants":[{"name":"a","exact":true,"Groups":[{"displayName":"\ud83d\ude00","members":[{"value":"x"}]}]}]}`))
	f.Add([]byte("version: 1\nUsers: &a [*a]"))
	tenant := newTenant(f, "cyberark")
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := seed.Read(registry, seed.List(seed.File{Body: strings.NewReader(string(data))}))
		if err == nil {
			for _, x := range s.Tenants {
				err = errors.Join(err, s.Check(x, tenant, nil, true))
			}
			err = errors.Join(err, s.Close())
		}
		var m *seed.Mistakes
		if err == nil {
			return
		}
		if !errors.As(err, &m) {
			t.Fatalf("%q: %v", data, err)
		}
		for _, x := range m.List {
			if x.Text == "" || x.Line < 0 || x.Line > 0 && x.Column < 1 {
				t.Errorf("%q: %+v", data, x)
			}
		}
		if _, err := json.Marshal(m.List); err != nil {
			t.Error(err)
		}
	})
}
