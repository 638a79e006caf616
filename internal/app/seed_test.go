package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/pgtest"
	"github.com/scimd/scimd/internal/seed"
)

// sower applies seeds to a database without a server.
type sower struct {
	testing.TB
	control.Service
}

func newSower(t *testing.T, c app.Config) *sower {
	t.Helper()
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	m, closeIt, err := app.Manage(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = closeIt() })
	return &sower{t, m}
}

func (s *sower) apply(q control.SeedQuery, text string) (*control.SeedReport, error) {
	return s.ApplySeed(s.Context(), q, seed.List(seed.File{Name: "a.yaml", Body: strings.NewReader(text)}))
}

func (s *sower) must(text string) *control.SeedReport {
	s.Helper()
	r, err := s.apply(control.SeedQuery{}, text)
	if err != nil {
		s.Fatal(err)
	}
	return r
}

func (s *sower) refused(text string, q control.SeedQuery, why string) {
	s.Helper()
	if _, err := s.apply(q, text); err == nil || !strings.Contains(err.Error(), why) {
		s.Errorf("the seed is refused by %v, which should speak of %q", err, why)
	}
}

// What is wrong with settings is told whole and to the character, with a server,
// without one, and by the check that needs neither.
func TestEveryMistakeInSettingsIsToldWithItsPlace(t *testing.T) {
	t.Parallel()
	const text = `version: 1
switches: {bogus: 1, maxResults: x}
limits: {none: 1, rate: -1}
hosts: [ok.example, "not a host"]
tokens:
  - name: good
  - {name: ci, rights: bogus}
  - {name: ci}
  - {name: short, token: short}
applications:
  - {appId: A, lifetime: -5}
  - {appId: "b c"}
  - appId: a
    redirectUris: [x]
issuers: [{name: x, issuer: y}]
Users: [{userName: ada, nmae: x}]
---
version: 1
tokens: [{name: later, rights: q}]
tenants: [{name: blue, limits: {rate: x}}, {name: red, profile: none}]
`
	want := []string{
		"a.yaml:2:12: The profile cannot be used: there is no switch", "a.yaml:2:22: The profile cannot be used: switch maxResults",
		"a.yaml:3:10: The limits cannot be used: there is no limit", "a.yaml:3:19: The limits cannot be used: limit rate",
		"a.yaml:4:21: \"not a host\" is no host name", "a.yaml:7:16: The token ci: \"bogus\" is not a right", "a.yaml:8:6: The seed has the token ci twice.",
		"a.yaml:9:19: The token short: a token is at least 8", "a.yaml:11:16: The application A: The lifetime", "a.yaml:12:6: The application b c: The id",
		"a.yaml:13:5: The seed has the application a twice.", "a.yaml:14:5: The application a: The redirect URIs", "a.yaml:15:11: The issuer x: at least one audience",
		"a.yaml:16:25: The attribute \"nmae\" is not known", "a.yaml:19:24: The token later: \"q\" is not a right",
		"a.yaml:20:33: The limits cannot be used", "a.yaml:20:56: The profile cannot be used: there is no profile",
	}
	c := app.Defaults()
	c.DataDir = t.TempDir()
	s := newSower(t, c)
	_, applied := s.apply(control.SeedQuery{}, text)
	for name, err := range map[string]error{
		"applied": applied,
		"checked": app.CheckSeed(c, seed.List(seed.File{Name: "a.yaml", Body: strings.NewReader(text)}), ""),
	} {
		var m *seed.Mistakes
		if !errors.As(err, &m) || len(m.List) != len(want) {
			t.Errorf("%s: %d mistakes are expected of\n%v", name, len(want), err)
			continue
		}
		for i, x := range m.List {
			if !strings.HasPrefix(x.String(), want[i]) {
				t.Errorf("%s: %s\nshould begin with %s", name, x, want[i])
			}
		}
	}
}

