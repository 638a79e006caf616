package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/app"
)

// blanks are what lies between columns.
var blanks = regexp.MustCompile(` +`)

func TestTheProfileCommandsPrintTextAndJSON(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	var list []app.Profile
	p.succeed(&list, "profile", "list")
	if len(list) != 3 || list[0].Name != "cyberark" || list[0].Description == "" {
		t.Errorf("profiles %+v", list)
	}
	var shown app.Profile
	p.succeed(&shown, "profile", "show", "rfc7644")
	if shown.Name != "rfc7644" || len(shown.Switches) == 0 {
		t.Errorf("profile %+v", shown)
	}
	var diff app.ProfileDiff
	p.succeed(&diff, "profile", "diff", "cyberark", "rfc7644")
	if diff.A != "cyberark" || len(diff.Switches) == 0 || len(diff.Switches) >= len(shown.Switches) {
		t.Errorf("diff %+v", diff)
	}
	p.succeed(&diff, "profile", "diff", "cyberark", "cyberark")
	if diff.Switches == nil || len(diff.Switches) != 0 {
		t.Errorf("a profile differs from itself in %+v", diff.Switches)
	}
	for want, args := range map[string][]string{
		list[1].Description:   {"list"},
		`allowedSuffixes "" `: {"show", "cyberark"},
		"The largest page, advertised as filter.maxResults.": {"show", "cyberark"},
		"SWITCH cyberark rfc7644 ":                           {"diff", "cyberark", "rfc7644"},
		"advertiseSort false true ":                          {"diff", "cyberark", "rfc7644"},
		"no switch differs":                                  {"diff", "cyberark", "cyberark"},
	} {
		if out, errs, code := p.run(append([]string{"profile"}, args...)...); code != 0 || !strings.Contains(blanks.ReplaceAllString(out, " "), want) {
			t.Errorf("profile %q: exit code %d, %s\nwant %q in:\n%s", args, code, errs, want, out)
		}
	}
}

func TestAProfileFileIsCheckedWithoutAServer(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for name, text := range map[string]string{
		"team.json": `{"name":"team","extends":"cyberark","switches":{"maxResults":50}}`,
		"typo":      `{"name":"typo","extends":"cyberark","switches":{"maxResult":50}}`,
	} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var team app.Profile
	p.succeed(&team, "profile", "validate", "team.json")
	if team.Name != "team" {
		t.Errorf("profile %+v", team)
	}
	if out, _, code := p.run("profile", "validate", "team.json"); code != 0 || out != "team.json is valid: profile team\n" {
		t.Errorf("exit code %d, %q", code, out)
	}
	p.refuse(`there is no switch "maxResult"; the nearest is "maxResults"`, "profile", "validate", "typo")
	p.refuse("absent.json", "profile", "validate", "absent.json")
	p.refuse(`there is no profile "none"`, "profile", "show", "none")
	p.refuse("diff takes A B; 1 given", "profile", "diff", "cyberark")
	if entries, err := os.ReadDir(p.dir); err != nil || len(entries) != 2 {
		t.Errorf("the commands leave something behind: %v, %v", entries, err)
	}
}
