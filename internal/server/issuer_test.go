package server_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/server"
	"github.com/scimd/scimd/internal/store"
)

// authority is an issuer of tokens other than the tenant, with its key server.
type authority struct {
	c       *client
	url     string // of its keys
	iss     string
	set     atomic.Pointer[jose.JSONWebKeySet]
	away    atomic.Bool
	fetches atomic.Int64
}

// signingKeys are keys of every kind by key id. They are made once.
var signingKeys = sync.OnceValue(func() map[string]crypto.Signer {
	keys := map[string]crypto.Signer{}
	for _, id := range []string{"rsa", "other"} {
		keys[id], _ = rsa.GenerateKey(rand.Reader, 2048)
	}
	for id, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		keys[id], _ = ecdsa.GenerateKey(curve, rand.Reader)
	}
	_, keys["EdDSA"], _ = ed25519.GenerateKey(rand.Reader)
	return keys
})

// authority makes an issuer that publishes the keys of those ids.
func (c *client) authority(ids ...string) *authority {
	c.Helper()
	a := &authority{c: c, iss: "https://login.example/v2.0"}
	a.publish(ids...)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		a.fetches.Add(1)
		if a.away.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(a.set.Load())
	}))
	c.Cleanup(s.Close)
	a.url = s.URL
	return a
}

func (a *authority) publish(ids ...string) {
	set := &jose.JSONWebKeySet{}
	for _, id := range ids {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: signingKeys()[id].Public(), KeyID: id})
	}
	a.set.Store(set)
}

// trust makes the tenant trust the issuer, as a change of the usual says, and no
// other.
func (a *authority) trust(change ...func(*scim.TrustedIssuer)) *scim.TrustedIssuer {
	a.c.Helper()
	i := &scim.TrustedIssuer{Name: "login", Issuer: a.iss, Audiences: []string{"api://scim"}, KeysURL: a.url}
	for _, fn := range change {
		fn(i)
	}
	if err := auth.CheckIssuer(i); err != nil {
		a.c.Fatal(err)
	}
	list, faults := scim.StoredTrust(scim.TrustText([]*scim.TrustedIssuer{i}))
	if faults != nil {
		a.c.Fatal(faults)
	}
	a.c.site.tenant.Trust = list
	return i
}

