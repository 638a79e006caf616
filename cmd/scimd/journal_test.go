package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/journal"
	"github.com/scimd/scimd/internal/journal/hartest"
)

// entries runs a command that prints entries.
func (p *place) entries(code int, args ...string) []journal.Entry {
	p.t.Helper()
	stdout, stderr, got := p.run(append([]string{"journal"}, args...)...)
	if got != code {
		p.t.Fatalf("scimd journal %q: exit code %d: %s", args, got, stderr)
	}
	var list []journal.Entry
	for line := range strings.Lines(stdout) {
		var e journal.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			p.t.Fatalf("%q: %v", line, err)
		}
		list = append(list, e)
	}
	return list
}

func TestCommandsShowWhatATenantHasReceived(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.serve("--journal-entries", "10", "--control-addr", "none")
	var reader control.Token
	p.succeed(&reader, "token", "create", "--name", "reader", "--rights", "read")
	s.request("POST", "/Users", s.Token, `{"userName":"ada","password":"geheim-77"}`)
	var mark journal.Mark
	p.succeed(&mark, "journal", "mark", "here")
	s.request("GET", "/Users", reader.Text, "")
	s.request("DELETE", "/Users/x", reader.Text, "")
	if list := p.entries(0, "list", "--json"); len(list) != 3 || mark.Number != 1 || string(list[0].Body.JSON) != `{"userName":"ada","password":"***"}` {
		t.Errorf("%+v after mark %+v", list, mark)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"list", "--json", "--since", "here"}, 0, "2,3"},
		{[]string{"list", "--json", "--limit", "1"}, 0, "1"},
		{[]string{"tail", "--json", "--lines", "1"}, 0, "3"},
		{[]string{"list", "--json", "--of", "reader", "--status", "4xx"}, 0, "3"},
		{[]string{"wait", "--json", "--operation", "list"}, 0, "2"},
		{[]string{"wait", "--json", "--operation", "list", "--count", "2", "--timeout", "10ms"}, 1, "2"},
	} {
		var got []string
		for _, e := range p.entries(c.code, c.args...) {
			got = append(got, string(rune('0'+e.Number)))
		}
		if text := strings.Join(got, ","); text != c.want {
			t.Errorf("journal %q: %s, want %s", c.args, text, c.want)
		}
	}
	line, _, _ := p.run("journal", "tail", "--lines", "1")
	if !strings.HasPrefix(line, "3  ") || !strings.Contains(line, "403  DELETE /scim/v2/Users/x") || !strings.Contains(line, "insufficient_scope") {
		t.Errorf("a line is %q", line)
	}
	var e journal.Entry
	text, _, _ := p.run("journal", "show", "1")
	if err := json.Unmarshal([]byte(text), &e); err != nil || e.Status != 201 {
		t.Errorf("%s: %v", text, err)
	}
	var har journal.HAR
	text, _, _ = p.run("journal", "export", "--method", "POST")
	if err := json.Unmarshal([]byte(text), &har); err != nil || len(har.Log.Entries) != 1 {
		t.Errorf("%s: %v", text, err)
	}
	hartest.Check(t, []byte(text))
	var cleared control.Cleared
	p.succeed(&cleared, "journal", "clear", "--of", "reader")
	if list := p.entries(0, "list", "--json"); len(list) != 1 || cleared.Cleared != 2 {
		t.Errorf("%+v are left of %+v", list, cleared)
	}
	p.refuse("no entry 2", "journal", "show", "2")
	p.refuse("number of a request", "journal", "show")
	p.refuse("There is no tenant blue", "journal", "list", "--tenant", "blue")
}
