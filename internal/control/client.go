package control

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/audit"
	"github.com/scimd/scimd/internal/scimerr"
)

// ErrNoServer: no server listens there.
var ErrNoServer = errors.New("no server runs there")

// clientTimeout bounds one request of a Client.
const clientTimeout = 30 * time.Second

// Client is the Service of a running server.
type Client struct {
	http  http.Client
	base  string
	token string
	// seedKey goes along with seeds; "" does not.
	seedKey string
}

// Dial finds the server that runs on a data directory; ErrNoServer if none.
func Dial(ctx context.Context, dataDir string) (*Client, error) {
	path, err := SocketPath(dataDir)
	if err != nil {
		return nil, err
	}
	return DialSocket(ctx, path)
}

// DialSocket finds the server that listens on a socket; ErrNoServer if none.
func DialSocket(ctx context.Context, path string) (*Client, error) {
	if err := checkPlace(path); errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoServer
	} else if err != nil {
		return nil, err
	}
	if err := probe(ctx, "unix", path); err != nil {
		return nil, err
	}
	return newClient("http://localhost", "", &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}), nil
}

func newClient(base, token string, t *http.Transport) *Client {
	t.DisableKeepAlives = true
	return &Client{base: base, token: token, http: http.Client{Timeout: clientTimeout, CheckRedirect: asked, Transport: t}}
}

// Listens tells whether something listens on a TCP address; ErrNoServer if not.
func Listens(ctx context.Context, addr string) error { return probe(ctx, "tcp", addr) }

// AtURL is the Service of the server whose control API has a URL, with or without
// BasePath at its end. roots are the authorities trusted for https, nil for those of
// the system.
func AtURL(u *url.URL, token string, roots *x509.CertPool) *Client {
	base := strings.TrimSuffix(strings.TrimRight(u.String(), "/"), BasePath)
	return newClient(base, token, &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: roots}})
}

func probe(ctx context.Context, network, addr string) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, addr)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the control socket %s belongs to another user", addr)
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return ErrNoServer
	}
	return conn.Close()
}

