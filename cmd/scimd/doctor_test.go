package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/doctor"
)

func TestDoctorTellsHowAServerIsByItsExitCode(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.serve()
	p.env = append(p.env, "SCIMD_TOKEN="+s.Token)
	var r doctor.Report
	p.succeed(&r, "doctor", s.BaseURL)
	if r.Status != doctor.OK || len(r.Checks) < 30 || r.URL != s.BaseURL {
		t.Errorf("%+v", r)
	}
	stdout, _, code := p.run("doctor", s.BaseURL, "--read-only")
	if code != 0 || !strings.Contains(stdout, "\nok    Entra ID: connection test ") || !strings.Contains(stdout, "\nleft out: Okta: create, ") {
		t.Errorf("exit code %d:\n%s", code, stdout)
	}
	stdout, stderr, code := p.run("doctor", s.BaseURL, "--token", "wrong")
	if code != 1 || stderr != "" || !strings.Contains(stdout, "\nfail  with the token ") || !strings.Contains(stdout, "checks are left out until that is mended\n") {
		t.Errorf("a wrong token: exit code %d, %s\n%s", code, stderr, stdout)
	}
	stdout, _, code = p.run("doctor", s.BaseURL, "--token", "wrong", "--json")
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != 1 || r.Status != doctor.Fail {
		t.Errorf("the same as JSON: %v, exit code %d\n%s", err, code, stdout)
	}
	for want, args := range map[string][]string{
		"base URL of one server": {"doctor"},
		"use a base URL such as": {"doctor", "scim.example.com"},
		"read the authority":     {"doctor", s.BaseURL, "--ca", "missing.pem"},
	} {
		p.refuse(want, args...)
		if _, _, code := p.run(args...); code != 2 {
			t.Errorf("%v: exit code %d", args, code)
		}
	}
}