// Sealed secrets need their key, which is told once.
func TestTheKeyOfASealedSeedIsAskedForOnce(t *testing.T) {
	t.Parallel()
	c := app.Defaults()
	c.DataDir = t.TempDir()
	s := newSower(t, c)
	s.must("version: 1\ntenants:\n  - {name: default, tokens: [{name: a}, {name: b}]}\n  - {name: blue, tokens: [{name: c}]}")
	text := s.export()
	for key, why := range map[string]string{"": "give the key that they were exported with", "another passphrase": "sealed with another key than"} {
		if _, err := s.apply(control.SeedQuery{Key: key}, text); err == nil || !strings.Contains(err.Error(), why) || strings.Contains(err.Error(), "\n") {
			t.Errorf("with the key %q: %v", key, err)
		}
	}
}

func (s *sower) export() string {
	s.Helper()
	var out bytes.Buffer
	if err := s.ExportSeed(s.Context(), control.ExportQuery{Key: "a passphrase for tests"}, &out); err != nil {
		s.Fatal(err)
	}
	return out.String()
}

// onEngines runs a test on both databases.
func onEngines(t *testing.T, fn func(*testing.T, app.Config)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		fn(t, config(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		c := config(t)
		c.DatabaseURL = pgtest.URL(t)
		fn(t, c)
	})
}

// A cycle of groups is what only the resources themselves show, in the transaction.
const cycle = `
Groups: [{id: a, displayName: a, members: [{value: b, type: Group}]}, {id: b, displayName: b, members: [{value: a, type: Group}]}]
`

func TestARefusedSeedLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, c app.Config) {
		s := newSower(t, c)
		s.must("version: 1\nUsers: [{id: ada, userName: ada}]\napplications: [{appId: there, clientSecret: not-a-real-secret}]")
		before := s.export()
		for name, head := range map[string]string{
			"of the tenant's own": "switches: {maxResults: 7}\nlimits: {maxResources: 9}\nhosts: [x.example]\napplications: [{appId: new}, {appId: there, clientSecret: another-secret}]\ntokens: [{name: ci}]",
			"of no tenant yet":    "name: fresh\nprofile: rfc7644\nswitches: {groupCycles: refuse}\napplications: [{appId: new}]",
		} {
			s.refused("version: 1\n"+head+cycle, control.SeedQuery{}, "into itself")
			if after := s.export(); after != before {
				t.Errorf("%s: the tenant was\n%s\nand is\n%s", name, before, after)
			}
			s.refused("version: 1\n"+head+"\nGroups: [{displayName: g, members: [nobody]}]", control.SeedQuery{}, `names "nobody"`)
			if after := s.export(); after != before {
				t.Errorf("%s: the tenant was\n%s\nand is\n%s", name, before, after)
			}
		}
		if _, err := s.Tenant(t.Context(), "fresh"); err == nil {
			t.Error("a tenant stays of a seed that was refused")
		}
		s.refused("version: 1\nsealed: x\nswitches: {maxResults: 7}\ntokens: [{name: old, $sealed: AAAA}]", control.SeedQuery{Key: "a passphrase for tests"}, "")
		if after := s.export(); after != before {
			t.Errorf("a token that does not open: the tenant was\n%s\nand is\n%s", before, after)
		}
	})
}

func TestADryRunKnowsTheServiceUsersOfNewApplications(t *testing.T) {
	t.Parallel()
	s := newSower(t, config(t))
	text := "version: 1\napplications: [{appId: new, clientId: svc@x.example}]\nContainers: [{name: Safe, owner: svc@x.example}]"
	r, err := s.apply(control.SeedQuery{DryRun: true}, text)
	if err != nil || !r.Changed || fmt.Sprint(r.Tenants[0].Settings) != "[application new]" {
		t.Errorf("the plan: %+v, %v", r, err)
	}
	s.must(text)
	if r := s.must(text); r.Changed {
		t.Errorf("applied again: %+v", r)
	}
}

