package server_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/golang-jwt/jwt/v5"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/phc"
	"github.com/scimd/scimd/internal/server"
	"github.com/scimd/scimd/internal/store"
)

// appSecret has every character that encodings differ in.
const appSecret = "pa+ss%20w:rd/=$ é"

// application gives the tenant an application of that id; its client id is
// ID@corp.example and its secret appSecret.
func (c *client) application(id string, change ...func(*store.Application)) store.Application {
	c.Helper()
	a := store.Application{
		Tenant: c.site.tenant.ID, ID: id, ClientID: id + "@corp.example", Secret: phc.Hash(appSecret, cheap), Epoch: "epoch-" + id,
		Scopes: strings.Join(auth.ScopeNames(), " "), Rights: "all", Grants: auth.ClientCredentials,
		Created: time.Now(),
	}
	for _, fn := range change {
		fn(&a)
	}
	err := c.site.config.Service.AddServiceUser(c.Context(), c.site.tenant, a.ClientID, func(tx store.Tx, user string) error {
		a.UserID = user
		return tx.AddApplication(a)
	})
	if err != nil {
		c.Fatal(err)
	}
	return a
}

// credentials are those of an application in a form.
func credentials(a store.Application, more ...string) string {
	v := url.Values{"grant_type": {"client_credentials"}, "client_id": {a.ClientID}, "client_secret": {appSecret}}
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] == "" {
			v.Del(more[i])
		} else {
			v.Set(more[i], more[i+1])
		}
	}
	return v.Encode()
}

func basicAuth(id, secret string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// oauthAnswer is the answer of an OAuth endpoint.
type oauthAnswer struct {
	*client
	request string
	status  int
	header  http.Header
	auth.IssuedToken
	Error string `json:"error"`
	Text  string `json:"error_description"`
}

// ask sends a form to a path of the server. Whatever is asked, no cache may keep
// the answer, and a refusal has a code and a sentence.
func (c *client) ask(path, form string, headers ...string) *oauthAnswer {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), "POST", c.site.url+path, strings.NewReader(form))
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, h := range headers {
		if name, value, _ := strings.Cut(h, ": "); name == "Content-Type" {
			r.Header.Set(name, value)
		} else {
			r.Header.Add(name, value)
		}
	}
	res, err := c.http.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.Fatal(err)
	}
	a := &oauthAnswer{client: c, request: path + " " + form, status: res.StatusCode, header: res.Header}
	if err := json.Unmarshal(body, a); err != nil {
		c.Fatalf("%s: %d %s: %v", a.request, a.status, body, err)
	}
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Pragma") != "no-cache" || a.header.Get("Content-Type") != "application/json" {
		c.Errorf("%s: headers %v", a.request, a.header)
	}
	if (a.status >= 400) != (a.Error != "" && a.Text != "") || strings.Contains(string(body), appSecret) {
		c.Errorf("%s: %d %s", a.request, a.status, body)
	}
	return a
}

// with is a client that uses the token issued.
func (a *oauthAnswer) with() *client {
	a.Helper()
	if a.status != 200 || a.TokenType != "Bearer" {
		a.Fatalf("%s: %d %s %s", a.request, a.status, a.Error, a.Text)
	}
	other := *a.client
	other.token = a.AccessToken
	return &other
}

func (a *oauthAnswer) refused(status int, code string) *oauthAnswer {
	a.Helper()
	if a.status != status || a.Error != code {
		a.Errorf("%s: got %d %s (%s), want %d %s", a.request, a.status, a.Error, a.Text, status, code)
	}
	return a
}

