package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/scimd/scimd/internal/server"
	"github.com/scimd/scimd/internal/store"
)

var signInAttackRows = []row{
	{holds: "R6749-4.1.2.1 R9700-2.1 nobody is sent where the application has not said, letter for letter", show: func(c *client) {
		a := c.application("app", publicApp, func(a *store.Application) {
			a.Redirects = callback + " https://client.example/q?a=b http://127.0.0.1/any com.example.app:/cb http://[::1]:7000/cb"
		})
		other := c.application("other", publicApp, func(a *store.Application) { a.Redirects = "https://other.example/cb" })
		b := c.browser()
		for _, uri := range []string{
			callback + "/", callback + "/../cb", callback + "x", callback + "?x=y", callback + "#x", callback + "#", callback + "%20", callback + "\n",
			"https://client.example/CB", "https://CLIENT.example/cb", "HTTPS://client.example/cb", "http://client.example/cb",
			"https://client.example:443/cb", "https://client.example:8443/cb", "https://client.example./cb", "https://client.example",
			"https://user@client.example/cb", "https://client.example@evil.example/cb", "https://client.example%40evil.example/cb",
			"https://client.example.evil.example/cb", "https://evil.example/cb", "https://evil.example/?https://client.example/cb",
			"//client.example/cb", "/cb", "cb", "https:client.example/cb", "https:///client.example/cb", "https://client.example//cb",
			"https://client.example\\@evil.example/cb", "https://client.example/cb https://evil.example", "https://client.example/q?a=b&a=c", "https://client.example/q",
			"javascript:alert(1)", "data:text/html,x", "com.example.app://cb", "com.example.app:/cb2", "urn:ietf:wg:oauth:2.0:oob",
			"http://127.0.0.1:80@evil.example/any", "http://127.0.0.1:/any", "http://127.0.0.1:x/any", "http://127.0.0.2:80/any", "http://localhost:80/any",
			"http://127.0.0.1:80/any/", "https://127.0.0.1:80/any", "http://[::1]:7001/cb", "https://other.example/cb", "*", "null", " ",
		} {
			got := b.open(request(a, "redirect_uri", uri)).is(400, false)
			if got.header.Get("Location") != "" || !strings.Contains(got.body, "redirect_uri") {
				c.Errorf("%s: %v %s", uri, got.header, got.body)
			}
		}
		for _, path := range []string{
			request(a, "client_id", ""), request(a, "client_id", "nobody"), request(a, "client_id", other.ClientID), request(a, "redirect_uri", ""),
			request(a) + "&redirect_uri=https%3A%2F%2Fevil.example%2F", request(a) + "&client_id=other", request(a) + "&redirect_uri=" + url.QueryEscape(callback),
			strings.Replace(request(a), "/app?", "/nope?", 1), strings.Replace(request(a), "/app?", "/other?", 1), "/oauth2/authorize", "/oauth2/authorize/app?%zz",
			request(a) + "&password=x", request(a) + "&client_id=" + strings.Repeat("x", 600),
		} {
			if got := b.open(path).is(400, false); got.header.Get("Location") != "" {
				c.Errorf("%s: %v", path, got.header)
			}
		}
		for _, uri := range []string{callback, "https://client.example/q?a=b", "com.example.app:/cb", "http://127.0.0.1:5000/any", "http://127.0.0.1/any", "http://[::1]:7000/cb"} {
			b.open(request(a, "redirect_uri", uri)).is(200, true)
		}
		sent := b.open(request(a, "redirect_uri", "https://client.example/q?a=b", "response_type", "token")).header.Get("Location")
		if !strings.HasPrefix(sent, "https://client.example/q?a=b&") || strings.Count(sent, "?") != 1 {
			c.Errorf("sent to %s", sent)
		}
	}},
	{holds: "R6749-4.1.2.1 R7636-4.4.1 a client that asks for what it may not is told so at its redirect URI", show: func(c *client) {
		open, secret := c.application("open", publicApp), c.application("secret", webApp)
		machine := c.application("machine", webApp, func(a *store.Application) { a.Grants = "client_credentials" })
		narrow := c.application("narrow", webApp, func(a *store.Application) { a.Scopes = "api" })
		for _, q := range []struct {
			what, path, code string
		}{
			{"no response type", request(open, "response_type", ""), "invalid_request"},
			{"token", request(open, "response_type", "token"), "unsupported_response_type"},
			{"id_token without a bearer", request(open, "response_type", "id_token"), "unsupported_response_type"},
			{"code id_token", request(open, "response_type", "code id_token"), "unsupported_response_type"},
			{"code token", request(open, "response_type", "code token"), "unsupported_response_type"},
			{"Code", request(open, "response_type", "Code"), "unsupported_response_type"},
			{"none", request(open, "response_type", "none"), "unsupported_response_type"},
			{"response type twice", request(open) + "&response_type=token", "invalid_request"},
			{"state twice", request(open) + "&state=x", "invalid_request"},
			{"an unknown parameter twice", request(open) + "&x=1&x=2", "invalid_request"},
			{"fragment", request(open, "response_mode", "fragment"), "invalid_request"},
			{"form_post", request(open, "response_mode", "form_post"), "invalid_request"},
			{"no challenge of a public client", request(open, "code_challenge", "", "code_challenge_method", ""), "invalid_request"},
			{"method without a challenge", request(secret, "code_challenge", ""), "invalid_request"},
			{"plain", request(open, "code_challenge_method", "plain"), "invalid_request"},
			{"plain by default", request(open, "code_challenge_method", ""), "invalid_request"},
			{"plain of one with a secret", request(secret, "code_challenge_method", "plain"), "invalid_request"},
			{"s256", request(open, "code_challenge_method", "s256"), "invalid_request"},
			{"short challenge", request(open, "code_challenge", "abc"), "invalid_request"},
			{"padded challenge", request(open, "code_challenge", challengeOf(verifier)+"="), "invalid_request"},
			{"challenge in another alphabet", request(open, "code_challenge", strings.Repeat("+", 43)), "invalid_request"},
			{"unknown scope", request(open, "scope", "openid nope"), "invalid_scope"},
			{"scope that it has not", request(narrow, "scope", "openid scim"), "invalid_scope"},
			{"grant that it has not", request(machine), "unauthorized_client"},
			{"request object", request(open, "request", "x.y.z"), "request_not_supported"},
			{"request by reference", request(open, "request_uri", "https://evil.example/"), "request_uri_not_supported"},
			{"nobody to be asked", request(open, "prompt", "none"), "login_required"},
			{"long nonce", request(open, "nonce", strings.Repeat("x", 2000)), "invalid_request"},
		} {
			got := c.browser().open(q.path).sent(callback)
			if got.Get("error") != q.code || got.Get("error_description") == "" || got.Has("code") || got.Get("state") != "s&t=/ä" || got.Get("iss") == "" {
				c.Errorf("%s: %v", q.what, got)
			}
		}
		c.patch(open.UserID, replace("active", `false`)).is(200)
		if got := c.browser().open(request(open)).sent(callback); got.Get("error") != "unauthorized_client" {
			c.Errorf("inactive: %v", got)
		}
	}},
	{holds: "R6749-4.1.2 R6749-10.5 a code is good once, and what came of one that comes twice is good no more", set: keepPasswords, show: func(c *client) {
		c.ada()
		for _, app := range []func(*store.Application){webApp, publicApp} {
			a := c.application("a"+c.site.tenant.NewID(nil)[:8], app)
			path := "/oauth2/token/" + a.ID
			code := c.code(a)
			got := c.ask(path, redemption(a, code))
			got.with().do("GET", "/Users", "").is(200)
			c.ask(path, redemption(a, code)).refused(400, "invalid_grant")
			got.with().do("GET", "/Users", "").refused(401, "").mentions("revoked")
			c.ask(path, refreshing(a, got.RefreshToken)).refused(400, "invalid_grant")

			code = c.code(a) // of those who come at one time one is served at most, and nothing is good after that
			answers := make([]*oauthAnswer, 6)
			var all sync.WaitGroup
			for i := range answers {
				all.Go(func() { answers[i] = c.ask(path, redemption(a, code)) })
			}
			all.Wait()
			served := 0
			for _, got := range answers {
				if got.status == 200 {
					served++
					got.with().do("GET", "/Users", "").refused(401, "")
				}
			}
			if served > 1 {
				c.Errorf("served %d", served)
			}
			first := c.signedIn(a) // a refresh token that was used
			if !a.Rotates {
				continue
			}
			second := c.ask(path, refreshing(a, first.RefreshToken))
			second.with().do("GET", "/Users", "").is(200)
			c.ask(path, refreshing(a, first.RefreshToken)).refused(400, "invalid_grant")
			c.ask(path, refreshing(a, second.RefreshToken)).refused(400, "invalid_grant")
			for _, token := range []string{first.AccessToken, second.AccessToken} {
				use := *c
				use.token = token
				use.do("GET", "/Users", "").refused(401, "")
			}
		}
	}},
	{holds: "R6749-4.1.3 R7636-4.6 R9700-2.1.1 a code is for its client, redirect URI and verifier alone, for a minute", set: keepPasswords, show: func(c *client) {
		now := time.Now()
		c = c.serve(func(cfg *server.Config) {
			c.site.tenant.Now = func() time.Time { return now }
			cfg.Auth, cfg.Issuer = signIn(c.site.store, cfg.Service, nil, c.site.tenant.Now)
		})
		setUp := *c
		setUp.token = ""
		id := c.withRights("all")
		id.ada()
		a, other, open := c.application("app", webApp), c.application("other", webApp), c.application("open", publicApp)
		neighbour := c.neighbour()
		same := neighbour.application("app", webApp)
		const token = "/oauth2/token/app"
		code, public := c.code(a), c.code(open)
		bare := c.code(a, "code_challenge", "", "code_challenge_method", "")
		unnamed := c.code(a, "redirect_uri", "")
		for _, q := range []struct {
			what, path, form string
			status           int
			error            string
		}{
			{"wrong verifier", token, redemption(a, code, "code_verifier", strings.Repeat("x", 43)), 400, "invalid_grant"},
			{"no verifier", token, redemption(a, code, "code_verifier", ""), 400, "invalid_grant"},
			{"the challenge as verifier", token, redemption(a, code, "code_verifier", challengeOf(verifier)), 400, "invalid_grant"},
			{"long verifier", token, redemption(a, code, "code_verifier", strings.Repeat("x", 500)), 400, "invalid_grant"},
			{"no verifier of a public client", "/oauth2/token/open", redemption(open, public, "code_verifier", ""), 400, "invalid_grant"},
			{"verifier without a challenge", token, redemption(a, bare), 400, "invalid_grant"},
			{"another redirect URI", token, redemption(a, code, "redirect_uri", callback+"/"), 400, "invalid_grant"},
			{"no redirect URI", token, redemption(a, code, "redirect_uri", ""), 400, "invalid_grant"},
			{"another redirect URI than the only one", token, redemption(a, unnamed, "redirect_uri", "https://evil.example/"), 400, "invalid_grant"},
			{"another client", "/oauth2/token/other", redemption(other, code), 400, "invalid_grant"},
			{"another client at the platform", "/oauth2/platformtoken", redemption(other, code), 400, "invalid_grant"},
			{"another client at the path", token, redemption(other, code), 400, "unauthorized_client"},
			{"a public client with the code of another", "/oauth2/token/open", redemption(open, code), 400, "invalid_grant"},
			{"a client with the code of a public one", token, redemption(a, public), 400, "invalid_grant"},
			{"a public client with a secret", "/oauth2/token/open", redemption(open, public, "client_secret", appSecret), 401, "invalid_client"},
			{"wrong secret", token, redemption(a, code, "client_secret", "x"), 401, "invalid_client"},
			{"no secret", token, redemption(a, code, "client_secret", ""), 401, "invalid_client"},
			{"no code", token, redemption(a, ""), 400, "invalid_request"},
			{"code twice", token, redemption(a, code) + "&code=x", 400, "invalid_request"},
			{"verifier twice", token, redemption(a, code) + "&code_verifier=x", 400, "invalid_request"},
			{"code in the URL", token + "?code=" + code, redemption(a, ""), 400, "invalid_request"},
			{"made-up code", token, redemption(a, "scimd_x.y"), 400, "invalid_grant"},
			{"code without its end", token, redemption(a, code[:50]), 400, "invalid_grant"},
			{"long code", token, redemption(a, strings.Repeat("x.", 400)), 400, "invalid_grant"},
			{"code as refresh token", token, refreshing(a, code), 400, "invalid_grant"},
		} {
			if got := c.ask(q.path, q.form); got.status != q.status || got.Error != q.error {
				c.Errorf("%s: %d %s %s", q.what, got.status, got.Error, got.Text)
			}
		}
		neighbour.ask(token, redemption(same, code)).refused(400, "invalid_grant")
		c.ask("/oauth2/token/open", redemption(open, public)).with().do("GET", "/Users", "").is(200) // mistakes of others cost nobody a code
		c.ask(token, redemption(a, bare, "code_verifier", "")).with()
		got := c.ask(token, redemption(a, unnamed))
		got.with()
		neighbour.ask(token, refreshing(same, got.RefreshToken)).refused(400, "invalid_grant")
		for _, q := range []struct {
			of   store.Application
			form string
		}{{other, refreshing(other, got.RefreshToken)}, {open, refreshing(open, got.RefreshToken)}} {
			c.ask("/oauth2/token/"+q.of.ID, q.form).refused(400, "invalid_grant")
		}
		c.ask(token, refreshing(a, got.RefreshToken)).with()
		setUp.token = got.RefreshToken
		setUp.do("GET", "/Users", "").refused(401, "")
		setUp.token = got.IDToken
		setUp.do("GET", "/Users", "").refused(401, "")
		late := c.code(a)
		now = now.Add(time.Minute)
		c.ask(token, redemption(a, late)).refused(400, "invalid_grant")
		now = now.Add(30*24*time.Hour - time.Minute)
		c.ask(token, refreshing(a, got.RefreshToken)).refused(400, "invalid_grant")
	}},
	{holds: "R6749-10.12 the form is taken from its page alone, in the browser that has it", set: keepPasswords, show: func(c *client) {
		c.ada()
		a := c.application("app", publicApp)
		page := c.browser().open(request(a)).is(200, true)
		cookie := page.header.Get("Set-Cookie")
		if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") || strings.Contains(cookie, page.fields.Get("form_token")) {
			c.Errorf("cookie %s", cookie)
		}
		enter := func(p *view, changes ...string) *view { return p.submit("ada@corp.example", adaPassword, changes...) }
		for what, got := range map[string]*view{
			"no token":                enter(page, "form_token", ""),
			"another token":           enter(page, "form_token", strings.Repeat("x", 43)),
			"the token of another":    enter(page, "form_token", c.browser().open(request(a)).fields.Get("form_token")),
			"the token elsewhere":     c.browser().post(c.site.url+page.url.Path, url.Values{"username": {"ada@corp.example"}, "password": {adaPassword}}.Encode()+"&"+page.fields.Encode()),
			"from another site":       enter(page, "Sec-Fetch-Site:", "cross-site"),
			"from a neighbouring one": enter(page, "Sec-Fetch-Site:", "same-site"),
		} {
			if got.status != 403 || got.header.Get("Location") != "" || got.action == "" {
				c.Errorf("%s: %d %v", what, got.status, got.header)
			}
		}
		second := page.browser.open(request(a, "state", "second")) // another tab does not spoil the first
		if second.header.Get("Set-Cookie") != "" {
			c.Error("another cookie")
		}
		if enter(page, "Sec-Fetch-Site:", "same-origin").sent(callback).Get("code") == "" || enter(second).sent(callback).Get("state") != "second" {
			c.Error("not taken")
		}
		// What the page was opened with decides, not what a form says besides.
		for _, changes := range [][]string{
			{"redirect_uri", "https://evil.example/"}, {"client_id", "nobody"},
		} {
			if got := enter(page, changes...); got.status != 400 || got.header.Get("Location") != "" {
				c.Errorf("%v: %d %v", changes, got.status, got.header)
			}
		}
		if got := enter(page, "code_challenge", ""); got.sent(callback).Get("error") != "invalid_request" {
			c.Error("a form without the challenge is taken")
		}
		r, err := http.NewRequestWithContext(c.Context(), "POST", c.site.url+request(a), strings.NewReader("{}"))
		if err != nil {
			c.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		c.browser().do(r).is(400, false)
		c.browser().post(c.site.url+request(a), "x="+strings.Repeat("x", 20<<10)).is(413, false)
		c.browser().post(c.site.url+request(a), "x=%zz").is(400, false)
		c.browser().post(c.site.url+request(a), "redirect_uri=https%3A%2F%2Fevil.example%2F").is(400, false)
		c.browser().post(c.site.url+"/oauth2/authorize/app", strings.SplitN(request(a), "?", 2)[1]).is(200, true) // a request by POST
	}},
	{holds: "R6749-10.12 over https no other host can set the cookie of the form", set: keepPasswords, show: func(c *client) {
		secure := c.serve(func(cfg *server.Config) { cfg.PublicURL = &url.URL{Scheme: "https", Host: "scim.example"} })
		cookie := secure.browser().open(request(c.application("app", publicApp))).is(200, true).header.Get("Set-Cookie")
		if !strings.HasPrefix(cookie, "__Host-") || !strings.HasSuffix(cookie, "; Path=/; HttpOnly; Secure; SameSite=Lax") {
			c.Errorf("cookie %s", cookie)
		}
	}},
	{holds: "R6749-10.10 wrong passwords show the page again, and are slowed down; who has no password waits as long", set: keepPasswords, show: func(c *client) {
		c.ada()
		now := time.Now()
		c = c.serve(func(cfg *server.Config) {
			c.site.tenant.Now = func() time.Time { return now }
			cfg.Auth, cfg.Issuer = signIn(c.site.store, cfg.Service, nil, c.site.tenant.Now)
		})
		a := c.application("app", publicApp)
		page := c.browser().open(request(a, "login_hint", `"><script>alert(1)</script>`, "state", `"><img src=x>`)).is(200, true)
		if strings.Contains(page.body, "<img") || !strings.Contains(page.body, "&lt;script&gt;") || page.fields.Get("state") != `"><img src=x>` {
			c.Errorf("page %s", page.body)
		}
		for _, name := range []string{"ada@corp.example", "nobody"} {
			for range 10 {
				page = page.submit(name, "wrong").is(401, true)
				if !strings.Contains(page.body, "The user name or the password is wrong.") || !strings.Contains(page.body, `value="`+name+`"`) {
					c.Errorf("page %s", page.body)
				}
			}
			page = page.submit(strings.ToUpper(name), adaPassword).is(429, true)
			if page.header.Get("Retry-After") == "" {
				c.Errorf("%v", page.header)
			}
			c.ask("/oauth2/token/app", redemption(a, "", "grant_type", "password", "username", name, "password", adaPassword)).refused(429, "temporarily_unavailable")
		}
		page.submit("bob", "wrong").is(401, true) // others are not held up
		now = now.Add(time.Minute)
		page.submit("ada@corp.example", adaPassword).sent(callback)
	}},
}
