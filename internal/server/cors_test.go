package server_test

import (
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/server"
)

// from is a server that lets scripts of these origins use it.
func (c *client) from(origins ...string) *client {
	return c.serve(func(cfg *server.Config) { cfg.CORSOrigins = origins })
}

// readable checks whether a script of the origin may read the answer: by that
// name, by * or, with "", not at all.
func (a *answer) readable(by string) *answer {
	a.c.Helper()
	if got := a.header.Get("Access-Control-Allow-Origin"); got != by {
		a.c.Errorf("%s: Access-Control-Allow-Origin %q, want %q", a.request, got, by)
	}
	if a.header.Get("Access-Control-Allow-Credentials") != "" {
		a.c.Errorf("%s: credentials are allowed", a.request)
	}
	return a
}

// preflight asks without a token, as a browser does before a request.
func (c *client) preflight(path, origin, method, headers string) *answer {
	c.Helper()
	ask := *c
	ask.token = ""
	given := []string{"Origin: " + origin, "Access-Control-Request-Method: " + method}
	if headers != "" {
		given = append(given, "Access-Control-Request-Headers: "+headers)
	}
	return ask.root("OPTIONS", path, "", given...)
}

// browserRows are about scripts that browsers run (Fetch standard, "CORS
// protocol").
var browserRows = []row{
	{holds: "a preflight is answered without a token, with the methods of the path", show: func(c *client) {
		const app = "https://app.example"
		c = c.from(app, "https://*.apps.example:8443")
		id := c.user(ada)
		for path, methods := range map[string]string{
			"/scim/v2/Users": "GET, HEAD, POST", "/scim/users/": "GET, HEAD, POST", "/scim/v2/Users/" + id: "GET, HEAD, PUT, PATCH, DELETE",
			"/scim/v2/Users/none": "GET, HEAD, PUT, PATCH, DELETE", "/scim/v2/Groups/.search": "POST", "/scim/v2/ServiceProviderConfig": "GET, HEAD",
		} {
			for _, method := range []string{"GET", "POST", "PATCH", "DELETE"} {
				a := c.preflight(path, app, method, "authorization,content-type,if-match,x-request-id").is(204).readable(app)
				if got := a.header.Get("Access-Control-Allow-Methods"); got != methods {
					c.Errorf("%s: methods %q, want %q", path, got, methods)
				}
				allowed := strings.ToLower(a.header.Get("Access-Control-Allow-Headers"))
				for _, h := range []string{"authorization", "content-type", "if-match", "x-request-id"} {
					if !strings.Contains(allowed, h) {
						c.Errorf("%s: headers %q lack %s", path, allowed, h)
					}
				}
				if a.header.Get("Access-Control-Max-Age") == "" || !slices.Contains(a.header.Values("Vary"), "Origin") {
					c.Errorf("%s: %v", path, a.header)
				}
			}
		}
		c.preflight("/scim/v2/Users", "https://a.b.apps.example:8443", "GET", "Authorization, Content-Type").is(204).readable("https://a.b.apps.example:8443")
		c.preflight("/scim/v2/Nope", app, "GET", "").is(204).readable(app)
	}},
	{holds: "other origins learn nothing from a preflight or an answer", show: func(c *client) {
		c = c.from("https://app.example", "https://*.apps.example")
		for _, origin := range []string{
			"https://evil.example", "http://app.example", "https://app.example:8443", "https://app.example.evil.example", "null",
			"https://apps.example", "https://evilapps.example", "http://a.apps.example", "https://a.apps.example:1", "https://a.apps.example.evil.example",
		} {
			if a := c.preflight("/scim/v2/Users", origin, "GET", "authorization").is(204).readable(""); a.header.Get("Access-Control-Allow-Methods") != "" {
				c.Errorf("%s: methods %v", origin, a.header)
			}
			if a := c.do("GET", "/Users", "", "Origin: "+origin).is(200).readable(""); !slices.Contains(a.header.Values("Vary"), "Origin") {
				c.Errorf("%s: Vary %v", origin, a.header.Values("Vary"))
			}
		}
		c.do("GET", "/Users", "").is(200).readable("")
	}},
	{holds: "answers and refusals can be read by scripts, with the headers that matter", show: func(c *client) {
		const app = "http://localhost:5173"
		c = c.from(app)
		var all []*answer
		add := func(a *answer) { all = append(all, a) }
		id := c.user(ada)
		for _, method := range []string{"GET", "HEAD"} {
			add(c.do(method, "/Users/"+id, "", "Origin: "+app).is(200))
		}
		add(c.do("POST", "/Users", userBody(`"userName":"bob"`), "Origin: "+app).is(201))
		add(c.do("POST", "/Users", userBody(ada), "Origin: "+app).is(409))
		add(c.do("POST", "/Users", "{", "Origin: "+app).is(400))
		add(c.do("PUT", "/Users", "{}", "Origin: "+app).is(405))
		add(c.do("GET", "/Users/none", "", "Origin: "+app).is(404))
		add(c.do("GET", "/Users?x="+strings.Repeat("x", 9000), "", "Origin: "+app).is(414))
		add(c.root("GET", "/nothing", "", "Origin: "+app).is(404))
		add(c.do("DELETE", "/Users/"+id, "", "Origin: "+app).is(204))
		c.token = ""
		add(c.do("GET", "/Users", "", "Origin: "+app).is(401))
		for _, a := range all {
			exposed := a.readable(app).header.Get("Access-Control-Expose-Headers")
			for _, h := range []string{"Allow", "Etag", "Location", "Retry-After", "Www-Authenticate", "X-Request-Id"} {
				if !strings.Contains(exposed, h) {
					c.Errorf("%s: %s is not exposed: %q", a.request, h, exposed)
				}
			}
		}
	}},
	{holds: "* stands for every origin, and takes no credentials", show: func(c *client) {
		c = c.from("*")
		c.preflight("/scim/v2/Users", "https://any.example", "PUT", "authorization").is(204).readable("*")
		c.do("GET", "/Users", "", "Origin: https://any.example").is(200).readable("*")
	}},
	{holds: "a preflight works below the base path", show: func(c *client) {
		c = c.serve(func(cfg *server.Config) { cfg.BasePath, cfg.CORSOrigins = "/idm", []string{"*"} })
		if a := c.preflight("/idm/scim/v2/Groups", "https://any.example", "POST", ""); a.is(204).header.Get("Access-Control-Allow-Methods") != "GET, HEAD, POST" {
			c.Errorf("%v", a.header)
		}
	}},
	{holds: "a preflight is answered whatever will be said to the request: a script can read a refusal, not a failed preflight", show: func(c *client) {
		const app = "https://app.example"
		c = c.from(app)
		for _, path := range []string{
			"/tenants/nobody/scim/v2/Users", "/tenants/nobody", "/nothing", "/scim/v2/Users?filter=" + strings.Repeat("x", 17_000),
		} {
			c.preflight(path, app, "GET", "authorization").is(204).readable(app)
			if a := c.root("GET", path, "", "Origin: "+app).readable(app); a.status < 400 {
				c.Errorf("%.40s: %d", path, a.status)
			}
		}
	}},
	{holds: "without configured origins no script may read anything", show: func(c *client) {
		c.preflight("/scim/v2/Users", "https://app.example", "GET", "authorization").is(401).readable("")
		if a := c.do("GET", "/Users", "", "Origin: https://app.example").is(200).readable(""); a.header.Get("Vary") != "" {
			c.Errorf("Vary %v", a.header)
		}
		c.do("OPTIONS", "/Users", "").is(204)
	}},
}
