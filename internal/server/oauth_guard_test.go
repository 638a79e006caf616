package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/store"
)

// hop asks for an id token as the official SDKs do, with an access token; "" when
// none is given.
func (c *client) hop(a store.Application, bearer string) (token string, status int) {
	c.Helper()
	v := url.Values{"client_id": {a.ID}, "redirect_uri": {"https://cyberark.cloud/redirect"}, "response_type": {"id_token"}}
	r, err := http.NewRequestWithContext(c.Context(), "GET", c.site.url+"/oauth2/authorize/"+a.ID+"?"+v.Encode(), nil)
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	res, err := c.browser().http.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	_ = res.Body.Close()
	_, fragment, _ := strings.Cut(res.Header.Get("Location"), "#")
	if v, err = url.ParseQuery(fragment); err != nil {
		c.Fatal(err)
	}
	return v.Get("id_token"), res.StatusCode
}

// oauthGuardRows are about what nobody gets at by way of OAuth.
var oauthGuardRows = []row{
	{holds: "an id that no application or client can have is unknown on every database", show: func(c *client) {
		a := c.application("app", webApp)
		for _, id := range []string{"%00", "a%00b", "%ff", "a%0ab", strings.Repeat("x", 600)} {
			for _, path := range []string{"/oauth2/keys/" + id, "/" + id + "/.well-known/openid-configuration"} {
				res, err := c.http.Get(c.site.url + path)
				if err != nil || res.StatusCode != 404 {
					c.Fatalf("%.60s: %v, %v", path, res, err)
				}
				_ = res.Body.Close()
			}
			for _, q := range []struct {
				path, form string
				headers    []string
				status     int
				code       string
			}{
				{"/oauth2/platformtoken", "grant_type=client_credentials&client_secret=x&client_id=" + id, nil, 401, "invalid_client"},
				{"/oauth2/platformtoken", "grant_type=authorization_code&client_id=" + id, nil, 401, "invalid_client"},
				{"/oauth2/introspect", "token=x&client_secret=x&client_id=" + id, nil, 401, "invalid_client"},
				{"/oauth2/revoke", "token=x&client_id=" + id, nil, 401, "invalid_client"},
				{"/oauth2/platformtoken", "grant_type=client_credentials", []string{basicAuth("a\x00b", "x")}, 401, "invalid_client"},
				{"/oauth2/platformtoken", "grant_type=client_credentials", []string{basicAuth("a%00b", "x")}, 401, "invalid_client"},
				{"/oauth2/token/" + id, credentials(a), nil, 400, "invalid_request"},
			} {
				if got := c.ask(q.path, q.form, q.headers...); got.status != q.status || got.Error != q.code {
					c.Errorf("%.60s %.80s: %d %s", q.path, q.form, got.status, got.Error)
				}
			}
			c.browser().open("/oauth2/authorize?client_id="+id).is(400, false)
		}
		if strings.Contains(c.site.log.String(), `"ERROR"`) {
			c.Errorf("log %s", c.site.log)
		}
	}},
	{holds: "R7662-4-01 R7644-3.12-09 the limits of a tenant hold for OAuth, too", set: keepPasswords, show: func(c *client) {
		c.ada()
		a, b, open := c.application("app", webApp), c.application("other"), c.application("open", publicApp)
		machine, person := c.ask("/oauth2/token/app", credentials(a)), c.signedIn(open)
		info := func(token string) *oauthAnswer { return c.ask("/oauth2/userinfo", "", "Authorization: Bearer "+token) }
		for what, ask := range map[string]func() *oauthAnswer{
			"a token":       func() *oauthAnswer { return c.ask("/oauth2/token/app", credentials(a)) },
			"introspection": func() *oauthAnswer { return c.ask("/oauth2/introspect", credentials(a, "token", "x")) },
			"revocation":    func() *oauthAnswer { return c.ask("/oauth2/revoke", credentials(a, "token", "x")) },
			"a refresh": func() *oauthAnswer {
				return c.ask("/oauth2/token/open", refreshing(open, person.RefreshToken, "scope", "nope"))
			},
			"user info": func() *oauthAnswer { return info(person.AccessToken) },
		} {
			for limit, rates := range map[string][2]int{"tenant": {1, 0}, "token": {0, 1}} {
				clock := c.limited(rates[0], rates[1])
				if limit == "tenant" {
					c.do("GET", "/Users", "").is(200)
				} else if got := ask(); got.status == 429 {
					c.Errorf("%s: refused at once", what)
				}
				got := ask()
				if what == "a refresh" { // of no use, and so not counted
					got.refused(400, "invalid_scope")
					continue
				}
				got.refused(429, "temporarily_unavailable")
				if got.header.Get("Retry-After") != "1" || !strings.Contains(got.Text, "1 requests a second") {
					c.Errorf("%s, %s: %v %s", what, limit, got.header, got.Text)
				}
				if limit == "token" && c.ask("/oauth2/token/other", credentials(b)).status != 200 {
					c.Errorf("%s: another application is held up", what)
				}
				*clock = clock.Add(1e9)
				if got := ask(); got.status == 429 {
					c.Errorf("%s, %s: %d a second later", what, limit, got.status)
				}
			}
		}
		c.limited(0, 1)
		if _, status := c.hop(a, machine.AccessToken); status != 302 {
			c.Errorf("hop: %d", status)
		}
		if _, status := c.hop(a, machine.AccessToken); status != 429 {
			c.Errorf("hop: %d", status)
		}
		// Anybody can name a public application: that alone takes nothing from its people.
		for range 3 {
			c.ask("/oauth2/token/open", redemption(open, "scimd_x.y")).refused(400, "invalid_grant")
		}
		next := c.ask("/oauth2/token/open", refreshing(open, person.RefreshToken))
		next.with()
		c.ask("/oauth2/token/open", refreshing(open, next.RefreshToken)).refused(429, "temporarily_unavailable")
		c.limited(0, 0)
		c.ask("/oauth2/token/open", refreshing(open, next.RefreshToken)).with() // what was refused is good yet
	}},
	{holds: "R7644-3.12-09 the tokens of a person count as one, those of another as another", set: keepPasswords, show: func(c *client) {
		c.ada()
		c.user(`"userName":"bob","password":"` + adaPassword + `"`)
		a := c.application("app", publicApp)
		in := func(name string) *client {
			return c.ask("/oauth2/token/app", redemption(a, "", "grant_type", "password", "username", name, "password", adaPassword, "scope", "scim")).with()
		}
		first, second, bob := in("ada@corp.example"), in("ada@corp.example"), in("bob")
		c.limited(0, 1)
		first.do("GET", "/Users", "").is(200)
		second.do("GET", "/Users", "").refused(429, "")
		bob.do("GET", "/Users", "").is(200)
	}},
	{holds: "tenant-apis-1.3 a token that was got with another ends with it, at every server", show: func(c *client) {
		a := c.application("app")
		other := c.serve(issuerOn(c))
		parent := c.ask("/oauth2/token/app", credentials(a)).AccessToken
		child, _ := c.hop(a, parent)
		grandchild, _ := c.hop(a, child)
		lone := c.ask("/oauth2/token/app", credentials(a)).AccessToken
		c.withBearer(grandchild).do("GET", "/Users", "").is(200)
		if got := c.ask("/oauth2/revoke", credentials(a, "token", child)); got.status != 200 {
			c.Fatal(got.status, got.Text)
		}
		c.withBearer(parent).do("GET", "/Users", "").is(200)
		c.withBearer(child).do("GET", "/Users", "").refused(401, "").mentions("revoked")
		c.withBearer(grandchild).do("GET", "/Users", "").refused(401, "").mentions("revoked")
		child, _ = c.hop(a, parent)
		c.withBearer(child).do("GET", "/Users", "").is(200)
		c.ask("/oauth2/revoke", credentials(a, "token", parent))
		for _, at := range []*client{c, other} {
			at.withBearer(child).do("GET", "/Users", "").refused(401, "").mentions("revoked")
			at.withBearer(lone).do("GET", "/Users", "").is(200)
		}
		for range 4 {
			lone, _ = c.hop(a, lone)
		}
		if _, status := c.hop(a, lone); status != 400 {
			c.Errorf("the fifth: %d", status)
		}
	}},
	{holds: "R6749-5.2-01 below /oauth2 a path or method that is none has an error of OAuth", show: func(c *client) {
		a := c.application("app")
		for _, q := range []struct {
			method, path, says string
			status             int
		}{
			{"GET", "/oauth2/token/app", "GET", 405},
			{"DELETE", "/oauth2/introspect", "DELETE", 405},
			{"MADE-UP", "/oauth2/token/app", "", 405},
			{"POST", "/.well-known/openid-configuration", "POST", 405},
			{"POST", "/OAuth2/Token", "the id of an application", 404},
			{"POST", "/oauth2/token/", "the id of an application", 404},
			{"GET", "/oauth2/nope", "/.well-known/openid-configuration", 404},
			{"POST", "/oauth2", "/.well-known/openid-configuration", 404},
			{"POST", "/tenants/nobody/oauth2/token/app", "nobody", 404},
			{"POST", "/oauth2/token/app?" + strings.Repeat("x", 9000), "longer", 414},
		} {
			r, err := http.NewRequestWithContext(c.Context(), q.method, c.site.url+q.path, strings.NewReader(credentials(a)))
			if err != nil {
				c.Fatal(err)
			}
			res, err := c.http.Do(r)
			if err != nil {
				c.Fatal(err)
			}
			var got map[string]any
			err = json.NewDecoder(res.Body).Decode(&got)
			_ = res.Body.Close()
			text, _ := got["error_description"].(string)
			if err != nil || res.StatusCode != q.status || got["error"] != "invalid_request" || !strings.Contains(text, q.says) || len(got) != 2 ||
				(q.status == 405) != (res.Header.Get("Allow") != "") || res.Header.Get("Content-Type") != "application/json" {
				c.Errorf("%s %.80s: %d %v %v, %v", q.method, q.path, res.StatusCode, got, res.Header, err)
			}
		}
		c.root("GET", "/else/where", "").refused(404, "")
	}},
	{holds: "R8414-2 metadata tells what an application may use, and nothing else", show: func(c *client) {
		for _, q := range []struct {
			app         store.Application
			types, mode string
			introspects bool
		}{
			{store.Application{}, "code id_token", "query fragment", true},
			{c.application("web", webApp), "code id_token", "query fragment", true},
			{c.application("open", publicApp), "code id_token", "query fragment", false},
			{c.application("machine"), "id_token", "fragment", true},
			{c.application("passwords", publicApp, func(a *store.Application) { a.Grants = "password" }), "id_token", "fragment", false},
		} {
			path := "/.well-known/openid-configuration"
			if q.app.ID != "" {
				path = "/" + q.app.ID + path
			}
			got := c.root("GET", path, "").is(200)
			var m map[string]any
			if err := json.Unmarshal(got.body, &m); err != nil {
				c.Fatal(err)
			}
			join := func(name string) string { return strings.Trim(fmt.Sprint(m[name]), "[]") }
			coded := strings.HasPrefix(q.types, "code")
			if join("response_types_supported") != q.types || join("response_modes_supported") != q.mode ||
				(m["introspection_endpoint"] != nil) != q.introspects || (m["introspection_endpoint_auth_methods_supported"] != nil) != q.introspects ||
				(m["code_challenge_methods_supported"] != nil) != coded || m["authorization_response_iss_parameter_supported"] != coded {
				c.Errorf("%s: %s", path, got.body)
			}
		}
	}},
	{holds: "R6749-5.1-01 no token is issued for less than a second", set: keepPasswords, show: func(c *client) {
		now := time.Now().Truncate(time.Second)
		c.ada()
		c = c.serve(another(c, &now))
		a := c.application("app", webApp, func(a *store.Application) { a.RefreshLifetime = time.Hour })
		got := c.ask("/oauth2/token/app", redemption(a, "", "grant_type", "password", "username", "ada@corp.example", "password", adaPassword))
		got.with()
		now = now.Add(time.Hour - time.Second)
		if last := c.ask("/oauth2/token/app", refreshing(a, got.RefreshToken)); last.status != 200 || last.ExpiresIn != 1 {
			c.Errorf("%d %+v", last.status, last.IssuedToken)
		}
		now = now.Add(time.Millisecond)
		c.ask("/oauth2/token/app", refreshing(a, got.RefreshToken)).refused(400, "invalid_grant")
	}},
	{holds: "R7662-2.2-01 whoever is renamed has the new name in refreshed tokens and in introspection", set: keepPasswords, show: func(c *client) {
		id := c.ada()
		a := c.application("app", webApp)
		got := c.signedIn(a)
		c.patch(id, replace("userName", `"countess@corp.example"`)).is(200)
		next := c.ask("/oauth2/token/app", refreshing(a, got.RefreshToken))
		next.with()
		if name := c.about(next.AccessToken)["unique_name"]; name != "countess@corp.example" {
			c.Errorf("unique_name %v", name)
		}
		for _, token := range []string{got.AccessToken, next.AccessToken, got.RefreshToken} {
			c.root("POST", "/oauth2/introspect", credentials(a, "grant_type", "", "token", token), "Authorization: -",
				"Content-Type: -", "Content-Type: application/x-www-form-urlencoded").is(200).has("active", true).has("username", "countess@corp.example")
		}
	}},
	{holds: "the sign-in page leaves the window that opened it its opener", show: func(c *client) {
		h := c.browser().open(request(c.application("app", webApp))).is(200, true).header
		if h.Get("Cross-Origin-Opener-Policy") != "" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			c.Errorf("%v", h)
		}
	}},
	{holds: "R7644-7.4-01 what was signed with a key that is dropped ends, at every server within seconds", show: func(c *client) {
		now := time.Now()
		a, other := c.application("app"), c.serve(another(c, &now))
		old := c.ask("/oauth2/token/app", credentials(a)).with()
		if _, err := c.site.config.Issuer.Keys.Rotate(c.Context(), c.site.tenant.Space, false); err != nil {
			c.Fatal(err)
		}
		before := c.ask("/oauth2/token/app", credentials(a)).with()
		for _, at := range []*client{c, other} {
			for _, token := range []*client{old, before} {
				at.withBearer(token.token).do("GET", "/Users", "").is(200)
			}
		}
		list, err := c.site.config.Issuer.Keys.Rotate(c.Context(), c.site.tenant.Space, true)
		if err != nil || len(list) != 1 {
			c.Fatal(list, err)
		}
		now = now.Add(5 * time.Second)
		fresh := c.ask("/oauth2/token/app", credentials(a)).with()
		for _, at := range []*client{c, other} {
			at.withBearer(old.token).do("GET", "/Users", "").refused(401, "").mentions("not known")
			at.withBearer(before.token).do("GET", "/Users", "").refused(401, "").mentions("not known")
			at.withBearer(fresh.token).do("GET", "/Users", "").is(200)
			at.root("GET", "/oauth2/keys", "").is(200).has("keys/0/kid", list[0].ID).lacks("keys/1")
		}
	}},
	{holds: "the log tells the application, the code of a refusal, and the id of who got in, never a user name", set: keepPasswords, show: func(c *client) {
		id := c.ada()
		a := c.application("app", publicApp)
		page := c.browser().open(request(a))
		for what, q := range map[string]struct {
			got        http.Header
			code, user string
		}{
			"a page refused":      {c.browser().open(request(a, "redirect_uri", "https://evil.example/")).header, "invalid_request", ""},
			"an answer elsewhere": {c.browser().open(request(a, "response_type", "token")).header, "unsupported_response_type", ""},
			"a wrong password":    {page.submit("ada@corp.example", "wrong").header, "invalid_grant", ""},
			"a sign-in":           {page.submit("ada@corp.example", adaPassword).header, "", id},
			"a code of no use":    {c.ask("/oauth2/token/app", redemption(a, "scimd_x.y")).header, "invalid_grant", ""},
			"a token":             {c.ask("/oauth2/token/app", redemption(a, "", "grant_type", "password", "username", "ada@corp.example", "password", adaPassword)).header, "", id},
		} {
			line := c.logged(&answer{header: q.got})
			code, _ := line["code"].(string)
			user, _ := line["user"].(string)
			if code != q.code || user != q.user || line["token"] != "app" && what != "a page refused" {
				c.Errorf("%s: %v", what, line)
			}
		}
		if strings.Contains(c.site.log.String(), "ada@") {
			c.Error("the log has a user name")
		}
	}},
}
