package scimdtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/scimdtest"
)

// provision stands for what is tested: it makes a user, at the second attempt if need be.
func provision(client *http.Client, base, userName string) error {
	user := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"` + userName + `"}`
	for range 2 {
		resp, err := client.Post(base+"/Users", "application/scim+json", strings.NewReader(user))
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusCreated {
			return nil
		}
	}
	return fmt.Errorf("%s was not made", userName)
}

func Example() {
	// In your tests, t is the *testing.T of the test.
	within(func(t testing.TB) {
		s := scimdtest.New(t, scimdtest.Seed("sample:small"))
		s.Fault(t, scimdtest.On{Operation: scimdtest.Create, Times: 1}, scimdtest.Status(503))
		if err := provision(s.Client(), s.URL, "ada@corp.example"); err != nil {
			t.Fatalf("%v", err)
		}
		for _, e := range s.WaitFor(t, scimdtest.Filter{Operation: scimdtest.Create}, 2, time.Second) {
			fmt.Println(e.Method, e.Path, e.Status)
		}
	})
	// Output:
	// POST /scim/v2/Users 503
	// POST /scim/v2/Users 201
}
