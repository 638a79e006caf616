package app

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/scim"
)

// parseURL reads a public URL: scheme, host and perhaps a path, which ends up
// without a slash at its end.
func parseURL(s string) (*url.URL, error) {
	if s == "" {
		return nil, nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("use a URL such as https://scim.example.com")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

func printURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.String()
}

// autoControlAddr stands for the default, which moves where it is taken.
const autoControlAddr = "auto"

// controlAddr is where the control API listens: HOST:PORT, none, or auto.
func controlAddr(c *Config) pflag.Value {
	return &value[string]{&c.ControlAddr, "string", func(s string) (string, error) {
		switch c.ControlMoves = s == autoControlAddr; s {
		case autoControlAddr:
			return Defaults().ControlAddr, nil
		case noControl:
			return "", nil
		}
		return s, nil
	}, func(s string) string {
		if c.ControlMoves {
			return autoControlAddr
		}
		return cmp.Or(s, noControl)
	}}
}

// parseControlHost reads a host name, or an address.
func parseControlHost(s string) (string, error) {
	name, err := parseCertName(s)
	if err == nil && strings.HasPrefix(name, "*") {
		err = errors.New("use whole host names such as ci.example.com, or addresses")
	}
	return name, err
}

// parsePrefix reads a network; an address alone is a network of one.
func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Prefix(a.BitLen())
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, errors.New("use networks such as 10.0.0.0/8, or addresses")
	}
	return p.Masked(), nil
}

// ownPaths are the first segments that the server itself uses.
var ownPaths = []string{"scim", strings.TrimPrefix(control.BasePath, "/"), scim.TenantsSegment, "healthz", "readyz"}

// parseBasePath reads a path of plain segments, which ends up with a slash
// before it and none after it. It must not hide what is served without it.
func parseBasePath(s string) (string, error) {
	trimmed := strings.Trim(s, "/")
	if trimmed == "" {
		return "", nil
	}
	for i, segment := range strings.Split(trimmed, "/") {
		if segment == "" || strings.Trim(segment, ".") == "" || strings.Trim(segment, plainLetters) != "" {
			return "", errors.New("use a path such as /idm/scimd, of letters, digits and -._~")
		}
		if i == 0 && slices.Contains(ownPaths, strings.ToLower(segment)) {
			return "", fmt.Errorf("/%s is served without a base path: use another one", strings.ToLower(segment))
		}
	}
	return "/" + trimmed, nil
}

// plainLetters need no percent sign in a URL (RFC 3986 §2.3).
const plainLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"

// parseOrigin reads an origin as browsers write it (RFC 6454 §6.2), in small
// letters and without the port that the scheme implies; *. before a name of at
// least two labels stands for every name below it, and * for every origin.
func parseOrigin(s string) (string, error) {
	if s == "*" {
		return s, nil
	}
	wrong := errors.New("use origins such as https://app.example.com or https://*.example.com, without a path, or *")
	scheme, host, ok := strings.Cut(strings.ToLower(s), "://")
	name, wild := strings.CutPrefix(host, "*.")
	u, err := url.Parse(scheme + "://" + name)
	if !ok || err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host != name || u.Hostname() == "" || strings.Trim(name, plainLetters+":[]") != "" {
		return "", wrong
	}
	if wild && !strings.Contains(strings.Trim(u.Hostname(), "."), ".") {
		return "", wrong
	}
	if p := u.Port(); p == "" && strings.HasSuffix(name, ":") || u.Scheme == "https" && p == "443" || u.Scheme == "http" && p == "80" {
		host = strings.TrimSuffix(host, ":"+p)
	}
	return scheme + "://" + host, nil
}