// asked keeps a request where it was sent: repeated elsewhere it would do
// something else than what was asked for.
func asked(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Info implements Service.
func (c *Client) Info(ctx context.Context) (*Info, error) {
	return call[*Info](ctx, c, http.MethodGet, prefix+"info", nil)
}

// Health implements Service.
func (c *Client) Health(ctx context.Context) error {
	_, err := call[any](ctx, c, http.MethodGet, prefix+"health", nil)
	return err
}

// Tenants implements Service.
func (c *Client) Tenants(ctx context.Context) ([]Tenant, error) {
	return call[[]Tenant](ctx, c, http.MethodGet, prefix+"tenants", nil)
}

// Tenant implements Service.
func (c *Client) Tenant(ctx context.Context, name string) (*Tenant, error) {
	return call[*Tenant](ctx, c, http.MethodGet, tenantPath(name), nil)
}

// CreateTenant implements Service.
func (c *Client) CreateTenant(ctx context.Context, n NewTenant) (*MadeTenant, error) {
	return call[*MadeTenant](ctx, c, http.MethodPost, prefix+"tenants", n)
}

// UpdateTenant implements Service.
func (c *Client) UpdateTenant(ctx context.Context, name string, t TenantChange) (*Tenant, error) {
	return call[*Tenant](ctx, c, http.MethodPatch, tenantPath(name), t)
}

// DeleteTenant implements Service.
func (c *Client) DeleteTenant(ctx context.Context, name string) error {
	_, err := call[any](ctx, c, http.MethodDelete, tenantPath(name), nil)
	return err
}

// CreateToken implements Service.
func (c *Client) CreateToken(ctx context.Context, n NewToken) (*Token, error) {
	return call[*Token](ctx, c, http.MethodPost, tokensPath(n.Tenant), n)
}

// Tokens implements Service.
func (c *Client) Tokens(ctx context.Context, tenant string) ([]Token, error) {
	return call[[]Token](ctx, c, http.MethodGet, tokensPath(tenant), nil)
}

// RevokeToken implements Service.
func (c *Client) RevokeToken(ctx context.Context, tenant, idOrName string) (*Token, error) {
	if idOrName == "" { // leads to no token
		return nil, noToken(cmp.Or(tenant, DefaultTenant), idOrName)
	}
	return call[*Token](ctx, c, http.MethodDelete, tokensPath(tenant)+"/"+escaped(idOrName), nil)
}

// DataKeys implements Service.
func (c *Client) DataKeys(ctx context.Context) ([]DataKey, error) {
	return call[[]DataKey](ctx, c, http.MethodGet, prefix+"keys", nil)
}

// RotateKeys implements Service.
func (c *Client) RotateKeys(ctx context.Context) (*Rotation, error) {
	return call[*Rotation](ctx, c.patient(), http.MethodPost, prefix+"keys", nil)
}

// ChangeMaster implements Service.
func (c *Client) ChangeMaster(ctx context.Context, m NewMaster) (*Master, error) {
	return call[*Master](ctx, c, http.MethodPut, prefix+"keys/master", m)
}

// Check implements Service.
func (c *Client) Check(ctx context.Context, tenant string) (*Check, error) {
	return call[*Check](ctx, c.patient(), http.MethodGet, prefix+"check?"+url.Values{"tenant": {tenant}}.Encode(), nil)
}

// Audit implements Service.
func (c *Client) Audit(ctx context.Context, tenant string, q audit.Query) (*audit.Page, error) {
	return call[*audit.Page](ctx, c.patient(), http.MethodGet, prefix+"audit?"+auditValues(tenant, q).Encode(), nil)
}

// NotFound tells that an error of a Service means that something is not there.
func NotFound(err error) bool { return scimerr.Is(err, http.StatusNotFound) }

// patient is the client for requests that may take long: only the context ends
// them.
func (c *Client) patient() *Client {
	p := *c
	p.http.Timeout = 0
	return &p
}

// CreateApplication implements Service.
func (c *Client) CreateApplication(ctx context.Context, n NewApplication) (*Application, error) {
	return call[*Application](ctx, c, http.MethodPost, applicationPath(n.Tenant, ""), n)
}

// Applications implements Service.
func (c *Client) Applications(ctx context.Context, tenant string) ([]Application, error) {
	return call[[]Application](ctx, c, http.MethodGet, applicationPath(tenant, ""), nil)
}

// RotateApplication implements Service.
func (c *Client) RotateApplication(ctx context.Context, tenant, id string) (*Application, error) {
	return call[*Application](ctx, c, http.MethodPost, applicationPath(tenant, id)+"/secret", nil)
}

// DeleteApplication implements Service.
func (c *Client) DeleteApplication(ctx context.Context, tenant, id string) error {
	_, err := call[any](ctx, c, http.MethodDelete, applicationPath(tenant, id), nil)
	return err
}

// ServiceUsers implements Service.
func (c *Client) ServiceUsers(ctx context.Context, tenant string) ([]ServiceUser, error) {
	return call[[]ServiceUser](ctx, c, http.MethodGet, tenantPath(tenant)+"/service-users", nil)
}

// SetServiceUser implements Service.
func (c *Client) SetServiceUser(ctx context.Context, tenant, user string, active bool) (*ServiceUser, error) {
	if user == "" { // leads to no user
		return nil, scimerr.NotFound("There is no service user without a name.")
	}
	return call[*ServiceUser](ctx, c, http.MethodPatch, tenantPath(tenant)+"/service-users/"+escaped(user), serviceUserChange{&active})
}

// SigningKeys implements Service.
func (c *Client) SigningKeys(ctx context.Context, tenant string) ([]SigningKey, error) {
	return call[[]SigningKey](ctx, c, http.MethodGet, tenantPath(tenant)+"/signing-keys", nil)
}

// RotateSigningKey implements Service.
func (c *Client) RotateSigningKey(ctx context.Context, tenant string, dropOld bool) ([]SigningKey, error) {
	path := tenantPath(tenant) + "/signing-keys"
	if dropOld {
		path += "?dropOld=true"
	}
	return call[[]SigningKey](ctx, c, http.MethodPost, path, nil)
}

// Issuers implements Service.
func (c *Client) Issuers(ctx context.Context, tenant string) ([]*Issuer, error) {
	return call[[]*Issuer](ctx, c, http.MethodGet, tenantPath(tenant)+"/issuers", nil)
}

// AddIssuer implements Service.
func (c *Client) AddIssuer(ctx context.Context, tenant string, i Issuer) (*Issuer, error) {
	return call[*Issuer](ctx, c, http.MethodPost, tenantPath(tenant)+"/issuers", i)
}

// RemoveIssuer implements Service.
func (c *Client) RemoveIssuer(ctx context.Context, tenant, issuer string) error {
	_, err := call[any](ctx, c, http.MethodDelete, tenantPath(tenant)+"/issuers/"+escaped(issuer), nil)
	return err
}

// applicationPath is that of an application, or without an id of all.
func applicationPath(tenant, id string) string {
	path := tenantPath(tenant) + "/applications"
	if id != "" {
		path += "/" + escaped(id)
	}
	return path
}

func tenantPath(tenant string) string {
	return prefix + "tenants/" + escaped(cmp.Or(tenant, DefaultTenant))
}

// escaped is a name as one segment of a path. Dots alone are escaped too, since
// they would be taken for steps.
func escaped(name string) string {
	if strings.Trim(name, ".") == "" {
		return strings.ReplaceAll(name, ".", "%2E")
	}
	return url.PathEscape(name)
}

func tokensPath(tenant string) string { return tenantPath(tenant) + "/tokens" }

// call sends a request with a JSON body, or without one, and reads the JSON of the
// answer; of 204 it makes the zero value.
func call[T any](ctx context.Context, c *Client, method, path string, body any) (out T, err error) {
	var payload io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return out, err
		}
		payload = bytes.NewReader(b)
	}
	return answer[T](c.send(ctx, method, path, "application/json", payload))
}

// answer reads the JSON of an answer; of 204 it makes the zero value.
func answer[T any](resp *http.Response, err error) (out T, _ error) {
	if err != nil {
		return out, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusNoContent {
		return out, nil
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return out, fmt.Errorf("read the running server's answer: %w", err)
	}
	return out, nil
}

// send sends a request and gives its answer, whose body the caller closes; a refusal
// is an error.
func (c *Client) send(ctx context.Context, method, path, contentType string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.seedKey != "" {
		req.Header.Set(seedKeyHeader, c.seedKey)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the running server: %w", err)
	}
	if resp.StatusCode < http.StatusMultipleChoices {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	var r refusal
	if err := json.NewDecoder(resp.Body).Decode(&r); err != nil {
		return nil, fmt.Errorf("the running server answered %s", resp.Status)
	}
	if id := resp.Header.Get(requestID); resp.StatusCode >= http.StatusInternalServerError && id != "" {
		r.Detail += " (" + requestID + ": " + id + ")"
	}
	return nil, &scimerr.Error{Status: resp.StatusCode, Detail: r.Detail}
}
