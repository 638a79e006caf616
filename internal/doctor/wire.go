package doctor

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	scimType = "application/scim+json"
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 4 << 20
)

func newClient(timeout time.Duration, roots *x509.CertPool) *http.Client {
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true},
	}
}

// answer is an answer, or why there is none.
type answer struct {
	status int
	header http.Header
	body   []byte
	// doc is the body when it is a JSON object.
	doc map[string]any
	tls *tls.ConnectionState
	// began and took tell when the request was sent and how long the answer took.
	began time.Time
	took  time.Duration
	err   error
}

// ask is one request. Its path begins below the base URL, and is sent as it stands.
type ask struct {
	method, path string
	body         []byte
	header       map[string]string
	anonymous    bool
}

func (p *patient) get(ctx context.Context, path string) *answer {
	return p.send(ctx, ask{method: http.MethodGet, path: path})
}

func (p *patient) send(ctx context.Context, a ask) *answer { return p.sendBy(ctx, p.client, a) }

func (p *patient) sendBy(ctx context.Context, client *http.Client, a ask) *answer {
	out := &answer{began: p.Now()}
	p.last = out
	var body io.Reader
	if a.body != nil {
		body = bytes.NewReader(a.body)
	}
	req, err := http.NewRequestWithContext(ctx, a.method, p.base+a.path, body)
	if err != nil {
		out.err = err
		return out
	}
	req.Header.Set("Accept", scimType)
	req.Header.Set("User-Agent", "scimd-doctor")
	if a.body != nil {
		req.Header.Set("Content-Type", scimType)
	}
	if !a.anonymous && p.Token != "" {
		req.Header.Set("Authorization", "Bearer "+p.Token)
	}
	for name, value := range a.header {
		req.Header.Set(name, value)
	}
	begun := time.Now()
	resp, err := client.Do(req)
	out.took = time.Since(begun)
	if err != nil {
		out.err = err
		return out
	}
	defer func() { _ = resp.Body.Close() }()
	out.status, out.header, out.tls = resp.StatusCode, resp.Header, resp.TLS
	if out.body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer)); err != nil {
		out.err = fmt.Errorf("the answer broke off: %w", err)
		return out
	}
	_ = json.Unmarshal(out.body, &out.doc) // what is no object has no doc
	return out
}

// scim tells whether an answer has the form of a SCIM server's.
func (a *answer) scim() bool {
	schemas, _ := a.doc["schemas"].([]any)
	return len(schemas) > 0
}

// refused tells whether an answer is a SCIM error of one of these states.
func (a *answer) refused(status ...int) bool {
	for _, s := range status {
		if a.scim() && a.status == s {
			return true
		}
	}
	return false
}

// own tells whether an answer is the server's own: of its form, and with an id of the
// request where the server sends one. Good proxies answer in its form, too.
func (p *patient) own(a *answer) bool {
	const id = "X-Request-Id"
	return a.scim() && (a.header.Get(id) != "" || p.listed.header.Get(id) == "")
}

// list tells whether an answer is a SCIM list, and how many it counts.
func (a *answer) list() (total int, ok bool) {
	n, isNumber := a.doc["totalResults"].(float64)
	return int(n), a.status == http.StatusOK && a.scim() && isNumber
}

func (a *answer) text(name string) string {
	s, _ := a.doc[name].(string)
	return s
}

// id is the id of a resource. Some servers have numbers.
func (a *answer) id() string { return idOf(a.doc) }

func idOf(resource map[string]any) string {
	switch id := resource["id"].(type) {
	case string:
		return id
	case float64:
		return strconv.FormatFloat(id, 'f', -1, 64)
	}
	return ""
}

func (a *answer) media() string {
	media, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	return media
}

// seen is an answer in a few words, without what it says of people.
func (a *answer) seen() string {
	if a.err != nil {
		return "no answer: " + reason(a.err)
	}
	words := []string{fmt.Sprint(a.status), http.StatusText(a.status)}
	if a.scim() {
		if detail := a.text("detail"); detail != "" {
			words = append(words, fmt.Sprintf("(%.200s)", detail))
		}
		return strings.Join(words, " ")
	}
	if media := a.media(); media != "" {
		words = append(words, "as "+media)
	}
	if server := a.header.Get("Server"); server != "" {
		words = append(words, fmt.Sprintf("from %.80q", server))
	}
	return strings.Join(words, " ")
}

// impatient tells whether a proxy has answered that it got no answer in time.
func (a *answer) impatient() bool { return a.status == http.StatusGatewayTimeout && !a.scim() }

// stranger names who answers in the server's place.
func (a *answer) stranger() string {
	switch {
	case a.err != nil:
		return "No answer comes back: something before the server cuts the connection."
	case a.status >= 300 && a.status < 400:
		return fmt.Sprintf("Something before the server sends clients to %.200q: clients of SCIM do not follow, or lose their token on the way.", a.header.Get("Location"))
	case a.impatient():
		return "The proxy gives up before the server answers: look what keeps the server, and have the proxy wait longer (nginx: proxy_read_timeout)."
	case a.status == http.StatusBadGateway || a.status == http.StatusServiceUnavailable && !a.scim():
		return "The proxy does not reach the server: look whether it runs, and where the proxy looks for it."
	}
	return "Something before the server answers in its place, a proxy, a firewall or a sign-in page, which should pass these requests on; or the server does not answer as SCIM has it."
}

// reason is the inner part of an error of a request, without its URL.
func reason(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	var record tls.RecordHeaderError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &dns):
		return "the name " + dns.Name + " is not known"
	case errors.As(err, &record), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return "no TLS is spoken there"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "it took too long"
	case errors.As(err, &op):
		return op.Err.Error()
	}
	var u interface{ Unwrap() error }
	if errors.As(err, &u) && u.Unwrap() != nil {
		return u.Unwrap().Error()
	}
	return err.Error()
}

func encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // of values made here
	}
	return b
}
