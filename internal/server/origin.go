package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/scimd/scimd/internal/scim"
)

// publicRoot is the prefix before /scim under which the client reached the
// server: the configured public URL, else scheme and host of the request, where
// trusted proxies may speak for it (RFC 7239, X-Forwarded-*), the prefix that
// the proxy took off, and the base path that the request named; then the prefix
// that named the tenant. The public URL is not the one of a tenant's own host.
func (s *server) publicRoot(r *http.Request) string {
	at := placeOf(r)
	if s.PublicURL != nil && !at.own {
		return strings.TrimSuffix(s.PublicURL.String(), "/") + at.prefix()
	}
	scheme, host, prefix := "http", s.host(r), ""
	if r.TLS != nil {
		scheme = "https"
	}
	if s.fromTrustedProxy(r) {
		f := forwarded(r.Header)
		if f.proto == "http" || f.proto == "https" {
			scheme = f.proto
		}
		prefix = f.prefix
	}
	return scheme + "://" + host + prefix + at.base + at.prefix()
}

// host is the host, perhaps with a port, that the client asked, where trusted
// proxies may speak for it.
func (s *server) host(r *http.Request) string {
	if s.fromTrustedProxy(r) {
		if f := forwarded(r.Header); f.host != "" {
			return f.host
		}
	}
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && r.Host == "" { // HTTP/1.0
		return addr.String()
	}
	return r.Host
}

// linkBase is the prefix of the links in an answer: the base that the request
// named, in the form that the profile gives it (design table, "links").
func (s *server) linkBase(r *http.Request, p *scim.Profile) string {
	at := placeOf(r)
	if at.legacy {
		return s.publicRoot(r) + "/" + legacyRoot + base + "/" + version
	}
	segment := at.version
	switch p.LinkVersion {
	case "v2":
		segment = "/" + version
	case "none":
		segment = ""
	}
	return s.publicRoot(r) + "/" + p.LinkPrefix + segment
}

func (s *server) fromTrustedProxy(r *http.Request) bool {
	if len(s.TrustedProxies) == 0 {
		return false
	}
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	return s.trusted(addr.Addr().Unmap())
}

// trusted tells whether an address is that of a proxy.
func (s *server) trusted(ip netip.Addr) bool {
	for _, p := range s.TrustedProxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// forwardedFor is what a proxy says of the request that it got.
type forwardedFor struct{ proto, host, prefix string }

// forwarded reads the last hop of Forwarded, or of the X-Forwarded headers: it
// is the one that the trusted proxy itself has written.
func forwarded(h http.Header) forwardedFor {
	var f forwardedFor
	if values := h.Values("Forwarded"); len(values) > 0 {
		last := values[len(values)-1]
		if i := strings.LastIndex(last, ","); i >= 0 {
			last = last[i+1:]
		}
		for pair := range strings.SplitSeq(last, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			value = strings.Trim(value, `"`)
			switch strings.ToLower(name) {
			case "proto":
				f.proto = strings.ToLower(value)
			case "host":
				f.host = cleanHost(value)
			}
		}
	} else {
		f.proto = strings.ToLower(lastOf(h, "X-Forwarded-Proto"))
		f.host = cleanHost(lastOf(h, "X-Forwarded-Host"))
		if port := lastOf(h, "X-Forwarded-Port"); f.host != "" && isPort(port) && !strings.Contains(f.host, ":") {
			if !(f.proto == "https" && port == "443" || f.proto == "http" && port == "80") {
				f.host = net.JoinHostPort(f.host, port)
			}
		}
	}
	f.prefix = cleanPrefix(lastOf(h, "X-Forwarded-Prefix"))
	return f
}

func lastOf(h http.Header, name string) string {
	values := h.Values(name)
	if len(values) == 0 {
		return ""
	}
	last := values[len(values)-1]
	if i := strings.LastIndex(last, ","); i >= 0 {
		last = last[i+1:]
	}
	return strings.TrimSpace(last)
}

// cleanHost drops what is no host with an optional port: it goes into links.
func cleanHost(host string) string {
	for i := 0; i < len(host); i++ {
		c := host[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(".-_:[]", c) >= 0) {
			return ""
		}
	}
	return host
}

func cleanPrefix(prefix string) string {
	prefix = strings.Trim(prefix, "/")
	for i := 0; i < len(prefix); i++ {
		if c := prefix[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"\<>?#`, c) >= 0 {
			return ""
		}
	}
	if prefix == "" {
		return ""
	}
	return "/" + prefix
}

func isPort(s string) bool {
	if s == "" || len(s) > 5 {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}
