package certs

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

// authority is an ACME server (RFC 8555) that gives certificates for one name,
// after it has looked at the challenge as a real one does. It does not check
// signatures of requests.
type authority struct {
	t    *testing.T
	url  string
	kind string // tls-alpn-01 or http-01
	at   string // the address that is looked at
	key  *ecdsa.PrivateKey
	root *x509.Certificate

	mu     sync.Mutex
	nonces int
	orders int
	thumb  string // of the account's key
	valid  bool
	chain  []byte
}

const acmeToken = "token-of-the-challenge"

func newAuthority(t *testing.T, kind string) *authority {
	t.Helper()
	a := &authority{t: t, kind: kind}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.root, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(a)
	t.Cleanup(s.Close)
	a.url = s.URL
	return a
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.nonces++
	w.Header().Set("Replay-Nonce", fmt.Sprint("nonce-", a.nonces))
	payload := a.read(r)
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	status := "pending"
	if a.valid {
		status = "valid"
	}
	order := func() map[string]any {
		o := map[string]any{"status": "pending", "authorizations": []string{a.url + "/authz"}, "finalize": a.url + "/finalize"}
		if a.valid {
			o["status"] = "ready"
		}
		if a.chain != nil {
			o["status"], o["certificate"] = "valid", a.url+"/cert"
		}
		return o
	}
	challenge := map[string]any{"type": a.kind, "url": a.url + "/challenge", "token": acmeToken, "status": status}
	switch r.URL.Path {
	case "/directory":
		answer(200, map[string]string{"newNonce": a.url + "/nonce", "newAccount": a.url + "/account", "newOrder": a.url + "/new-order"})
	case "/nonce":
	case "/account":
		w.Header().Set("Location", a.url+"/account/1")
		answer(201, map[string]string{"status": "valid"})
	case "/new-order":
		a.orders++
		a.valid, a.chain = false, nil
		w.Header().Set("Location", a.url+"/order")
		answer(201, order())
	case "/order":
		answer(200, order())
	case "/authz":
		answer(200, map[string]any{"status": status, "identifier": map[string]string{"type": "dns", "value": "scim.example.com"}, "challenges": []any{challenge}})
	case "/challenge":
		if err := a.look(); err != nil {
			a.t.Errorf("the challenge: %v", err)
		} else {
			a.valid = true
		}
		answer(200, challenge)
	case "/finalize":
		a.sign(payload)
		w.Header().Set("Location", a.url+"/order")
		answer(200, order())
	case "/cert":
		_, _ = w.Write(a.chain)
	default:
		answer(404, map[string]string{"type": "urn:ietf:params:acme:error:malformed"})
	}
}

// read gives the payload of a request, and remembers the account's key.
func (a *authority) read(r *http.Request) []byte {
	var jws struct{ Protected, Payload string }
	if json.NewDecoder(r.Body).Decode(&jws) != nil {
		return nil
	}
	protected, _ := base64.RawURLEncoding.DecodeString(jws.Protected)
	var head struct {
		JWK *struct{ Crv, Kty, X, Y string }
	}
	if json.Unmarshal(protected, &head) == nil && head.JWK != nil { // RFC 7638 §3
		sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":%q,"kty":%q,"x":%q,"y":%q}`, head.JWK.Crv, head.JWK.Kty, head.JWK.X, head.JWK.Y))
		a.thumb = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	payload, _ := base64.RawURLEncoding.DecodeString(jws.Payload)
	return payload
}

// look checks the challenge (RFC 8555 §8.3, RFC 8737 §3).
func (a *authority) look() error {
	want := acmeToken + "." + a.thumb
	if a.kind == "http-01" {
		req, err := http.NewRequest(http.MethodGet, "http://"+a.at+"/.well-known/acme-challenge/"+acmeToken, nil)
		if err != nil {
			return err
		}
		req.Host = "scim.example.com"
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		if body, _ := io.ReadAll(resp.Body); string(body) != want {
			return fmt.Errorf("%s", body)
		}
		return nil
	}
	c, err := tls.Dial("tcp", a.at, &tls.Config{InsecureSkipVerify: true, ServerName: "scim.example.com", NextProtos: []string{acme.ALPNProto}})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	sum := sha256.Sum256([]byte(want))
	value, _ := asn1.Marshal(sum[:])
	for _, e := range c.ConnectionState().PeerCertificates[0].Extensions {
		if e.Critical && slices.Equal(e.Value, value) {
			return nil
		}
	}
	return fmt.Errorf("no such extension in %v", c.ConnectionState().PeerCertificates[0].Extensions)
}

func (a *authority) sign(payload []byte) {
	var asked struct{ CSR string }
	_ = json.Unmarshal(payload, &asked)
	der, _ := base64.RawURLEncoding.DecodeString(asked.CSR)
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		a.t.Error(err)
		return
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: csr.DNSNames, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	leaf, err := x509.CreateCertificate(rand.Reader, c, a.root, csr.PublicKey, crypto.Signer(a.key))
	if err != nil {
		a.t.Error(err)
		return
	}
	a.chain = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf})
}

