package server_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"

	"github.com/scimd/scimd/internal/server"
	"github.com/scimd/scimd/internal/store"
)

// about reads what a token says, without proof.
func (c *client) about(text string) jwt.MapClaims {
	c.Helper()
	var claims jwt.MapClaims
	if _, _, err := jwt.NewParser().ParseUnverified(text, &claims); err != nil {
		c.Fatal(err)
	}
	return claims
}

var signInRows = []row{
	{holds: "R6749-4.1 R7636-4.6 somebody signs in to a public application, which gets tokens that open the SCIM endpoint", set: keepPasswords, show: func(c *client) {
		id := c.ada()
		a := c.application("Web", publicApp)
		for _, path := range []string{"/oauth2/authorize/Web", "/OAuth2/Authorize/WEB", "/oauth2/authorize/web/", "/Oauth2/authorize"} {
			_, query, _ := strings.Cut(request(a, "client_id", "web"), "?")
			sent := c.browser().open(path+"?"+query).is(200, true).submit("ADA@corp.example", adaPassword).sent(callback)
			if sent.Get("state") != "s&t=/ä" || !strings.HasPrefix(sent.Get("iss"), c.site.url+"/") {
				c.Errorf("%s: sent with %v", path, sent)
			}
			got := c.ask("/oauth2/token/Web", redemption(a, sent.Get("code"), "client_id", "WEB"))
			if got.Scope != "openid scim" || got.ExpiresIn != 18000 || got.RefreshToken == "" || got.IDToken == "" {
				c.Errorf("%s: %+v", path, got.IssuedToken)
			}
			got.with().do("GET", "/Users", "").is(200)
		}
		got := c.signedIn(a)
		token := got.with()
		claims := c.about(got.AccessToken)
		for name, want := range map[string]any{
			"iss": c.site.url + "/Web/", "sub": id, "unique_name": "ada@corp.example", "scope": "openid scim", "client_id": a.ClientID,
		} {
			if claims[name] != want {
				c.Errorf("%s is %v, want %v", name, claims[name], want)
			}
		}
		if claims["sid"] == nil || claims["sid"] != c.about(got.IDToken)["sid"] {
			c.Errorf("claims %v", claims)
		}
		made := token.user(`"userName":"made"`)
		events, err := c.site.store.Events(c.Context(), c.site.tenant.Space, 0, 100)
		last := events[len(events)-1]
		if err != nil || last.ID != made || last.Principal != (store.Principal{Kind: "user", ID: id, Display: "ada@corp.example"}) {
			c.Errorf("event %+v, %v", last, err)
		}
		token.do("DELETE", "/Users/"+id, "").refused(403, "")
	}},
	{holds: "R6749-4.1.3 an application with a secret needs no challenge, and authenticates as it does elsewhere", set: keepPasswords, show: func(c *client) {
		c.ada()
		a := c.application("okta", webApp, func(a *store.Application) { a.Grants = "authorization_code" })
		bare := []string{"code_challenge", "", "code_challenge_method", "", "scope", "", "nonce", "", "state", ""}
		got := c.ask("/oauth2/token/okta", redemption(a, c.code(a, bare...), "code_verifier", "", "client_id", "", "client_secret", ""), basicAuth(a.ClientID, appSecret))
		if got.Scope != "scim" || got.RefreshToken != "" || got.IDToken != "" {
			c.Errorf("%+v", got.IssuedToken)
		}
		got.with().do("GET", "/Users", "").is(200)
		// Without a redirect URI the only one is meant.
		got = c.ask("/oauth2/platformtoken", redemption(a, c.code(a, "redirect_uri", ""), "redirect_uri", ""))
		got.with().do("GET", "/Users", "").is(200)
		if got.ExpiresIn != 1800 || c.about(got.IDToken)["iss"] != c.site.url+"/" {
			c.Errorf("%+v", got.IssuedToken)
		}
	}},
	{holds: "golang.org/x/oauth2 and go-oidc sign somebody in, verify, renew, ask and revoke", set: keepPasswords, show: func(c *client) {
		id := c.ada()
		for _, app := range []func(*store.Application){webApp, publicApp} {
			a := c.application("app"+c.site.tenant.NewID(nil)[:8], app, func(a *store.Application) { a.Lifetime = 11 * time.Second }) // it renews 10 s before the end
			provider, err := oidc.NewProvider(c.Context(), c.site.url+"/"+a.ID+"/")
			if err != nil {
				c.Fatal(err)
			}
			config := oauth2.Config{
				ClientID: a.ClientID, Endpoint: provider.Endpoint(), RedirectURL: callback, Scopes: []string{oidc.ScopeOpenID, "profile", "email", "scim"},
			}
			if !a.Public {
				config.ClientSecret = appSecret
			}
			proof := oauth2.GenerateVerifier()
			target := config.AuthCodeURL("st", oidc.Nonce("no"), oauth2.S256ChallengeOption(proof))
			code := c.browser().open(strings.TrimPrefix(target, c.site.url)).is(200, true).submit("ada@corp.example", adaPassword).sent(callback).Get("code")
			token, err := config.Exchange(c.Context(), code, oauth2.VerifierOption(proof))
			if err != nil {
				c.Fatal(err)
			}
			text, _ := token.Extra("id_token").(string)
			idToken, err := provider.Verifier(&oidc.Config{ClientID: a.ClientID}).Verify(c.Context(), text)
			if err != nil {
				c.Fatal(err)
			}
			if err := idToken.VerifyAccessToken(token.AccessToken); err != nil || idToken.Subject != id || idToken.Nonce != "no" {
				c.Errorf("id token %+v, %v", idToken, err)
			}
			source := config.TokenSource(c.Context(), token)
			info, err := provider.UserInfo(c.Context(), source)
			var claims struct {
				Name     string `json:"name"`
				Given    string `json:"given_name"`
				Locale   string `json:"locale"`
				UserName string `json:"preferred_username"`
			}
			if err != nil || info.Subject != id || info.Email != "ada@corp.example" || info.Claims(&claims) != nil || claims.Name != "Ada Lovelace" ||
				claims.Given != "Ada" || claims.Locale != "en-GB" || claims.UserName != "ada@corp.example" {
				c.Errorf("user info %+v, %+v, %v", info, claims, err)
			}
			token.Expiry = time.Now() // so that it is renewed
			renewed, err := config.TokenSource(c.Context(), token).Token()
			if err != nil || renewed.AccessToken == token.AccessToken || (renewed.RefreshToken == token.RefreshToken) == a.Public {
				c.Fatal(renewed, err)
			}
			res, err := config.Client(c.Context(), renewed).Get(c.base + "/Users")
			if err != nil || res.StatusCode != http.StatusOK {
				c.Fatal(res, err)
			}
			_ = res.Body.Close()
			form := url.Values{"token": {renewed.RefreshToken}, "client_id": {a.ClientID}}
			if !a.Public {
				form.Set("client_secret", appSecret)
			}
			if got := c.ask("/oauth2/revoke/"+a.ID, form.Encode()); got.status != 200 {
				c.Errorf("revoked: %d", got.status)
			}
			renewed.Expiry = time.Now()
			_, err = config.TokenSource(context.WithoutCancel(c.Context()), renewed).Token()
			if refused, ok := err.(*oauth2.RetrieveError); !ok || refused.ErrorCode != "invalid_grant" {
				c.Errorf("error %v", err)
			}
		}
	}},
	{holds: "R6749-4.3 an application that may sends passwords itself", set: keepPasswords, show: func(c *client) {
		id := c.ada()
		a := c.application("app", publicApp)
		ask := func(name, password string) *oauthAnswer {
			return c.ask("/oauth2/token/app", redemption(a, "", "grant_type", "password", "username", name, "password", password, "scope", "openid api"))
		}
		got := ask("ada@corp.example", adaPassword)
		got.with().do("GET", "/Users", "").is(200)
		if claims := c.about(got.AccessToken); claims["sub"] != id || claims["scope"] != "openid api" || got.IDToken == "" {
			c.Errorf("%v", claims)
		}
		c.ask("/oauth2/token/app", refreshing(a, got.RefreshToken)).with().do("GET", "/Users", "").is(200)
		c.user(`"userName":"no-password"`)
		for name, password := range map[string]string{
			"ada@corp.example": "wrong", "nobody": adaPassword, "no-password": "x", "app@corp.example": "x", "scimd-service@" + c.site.tenant.Name: "x", "x\x00": "x",
		} {
			ask(name, password).refused(400, "invalid_grant")
		}
		ask("ada@corp.example", strings.Repeat("x", 2000)).refused(400, "invalid_grant")
		ask("ada@corp.example", "").refused(400, "invalid_request")
		ask("", "x").refused(400, "invalid_request")
		if strings.Contains(c.site.log.String(), "correct horse") || strings.Contains(c.site.log.String(), "ada@") {
			c.Error("the log has what was entered")
		}
	}},
	{holds: "where passwords are not kept, nobody signs in", set: []string{"passwords=discard"}, show: func(c *client) {
		c.ada()
		c.browser().open(request(c.application("app", webApp))).is(200, true).submit("ada@corp.example", adaPassword).is(401, true)
	}},
	{holds: "R6749-6 R6749-10.4 a public application has each refresh token once, one with a secret keeps its own", set: keepPasswords, show: func(c *client) {
		c.ada()
		kept, rotating := c.application("kept", webApp), c.application("rotating", publicApp)
		got := c.signedIn(kept)
		for range 2 {
			if again := c.ask("/oauth2/token/kept", refreshing(kept, got.RefreshToken)); again.RefreshToken != got.RefreshToken || again.IDToken == "" {
				c.Errorf("%d %+v", again.status, again.IssuedToken)
			}
		}
		less := c.ask("/oauth2/token/kept", refreshing(kept, got.RefreshToken, "scope", "openid"))
		less.with().do("GET", "/Users", "").refused(403, "")
		c.ask("/oauth2/token/kept", refreshing(kept, got.RefreshToken, "scope", "openid api")).refused(400, "invalid_scope")
		c.ask("/oauth2/token/kept", refreshing(kept, got.RefreshToken, "client_secret", "wrong")).refused(401, "invalid_client")

		first := c.signedIn(rotating)
		second := c.ask("/oauth2/token/rotating", refreshing(rotating, first.RefreshToken))
		third := c.ask("/oauth2/token/rotating", refreshing(rotating, second.RefreshToken))
		third.with().do("GET", "/Users", "").is(200)
		if second.RefreshToken == first.RefreshToken || third.RefreshToken == second.RefreshToken {
			c.Error("a refresh token is good twice")
		}
	}},
	{holds: "R6750-3.1-01 who is deactivated, deleted or given another password has no tokens from then on, at every server", set: keepPasswords, show: func(c *client) {
		now := time.Now()
		other := c.serve(another(c, &now))
		a := c.application("app", webApp)
		for what, end := range map[string]func(id string){
			"deactivated": func(id string) { c.patch(id, replace("active", `false`)).is(200) },
			"deleted":     func(id string) { c.do("DELETE", "/Users/"+id, "").is(204) },
			"password":    func(id string) { c.patch(id, replace("password", `"another"`)).is(200) },
		} {
			id := c.ada()
			waiting := c.code(a)
			got := c.signedIn(a)
			here := got.with()
			there := *other
			there.token = here.token
			here.do("GET", "/Users", "").is(200)
			there.do("GET", "/Users", "").is(200)
			c.patch(id, replace("title", `"Countess"`)).is(200) // nothing to do with it
			here.do("GET", "/Users", "").is(200)
			end(id)
			here.do("GET", "/Users", "").refused(401, "")
			now = now.Add(time.Second)
			there.do("GET", "/Users", "").refused(401, "")
			for _, at := range []*client{c, other} {
				at.ask("/oauth2/token/app", refreshing(a, got.RefreshToken)).refused(400, "invalid_grant")
				at.ask("/oauth2/token/app", redemption(a, waiting)).refused(400, "invalid_grant")
			}
			if what == "deactivated" { // what has ended does not begin again
				c.browser().open(request(a)).submit("ada@corp.example", adaPassword).is(401, true)
				c.patch(id, replace("active", `true`)).is(200)
				here.do("GET", "/Users", "").refused(401, "")
				c.ask("/oauth2/token/app", refreshing(a, got.RefreshToken)).refused(400, "invalid_grant")
				c.signedIn(a)
			}
			if what != "deleted" {
				c.do("DELETE", "/Users/"+id, "").is(204)
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
		c.root("GET", "/oauth2/revoke", "").refused(405, "")
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
	{holds: "another secret of an application ends what people have signed in to", set: keepPasswords, show: func(c *client) {
		c.ada()
		a := c.application("app", publicApp)
		got, waiting := c.signedIn(a), c.code(a)
		if _, err := c.site.store.RotateApplication(c.Context(), c.site.tenant.ID, "app", "", "next", time.Now()); err != nil {
			c.Fatal(err)
		}
		c.site.config.Issuer.ApplicationChanged(c.site.tenant.ID, "app")
		got.with().do("GET", "/Users", "").refused(401, "")
		c.ask("/oauth2/token/app", refreshing(a, got.RefreshToken)).refused(400, "invalid_grant")
		c.ask("/oauth2/token/app", redemption(a, waiting)).refused(400, "invalid_grant")
	}},
	{holds: "what was signed in to under the base path and the name of a tenant goes on there", set: keepPasswords, show: func(c *client) {
		c.ada()
		a := c.application("app", webApp)
		below := c.serve(func(cfg *server.Config) { cfg.BasePath = "/idm" })
		prefix := "/idm/tenants/" + c.site.tenant.Name
		sent := below.browser().open(prefix+request(a)).is(200, true).submit("ada@corp.example", adaPassword).sent(callback)
		if sent.Get("iss") != below.site.url+prefix+"/app/" {
			c.Errorf("sent %v", sent)
		}
		got := below.ask(prefix+"/oauth2/token/app", redemption(a, sent.Get("code")))
		got.with().root("GET", prefix+"/scim/v2/Users", "").is(200)
		provider, err := oidc.NewProvider(c.Context(), below.site.url+prefix+"/app/")
		if err != nil {
			c.Fatal(err)
		}
		if _, err := provider.Verifier(&oidc.Config{ClientID: a.ClientID}).Verify(c.Context(), got.IDToken); err != nil {
			c.Error(err)
		}
	}},
}
