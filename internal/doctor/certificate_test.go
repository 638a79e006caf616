package doctor_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/doctor"
)

// holder is a certificate with its key.
type holder struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// sign makes a certificate that by has signed, or itself.
func sign(t *testing.T, by *holder, template x509.Certificate) *holder {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, _ = rand.Int(rand.Reader, big.NewInt(1<<60))
	if template.NotBefore.IsZero() {
		template.NotBefore = time.Now().Add(-time.Hour)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(90 * 24 * time.Hour)
	}
	parent, signer := &template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &holder{cert, key}
}

func authority(name string) x509.Certificate {
	return x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
}

func leaf(change func(*x509.Certificate)) x509.Certificate {
	c := x509.Certificate{Subject: pkix.Name{CommonName: "scim.example"}, DNSNames: []string{"scim.example"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	if change != nil {
		change(&c)
	}
	return c
}

func TestEachFaultOfACertificateIsNamed(t *testing.T) {
	t.Parallel()
	root := sign(t, nil, authority("Root"))
	between := sign(t, root, authority("Between"))
	published := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(between.cert.Raw) }))
	t.Cleanup(published.Close)
	ended := authority("Ended")
	ended.NotBefore, ended.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	past := sign(t, root, ended)
	roots := x509.NewCertPool()
	roots.AddCert(root.cert)
	for name, tc := range map[string]struct {
		leaf  *holder
		chain []*holder
		max   uint16
		want  map[string]string
	}{
		"all is well": {leaf: sign(t, between, leaf(nil)), chain: []*holder{between}},
		"it ended": {leaf: sign(t, between, leaf(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })), chain: []*holder{between},
			want: map[string]string{"certificate": "fail: The certificate ended"}},
		"it has not begun": {leaf: sign(t, between, leaf(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) })), chain: []*holder{between},
			want: map[string]string{"certificate": "fail: begins only"}},
		"it ends soon": {leaf: sign(t, between, leaf(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(73 * time.Hour) })), chain: []*holder{between},
			want: map[string]string{"certificate": "warn: scim.example ends in 3 days"}},
		"another name": {leaf: sign(t, between, leaf(func(c *x509.Certificate) { c.IPAddresses = nil })), chain: []*holder{between},
			want: map[string]string{"certificate": "fail: not for 127.0.0.1, but for scim.example"}},
		"a part is missing": {leaf: sign(t, between, leaf(func(c *x509.Certificate) { c.IssuingCertificateURL = []string{published.URL} })),
			want: map[string]string{"certificate": "fail: without Between"}},
		"a part is missing, or unknown": {leaf: sign(t, between, leaf(nil)),
			want: map[string]string{"certificate": "fail: The authority Between is not trusted"}},
		"a part ended": {leaf: sign(t, past, leaf(nil)), chain: []*holder{past},
			want: map[string]string{"certificate": "fail: between the server's and the authority has ended"}},
		"signed by itself": {leaf: sign(t, nil, leaf(nil)),
			want: map[string]string{"certificate": "fail: signed by itself"}},
		"old TLS": {leaf: sign(t, between, leaf(nil)), chain: []*holder{between}, max: tls.VersionTLS11,
			want: map[string]string{"certificate": "fail: an old version of TLS"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pair := tls.Certificate{Certificate: [][]byte{tc.leaf.cert.Raw}, PrivateKey: tc.leaf.key}
			for _, c := range tc.chain {
				pair.Certificate = append(pair.Certificate, c.cert.Raw)
			}
			front := httptest.NewUnstartedServer(proxy{}.handler())
			front.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10, MaxVersion: tc.max}
			front.StartTLS()
			t.Cleanup(front.Close)
			wants(t, look(front.URL+server.Path, func(o *doctor.Options) { o.Roots = roots }), tc.want)
		})
	}
}