// secured serves HTTPS with a Source, and gives the address.
func secured(t *testing.T, s Source) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &http.Server{TLSConfig: s.Config(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })}
	go func() { _ = h.ServeTLS(l, "", "") }()
	t.Cleanup(func() { _ = h.Close() })
	return l.Addr().String()
}

// get asks for a page at an address, as a client that trusts an authority and
// knows the host by a name; "" is a client that gives no name.
func get(t *testing.T, a *authority, at, name string, most uint16) (proto string, err error) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(a.root)
	c := &tls.Config{RootCAs: roots, MaxVersion: most, ServerName: name}
	if name == "" {
		c.InsecureSkipVerify = true
		c.VerifyConnection = func(s tls.ConnectionState) error {
			_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, DNSName: "scim.example.com"})
			return err
		}
	}
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: c}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport, Timeout: 20 * time.Second}).Get("https://" + at)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func TestAnAuthorityGivesACertificateOnceForTheHostsNamed(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"tls-alpn-01", "http-01"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			authority, cache := newAuthority(t, kind), t.TempDir()
			var l log
			source := NewACME([]string{"scim.example.com"}, authority.url+"/directory", "ops@example.com", cache, l.logger())
			at := secured(t, source)
			authority.at = at
			if kind == "http-01" {
				questions := httptest.NewServer(source.HTTP())
				t.Cleanup(questions.Close)
				authority.at = strings.TrimPrefix(questions.URL, "http://")
				resp, err := http.Get(questions.URL + "/scim/v2/Users")
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
				if resp.StatusCode != 404 || resp.Header.Get("Location") != "" {
					t.Errorf("another request is answered %d, and led to %q", resp.StatusCode, resp.Header.Get("Location"))
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			source.Keep(ctx)
			if l.count("msg=certificate host=scim.example.com") != 1 || authority.orders != 1 {
				t.Fatalf("%d orders, log:\n%s", authority.orders, l.b.String())
			}
			for _, name := range []string{"scim.example.com", ""} {
				if proto, err := get(t, authority, at, name, 0); err != nil || proto != "HTTP/2.0" {
					t.Errorf("as %q: %s, %v", name, proto, err)
				}
			}
			if _, err := get(t, authority, at, "other.example.com", 0); err == nil {
				t.Error("another host is served")
			}
			if _, err := get(t, authority, at, "scim.example.com", tls.VersionTLS11); err == nil {
				t.Error("TLS 1.1 is spoken")
			}
			again := NewACME([]string{"scim.example.com"}, "http://127.0.0.1:1/", "", cache, l.logger())
			if _, err := get(t, authority, secured(t, again), "scim.example.com", tls.VersionTLS12); err != nil || authority.orders != 1 {
				t.Errorf("after a restart: %d orders, %v", authority.orders, err)
			}
		})
	}
}

func TestAnAuthorityThatDoesNotAnswerIsToldOfAndHoldsNothingUp(t *testing.T) {
	t.Parallel()
	var l log
	source := NewACME([]string{"scim.example.com"}, "http://127.0.0.1:1/", "", t.TempDir(), l.logger())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { source.Keep(ctx); close(ended) }()
	for deadline := time.Now().Add(time.Minute); l.count("there is no certificate yet") == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is told")
		}
	}
	cancel()
	<-ended
}
