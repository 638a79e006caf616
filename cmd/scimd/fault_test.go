package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/fault"
)

func TestATenantFailsWhileItIsTold(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.serve()
	is := func(want int) {
		t.Helper()
		if got := s.request("GET", "/Users", s.Token, ""); got != want {
			t.Errorf("status %d, want %d", got, want)
		}
	}
	is(200)
	var list []fault.Armed
	p.succeed(&list, "fault", "add", `{"id":"once","match":{"operations":["list"]},"times":1,"act":{"status":503}}`)
	is(503)
	is(200)
	file := filepath.Join(p.dir, "rule.json")
	if err := os.WriteFile(file, []byte(`{"act":{"status":502,"body":"<h1>no</h1>"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p.succeed(&list, "fault", "add", "@"+file)
	p.succeed(&list, "fault", "add", "--first", "--ready", "flaky", "--chance", "7")
	if list[0].ID != "flaky-500" || list[0].Seed != 7 {
		t.Errorf("added %+v", list)
	}
	p.succeed(&list, "fault", "list")
	var ids []string
	for _, f := range list {
		ids = append(ids, f.ID)
	}
	if got := strings.Join(ids, " "); got != "flaky-500 flaky-503 flaky-cut flaky-lost once fault-1" {
		t.Errorf("the list is %s", got)
	}
	if once := list[4]; once.Seen != 2 || once.Hits != 1 {
		t.Errorf("counted %+v", once)
	}
	var now fault.Armed
	p.succeed(&now, "fault", "replace", "fault-1", `{"act":{"refuse":"expiredToken"}}`)
	for _, id := range ids[:4] {
		var gone map[string]string
		p.succeed(&gone, "fault", "remove", id)
	}
	is(401)
	if human, _, _ := p.run("fault", "list"); !strings.Contains(human, `{"refuse":"expiredToken"}`) {
		t.Errorf("fault list prints:\n%s", human)
	}
	p.refuse("The member act of a fault says what happens", "fault", "add", `{"act":{}}`)
	p.refuse(`This is not a fault: there is no member "wrong".`, "fault", "add", `{"act":{"status":500},"wrong":1}`)
	p.refuse("no resource type", "fault", "add", `{"match":{"types":["Usr"]},"act":{"status":500}}`)
	p.refuse("has a fault once already", "fault", "add", `{"id":"once","act":{"status":500}}`)
	p.refuse("has no fault", "fault", "remove", "nothing")
	p.refuse("There is no ready set", "fault", "add", "--ready", "nothing")
	p.refuse("needs one rule", "fault", "add")
	seeded := filepath.Join(p.dir, "seed.yaml")
	seed := func(text string) {
		t.Helper()
		if err := os.WriteFile(seeded, []byte("version: 1\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	seed("Users:\n  - {userName: ada}\nfaults:\n  - {match: {types: [Usr]}, act: {status: 500}}\n")
	if _, stderr, code := p.run("seed", "apply", seeded); code == 0 || !strings.Contains(stderr, "no resource type") {
		t.Errorf("seeded with a fault of a type that there is not: %s", stderr)
	}
	seed("faults:\n  - {ready: throttling}\n  - {id: gateway, act: {status: 502, body: bad}}\n")
	if _, stderr, code := p.run("seed", "apply", seeded); code != 0 {
		t.Fatal(stderr)
	}
	is(502)
	p.succeed(&list, "fault", "list")
	if len(list) != 2 || list[0].ID != "throttling" || list[1].Hits != 1 {
		t.Errorf("seeded %+v", list)
	}
	var gone map[string]string
	p.succeed(&gone, "fault", "clear")
	is(200)
	stdout, stderr := s.interrupt(terminate)
	if strings.Contains(stdout+stderr, "level=ERROR") || !strings.Contains(stderr, "fault=once") {
		t.Errorf("the log is:\n%s", stderr)
	}
	p.refuse("none runs here", "fault", "list")
}
