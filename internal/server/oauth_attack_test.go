package server_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// attacks shows tokens that nobody may come in with, made with the tenant's own
// key where only the claims are wrong.
func attacks(c *client) {
	a := c.application("app")
	good := c.ask("/oauth2/token/app", credentials(a)).with().token
	own, kid := c.signingKey()
	foreign, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		c.Fatal(err)
	}
	now := time.Now()
	base := func() jwt.MapClaims {
		return jwt.MapClaims{
			"iss": c.site.url + "/app/", "sub": a.UserID, "aud": a.ClientID, "jti": a.Epoch + ".x", "scope": "scim",
			"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "unique_name": a.ClientID,
		}
	}
	mint := func(method jwt.SigningMethod, key any, claims jwt.MapClaims, header map[string]any) string {
		t := jwt.NewWithClaims(method, claims)
		t.Header["kid"], t.Header["typ"] = kid, "at+jwt"
		for name, v := range header {
			if v == nil {
				delete(t.Header, name)
			} else {
				t.Header[name] = v
			}
		}
		text, err := t.SignedString(key)
		if err != nil {
			c.Fatal(err)
		}
		return text
	}
	claiming := func(change jwt.MapClaims) string {
		m := base()
		for name, v := range change {
			if v == nil {
				delete(m, name)
			} else {
				m[name] = v
			}
		}
		return mint(jwt.SigningMethodRS256, own, m, nil)
	}
	public, err := x509.MarshalPKIXPublicKey(&own.PublicKey)
	if err != nil {
		c.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	jwk := map[string]any{"kty": "RSA", "kid": kid, "n": base64.RawURLEncoding.EncodeToString(foreign.N.Bytes()), "e": "AQAB"}
	parts := strings.Split(good, ".")
	b64 := base64.RawURLEncoding.EncodeToString
	soon, past := now.Add(10*time.Minute).Unix(), now.Add(-10*time.Minute).Unix()

	use := *c
	use.token = claiming(nil)
	use.do("GET", "/Users", "").is(200) // else the rest shows nothing

	for name, text := range map[string]string{
		"tampered payload":                 parts[0] + "." + b64([]byte(`{"iss":"x"}`)) + "." + parts[2],
		"tampered signature":               good[:len(good)-8] + "AAAAAAAA",
		"no signature":                     parts[0] + "." + parts[1] + ".",
		"cut":                              good[:len(good)/2],
		"two dots alone":                   "..",
		"padding":                          good + "==",
		"alg none":                         mint(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, base(), nil),
		"alg None":                         b64([]byte(`{"alg":"None","kid":"`+kid+`"}`)) + "." + parts[1] + ".",
		"alg missing":                      b64([]byte(`{"kid":"`+kid+`"}`)) + "." + parts[1] + "." + parts[2],
		"HS256 with the public key as DER": mint(jwt.SigningMethodHS256, public, base(), nil),
		"HS256 with the public key as PEM": mint(jwt.SigningMethodHS256, publicPEM, base(), nil),
		"HS256 with the modulus":           mint(jwt.SigningMethodHS256, own.N.Bytes(), base(), nil),
		"RS512 with the right key":         mint(jwt.SigningMethodRS512, own, base(), nil),
		"PS256 with the right key":         mint(jwt.SigningMethodPS256, own, base(), nil),
		"another key":                      mint(jwt.SigningMethodRS256, foreign, base(), nil),
		"another key and id":               mint(jwt.SigningMethodRS256, foreign, base(), map[string]any{"kid": "x"}),
		"no key id":                        mint(jwt.SigningMethodRS256, own, base(), map[string]any{"kid": nil}),
		"key id that is a path":            mint(jwt.SigningMethodRS256, foreign, base(), map[string]any{"kid": "../../dev/null"}),
		"key id that is SQL":               mint(jwt.SigningMethodRS256, foreign, base(), map[string]any{"kid": "x' OR '1'='1"}),
		"key id that is no text":           mint(jwt.SigningMethodRS256, foreign, base(), map[string]any{"kid": 1}),
		"typ of an id token":               mint(jwt.SigningMethodRS256, own, base(), map[string]any{"typ": "JWT"}),
		"no typ":                           mint(jwt.SigningMethodRS256, own, base(), map[string]any{"typ": nil}),
		"jku":                              mint(jwt.SigningMethodRS256, foreign, base(), map[string]any{"jku": "https://evil.example/jwks"}),
		"x5u":                              mint(jwt.SigningMethodRS256, foreign, base(), map[string]any{"x5u": "https://evil.example/cert"}),
		"x5c":                              mint(jwt.SigningMethodRS256, foreign, base(), map[string]any{"x5c": []string{"AA=="}}),
		"embedded jwk":                     mint(jwt.SigningMethodRS256, foreign, base(), map[string]any{"jwk": jwk}),
		"critical extension":               mint(jwt.SigningMethodRS256, own, base(), map[string]any{"crit": []string{"b64"}, "b64": false}),
		"wrong audience":                   claiming(jwt.MapClaims{"aud": "somebody"}),
		"no audience":                      claiming(jwt.MapClaims{"aud": nil}),
		"two audiences":                    claiming(jwt.MapClaims{"aud": []string{a.ClientID, "somebody"}}),
		"issuer of another application":    claiming(jwt.MapClaims{"iss": c.site.url + "/other/"}),
		"issuer that is no URL":            claiming(jwt.MapClaims{"iss": "app"}),
		"issuer without a slash":           claiming(jwt.MapClaims{"iss": c.site.url + "/app"}),
		"no issuer":                        claiming(jwt.MapClaims{"iss": nil}),
		"another subject":                  claiming(jwt.MapClaims{"sub": "somebody"}),
		"no subject":                       claiming(jwt.MapClaims{"sub": nil}),
		"no id":                            claiming(jwt.MapClaims{"jti": nil}),
		"an earlier secret":                claiming(jwt.MapClaims{"jti": "earlier.x"}),
		"expired":                          claiming(jwt.MapClaims{"exp": past}),
		"without an end":                   claiming(jwt.MapClaims{"exp": nil}),
		"end that is text":                 claiming(jwt.MapClaims{"exp": "tomorrow"}),
		"not yet valid":                    claiming(jwt.MapClaims{"nbf": soon}),
		"issued in the future":             claiming(jwt.MapClaims{"iat": soon}),
		"oversize":                         claiming(jwt.MapClaims{"x": strings.Repeat("x", 9<<10)}),
		"payload that is no object":        b64([]byte(`{"alg":"RS256","kid":"`+kid+`"}`)) + "." + b64([]byte(`[]`)) + "." + parts[2],
	} {
		use := *c
		use.token = text
		got := use.do("GET", "/Users", "").refused(401, "")
		if challenge := got.header.Get("WWW-Authenticate"); !strings.Contains(challenge, `error="invalid_token"`) {
			c.Errorf("%s: challenge %q", name, challenge)
		}
	}
	for name, scope := range map[string]any{"no scope": nil, "unknown scope": "nope", "scope in upper case": "SCIM"} {
		use.token = claiming(jwt.MapClaims{"scope": scope})
		if got := use.do("GET", "/Users", ""); got.status != 403 {
			c.Errorf("%s: %d", name, got.status)
		}
	}
	// Within the skew of clocks a token is good early, and never late.
	use.token = claiming(jwt.MapClaims{"nbf": now.Add(30 * time.Second).Unix()})
	use.do("GET", "/Users", "").is(200)
	use.token = claiming(jwt.MapClaims{"exp": now.Add(-time.Second).Unix()})
	use.do("GET", "/Users", "").refused(401, "")
	use.token = ""
	use.do("GET", "/Users?access_token="+good, "").refused(401, "")
	use.do("POST", "/Users", `{"access_token":"`+good+`"}`).refused(401, "")
	use.do("GET", "/Users", "", "Authorization: Bearer "+good, "Authorization: Bearer "+good).refused(401, "")
	use.do("GET", "/Users", "", "Cookie: access_token="+good).refused(401, "")
	use.do("GET", "/Users", "", basicAuth(a.ClientID, appSecret)).refused(401, "")
	use.do("GET", "/Users", "", "Authorization: Bearer "+a.Secret).refused(401, "")

	// The end of a token is noticed also while it is remembered.
	clock := now
	c.site.tenant.Now = func() time.Time { return clock }
	late, _ := signIn(c.site.store, c.site.config.Service, nil, c.site.tenant.Now)
	id := func() error {
		_, err := late.Authenticate(c.Context(), map[string][]string{"Authorization": {"Bearer " + good}}, c.site.tenant, "")
		return err
	}
	if err := id(); err != nil {
		c.Error(err)
	}
	clock = now.Add(5*time.Hour + 2*time.Minute)
	if err := id(); err == nil || !strings.Contains(err.Error(), "expired") {
		c.Errorf("error %v", err)
	}
}
