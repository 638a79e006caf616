package scimdtest_test

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"strings"
	"testing"

	"github.com/scimd/scimd/scimdtest"
)

func Example() {
	// In your tests, t is the *testing.T of the test.
	within(func(t testing.TB) {
		s := scimdtest.New(t, scimdtest.Profile("cyberark"), scimdtest.Set("maxResults", "200"))

		created, err := s.Client().Post(s.URL+"/Users", "application/scim+json", strings.NewReader(
			`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@corp.example"}`))
		if err != nil {
			log.Fatal(err)
		}
		defer func() { _ = created.Body.Close() }()

		var user struct{ UserName, DisplayName string }
		if err := json.NewDecoder(created.Body).Decode(&user); err != nil {
			log.Fatal(err)
		}
		fmt.Println(created.StatusCode == http.StatusCreated, user.UserName, user.DisplayName)
	})
	// Output: true ada@corp.example ada
}
