package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// soon is how long before its end a certificate should have been renewed.
	soon = 14 * 24 * time.Hour
	// maxIssuers bounds the certificates that are fetched to find out which are missing.
	maxIssuers = 3
)

// certificate looks at the chain that the server has shown.
func (p *patient) certificate(ctx context.Context) finding {
	state := p.first.tls
	if p.URL.Scheme != "https" || state == nil {
		if loopback(p.URL.Hostname()) {
			return good("HTTP without TLS, on this machine")
		}
		return poor("HTTP without TLS", "Tokens travel in clear, and cloud services take https alone: give the server a certificate, or put a proxy with TLS before it.")
	}
	shown, host, now := state.PeerCertificates, p.URL.Hostname(), p.Now()
	leaf := shown[0]
	seen := fmt.Sprintf("%s, %s until %s, from %s", tls.VersionName(state.Version), name(leaf), leaf.NotAfter.Format(time.DateOnly), leaf.Issuer.CommonName)
	switch {
	case state.Version < tls.VersionTLS12:
		return bad(seen, "The server speaks an old version of TLS, which clients refuse: allow 1.2 and 1.3.")
	case now.After(leaf.NotAfter):
		return bad(seen, "The certificate ended %s: renew it.", leaf.NotAfter.Format(time.DateTime))
	case now.Before(leaf.NotBefore):
		return bad(seen, "The certificate begins only %s: the clock here or where it was made is wrong.", leaf.NotBefore.Format(time.DateTime))
	}
	if err := leaf.VerifyHostname(host); err != nil {
		return bad(seen, "The certificate is not for %s, but for %s: get one with that name.", host, names(leaf))
	}
	between := x509.NewCertPool()
	for _, c := range shown[1:] {
		between.AddCert(c)
	}
	verify := x509.VerifyOptions{Roots: p.Roots, Intermediates: between, CurrentTime: now}
	chains, err := leaf.Verify(verify)
	if err != nil {
		return p.distrusted(ctx, seen, err, shown, verify)
	}
	for _, c := range chains[0] {
		if left := c.NotAfter.Sub(now); left < soon {
			return poor(seen, "The certificate of %s ends in %d days: see to its renewal.", name(c), int(left.Hours()/24))
		}
	}
	return good("%s", seen)
}

// distrusted tells why no chain leads to an authority.
func (p *patient) distrusted(ctx context.Context, seen string, err error, shown []*x509.Certificate, verify x509.VerifyOptions) finding {
	leaf := shown[0]
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return bad(seen, "A certificate between the server's and the authority has ended: send the chain that belongs to it now.")
	}
	last := shown[len(shown)-1]
	for range maxIssuers {
		issuer := p.fetch(ctx, last)
		if issuer == nil {
			break
		}
		verify.Intermediates.AddCert(issuer)
		if _, err := leaf.Verify(verify); err == nil {
			return bad(seen, "The server sends its certificate without %s, which leads to the authority: put the whole chain into its file.", name(issuer))
		}
		last = issuer
	}
	if leaf.Subject.String() == leaf.Issuer.String() {
		return bad(seen, "The certificate is signed by itself, and no client trusts it: use one of an authority, or name it with --ca.")
	}
	return bad(seen, "The authority %s is not trusted: the chain is not complete, or it is a private one, which --ca names.", last.Issuer.CommonName)
}

// fetch gets the certificate that has signed c from where c says it is, or nil.
func (p *patient) fetch(ctx context.Context, c *x509.Certificate) *x509.Certificate {
	client := newClient(p.Timeout, nil)
	defer client.CloseIdleConnections()
	for _, place := range c.IssuingCertificateURL {
		if !strings.HasPrefix(place, "http://") && !strings.HasPrefix(place, "https://") {
			continue
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, place, nil)
		if err != nil {
			continue
		}
		resp, err := client.Do(req)
		if err != nil {
			continue
		}
		der, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
		_ = resp.Body.Close()
		if issuer, parseErr := x509.ParseCertificate(der); err == nil && parseErr == nil && c.CheckSignatureFrom(issuer) == nil {
			return issuer
		}
	}
	return nil
}

func name(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return names(c)
}

// names are those that a certificate is for.
func names(c *x509.Certificate) string {
	all := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		return "no name"
	}
	return strings.Join(all, ", ")
}
