package auth

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/scimd/scimd/internal/scim"
)

// Whatever is sent, only what the issuer has signed is accepted, with the claims
// that it must have.
func FuzzExternalToken(f *testing.F) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		f.Fatal(err)
	}
	i := &scim.TrustedIssuer{Name: "login", Issuer: "https://login.example", Audiences: []string{"scim"}, AnyType: true, RightsClaim: "scp"}
	if i.Keys, err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: public, KeyID: "k"}}}); err != nil {
		f.Fatal(err)
	}
	if err := CheckIssuer(i); err != nil {
		f.Fatal(err)
	}
	tenant := &scim.Tenant{ID: 1, Now: time.Now}
	tenant.Trust, _ = scim.StoredTrust(scim.TrustText([]*scim.TrustedIssuer{i}))
	x := NewExternals(time.Minute, func() time.Time { return now })
	b64 := base64.RawURLEncoding.EncodeToString

	const header = `{"alg":"EdDSA","kid":"k"}`
	good := fmt.Sprintf(`{"iss":"https://login.example","aud":"scim","sub":"daemon","exp":%d,"scp":"read"}`, now.Add(time.Hour).Unix())
	for _, payload := range []string{good, `{}`, `[]`, `null`, `{"iss":1}`, good[:20], `{"iss":"https://login.example","exp":1e300,"aud":[],"sub":"\u0000"}`} {
		f.Add(header, payload, []byte(nil), true)
		f.Add(header, payload, []byte("x"), false)
	}
	f.Add(`{"alg":"none"}`, good, []byte(nil), false)
	f.Add(`{"alg":"HS256","kid":["k"],"jwk":{}}`, good, []byte(public), false)
	f.Fuzz(func(t *testing.T, header, payload string, signature []byte, sign bool) {
		text := b64([]byte(header)) + "." + b64([]byte(payload))
		if sign {
			signature = ed25519.Sign(private, []byte(text))
		}
		text += "." + b64(signature)
		issuer := trusted(tenant, text)
		if issuer == nil {
			return
		}
		id, err := x.identify(t.Context(), tenant, issuer, text, Hash(text))
		if err != nil {
			return
		}
		var says struct {
			Issuer string `json:"iss"`
			Sub    string `json:"sub"`
		}
		if !sign && !ed25519.Verify(public, []byte(text[:len(text)-1-len(b64(signature))]), signature) || json.Unmarshal([]byte(payload), &says) != nil ||
			says.Issuer == "" || id.Principal.ID != "login:"+id.Principal.Display || id.Principal.Display == "" {
			t.Errorf("%s %s is %+v", header, payload, id)
		}
	})
}

// Whatever a server publishes, it can be read or not, and every key that is kept
// can be compared with algorithms.
func FuzzKeySet(f *testing.F) {
	for _, text := range []string{
		`{"keys":[]}`, `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`,
		`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"oct","k":"AA"},null,7]}`, `{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`, `{`,
		`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","x5c":["AA=="],"x5u":"https://x"}]}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := parseKeys([]byte(text))
		if err != nil && keys != nil {
			t.Errorf("%d keys and %v", len(keys), err)
		}
		for _, alg := range append([]string{"none", "HS256"}, externalAlgorithms...) {
			if found := matching(keys, "", alg); len(found) > 1 || len(found) > 0 && (alg == "none" || alg == "HS256") {
				t.Errorf("%s: %d keys", alg, len(found))
			}
		}
	})
}
