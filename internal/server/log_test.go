package server_test

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
)

// logged finds the log line of an answer; the line comes after the answer.
func (c *client) logged(a *answer) map[string]any {
	c.Helper()
	id := a.header.Get("X-Request-Id")
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		for line := range strings.Lines(c.site.log.String()) {
			var got map[string]any
			if err := json.Unmarshal([]byte(line), &got); err != nil {
				c.Fatalf("log line %q: %v", line, err)
			}
			if got["id"] == id {
				return got
			}
		}
	}
	c.Fatalf("no log line for %s", a.request)
	return nil
}

// logRows are about the one line of a request.
var logRows = []row{
	{holds: "R7644-7.5.2-02 a line has the route's pattern, the tenant and the token's name", show: func(c *client) {
		id := c.user(ada)
		for _, x := range []struct {
			a     *answer
			route string
		}{
			{c.get(id), "/scim/Users/{id}"},
			{c.root("GET", "/SCIM/users/"+id, ""), "/scim/Users/{id}"},
			{c.do("GET", "/Users", ""), "/scim/Users"},
			{c.do("POST", "/Users/.search", searchBody(`"count":1`)), "/scim/Users/.search"},
			{c.do("GET", "/Schemas/User", ""), "/scim/Schemas/{id}"},
		} {
			line := c.logged(x.a)
			if line["route"] != x.route || line["tenant"] != c.site.tenant.Name || line["token"] != "all-rights" || line["status"] != 200.0 || line["level"] != "INFO" {
				c.Errorf("%s: %v", x.a.request, line)
			}
			if took, ok := line["duration"].(float64); !ok || took <= 0 {
				c.Errorf("duration %v", line["duration"])
			}
		}
		if line := c.logged(c.root("GET", "/else/where", "")); line["status"] != 404.0 || line["route"] != "" {
			c.Errorf("%v", line)
		}
	}},
	{holds: "R7644-7.5.2-02 R7643-4.1.1-05 R6750-5-01 no line has a value that a client sent", show: func(c *client) {
		id := c.user(`"userName":"topsecret-name","password":"topsecret-pass"`)
		c.do("POST", "/Users", userBody(`"userName":"TOPSECRET-name"`)).is(409)
		c.query("/Users", "filter", `userName eq "topsecret-name"`)
		c.query("/Users", "filter", `title eq 5 or userName eq "topsecret"`).is(400)
		c.query("/Users", "filter", `userName topsecret "x"`).is(400)
		c.do("GET", "/topsecret/topsecret", "")
		c.do("GET", "/Users/topsecret", "").is(404)
		c.do("TOPSECRET", "/Users", "").is(405)
		c.patch(id, replace("active", `"topsecret"`)).is(400)
		c.do("GET", "/Users", "", "User-Agent: topsecret", "X-Request-Id: topsecret").is(200)
		c.do("GET", "/Users", "", "Authorization: -", "Authorization: Bearer topsecret").is(401)
		last := c.do("GET", "/Users/"+id, "")
		c.logged(last)
		for _, hidden := range []string{"topsecret", id, allRights} {
			if log := c.site.log.String(); strings.Contains(strings.ToLower(log), strings.ToLower(hidden)) {
				c.Errorf("the log has %q: %s", hidden, log)
			}
		}
	}},
	{holds: "an error's line has scimType and the attribute or place at fault", show: func(c *client) {
		id := c.user(ada)
		for _, x := range []struct {
			a            *answer
			scimType, at string
		}{
			{c.do("POST", "/Users", userBody(ada)), "uniqueness", "userName"},
			{c.do("POST", "/Users", userBody(`"title":"t"`)), "invalidValue", "userName"},
			{c.patch(id, replace("active", `"x"`)), "invalidValue", "active"},
			{c.patch(id, replace("bogus", `"x"`)), "invalidPath", scimerr.UnknownName},
			{c.query("/Users", "filter", `active gt true`), "invalidFilter", "active"},
			{c.query("/Users", "count", "x"), "invalidValue", "count"},
		} {
			if line := c.logged(x.a); line["scimType"] != x.scimType || line["at"] != x.at {
				c.Errorf("%s: %v", x.a.request, line)
			}
		}
	}},
	{holds: "idp-clients the client's family is told by its agent or its query", show: func(c *client) {
		for agent, family := range map[string]string{
			"Okta SCIM Client 1.0.0": "okta", "OneLogin-SCIM": "onelogin", "JumpCloud-SCIM-Client": "jumpcloud", "PingFederate/12": "pingone",
			"SailPoint": "sailpoint", "goauthentik.io/2024": "authentik", "Azure AD SCIM": "entra", "curl/8.5.0": "curl", "Go-http-client/1.1": "go",
			"python-requests/2.31": "python", "axios/1.6": "node", "Mozilla/5.0 (Ada)": "other",
		} {
			if line := c.logged(c.do("GET", "/Users", "", "User-Agent: "+agent)); line["client"] != family {
				c.Errorf("%s is %v", agent, line["client"])
			}
		}
		if line := c.logged(c.do("GET", "/Users?aadOptscim062020", "")); line["client"] != "entra" {
			c.Errorf("%v", line)
		}
	}},
	{holds: "each request has one line, refused ones too", show: func(c *client) {
		before := strings.Count(c.site.log.String(), "\n")
		c.do("GET", "/Users", "")
		c.do("GET", "/Users?filter="+strings.Repeat("x", 9000), "").is(414)
		c.do("PUT", "/Users", "").is(405)
		c.logged(c.root("GET", "/healthz", ""))
		if n := strings.Count(c.site.log.String(), "\n") - before; n != 4 {
			c.Errorf("%d lines: %s", n, c.site.log)
		}
	}},
}
