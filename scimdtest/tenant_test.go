package scimdtest_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/scimd/scimd/scimdtest"
)

func TestSharedTenantsShareNothingButTheServer(t *testing.T) {
	t.Parallel()
	a := scimdtest.Shared(t)
	b := scimdtest.Shared(t, scimdtest.Profile("rfc7644"), scimdtest.Set("maxResults", "7"))
	c := b.Tenant(t)
	host := func(s *scimdtest.Server) string { return s.URL[:strings.Index(s.URL, "/tenants/")] }
	if host(a) != host(b) || host(b) != host(c) || a.URL == b.URL || b.URL == c.URL {
		t.Errorf("%s, %s, %s", a.URL, b.URL, c.URL)
	}
	user := create(t, a, "ada")
	if n, m, k := users(t, a), users(t, b), users(t, c); n != 1 || m != 0 || k != 0 {
		t.Errorf("%d, %d and %d users, want 1, 0 and 0", n, m, k)
	}
	if code, _ := call(t, b, "GET", "/Users/"+user["id"].(string), ""); code != http.StatusNotFound {
		t.Errorf("the user of one is in the other: %d", code)
	}
	if status(t, b.URL+"/Users", a.Token) != http.StatusUnauthorized || status(t, b.URL+"/Users", b.Token) != http.StatusOK {
		t.Error("the token of one opens the other")
	}
	for s, want := range map[*scimdtest.Server]float64{a: 1000, b: 7, c: 1000} {
		_, config := call(t, s, "GET", "/ServiceProviderConfig", "")
		if got := config["filter"].(map[string]any)["maxResults"]; got != want {
			t.Errorf("maxResults %v, want %v", got, want)
		}
	}
	b.Fault(t, scimdtest.On{}, scimdtest.Status(503))
	if code, _ := call(t, b, "GET", "/Users", ""); code != 503 || users(t, a) != 1 {
		t.Errorf("the fault of one: %d", code)
	}
}

func TestATenantIsGoneWhenItsTestEnds(t *testing.T) {
	t.Parallel()
	s := scimdtest.New(t)
	var url, token string
	ended := within(func(t testing.TB) {
		tenant := s.Tenant(t)
		url, token = tenant.URL, tenant.Token
		create(t, tenant, "ada")
	})
	if code := status(t, url+"/Users", token); ended.failed != "" || code != http.StatusNotFound {
		t.Errorf("%d, %s", code, ended.failed)
	}
	create(t, s, "ada")
}

func TestTenantsTakeProfilesFromFiles(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "team.json")
	if err := os.WriteFile(file, []byte(`{"name":"team","extends":"rfc7644","switches":{"maxResults":5}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, config := call(t, scimdtest.Shared(t, scimdtest.Profile(file)), "GET", "/ServiceProviderConfig", "")
	if got := config["filter"].(map[string]any)["maxResults"]; got != 5.0 {
		t.Errorf("maxResults %v, want 5", got)
	}
}

func TestAWrongOptionOfATenantFailsTheTestWithItsReason(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]scimdtest.Option{
		`no profile "cyberarc"`: scimdtest.Profile("cyberarc"),
		`no switch "maxResult"`: scimdtest.Set("maxResult", "7"),
		"are for New":           scimdtest.Token("open-sesame"),
		"Verbose are for New":   scimdtest.Verbose(),
		"nowhere.yaml":          scimdtest.Seed("nowhere.yaml"),
	} {
		if ended := within(func(t testing.TB) { scimdtest.Shared(t, o) }); !strings.Contains(ended.failed, want) || strings.Contains(ended.failed, "sesame") {
			t.Errorf("want %q, got %q", want, ended.failed)
		}
	}
}

func TestThirtyTenantsAreInUseAtOnce(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() {
			ended := within(func(t testing.TB) {
				s := scimdtest.Shared(t)
				for n := range 3 {
					create(t, s, fmt.Sprintf("user-%d-%d", i, n))
				}
				if n := users(t, s); n != 3 {
					t.Errorf("%d users, want 3", n)
				}
				s.Expect(t, scimdtest.Filter{Operation: scimdtest.Create, Status: 201}, 3)
			})
			if ended.failed != "" {
				t.Error(ended.failed)
			}
		})
	}
	all.Wait()
}

// One round is the whole life of a tenant with one request.
func BenchmarkShared(b *testing.B) {
	scimdtest.Shared(b) // the server stays
	for b.Loop() {
		ended := within(func(t testing.TB) { users(t, scimdtest.Shared(t)) })
		if ended.failed != "" {
			b.Fatal(ended.failed)
		}
	}
}
