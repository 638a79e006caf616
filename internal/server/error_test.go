package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/server"
	"github.com/scimd/scimd/internal/store"
)

// breaking is a store whose reads of users panic or fail.
type breaking struct {
	store.Store
	fail func() error
}

func (b breaking) Get(context.Context, int64, *schema.ResourceType, string, []store.Want) (*store.Record, error) {
	return nil, b.fail()
}

// withReads gives a server whose store answers GET by id with fail.
func (c *client) withReads(fail func() error) *client {
	return c.serve(func(cfg *server.Config) { cfg.Service = newService(breaking{c.site.store, fail}) })
}

// cutOff checks that the answer to a GET breaks off, and that the log knows why.
func (c *client) cutOff(path, cause string) {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), "GET", c.base+path, nil)
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	res, err := c.http.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	n, err := io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if err == nil {
		c.Errorf("an answer of %d bytes seems whole", n)
	}
	line := c.logged(&answer{c: c, header: res.Header})
	if got, _ := line["cause"].(string); !strings.Contains(got, cause) {
		c.Errorf("logged %v", line)
	}
}

// errorRows are about RFC 7644 §3.12. That every error has the SCIM body is
// checked on every answer of all rows.
var errorRows = []row{
	{holds: "R7644-3.12-04 each scimType has its case", show: func(c *client) {
		id := c.user(ada)
		c.query("/Users", "filter", "userName").refused(400, "invalidFilter")
		c.do("POST", "/Users", userBody(`"userName":"ADA"`)).refused(409, "uniqueness")
		c.patch(id, `{"op":"replace","path":"id","value":"x"}`).refused(400, "mutability")
		c.patch(id, `{"op":"jump"}`).refused(400, "invalidSyntax")
		c.patch(id, `{"op":"remove","path":"nope"}`).refused(400, "invalidPath")
		c.patch(id, `{"op":"remove"}`).refused(400, "noTarget")
		c.do("POST", "/Users", userBody(`"userName":5`)).refused(400, "invalidValue")
	}},
	{holds: "R7644-3.4.2.1-03 R7644-3.12-04 a query that would look at too much is tooMany and names the attribute", show: func(c *client) {
		c = c.serve(func(cfg *server.Config) { cfg.Service = newService(stingy{c.site.store}) })
		c.user(`"userName":"a","ims":[{"value":"x"}]`)
		c.found(`ims.value eq "x"`, "a")
		c.user(`"userName":"b","ims":[{"value":"x"}]`)
		c.query("/Users", "filter", `ims.value eq "x"`).refused(400, "tooMany").mentions("ims")
		c.found(`ims.value eq "x" and userName eq "b"`, "b")
	}},
	{holds: "R7644-3.12-10 R7644-3.12-03 a fault inside is a 500 that reveals nothing, and goes to the log", show: func(c *client) {
		id := c.user(ada)
		const cause = "pq: relation user_r does not exist"
		broken := c.withReads(func() error { return errors.New(cause) })
		a := broken.do("GET", "/Users/"+id, "").refused(500, "").mentions("X-Request-Id", "user_r", "pq:")
		if line := c.logged(a); line["level"] != "ERROR" || !strings.Contains(line["cause"].(string), cause) {
			c.Errorf("logged %v", line)
		}
	}},
	{holds: "R7644-3.12-10 a database that is away is a 503", show: func(c *client) {
		broken := c.withReads(func() error { return scimerr.Unavailable(errors.New("dial tcp 10.0.0.7")) })
		broken.do("GET", "/Users/x", "").refused(503, "").mentions("try again", "10.0.0.7")
	}},
	{holds: "R7644-3.12-10 a panic is a 500 as SCIM and leaves the connection usable", show: func(c *client) {
		var connections atomic.Int32
		broken := c.withReads(func() error { panic("secret of a user") })
		transport := http.DefaultTransport.(*http.Transport).Clone()
		dial := transport.DialContext
		transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			connections.Add(1)
			return dial(ctx, network, addr)
		}
		broken.http = &http.Client{Transport: transport}
		defer transport.CloseIdleConnections()
		for range 3 {
			a := broken.do("GET", "/Users/x", "").refused(500, "").mentions("internal error", "secret", "goroutine", ".go:")
			if line := c.logged(a); line["level"] != "ERROR" || line["status"] != 500.0 || !strings.Contains(line["cause"].(string), "secret of a user") {
				c.Errorf("logged %v", line)
			}
			broken.do("GET", "/Users", "").is(200)
		}
		if n := connections.Load(); n != 1 {
			c.Errorf("%d connections", n)
		}
	}},
	{holds: "R7644-3.12-10 a failure in the middle of an answer cuts the connection and is logged", show: func(c *client) {
		c.fill(0, 450, strings.Repeat("title ", 1200))
		for _, fail := range []func() error{func() error { return errors.New("disk gone") }, func() error { panic("disk gone") }} {
			broken := c.withLists(func(calls int) error {
				if calls > 1 {
					return fail()
				}
				return nil
			})
			broken.cutOff("/Users", "disk gone")
		}
	}},
	{holds: "R7644-3.12-11 no request is redirected", show: func(c *client) {
		c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return errors.New("redirected") }
		for _, path := range []string{"/Users/", "//Users", "/users", "/Users/.search/"} {
			if a := c.do("POST", path, userBody(`"userName":"`+path+`"`)); a.status >= 300 && a.status < 400 {
				c.Errorf("%s: %d", path, a.status)
			}
		}
	}},
	{holds: "R7644-3.12-13 broken structure is invalidSyntax and an unfit value invalidValue", show: func(c *client) {
		c.do("POST", "/Users", `{`).refused(400, "invalidSyntax")
		c.do("POST", "/Users", userBody(`"title":"t"`)).refused(400, "invalidValue")
	}},
	{holds: "rule-05 Q-114 Q-119 Q-157 Q-172 nonsense is never a 500", show: func(c *client) {
		id := c.user(ada)
		for _, text := range []string{
			`"`, `\`, `'`, `%`, `[`, `]`, `(`, `)`, `{}`, `null`, `true`, `0`, `.`, `..`, `:`, `urn:`, userURN, userURN + `:`, userURN + `:.`,
			`emails[`, `emails[]`, `emails[]]`, `a eq`, `eq`, `not`, `and`, `userName eq "`, `userName eq "\`, "\x00", "\xff", strings.Repeat("(", 3000),
			`userName eq "a" and`, `$ref`, `name.`, `.name`, `name.givenName.x`, `members[value eq "1"]`, `é pr`, `userName ﬀ "a"`,
		} {
			if a := c.query("/Users", "filter", text); a.status != 400 && a.status != 414 {
				c.Errorf("filter %q: %d", text, a.status)
			}
			for _, param := range []string{"sortBy", "attributes", "excludedAttributes", "startIndex", "count", "sortOrder"} {
				if a := c.query("/Users", param, text); a.status >= 500 {
					c.Errorf("%s %q: %d", param, text, a.status)
				}
			}
			path := quoted(text)
			for _, op := range []string{"add", "remove", "replace"} {
				if a := c.patch(id, `{"op":"`+op+`","path":`+path+`,"value":{"a":[null,{}]}}`); a.status >= 500 {
					c.Errorf("path %q: %d", text, a.status)
				}
			}
			if a := c.do("POST", "/Users", userBody(path+`:[[]]`)); a.status >= 500 {
				c.Errorf("member %q: %d", text, a.status)
			}
		}
	}},
}

// stingy is a store that looks at one document per query at most.
type stingy struct{ store.Store }

func (s stingy) Query(ctx context.Context, q *store.Query) (*store.Page, error) {
	q.Budget = 1
	return s.Store.Query(ctx, q)
}

// quoted is a text as JSON, with replacement characters for what is no UTF-8.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // texts always marshal
	}
	return string(b)
}
