package server

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestTheAddressOfAClientIsWhatTrustedProxiesTell(t *testing.T) {
	t.Parallel()
	s := &server{Config: Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}}
	for _, tc := range []struct{ about, from, name, value, want string }{
		{"no proxy", "192.0.2.1:99", "", "", "192.0.2.1"},
		{"a client that names another", "192.0.2.1:99", "X-Forwarded-For", "198.51.100.7", "192.0.2.1"},
		{"a proxy", "10.0.0.1:99", "X-Forwarded-For", "198.51.100.7", "198.51.100.7"},
		{"a proxy that says nothing", "10.0.0.1:99", "", "", "10.0.0.1"},
		{"a client that names others to a proxy", "10.0.0.1:99", "X-Forwarded-For", "1.1.1.1, 198.51.100.7", "198.51.100.7"},
		{"a chain of proxies", "10.0.0.1:99", "X-Forwarded-For", "1.1.1.1, 198.51.100.7,10.2.2.2 , 10.3.3.3", "198.51.100.7"},
		{"proxies only", "10.0.0.1:99", "X-Forwarded-For", "10.2.2.2", "10.2.2.2"},
		{"no address", "10.0.0.1:99", "X-Forwarded-For", "198.51.100.7, unknown", "10.0.0.1"},
		{"an address with a port", "10.0.0.1:99", "X-Forwarded-For", "198.51.100.7:4711", "198.51.100.7"},
		{"an address in another form", "[::ffff:10.0.0.1]:99", "X-Forwarded-For", "::ffff:198.51.100.7", "198.51.100.7"},
		{"a network of IPv6", "[fd00::1]:99", "X-Forwarded-For", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"Forwarded", "10.0.0.1:99", "Forwarded", `for=1.1.1.1, For="[2001:db8:1:2::9]:4711";proto=https;by=10.0.0.1`, "2001:db8:1:2::/64"},
		{"Forwarded with a hidden name", "10.0.0.1:99", "Forwarded", "for=198.51.100.7, for=_hidden", "10.0.0.1"},
		{"no connection of the network", "@", "X-Forwarded-For", "198.51.100.7", "invalid IP"},
	} {
		r := &http.Request{RemoteAddr: tc.from, Header: http.Header{}}
		if tc.name != "" {
			r.Header.Set(tc.name, tc.value)
		}
		if got := s.source(r); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.about, got, tc.want)
		}
	}
}
