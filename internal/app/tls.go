package app

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/certs"
)

const (
	// ownDir and acmeDir are, in the private directory, where certificates are kept.
	ownDir  = "tls"
	acmeDir = "acme"
	// hstsValue holds for a year, for this host alone (RFC 6797 §6.1).
	hstsValue = "max-age=31536000"
)

// tls tells whether the server speaks TLS.
func (c *Config) tls() bool { return c.TLSCert != "" || c.TLSSelfSigned || len(c.ACMEHosts) > 0 }

func (c *Config) validateTLS() error {
	ways := 0
	for _, set := range []bool{c.TLSCert != "" || c.TLSKey != "", c.TLSSelfSigned, len(c.ACMEHosts) > 0} {
		if set {
			ways++
		}
	}
	switch {
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errors.New("tls-cert and tls-key need each other")
	case ways > 1:
		return errors.New("tls-cert, tls-self-signed and tls-acme-host exclude each other")
	case len(c.TLSNames) > 0 && !c.TLSSelfSigned:
		return errors.New("tls-name needs tls-self-signed")
	case len(c.ACMEHosts) == 0 && (c.ACMEHTTP != "" || c.ACMEEmail != ""):
		return errors.New("tls-acme-http and tls-acme-email need tls-acme-host")
	case c.HSTS && ways == 0:
		return errors.New("tls-hsts needs a certificate: see tls-cert, tls-self-signed and tls-acme-host")
	}
	if _, _, err := net.SplitHostPort(c.ACMEHTTP); c.ACMEHTTP != "" && err != nil {
		return fmt.Errorf("tls-acme-http %q is not HOST:PORT", c.ACMEHTTP)
	}
	return nil
}

// validateExposure refuses to send tokens and personal values in clear to other
// machines (RFC 7644 §7.1) unless that is meant.
func (c *Config) validateExposure() error {
	if c.tls() || c.InsecureHTTP {
		return nil
	}
	for _, o := range []struct{ name, addr string }{{"addr", c.Addr}, {"control-addr", c.ControlAddr}} {
		if o.addr != "" && !loopback(o.addr) {
			return fmt.Errorf("%s %s can be reached from other machines, where HTTP without TLS would show tokens: "+
				"set tls-cert and tls-key, tls-self-signed or tls-acme-host, or insecure-http if a proxy has TLS", o.name, o.addr)
		}
	}
	return nil
}

// openCertificates opens the source of certificates that is configured, if one is.
// dir is where certificates are kept.
func (s *Server) openCertificates(dir string) (err error) {
	c := &s.cfg
	switch {
	case c.TLSCert != "":
		s.certs, err = certs.OpenFiles(c.TLSCert, c.TLSKey, s.log)
	case c.TLSSelfSigned:
		s.certs, err = certs.OpenOwn(filepath.Join(dir, ownDir), c.TLSNames, time.Now, s.log)
	case len(c.ACMEHosts) > 0:
		acme := certs.NewACME(c.ACMEHosts, c.ACMEDirectory, c.ACMEEmail, filepath.Join(dir, acmeDir), s.log)
		s.certs, err = acme, s.answerACME(acme)
	}
	return err
}

// answerACME answers the questions of an authority by HTTP, if that is asked for.
func (s *Server) answerACME(acme *certs.ACME) error {
	if s.cfg.ACMEHTTP == "" {
		return nil
	}
	l, err := net.Listen("tcp", s.cfg.ACMEHTTP)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.cfg.ACMEHTTP, cause(err))
	}
	answers := s.server(acme.HTTP())
	s.undo.add(answers.Close)
	s.serve(answers, l)
	return nil
}

// serveClients serves requests on the listener, with TLS if there are certificates.
func (s *Server) serveClients(l net.Listener) {
	s.serveWithTLS(s.http, l)
	if s.certs != nil {
		s.beside(s.certs.Keep)
	}
}

// serveWithTLS is serve with the certificates, if there are any.
func (s *Server) serveWithTLS(h *http.Server, l net.Listener) {
	if s.certs == nil {
		s.serve(h, l)
		return
	}
	h.TLSConfig = s.certs.Config()
	go s.served(func() error { return h.ServeTLS(l, "", "") })
}

// hsts has browsers use nothing but HTTPS. Nobody else looks at it.
func hsts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", hstsValue)
		next.ServeHTTP(w, r)
	})
}

func scheme(withTLS bool) string {
	if withTLS {
		return "https"
	}
	return "http"
}

// localURL is the root by which this machine reaches the server at addr, with a
// name that its certificate is for.
func localURL(source certs.Source, addr string) string {
	if source != nil {
		host, port, _ := net.SplitHostPort(addr) // made by reachable
		addr = net.JoinHostPort(source.Host(host), port)
	}
	return scheme(source != nil) + "://" + addr
}

// authorityFile is "" unless the server made its authority.
func authorityFile(source certs.Source) string {
	own, ok := source.(*certs.Own)
	if !ok {
		return ""
	}
	file, err := filepath.Abs(own.AuthorityFile())
	if err != nil {
		return own.AuthorityFile()
	}
	return file
}

// pingTLS is for asking one's own server whether it is ready: nothing that is
// secret is sent or answered, and its certificate need not be for an address.
func (c *Config) pingTLS() *tls.Config {
	t := &tls.Config{InsecureSkipVerify: true}
	if len(c.ACMEHosts) > 0 {
		t.ServerName = c.ACMEHosts[0]
	}
	return t
}

// parseCertName reads a host name, perhaps with *. before it, or an address.
func parseCertName(s string) (string, error) {
	if ip, err := netip.ParseAddr(s); err == nil && ip.Zone() == "" {
		return ip.String(), nil
	}
	name := strings.ToLower(s)
	if !hostName(strings.TrimPrefix(name, "*.")) {
		return "", errors.New("use host names such as scim.example.com, or addresses")
	}
	return name, nil
}

// parseACMEHost reads a host name that an authority may know.
func parseACMEHost(s string) (string, error) {
	name := strings.ToLower(s)
	_, err := netip.ParseAddr(s)
	if err == nil || !hostName(name) || !strings.Contains(name, ".") {
		return "", errors.New("use full host names such as scim.example.com")
	}
	return name, nil
}

func hostName(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return len(s) <= 253
}

// parseDirectory reads the URL of an authority, with TLS unless it is on this
// machine.
func parseDirectory(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopback(net.JoinHostPort(u.Hostname(), "0"))) {
		return "", errors.New("use a URL such as " + certs.LetsEncrypt)
	}
	return s, nil
}