func TestWhatATenantHasOnceIsRefusedTwice(t *testing.T) {
	t.Parallel()
	s := newSower(t, config(t))
	for text, why := range map[string]string{
		"tokens: [{name: a, token: a-token-for-tests}, {name: a, token: another-token}]":     "a.yaml:2:48: The seed has the token a twice.",
		"tokens: [{name: a, token: a-token-for-tests}, {name: b, token: a-token-for-tests}]": "a.yaml:2:57: The seed has the text of a token twice.",
		"applications: [{appId: a}, {appId: A}]":                                             "a.yaml:2:29: The seed has the application a twice.",
		"tokens: [{name: a, expires: yesterday}]":                                            "a.yaml:2:29: expires of tokens must be a dateTime such as 2026-01-02T15:04:05Z.",
	} {
		s.refused("version: 1\n"+text, control.SeedQuery{}, why)
	}
}

// A token whose text stays is the same token with other rights, also after it was
// revoked.
func TestATokenOfASeedKeepsItsText(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, c app.Config) {
		s := newSower(t, c)
		for _, text := range []string{"rights: read", "rights: all", `expires: "2099-01-01T00:00:00Z"`, "rights: read"} {
			seed := "version: 1\ntokens: [{name: ci, token: a-token-for-tests, " + text + "}]"
			if r := s.must(seed); !r.Changed {
				t.Errorf("%s changes nothing", text)
			}
			if r := s.must(seed); r.Changed {
				t.Errorf("%s again changes %+v", text, r.Tenants)
			}
		}
		if _, err := s.RevokeToken(t.Context(), "", "ci"); err != nil {
			t.Fatal(err)
		}
		s.must("version: 1\ntokens: [{name: again, token: a-token-for-tests}]")
		list, err := s.Tokens(t.Context(), "")
		if err != nil || len(list) != 1 || list[0].Name != "again" || !list[0].Revoked.IsZero() {
			t.Errorf("the tokens are %+v, %v", list, err)
		}
		s.refused("version: 1\nname: blue\ntokens: [{name: ci, token: a-token-for-tests}]", control.SeedQuery{}, "is that of another token")
	})
}

// A tenant that is deleted while a seed goes in is missed, not what was in it.
func TestASeedThatLosesItsTenantSaysSo(t *testing.T) {
	t.Parallel()
	s := newSower(t, config(t))
	if _, err := s.CreateTenant(t.Context(), control.NewTenant{Name: "brief"}); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("version: 1\nname: brief\nUsers:\n")
	for i := range 6000 {
		fmt.Fprintf(&text, "  - {id: u%d, userName: user%d}\n", i, i)
	}
	text.WriteString("Groups: [{id: g, displayName: g, members: [{value: u0}]}]\n")
	ended := make(chan error)
	go func() {
		_, err := s.apply(control.SeedQuery{}, text.String())
		ended <- err
	}()
	for {
		look, err := s.SaveSnapshot(t.Context(), "brief", control.NewSnapshot{Name: "look", Replace: true})
		if err != nil {
			t.Fatal(err)
		}
		if look.Resources > 0 {
			break
		}
	}
	if err := s.DeleteTenant(t.Context(), "brief"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "There is no tenant brief.") {
		t.Errorf("the seed ends with %v", err)
	}
}

