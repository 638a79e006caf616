package provision_test

import (
	"testing"

	"github.com/scimd/scimd/test/provision"
)

type object = map[string]any

// Some of what providers send contradicts the RFCs. The tenant's profile takes
// it; the other one says what is wrong, and a job of Entra against it has to be
// Plain.
func TestWhatAServerByTheLetterRefuses(t *testing.T) {
	const (
		user  = "urn:ietf:params:scim:schemas:core:2.0:User"
		group = "urn:ietf:params:scim:schemas:core:2.0:Group"
	)
	patch := func(operation object) object {
		return object{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": []object{operation}}
	}
	for _, c := range []struct {
		name, method, target string
		body                 object
		tenant, letter       int
		scimType             string
	}{
		{"replace through a selector that matches nothing", "PATCH", "/Users/",
			patch(object{"op": "Replace", "path": `phoneNumbers[type eq "mobile"].value`, "value": "1"}), 200, 400, "noTarget"},
		{"text for a list of roles (Q-31)", "PATCH", "/Users/",
			patch(object{"op": "Add", "path": "roles", "value": "Reader"}), 200, 400, "invalidValue"},
		{"one object for the list of members", "POST", "/Groups",
			object{"schemas": []string{group}, "displayName": "One", "members": object{"value": "nobody"}}, 404, 400, "invalidValue"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for profile, status := range map[string]int{"cyberark": c.tenant, "rfc7644": c.letter} {
				client := provision.NewClient(start(t, profile, ""), token, nil)
				a, err := client.Do(t.Context(), "POST", "/Users", object{"schemas": []string{user}, "userName": "ada"}, 201)
				must(t, err)
				target := c.target
				if target == "/Users/" {
					target += a.Body["id"].(string)
				}
				a, err = client.Do(t.Context(), c.method, target, c.body, status)
				must(t, err)
				if got := a.Body["scimType"]; status == 400 && got != c.scimType {
					t.Errorf("%s: scimType %v, want %s", profile, got, c.scimType)
				}
			}
		})
	}
}