// claims are those of a token that is good, changed; nil takes one out.
func (a *authority) claims(change jwt.MapClaims) jwt.MapClaims {
	now := time.Now()
	m := jwt.MapClaims{
		"iss": a.iss, "sub": "daemon", "aud": "api://scim", "client_id": "daemon", "jti": "1", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	maps.Copy(m, change)
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	return m
}

// sign makes a token with a key of signingKeys; header is set on top of the usual.
func (a *authority) sign(method jwt.SigningMethod, key string, claims, header jwt.MapClaims) string {
	return a.signWith(method, signingKeys()[key], key, claims, header)
}

func (a *authority) signWith(method jwt.SigningMethod, key any, kid string, claims, header jwt.MapClaims) string {
	a.c.Helper()
	t := jwt.NewWithClaims(method, a.claims(claims))
	t.Header["kid"], t.Header["typ"] = kid, "at+jwt"
	maps.Copy(t.Header, header)
	maps.DeleteFunc(t.Header, func(_ string, v any) bool { return v == nil })
	text, err := t.SignedString(key)
	if err != nil {
		a.c.Fatal(err)
	}
	return text
}

// token is a client with a good token, with claims changed.
func (a *authority) token(change jwt.MapClaims) *client {
	a.c.Helper()
	return a.c.withBearer(a.sign(jwt.SigningMethodRS256, "rsa", change, nil))
}

// issuerRows are about tokens of issuers that a tenant trusts.
var issuerRows = []row{
	{holds: "R9068-4-02 R7519-4.1-03 tokens of a trusted issuer open the endpoint, with every algorithm that proves something", show: func(c *client) {
		a := c.authority("rsa", "ES256", "ES384", "ES512", "EdDSA")
		a.trust()
		for _, method := range []jwt.SigningMethod{
			jwt.SigningMethodRS256, jwt.SigningMethodRS384, jwt.SigningMethodRS512, jwt.SigningMethodPS256, jwt.SigningMethodPS384, jwt.SigningMethodPS512,
			jwt.SigningMethodES256, jwt.SigningMethodES384, jwt.SigningMethodES512, jwt.SigningMethodEdDSA,
		} {
			key := method.Alg()
			if strings.HasSuffix(key[:2], "S") && key[0] != 'E' {
				key = "rsa"
			}
			c.withBearer(a.sign(method, key, nil, nil)).do("GET", "/Users", "").is(200)
		}
		for _, aud := range []any{"api://scim", []string{"api://scim"}, []string{"x", "api://scim"}} {
			a.token(jwt.MapClaims{"aud": aud}).do("GET", "/Users", "").is(200)
		}
		c.withBearer(a.sign(jwt.SigningMethodRS256, "rsa", nil, jwt.MapClaims{"typ": "application/AT+JWT"})).do("GET", "/Users", "").is(200)
		if n := a.fetches.Load(); n != 1 {
			c.Errorf("the keys were fetched %d times", n)
		}
		id := a.token(nil).user(ada)
		events, err := c.site.store.Events(c.Context(), c.site.tenant.Space, 0, 10)
		want := store.Principal{Kind: "external", ID: "login:daemon", Display: "daemon"}
		if err != nil || len(events) != 1 || events[0].Principal != want || events[0].ID != id {
			c.Errorf("events %+v, %v", events, err)
		}
		if log := c.site.log.String(); !strings.Contains(log, `"token":"login"`) || strings.Contains(log, "daemon") {
			c.Errorf("the log says %s", log)
		}
	}},
	{holds: "R6750-3.1-02 the claims of a token give rights, in any letter case, up to those of its issuer", show: func(c *client) {
		a := c.authority("rsa")
		for _, q := range []struct {
			about  string
			trust  func(*scim.TrustedIssuer)
			claims jwt.MapClaims
			may    string // of GET and POST on Users, GET on Containers
		}{
			{"all, without a claim", func(*scim.TrustedIssuer) {}, nil, "200 400 200"},
			{"fixed", func(i *scim.TrustedIssuer) { i.Rights = "users:read" }, nil, "200 403 403"},
			{"a scope", scoped, jwt.MapClaims{"scp": "User_Management"}, "200 400 403"},
			{"the name of a right among others", scoped, jwt.MapClaims{"scp": "openid USERS:READ vault:read"}, "200 403 200"},
			{"a list", scoped, jwt.MapClaims{"scp": []any{"privileged_cloud_admin", 7, "users:write"}}, "403 400 200"},
			{"no claim", scoped, nil, "403 403 403"},
			{"a claim that is no text", scoped, jwt.MapClaims{"scp": map[string]any{"all": true}}, "403 403 403"},
			{"unknown values", scoped, jwt.MapClaims{"scp": "openid profile"}, "403 403 403"},
			{"more than the issuer may give", func(i *scim.TrustedIssuer) { scoped(i); i.Rights = "read" }, jwt.MapClaims{"scp": "all"}, "200 403 200"},
			{"grants", granted, jwt.MapClaims{"roles": []any{"scim.readwrite.ALL"}}, "200 400 403"},
			{"grants leave nothing else", granted, jwt.MapClaims{"roles": "all"}, "403 403 403"},
		} {
			a.trust(q.trust)
			t := a.token(q.claims)
			got := fmt.Sprint(t.do("GET", "/Users", "").status, t.do("POST", "/Users", `{}`).status, t.do("GET", "/Containers", "").status)
			if got != q.may {
				c.Errorf("%s: %s, want %s", q.about, got, q.may)
			}
		}
		a.trust(scoped)
		got := a.token(jwt.MapClaims{"scp": "read"}).do("POST", "/Groups", `{}`).refused(403, "").mentions("groups:write").header.Get("WWW-Authenticate")
		if !strings.Contains(got, `error="insufficient_scope"`) || !strings.Contains(got, `scope="groups:write"`) {
			c.Errorf("challenge %q", got)
		}
	}},
	{holds: "R9068-4-01 tokens of another type are refused unless the issuer is trusted with them, as Entra ID is", show: func(c *client) {
		a := c.authority("rsa")
		a.trust()
		for _, typ := range []any{"JWT", nil, "", "id_token", 7} {
			c.withBearer(a.sign(jwt.SigningMethodRS256, "rsa", nil, jwt.MapClaims{"typ": typ})).do("GET", "/Users", "").refused(401, "").mentions("at+jwt")
		}
		a.trust(func(i *scim.TrustedIssuer) {
			i.AnyType, i.PrincipalClaim, i.Audiences = true, "oid", []string{"8adf8e6e-67b2-4cf2-a259-e3dc5476c621"}
		})
		entra := jwt.MapClaims{"aud": "8adf8e6e-67b2-4cf2-a259-e3dc5476c621", "oid": "b0c0ffee-0000-4000-8000-000000000001", "sub": nil}
		c.withBearer(a.sign(jwt.SigningMethodRS256, "rsa", entra, jwt.MapClaims{"typ": "JWT"})).do("GET", "/Users", "").is(200)
		entra["oid"] = nil
		c.withBearer(a.sign(jwt.SigningMethodRS256, "rsa", entra, jwt.MapClaims{"typ": "JWT"})).do("GET", "/Users", "").refused(401, "").mentions("whom")
	}},
	{holds: "R9068-4-03 a new key of an issuer counts at once, one that was given needs no server, and a missing key id no guess", show: func(c *client) {
		a := c.authority("rsa")
		a.trust()
		a.token(nil).do("GET", "/Users", "").is(200)
		a.publish("rsa", "other")
		c.withBearer(a.sign(jwt.SigningMethodRS256, "other", nil, nil)).do("GET", "/Users", "").is(200)
		if n := a.fetches.Load(); n != 2 {
			c.Errorf("%d fetches", n)
		}
		nameless := jwt.MapClaims{"kid": nil}
		c.withBearer(a.sign(jwt.SigningMethodRS256, "rsa", nil, nameless)).do("GET", "/Users", "").refused(401, "") // there are two
		a.trust(func(i *scim.TrustedIssuer) {
			i.KeysURL = ""
			i.Keys, _ = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: signingKeys()["rsa"].Public(), KeyID: "rsa"}}})
		})
		a.token(jwt.MapClaims{"jti": "2"}).do("GET", "/Users", "").is(200)
		c.withBearer(a.sign(jwt.SigningMethodRS256, "rsa", nil, nameless)).do("GET", "/Users", "").is(200)
		c.withBearer(a.sign(jwt.SigningMethodRS256, "other", nil, nil)).do("GET", "/Users", "").refused(401, "")
		if n := a.fetches.Load(); n > 3 {
			c.Errorf("%d fetches", n)
		}
	}},
	{holds: "R6750-3.1-01 a token ends with the trust in its issuer, and with its time, also while it is remembered", show: func(c *client) {
		now := time.Now()
		var later atomic.Int64
		c = c.serve(func(cfg *server.Config) {
			cfg.Auth, cfg.Issuer = signIn(c.site.store, cfg.Service, nil, func() time.Time { return now.Add(time.Duration(later.Load())) })
		})
		pass := func(d time.Duration) { later.Add(int64(d)) }
		a := c.authority("rsa")
		a.trust()
		t := a.token(nil)
		use := func() *answer { return t.do("GET", "/Users", "") }
		use().is(200)
		c.site.tenant.Trust = nil
		use().refused(401, "")
		a.trust(func(i *scim.TrustedIssuer) { i.Audiences = []string{"another"} })
		use().refused(401, "").mentions("audience")
		a.trust(func(i *scim.TrustedIssuer) { i.Rights = "groups:read" })
		use().refused(403, "").mentions("users:read")
		a.trust()
		use().is(200)
		// Keys that were withdrawn are noticed by who comes after a while.
		short := a.token(jwt.MapClaims{"exp": now.Add(2 * time.Minute).Unix()})
		short.do("GET", "/Users", "").is(200)
		pass(4 * time.Minute)
		short.do("GET", "/Users", "").refused(401, "").mentions("expired")
		t = a.token(jwt.MapClaims{"exp": now.Add(30 * 24 * time.Hour).Unix()})
		a.publish("other")
		pass(7 * time.Minute)
		use().refused(401, "").mentions("not known")
	}},
	{holds: "an issuer whose keys cannot be read is 503, and hinders no other token", show: func(c *client) {
		a := c.authority("rsa")
		a.away.Store(true)
		a.trust()
		for range 5 {
			got := a.token(nil).do("GET", "/Users", "").refused(503, "").mentions("issuer login")
			if got.header.Get("Retry-After") == "" {
				c.Error("no Retry-After")
			}
			c.do("GET", "/Users", "").is(200)
		}
		if n := a.fetches.Load(); n != 1 {
			c.Errorf("%d fetches", n)
		}
		app := c.application("app")
		c.ask("/oauth2/token/app", credentials(app)).with().do("GET", "/Users", "").is(200)
	}},
	{holds: "R6750-2-01 R6750-2-02 R6750-3.1-01 R7519-4.1-01 R7519-4.1-02 R7519-7.2-01 R7519-7.2-02 R8725-3.1 no forged, borrowed or ended token of a trusted issuer is accepted", show: func(c *client) {
		foreignAttacks(c)
	}},
	{holds: "R7644-6-01 the issuer of one tenant is nobody to another, whatever the two have in common", show: func(c *client) {
		other := c.neighbour()
		mine, theirs := c.authority("rsa"), other.authority("other")
		mine.trust()
		theirs.trust() // of equal name, iss and audience, with other keys
		own, foreign := mine.token(nil), other.withBearer(theirs.sign(jwt.SigningMethodRS256, "other", nil, jwt.MapClaims{"kid": "rsa"}))
		own.do("GET", "/Users", "").is(200)
		for range 2 {
			other.withBearer(own.token).do("GET", "/Users", "").refused(401, "")
			c.withBearer(foreign.token).do("GET", "/Users", "").refused(401, "")
		}
		// An application of one tenant may be an issuer to another; both stay apart. Keys
		// of others must have a safe length.
		c.site.config.Issuer.Keys.Make = func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }
		app := c.application("app")
		text := c.ask("/oauth2/token/app", credentials(app)).AccessToken
		theirs.iss, theirs.url = c.site.url+"/app/", c.site.url+"/oauth2/keys"
		theirs.trust(func(i *scim.TrustedIssuer) { i.Audiences, i.AnyType = []string{app.ClientID}, true })
		other.withBearer(text).do("GET", "/Users", "").is(200)
		c.withBearer(text).do("GET", "/Users", "").is(200)
		lone := c.neighbour()
		lone.withBearer(text).do("GET", "/Users", "").refused(401, "")
	}},
	{holds: "R7644-6-01 no token made of those of two tenants in one server opens the wrong one", show: func(c *client) {
		c, other := c.beside()
		both := map[string]*client{"mine": c, "theirs": other}
		pieces := map[string][]string{} // tokens by tenant: opaque, own, external; with equal names in both
		for name, at := range both {
			a := at.authority("rsa")
			a.trust()
			if name == "theirs" { // the same id names another key
				a.set.Store(&jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: signingKeys()["other"].Public(), KeyID: "rsa"}}})
			}
			app := at.application("app")
			root := strings.TrimSuffix(strings.TrimPrefix(at.base, at.site.url), "/scim/v2")
			key := map[string]string{"mine": "rsa", "theirs": "other"}[name]
			pieces[name] = []string{
				at.withRights("all").token, at.ask(root+"/oauth2/token/app", credentials(app)).with().token,
				a.sign(jwt.SigningMethodRS256, key, nil, jwt.MapClaims{"kid": "rsa"}),
			}
			for _, token := range pieces[name] {
				at.withBearer(token).do("GET", "/Users", "").is(200) // else the rest shows nothing
			}
		}
		seed := mathrand.Uint64()
		c.Logf("seed %d", seed)
		r := mathrand.New(mathrand.NewPCG(seed, 0))
		one := func(list []string) string { return list[r.IntN(len(list))] }
		for range 120 {
			from := one([]string{"mine", "theirs"})
			to := map[string]string{"mine": "theirs", "theirs": "mine"}[from]
			token := one(pieces[from])
			if r.IntN(2) == 0 { // parts of both
				parts := make([]string, 3)
				for i := range parts {
					origin := strings.Split(pieces[one([]string{"mine", "theirs"})][1+r.IntN(2)], ".")
					parts[i] = origin[i]
				}
				if token = strings.Join(parts, "."); slices.Contains(pieces[to], token) {
					continue
				}
			}
			both[to].withBearer(token).do("GET", "/Users", "").refused(401, "")
			both[to].withBearer(token).root("GET", "/tenants/"+both[to].site.tenant.Name+"/scim/v2/Users", "").refused(401, "")
		}
	}},
}

