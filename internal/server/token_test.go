package server_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/server"
	"github.com/scimd/scimd/internal/store"
)

// tokenRows are about authentication and rights (RFC 7644 §2, §7; RFC 6750).
var tokenRows = []row{
	{holds: "R7644-2-01 R7644-3.12-05 R7644-7.6-01 R6750-3-01 R6750-3-02 rule-04 Q-124 without a token there is a 401 that names the scheme", show: func(c *client) {
		id := c.user(ada)
		c.token = ""
		for _, x := range []struct{ method, path string }{
			{"GET", "/Users"}, {"POST", "/Users"}, {"GET", "/Users/" + id}, {"PUT", "/Users/" + id}, {"PATCH", "/Users/" + id}, {"DELETE", "/Users/" + id},
			{"POST", "/Users/.search"}, {"GET", "/Nope"}, {"POST", "/Bulk"}, {"PUT", "/Users"},
		} {
			a := c.do(x.method, x.path, "").refused(401, "")
			if got := a.header.Get("WWW-Authenticate"); got != `Bearer realm="scim"` {
				c.Errorf("%s %s: WWW-Authenticate %q", x.method, x.path, got)
			}
		}
	}},
	{holds: "R6750-2.1-01 rule-04 the name of the scheme goes in any letter case", show: func(c *client) {
		for _, scheme := range []string{"Bearer", "bearer", "BEARER", "bEARER", "Bearer "} {
			c.do("GET", "/Users", "", "Authorization: -", "Authorization: "+scheme+" "+allRights).is(200)
		}
	}},
	{holds: "R6750-2-02 R6750-3.1-01 R6750-3.1-03 Q-124 wrong schemes, wrong tokens and several headers are told apart", show: func(c *client) {
		for _, x := range []struct{ header, code string }{
			{"Basic dTpw", ""},
			{"Digest x", ""},
			{allRights, ""},
			{"Bearer", `error="invalid_request"`},
			{"Bearer wrong", `error="invalid_token"`},
			{"Bearer " + strings.ToUpper(allRights), `error="invalid_token"`},
			{"Bearer a b", `error="invalid_token"`},
			{`Bearer "x"`, `error="invalid_token"`},
		} {
			a := c.do("GET", "/Users", "", "Authorization: -", "Authorization: "+x.header).refused(401, "")
			got := a.header.Get("WWW-Authenticate")
			if !strings.HasPrefix(got, `Bearer realm="scim"`) || !strings.Contains(got, x.code) || x.code == "" && strings.Contains(got, "error=") {
				c.Errorf("%s: WWW-Authenticate %q", x.header, got)
			}
		}
		two := c.do("GET", "/Users", "", "Authorization: Bearer "+allRights).refused(401, "")
		if !strings.Contains(two.header.Get("WWW-Authenticate"), `error="invalid_request"`) {
			c.Errorf("two headers: %v", two.header)
		}
	}},
	{holds: "R6750-2-01 a token in the query or the body is none", show: func(c *client) {
		c.token = ""
		c.do("GET", "/Users?access_token="+allRights, "").refused(401, "")
		c.do("POST", "/Users", `{"access_token":"`+allRights+`"}`).refused(401, "")
	}},
	{holds: "R7644-2-03 the token is checked before path, id and body", show: func(c *client) {
		c.token = "wrong"
		c.do("GET", "/Users/none", "").refused(401, "")
		c.do("POST", "/Users", `{`, "Content-Type: -", "Content-Type: text/plain").refused(401, "")
		c.do("GET", "/Users?filter=nonsense&filter=x", "").refused(401, "")
		c.do("PATCH", "/Users", "").refused(401, "")
		c.do("GET", "/Users", "", "Accept: text/xml").refused(401, "")
	}},
	{holds: "R7644-2-02 R7644-3.12-06 a missing right is 403, and nothing happens", show: func(c *client) {
		id := c.user(ada)
		writes := []struct{ method, path, body string }{
			{"POST", "/Users", userBody(`"userName":"b"`)}, {"PUT", "/Users/" + id, userBody(`"userName":"b"`)},
			{"PATCH", "/Users/" + id, patchBody(add("title", `"t"`))}, {"DELETE", "/Users/" + id, ""}, {"DELETE", "/Users/none", ""},
		}
		for _, rights := range []string{"read", "users:read", "groups:write,vault:write"} {
			for _, w := range writes {
				c.withRights(rights).do(w.method, w.path, w.body).refused(403, "").mentions("users")
			}
		}
		for _, rights := range []string{"write", "users:write", "groups:read", "vault:read,groups:write"} {
			other := c.withRights(rights)
			other.do("GET", "/Users", "").refused(403, "")
			other.do("GET", "/Users/"+id, "").refused(403, "")
			other.do("POST", "/Users/.search", searchBody(`"count":1`)).refused(403, "")
		}
		c.listed(nil, "ada")
		c.withRights("users:read").do("GET", "/Users/"+id, "").is(200)
		c.withRights("write").do("DELETE", "/Users/"+id, "").is(204)
	}},
	{holds: "R7644-7.4-01 R6750-3.1-01 an expired or revoked token is refused, each with its reason", show: func(c *client) {
		now := time.Now().UTC()
		fresh := c.withToken(store.Token{Name: "fresh", Rights: "all", Expires: now.Add(time.Hour)})
		fresh.do("GET", "/Users", "").is(200)
		old := c.withToken(store.Token{Name: "old", Rights: "all", Expires: now.Add(-time.Second)})
		a := old.do("GET", "/Users", "").refused(401, "").mentions("expired")
		if !strings.Contains(a.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
			c.Errorf("%v", a.header)
		}
		if _, err := c.site.store.RevokeToken(c.Context(), c.site.tenant.ID, "fresh", now); err != nil {
			c.Fatal(err)
		}
		fresh.do("GET", "/Users", "").refused(401, "").mentions("revoked")
	}},
	{holds: "R6750-3.1-02 a missing right is a 403 that names it as the scope", show: func(c *client) {
		a := c.withRights("users:read").do("POST", "/Users", `{"userName":"u"}`).refused(403, "").mentions("users:write")
		for _, part := range []string{`error="insufficient_scope"`, `scope="users:write"`} {
			if got := a.header.Get("WWW-Authenticate"); !strings.Contains(got, part) {
				c.Errorf("the challenge %q lacks %s", got, part)
			}
		}
	}},
	{holds: "R7644-7.4-01 a token ends when its time comes, also while it is remembered", show: func(c *client) {
		now := time.Now().UTC()
		c = c.serve(func(cfg *server.Config) {
			c.site.tenant.Now = func() time.Time { return now }
			cfg.Auth = auth.New(c.site.store, nil, time.Hour, c.site.tenant.Now)
		})
		short := c.withToken(store.Token{Rights: "all", Expires: now.Add(time.Minute)})
		short.do("GET", "/Users", "").is(200)
		now = now.Add(time.Minute - time.Microsecond)
		short.do("GET", "/Users", "").is(200)
		now = now.Add(time.Millisecond)
		short.do("GET", "/Users", "").refused(401, "").mentions("expired")
	}},
	{holds: "a token is looked at while somebody else writes for long", show: func(c *client) {
		a := c.application("app")
		reader := c.serve(func(cfg *server.Config) { // which has not seen the signing keys
			cfg.Auth, cfg.Issuer = signIn(c.site.store, cfg.Service, nil, time.Now)
		})
		reader.token = c.ask("/oauth2/token/app", credentials(a)).AccessToken
		began, done, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			begin := sync.OnceFunc(func() { close(began) })
			ended <- c.site.store.Do(context.Background(), c.site.tenant.Space, func(store.Tx) error {
				begin()
				<-done
				return nil
			})
		}()
		<-began
		give := time.AfterFunc(10*time.Second, func() { close(done) })
		reader.do("GET", "/Users", "").is(200)
		if give.Stop() {
			close(done)
		} else {
			c.Errorf("the request waited for the end of the write")
		}
		if err := <-ended; err != nil {
			c.Error(err)
		}
	}},
	{holds: "an opaque token of a user who is deactivated ends at once", show: func(c *client) {
		id := c.user(ada)
		other := c.withToken(store.Token{ID: "ada-" + id, Name: "ada", Rights: "read", Principal: store.Principal{Kind: "user", ID: id}})
		for range 3 { // nothing that is remembered counts
			other.do("GET", "/Users", "").is(200)
			c.patch(id, replace("active", `false`)).is(200)
			other.do("GET", "/Users", "").refused(401, "").mentions("not active")
			c.patch(id, replace("active", `true`)).is(200)
		}
	}},
	{holds: "R7644-3.12-06 a token cannot delete or deactivate the user that it stands for", show: func(c *client) {
		id := c.user(ada + `,"active":true`)
		own := c.withToken(store.Token{Rights: "all", Principal: store.Principal{Kind: "user", ID: id, Display: "ada"}})
		own.untouched(id, func() {
			own.do("DELETE", "/Users/"+id, "").refused(403, "")
			own.patch(id, replace("active", `false`)).refused(403, "")
			own.patch(id, `{"op":"replace","value":{"active":"False"}}`).refused(403, "")
			own.put(id, ada+`,"active":false`).refused(403, "")
		})
		own.patch(id, replace("title", `"t"`)).is(200)
		other := own.user(`"userName":"bob","active":true`)
		own.patch(other, replace("active", `false`)).is(200)
		own.do("DELETE", "/Users/"+other, "").is(204)
		c.do("DELETE", "/Users/"+id, "").is(204)
	}},
	{holds: "tenant-4.1 the service user is readable by its id, in no list, and its name is taken", show: func(c *client) {
		p, err := newService(c.site.store).EnsureServiceUser(c.Context(), c.site.tenant)
		if err != nil {
			c.Fatal(err)
		}
		again, err := newService(c.site.store).EnsureServiceUser(c.Context(), c.site.tenant)
		if err != nil || again != p {
			c.Errorf("%v and %v, %v", p, again, err)
		}
		c.users("ada")
		c.get(p.ID).has("userName", p.Display)
		c.do("POST", "/Users", userBody(`"userName":"`+p.Display+`"`)).refused(409, "uniqueness")
		own := c.withToken(store.Token{Rights: "all", Principal: p})
		own.do("DELETE", "/Users/"+p.ID, "").refused(403, "")
		c.listed(nil, "ada").has("totalResults", 1)
		c.found(`userName eq "` + p.Display + `"`)
	}},
	{holds: "R7643-9.3-01 the events of a write say who did it", show: func(c *client) {
		id := c.user(ada)
		own := c.withToken(store.Token{Rights: "all", Principal: store.Principal{Kind: "user", ID: id, Display: "ada"}})
		a := own.do("POST", "/Users", userBody(`"userName":"bob@x"`)).is(201)
		events, err := c.site.store.Events(c.Context(), c.site.tenant.Space, 0, 10)
		if err != nil || len(events) != 2 {
			c.Fatalf("%v, %v", events, err)
		}
		e := events[1]
		if e.Operation != "create" || e.Type != "User" || e.ID != a.text("id") || e.Principal.ID != id || e.RequestID != a.header.Get("X-Request-Id") {
			c.Errorf("event %+v", e)
		}
		if strings.Contains(fmt.Sprint(events), "bob@x") {
			c.Error("an event has a value")
		}
	}},
}

