package certs

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// LetsEncrypt is the directory of a public authority.
const LetsEncrypt = acme.LetsEncryptURL

// firstWait and longestWait are between attempts to get a certificate: each that
// fails counts against a limit of the authority.
const (
	firstWait   = time.Minute
	longestWait = time.Hour
)

// ACME is a Source of certificates that an authority gives, which is shown by a
// TLS handshake (RFC 8737), or by HTTP, that the names lead here.
type ACME struct {
	manager *autocert.Manager
	hosts   []string
	log     *slog.Logger
}

// NewACME makes a Source of certificates for hosts from the authority whose
// directory is that URL. Its terms of service are accepted. What it gives is kept
// in the directory cache. email, which may be "", is told to it.
func NewACME(hosts []string, directory, email, cache string, log *slog.Logger) *ACME {
	return &ACME{hosts: hosts, log: log, manager: &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(cache), HostPolicy: autocert.HostWhitelist(hosts...),
		Client: &acme.Client{DirectoryURL: directory}, Email: email,
	}}
}

// Config implements Source. A client that names no host gets the first one's.
func (a *ACME) Config() *tls.Config {
	c := config(func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName == "" {
			named := *hello
			named.ServerName = a.hosts[0]
			hello = &named
		}
		return a.manager.GetCertificate(hello)
	})
	c.NextProtos = a.manager.TLSConfig().NextProtos
	return c
}

// Host implements Source.
func (a *ACME) Host(string) string { return a.hosts[0] }

// HTTP answers the authority's questions on port 80 (RFC 8555 §8.3), and nothing
// else: who sends a token there must not be led on as if that were right.
func (a *ACME) HTTP() http.Handler {
	return a.manager.HTTPHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "This server speaks HTTPS.\n")
	}))
}

// Keep implements Source: it gets what is missing before a client asks; the
// manager renews.
func (a *ACME) Keep(ctx context.Context) {
	wait := firstWait
	for missing := a.hosts; ; wait = min(2*wait, longestWait) {
		missing = a.get(ctx, missing)
		if len(missing) == 0 || ctx.Err() != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// get gives the hosts without a certificate.
func (a *ACME) get(ctx context.Context, hosts []string) (missing []string) {
	for _, h := range hosts {
		cert, err := a.ask(ctx, h)
		if ctx.Err() != nil {
			return hosts
		}
		if err != nil {
			a.log.LogAttrs(ctx, slog.LevelWarn, "there is no certificate yet", slog.String("host", h), slog.Any("error", err))
			missing = append(missing, h)
			continue
		}
		a.log.LogAttrs(ctx, slog.LevelInfo, "certificate", slog.String("host", h), slog.Time("notAfter", cert.Leaf.NotAfter))
	}
	return missing
}

// ask gets a certificate as for a client that knows elliptic curves. The manager
// goes on when ctx ends.
func (a *ACME) ask(ctx context.Context, host string) (*tls.Certificate, error) {
	type answer struct {
		cert *tls.Certificate
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		cert, err := a.manager.GetCertificate(&tls.ClientHelloInfo{
			ServerName: host, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		})
		got <- answer{cert, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-got:
		return r.cert, r.err
	}
}

// Reload implements Source.
func (a *ACME) Reload() {}