func scoped(i *scim.TrustedIssuer) { i.RightsClaim = "scp" }

func granted(i *scim.TrustedIssuer) {
	i.RightsClaim, i.Grants = "roles", map[string]string{"Scim.ReadWrite.All": "users:read,users:write"}
}

// foreignAttacks shows tokens that nobody may come in with, signed with the right
// key of the issuer where only the claims are wrong.
func foreignAttacks(c *client) {
	a := c.authority("rsa", "ES256")
	a.trust()
	evil := c.authority("other")
	rsaKey := signingKeys()["rsa"].(*rsa.PrivateKey)
	public, err := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	if err != nil {
		c.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	good := a.sign(jwt.SigningMethodRS256, "rsa", nil, nil)
	parts := strings.Split(good, ".")
	b64 := base64.RawURLEncoding.EncodeToString
	claiming := func(change jwt.MapClaims) string { return a.sign(jwt.SigningMethodRS256, "rsa", change, nil) }
	forged := func(header jwt.MapClaims) string { return a.sign(jwt.SigningMethodRS256, "other", nil, header) }
	signed := func(header, payload string) string {
		text := b64([]byte(header)) + "." + b64([]byte(payload))
		sig, err := jwt.SigningMethodRS256.Sign(text, rsaKey)
		if err != nil {
			c.Fatal(err)
		}
		return text + "." + b64(sig)
	}
	const rs = `{"alg":"RS256","kid":"rsa","typ":"at+jwt"}`
	jwk := map[string]any{"kty": "RSA", "kid": "rsa", "n": b64(signingKeys()["other"].(*rsa.PrivateKey).N.Bytes()), "e": "AQAB"}
	now := time.Now()

	use := c.withBearer(good)
	use.do("GET", "/Users", "").is(200) // else the rest shows nothing
	use.token = signed(rs, fmt.Sprintf(`{"iss":%q,"sub":"x","aud":"api://scim","exp":%d}`, a.iss, now.Add(time.Hour).Unix()))
	use.do("GET", "/Users", "").is(200)

	for name, text := range map[string]string{
		"tampered payload":                 parts[0] + "." + b64([]byte(`{"iss":"`+a.iss+`"}`)) + "." + parts[2],
		"tampered signature":               good[:len(good)-8] + "AAAAAAAA",
		"no signature":                     parts[0] + "." + parts[1] + ".",
		"padding":                          good + "==",
		"four parts":                       good + ".x",
		"alg none":                         a.signWith(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "rsa", nil, nil),
		"alg NONE":                         b64([]byte(`{"alg":"NONE","kid":"rsa","typ":"at+jwt"}`)) + "." + parts[1] + ".",
		"alg missing":                      b64([]byte(`{"kid":"rsa","typ":"at+jwt"}`)) + "." + parts[1] + "." + parts[2],
		"HS256 with the public key as DER": a.signWith(jwt.SigningMethodHS256, public, "rsa", nil, nil),
		"HS256 with the public key as PEM": a.signWith(jwt.SigningMethodHS256, publicPEM, "rsa", nil, nil),
		"HS512 with the modulus":           a.signWith(jwt.SigningMethodHS512, rsaKey.N.Bytes(), "rsa", nil, nil),
		"ES256 with the id of an RSA key":  a.sign(jwt.SigningMethodES256, "ES256", nil, jwt.MapClaims{"kid": "rsa"}),
		"RS256 with the id of an EC key":   a.sign(jwt.SigningMethodRS256, "rsa", nil, jwt.MapClaims{"kid": "ES256"}),
		"another key of the same id":       forged(jwt.MapClaims{"kid": "rsa"}),
		"another key, unknown id":          forged(nil),
		"no key id":                        forged(jwt.MapClaims{"kid": nil}),
		"key id that is no text":           forged(jwt.MapClaims{"kid": []string{"rsa"}}),
		"key id that is a URL":             forged(jwt.MapClaims{"kid": evil.url}),
		"jku":                              forged(jwt.MapClaims{"jku": evil.url}),
		"x5u":                              forged(jwt.MapClaims{"x5u": evil.url}),
		"x5c":                              forged(jwt.MapClaims{"x5c": []string{"AA=="}}),
		"embedded jwk":                     forged(jwt.MapClaims{"jwk": jwk}),
		"embedded jwk of the right id":     forged(jwt.MapClaims{"jwk": jwk, "kid": "rsa"}),
		"critical extension":               a.sign(jwt.SigningMethodRS256, "rsa", nil, jwt.MapClaims{"crit": []string{"exp"}}),
		"wrong audience":                   claiming(jwt.MapClaims{"aud": "api://other"}),
		"audience in another letter case":  claiming(jwt.MapClaims{"aud": "API://scim"}),
		"no audience":                      claiming(jwt.MapClaims{"aud": nil}),
		"audience that is no text":         claiming(jwt.MapClaims{"aud": map[string]any{"api://scim": true}}),
		"wrong issuer":                     claiming(jwt.MapClaims{"iss": "https://login.example/v1.0"}),
		"issuer with a slash":              claiming(jwt.MapClaims{"iss": a.iss + "/"}),
		"issuer in a list":                 claiming(jwt.MapClaims{"iss": []string{a.iss}}),
		"no issuer":                        claiming(jwt.MapClaims{"iss": nil}),
		"no subject":                       claiming(jwt.MapClaims{"sub": nil}),
		"a subject that is no text":        claiming(jwt.MapClaims{"sub": 7}),
		"a subject with a line end":        claiming(jwt.MapClaims{"sub": "a\nb"}),
		"a subject that is too long":       claiming(jwt.MapClaims{"sub": strings.Repeat("x", 2000)}),
		"expired":                          claiming(jwt.MapClaims{"exp": now.Add(-10 * time.Minute).Unix()}),
		"without an end":                   claiming(jwt.MapClaims{"exp": nil}),
		"end that is text":                 claiming(jwt.MapClaims{"exp": "tomorrow"}),
		"end beyond all numbers":           claiming(jwt.MapClaims{"exp": -1e300}),
		"not yet valid":                    claiming(jwt.MapClaims{"nbf": now.Add(10 * time.Minute).Unix()}),
		"issued in the future":             claiming(jwt.MapClaims{"iat": now.Add(10 * time.Minute).Unix()}),
		"oversize":                         claiming(jwt.MapClaims{"x": strings.Repeat("x", 17<<10)}),
		"claims in other letter case":      signed(rs, fmt.Sprintf(`{"ISS":%q,"iss":%q,"sub":"x","AUD":"api://scim","EXP":%d}`, a.iss, a.iss, now.Add(time.Hour).Unix())),
		"issuer that stands twice":         signed(rs, fmt.Sprintf(`{"iss":%q,"sub":"x","aud":"api://scim","exp":%d,"iss":"x"}`, a.iss, now.Add(time.Hour).Unix())),
		"payload that is no object":        signed(rs, `[]`),
		"payload that is null":             signed(rs, `null`),
		"payload that is no JSON":          signed(rs, `{"iss":"`+a.iss+`"`),
		"header that is no object":         signed(`[]`, `{"iss":"`+a.iss+`"}`),
	} {
		use := c.withBearer(text)
		got := use.do("GET", "/Users", "").refused(401, "")
		if challenge := got.header.Get("WWW-Authenticate"); !strings.Contains(challenge, `error="invalid_token"`) {
			c.Errorf("%s: %d, challenge %q", name, got.status, challenge)
		}
	}
	for _, within := range []jwt.MapClaims{{"exp": now.Add(-30 * time.Second).Unix()}, {"nbf": now.Add(30 * time.Second).Unix()}, {"exp": 1e18}} {
		a.token(within).do("GET", "/Users", "").is(200)
	}
	if n := evil.fetches.Load(); n != 0 {
		c.Errorf("a key server that a token named was asked %d times", n)
	}
	if n := a.fetches.Load(); n > 3 {
		c.Errorf("the keys were fetched %d times", n)
	}
	use.token = ""
	use.do("GET", "/Users?access_token="+good, "").refused(401, "")
	use.do("GET", "/Users", "", "Authorization: Bearer "+good, "Authorization: Bearer "+good).refused(401, "")
	use.do("GET", "/Users", "", "Cookie: access_token="+good).refused(401, "")
}
