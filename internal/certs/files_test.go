package certs

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// log is a log that tests read.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), text)
}

func (l *log) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// issued makes a certificate and its key in PEM.
func issued(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

// write replaces a file at once: a reader never sees a part of it.
func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name+".new", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

// shown is the name in the certificate that a client is given.
func shown(t *testing.T, s Source) string {
	t.Helper()
	c, err := s.Config().GetCertificate(&tls.ClientHelloInfo{ServerName: "any"})
	if err != nil {
		t.Fatal(err)
	}
	return c.Leaf.DNSNames[0]
}

func TestFilesAreReadAgainWhenBothHaveChanged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	cert, key := issued(t, "one.example")
	write(t, certFile, cert)
	write(t, keyFile, key)
	var l log
	f, err := OpenFiles(certFile, keyFile, l.logger())
	if err != nil {
		t.Fatal(err)
	}
	f.Reload()
	if shown(t, f) != "one.example" || l.count("\n") != 0 {
		t.Errorf("nothing changed, and it says %s", l.b.String())
	}

	cert, key = issued(t, "two.example")
	write(t, certFile, cert)
	f.Reload()
	if shown(t, f) != "one.example" || l.count("not renewed") != 1 || l.count("notAfter") != 1 {
		t.Errorf("with half of the new files it shows %s and says %s", shown(t, f), l.b.String())
	}
	write(t, keyFile, key)
	f.Reload()
	if shown(t, f) != "two.example" || l.count("certificate read") != 1 {
		t.Errorf("with both it shows %s and says %s", shown(t, f), l.b.String())
	}
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	f.Reload()
	if shown(t, f) != "two.example" || l.count("not renewed") != 2 || strings.Contains(l.b.String(), "PRIVATE") {
		t.Errorf("without a key it shows %s and says %s", shown(t, f), l.b.String())
	}
}

func TestChangedFilesAreNoticedAndAFaultIsToldOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	cert, key := issued(t, "one.example")
	write(t, certFile, cert)
	write(t, keyFile, key)
	var l log
	f, err := OpenFiles(certFile, keyFile, l.logger())
	if err != nil {
		t.Fatal(err)
	}
	f.every = time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { f.Keep(ctx); close(ended) }()
	until := func(what string, holds func() bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: not within 10 s", what)
			}
		}
	}
	other, otherKey := issued(t, "two.example")
	write(t, certFile, other)
	until("the fault is told", func() bool { return l.count("not renewed") == 1 })
	write(t, keyFile, otherKey)
	until("the new certificate is taken", func() bool { return shown(t, f) == "two.example" })
	if n := l.count("not renewed"); n != 1 {
		t.Errorf("the fault is told %d times", n)
	}
	cancel()
	<-ended
}

func TestFilesThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := issued(t, "one.example")
	_, other := issued(t, "two.example")
	for name, data := range map[string][]byte{"cert": cert, "key": key, "other": other, "empty": nil, "text": []byte("no PEM")} {
		write(t, filepath.Join(dir, name), data)
	}
	for _, pair := range [][2]string{{"cert", "other"}, {"key", "cert"}, {"empty", "key"}, {"empty", "empty"}, {"cert", "text"}, {"missing", "key"}, {"cert", "missing"}} {
		_, err := OpenFiles(filepath.Join(dir, pair[0]), filepath.Join(dir, pair[1]), slog.New(slog.DiscardHandler))
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), dir) {
			t.Errorf("%v: %v", pair, err)
		}
	}
}

func TestTheNameForThisMachineIsOneOfTheCertificate(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, host, want string }{
		{"localhost", "127.0.0.1", "localhost"},
		{"localhost", "::1", "localhost"},
		{"scim.example.com", "127.0.0.1", "scim.example.com"},
		{"scim.example.com", "scim.example.com", "scim.example.com"},
		{"*.example.com", "127.0.0.1", "127.0.0.1"},
	} {
		cert, key := issued(t, tc.name)
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		var h held
		h.pair.Store(&pair)
		if got := h.Host(tc.host); got != tc.want {
			t.Errorf("of %s, for %s: %s, want %s", tc.name, tc.host, got, tc.want)
		}
	}
}
