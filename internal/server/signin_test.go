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
	{holds: "R6749-10.4 people may do nothing for having signed in, and of an application's rights what it gives them", set: keepPasswords, show: func(c *client) {
		id := c.ada()
		other := c.user(`"userName":"bob"`)
		none := func(a *store.Application) { webApp(a); a.PersonRights = "" }
		some := func(a *store.Application) { publicApp(a); a.PersonRights = "read,users:write" }
		less := func(a *store.Application) { publicApp(a); a.Rights, a.PersonRights = "users:read", "all" }
		a, b, d := c.application("none", none), c.application("some", some), c.application("less", less)
		byPassword := func(a store.Application, scope string) *oauthAnswer {
			return c.ask("/oauth2/token/"+a.ID, redemption(a, "", "grant_type", "password", "username", "ada@corp.example", "password", adaPassword, "scope", scope))
		}
		for _, got := range []*oauthAnswer{c.signedIn(a), byPassword(a, "scim api"), byPassword(a, ""), c.ask("/oauth2/token/none", refreshing(a, c.signedIn(a).RefreshToken))} {
			with := got.with()
			with.do("GET", "/Users", "").refused(403, "").mentions("users:read")
			with.do("GET", "/Users/"+id, "").refused(403, "").mentions("users:read")
			with.do("DELETE", "/Users/"+other, "").refused(403, "").mentions("users:write")
			with.do("GET", "/Containers", "").refused(403, "").mentions("vault:read")
			if strings.Contains(got.Scope, "openid") {
				with.root("GET", "/oauth2/userinfo", "").is(200).has("sub", id)
			}
		}
		if got := byPassword(a, ""); got.Scope != "openid" {
			c.Errorf("scope %s", got.Scope)
		}
		c.ask("/oauth2/token/none", credentials(a)).with().do("GET", "/Users", "").is(200) // the application itself may
		with := c.signedIn(b).with()
		with.do("GET", "/Groups", "").is(200)
		with.do("POST", "/Groups", groupBody("g")).refused(403, "").mentions("groups:write")
		with.patch(other, replace("title", `"t"`)).is(200)
		with = c.signedIn(d).with()
		with.do("GET", "/Users", "").is(200)
		with.patch(other, replace("title", `"u"`)).refused(403, "").mentions("users:write")
		with.do("GET", "/Groups", "").refused(403, "").mentions("groups:read")
	}},
	{holds: "R7644-3.12-06 nobody who signed in changes or deletes a service user, whatever their rights", set: keepPasswords, show: func(c *client) {
		c.ada()
		a, b := c.application("app", webApp), c.application("other")
		own, err := c.site.config.Service.EnsureServiceUser(c.Context(), c.site.tenant)
		if err != nil {
			c.Fatal(err)
		}
		with := c.signedIn(a).with()
		for _, id := range []string{a.UserID, b.UserID, own.ID} {
			with.untouched(id, func() {
				with.do("DELETE", "/Users/"+id, "").refused(403, "").mentions("service user")
				with.patch(id, replace("active", `false`)).refused(403, "").mentions("service user")
				with.patch(id, replace("password", `"p"`)).refused(403, "").mentions("service user")
				with.put(id, `"userName":"mine"`).refused(403, "").mentions("service user")
			})
		}
		c.ask("/oauth2/token/other", credentials(b)).with().do("GET", "/Users", "").is(200)
		c.do("DELETE", "/Users/"+b.UserID, "").is(204) // an operator's token may
	}},
	{holds: "a service user is nobody who signs in, with whatever password", set: keepPasswords, show: func(c *client) {
		c.ada()
		a, b := c.application("app", webApp, func(a *store.Application) { a.Grants = "password" }), c.application("other")
		c.patch(b.UserID, replace("password", `"`+adaPassword+`"`)).is(200)
		for name, status := range map[string]int{"ada@corp.example": 200, b.ClientID: 400} {
			got := c.ask("/oauth2/token/app", redemption(a, "", "grant_type", "password", "username", name, "password", adaPassword))
			if got.status != status {
				c.Errorf("%s: %d", name, got.status)
			}
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
