package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/control"
)

// company is a seed with everything that a tenant can have.
const company = `version: 1
tenants:
  - name: default
    limits: {maxResources: 100}
    Users: [{id: ada, userName: ada@x.example}]
    tokens: [{name: ci, token: a-token-for-tests, rights: "users:read"}, {name: made}]
    applications:
      - {appId: Connector, clientId: svc@x.example, clientSecret: not-a-real-secret, rights: all}
    issuers:
      - {name: idp, issuer: "https://idp.example/", audiences: [scimd], keysUrl: "https://idp.example/keys", principalClaim: sub, rights: read}
    Containers: [{name: Safe-1, owner: svc@x.example}]
    PrivilegedData:
      - id: "1_1"
        name: root
        urn:ietf:params:scim:schemas:cyberark:1.0:PrivilegedData:
          {safe: Safe-1, properties: [{key: platformId, value: Unix}, {key: secret, value: not-a-real-secret}]}
  - name: blue
    profile: rfc7644
    switches: {maxResults: 7}
    hosts: [blue.example]
    Groups: [{displayName: Staff}]
    tokens: [{name: ci, token: another-token-for-tests}]
    faults: [{id: slow, match: {operations: [create]}, act: {status: 503}}]
`

// A seed goes in before the server is ready, again at the next start, and moves to
// the other database by export and apply.
func TestASeedFromTheStartToAnotherDatabase(t *testing.T) {
	t.Parallel()
	here, there := newPlace(t), newPlace(t, engines["postgres"](t)...)
	file, keyFile := filepath.Join(here.dir, "company.yaml"), filepath.Join(here.dir, "seed.key")
	for path, text := range map[string]string{file: company, keyFile: "a passphrase for tests\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := here.serve("--seed", file)
	for what, c := range map[string]struct{ got, want int }{
		"the token that the seed gives": {s.request("GET", "/Users/ada", "a-token-for-tests", ""), 200},
		"beyond its rights":             {s.request("GET", "/Groups", "a-token-for-tests", ""), 403},
		"another tenant":                {s.at("blue").request("GET", "/Groups", s.Token, ""), 401},
		"a client":                      {s.request("POST", "/Users", s.Token, user("later")), 201},
	} {
		if c.got != c.want {
			t.Errorf("%s: status %d, want %d", what, c.got, c.want)
		}
	}
	blue := s.at("blue")
	if read, made := blue.request("GET", "/Groups", "another-token-for-tests", ""), blue.request("POST", "/Users", "another-token-for-tests", user("x")); read != 200 || made != 503 {
		t.Errorf("the other tenant, with a fault: read %d, create %d", read, made)
	}
	var report control.SeedReport
	here.succeed(&report, "seed", "apply", file)
	if report.Changed || len(report.Tenants) != 2 {
		t.Errorf("applied again: %+v", report)
	}
	var plan control.SeedReport
	stdout, _, code := here.run("seed", "diff", file, "--prune")
	if code != 1 || !strings.Contains(stdout, "removed         User ") || !strings.Contains(stdout, "token first, revoked") {
		t.Errorf("diff --prune: exit code %d:\n%s", code, stdout)
	}
	here.succeed(&plan, "seed", "diff", file)
	var back control.Restored
	here.succeed(&back, "reset", "--yes")
	if back.Snapshot != control.SeedSnapshot || s.request("GET", "/Users/ada", s.Token, "") != 200 || s.request("POST", "/Users", s.Token, user("later")) != 201 {
		t.Errorf("reset to %+v", back)
	}
	here.refuse("--key-file", "seed", "export", "--secrets", "encrypted")
	export, stderr, code := here.run("seed", "export", "--secrets", "encrypted", "--key-file", keyFile)
	if code != 0 || strings.Contains(export, "not-a-real-secret") || strings.Contains(export, "a-token-for-tests") {
		t.Fatalf("export: %d, %s\n%s", code, stderr, export)
	}
	if plain, _, _ := here.run("seed", "export"); strings.Contains(plain, "$sealed") || !strings.Contains(plain, "ada@x.example") {
		t.Errorf("export without secrets:\n%s", plain)
	}
	if out, _ := s.interrupt(os.Interrupt); !strings.Contains(out, "token made of the tenant default: scimd_") {
		t.Errorf("the start does not tell of the token that it made:\n%s", out)
	}
	s = here.serve("--seed", file)
	if got := s.request("GET", "/Users/ada", "a-token-for-tests", ""); got != 200 {
		t.Errorf("after another start: status %d", got)
	}

	moved := filepath.Join(there.dir, "moved.yaml")
	if err := os.WriteFile(moved, []byte(export), 0o600); err != nil {
		t.Fatal(err)
	}
	there.refuse("the key that", "seed", "apply", moved)
	report = control.SeedReport{}
	there.succeed(&report, "seed", "apply", moved, "--key-file", keyFile)
	again, _, _ := there.run("seed", "export", "--secrets", "encrypted", "--key-file", keyFile)
	if again != export {
		t.Errorf("the copy is described otherwise:\n%s\n\n%s", export, again)
	}
	to := there.serve()
	if got := to.request("GET", "/Users/ada", "a-token-for-tests", ""); got != 200 {
		t.Errorf("the token in the other database: status %d", got)
	}
	var check control.Check
	there.succeed(&check, "check")
}

// A seed with a mistake keeps the server from starting, and commands from doing
// anything; each mistake is a line with its place.
func TestASeedWithAMistakeChangesNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	file := filepath.Join(p.dir, "bad.yaml")
	text := "version: 1\nUsers:\n  - {userName: ada}\nGroups:\n  - {displayName: g, members: [nobody]}\n  - {displayNme: h}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := p.serve()
	for _, args := range [][]string{
		{"seed", "validate", file}, {"seed", "apply", file}, {"seed", "diff", file}, {"--seed", file, "--data-dir", t.TempDir(), "--addr", "127.0.0.1:0"},
	} {
		stdout, stderr, code := p.run(args...)
		if code == 0 || stdout != "" || !strings.Contains(stderr, file+`:6:6: The attribute "displayNme" is not known to Group.`) {
			t.Errorf("%q: exit code %d, %q, %q", args, code, stdout, stderr)
		}
	}
	if err := os.WriteFile(file, []byte(strings.Replace(text, "displayNme", "displayName", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := p.run("seed", "apply", file)
	if code == 0 || !strings.Contains(stderr, file+`:5:32: members[0] names "nobody"`) {
		t.Errorf("apply: exit code %d, %q", code, stderr)
	}
	if got := s.request("POST", "/Users", s.Token, user("ada")); got != 201 {
		t.Errorf("something of the seed is there: status %d", got)
	}
	p.refuse("no sample", "seed", "apply", "sample:none")
	p.refuse("needs a seed", "seed", "apply")
	p.refuse("yaml or json", "seed", "export", "--format", "xml")
}
