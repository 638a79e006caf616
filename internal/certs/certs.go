// Package certs gives the listener of a server its certificates: from files, of
// an authority that it makes itself, or from one that speaks ACME (RFC 8555).
package certs

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"sync/atomic"
)

// Source is where certificates come from.
type Source interface {
	// Config is for the listener.
	Config() *tls.Config
	// Host is a name under which clients on this machine reach the listener and
	// find a certificate of that name: host itself if there is one.
	Host(host string) string
	// Keep keeps the certificates fresh until ctx ends.
	Keep(ctx context.Context)
	// Reload looks for newer certificates at once.
	Reload()
}

// config is a TLS configuration as all sources have it. Cipher suites and
// protocols are those of the standard library, HTTP/2 among them.
func config(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: get}
}

// held is the certificate in use.
type held struct {
	pair atomic.Pointer[tls.Certificate]
}

// Config implements Source.
func (h *held) Config() *tls.Config {
	return config(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return h.pair.Load(), nil })
}

// Host implements Source.
func (h *held) Host(host string) string {
	leaf := h.pair.Load().Leaf
	if leaf.VerifyHostname(host) == nil {
		return host
	}
	if ip := net.ParseIP(host); ip.IsLoopback() && leaf.VerifyHostname("localhost") == nil {
		return "localhost"
	}
	for _, name := range leaf.DNSNames {
		if !strings.HasPrefix(name, "*") {
			return name
		}
	}
	return host
}
