package server_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// addressRows are about paths, methods and queries (RFC 7644 §3.1, §3.2, §3.13).
var addressRows = []row{
	// R7644-3.2-07 asks for exact segments; the tenant and its clients need any case.
	{holds: "rule-02 Q-100 Q-127 R7644-3.2-07 R7644-3.2-08 R7644-3.13-01 R7644-3.13-02 fixed segments go in any letter case, with surplus slashes, with and without version", show: func(c *client) {
		id := c.user(ada)
		for _, path := range []string{
			"/scim/v2/Users/", "/Scim/V2/users/", "/SCIM/USERS/", "/scim/v2//Users//", "//scim/v2/Users/", "/scim/Users/",
		} {
			c.root("GET", path, "").is(200).has("Resources/0/id", id)
			c.root("GET", path+id, "").is(200).has("id", id)
			c.root("GET", path+id+"/", "").is(200).has("id", id)
			c.root("POST", path+".search/", searchBody(`"filter":"userName eq \"ada\""`)).is(200).has("totalResults", 1)
		}
		c.root("POST", "/scim/v2/users/.SEARCH", searchBody(`"count":0`)).is(200).has("totalResults", 1)
		c.root("GET", "/scim/serviceproviderconfig", "").is(200)
		c.root("GET", "/scim/v2/RESOURCETYPES/user", "").is(200).has("id", "User")
	}},
	{holds: "R7644-3.13-01 another version is refused", show: func(c *client) {
		c.root("GET", "/scim/v1/Users", "").refused(404, "").mentions("/scim/v2")
		c.root("GET", "/scim/v3/Users", "").refused(404, "").mentions("/scim/v2")
	}},
	{holds: "R7644-3.2-04 R7644-3.12-07 unknown paths are told the base URL that belongs there", show: func(c *client) {
		for _, path := range []string{"/Users", "/users/1", "/v2/Users", "/api/scim/v2/Users", "/scim/v2/api/Users", "/scim/v2/v2/Users", "/", "/scim/../Users"} {
			c.root("GET", path, "").refused(404, "").mentions(c.site.url + "/")
		}
		c.do("GET", "/Nope", "").refused(404, "").mentions(c.site.url + "/Scim/v2/ResourceTypes")
		c.do("GET", "", "").refused(404, "")
		c.do("GET", "/Users/a/b", "").refused(404, "")
	}},
	{holds: "R7644-3.2-05 R9110-15-01 a method that a path does not have gets 405 with Allow", show: func(c *client) {
		id := c.user(ada)
		for _, x := range []struct{ method, path, allow string }{
			{"PUT", "/Users", "GET, HEAD, POST"},
			{"DELETE", "/users/", "GET, HEAD, POST"},
			{"PATCH", "/Users", "GET, HEAD, POST"},
			{"POST", "/Users/" + id, "GET, HEAD, PUT, PATCH, DELETE"},
			{"GET", "/Users/.search", "POST"},
			{"PATCH", "/Schemas", "GET, HEAD"},
			{"POST", "/ResourceTypes/User", "GET, HEAD"},
			{"DELETE", "/ServiceProviderConfig", "GET, HEAD"},
			{"BREW", "/Users/" + id, "GET, HEAD, PUT, PATCH, DELETE"},
		} {
			a := c.do(x.method, x.path, "").refused(405, "")
			if got := a.header.Get("Allow"); got != x.allow {
				c.Errorf("%s %s: Allow %q, want %q", x.method, x.path, got, x.allow)
			}
		}
		c.get(id)
	}},
	{holds: "R7644-2-03 a made-up method needs a token below the base, as all others do", show: func(c *client) {
		id := c.user(ada)
		for path, allow := range map[string]string{"/Users": "GET, HEAD, POST", "/Users/" + id: "GET, HEAD, PUT, PATCH, DELETE"} {
			if got := c.do("FOO", path, "").refused(405, "").header.Get("Allow"); got != allow {
				c.Errorf("FOO %s: Allow %q, want %q", path, got, allow)
			}
		}
		c.do("FOO", "/Nope", "").refused(404, "").mentions("/ResourceTypes")
		anonymous := c.withBearer("")
		for _, path := range []string{"/Users", "/Users/" + id, "/Nope", "/ServiceProviderConfig", ""} {
			if got := anonymous.do("FOO", path, "").refused(401, "").header.Get("Allow"); got != "" {
				c.Errorf("FOO %s: Allow %q", path, got)
			}
		}
		anonymous.root("FOO", "/healthz", "").refused(405, "")
		anonymous.root("FOO", "/nothing", "").refused(404, "")
	}},
	{holds: "R7644-3.2-06 HEAD mirrors GET and OPTIONS names the methods", show: func(c *client) {
		id := c.user(ada)
		for _, path := range []string{"/Users/" + id, "/Users", "/ServiceProviderConfig"} {
			got, head := c.do("GET", path, "").is(200), c.do("HEAD", path, "").is(200)
			if len(head.body) > 0 || head.header.Get("Content-Length") != got.header.Get("Content-Length") ||
				head.header.Get("Content-Type") != got.header.Get("Content-Type") {
				c.Errorf("HEAD %s: %v and %d bytes; GET: %v", path, head.header, len(head.body), got.header)
			}
		}
		c.do("HEAD", "/Users/none", "").is(404)
		for path, allow := range map[string]string{"/Users": "GET, HEAD, POST, OPTIONS", "/Users/" + id: "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"} {
			if got := c.do("OPTIONS", path, "").is(204).header.Get("Allow"); got != allow {
				c.Errorf("OPTIONS %s: Allow %q, want %q", path, got, allow)
			}
		}
		c.do("OPTIONS", "/Nope", "").is(404)
	}},
	{holds: "R7644-3.2-09 Q-96 Q-102 ids and names are percent-decoded exactly once", show: func(c *client) {
		for _, id := range []string{"Ops Safe", "Safe:user@corp.example", "a%20b", "ü/é", "a+b", "?#&;"} {
			c.site.tenant.NewID = fixedID(id)
			a := c.do("POST", "/Users", userBody(`"userName":"`+id+`"`)).is(201).has("id", id)
			c.do("GET", "/Users/"+url.PathEscape(id), "").is(200).has("id", id)
			c.send("GET", a.header.Get("Location"), "").is(200).has("id", id)
			if !strings.ContainsAny(id, "%/?#ü ") {
				c.do("GET", "/Users/"+id, "").is(200).has("id", id)
			}
		}
		c.do("GET", "/Users/a%2520b", "").is(200).has("id", "a%20b")
		c.do("GET", "/Users/a%20b", "").refused(404, "")
		c.do("GET", "/Schemas/urn%3Aietf%3Aparams%3Ascim%3Aschemas%3Acore%3A2.0%3AUser", "").is(200)
		c.do("GET", "/%55sers", "").is(200)
	}},
	{holds: "R7644-3.2-09 R7644-3.2-11 paths out of the house, NUL and overlong ids name nothing", show: func(c *client) {
		c.user(ada)
		for _, id := range []string{
			"%252e%252e", "..%2f..%2fetc%2fpasswd", "%2e%2e", "a%00b", "%ff%fe", strings.Repeat("x", 600), strings.Repeat("%F0%9F%98%80", 200),
			"';DROP%20TABLE%20user_r--", "%", "%zz",
		} {
			for _, method := range []string{"GET", "DELETE"} {
				status := c.rawStatus(method, "/scim/v2/Users/"+id)
				if want := 404; status != want && !(strings.HasPrefix(id, "%") && status == 400) {
					c.Errorf("%s %.40s: %d", method, id, status)
				}
			}
		}
		c.listed(nil, "ada")
	}},
	{holds: "R7644-3.2-10 rule-03 Q-79 in a query + and %20 are blanks and %2B is a plus", show: func(c *client) {
		c.users("a+b", "a b")
		for query, want := range map[string]string{
			"filter=userName+eq+%22a%2Bb%22":       "a+b",
			"filter=userName%20eq%20%22a%2Bb%22":   "a+b",
			"filter=userName+eq+%22a+b%22":         "a b",
			"filter=userName%20eq%20%22a%20b%22":   "a b",
			"filter=userName+eq+\"a%2Bb\"&foo=bar": "a+b",
		} {
			c.do("GET", "/Users?"+strings.ReplaceAll(query, `"`, "%22"), "").is(200).has("totalResults", 1).has("Resources/0/userName", want)
		}
	}},
	{holds: "R7644-3.4.2-06 rule-03 Q-71 Q-92 Q-129 unknown parameters are ignored", show: func(c *client) {
		c.users("a", "b")
		for _, path := range []string{"/Users?aadOptscim062020", "/Users?itemsPerPage=50", "/Users?foo=1&foo=2&FILTER=x"} {
			c.do("GET", path, "").is(200).has("totalResults", 2)
		}
		c.do("GET", "/Users?startIndex=2&itemsPerPage=1&count=1", "").is(200).has("Resources/0/userName", "b").has("itemsPerPage", 1)
	}},
	{holds: "R7644-3.4.2-07 a parameter given twice is refused", show: func(c *client) {
		for _, q := range []string{"filter=a+pr&filter=b+pr", "count=1&count=1", "attributes=a&attributes=b", "startIndex=1&startIndex=2"} {
			name, _, _ := strings.Cut(q, "=")
			c.do("GET", "/Users?"+q, "").refused(400, "invalidValue").mentions(name)
		}
	}},
	{holds: "R7644-3.4.2-07 a query that cannot be decoded is refused", show: func(c *client) {
		for _, q := range []string{"filter=%zz", "filter=%", "a;b"} {
			c.do("GET", "/Users?"+q, "").refused(400, "invalidSyntax")
		}
	}},
	{holds: "R7644-3.8-10 a suffix of the path is no format", show: func(c *client) {
		c.do("GET", "/Users/"+c.user(ada)+".scim", "").refused(404, "")
	}},
	{holds: "R7644-3.8-11 a URL over the limit gets 414", show: func(c *client) {
		c.do("GET", "/Users?filter="+strings.Repeat("x", 9000), "").refused(414, "").mentions(".search")
		c.do("GET", "/Users?foo="+strings.Repeat("x", 7000), "").is(200)
	}},
	{holds: "R7644-3.2-01 R7644-3.4.2.1-01 R7644-3.4.1-03 an endpoint shows its own type alone", show: func(c *client) {
		user, device := c.user(ada), c.device(`"serial":"s"`)
		c.do("GET", "/Users", "").is(200).has("totalResults", 1).has("Resources/0/id", user)
		c.do("GET", "/Devices", "").is(200).has("totalResults", 1).has("Resources/0/id", device)
		c.do("GET", "/Devices/"+user, "").refused(404, "")
		c.do("DELETE", "/Users/"+device, "").refused(404, "")
	}},
	{holds: "R7644-3.11-05 Q-134 what is not offered is refused with 501 as SCIM", show: func(c *client) {
		c.do("POST", "/Bulk", `{}`).refused(501, "")
		c.do("GET", "/Me", "").refused(501, "")
	}},
}

