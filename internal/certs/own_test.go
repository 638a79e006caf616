package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// clock is a time that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func openOwn(t *testing.T, dir string, c *clock, names ...string) *Own {
	t.Helper()
	o, err := OpenOwn(dir, names, c.now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// trusts does a handshake as a client that trusts the authority in a file.
func trusts(t *testing.T, o *Own, caFile, name string, at time.Time) error {
	t.Helper()
	data, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data) {
		t.Fatalf("no certificate in %s", data)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", o.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		if c, err := l.Accept(); err == nil {
			_ = c.(*tls.Conn).HandshakeContext(context.Background())
			_ = c.Close()
		}
	}()
	d := tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: name, Time: func() time.Time { return at }}}
	c, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
	if err == nil {
		err = c.Close()
	}
	return err
}

func leafOf(o *Own) *x509.Certificate { return o.pair.Load().Leaf }

func TestWhoTrustsTheAuthorityTrustsTheCertificateForItsNames(t *testing.T) {
	t.Parallel()
	dir, c := filepath.Join(t.TempDir(), "tls"), &clock{time.Now()}
	o := openOwn(t, dir, c, "scim.example.com", "10.1.2.3", "*.dev.example.com", "localhost")
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "scim.example.com", "10.1.2.3", "a.dev.example.com"} {
		if err := trusts(t, o, o.AuthorityFile(), name, c.at); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := trusts(t, o, o.AuthorityFile(), "other.example.com", c.at); err == nil {
		t.Error("it is for other names")
	}
	ca, err := tls.LoadX509KeyPair(o.files("ca"))
	if err != nil || !ca.Leaf.IsCA || !ca.Leaf.MaxPathLenZero || ca.Leaf.KeyUsage&x509.KeyUsageDigitalSignature != 0 {
		t.Errorf("authority %+v, %v", ca.Leaf, err)
	}
	if leaf := leafOf(o); leaf.IsCA || !slices.Equal(leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) {
		t.Errorf("leaf %+v", leaf)
	}
	if runtime.GOOS != "windows" {
		for name, mode := range map[string]os.FileMode{".": 0o700, "ca-key.pem": 0o600, "key.pem": 0o600} {
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != mode {
				t.Errorf("%s: %v, %v", name, info.Mode(), err)
			}
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.new")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

func TestAtTheNextStartTheSameCertificateIsServed(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), &clock{time.Now()}
	first := openOwn(t, dir, c, "b.example", "a.example")
	again := openOwn(t, dir, c, "a.example", "b.example", "a.example")
	if !leafOf(first).Equal(leafOf(again)) {
		t.Error("it is another one")
	}
	other := openOwn(t, dir, c, "a.example", "0:0::1")
	if leafOf(first).Equal(leafOf(other)) || trusts(t, other, first.AuthorityFile(), "b.example", c.at) == nil {
		t.Error("a name that is no longer asked for is still in it")
	}
	if err := trusts(t, other, first.AuthorityFile(), "a.example", c.at); err != nil {
		t.Errorf("the authority is another one: %v", err)
	}
}

func TestACertificateIsRenewedBeforeItsEndByTheSameAuthority(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), &clock{time.Now()}
	o := openOwn(t, dir, c)
	first := leafOf(o)
	authority, err := os.ReadFile(o.AuthorityFile())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		after time.Duration
		fresh bool
	}{{leafLife - renewBefore - time.Hour, false}, {2 * time.Hour, true}, {leafLife * 3, true}} {
		c.at = c.at.Add(step.after)
		o.Reload()
		if fresh := !leafOf(o).Equal(first); fresh != step.fresh {
			t.Errorf("after %v it is another one: %v", step.after, fresh)
		}
		first = leafOf(o)
		if err := trusts(t, o, o.AuthorityFile(), "localhost", c.at); err != nil {
			t.Error(err)
		}
	}
	if now, _ := os.ReadFile(o.AuthorityFile()); !slices.Equal(now, authority) {
		t.Error("the authority is another one")
	}
	c.at = c.at.Add(authorityLife)
	o.Reload()
	if now, _ := os.ReadFile(o.AuthorityFile()); slices.Equal(now, authority) {
		t.Error("an authority that has ended is kept")
	}
	if err := trusts(t, o, o.AuthorityFile(), "localhost", c.at); err != nil {
		t.Error(err)
	}
}

func TestADamagedAuthorityIsNotReplacedADamagedCertificateIs(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), &clock{time.Now()}
	o := openOwn(t, dir, c)
	write(t, filepath.Join(dir, "key.pem"), []byte("nothing"))
	again := openOwn(t, dir, c)
	if err := trusts(t, again, o.AuthorityFile(), "localhost", c.at); err != nil {
		t.Error(err)
	}
	write(t, filepath.Join(dir, "ca-key.pem"), []byte("nothing"))
	_, err := OpenOwn(dir, nil, c.now, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "ca-key.pem") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}
