package server_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/journal"
	"github.com/scimd/scimd/internal/server"
)

// journalled is the client of a server that keeps a journal.
func (c *client) journalled(o journal.Options) (*client, *journal.Journal) {
	c.Helper()
	js := journal.New(o, c.site.tenant.Registry)
	ctx, stop := context.WithCancel(context.Background())
	c.Cleanup(stop)
	go js.Run(ctx)
	return c.serve(func(config *server.Config) { config.Journal = js }), js.Of(c.site.tenant.ID)
}

// entries are those of a query.
func (c *client) entries(j *journal.Journal, q journal.Query) []*journal.Entry {
	c.Helper()
	page, err := j.Find(c.Context(), q)
	if err != nil {
		c.Fatal(err)
	}
	return page.Entries
}

// one is the one entry of a query.
func (c *client) one(j *journal.Journal, q journal.Query) *journal.Entry {
	c.Helper()
	list := c.entries(j, q)
	if len(list) != 1 {
		c.Fatalf("%d entries for %+v, want one", len(list), q)
	}
	return list[0]
}

var roomy = journal.Options{Entries: 10_000, Bytes: 64 << 20}

// spaces is an endless body.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

var journalRows = []row{
	{holds: "a request is in the journal with its answer as soon as it is answered", show: func(c *client) {
		c, j := c.journalled(roomy)
		id := c.do("POST", "/Users", userBody(`"userName":"ada","displayName":"Ada L","password":"geheim-77"`), "User-Agent: Okta SCIM Client 1.0.0").is(201).text("id")
		e := c.one(j, journal.Query{Operation: "create"})
		if e.Number != 1 || e.Method != "POST" || e.Path != "/scim/v2/Users" || e.Type != "User" || e.ID != id || e.Token != "all-rights" || e.Client != "okta" ||
			e.Status != 201 || e.Tenant != c.site.tenant.Name || e.RequestID == "" || e.Time.IsZero() || e.Milliseconds <= 0 || e.Why != nil || e.Origin != c.site.url {
			c.Errorf("entry %+v", e)
		}
		if got := e.Headers["Authorization"]; len(got) != 1 || got[0] != "Bearer ***" {
			c.Errorf("Authorization %q", got)
		}
		if want := `{"schemas":["` + userURN + `"],"userName":"ada","displayName":"Ada L","password":"***"}`; string(e.Body.JSON) != want || e.Body.Media != "application/scim+json" {
			c.Errorf("body %+v", e.Body)
		}
		if !strings.Contains(string(e.AnswerBody.JSON), `"displayName":"Ada L"`) || e.AnswerHeaders["Location"][0] != c.base+"/Users/"+id && c.site.tenant.Profile.LinkPrefix == "scim" {
			c.Errorf("answer %s %v", e.AnswerBody.JSON, e.AnswerHeaders)
		}
		for n := range 50 {
			c.query("/Users", "count", "1").is(200)
			if list := c.entries(j, journal.Query{Operation: "list"}); len(list) != n+1 {
				c.Fatalf("%d entries after %d requests", len(list), n+1)
			}
		}
	}},
	{holds: "each operation has its name", show: func(c *client) {
		c, j := c.journalled(roomy)
		id := c.user(`"userName":"ada"`)
		c.get(id).is(200)
		c.do("HEAD", "/Users/"+id, "").is(200)
		c.put(id, `"userName":"ada2"`).is(200)
		c.patch(id, `{"op":"replace","path":"title","value":"x"}`).is(200)
		c.do("POST", "/Users/.search", `{"schemas":["`+messages+`SearchRequest"]}`).is(200)
		c.do("GET", "/Schemas", "").is(200)
		c.do("DELETE", "/Users/"+id, "").is(204)
		c.do("GET", "/Nothing", "").is(404)
		c.root("GET", "/oauth2/keys", "").is(200)
		c.root("GET", "/healthz", "")
		var got []string
		for _, e := range c.entries(j, journal.Query{}) {
			got = append(got, e.Method+" "+e.Operation)
			if (e.Method == "HEAD" || e.Status == 204) && e.AnswerBody != nil {
				c.Errorf("%s %d has a body in the journal: %+v", e.Method, e.Status, e.AnswerBody)
			}
			if e.Type == "User" && e.ID != id && e.Operation != "search" {
				c.Errorf("%s has id %q, want %q", e.Operation, e.ID, id)
			}
		}
		want := "POST create, GET read, HEAD read, PUT replace, PATCH patch, POST search, GET discovery, DELETE delete, GET other, GET oauth"
		if text := strings.Join(got, ", "); text != want {
			c.Errorf("operations\n%s, want\n%s", text, want)
		}
	}},
	{holds: "a refusal says why, with a link", show: func(c *client) {
		c, j := c.journalled(roomy)
		c.query("/Users", "filter", "userName xx 1").is(400)
		why := c.one(j, journal.Query{Status: "4xx"}).Why
		if why == nil || why.Rule != "invalidFilter" || why.At == "" || why.Detail == "" || why.Link != "docs/refusals.md#invalidfilter" {
			c.Errorf("why %+v", why)
		}
		c.user(`"userName":"ada"`)
		c.do("POST", "/Users", userBody(`"userName":"ADA"`)).is(409)
		if why := c.one(j, journal.Query{Status: "409"}).Why; why.Rule != "uniqueness" || why.At != "userName" {
			c.Errorf("why %+v", why)
		}
		c.patchGroup(c.group("Crew"), add("members", memberList("nobody")))
		if why := c.one(j, journal.Query{Operation: "patch", Type: "Group"}).Why; why == nil || why.At != "members" {
			c.Errorf("why %+v", why)
		}
		c.do("GET", "/Users", "", "Authorization: -").is(401)
		c.do("GET", "/Users", "", "Authorization: -", "Authorization: Bearer nonsense").is(401)
		c.do("GET", "/Users/nobody", "").is(404)
		c.do("PUT", "/Users", "").is(405)
		c.ask("/oauth2/token/none", "x=%zz")
		for status, rule := range map[string]string{"401": "invalid_token", "404": "notFound", "405": "methodNotAllowed"} {
			list := c.entries(j, journal.Query{Status: status})
			if len(list) == 0 || list[len(list)-1].Why.Rule != rule {
				c.Errorf("%s: %+v", status, list)
			}
		}
		if e := c.one(j, journal.Query{Operation: "token"}); e.Why.Rule != "invalid_request" {
			c.Errorf("why %+v", e.Why)
		}
	}},
	{holds: "each refusal has a rule that the documents explain, what is at fault, and the sentence that was answered", show: func(c *client) {
		app := c.application("app", webApp)
		id := c.user(`"userName":"ada"`)
		c, j := c.journalled(roomy)
		page, err := os.ReadFile("../../docs/refusals.md")
		if err != nil {
			c.Fatal(err)
		}
		const oauth = "Content-Type: application/x-www-form-urlencoded\nAuthorization: "
		patch := func(op string) string { return `{"schemas":["` + messages + `PatchOp"],"Operations":[` + op + `]}` }
		for _, x := range []struct{ method, path, body, header, rule, at string }{
			{"GET", "/Users?filter=x+xx+1", "", "", "invalidFilter", "character 3"}, {"GET", "/Users?filter=password+eq+%22x%22", "", "", "invalidFilter", "password"},
			{"GET", "/Users?count=x", "", "", "invalidValue", "count"}, {"GET", "/Users?filter=%zz", "", "", "invalidSyntax", "query"},
			{"POST", "/Users", `{`, "", "invalidSyntax", "byte 1"}, {"POST", "/Users", userBody(`"userName":5`), "", "invalidValue", "userName"},
			{"POST", "/Users", userBody(`"userName":"ADA"`), "", "uniqueness", "userName"}, {"PATCH", "/Users/" + id, patch(""), "", "invalidSyntax", "Operations"},
			{"PATCH", "/Users/" + id, patch(`{"op":"remove"}`), "", "noTarget", "Operations[0]"}, {"PATCH", "/Users/" + id, patch(`{"op":"remove","path":"userName"}`), "", "mutability", "userName"},
			{"PATCH", "/Users/" + id, patch(`{"op":"replace","path":"meta.created","value":"x"}`), "", "mutability", "meta.created"},
			{"GET", "/Users/nobody", "", "", "notFound", ""}, {"GET", "/Nothing", "", "", "notFound", ""}, {"PUT", "/Users", "", "", "methodNotAllowed", ""}, {"GET", "/Schemas?filter=x", "", "", "forbidden", "filter"},
			{"GET", "/Users", "", "Authorization: ", "unauthorized", "Authorization"}, {"GET", "/Users", "", "Authorization: Bearer nonsense", "invalid_token", "Authorization"}, {"GET", "/Users", "", "Authorization: Bearer", "invalid_request", "Authorization"},
			{"GET", "/Users", "", "Accept: image/png", "notAcceptable", "Accept"}, {"POST", "/Users", "x", "Content-Type: text/plain", "unsupportedMediaType", "Content-Type"},
			{"POST", "/Users", "x", "Content-Encoding: gzip", "unsupportedMediaType", "Content-Encoding"}, {"GET", "/Bulk", "", "", "notImplemented", ""},
			{"POST", "/oauth2/token/app", "grant_type=client_credentials", oauth, "invalid_client", ""}, {"POST", "/oauth2/token/app", "{}", "", "invalid_request", "Content-Type"}, {"POST", "/oauth2/token/app", "a=b", oauth, "invalid_request", "grant_type"}, {"POST", "/oauth2/token/app", "scope=a&scope=b", oauth, "invalid_request", "scope"},
			{"POST", "/oauth2/token/app", credentials(app, "grant_type", "none"), oauth, "unsupported_grant_type", "grant_type"}, {"POST", "/oauth2/token/app", credentials(app, "scope", "none"), oauth, "invalid_scope", "scope"},
			{"GET", "/oauth2/token/app", "", "", "methodNotAllowed", ""}, {"GET", "/oauth2/nothing", "", "", "notFound", ""}, {"GET", "/oauth2/authorize/nobody?client_id=x", "", "", "invalid_request", "client_id"},
			{"GET", "/oauth2/userinfo", "", "Authorization: Bearer nonsense", "invalid_token", "Authorization"},
		} {
			res, text, err := c.plain(x.method, x.path, x.body, strings.Split(cmp.Or(x.header, "X-Other: 1"), "\n")...)
			if err != nil {
				c.Fatal(err)
			}
			list := c.entries(j, journal.Query{Limit: 1, Newest: true})
			why := list[0].Why
			if res.StatusCode < 400 || why == nil || why.Rule != x.rule || why.At != x.at || why.Detail == "" || !strings.Contains(string(page), "\n### "+x.rule+"\n") || why.Link != "docs/refusals.md#"+strings.ToLower(x.rule) {
				c.Errorf("%+v: %d %s: %+v", x, res.StatusCode, text, why)
			}
		}
	}},
	{holds: "a long answer is cut after 64 KiB, at a whole resource", show: func(c *client) {
		c, j := c.journalled(roomy)
		long := strings.Repeat("lang ", 4000)
		for range 28 {
			c.user(`"userName":"` + time.Now().Format("150405.000000000") + `","displayName":"` + long + `"`)
		}
		answer := c.query("/Users", "count", "100").is(200)
		e := c.one(j, journal.Query{Operation: "list"})
		var list struct{ Resources []map[string]any }
		if err := json.Unmarshal(e.AnswerBody.JSON, &list); err != nil {
			c.Fatal(err)
		}
		if n := len(e.AnswerBody.JSON); !e.AnswerBody.Cut || e.AnswerBody.Bytes != int64(len(answer.body)) || n > 64<<10 || n < 32<<10 || len(list.Resources) == 0 {
			c.Errorf("%d bytes in the journal with %d resources, %d of %d sent, cut %t", n, len(list.Resources), e.AnswerBody.Bytes, len(answer.body), e.AnswerBody.Cut)
		}
	}},
	{holds: "a form and its answer are masked", show: func(c *client) {
		app := c.application("robot")
		c, j := c.journalled(roomy)
		c.token = ""
		c.ask("/oauth2/token/robot", credentials(app, "scope", "scim"))
		e := c.one(j, journal.Query{Operation: "token"})
		if e.Body.Text != "client_id=robot%40corp.example&client_secret=***&grant_type=client_credentials&scope=scim" || e.Status != 200 {
			c.Errorf("body %+v", e.Body)
		}
		if !strings.Contains(string(e.AnswerBody.JSON), `"access_token":"***"`) || !strings.Contains(string(e.AnswerBody.JSON), `"token_type":"Bearer"`) {
			c.Errorf("answer %s", e.AnswerBody.JSON)
		}
		if e.Token != "robot" {
			c.Errorf("token %q", e.Token)
		}
	}},
	{holds: "a body that ends too early is kept by length and hash", show: func(c *client) {
		c, j := c.journalled(roomy)
		conn, err := net.Dial("tcp", strings.TrimPrefix(c.site.url, "http://"))
		if err != nil {
			c.Fatal(err)
		}
		_, _ = fmt.Fprintf(conn, "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 100\r\n\r\n{\"userName\":", c.token)
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
		page, err := j.Wait(c.Context(), journal.Query{Method: "POST"}, 1, 5*time.Second)
		if err != nil || !page.Complete {
			c.Fatalf("%+v, %v", page, err)
		}
		if e := page.Entries[0]; e.Body == nil || e.Body.JSON != nil || e.Body.Hash == "" || e.Body.Bytes != 12 {
			c.Errorf("body %+v", e.Body)
		}
	}},
	{holds: "a body that is refused before it is read is kept by its length, and the refusal is told", show: func(c *client) {
		c, j := c.journalled(roomy)
		for _, x := range []struct {
			path, header, rule string
			bytes              int64
		}{
			{"/Users", "Content-Type: text/plain", "unsupportedMediaType", 20}, {"/Users", "Content-Encoding: gzip", "unsupportedMediaType", 20},
			{"/Users", "Accept: image/png", "notAcceptable", 20}, {"/Users", "Authorization: Bearer nonsense", "invalid_token", 20}, {"/Users", "", "tooLarge", 64 << 20},
			{"/Bulk", "", "notImplemented", 20}, {"/Nothing", "", "notFound", 20},
		} {
			since, err := j.SetMark(c.Context(), "here")
			if err != nil {
				c.Fatal(err)
			}
			req, _ := http.NewRequestWithContext(c.Context(), "POST", c.base+x.path, io.LimitReader(spaces{}, x.bytes))
			req.ContentLength = x.bytes
			req.Header.Set("Authorization", "Bearer "+c.token)
			req.Header.Set("Content-Type", "application/scim+json")
			if name, value, ok := strings.Cut(x.header, ": "); ok {
				req.Header.Set(name, value)
			}
			if res, err := c.http.Do(req); err == nil {
				_ = res.Body.Close()
			}
			page, err := j.Wait(c.Context(), journal.Query{After: since.Number}, 1, 5*time.Second)
			if err != nil || !page.Complete {
				c.Fatalf("%+v: %+v, %v", x, page, err)
			}
			e := page.Entries[0]
			if b := e.Body; b == nil || b.Bytes != x.bytes || !b.Unread || e.Why == nil || e.Why.Rule != x.rule || e.Why.Detail == "" || e.Protocol != "HTTP/1.1" {
				c.Errorf("%+v: %+v %+v %+v", x, e, e.Body, e.Why)
			}
		}
	}},
	{holds: "a URL over the limit is in the journal of its tenant", show: func(c *client) {
		c, j := c.journalled(roomy)
		c.query("/Users", "filter", `password eq "`+strings.Repeat("x", 100_000)+`"`).is(414)
		if e := c.one(j, journal.Query{}); e.Why.Rule != "uriTooLong" || len(e.Query) > 64<<10 || strings.Contains(e.Query, "xxx") {
			c.Errorf("%+v %+v", e.Why, e)
		}
	}},
	{holds: "a connection that was reset is in the journal when the client knows", show: func(c *client) {
		c, j := c.journalled(roomy)
		c, set := c.faulty(`{"act":{"cut":"after","reset":true}}`)
		for n := range 20 {
			if _, _, err := c.plain("GET", "/Users", ""); err == nil {
				c.Error("it was answered")
			}
			if list := c.entries(j, journal.Query{}); len(list) != n+1 || !list[n].Cut {
				c.Fatalf("%d entries after %d requests", len(list), n+1)
			}
		}
		set.Clear()
	}},
	{holds: "a fault is told by the id of its rule, and not taken for a refusal of the tenant", show: func(c *client) {
		c, j := c.journalled(roomy)
		c, _ = c.faulty(`{"id":"gone","match":{"operations":["read"]},"act":{"status":503,"body":"<html>down</html>","contentType":"text/html"}}`,
			`{"id":"after","match":{"operations":["create"]},"act":{"cut":"after"}}`)
		if _, _, err := c.plain("GET", "/Users/x", ""); err != nil {
			c.Fatal(err)
		}
		e := c.one(j, journal.Query{Operation: "read"})
		if e.Fault != "gone" || e.Status != 503 || e.Why.Rule != "fault" || e.Why.Link != "docs/refusals.md#fault" || e.AnswerBody.Hash == "" || e.Cut {
			c.Errorf("entry %+v %+v %+v", e, e.Why, e.AnswerBody)
		}
		if _, _, err := c.plain("POST", "/Users", userBody(`"userName":"ada"`)); err == nil {
			c.Error("the connection was not cut")
		}
		page, err := j.Wait(c.Context(), journal.Query{Operation: "create"}, 1, 5*time.Second)
		if err != nil || !page.Complete {
			c.Fatalf("%+v, %v", page, err)
		}
		if e := page.Entries[0]; e.Fault != "after" || !e.Cut || e.Status != 0 || e.AnswerBody != nil || e.Body == nil {
			c.Errorf("entry %+v", e)
		}
	}},
}
