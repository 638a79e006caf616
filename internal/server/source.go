package server

import (
	"net/http"
	"net/netip"
	"strings"
)

// clientAddr is the address of the client: that of the connection, or, as far as
// trusted proxies can tell, the one before them (RFC 7239 §5.2, X-Forwarded-For).
// It is the zero Addr when there is none.
func (s *server) clientAddr(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := at.Addr().Unmap().WithZone("")
	if !s.trusted(addr) {
		return addr
	}
	hops := hopsBefore(r.Header)
	for i := len(hops) - 1; i >= 0 && s.trusted(addr); i-- {
		before, ok := hopAddr(hops[i])
		if !ok {
			break
		}
		addr = before
	}
	return addr
}

// source names where a client is, for counting: its address, or the network of 64
// bits that one host of IPv6 may have.
func (s *server) source(r *http.Request) string {
	addr := s.clientAddr(r)
	if addr.Is6() {
		if network, err := addr.Prefix(64); err == nil {
			return network.String()
		}
	}
	return addr.String()
}

// hopsBefore are the hops that proxies name, the nearest last.
func hopsBefore(h http.Header) []string {
	if values := h.Values("Forwarded"); len(values) > 0 {
		var hops []string
		for element := range strings.SplitSeq(strings.Join(values, ","), ",") {
			hop := ""
			for pair := range strings.SplitSeq(element, ";") {
				if name, value, _ := strings.Cut(strings.TrimSpace(pair), "="); strings.EqualFold(name, "for") {
					hop = strings.Trim(value, `"`)
				}
			}
			hops = append(hops, hop)
		}
		return hops
	}
	return strings.Split(strings.Join(h.Values("X-Forwarded-For"), ","), ",")
}

// hopAddr reads an address, perhaps in brackets and with a port.
func hopAddr(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return addr.Unmap().WithZone(""), err == nil
}
