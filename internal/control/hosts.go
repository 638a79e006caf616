package control

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/scimerr"
)

// What headers are called, in lower case, that proxies, gateways and tunnels add: with
// one of them a request does not come straight from its client. No client of the
// control API sends one so called.
var (
	hopNames    = strings.Fields("via cdn-loop x-host x-varnish x-request-start x-cloud-trace-context surrogate-capability proxy-connection")
	hopParts    = strings.Fields("forward remote-addr original originating rewrite")
	hopEnds     = strings.Fields("-ip -clientip")
	hopPrefixes = strings.Fields("x-envoy- x-arr- x-amzn- x-azure- x-appengine- x-ms-proxy x-vercel- x-nf- x-akamai- akamai- tailscale- ngrok- cf-")
)

// addedByHop tells that a header is none of a client.
func addedByHop(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains(hopNames, name) ||
		slices.ContainsFunc(hopParts, func(part string) bool { return strings.Contains(name, part) }) ||
		slices.ContainsFunc(hopEnds, func(end string) bool { return strings.HasSuffix(name, end) }) ||
		slices.ContainsFunc(hopPrefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// Guarded serves the control API to requests whose Host is a name of loopback, one
// of hosts, or the address that they arrived at: a page in a browser can have its
// own name lead to any address, but not send another Host. Unsafe requests of pages
// of other origins are refused too.
func Guarded(api http.Handler, hosts []string, log *slog.Logger) http.Handler {
	h := &handler{log: log}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !knownHost(r, hosts) && !arrivedAt(r):
			h.refuse(r.Context(), w, scimerr.Forbidden("The control API does not answer to this Host; name it with --control-host where the server is started."))
		case crossOrigin(r):
			h.refuse(r.Context(), w, scimerr.Forbidden("The control API is not there for pages of other origins."))
		default:
			api.ServeHTTP(w, r)
		}
	})
}

// Beside serves the control API on a listener that clients reach: to requests below
// its prefix that come straight to a name of loopback or one of hosts. All others
// go to next, as if there were no control API.
func Beside(next, api http.Handler, hosts []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, prefix) && knownHost(r, hosts) && !forwarded(r) && !crossOrigin(r) {
			api.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// forwarded tells whether a proxy has sent a request on. HTTP/1.0 is what nginx speaks
// that was told nothing else: then it names no client, and the server as the Host. A
// whole URL as the target is what proxies are asked with, and hides the header Host.
func forwarded(r *http.Request) bool {
	if !r.ProtoAtLeast(1, 1) || r.URL.IsAbs() {
		return true
	}
	for name := range r.Header {
		if addedByHop(name) {
			return true
		}
	}
	return false
}

var protection = http.NewCrossOriginProtection()

func crossOrigin(r *http.Request) bool { return protection.Check(r) != nil }

func knownHost(r *http.Request, hosts []string) bool {
	name := hostName(r.Host)
	ip, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && ip.IsLoopback() || name != "" && slices.Contains(hosts, name)
}

// arrivedAt tells whether the Host is the address that the connection was made to.
func arrivedAt(r *http.Request) bool {
	at, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	ip, err := netip.ParseAddr(hostName(r.Host))
	return ok && err == nil && at.AddrPort().Addr().Unmap().WithZone("") == ip.Unmap().WithZone("")
}

// hostName is a Host without its port, in lower case.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
