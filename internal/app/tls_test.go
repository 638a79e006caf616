package app_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/app"
)

// trusting is a client that trusts the authority in a file alone.
func trusting(t *testing.T, caFile string) *http.Client {
	t.Helper()
	data, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data) {
		t.Fatalf("no certificate in %s", data)
	}
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func ask(t *testing.T, c *http.Client, url, token string) *http.Response {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp
}

func TestHTTPWithoutTLSStaysOnLoopbackUnlessThatIsMeant(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "scim.example.com:0"} {
		c := config(t)
		c.Addr = addr
		_, err := app.Start(context.Background(), c, app.Streams{Out: io.Discard, Err: io.Discard})
		if err == nil || !strings.Contains(err.Error(), "insecure-http") || !strings.Contains(err.Error(), "tls-cert") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", addr, err)
		}
		if _, err := os.Stat(c.DataDir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the data directory was made: %v", addr, err)
		}
	}
	for name, allow := range map[string]func(*app.Config){
		"insecure-http": func(c *app.Config) { c.InsecureHTTP = true }, "TLS": func(c *app.Config) { c.TLSSelfSigned = true },
	} {
		c := config(t)
		c.Addr, c.Ephemeral = "0.0.0.0:0", true
		allow(&c)
		s, _ := start(t, c)
		if https := strings.HasPrefix(s.BaseURL(), "https://127.0.0.1:"); https != (name == "TLS") {
			t.Errorf("%s: %s", name, s.BaseURL())
		}
	}
}

func TestWithAnAuthorityOfItsOwnTheServerSpeaksTLSAloneAtEachStart(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.TLSSelfSigned, c.HSTS, c.Token = true, true, "given-token"
	caFile := filepath.Join(c.DataDir, "tls", "ca.pem")
	for range 2 {
		s, out := start(t, c)
		client := trusting(t, caFile)
		resp := ask(t, client, s.BaseURL()+"/Users?count=1", c.Token)
		if resp.StatusCode != 200 || resp.ProtoMajor != 2 || resp.Header.Get("Strict-Transport-Security") != "max-age=31536000" {
			t.Errorf("status %d, %s, HSTS %q", resp.StatusCode, resp.Proto, resp.Header.Get("Strict-Transport-Security"))
		}
		if resp := ask(t, http.DefaultClient, "http"+strings.TrimPrefix(s.BaseURL(), "https")+"/Users", c.Token); resp.StatusCode != 400 {
			t.Errorf("in clear: status %d, want 400", resp.StatusCode)
		}
		if !strings.Contains(out.String(), "--cacert "+caFile+" ") {
			t.Errorf("banner:\n%s", out)
		}
		stop(t, s)
	}
	c.HSTS = false
	s, _ := start(t, c)
	if got := ask(t, trusting(t, caFile), s.BaseURL()+"/Users", c.Token).Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("HSTS %q without being asked for", got)
	}
}

func TestAnEphemeralServerWithTLSLeavesNoTrace(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.Ephemeral, c.TLSSelfSigned, c.TLSNames, c.ReadyFile = true, true, []string{"scim.example.com"}, filepath.Join(t.TempDir(), "ready")
	s, out := start(t, c)
	_, line, _ := strings.Cut(out.String(), "CA file")
	caFile := strings.Fields(line)[0]
	ready, err := os.ReadFile(c.ReadyFile)
	if err != nil || !strings.Contains(string(ready), `"caFile":"`+caFile+`"`) || !strings.Contains(string(ready), `"baseUrl":"https://127.0.0.1:`) {
		t.Errorf("ready file %s, %v", ready, err)
	}
	client := trusting(t, caFile)
	client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, strings.TrimSuffix(strings.TrimPrefix(s.BaseURL(), "https://"), "/scim/v2"))
	}
	req, err := http.NewRequest(http.MethodPost, "https://scim.example.com/scim/v2/Users", strings.NewReader(user("ada")))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Token())
	req.Header.Set("Content-Type", "application/scim+json")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if at := resp.Header.Get("Location"); resp.StatusCode != 201 || !strings.HasPrefix(at, "https://scim.example.com/") {
		t.Errorf("status %d, location %s", resp.StatusCode, at)
	}
	stop(t, s)
	if _, err := os.Stat(caFile); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left: %v", caFile, err)
	}
}

func TestACertificateThatCannotBeUsedEndsTheStart(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.TLSCert, c.TLSKey = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	_, err := app.Start(context.Background(), c, app.Streams{Out: io.Discard, Err: io.Discard})
	if err == nil || !strings.Contains(err.Error(), c.TLSCert) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	c.TLSCert, c.TLSKey, c.ACMEHosts = "", "", []string{"scim.example.com"}
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	c.ACMEDirectory, c.ACMEHTTP = "http://127.0.0.1:1/", busy.Addr().String()
	if _, err = app.Start(context.Background(), c, app.Streams{Out: io.Discard, Err: io.Discard}); err == nil || !strings.Contains(err.Error(), "listen on "+c.ACMEHTTP) {
		t.Errorf("%v", err)
	}
	c.ACMEHTTP = "127.0.0.1:0"
	if s, _ := start(t, c); s.Token() == "" || !strings.HasPrefix(s.BaseURL(), "https://scim.example.com:") {
		t.Errorf("token %q, base URL %s", s.Token(), s.BaseURL())
	}
}