// signingKey is the newest key of the tenant, as it is stored.
func (c *client) signingKey() (key *rsa.PrivateKey, id string) {
	c.Helper()
	keys, err := c.site.config.Issuer.Keys.Published(c.Context(), c.site.tenant.Space)
	if err != nil {
		c.Fatal(err)
	}
	var secrets map[string]store.Sealed
	err = c.site.store.Do(c.Context(), c.site.tenant.Space, func(tx store.Tx) (err error) {
		secrets, err = tx.Secrets(0)
		return err
	})
	if err != nil {
		c.Fatal(err)
	}
	newest := ""
	for name := range secrets {
		newest = max(newest, name)
	}
	plain, err := plainSealer{}.Open(c.Context(), secrets[newest], store.SecretContext(0, newest))
	if err != nil {
		c.Fatal(err)
	}
	var kept struct{ Key []byte }
	if err := json.Unmarshal(plain, &kept); err != nil {
		c.Fatal(err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(kept.Key)
	if err != nil {
		c.Fatal(err)
	}
	return parsed.(*rsa.PrivateKey), keys[0].ID
}

// issuerOn makes what tells who a request is from, as another server on the same
// database would.
func issuerOn(c *client) func(*server.Config) {
	return func(cfg *server.Config) {
		cfg.Auth, cfg.Issuer = signIn(c.site.store, cfg.Service, nil, time.Now)
	}
}

var oauthRows = []row{
	{holds: "R6749-4.4-01 R6749-4.4-02 R6749-5.1-01 R6749-5.1-02 tenant-4.2 client credentials give an access token that opens the SCIM endpoint", show: func(c *client) {
		a := c.application("scimClient")
		for _, path := range []string{"/oauth2/token/scimClient", "/OAuth2/Token/SCIMCLIENT", "/Oauth2//TOKEN/scimclient/"} {
			got := c.ask(path, credentials(a, "scope", "SCIM"))
			if got.ExpiresIn != 18000 || got.Scope != "scim" {
				c.Errorf("%s: %+v", path, got.IssuedToken)
			}
			got.with().do("GET", "/Users", "").is(200)
		}
		token := c.ask("/oauth2/token/scimClient", credentials(a)).with()
		var claims jwt.MapClaims
		parsed, _, err := jwt.NewParser().ParseUnverified(token.token, &claims)
		if err != nil || parsed.Method.Alg() != "RS256" {
			c.Fatal(parsed, err)
		}
		for name, want := range map[string]any{
			"iss": c.site.url + "/scimClient/", "sub": a.UserID, "unique_name": a.ClientID, "scope": "scim",
		} {
			if claims[name] != want {
				c.Errorf("%s is %v, want %v", name, claims[name], want)
			}
		}
		if aud, _ := claims.GetAudience(); !slices.Equal(aud, []string{a.ClientID}) {
			c.Errorf("aud %v", aud)
		}
		for _, name := range []string{"iat", "exp", "auth_time", "jti"} {
			if claims[name] == nil {
				c.Errorf("no %s in %v", name, claims)
			}
		}
		id := token.user(ada)
		events, err := c.site.store.Events(c.Context(), c.site.tenant.Space, 0, 10)
		if err != nil || len(events) == 0 || events[len(events)-1].Principal != (store.Principal{Kind: "service", ID: a.UserID, Display: a.ClientID}) || events[len(events)-1].ID != id {
			c.Errorf("events %+v, %v", events, err)
		}
		token.do("DELETE", "/Users/"+a.UserID, "").refused(403, "")
	}},
	{holds: "R6749-2.3.1-01 R6749-2.3.1-02 tenant-apis-1.2 credentials come with Basic, encoded or not, or in the body", show: func(c *client) {
		a := c.application("app", func(a *store.Application) { a.ClientID = "svc$+x@corp.example" })
		for name, got := range map[string]*oauthAnswer{
			"body":          c.ask("/oauth2/token/app", credentials(a)),
			"basic":         c.ask("/oauth2/token/app", "grant_type=client_credentials", basicAuth(a.ClientID, appSecret)),
			"encoded":       c.ask("/oauth2/token/app", "grant_type=client_credentials", basicAuth(url.QueryEscape(a.ClientID), url.QueryEscape(appSecret))),
			"other case":    c.ask("/oauth2/token/app", credentials(a, "client_id", strings.ToUpper(a.ClientID))),
			"id in both":    c.ask("/oauth2/token/app", credentials(a, "client_secret", ""), basicAuth(a.ClientID, appSecret)),
			"charset":       c.ask("/oauth2/token/app", credentials(a), "Content-Type: application/x-www-form-urlencoded; charset=utf-8"),
			"unknown param": c.ask("/oauth2/token/app", credentials(a, "resource", "x")),
			"platform":      c.ask("/OAuth2/PlatformToken", credentials(a)),
		} {
			if got.status != 200 {
				c.Errorf("%s: %d %s", name, got.status, got.Text)
			}
		}
	}},
	{holds: "R6749-3.2-01 R6749-5.2-01 R6749-5.2-02 R6749-5.2-03 each mistake in a token request has its code", show: func(c *client) {
		a := c.application("app", func(a *store.Application) { a.Scopes = "scim" })
		other := c.application("other")
		const token = "/oauth2/token/app"
		right := credentials(a)
		for _, q := range []struct {
			mistake, path, form string
			headers             []string
			status              int
			code                string
		}{
			{"no grant type", token, credentials(a, "grant_type", ""), nil, 400, "invalid_request"},
			{"empty body", token, "", nil, 400, "invalid_request"},
			{"password grant", token, credentials(a, "grant_type", "password"), nil, 400, "unauthorized_client"},
			{"refresh grant", token, credentials(a, "grant_type", "refresh_token"), nil, 400, "unauthorized_client"},
			{"code grant", token, credentials(a, "grant_type", "authorization_code"), nil, 400, "unauthorized_client"},
			{"device grant", token, credentials(a, "grant_type", "urn:ietf:params:oauth:grant-type:device_code"), nil, 400, "unsupported_grant_type"},
			{"grant in another letter case", token, credentials(a, "grant_type", "Client_Credentials"), nil, 400, "unsupported_grant_type"},
			{"no credentials", token, "grant_type=client_credentials", nil, 401, "invalid_client"},
			{"no secret", token, credentials(a, "client_secret", ""), nil, 401, "invalid_client"},
			{"no client id", token, credentials(a, "client_id", ""), nil, 401, "invalid_client"},
			{"wrong secret", token, credentials(a, "client_secret", "wrong"), nil, 401, "invalid_client"},
			{"secret in another letter case", token, credentials(a, "client_secret", strings.ToUpper(appSecret)), nil, 401, "invalid_client"},
			{"wrong secret with Basic", token, "grant_type=client_credentials", []string{basicAuth(a.ClientID, "wrong")}, 401, "invalid_client"},
			{"unknown client", token, credentials(a, "client_id", "nobody"), nil, 401, "invalid_client"},
			{"the id of the application for that of the client", token, credentials(a, "client_id", "app"), nil, 401, "invalid_client"},
			{"long client id", token, credentials(a, "client_id", strings.Repeat("x", 600)), nil, 401, "invalid_client"},
			{"long secret", token, credentials(a, "client_secret", strings.Repeat("x", 600)), nil, 401, "invalid_client"},
			{"Basic that is no base64", token, "grant_type=client_credentials", []string{"Authorization: Basic !"}, 401, "invalid_client"},
			{"Basic without a colon", token, "grant_type=client_credentials", []string{"Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("x"))}, 401, "invalid_client"},
			{"Basic without a secret", token, "grant_type=client_credentials", []string{basicAuth(a.ClientID, "")}, 401, "invalid_client"},
			{"another scheme", token, "grant_type=client_credentials", []string{"Authorization: Bearer x"}, 401, "invalid_client"},
			{"credentials in both places", token, right, []string{basicAuth(a.ClientID, appSecret)}, 400, "invalid_request"},
			{"another client id in the body", token, "grant_type=client_credentials&client_id=x", []string{basicAuth(a.ClientID, appSecret)}, 400, "invalid_request"},
			{"two Authorization headers", token, "grant_type=client_credentials", []string{basicAuth(a.ClientID, appSecret), basicAuth(a.ClientID, appSecret)}, 400, "invalid_request"},
			{"credentials in the query", token + "?" + right, "grant_type=client_credentials", nil, 400, "invalid_request"},
			{"secret in the query beside the body", token + "?client_secret=x", right, nil, 400, "invalid_request"},
			{"repeated grant type", token, right + "&grant_type=client_credentials", nil, 400, "invalid_request"},
			{"repeated scope", token, right + "&scope=scim&scope=scim", nil, 400, "invalid_request"},
			{"repeated client id", token, right + "&client_id=" + url.QueryEscape(a.ClientID), nil, 400, "invalid_request"},
			{"broken encoding", token, right + "&x=%zz", nil, 400, "invalid_request"},
			{"JSON", token, `{"grant_type":"client_credentials"}`, []string{"Content-Type: application/json"}, 400, "invalid_request"},
			{"multipart", token, "--x--", []string{"Content-Type: multipart/form-data; boundary=x"}, 400, "invalid_request"},
			{"no media type", token, right, []string{"Content-Type: ;"}, 400, "invalid_request"},
			{"oversize", token, right + "&x=" + strings.Repeat("x", 20<<10), nil, 413, "invalid_request"},
			{"unknown application", "/oauth2/token/nope", right, nil, 400, "invalid_request"},
			{"another client's application", "/oauth2/token/other", right, nil, 400, "unauthorized_client"},
			{"unknown scope", token, credentials(a, "scope", "nope"), nil, 400, "invalid_scope"},
			{"a scope that the application has not", token, credentials(a, "scope", "scim user_management"), nil, 400, "invalid_scope"},
			{"unknown scope at the platform", "/oauth2/platformtoken", credentials(other, "scope", "nope"), nil, 400, "invalid_scope"},
		} {
			got := c.ask(q.path, q.form, q.headers...).refused(q.status, q.code)
			if challenge := got.header.Get("WWW-Authenticate"); (q.status == 401) != strings.HasPrefix(challenge, "Basic realm=") {
				c.Errorf("%s: challenge %q", q.mistake, challenge)
			}
		}
		log := c.site.log.String()
		for _, secret := range []string{appSecret, url.QueryEscape(appSecret), a.ClientID} {
			if strings.Contains(log, secret) {
				c.Errorf("the log holds %s", secret)
			}
		}
	}},
	{holds: "R6749-2.3.1-03 wrong secrets are slowed down, right ones of the same client that is known are not", show: func(c *client) {
		now := time.Now() // time stands still, so that no attempt is forgiven
		c = c.serve(func(cfg *server.Config) {
			cfg.Auth, cfg.Issuer = signIn(c.site.store, cfg.Service, nil, func() time.Time { return now })
		})
		a, known := c.application("app"), c.application("known")
		c.ask("/oauth2/token/known", credentials(known)).with()
		for _, client := range []string{a.ClientID, known.ClientID, "nobody"} {
			for range 10 {
				c.ask("/oauth2/platformtoken", credentials(a, "client_id", client, "client_secret", "wrong")).refused(401, "invalid_client")
			}
			got := c.ask("/oauth2/platformtoken", credentials(a, "client_id", client, "client_secret", "wrong")).refused(429, "temporarily_unavailable")
			if got.header.Get("Retry-After") == "" {
				c.Error("no Retry-After")
			}
		}
		c.ask("/oauth2/token/app", credentials(a)).refused(429, "temporarily_unavailable")
		c.ask("/oauth2/token/known", credentials(known)).with().do("GET", "/Users", "").is(200)
	}},
	{holds: "tenant-apis-1.2 lifetimes are those of the endpoint, or of the application", show: func(c *client) {
		a := c.application("app")
		own := c.application("own", func(a *store.Application) { a.Lifetime = 90 * time.Second })
		for _, q := range []struct {
			path string
			of   store.Application
			want int64
		}{{"/oauth2/token/app", a, 18000}, {"/oauth2/platformtoken", a, 1800}, {"/oauth2/token/own", own, 90}, {"/oauth2/platformtoken", own, 90}} {
			if got := c.ask(q.path, credentials(q.of)); got.ExpiresIn != q.want {
				c.Errorf("%s: %d, want %d", q.path, got.ExpiresIn, q.want)
			}
		}
	}},
	{holds: "R6750-3.1-02 tenant-4.1 scopes bound the rights of a token, and so do those of the application", show: func(c *client) {
		a := c.application("app")
		reader := c.application("reader", func(a *store.Application) { a.Rights = "read" })
		users := c.ask("/oauth2/token/app", credentials(a, "scope", "User_Management")).with()
		users.do("GET", "/Users", "").is(200)
		users.do("GET", "/Groups", "").is(200)
		users.do("GET", "/Containers", "").refused(403, "").mentions("vault:read")
		vault := c.ask("/oauth2/token/app", credentials(a, "scope", "PRIVILEGED_CLOUD_ADMIN")).with()
		vault.do("GET", "/Containers", "").is(200)
		got := vault.do("POST", "/Users", userBody(ada)).refused(403, "").mentions("users:write").header.Get("WWW-Authenticate")
		if !strings.Contains(got, `error="insufficient_scope"`) || !strings.Contains(got, `scope="users:write"`) {
			c.Errorf("challenge %q", got)
		}
		both := c.ask("/oauth2/token/app", credentials(a, "scope", "privileged_cloud_admin user_management user_management"))
		if both.Scope != "privileged_cloud_admin user_management" {
			c.Errorf("scope %q", both.Scope)
		}
		both.with().do("GET", "/Containers", "").is(200)
		both.with().do("GET", "/Users", "").is(200)
		read := c.ask("/oauth2/token/reader", credentials(reader, "scope", "scim")).with()
		read.do("GET", "/Users", "").is(200)
		read.do("POST", "/Users", userBody(ada)).refused(403, "").mentions("users:write")
	}},
	{holds: "R6750-3.1-01 a service user that is deactivated or deleted has no tokens from then on", show: func(c *client) {
		a := c.application("app")
		token := c.ask("/oauth2/token/app", credentials(a)).with()
		token.do("GET", "/Users", "").is(200)
		c.patch(a.UserID, replace("active", `false`)).is(200)
		token.do("GET", "/Users", "").refused(401, "").mentions("not active")
		c.ask("/oauth2/token/app", credentials(a)).refused(400, "invalid_grant")
		c.patch(a.UserID, replace("active", `true`)).is(200)
		token.do("GET", "/Users", "").is(200)
		c.do("DELETE", "/Users/"+a.UserID, "").is(204)
		token.do("GET", "/Users", "").refused(401, "").mentions("not active")
		c.ask("/oauth2/token/app", credentials(a)).refused(400, "invalid_grant")
	}},
	{holds: "R6750-3.1-01 another secret of an application ends its tokens, and so does its end", show: func(c *client) {
		a := c.application("app")
		token := c.ask("/oauth2/token/app", credentials(a)).with()
		token.do("GET", "/Users", "").is(200)
		if _, err := c.site.store.RotateApplication(c.Context(), c.site.tenant.ID, "APP", phc.Hash("next", cheap), "next", time.Now()); err != nil {
			c.Fatal(err)
		}
		c.site.config.Issuer.ApplicationChanged(c.site.tenant.ID, "APP")
		token.do("GET", "/Users", "").refused(401, "").mentions("revoked")
		c.ask("/oauth2/token/app", credentials(a)).refused(401, "invalid_client")
		next := c.ask("/oauth2/token/app", credentials(a, "client_secret", "next")).with()
		next.do("GET", "/Users", "").is(200)
		err := c.site.config.Service.RemoveServiceUser(c.Context(), c.site.tenant, a.UserID, func(tx store.Tx) error {
			return tx.RemoveApplication(c.site.tenant.ID, "app")
		})
		if err != nil {
			c.Fatal(err)
		}
		c.site.config.Issuer.ApplicationChanged(c.site.tenant.ID, "app")
		next.do("GET", "/Users", "").refused(401, "").mentions("revoked")
		c.application("app", func(a *store.Application) { a.Epoch = "third" })
		next.do("GET", "/Users", "").refused(401, "").mentions("revoked")
	}},
	{holds: "tenant-apis-1.1 keys and metadata are published, and prove the tokens", show: func(c *client) {
		a := c.application("app")
		c.token = ""
		for _, path := range []string{"/.well-known/openid-configuration", "/.WELL-KNOWN/OpenID-Configuration"} {
			c.root("GET", path, "").is(200).has("issuer", c.site.url+"/").has("token_endpoint", c.site.url+"/oauth2/platformtoken")
		}
		m := c.root("GET", "/APP/.well-known/openid-configuration", "").is(200).has("issuer", c.site.url+"/app/").
			has("token_endpoint", c.site.url+"/oauth2/token/app").has("jwks_uri", c.site.url+"/oauth2/keys/app")
		keys := c.root("GET", strings.TrimPrefix(m.text("jwks_uri"), c.site.url), "").is(200)
		key, id := c.signingKey()
		keys.has("keys/0/kid", id).has("keys/0/alg", "RS256").has("keys/0/use", "sig").has("keys/0/kty", "RSA").
			has("keys/0/n", base64.RawURLEncoding.EncodeToString(key.N.Bytes()))
		for _, private := range []string{`"d"`, `"p"`, `"q"`} {
			if strings.Contains(string(keys.body), private) {
				c.Errorf("the key set has %s", private)
			}
		}
		text := c.ask("/oauth2/token/app", credentials(a)).AccessToken
		if _, err := jwt.Parse(text, func(*jwt.Token) (any, error) { return &key.PublicKey, nil }, jwt.WithIssuer(m.text("issuer")), jwt.WithAudience(a.ClientID)); err != nil {
			c.Error(err)
		}
		for _, path := range []string{"/oauth2/keys/nope", "/nope/.well-known/openid-configuration"} {
			res, err := c.http.Get(c.site.url + path)
			if err != nil || res.StatusCode != 404 {
				c.Errorf("%s: %v, %v", path, res, err)
			}
			_ = res.Body.Close()
		}
	}},
	{holds: "R7644-7.4-01 keys are rotated while the tokens of the one before stay good, at every server", show: func(c *client) {
		a := c.application("app")
		other := c.serve(issuerOn(c))
		old := c.ask("/oauth2/token/app", credentials(a)).with()
		list, err := c.site.config.Issuer.Keys.Rotate(c.Context(), c.site.tenant.Space, false)
		if err != nil || len(list) != 2 || list[0].Retired.IsZero() || !list[1].Retired.IsZero() {
			c.Fatal(list, err)
		}
		fresh := c.ask("/oauth2/token/app", credentials(a)).with()
		for _, token := range []*client{old, fresh} {
			token.do("GET", "/Users", "").is(200)
			there := *other
			there.token = token.token
			there.do("GET", "/Users", "").is(200)
		}
		ids := []string{}
		for _, text := range []string{old.token, fresh.token} {
			parsed, _, err := jwt.NewParser().ParseUnverified(text, jwt.MapClaims{})
			if err != nil {
				c.Fatal(err)
			}
			ids = append(ids, parsed.Header["kid"].(string))
		}
		if ids[0] != list[0].ID || ids[1] != list[1].ID {
			c.Errorf("keys %v, want %v", ids, list)
		}
		other.root("GET", "/oauth2/keys", "").is(200).has("keys/0/kid", ids[1]).has("keys/1/kid", ids[0])
	}},
	{holds: "servers that start together agree on one key", show: func(c *client) {
		a := c.application("app")
		kids := make(chan string, 4)
		for range cap(kids) {
			_, issuer := signIn(c.site.store, c.site.config.Service, nil, time.Now)
			go func() {
				keys, err := issuer.Keys.Published(c.Context(), c.site.tenant.Space)
				if err != nil || len(keys) != 1 {
					kids <- fmt.Sprint(keys, err)
					return
				}
				kids <- keys[0].ID
			}()
		}
		_, want := c.signingKey()
		for range cap(kids) {
			if got := <-kids; got != want {
				c.Errorf("key %s, want %s", got, want)
			}
		}
		c.ask("/oauth2/token/app", credentials(a)).with().do("GET", "/Users", "").is(200)
	}},
	{holds: "R7644-6-01 an access token of one tenant does nothing in another with the same names and ids", show: func(c *client) {
		other := c.neighbour()
		a, same := c.application("app"), other.application("app")
		mine, theirs := c.ask("/oauth2/token/app", credentials(a)).with(), other.ask("/oauth2/token/app", credentials(same)).with()
		mine.do("GET", "/Users", "").is(200)
		theirs.do("GET", "/Users", "").is(200)
		for _, crossed := range []struct{ to, from *client }{{c, theirs}, {other, mine}} {
			crossing := *crossed.to
			crossing.token = crossed.from.token
			crossing.do("GET", "/Users", "").refused(401, "").mentions("not known")
			crossing.root("GET", "/tenants/"+crossed.to.site.tenant.Name+"/scim/v2/Users", "").refused(401, "")
		}
		lone := c.neighbour()
		lone.ask("/oauth2/token/app", credentials(a)).refused(400, "invalid_request")
		lone.ask("/oauth2/platformtoken", credentials(a)).refused(401, "invalid_client")
	}},
	{holds: "the endpoints are below the prefix of a tenant, below the base path and under the public URL", show: func(c *client) {
		a := c.application("app")
		below := c.serve(func(cfg *server.Config) { cfg.BasePath = "/idm" })
		name := "/tenants/" + c.site.tenant.Name
		for _, prefix := range []string{"", "/idm", name, "/idm" + name, "/idm/Tenants/" + strings.ToUpper(c.site.tenant.Name)} {
			token := below.ask(prefix+"/OAuth2/token/app", credentials(a)).with()
			token.root("GET", "/idm"+name+"/scim/v2/Users", "").is(200)
			below.root("GET", prefix+"/app/.well-known/openid-configuration", "").is(200).
				has("issuer", below.site.url+strings.ToLower(prefix)+"/app/")
		}
		public := c.serve(func(cfg *server.Config) { cfg.PublicURL = &url.URL{Scheme: "https", Host: "scim.example", Path: "/x"} })
		token := public.ask("/oauth2/token/app", credentials(a)).with()
		token.do("GET", "/Users", "").is(200)
		public.root("GET", "/app/.well-known/openid-configuration", "").is(200).has("issuer", "https://scim.example/x/app/")
		elsewhere := *public
		elsewhere.token = c.ask("/oauth2/token/app", credentials(a)).AccessToken
		elsewhere.do("GET", "/Users", "").refused(401, "").mentions("another URL")
	}},
	{holds: "R6750-2-01 R6750-2-02 R6750-3.1-01 R8725-3.1 no forged, borrowed or ended token is accepted", show: func(c *client) {
		attacks(c)
	}},
	{holds: "golang.org/x/oauth2 gets, uses and renews tokens", show: func(c *client) {
		a := c.application("app", func(a *store.Application) { a.Lifetime = 11 * time.Second }) // it renews 10 s before the end
		for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleAutoDetect, oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
			config := clientcredentials.Config{
				ClientID: a.ClientID, ClientSecret: appSecret, TokenURL: c.site.url + "/oauth2/token/app", Scopes: []string{"scim"}, AuthStyle: style,
			}
			res, err := config.Client(c.Context()).Get(c.base + "/Users")
			if err != nil || res.StatusCode != 200 {
				c.Fatalf("style %d: %v, %v", style, res, err)
			}
			_ = res.Body.Close()
		}
		wrong := clientcredentials.Config{ClientID: a.ClientID, ClientSecret: "wrong", TokenURL: c.site.url + "/oauth2/token/app"}
		_, err := wrong.Token(c.Context())
		if refused, ok := err.(*oauth2.RetrieveError); !ok || refused.ErrorCode != "invalid_client" {
			c.Errorf("error %v", err)
		}
	}},
}
