package app_test

import (
	"context"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/journal"
	"github.com/scimd/scimd/internal/scimerr"
)

// kept is how many requests to a tenant are in its journal.
func kept(c app.Config, tenant string) (n int, err error) {
	m, closeIt, err := app.Look(context.Background(), c)
	if err != nil {
		return 0, err
	}
	defer func() { _ = closeIt() }()
	page, err := m.Journal(context.Background(), tenant, journal.Query{})
	if err != nil {
		return 0, err
	}
	return len(page.Entries), nil
}

func TestAJournalIsKeptWhereTestsAreAndElsewhereOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*app.Config)
		want   int // entries after two requests, -1 for no journal
	}{
		"ephemeral":          {func(c *app.Config) { c.Ephemeral = true }, 2},
		"kept":               {func(*app.Config) {}, -1},
		"kept, asked for":    {func(c *app.Config) { c.JournalEntries = 5 }, 2},
		"ephemeral, none":    {func(c *app.Config) { c.Ephemeral, c.JournalEntries = true, 0 }, -1},
		"one entry":          {func(c *app.Config) { c.JournalEntries = 1 }, 1},
		"no byte to keep it": {func(c *app.Config) { c.Ephemeral, c.JournalBytes = true, 1 }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config(t)
			tc.change(&c)
			s, _ := start(t, c)
			for range 2 {
				if code := status(t, s.BaseURL(), s.Token()); code != 200 {
					t.Fatal(code)
				}
			}
			n, err := kept(c, "default")
			switch {
			case tc.want >= 0 && (err != nil || n != tc.want):
				t.Errorf("%d entries, %v, want %d", n, err, tc.want)
			case tc.want < 0 && (!scimerr.Is(err, 409) || !strings.Contains(err.Error(), "keeps no journal")):
				t.Errorf("%v", err)
			}
			if c.Ephemeral {
				return
			}
			stop(t, s)
			if _, err := kept(c, "default"); !scimerr.Is(err, 409) || !strings.Contains(err.Error(), "none runs here") {
				t.Errorf("without a server: %v", err)
			}
		})
	}
}

// A journal outlives a change of its tenant, is not that of another, and goes with
// its tenant.
func TestAJournalIsThatOfItsTenant(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	c := config(t)
	c.Ephemeral = true
	s, _ := start(t, c)
	m, closeIt, err := app.Manage(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = closeIt() }()
	made, err := m.CreateTenant(ctx, control.NewTenant{Name: "blue"})
	if err != nil {
		t.Fatal(err)
	}
	base := strings.Replace(s.BaseURL(), "/scim/v2", "/tenants/blue/scim/v2", 1)
	if code := status(t, base, made.FirstToken.Text); code != 200 {
		t.Fatal(code)
	}
	if _, err := m.UpdateTenant(ctx, "blue", control.TenantChange{Switches: map[string]string{"maxResults": "7"}}); err != nil {
		t.Fatal(err)
	}
	if code := status(t, base, made.FirstToken.Text); code != 200 {
		t.Fatal(code)
	}
	if n, err := kept(c, "blue"); err != nil || n != 2 {
		t.Errorf("%d entries, %v", n, err)
	}
	if n, err := kept(c, "default"); err != nil || n != 0 {
		t.Errorf("%d entries of another tenant, %v", n, err)
	}
	if err := m.DeleteTenant(ctx, "blue"); err != nil {
		t.Fatal(err)
	}
	if _, err := kept(c, "blue"); !scimerr.Is(err, 404) {
		t.Errorf("of a deleted tenant: %v", err)
	}
	if _, err := m.CreateTenant(ctx, control.NewTenant{Name: "blue"}); err != nil {
		t.Fatal(err)
	}
	if n, err := kept(c, "blue"); err != nil || n != 0 {
		t.Errorf("a new tenant of the same name begins with %d entries, %v", n, err)
	}
}
