package auth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/scimerr"
)

func TestRightsHaveOneCanonicalText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"all":                                   "all",
		"read write":                            "all",
		"READ":                                  "read",
		"users:write, groups:write,vault:write": "write",
		"vault:read,users:read":                 "users:read,vault:read",
		"users:read,users:read":                 "users:read",
		"read,users:write":                      "users:read,users:write,groups:read,vault:read",
	} {
		r, err := auth.ParseRights(text)
		if err != nil || r.String() != want {
			t.Errorf("%q is %q, %v; want %q", text, r, err, want)
		}
	}
	for _, text := range []string{"", " , ", "users", "users:delete", "admin", "read;write"} {
		if r, err := auth.ParseRights(text); err == nil {
			t.Errorf("%q is taken as %q", text, r)
		}
	}
}

func TestEveryRightGuardsItsFamilyOnly(t *testing.T) {
	t.Parallel()
	for r := auth.Rights(1); r <= auth.All; r++ {
		back, err := auth.ParseRights(r.String())
		if err != nil || back != r {
			t.Fatalf("%d prints as %q, read back as %d, %v", r, r, back, err)
		}
		for i, family := range []string{"users", "groups", "vault"} {
			if got, want := r.Allows(family, false), r>>(2*i)&1 == 1; got != want {
				t.Errorf("%q reads %s: %v", r, family, got)
			}
			if got, want := r.Allows(family, true), r>>(2*i+1)&1 == 1; got != want {
				t.Errorf("%q writes %s: %v", r, family, got)
			}
		}
	}
	if auth.All.Allows("other", false) || auth.All.Allows("", true) {
		t.Error("an unknown family is allowed")
	}
}

func TestAMissingRightIsNamed(t *testing.T) {
	t.Parallel()
	if err := auth.Read.Require("users", false); err != nil {
		t.Fatal(err)
	}
	e := scimerr.From(auth.Read.Require("users", true)) // R6750-3.1-02
	if e.Status != http.StatusForbidden || !strings.Contains(e.Detail, "users:write") {
		t.Errorf("got %v, want 403 naming users:write", e)
	}
	if !strings.Contains(e.Challenge, `error="insufficient_scope"`) || !strings.HasSuffix(e.Challenge, `scope="users:write"`) {
		t.Errorf("challenge %q", e.Challenge)
	}
}

func FuzzParseRights(f *testing.F) {
	for _, s := range []string{"all", "read,write", "users:read vault:write", "x", ","} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := auth.ParseRights(text)
		if err != nil {
			return
		}
		if back, err := auth.ParseRights(r.String()); err != nil || back != r || r == 0 || r > auth.All {
			t.Fatalf("%q is %d, printed %q, read back as %d, %v", text, r, r, back, err)
		}
	})
}
