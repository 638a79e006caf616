package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/clock"
	"github.com/scimd/scimd/internal/control"
)

// answers are the bodies of requests to a tenant, without what tells its name.
func (s *process) answers(tenant, token string, requests ...[3]string) string {
	s.t.Helper()
	var all strings.Builder
	for _, r := range requests {
		req, err := http.NewRequest(r[0], s.at(tenant).BaseURL+r[1], strings.NewReader(r[2]))
		if err != nil {
			s.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/scim+json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			s.t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			s.t.Fatal(err)
		}
		all.WriteString(res.Status + strings.ReplaceAll(string(body), "/"+tenant+"/", "/tenant/") + "\n")
	}
	return all.String()
}

func TestTenantsWithOneSeedAndOneTimeAnswerAlike(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "SCIMD_EPHEMERAL=true")
	s := p.serve()
	var answers []string
	for _, tenant := range []string{"blue", "green"} {
		var made control.MadeTenant
		p.succeed(&made, "tenant", "create", tenant)
		var now clock.Setting
		p.succeed(&now, "clock", "freeze", "2031-05-06T07:08:09Z", "--tenant", tenant)
		if now.Mode != clock.Fixed || now.Real {
			t.Errorf("clock %+v", now)
		}
		var ids control.IDSeed
		p.succeed(&ids, "ids", "seed", "s", "--tenant", tenant)
		answers = append(answers, s.answers(tenant, made.FirstToken.Text,
			[3]string{"POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada"}`},
			[3]string{"POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"bob"}`},
			[3]string{"POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"all"}`},
			[3]string{"POST", "/Containers?excludedAttributes=owner", `{"schemas":["urn:ietf:params:scim:schemas:pam:1.0:Container"],"name":"S"}`},
			[3]string{"POST", "/PrivilegedData", account("a1", "pass-word")},
			[3]string{"GET", "/Users", ""}, [3]string{"GET", "/Groups", ""}, [3]string{"GET", "/PrivilegedData", ""},
		))
		p.succeed(&ids, "ids", "show", "--tenant", tenant)
		if ids.Seed != "s" || ids.Made["User"] != 2 || ids.Made["Group"] != 1 {
			t.Errorf("ids %+v", ids)
		}
		var random control.IDSeed
		p.succeed(&random, "ids", "random", "--tenant", tenant)
		if random.Seed != "" || random.Made != nil {
			t.Errorf("ids %+v", random)
		}
	}
	if answers[0] != answers[1] || strings.Count(answers[0], "201 Created") != 5 || strings.Contains(answers[0], "400 Bad") {
		t.Errorf("the answers differ, or are refusals:\n%s\n%s", answers[0], answers[1])
	}
}

func TestATokenEndsWithoutWaiting(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.serve()
	var app control.Application
	p.succeed(&app, "app", "create", "app")
	token := obtain(t, app)
	is := func(want int) {
		t.Helper()
		if got := s.request("GET", "/Users", token, ""); got != want {
			t.Errorf("status %d, want %d", got, want)
		}
	}
	is(200)
	var now clock.Setting
	p.succeed(&now, "clock", "advance", "18001s")
	is(401)
	if _, stderr, code := p.run("clock", "advance", "--", "-1h"); code != 0 {
		t.Fatal(stderr)
	}
	is(200)
	p.succeed(&now, "clock", "step", "1s", "2031-05-06")
	if now.Mode != clock.Stepped {
		t.Errorf("clock %+v", now)
	}
	is(401)
	p.succeed(&now, "clock", "freeze", "2031-05-06T07:08:09Z")
	var made control.Token
	p.succeed(&made, "token", "create", "--expires", "12h")
	if want := now.Time.Add(12 * time.Hour); !made.Expires.Equal(want) {
		t.Errorf("12h from the tenant's time is %v, want %v", made.Expires, want)
	}
	p.succeed(&now, "clock", "set", "2031-05-06T07:08:09Z")
	p.succeed(&now, "clock", "reset")
	if !now.Real {
		t.Errorf("clock %+v", now)
	}
	is(200)
	p.refuse("no duration", "clock", "advance", "soon")
	p.refuse("A clock says a time from", "clock", "set", "2300-01-01")
	p.refuse("There is no tenant nope", "clock", "show", "--tenant", "nope")
	human, _, _ := p.run("clock", "show")
	if !strings.Contains(human, "the clock of the machine") {
		t.Errorf("clock show prints %q", human)
	}
	s.interrupt(terminate)
	p.refuse("none runs here", "clock", "show")
	p.refuse("none runs here", "ids", "seed", "s")
}
