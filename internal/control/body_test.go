package control_test

import (
	"log/slog"
	"strings"
	"testing"
)

func TestARefusedBodyIsToldOfInPlainWords(t *testing.T) {
	t.Parallel()
	h := newHouse(t, views["direct"])
	const tokens = "/_scimd/tenants/default/tokens"
	for body, want := range map[string]string{
		`{}`:                                 `The body is not a token request: it has no member rights.`,
		`{"rights":null}`:                    `The body is not a token request: it has no member rights.`,
		`{"rights":7}`:                       `The body is not a token request: the member rights cannot be a JSON number.`,
		`{"rights":"all","hosts":[]}`:        `The body is not a token request: there is no member "hosts".`,
		`{"rights":"all","expires":"2h"}`:    `The body is not a token request: there is no time in it such as "2030-12-31T12:00:00Z" where there should be one, but 2h.`,
		`{"RIGHTS":"all","expires":"never"}`: `The body is not a token request: there is no time in it such as "2030-12-31T12:00:00Z" where there should be one, but never.`,
		`{"expires":5}`:                      `The body is not a tenant: the member expires cannot be a JSON number.`,
		`{"expiresAt":5}`:                    `The body is not a tenant: there is a time in it that is no JSON string.`,
		`{"act":{"status":500},"Act":{}}`:    `The body is not a fault: The member "Act" occurs twice in one object, the second time at byte 22; letter case does not tell names apart.`,
		`{"act":{"status":500},"wrong":1}`:   `The body is not a fault: there is no member "wrong".`,
	} {
		at := tokens
		if strings.Contains(want, "not a tenant") {
			at = "/_scimd/tenants"
		} else if strings.Contains(want, "not a fault") {
			at = "/_scimd/tenants/default/faults"
		}
		if w, answer := ask(h.Service, slog.New(slog.DiscardHandler), "POST", at, body); w.Code != 400 || answer["detail"] != want {
			t.Errorf("%s: %d %s, want %s", body, w.Code, w.Body, want)
		}
	}
}