// Two servers that begin with the same seed on one database end as one does.
func TestServersThatBeginWithTheSameSeedDoNotMeet(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, c app.Config) {
		text := "version: 1\ntenants:\n  - name: default\n    applications: [{appId: one, clientSecret: not-a-real-secret}]\n    tokens: [{name: ci, token: a-token-for-tests}]\n" +
			"    Users: [{userName: ada}, {userName: bela}]\n    Groups: [{displayName: g, members: [ada, bela]}]\n  - name: blue\n    Users: [{userName: ada}]\n"
		s := newSower(t, c)
		sowers := []*sower{s, s, s}
		if c.DatabaseURL != "" {
			sowers = append(sowers, newSower(t, c), newSower(t, c))
		}
		var all sync.WaitGroup
		for _, s := range sowers {
			all.Go(func() {
				if _, err := s.apply(control.SeedQuery{}, text); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if r := s.must(text); r.Changed {
			t.Errorf("applied again: %+v", r.Tenants)
		}
		if n := strings.Count(s.export(), "userName: ada"); n != 2 {
			t.Errorf("ada is there %d times in two tenants:\n%s", n, s.export())
		}
	})
}

// Many that make one tenant by the same seed at once all find it made in the end, and
// one of them is told its token.
func TestSeedsThatMakeATenantAtOnceAreNotRefused(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, c app.Config) {
		s := newSower(t, c)
		for round := range 5 {
			text := fmt.Sprintf("version: 1\nname: t-%d\nUsers: [{userName: ada}]\nGroups: [{displayName: g, members: [ada]}]\n", round)
			var all sync.WaitGroup
			var told atomic.Int32
			for range 12 {
				all.Go(func() {
					r, err := s.apply(control.SeedQuery{}, text)
					if err != nil {
						t.Error(err)
						return
					}
					told.Add(int32(len(r.Tenants[0].Tokens)))
				})
			}
			all.Wait()
			if n := told.Load(); n != 1 {
				t.Errorf("%d tokens were told", n)
			}
		}
	})
}

// crowd is a seed of more groups than go in at once, as JSON, with what comes after them.
func crowd(more string) seed.Files {
	var b strings.Builder
	for i := range 5001 {
		fmt.Fprintf(&b, `{"id":"g%d","displayName":"Group %d"},`, i, i)
	}
	return seed.List(seed.File{Name: "a.json", Body: strings.NewReader(`{"version":1,"Groups":[` + strings.TrimSuffix(b.String()+more, ",") + `]}`)})
}

func TestALargeSeedThatChangesNothingLeavesItsSnapshot(t *testing.T) {
	t.Parallel()
	s := newSower(t, config(t))
	s.must("version: 1\nUsers: [{id: u-1, userName: ada}]")
	apply := func(want bool) []control.Snapshot {
		t.Helper()
		// What comes later, is called by its name or is there already may be named.
		r, err := s.ApplySeed(t.Context(), control.SeedQuery{}, crowd(`{"displayName":"Outer","members":["ada","Group 7",{"value":"inner","type":"Group"}]},{"id":"inner","displayName":"Inner"}`))
		if err != nil || r.Changed != want {
			t.Fatalf("%+v, %v", r, err)
		}
		list, err := s.Snapshots(t.Context(), "default")
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if first, again := apply(true), apply(false); len(first) != 1 || !reflect.DeepEqual(first, again) {
		t.Errorf("%+v becomes %+v", first, again)
	}
}

// Of more resources than go in at once, what can be looked up is refused before the
// first goes in.
func TestALargeSeedThatATenantRefusesChangesNothing(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, c app.Config) {
		s := newSower(t, c)
		s.must("version: 1\nUsers: [{id: ada, userName: ada}]\nGroups: [{id: there, displayName: There}]")
		before := s.export()
		for more, why := range map[string]string{
			`{"id":"last","displayName":"Last","members":["ada",{"value":"nobody"}]}`: `members[1] names "nobody", and neither the seed nor the tenant has such a resource`,
			`{"id":"last","displayName":"Last","members":["nobody"]}`:                 `members[0] names "nobody", and neither`,
			`{"id":"other","displayName":"there"}`:                                    `displayName is already in use`,
			`{"displayName":"Group 7"}`:                                               `twice`,
		} {
			_, err := s.ApplySeed(t.Context(), control.SeedQuery{}, crowd(more))
			if err == nil || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), "a.json:1:") {
				t.Errorf("%s is refused by %v, which should speak of %q", more, err, why)
			}
			if after := s.export(); after != before {
				t.Fatalf("%s: the refused seed has left\n%.1000s", more, after)
			}
		}
	})
}