// R7644-3.12-01 holds for what scimd answers; what net/http cannot read it
// answers itself, as docs/log-and-errors.md says.
var unreadableRows = []row{
	{holds: "what is no HTTP is refused in plain text, before it is a request", show: func(c *client) {
		for request, status := range map[string]string{
			"GET /scim/v2/Users/%zz HTTP/1.1\r\nHost: x\r\n\r\n":                                "400",
			"GET /scim/v2/Users HTTP/1.1\r\n\r\n":                                               "400",
			"GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nA B: c\r\n\r\n":                          "400",
			"POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n":        "501",
			"GET /scim/v2/Users?" + strings.Repeat("x", 2<<20) + " HTTP/1.1\r\nHost: x\r\n\r\n": "431",
		} {
			conn, err := net.Dial("tcp", strings.TrimPrefix(c.site.url, "http://"))
			if err != nil {
				c.Fatal(err)
			}
			go func() { _, _ = conn.Write([]byte(request)) }() // which may be cut off
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				c.Fatalf("%.60q: %v", request, err)
			}
			if !strings.HasPrefix(res.Status, status) || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") || res.Header.Get("X-Request-Id") != "" {
				c.Errorf("%.60q: %s, %v", request, res.Status, res.Header)
			}
			_ = res.Body.Close()
			_ = conn.Close()
		}
	}},
}

// rawStatus sends a request line that no client library would let pass.
func (c *client) rawStatus(method, path string) int {
	c.Helper()
	host := strings.TrimPrefix(c.site.url, "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n", method, path, host, c.token)
	if err != nil {
		c.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	words := strings.Fields(line)
	if err != nil || len(words) < 2 {
		c.Fatalf("%s %s: %q, %v", method, path, line, err)
	}
	status := slices.Index([]string{"200", "400", "404", "500"}, words[1])
	if status < 0 {
		c.Fatalf("%s %s: %s", method, path, line)
	}
	return []int{200, 400, 404, 500}[status]
}
