package scimdtest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/scimd/scimd/scimdtest"
)

func TestWhatHasNoMethodIsAskedOfTheControlAPI(t *testing.T) {
	t.Parallel()
	s := scimdtest.Shared(t)
	var reader struct{ Token string }
	if err := json.Unmarshal(s.Control(t, "POST", "/tokens", `{"name":"reader","rights":"users:read"}`), &reader); err != nil {
		t.Fatal(err)
	}
	for method, want := range map[string]int{"GET": 200, "POST": 403} {
		req, err := http.NewRequest(method, s.URL+"/Users", strings.NewReader(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+reader.Token)
		req.Header.Set("Content-Type", "application/scim+json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s with the token is answered %d", method, resp.StatusCode)
		}
	}
	s.Control(t, "DELETE", "tokens/reader", "")
	var me struct{ Name string }
	if err := json.Unmarshal(s.Control(t, "GET", "", ""), &me); err != nil || me.Name == "" {
		t.Errorf("%v: %+v", err, me)
	}
	other := within(func(tb testing.TB) { s.Control(tb, "GET", "/../default", "") })
	wrong := within(func(tb testing.TB) { s.Control(tb, "POST", "/tokens", `{}`) })
	if !strings.Contains(other.failed, "404") || !strings.Contains(wrong.failed, "400: The body is not a token request: it has no member rights.") {
		t.Errorf("%q, %q", other.failed, wrong.failed)
	}
}
