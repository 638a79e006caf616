package server_test

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/server"
	"github.com/scimd/scimd/internal/store"
)

// keepPasswords is the switch without which nobody can sign in.
var keepPasswords = []string{"passwords=hash"}

// What people enter, and where they are sent.
const (
	adaPassword = "correct horse, ä"
	callback    = "https://client.example/cb"
	verifier    = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B
)

func challengeOf(verifier string) string {
	hash := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(hash[:])
}

// webApp is an application that people sign in to, of all grant types.
func webApp(a *store.Application) {
	a.Grants, a.Redirects, a.PersonRights = strings.Join(auth.GrantTypes(), " "), callback, "all"
}

// publicApp is one without a secret.
func publicApp(a *store.Application) {
	webApp(a)
	a.Grants = "authorization_code refresh_token password"
	a.Public, a.Rotates, a.Secret = true, true, ""
}

// ada makes the user who signs in, and gives its id.
func (c *client) ada() string {
	c.Helper()
	return c.user(`"userName":"ada@corp.example","displayName":"Ada Lovelace","name":{"givenName":"Ada","familyName":"Lovelace"},` +
		`"emails":[{"value":"a@home.example"},{"value":"ada@corp.example","primary":true}],"locale":"en-GB","active":true,"password":"` + adaPassword + `"`)
}

// browser is somebody's browser: it keeps cookies and shows where it is sent.
type browser struct {
	*client
	http *http.Client
}

func (c *client) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.Fatal(err)
	}
	return &browser{c, &http.Client{
		Jar: jar, Transport: c.http.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// view is what a browser got.
type view struct {
	*browser
	url    *url.URL
	status int
	header http.Header
	body   string
	action string
	fields url.Values
}

// request is an authorization request of an application; changes are names and
// values in turn, "" leaves one out.
func request(a store.Application, changes ...string) string {
	v := url.Values{
		"response_type": {"code"}, "client_id": {a.ClientID}, "redirect_uri": {callback}, "scope": {"openid scim"}, "state": {"s&t=/ä"},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}, "nonce": {"n-1"},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "" {
			v.Del(changes[i])
		} else {
			v.Set(changes[i], changes[i+1])
		}
	}
	return "/oauth2/authorize/" + a.ID + "?" + v.Encode()
}

func (b *browser) open(path string, headers ...string) *view {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, b.site.url+path, nil)
	if err != nil {
		b.Fatal(err)
	}
	return b.do(r, headers...)
}

func (b *browser) do(r *http.Request, headers ...string) *view {
	b.Helper()
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	res, err := b.http.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.Fatal(err)
	}
	v := &view{browser: b, url: r.URL, status: res.StatusCode, header: res.Header, body: string(body), fields: url.Values{}}
	for _, input := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`).FindAllStringSubmatch(v.body, -1) {
		v.fields.Add(html.UnescapeString(input[1]), html.UnescapeString(input[2]))
	}
	if form := regexp.MustCompile(`<form method="post" action="([^"]*)">`).FindStringSubmatch(v.body); form != nil {
		v.action = html.UnescapeString(form[1])
	}
	h := res.Header
	if h.Get("Cache-Control") != "no-store" || h.Get("X-Request-Id") == "" || h.Get("Referrer-Policy") != "no-referrer" {
		b.Errorf("%s: headers %v", r.URL, h)
	}
	if res.StatusCode != http.StatusFound && res.StatusCode != http.StatusSeeOther {
		policy := h.Get("Content-Security-Policy")
		if h.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(policy, "frame-ancestors 'none'") ||
			!strings.Contains(policy, "default-src 'none'") || strings.Contains(v.body, "<script") || strings.Contains(v.body, adaPassword) {
			b.Errorf("%s: %d %v %s", r.URL, v.status, h, v.body)
		}
	}
	return v
}

// is checks the status, and that only a sign-in page has a form.
func (v *view) is(status int, form bool) *view {
	v.Helper()
	if v.status != status || form != (v.action != "") {
		v.Fatalf("%s: got %d, want %d, form %t: %s", v.url, v.status, status, form, v.body)
	}
	return v
}

// submit sends the form of the page; changes are names and values in turn.
func (v *view) submit(userName, password string, changes ...string) *view {
	v.Helper()
	if v.action == "" {
		v.Fatalf("%s: %d without a form: %s", v.url, v.status, v.body)
	}
	form := url.Values{"username": {userName}, "password": {password}}
	for name, values := range v.fields {
		form[name] = values
	}
	var headers []string
	for i := 0; i+1 < len(changes); i += 2 {
		switch {
		case strings.HasSuffix(changes[i], ":"):
			headers = append(headers, changes[i]+" "+changes[i+1])
		case changes[i+1] == "":
			form.Del(changes[i])
		default:
			form.Set(changes[i], changes[i+1])
		}
	}
	target, err := v.url.Parse(v.action)
	if err != nil {
		v.Fatal(err)
	}
	return v.post(target.String(), form.Encode(), headers...)
}

func (b *browser) post(target, form string, headers ...string) *view {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, target, strings.NewReader(form))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r, headers...)
}

// sent checks that the browser is sent to a URI and gives what is in its query.
func (v *view) sent(to string) url.Values {
	v.Helper()
	location := v.header.Get("Location")
	u, err := url.Parse(location)
	if err != nil || v.status != http.StatusFound && v.status != http.StatusSeeOther {
		v.Fatalf("%s: %d %s: %s", v.url, v.status, location, v.body)
	}
	q := u.Query()
	if base, _, _ := strings.Cut(location, "?"); base != to || u.Fragment != "" {
		v.Fatalf("%s: sent to %s", v.url, location)
	}
	return q
}

// code signs ada in to an application and gives the code.
func (c *client) code(a store.Application, changes ...string) string {
	c.Helper()
	code := c.browser().open(request(a, changes...)).is(200, true).submit("ada@corp.example", adaPassword).sent(callback).Get("code")
	if code == "" {
		c.Fatal("no code")
	}
	return code
}

// redemption is the form that redeems a code.
func redemption(a store.Application, code string, changes ...string) string {
	v := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
		"client_id": {a.ClientID}, "client_secret": {appSecret},
	}
	if a.Public {
		v.Del("client_secret")
	}
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "" {
			v.Del(changes[i])
		} else {
			v.Set(changes[i], changes[i+1])
		}
	}
	return v.Encode()
}

// signedIn are the tokens of ada for an application.
func (c *client) signedIn(a store.Application, changes ...string) *oauthAnswer {
	c.Helper()
	got := c.ask("/oauth2/token/"+a.ID, redemption(a, c.code(a, changes...)))
	got.with()
	return got
}

// refreshing is the form of a refresh token.
func refreshing(a store.Application, token string, changes ...string) string {
	return redemption(a, "", append([]string{"grant_type", "refresh_token", "refresh_token", token, "code", "", "redirect_uri", "", "code_verifier", ""}, changes...)...)
}

// another makes a server of its own on the same database, whose time is now.
func another(c *client, now *time.Time) func(*server.Config) {
	return func(cfg *server.Config) {
		cfg.Service = newService(c.site.store)
		cfg.Service.HashWith(cheap)
		c.site.tenant.Now = func() time.Time { return *now }
		cfg.Auth, cfg.Issuer = signIn(c.site.store, cfg.Service, nil, c.site.tenant.Now)
	}
}
