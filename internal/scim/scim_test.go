package scim

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/schemas"
)

var registry = sync.OnceValue(func() *schema.Registry {
	reg, err := schemas.Registry()
	if err != nil {
		panic(err)
	}
	return reg
})

// testTenant is a tenant with a built-in profile, changed by NAME=VALUE pairs.
func testTenant(t testing.TB, profile string, set ...string) *Tenant {
	t.Helper()
	p, err := LoadProfile(schemas.FS, profile)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(set); i += 2 {
		if err := p.Set(set[i], set[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	return &Tenant{
		ID: 1, Name: "default", Space: 1, Profile: p, Registry: registry(),
		Now:   func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		NewID: func(*schema.ResourceType) string { n++; return fmt.Sprintf("id-%d", n) },
	}
}

func parse(t testing.TB, text string) *resource.Members {
	t.Helper()
	v, err := resource.Parse([]byte(text), resource.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v.Members()
}

// sameJSON compares a tree with JSON text, member order aside.
func sameJSON(t testing.TB, got *resource.Members, want string) {
	t.Helper()
	text := resource.AppendJSON(nil, resource.Of(got))
	var g, w any
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("%s: %v", want, err)
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

// wantError checks status and scimType of a refusal, "" for none.
func wantError(t testing.TB, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		e := scimerr.From(err)
		got = fmt.Sprintf("%d %s", e.Status, e.Type)
		if e.Detail == "" {
			t.Errorf("%s has no detail", got)
		}
	}
	if got != want {
		t.Errorf("got error %q (%v), want %q", got, err, want)
	}
}

// wantClient checks that a refusal blames the client, not the server.
func wantClient(t testing.TB, err error) {
	t.Helper()
	if e := scimerr.From(err); e.Status >= 500 || e.Detail == "" {
		t.Errorf("got %v, want a 4xx with a detail", err)
	}
}
