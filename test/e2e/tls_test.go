package e2e_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/scimd/scimd/test/scenario"
)

// trustingClient speaks HTTP/2 with a server that has made its own authority.
func trustingClient(t *testing.T, caFile string) *http.Client {
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
	return &http.Client{Transport: transport, Timeout: 60 * time.Second}
}

func TestTheScenariosPassOverTLSWithHTTP2(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, p place) {
		s := p.start(t, "--tls-self-signed")
		s.client = trustingClient(t, s.caFile)
		res, err := s.client.Get(s.base + "/ServiceProviderConfig")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.ProtoMajor != 2 || res.TLS.Version != tls.VersionTLS13 {
			t.Errorf("%s, TLS version %x", res.Proto, res.TLS.Version)
		}
		if n := play(t, s)[scenario.Passed]; n == 0 {
			t.Error("no step passed")
		}
	})
}
