package certs

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	// authorityLife and leafLife are how long certificates are good; renewBefore is
	// how long before its end one is made anew.
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 90 * 24 * time.Hour
	renewBefore   = 30 * 24 * time.Hour
	// renewTime is how often it is seen to.
	renewTime = time.Hour
	// backdated allows for clocks of clients that are behind.
	backdated = time.Hour
)

// Own is a Source with an authority of its own, for development and for networks
// whose clients can be told to trust it. Everything lies in a directory: the
// authority in ca.pem and ca-key.pem, the certificate in cert.pem and key.pem.
type Own struct {
	held
	dir   string
	names []string
	clock func() time.Time
	log   *slog.Logger

	mu sync.Mutex
}

// localNames are what every certificate is for.
var localNames = []string{"localhost", "127.0.0.1", "::1"}

// OpenOwn reads or makes the authority and the certificate in dir, which is for
// localhost and for names: host names, or addresses.
func OpenOwn(dir string, names []string, now func() time.Time, log *slog.Logger) (*Own, error) {
	all := slices.Concat(localNames, names)
	slices.Sort(all)
	o := &Own{dir: dir, names: slices.Compact(all), clock: now, log: log}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of the certificates: %w", err)
	}
	return o, o.renew()
}

// AuthorityName is the file of the authority, in the directory of an Own.
const AuthorityName = "ca.pem"

// AuthorityFile holds the certificate that clients have to trust.
func (o *Own) AuthorityFile() string { return filepath.Join(o.dir, AuthorityName) }

// Keep implements Source.
func (o *Own) Keep(ctx context.Context) {
	tick := time.NewTicker(renewTime)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			o.Reload()
		}
	}
}

// Reload implements Source.
func (o *Own) Reload() {
	if err := o.renew(); err != nil {
		o.log.Warn("the certificate is not renewed", slog.Any("error", err), slog.Time("notAfter", o.pair.Load().Leaf.NotAfter))
	}
}

// renew sees to it that the certificate in use is good for some time.
func (o *Own) renew() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if pair := o.pair.Load(); pair != nil && !o.ends(pair, renewBefore) {
		return nil
	}
	authority, err := o.read("ca", nil)
	if err == nil && o.ends(authority, leafLife) {
		o.log.Warn("the authority of the certificates ends, and is made anew: clients have to trust the new one", slog.String("file", o.AuthorityFile()))
		err = fs.ErrNotExist
	}
	if errors.Is(err, fs.ErrNotExist) {
		authority, err = o.make("ca", nil)
	}
	if err != nil {
		return err
	}
	leaf, err := o.read("cert", authority)
	if err != nil || o.ends(leaf, renewBefore) || !o.fits(leaf) {
		leaf, err = o.make("cert", authority)
	}
	if err == nil {
		o.pair.Store(leaf)
	}
	return err
}

func (o *Own) ends(pair *tls.Certificate, within time.Duration) bool {
	return o.clock().Add(within).After(pair.Leaf.NotAfter)
}

// fits tells whether a certificate is for the names asked for, and no others.
func (o *Own) fits(pair *tls.Certificate) bool {
	have := slices.Clone(pair.Leaf.DNSNames)
	for _, ip := range pair.Leaf.IPAddresses {
		have = append(have, ip.String())
	}
	slices.Sort(have)
	want := make([]string, len(o.names))
	for i, name := range o.names {
		want[i] = name
		if ip := net.ParseIP(name); ip != nil {
			want[i] = ip.String()
		}
	}
	slices.Sort(want)
	return slices.Equal(have, want)
}

func (o *Own) files(name string) (cert, key string) {
	if name == "ca" {
		return o.AuthorityFile(), filepath.Join(o.dir, "ca-key.pem")
	}
	return filepath.Join(o.dir, "cert.pem"), filepath.Join(o.dir, "key.pem")
}

// read reads a certificate and its key. by is the authority that must have made
// it; nil is for an authority itself.
func (o *Own) read(name string, by *tls.Certificate) (*tls.Certificate, error) {
	certFile, keyFile := o.files(name)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%s and %s cannot be used (%w); remove the directory to have another authority made, which clients then have to trust", certFile, keyFile, err)
	}
	if by != nil {
		err = pair.Leaf.CheckSignatureFrom(by.Leaf)
	}
	return &pair, err
}

// make makes a certificate with a key of its own, and keeps both.
func (o *Own) make(name string, by *tls.Certificate) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := o.clock().UTC().Truncate(time.Second)
	serial := make([]byte, 16)
	_, _ = rand.Read(serial) // never fails
	c := &x509.Certificate{SerialNumber: new(big.Int).SetBytes(serial), NotBefore: now.Add(-backdated), BasicConstraintsValid: true}
	var parent *x509.Certificate
	var signer any
	if by == nil {
		c.Subject = pkix.Name{Organization: []string{"scimd"}, CommonName: "scimd authority " + rand.Text()[:8]}
		c.NotAfter, c.IsCA, c.MaxPathLenZero, c.KeyUsage = now.Add(authorityLife), true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
		parent, signer = c, key
	} else {
		c.Subject = pkix.Name{Organization: []string{"scimd"}, CommonName: "scimd"}
		c.NotAfter, c.KeyUsage, c.ExtKeyUsage = now.Add(leafLife), x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		for _, n := range o.names {
			if ip := net.ParseIP(n); ip != nil {
				c.IPAddresses = append(c.IPAddresses, ip)
			} else {
				c.DNSNames = append(c.DNSNames, n)
			}
		}
		parent, signer = by.Leaf, by.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	certFile, keyFile := o.files(name)
	// The key goes first: a certificate without one could not be used.
	if err := o.keep(keyFile, "PRIVATE KEY", keyDER, 0o600); err != nil {
		return nil, err
	}
	if err := o.keep(certFile, "CERTIFICATE", der, 0o644); err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}

// keep writes a file whole.
func (o *Own) keep(name, kind string, der []byte, mode fs.FileMode) error {
	tmp := name + ".new"
	err := os.WriteFile(tmp, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
	if err == nil {
		err = os.Rename(tmp, name)
	}
	if err != nil {
		return fmt.Errorf("keep the certificate: %w", err)
	}
	return nil
}
