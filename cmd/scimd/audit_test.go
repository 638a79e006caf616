package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/audit"
	"github.com/scimd/scimd/internal/control"
)

// records runs a command that prints records.
func (p *place) records(args ...string) []audit.Record {
	p.t.Helper()
	stdout, stderr, code := p.run(append([]string{"audit"}, args...)...)
	if code != 0 || stderr != "" {
		p.t.Fatalf("scimd audit %q: exit code %d: %s", args, code, stderr)
	}
	return readRecords(p.t, stdout)
}

func readRecords(t *testing.T, text string) []audit.Record {
	t.Helper()
	var list []audit.Record
	for line := range strings.Lines(text) {
		var r audit.Record
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		list = append(list, r)
	}
	return list
}

// awaitRecords waits until records of a kind are there; what requests tell is
// written beside them.
func (p *place) awaitRecords(n int, is func(audit.Record) bool, args ...string) []audit.Record {
	p.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		list := slices.DeleteFunc(p.records(args...), func(r audit.Record) bool { return !is(r) })
		if len(list) >= n {
			return list
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%d records after 10 s, want %d: %+v", len(list), n, list)
		}
	}
}

func TestTheTrailTellsWhoDidWhatFromWhereAndHowItEnded(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, engines[name](t)...)
			s := p.serve("--audit-reads", "--trusted-proxies", "127.0.0.1", "--control-addr", "127.0.0.1:0")
			var reader control.Token
			p.succeed(&reader, "token", "create", "--name", "reader", "--rights", "read")
			var app control.Application
			p.succeed(&app, "app", "create", "Connector")
			p.succeed(new(control.MadeTenant), "tenant", "create", "blue")
			token := obtain(t, app)

			send := func(method, path, token, body string) (id string) {
				t.Helper()
				req, err := http.NewRequest(method, s.BaseURL+path, strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer "+token)
				req.Header.Set("Content-Type", "application/scim+json")
				req.Header.Set("X-Forwarded-For", "203.0.113.9, 198.51.100.7")
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = res.Body.Close() }()
				var got struct{ ID string }
				_ = json.NewDecoder(res.Body).Decode(&got) // of refusals it is not read
				return got.ID
			}
			const secret = "Geheim-Kanarie-1"
			id := send("POST", "/Users", token, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@`+secret+`","displayName":"`+secret+`"}`)
			send("PATCH", "/Users/"+id, token, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"displayName","value":"x`+secret+`"},{"op":"replace","path":"active","value":false}]}`)
			send("GET", "/Users/"+id, reader.Text, "")
			send("GET", "/Users?filter="+url.QueryEscape(`userName eq "`+secret+`"`), reader.Text, "")
			send("DELETE", "/Users/"+id, reader.Text, "")
			send("GET", "/Users/"+secret, secret, "")
			if _, err := http.Get(s.ControlURL + "/tenants"); err != nil {
				t.Fatal(err)
			}
			if _, err := http.PostForm(app.TokenURL, url.Values{"grant_type": {"client_credentials"}, "client_id": {app.ClientID}, "client_secret": {secret}}); err != nil {
				t.Fatal(err)
			}
			p.refuse("no active token", "token", "revoke", secret)
			p.succeed(new(control.Token), "token", "revoke", "reader")

			p.awaitRecords(1, func(r audit.Record) bool { return r.Action == "token.revoke" && r.Status == 0 }, "export")
			all := p.records("export")
			if !slices.IsSortedFunc(all, func(a, b audit.Record) int { return a.Time.Compare(b.Time) }) {
				t.Error("the records are not in order of time")
			}
			find := func(what string, want audit.Record) {
				t.Helper()
				n := 0
				for _, r := range all {
					if r.RequestID == "" && want.RequestID != "" || r.Time.IsZero() {
						continue
					}
					r.Time, r.RequestID = want.Time, want.RequestID
					if fmt.Sprintf("%+v", r) == fmt.Sprintf("%+v", want) {
						n++
					}
				}
				if n != 1 {
					t.Errorf("%s: %d records like %+v in\n%+v", what, n, want, all)
				}
			}
			by := audit.Actor{Kind: "service", ID: app.UserID, Display: app.ClientID}
			operator := audit.Actor{Kind: "operator"}
			service := audit.Actor(reader.Principal)
			const from, some = "198.51.100.7", "some"
			find("the creation", audit.Record{Tenant: "default", Category: "change", Action: "create", Outcome: "success", Actor: by, Credential: "Connector", Address: from, Resource: audit.Resource{Type: "User", ID: id, Version: 1}, RequestID: some})
			find("the change", audit.Record{Tenant: "default", Category: "change", Action: "patch", Outcome: "success", Actor: by, Credential: "Connector", Address: from, Resource: audit.Resource{Type: "User", ID: id, Version: 2}, Attributes: []string{"active", "displayName", "name"}, RequestID: some})
			find("the read", audit.Record{Tenant: "default", Category: "read", Action: "GET", Outcome: "success", Status: 200, Actor: service, Credential: "reader", Address: from, Resource: audit.Resource{Type: "User", ID: id}, RequestID: some})
			find("the list", audit.Record{Tenant: "default", Category: "read", Action: "GET", Outcome: "success", Status: 200, Actor: service, Credential: "reader", Address: from, Resource: audit.Resource{Type: "User"}, RequestID: some})
			find("the missing right", audit.Record{Tenant: "default", Category: "refusal", Action: "DELETE", Outcome: "refused", Status: 403, Code: "insufficient_scope", Actor: service, Credential: "reader", Address: from, Resource: audit.Resource{Type: "User", ID: id}, RequestID: some})
			find("the unknown token", audit.Record{Tenant: "default", Category: "refusal", Action: "GET", Outcome: "refused", Status: 401, Code: "invalid_token", Address: from, Resource: audit.Resource{Type: "User"}, RequestID: some})
			find("the sign-in", audit.Record{Tenant: "default", Category: "sign-in", Action: "token", Outcome: "success", Status: 200, Actor: by, Credential: "Connector", Address: "127.0.0.1", RequestID: some})
			find("the wrong secret", audit.Record{Tenant: "default", Category: "sign-in", Action: "token", Outcome: "refused", Status: 401, Code: "invalid_client", Credential: "Connector", Address: "127.0.0.1", RequestID: some})
			find("the token made", audit.Record{Tenant: "default", Category: "management", Action: "token.create", Outcome: "success", Actor: operator, Resource: audit.Resource{Type: "Token", ID: reader.ID}, RequestID: some})
			find("the token revoked", audit.Record{Tenant: "default", Category: "management", Action: "token.revoke", Outcome: "success", Actor: operator, Resource: audit.Resource{Type: "Token", ID: reader.ID}, RequestID: some})
			find("the token that is none", audit.Record{Tenant: "default", Category: "management", Action: "token.revoke", Outcome: "refused", Status: 404, Actor: operator, Resource: audit.Resource{Type: "Token"}, RequestID: some})
			find("the application", audit.Record{Tenant: "default", Category: "management", Action: "application.create", Outcome: "success", Actor: operator, Resource: audit.Resource{Type: "Application", ID: "Connector"}, RequestID: some})
			find("the tenant", audit.Record{Category: "management", Action: "tenant.create", Outcome: "success", Actor: operator, Resource: audit.Resource{Type: "Tenant", ID: "blue"}, RequestID: some})

			find("the stranger at the control API", audit.Record{Category: "refusal", Action: "control", Outcome: "refused", Status: 401, Address: "127.0.0.1", RequestID: some})

			for _, r := range p.records("export", "--tenant", "blue") {
				if r.Tenant != "blue" {
					t.Errorf("of the tenant blue: %+v", r)
				}
			}
			last := p.records("tail", "--lines", "3")
			if fmt.Sprint(last) != fmt.Sprint(all[len(all)-3:]) {
				t.Errorf("the newest are %+v, want %+v", last, all[len(all)-3:])
			}
			if got := p.records("export", "--until", "1d"); len(got) != 0 {
				t.Errorf("before yesterday: %+v", got)
			}
			if got := p.records("export", "--since", all[len(all)-2].Time.Format(time.RFC3339Nano)); len(got) != 2 {
				t.Errorf("since the last but one: %+v", got)
			}
			cef, _, code := p.run("audit", "export", "--format", "cef")
			if lines := strings.Count(cef, "\n"); code != 0 || lines != len(all) || strings.Count("\n"+cef, "\nCEF:0|scimd|scimd|") != lines {
				t.Errorf("exit code %d, %d lines of CEF for %d records:\n%s", code, lines, len(all), cef)
			}
			text, _, _ := p.run("audit", "export")
			for _, hidden := range []string{secret, token, reader.Text, app.ClientSecret, s.Token} {
				if strings.Contains(text, hidden) || strings.Contains(cef, hidden) {
					t.Errorf("%q is in the trail", hidden)
				}
			}
			p.refuse("no tenant nowhere", "audit", "export", "--tenant", "nowhere")
			p.refuse("json or cef", "audit", "tail", "--format", "xml")
			p.check(0)

			s.interrupt(terminate)
			p.succeed(new(control.Token), "token", "create", "--name", "alone")
			alone := p.records("export")
			if n := len(alone); n != len(all)+1 || alone[n-1].Action != "token.create" || alone[n-1].Resource.ID == "" {
				t.Errorf("without a server, %d records after %d: %+v", n, len(all), alone[n-1])
			}
		})
	}
}

func TestTheTrailIsFollowedUntilAnInterrupt(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.serve()
	cmd := p.command("audit", "tail", "--follow", "--lines", "0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := make(chan string, 16)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	for i := 0; ; i++ { // what comes before it has begun is not seen
		p.succeed(new(control.Token), "token", "create", "--name", fmt.Sprint("t", i))
		select {
		case line := <-lines:
			if r := readRecords(t, line); r[0].Action != "token.create" {
				t.Errorf("followed %+v", r)
			}
		case <-time.After(time.Second):
			if i < 20 {
				continue
			}
			t.Fatal("nothing is followed")
		}
		break
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for range lines {
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("an interrupt ends it with %v", err)
	}
}

func TestTheTrailKeepsNoMoreThanItMay(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.serve()
	for i := range 6 {
		s.request("POST", "/Users", s.Token, user(fmt.Sprint("u", i)))
		s.request("GET", "/Users", "wrong", "")
	}
	refused := func(r audit.Record) bool { return r.Category == "refusal" }
	p.awaitRecords(6, refused, "export")
	s.interrupt(terminate)
	s = p.serve("--audit-max-changes", "2", "--audit-max-rows", "3")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		list := p.records("export", "--tenant", "default")
		changes := slices.DeleteFunc(slices.Clone(list), func(r audit.Record) bool { return r.Category != "change" })
		if len(changes) == 2 && len(list) == 5 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d records, %d of them changes: %+v", len(list), len(changes), list)
		}
	}
	s.interrupt(terminate)
	s = p.serve("--audit-max-age", "1ns")
	for deadline := time.Now().Add(time.Minute); len(p.records("export")) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("what is old is kept")
		}
	}
	p.check(0)
	s.interrupt(terminate)
}
