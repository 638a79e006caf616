package app_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/pgtest"
)

// asks sends a request below a tenant's prefix and gives the status of the answer.
func asks(t *testing.T, s *app.Server, method, tenant, token, body string) int {
	t.Helper()
	base := strings.TrimSuffix(s.BaseURL(), "/scim/v2")
	req, err := http.NewRequestWithContext(context.Background(), method, base+"/tenants/"+tenant+"/scim/v2/Users", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/scim+json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode
}

func TestTheFirstUseOfANameMakesATenantForWhoMayMakeIt(t *testing.T) {
	t.Parallel()
	const ada = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada"}`
	for engine, configure := range map[string]func(*app.Config){
		"sqlite": func(c *app.Config) { c.Ephemeral = true }, "postgres": func(c *app.Config) { c.DatabaseURL = pgtest.URL(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			cfg.Token, cfg.TenantsOnDemand = "own", true
			configure(&cfg)
			s, _ := start(t, cfg)
			for what, got := range map[string][2]int{
				"without a token":     {asks(t, s, "GET", "a", "", ""), 404},
				"with another":        {asks(t, s, "GET", "a", "other", ""), 404},
				"a name that is none": {asks(t, s, "GET", "a_b", "own", ""), 404},
				"the first use":       {asks(t, s, "POST", "b", "own", ada), 201},
				"of another name":     {asks(t, s, "POST", "c", "own", ada), 201},
				"another's name":      {asks(t, s, "GET", "d", "own", ""), 200},
			} {
				if got[0] != got[1] {
					t.Errorf("%s: %d, want %d", what, got[0], got[1])
				}
			}
			if got := asks(t, s, "POST", "b", "own", ada); got != 409 {
				t.Errorf("the second use: %d, want 409", got)
			}
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					if got := asks(t, s, "GET", "together", "own", ""); got != 200 {
						t.Errorf("with others: %d, want 200", got)
					}
				})
			}
			all.Wait()
			m := s.Control()
			if _, err := m.CreateTenant(t.Context(), control.NewTenant{Name: "made"}); err != nil {
				t.Fatal(err)
			}
			if got := asks(t, s, "GET", "made", "own", ""); got != 401 {
				t.Errorf("a tenant with a token of its own: %d, want 401", got)
			}
			if _, err := m.Reset(t.Context(), "b"); err != nil {
				t.Error(err)
			}
			if got := asks(t, s, "POST", "b", "own", ada); got != 201 {
				t.Errorf("after a reset: %d, want 201", got)
			}
			list, err := m.Tenants(t.Context())
			if err != nil || len(list) != 6 {
				t.Errorf("tenants %+v, %v", list, err)
			}
			for _, made := range list {
				want := 24 * time.Hour
				if made.Name == "default" || made.Name == "made" { // not by their use
					want = 0
				}
				if age := made.Expires.Sub(made.Created); age != want && !(want == 0 && made.Expires.IsZero()) {
					t.Errorf("%s is removed after %v, want %v", made.Name, age, want)
				}
			}
			if _, err := m.UpdateTenant(t.Context(), "b", control.TenantChange{Expires: "1ms"}); err != nil {
				t.Fatal(err)
			}
			again := 409
			for again == 409 { // until its time has come
				again = asks(t, s, "POST", "b", "own", ada)
			}
			if again != 201 {
				t.Errorf("the first use after it has expired: %d, want 201", again)
			}
			if found, err := m.Check(t.Context(), ""); err != nil || len(found.Findings) > 0 {
				t.Errorf("found %+v, %v", found, err)
			}
		})
	}
	t.Run("not asked for", func(t *testing.T) {
		t.Parallel()
		cfg := config(t)
		cfg.Token, cfg.Ephemeral = "own", true
		s, _ := start(t, cfg)
		if got := asks(t, s, "GET", "a", "own", ""); got != 404 {
			t.Errorf("status %d, want 404", got)
		}
		cfg.Token, cfg.TenantsOnDemand = "", true
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "needs token") {
			t.Errorf("without a token: %v", err)
		}
	})
}
