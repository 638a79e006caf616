package app

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/certs"
	"github.com/scimd/scimd/internal/control"
)

// noControl turns the control API on TCP off.
const noControl = "none"

// controlPlaces tell where the control API is.
type controlPlaces struct {
	// socket is the path of the socket when that is not in the data directory.
	socket string
	// url is the base of the paths over TCP, "" when there is no such listener.
	// moved tells that the default address was taken.
	url   string
	moved bool
	// token is what requests over TCP need, tokenFile where it lies, "" when it was
	// given.
	token, tokenFile string
	// onMain serves what belongs to the control API on the main listener, too.
	onMain func(http.Handler) http.Handler
}

// startControl serves the control API on its socket and its address. main is the
// root of the main listener, as this machine reaches it.
func (s *Server) startControl(m control.Service, main string) (p controlPlaces, err error) {
	cfg := &s.cfg
	p.onMain = func(next http.Handler) http.Handler { return next }
	socket, elsewhere, err := listenControl(cfg, &s.undo)
	if err != nil {
		return p, err
	}
	p.socket = elsewhere
	s.serveControl(control.Handler(m, "", s.log), socket, false)
	if cfg.ControlAddr == "" && !cfg.ControlOnMain {
		return p, nil
	}
	l, moved, err := cfg.listenControlAddr()
	if err != nil {
		return p, err
	}
	if l != nil {
		s.undo.add(func() error { _ = l.Close(); return nil })
	}
	if err := s.controlToken(&p); err != nil {
		return p, err
	}
	api := control.Handler(m, p.token, s.log)
	if cfg.ControlOnMain {
		p.url = main + control.BasePath
		p.onMain = func(next http.Handler) http.Handler { return control.Beside(next, api, cfg.ControlHosts) }
	}
	if l == nil {
		return p, nil
	}
	p.url, p.moved = localURL(s.certs, reachable(cfg.ControlAddr, l.Addr().String()))+control.BasePath, moved
	hosts := slices.Clone(cfg.ControlHosts)
	for _, at := range []string{cfg.ControlAddr, strings.SplitAfter(p.url, "://")[1]} {
		if host, _, err := net.SplitHostPort(strings.TrimSuffix(at, control.BasePath)); err == nil && host != "" {
			hosts = append(hosts, strings.ToLower(host))
		}
	}
	s.serveControl(control.Guarded(api, hosts, s.log), l, true)
	return p, nil
}

// listenControlAddr listens on the address of the control API, or, where that is the
// default and taken, as moved then tells, on another port; without an address it
// gives nil.
func (c *Config) listenControlAddr() (l net.Listener, moved bool, err error) {
	if c.ControlAddr == "" {
		return nil, false, nil
	}
	l, err = net.Listen("tcp", c.ControlAddr)
	if err != nil && c.ControlMoves {
		host, _, _ := net.SplitHostPort(c.ControlAddr) // Validate has split it before
		moved = true
		l, err = net.Listen("tcp", net.JoinHostPort(host, "0"))
	}
	if err != nil {
		return nil, false, fmt.Errorf("listen on %s: %w", c.ControlAddr, cause(err))
	}
	return l, moved, nil
}

// controlToken finds the token that guards the control API on TCP: the one given,
// or one in the data directory. That of a server that stands aside lies beside its
// socket, and that of an ephemeral one goes with it.
func (s *Server) controlToken(p *controlPlaces) error {
	if s.cfg.ControlToken != "" {
		p.token = s.cfg.ControlToken
		return nil
	}
	dir := s.cfg.DataDir
	if p.socket != "" && s.cfg.Ephemeral {
		dir = filepath.Dir(p.socket)
	}
	token, made, err := control.EnsureToken(dir)
	if err != nil {
		return err
	}
	if made && s.cfg.Ephemeral {
		s.undo.add(func() error { return control.RemoveToken(dir) })
	}
	p.token, p.tokenFile = token, control.TokenFile(dir)
	return nil
}

// serveControl serves the control API on a listener, over TCP with the certificates
// that there are.
func (s *Server) serveControl(h http.Handler, l net.Listener, tcp bool) {
	srv := s.server(h)
	s.controls = append(s.controls, srv)
	s.undo.add(srv.Close)
	if tcp {
		s.serveWithTLS(srv, l)
		return
	}
	s.serve(srv, l)
}

// validateControl checks the options of the control API.
func (c *Config) validateControl() error {
	if _, _, err := net.SplitHostPort(c.ControlAddr); c.ControlAddr != "" && err != nil {
		return fmt.Errorf("control-addr %q is neither HOST:PORT, %s nor %s", c.ControlAddr, autoControlAddr, noControl)
	}
	if c.ControlToken != "" && !auth.ValidToken(c.ControlToken) {
		return errors.New("control-token has characters that a bearer token cannot have (RFC 6750 §2.1)")
	}
	if c.ControlURL != nil && c.ControlSocket != "" {
		return errors.New("control-url and control-socket exclude each other")
	}
	return nil
}

// dialControlAddr finds the server that listens on the address of the control API.
func (c *Config) dialControlAddr(ctx context.Context) (*control.Client, error) {
	addr := reachable(c.ControlAddr, c.ControlAddr)
	err := control.Listens(ctx, addr)
	token := c.ControlToken
	if err == nil && token == "" {
		token, err = control.ReadToken(c.DataDir)
	}
	ca := c.ControlCA
	if ca == "" && c.TLSSelfSigned {
		ca = filepath.Join(c.DataDir, ownDir, certs.AuthorityName)
	}
	roots, rootsErr := RootsWith(ca)
	if err = errors.Join(err, rootsErr); err != nil {
		return nil, err
	}
	return control.AtURL(&url.URL{Scheme: scheme(c.tls()), Host: addr}, token, roots), nil
}

// RootsWith are the authorities of the system and those in a file, or nil, which
// means the system's, without one.
func RootsWith(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the authority: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", file)
	}
	return roots, nil
}
