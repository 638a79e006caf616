package server_test

import (
	"os"
	"strings"
	"testing"
)

// failure is a refusal that the guides show by its detail.
type failure struct {
	holds, on string
	send      func(c *client) *answer
	status    int
	scimType  string
	detail    string // up to the first thing that varies
	at        string // in the log line
}

var failures = []failure{
	{holds: "a wrong base URL is told the right one", status: 404, detail: "There is no SCIM endpoint here: the base URL is ",
		send: func(c *client) *answer { return c.root("GET", "/Users?filter=userName+eq+%22a%22", "") }},
	{holds: "a user that is there already", status: 409, scimType: "uniqueness", detail: "The value of userName is already in use by another resource.", at: "userName",
		send: func(c *client) *answer {
			c.user(ada)
			return c.do("POST", "/Users", userBody(`"userName":"ADA"`))
		}},
	{holds: "a user without a name", status: 400, scimType: "invalidValue", detail: "userName is required and must not be empty.", at: "userName",
		send: func(c *client) *answer { return c.do("POST", "/Users", userBody(`"userName":""`)) }},
	{holds: "a mapping to an attribute that is not there", status: 400, scimType: "invalidPath", detail: `"badge" is no attribute of User.`, at: "unknown name",
		send: func(c *client) *answer { return c.patch(c.user(ada), add("badge", `"1"`)) }},
	{holds: "an expression for active that gives no boolean", status: 400, scimType: "invalidValue", detail: "active must be a boolean.", at: "active",
		send: func(c *client) *answer { return c.patch(c.user(ada), replace("active", `"maybe"`)) }},
	{holds: "a selector without a match", on: rfc7644, status: 400, scimType: "noTarget", detail: "No element of emails matches the filter in the path.", at: "emails",
		send: func(c *client) *answer { return c.patch(c.user(ada), replace(`emails[type eq "work"].value`, `"a@x"`)) }},
	{holds: "two primaries", on: rfc7644, status: 400, scimType: "invalidValue", detail: "Only one element of emails can be primary.", at: "emails",
		send: func(c *client) *answer {
			return c.do("POST", "/Users", userBody(ada+`,"emails":[{"value":"1@x","primary":true},{"value":"2@x","primary":true}]`))
		}},
	{holds: "a group that is there already", status: 409, scimType: "uniqueness", detail: "The value of displayName is already in use", at: "displayName",
		send: func(c *client) *answer {
			c.group("Crew")
			return c.do("POST", "/Groups", groupBody("crew"))
		}},
	{holds: "a member that is not there", on: cyberark, status: 404, detail: "Member not found",
		send: func(c *client) *answer { return c.patchGroup(c.group("Crew"), add("members", memberList("nobody"))) }},
}

// failureRows show that each refusal is as the guides say, in the answer and in
// the log.
func failureRows() []row {
	rows := make([]row, len(failures))
	for i, f := range failures {
		rows[i] = row{holds: f.holds, on: f.on, show: func(c *client) {
			f.send(c).refused(f.status, f.scimType).mentions(f.detail)
			log := c.site.log.String()
			line := log[strings.LastIndex(strings.TrimSpace(log), "\n")+1:]
			if want := `"at":` + quoted(f.at); f.at != "" && !strings.Contains(line, want) {
				c.Errorf("the log line has no %s: %s", want, line)
			}
		}}
	}
	return rows
}

func TestTheGuidesShowEachFailure(t *testing.T) {
	t.Parallel()
	var guides strings.Builder
	for _, name := range []string{"entra-id", "okta", "onelogin", "jumpcloud", "pingone"} {
		page, err := os.ReadFile("../../docs/" + name + ".md")
		if err != nil {
			t.Fatal(err)
		}
		guides.Write(page)
	}
	for _, f := range failures {
		shown := strings.ReplaceAll(f.detail, "of emails matches", "of … matches")
		if !strings.Contains(guides.String(), shown) {
			t.Errorf("no guide shows %q", shown)
		}
	}
}
