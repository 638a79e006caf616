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

// trail keeps the rows of the audit log.
type trail struct {
	mu   sync.Mutex
	rows []store.Audit
}

func (t *trail) Add(a store.Audit) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, a)
}

var signInTokenRows = []row{
	{holds: "the trail tells who has signed in on the page, and that somebody could not", set: keepPasswords, show: func(c *client) {
		var kept trail
		id := c.ada()
		a := c.application("app", publicApp)
		c = c.serve(func(cfg *server.Config) { cfg.Audit = &kept })
		c.browser().open(request(a)).submit("ada@corp.example", "wrong").is(401, true).submit("ada@corp.example", adaPassword).sent(callback)
		want := []store.Audit{
			{Status: 401, Code: "invalid_grant"},
			{Status: 303, Principal: store.Principal{Kind: "user", ID: id, Display: "ada@corp.example"}},
		}
		kept.mu.Lock()
		defer kept.mu.Unlock()
		if len(kept.rows) != len(want) {
			c.Fatalf("rows %+v", kept.rows)
		}
		for i, w := range want {
			got := kept.rows[i]
			if got.Category != store.AuditSignIn || got.Action != "sign-in" || got.Credential != "app" || got.Status != w.Status || got.Code != w.Code || got.Principal != w.Principal {
				c.Errorf("row %+v, want %+v", got, w)
			}
		}
	}},
	{holds: "R7009-2-01 R7009-2.1-01 R7009-2.1-02 R7009-2.2-01 R7009-2.2-02 R7009-2.2.1-01 tokens are revoked, at every server within a second", set: keepPasswords, show: func(c *client) {
		now := time.Now()
		other := c.serve(another(c, &now))
		c.ada()
		a, b := c.application("app", webApp), c.application("other", webApp)
		revoke := func(of store.Application, token string, changes ...string) *oauthAnswer {
			return c.ask("/OAuth2/Revoke", redemption(of, "", append([]string{"grant_type", "", "token", token}, changes...)...))
		}
		open := func(token string, want int) {
			c.Helper()
			for _, at := range []*client{c, other} {
				use := *at
				use.token = token
				if got := use.do("GET", "/Users", ""); got.status != want {
					c.Errorf("%d, want %d", got.status, want)
				}
			}
		}
		machine, person, second := c.ask("/oauth2/token/app", credentials(a)), c.signedIn(a), c.signedIn(a)
		for _, token := range []string{machine.AccessToken, person.AccessToken} {
			revoke(b, token).refused(400, "invalid_grant")
			revoke(a, token, "client_secret", "wrong").refused(401, "invalid_client")
			open(token, 200)
			for range 2 {
				if got := revoke(a, token, "token_type_hint", "refresh_token"); got.status != 200 {
					c.Errorf("%d %s", got.status, got.Text)
				}
			}
			now = now.Add(time.Second)
			open(token, 401)
		}
		renewed := c.ask("/oauth2/token/app", refreshing(a, person.RefreshToken)) // one access token was meant
		open(renewed.AccessToken, 200)
		revoke(b, person.RefreshToken).refused(400, "invalid_grant")
		if got := revoke(a, person.RefreshToken, "token_type_hint", "access_token"); got.status != 200 {
			c.Errorf("%d %s", got.status, got.Text)
		}
		now = now.Add(time.Second)
		open(renewed.AccessToken, 401)
		open(second.AccessToken, 200)
		c.ask("/oauth2/token/app", refreshing(a, person.RefreshToken)).refused(400, "invalid_grant")
		for _, unknown := range []string{"x", "a.b", "a.b.c", machine.AccessToken[:40], strings.Repeat("x.", 3000)} {
			if got := revoke(a, unknown); got.status != 200 {
				c.Errorf("%.20s: %d %s", unknown, got.status, got.Text)
			}
		}
		revoke(a, "").refused(400, "invalid_request")
		c.ask("/oauth2/revoke", "token=x").refused(401, "invalid_client")
		c.ask("/oauth2/revoke?token=x", redemption(a, "")).refused(400, "invalid_request")
	}},
	{holds: "R7662-2.1-01 R7662-2.2-01 R7662-2.2-02 R7662-4-01 a client learns of its own tokens whether they are good", set: keepPasswords, show: func(c *client) {
		id := c.ada()
		a, b, open := c.application("app", webApp), c.application("other", webApp), c.application("open", publicApp)
		introspect := func(of store.Application, token string) *answer {
			c.Helper()
			form := redemption(of, "", "grant_type", "", "token", token)
			anonymous := *c
			anonymous.token = ""
			return anonymous.root("POST", "/oauth2/introspect", form, "Content-Type: -", "Content-Type: application/x-www-form-urlencoded").is(200)
		}
		machine, person := c.ask("/oauth2/token/app", credentials(a)), c.signedIn(a)
		introspect(a, machine.AccessToken).has("active", true).has("client_id", a.ClientID).has("sub", a.UserID).has("scope", "scim").
			has("aud", a.ClientID).has("iss", c.site.url+"/app/").has("token_type", "Bearer")
		claims := c.about(person.AccessToken)
		introspect(a, person.AccessToken).has("active", true).has("sub", id).has("username", "ada@corp.example").has("scope", "openid scim").
			has("jti", claims["jti"]).has("exp", int(claims["exp"].(float64))).has("iat", int(claims["iat"].(float64)))
		introspect(a, person.RefreshToken).has("active", true).has("sub", id).has("token_type", "refresh_token").has("client_id", a.ClientID)
		for name, token := range map[string]string{
			"unknown": "x", "cut": person.AccessToken[:80], "id token": person.IDToken, "opaque": allRights, "cut refresh token": person.RefreshToken[:60], "code": c.code(a),
		} {
			if got := introspect(a, token).only("", "active").has("active", false); got.status != 200 {
				c.Error(name)
			}
		}
		introspect(b, person.AccessToken).only("", "active").has("active", false)
		introspect(b, person.RefreshToken).only("", "active").has("active", false)
		c.patch(id, replace("active", `false`)).is(200)
		introspect(a, person.AccessToken).only("", "active").has("active", false)
		introspect(a, person.RefreshToken).only("", "active").has("active", false)
		c.ask("/oauth2/introspect", "token=x").refused(401, "invalid_client")
		c.ask("/oauth2/introspect", redemption(open, "", "token", "x")).refused(401, "invalid_client")
		c.ask("/oauth2/introspect/app", redemption(b, "", "token", "x")).refused(400, "unauthorized_client")
		c.ask("/oauth2/introspect/app", redemption(a, "")).refused(400, "invalid_request")
	}},
	{holds: "tenant-apis-1.1 user info tells as much as the scopes allow", set: keepPasswords, show: func(c *client) {
		id := c.ada()
		a := c.application("app", webApp)
		for scope, members := range map[string][]string{
			"openid":         {"sub", "unique_name"},
			"openid email":   {"sub", "unique_name", "email", "email_verified"},
			"openid profile": {"sub", "unique_name", "name", "given_name", "family_name", "preferred_username", "locale", "updated_at"},
		} {
			token := c.signedIn(a, "scope", scope)
			with := *c
			with.token = token.AccessToken
			for _, method := range []string{"GET", "POST"} {
				with.root(method, "/OAuth2/UserInfo/app", "").is(200).only("", members...).has("sub", id)
			}
			with.root("POST", "/oauth2/userinfo", `{"Scopes":["userInfo"]}`).is(200).has("unique_name", "ada@corp.example")
			with.do("GET", "/Users", "").refused(403, "")
		}
		for _, q := range []struct {
			token, path string
			status      int
			challenge   string
		}{
			{"", "/oauth2/userinfo", 401, `Bearer realm="scim"`},
			{"x.y.z", "/oauth2/userinfo", 401, `error="invalid_token"`},
			{allRights, "/oauth2/userinfo", 401, `error="invalid_token"`},
			{c.ask("/oauth2/token/app", credentials(a)).AccessToken, "/oauth2/userinfo", 403, `scope="openid"`},
			{c.signedIn(a).IDToken, "/oauth2/userinfo", 401, `error="invalid_token"`},
			{c.signedIn(a).AccessToken, "/oauth2/userinfo/other", 401, `error="invalid_token"`},
		} {
			headers := []string{"Authorization: Bearer " + q.token}
			if q.token == "" {
				headers = nil
			}
			got := c.ask(q.path, "", headers...)
			if got.status != q.status || !strings.Contains(got.header.Get("WWW-Authenticate"), q.challenge) {
				c.Errorf("%s: %d %v", q.path, got.status, got.header)
			}
		}
	}},
	{holds: "tenant-apis-1.3 tenant-apis-1.4 the SDKs change a token for an id token, which opens the SCIM endpoint too", show: func(c *client) {
		a := c.application("__idaptive_cybr_user_oidc")
		token := c.ask("/oauth2/token/"+a.ID, credentials(a, "scope", "api"))
		const sdk = "https://cyberark.cloud/redirect"
		ask := func(bearer string, changes ...string) *view {
			v := url.Values{"client_id": {a.ID}, "redirect_uri": {sdk}, "response_type": {"id_token"}, "scope": {"openid profile api"}}
			for i := 0; i+1 < len(changes); i += 2 {
				v.Set(changes[i], changes[i+1])
			}
			r, err := http.NewRequestWithContext(c.Context(), "GET", c.site.url+"/OAuth2/Authorize/"+a.ID+"?"+v.Encode(), nil)
			if err != nil {
				c.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+bearer)
			res, err := c.browser().http.Do(r)
			if err != nil {
				c.Fatal(err)
			}
			_ = res.Body.Close()
			return &view{browser: c.browser(), status: res.StatusCode, header: res.Header, url: r.URL}
		}
		got := ask(token.AccessToken)
		to, fragment, _ := strings.Cut(got.header.Get("Location"), "#")
		v, err := url.ParseQuery(fragment)
		if err != nil || got.status != 302 || to != sdk || len(v["id_token"]) != 1 || strings.Contains(fragment, "#") {
			c.Fatal(got.status, got.header)
		}
		id := *c
		id.token = v.Get("id_token")
		id.do("GET", "/Users", "").is(200)
		id.root("POST", "/OAuth2/UserInfo/"+a.ID, `{"Scopes":["userInfo"]}`).is(200).has("unique_name", a.ClientID)
		claims, host := c.about(id.token), strings.TrimPrefix(c.site.url, "http://")
		for name, want := range map[string]any{
			"iss": c.site.url + "/" + a.ID + "/", "sub": a.UserID, "unique_name": a.ClientID, "tenant_id": c.site.tenant.Name,
			"subdomain": c.site.tenant.Name, "platform_domain": host, "scope": "openid profile api", "exp": c.about(token.AccessToken)["exp"],
		} {
			if claims[name] != want {
				c.Errorf("%s is %v, want %v", name, claims[name], want)
			}
		}
		if got := ask(token.AccessToken, "scope", "openid scim"); !strings.Contains(got.header.Get("Location"), "#error=invalid_scope") {
			c.Errorf("wider than the token: %v", got.header)
		}
		for name, q := range map[string]struct {
			got    *view
			status int
		}{
			"no token":        {ask("x.y.z"), 401},
			"an opaque token": {ask(allRights), 401},
			"elsewhere":       {ask(token.AccessToken, "redirect_uri", "https://evil.example/"), 400},
			"other client":    {ask(token.AccessToken, "client_id", "nobody"), 400},
		} {
			if q.got.status != q.status || q.got.header.Get("Location") != "" {
				c.Errorf("%s: %d %v", name, q.got.status, q.got.header)
			}
		}
	}},
}
