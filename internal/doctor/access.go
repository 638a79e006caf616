package doctor

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

const (
	notBase = "A SCIM server answers, but this is not its base URL: give the one that its banner shows, such as https://HOST/scim/v2, and have a proxy pass the path on as it came."
	noList  = "The answer is no SCIM list: the URL leads to something else, or a proxy changes what is answered."
)

// reach asks for something without looking at the certificate, and without a token.
func (p *patient) reach(ctx context.Context) finding {
	blind := newClient(p.Timeout, nil)
	blind.Transport.(*http.Transport).TLSClientConfig = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10} // certificate looks at it
	defer blind.CloseIdleConnections()
	a := p.sendBy(ctx, blind, ask{method: http.MethodGet, path: "/Users?count=1", anonymous: true})
	p.first = a
	switch {
	case a.err != nil && strings.Contains(reason(a.err), "no TLS"):
		return bad(a.seen(), "The port speaks HTTP: use http:// in the URL, or the port that speaks TLS.")
	case a.err != nil:
		return bad(a.seen(), "Nothing answers at %s: check the name, the port, and the firewalls on the way.", p.URL.Host)
	case a.status == http.StatusBadRequest && strings.Contains(string(a.body), "HTTPS server"):
		return bad(a.seen(), "The port speaks TLS: use https:// in the URL.")
	case !a.scim() && (a.status >= 300 && a.status < 400 || a.status >= 500):
		return bad(a.seen(), "%s", a.stranger())
	case a.status == http.StatusNotFound && a.scim():
		return bad(a.seen(), notBase)
	case a.status == http.StatusNotFound:
		return bad(a.seen(), "There is no SCIM server at this path: check the base URL, and which path the proxy sends where.")
	}
	return good("an answer in %d ms", a.took.Milliseconds())
}

// anonymous looks at what a client without a token is told (RFC 6750 §3).
func (p *patient) anonymous(context.Context) finding {
	a := p.first
	_, isList := a.list()
	switch challenge := a.header.Get("WWW-Authenticate"); {
	case a.status == http.StatusOK && !isList:
		return bad(a.seen(), noList)
	case a.status == http.StatusOK:
		return bad(a.seen(), "Users are shown without a token: the server is open to everybody, or a proxy adds a token of its own.")
	case a.status == http.StatusUnauthorized && !a.scim() && strings.HasPrefix(strings.ToLower(challenge), "bearer"):
		return poor(a.seen(), "The refusal is no SCIM error (RFC 7644 §3.12): something changes it on the way, or the server has none.")
	case a.status != http.StatusUnauthorized || !a.scim():
		return bad(a.seen(), "%s", a.stranger())
	case challenge == "":
		return poor(a.seen(), "The header WWW-Authenticate is taken off on the way: clients cannot tell what is asked of them.")
	case !strings.HasPrefix(strings.ToLower(challenge), "bearer"):
		return poor(fmt.Sprintf("401 with %.80q", challenge), "The challenge is not Bearer: something before the server asks for credentials of its own.")
	}
	return good("401, as it should be")
}

// authorized looks whether the token arrives and opens.
func (p *patient) authorized(ctx context.Context) finding {
	a := p.get(ctx, "/Users?count=1&startIndex=1")
	p.listed = a
	challenge := a.header.Get("WWW-Authenticate")
	switch _, isList := a.list(); {
	case isList:
		return good("200 with a list")
	case a.status == http.StatusUnauthorized && p.Token == "":
		return bad(a.seen(), "No token was given: name one with --token.")
	case a.status == http.StatusUnauthorized && a.scim() && strings.Contains(challenge, "error="):
		return bad(a.seen(), "The token is not good here: it may be of another tenant, revoked, expired, or cut off when it was copied.")
	case a.status == http.StatusUnauthorized && a.scim():
		return bad(a.seen(), "The server gets no Authorization header: a proxy takes it off; have it pass Authorization on.")
	case a.status == http.StatusUnauthorized && strings.HasPrefix(strings.ToLower(challenge), "bearer"):
		return bad(a.seen(), "The token is not good here, or does not arrive: something refuses it, and not by an error of SCIM.")
	case a.refused(http.StatusForbidden):
		return bad(a.seen(), "The token may not read users: make one with the rights users:read,users:write.")
	case a.status == http.StatusOK:
		return bad(a.seen(), noList)
	case a.refused(http.StatusNotFound):
		return bad(a.seen(), notBase)
	}
	return bad(a.seen(), "%s", a.stranger())
}

func (p *patient) mediaType(context.Context) finding {
	switch media := p.listed.media(); media {
	case scimType:
		return good("%s", media)
	case "application/json":
		return poor(media, "Something turns the Content-Type application/scim+json into application/json, which not every client takes (RFC 7644 §8.1).")
	default:
		return bad(fmt.Sprintf("%.80q", media), "Something changes the Content-Type of answers, which should be application/scim+json.")
	}
}

func (p *patient) requestID(context.Context) finding {
	if id := p.listed.header.Get("X-Request-Id"); id == "" {
		return poor("no X-Request-Id", "scimd sends X-Request-Id with every answer: where it is taken off on the way, no answer leads to its line in the log.")
	}
	return good("there")
}

// errorAnswers looks whether refusals arrive as the server has written them: Okta's
// and Entra ID's clients read them.
func (p *patient) errorAnswers(ctx context.Context) finding {
	a := p.get(ctx, "/Users/"+made())
	switch {
	case a.refused(http.StatusNotFound) && a.text("detail") != "":
		return good("404 with a SCIM error")
	case a.status == http.StatusNotFound:
		return bad(a.seen(), "The proxy puts pages of its own in place of the server's errors: turn that off (nginx: proxy_intercept_errors).")
	}
	return bad(a.seen(), "A user that is not there should be 404 with a SCIM error.")
}

// links looks whether the links in answers lead back to the URL that was asked.
func (p *patient) links(ctx context.Context) finding {
	a := p.get(ctx, "/ServiceProviderConfig")
	meta, _ := a.doc["meta"].(map[string]any)
	location, _ := meta["location"].(string)
	at, err := url.Parse(location)
	switch {
	case !a.scim():
		return bad(a.seen(), "%s", a.stranger())
	case location == "" || err != nil:
		return poor("no meta.location", "The server tells no links, so that nothing can be said of them.")
	case at.Host == "":
		return good("relative: %s", location)
	case !strings.EqualFold(at.Host, p.URL.Host) && withPort(at) != withPort(p.URL):
		return bad(location, "Links name another host than %s: have the proxy send X-Forwarded-Host and trust it (--trusted-proxies), or set --public-url.", p.URL.Host)
	case at.Scheme != p.URL.Scheme:
		return bad(location, "Links begin with %s, not %s: have the proxy send X-Forwarded-Proto and trust it (--trusted-proxies), or set --public-url.", at.Scheme, p.URL.Scheme)
	case outer(at.Path) != outer(strings.TrimRight(p.URL.Path, "/")+"/ServiceProviderConfig"):
		return bad(location, "Links lack the path before the base, or have another: have the proxy send X-Forwarded-Prefix, or set --base-path or --public-url.")
	}
	return good("%s", location)
}

// outer is what stands in a path before the SCIM base, or, without one, before its
// last segment.
func outer(path string) string {
	path = strings.ToLower(path)
	if i := strings.LastIndex(path, "/scim/"); i >= 0 {
		return path[:i]
	}
	return path[:strings.LastIndex(path, "/")+1]
}

func withPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return strings.ToLower(u.Hostname()) + ":" + port
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
