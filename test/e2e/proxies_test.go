package e2e_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	account "os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// prefix is the path below which the examples in deploy/ serve scimd beside
// other things.
const prefix = "/idm/scimd"

// envWithoutProxies names the variable by which a developer goes without the
// proxies. CI refuses skipped tests.
const envWithoutProxies = "SCIMD_TEST_WITHOUT_PROXIES"

// proxyKind is a program with its example in deploy/.
type proxyKind struct {
	name, deb string
	// showsBreaks: an answer that breaks off is an error of the transport. Caddy
	// before 2.7.6 ends it as if it were whole, and only its JSON shows the break.
	showsBreaks bool
	// configure writes the example into a directory, with these places and
	// changes alone, and gives the arguments that run it.
	configure func(t *testing.T, dir string, p proxyPlace, changes ...string) []string
	// stripping are the changes that deploy/README.md names for a proxy that takes
	// the prefix off.
	stripping []string
}

// proxyPlace is where a proxy listens, where it leads, and its certificate.
type proxyPlace struct{ listen, upstream, cert, key string }

var proxyKinds = []proxyKind{
	{"caddy", "caddy", false, configureCaddy, []string{
		"handle /idm/scimd/* {", "handle_path /idm/scimd/* {", "header_up -X-Forwarded-Prefix", "header_up X-Forwarded-Prefix " + prefix,
	}},
	{"nginx", "nginx-light", true, configureNginx, []string{
		"location /idm/scimd/ {\n        proxy_pass http://scimd;", "location /idm/scimd/ {\n        proxy_pass http://scimd/;",
		`X-Forwarded-Prefix "";`, "X-Forwarded-Prefix " + prefix + ";",
	}},
}

// proxy is a running proxy.
type proxy struct {
	kind string
	addr string // HOST:PORT, with TLS
	// client trusts the proxy's certificate.
	client *http.Client
	tls    *tls.Config
}

// behindProxies runs a test for each proxy.
func behindProxies(t *testing.T, test func(t *testing.T, kind proxyKind)) {
	t.Helper()
	for _, kind := range proxyKinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			if _, err := kind.program(); err != nil {
				if os.Getenv(envWithoutProxies) != "" {
					t.Skipf("%s is not here and %s is set: NOTHING is known of scimd behind it", kind.name, envWithoutProxies)
				}
				t.Fatalf("%s is not on the PATH: install it (Debian: apt-get install %s), or set %s=1 to go without", kind.name, kind.deb, envWithoutProxies)
			}
			test(t, kind)
		})
	}
}

// program finds the proxy, also where only root's PATH leads.
func (k proxyKind) program() (string, error) {
	path, err := exec.LookPath(k.name)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + k.name)
	}
	return path, err
}

// start runs the proxy's example before an upstream until the test ends.
// Changes are pairs of old and new text.
func (k proxyKind) start(t *testing.T, upstream string, changes ...string) *proxy {
	t.Helper()
	program, err := k.program()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key, roots := certificate(t, dir)
	for attempt := 0; ; attempt++ {
		listen := freeAddr(t)
		args := append([]string{program}, k.configure(t, dir, proxyPlace{listen, upstream, cert, key}, changes...)...)
		log := filepath.Join(dir, "log")
		ended, err := runUntilCleanup(t, dir, log, args)
		if err != nil {
			t.Fatal(err)
		}
		if awaitTCP(listen, ended) {
			conf := &tls.Config{RootCAs: roots, ServerName: "localhost"}
			p := &proxy{kind: k.name, addr: listen, tls: conf, client: &http.Client{
				Timeout: 2 * time.Minute, Transport: &http.Transport{TLSClientConfig: conf.Clone(), ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 64},
			}}
			t.Cleanup(p.client.CloseIdleConnections)
			return p
		}
		if attempt == 2 { // the port may be taken the first times
			text, _ := os.ReadFile(log)
			t.Fatalf("%s does not start:\n%s", strings.Join(args, " "), text)
		}
	}
}

// runUntilCleanup starts a program that ends with the test, or with this
// process: a shell waits for the end of its standard input and stops it.
func runUntilCleanup(t *testing.T, dir, log string, args []string) (ended chan struct{}, err error) {
	t.Helper()
	cmd := exec.Command("sh", append([]string{"-c", `"$@" & pid=$!; cat >/dev/null; kill $pid; wait $pid`, "sh"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	out := create(t, log)
	cmd.Stdout, cmd.Stderr = out, out
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended = make(chan struct{})
	var once sync.Once
	t.Cleanup(func() {
		once.Do(func() { _ = in.Close() })
		<-ended
	})
	go func() {
		_ = cmd.Wait() // how a stopped proxy ends tells nothing
		close(ended)
	}()
	return ended, nil
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func awaitTCP(addr string, ended <-chan struct{}) bool {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return true
		}
		select {
		case <-ended:
			return false
		default:
		}
	}
	return false
}

// certificate makes a key and a certificate for this machine.
func certificate(t *testing.T, dir string) (cert, key string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	write(t, cert, string(certPEM))
	write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})))
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(certPEM)
	return cert, key, roots
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// example reads a file of deploy/ and makes replacements, of pairs old, new,
// each of which must stand there exactly once.
func example(t *testing.T, name string, pairs ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if n := bytes.Count(data, []byte(pairs[i])); n != 1 {
			t.Fatalf("deploy/%s has %q %d times", name, pairs[i], n)
		}
		data = bytes.Replace(data, []byte(pairs[i]), []byte(pairs[i+1]), 1)
	}
	return string(data)
}

// configureCaddy names places, and keeps Caddy from opening other ports.
func configureCaddy(t *testing.T, dir string, p proxyPlace, changes ...string) []string {
	t.Helper()
	_, port, _ := net.SplitHostPort(p.listen)
	file := filepath.Join(dir, "Caddyfile")
	write(t, file, example(t, "caddy/Caddyfile", append(changes,
		"{\n\tservers {", "{\n\tadmin off\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1\n\tservers {",
		"scim.example.com {", fmt.Sprintf("https://localhost:%s, https://127.0.0.1:%[1]s {", port),
		"# tls /etc/scimd/tls/cert.pem /etc/scimd/tls/key.pem", "tls "+p.cert+" "+p.key,
		"reverse_proxy 127.0.0.1:8080", "reverse_proxy "+p.upstream,
	)...))
	return []string{"run", "--config", file, "--adapter", "caddyfile"}
}

// configureNginx names places, and puts around the example what stands in a
// distribution's nginx.conf, for a user without rights.
func configureNginx(t *testing.T, dir string, p proxyPlace, changes ...string) []string {
	t.Helper()
	write(t, filepath.Join(dir, "scimd.conf"), example(t, "nginx/scimd.conf", append(changes,
		"listen 443 ssl http2;", "listen "+p.listen+" ssl http2;",
		"server 127.0.0.1:8080;", "server "+p.upstream+";",
		"/etc/scimd/tls/cert.pem", p.cert, "/etc/scimd/tls/key.pem", p.key,
		"/var/log/nginx/scimd.log", filepath.Join(dir, "access.log"),
	)...))
	me, err := account.Current()
	if err != nil {
		t.Fatal(err)
	}
	run := ""
	if me.Uid == "0" { // otherwise the workers would be somebody who may not enter the directory
		run = "user " + me.Username + ";\n"
	}
	write(t, filepath.Join(dir, "nginx.conf"), run+`daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr;
events {}
http {
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include scimd.conf;
}
`)
	return []string{"-p", dir, "-e", "stderr", "-c", filepath.Join(dir, "nginx.conf")}
}