// tenantRows are about the isolation of tenants (RFC 7644 §6).
var tenantRows = []row{
	{holds: "R7644-6-01 R7644-6-02 R7643-9.3-01 R7644-3.4.2.2-39 tenants share nothing", show: func(c *client) {
		other := c.neighbour()
		id := c.user(ada + `,"externalId":"e"`)
		theirs := other.user(ada + `,"externalId":"e"`)
		c.listed([]string{"filter", `externalId eq "e"`}, "ada").has("totalResults", 1).has("Resources/0/id", id)
		other.listed([]string{"filter", `not (title pr)`}, "ada").has("totalResults", 1).has("Resources/0/id", theirs)
		for _, method := range []string{"GET", "DELETE"} {
			other.do(method, "/Users/"+id, "").refused(404, "")
		}
		other.put(id, ada).refused(404, "")
		other.patch(id, add("title", `"t"`)).refused(404, "")
		other.get(other.user(`"userName":"b",`+manager(`{"value":"`+id+`"}`))).has(managerPath, raw(`{"value":"`+id+`"}`))
		c.get(id).lacks("title")
	}},
	{holds: "R7644-6-01 a token of one tenant is unknown to another", show: func(c *client) {
		other := c.neighbour()
		token := c.withRights("all")
		token.do("GET", "/Users", "").is(200)
		other.token = token.token
		other.do("GET", "/Users", "").refused(401, "").mentions("not known")
	}},
	{holds: "R7644-6-01 a tenant that cannot be resolved is an error, not the default one", show: func(c *client) {
		lost := c.serve(func(cfg *server.Config) {
			cfg.Tenants = homes{}
		})
		lost.do("GET", "/Users", "").refused(500, "")
		lost.do("GET", "/ServiceProviderConfig", "").refused(500, "")
	}},
	{holds: "R7644-5-01 R7644-5-02 R7644-5-03 userNames are prepared for comparison and kept as sent", show: func(c *client) {
		nfc, nfd := "Ren\u00e9", "Rene\u0301"
		c.get(c.user(`"userName":"`+nfd+`"`)).has("userName", nfd)
		c.do("POST", "/Users", userBody(`"userName":"`+nfc+`"`)).refused(409, "uniqueness")
		c.do("POST", "/Users", userBody(`"userName":"`+strings.ToUpper(nfc)+`"`)).refused(409, "uniqueness")
		c.found(`userName eq "`+nfc+`"`, nfd)
		for _, name := range []string{"a b", "👩‍💻", "a\tb", "x@y@z", " lead", "ﬁ"} {
			c.do("POST", "/Users", userBody(`"userName":`+quoted(name))).is(201).has("userName", name)
		}
	}},
}
