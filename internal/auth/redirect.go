package auth

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/store"
)

// Bounds of the redirect URIs of an application.
const (
	MaxRedirects   = 20
	maxRedirectURI = 1024
)

// ParseRedirects checks redirect URIs and gives them in the form that is stored:
// each absolute, without fragment, user and blanks, with https, or with http at a
// loopback address, or with a scheme of an application's own, which has a dot
// (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §2.1).
func ParseRedirects(list []string) (string, error) {
	if len(list) > MaxRedirects {
		return "", fmt.Errorf("an application has at most %d", MaxRedirects)
	}
	for _, text := range list {
		if err := checkRedirect(text); err != nil {
			return "", fmt.Errorf("%q %w", text, err)
		}
	}
	return strings.Join(list, " "), nil
}

func checkRedirect(text string) error {
	printable := func(r rune) bool { return r > ' ' && r < 0x7f && !strings.ContainsRune("\"<>\\^`{|}", r) }
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > maxRedirectURI || strings.ContainsFunc(text, func(r rune) bool { return !printable(r) }):
		return fmt.Errorf("is no URI of at most %d bytes", maxRedirectURI)
	case strings.Contains(text, "#"):
		return fmt.Errorf("has a fragment")
	case u.User != nil:
		return fmt.Errorf("has a user")
	case u.Scheme == "https" && plainHost(u.Host):
		return nil
	case u.Scheme == "http" && loopback(u):
		return nil
	case strings.Contains(u.Scheme, ".") && u.Host == "":
		return nil
	}
	return fmt.Errorf("is neither https nor http at a loopback address, nor of a scheme with a dot")
}

// plainHost tells that a host with its port has no characters that mean something
// in headers.
func plainHost(host string) bool {
	return host != "" && !strings.ContainsFunc(host, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".-_:[]", r))
	})
}

func loopback(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return plainHost(u.Host) && (u.Hostname() == "localhost" || err == nil && ip.IsLoopback())
}

// mayRedirect tells that a URI is one of an application, letter for letter. Of one
// that is registered with a loopback address and without a port, any port is
// (RFC 8252 §7.3).
func mayRedirect(app *store.Application, uri string) bool {
	return slices.ContainsFunc(strings.Fields(app.Redirects), func(known string) bool {
		if known == uri {
			return true
		}
		k, err := url.Parse(known)
		if err != nil || k.Scheme != "http" || k.Port() != "" || !loopback(k) || k.Hostname() == "localhost" {
			return false
		}
		u, err := url.Parse(uri)
		if err != nil || u.Port() == "" || checkRedirect(uri) != nil {
			return false
		}
		return strings.Replace(uri, k.Host+":"+u.Port(), k.Host, 1) == known
	})
}
