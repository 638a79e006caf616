package auth

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// The grant types (RFC 6749 §4, §6).
const (
	ClientCredentials = "client_credentials"
	AuthorizationCode = "authorization_code"
	PasswordGrant     = "password"
	RefreshGrant      = "refresh_token"
)

// grants answers a request of each grant type that is offered, from a client that
// may use it.
var grants = map[string]func(*Issuer, context.Context, *grantRequest) (*IssuedToken, error){
	ClientCredentials: (*Issuer).ownToken,
	AuthorizationCode: (*Issuer).redeemCode,
	PasswordGrant:     (*Issuer).signInByPassword,
	RefreshGrant:      (*Issuer).refresh,
}

// GrantTypes are those that are offered.
func GrantTypes() []string {
	return []string{ClientCredentials, AuthorizationCode, RefreshGrant, PasswordGrant}
}

// Allows tells whether an application may use a grant type.
func Allows(app *store.Application, grant string) bool {
	return slices.Contains(strings.Fields(app.Grants), grant)
}

// TokenRequest is a request to the token endpoint that could be read.
type TokenRequest struct {
	// App is the application of the path; "" is the platform's token endpoint,
	// which finds it by the client.
	App       string
	GrantType string
	Scope     string
	// Client are the ways to read the credentials that were sent, see Client.
	Client []Credentials
	// Source names where the request is from, for counting wrong secrets.
	Source string
	// Code, RedirectURI and Verifier are those of RFC 6749 §4.1.3 and RFC 7636
	// §4.5, UserName and Password those of §4.3.2, Refresh that of §6.
	Code, RedirectURI, Verifier string
	UserName, Password          string
	Refresh                     string
}

// grantRequest is a TokenRequest of a client that is known.
type grantRequest struct {
	*TokenRequest
	tenant *scim.Tenant
	root   string
	client *Client
}

// IssuedToken is the answer to a TokenRequest, RFC 6749 §5.1. ExpiresIn is in
// seconds. App and For tell whose it is.
type IssuedToken struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	Scope        string `json:"scope"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`

	App string          `json:"-"`
	For store.Principal `json:"-"`
}

// Issue answers a token request to a tenant whose root is that URL. Refusals are
// *OAuthError; RefusedApp tells whose they are.
func (i *Issuer) Issue(ctx context.Context, t *scim.Tenant, root string, q *TokenRequest) (*IssuedToken, error) {
	answer, offered := grants[q.GrantType]
	switch {
	case q.GrantType == "":
		return nil, Refuse(InvalidRequest, "The parameter grant_type is missing.").Where("grant_type")
	case !offered:
		return nil, Refuse(UnsupportedGrantType, "The grant type is not offered; use one of %s.", strings.Join(GrantTypes(), ", ")).Where("grant_type")
	}
	client, err := i.Client(ctx, t, q.App, q.Source, q.Client)
	if err != nil {
		return nil, err
	}
	if !Allows(&client.App, q.GrantType) {
		err = Refuse(UnauthorizedClient, "The application may not use the grant type %s.", q.GrantType).Where("grant_type")
	} else {
		err = i.mayAct(ctx, t, client.App.UserID, "The service user of the client is not active.")
	}
	if err != nil {
		return nil, ofApp(client.App.ID, err)
	}
	issued, err := answer(i, ctx, &grantRequest{TokenRequest: q, tenant: t, root: root, client: client})
	return issued, ofApp(client.App.ID, err)
}

// mayAct is nil when a user may, else a refusal that says why.
func (i *Issuer) mayAct(ctx context.Context, t *scim.Tenant, user, why string) error {
	acts, err := i.users.MayAct(ctx, t, user)
	switch {
	case err != nil:
		return scimerr.Unavailable(err)
	case !acts:
		return Refuse(InvalidGrant, "%s", why)
	}
	return nil
}

// lifetime is that of access tokens.
func (q *grantRequest) lifetime() time.Duration {
	switch own := q.client.App.Lifetime; {
	case own != 0:
		return own
	case q.App == "":
		return platformLifetime
	}
	return applicationLifetime
}

// ownToken gives an application a token for its service user (RFC 6749 §4.4).
func (i *Issuer) ownToken(ctx context.Context, q *grantRequest) (*IssuedToken, error) {
	app := &q.client.App
	scope, ok := grant(app.Scopes, q.Scope)
	if !ok {
		return nil, noScope(app.Scopes)
	}
	now, lifetime, id := q.tenant.Now(), q.lifetime(), tokenID(app)
	text, err := i.sign(ctx, q.tenant, q.root, app, bearing{
		id: id, user: store.Principal{ID: app.UserID, Display: app.ClientID}, scope: scope, signedIn: now, expires: now.Add(lifetime),
	})
	if err != nil {
		return nil, scimerr.Unavailable(err)
	}
	if err := i.count(ctx, q.tenant, app, id, now.Add(lifetime)); err != nil {
		return nil, err
	}
	return &IssuedToken{
		AccessToken: text, TokenType: "Bearer", ExpiresIn: int64(lifetime / time.Second), Scope: scope,
		App: app.ID, For: store.Principal{Kind: "service", ID: app.UserID, Display: app.ClientID},
	}, nil
}

func noScope(allowed string) error {
	return Refuse(InvalidScope, "The application has the scopes %s, not all of those asked for.", allowed).Where("scope")
}

// Credentials are a client id and a client secret, "" for none.
type Credentials struct{ ID, Secret string }

// maxCredential bounds a client id and a client secret, in bytes.
const maxCredential = 512

// validClientID tells that an application may have the client id; no other is
// looked for.
func validClientID(id string) bool {
	return id != "" && len(id) <= maxCredential && utf8.ValidString(id) && !strings.ContainsFunc(id, unicode.IsControl)
}

// Client is an application as the client of a request.
type Client struct {
	App store.Application
	// ID is what the client calls itself, in the spelling of the application.
	ID string
}

// Client tells whose the credentials of a request are; sent are the ways to read
// them, the likelier first: real clients send Basic credentials encoded (RFC 6749
// §2.3.1) or not. A public application names itself alone, by its client id or its
// own. The client must be of the application of the path, unless that is "". source
// names where the request is from.
func (i *Issuer) Client(ctx context.Context, t *scim.Tenant, path, source string, sent []Credentials) (*Client, error) {
	if len(sent) == 0 {
		return nil, Refuse(InvalidClient, "The client did not authenticate; send client id and secret with HTTP Basic or as client_id and client_secret.")
	}
	asked := "" // the application of the path
	if path != "" {
		s, err := i.stands.of(ctx, t, path)
		if err != nil {
			return nil, scimerr.Unavailable(err)
		}
		if !s.there {
			return nil, Refuse(InvalidRequest, "There is no application with the id of the path.")
		}
		asked = s.app.ID
	}
	find := i.confidential
	if sent[0].Secret == "" {
		find = i.public
	}
	c, err := find(ctx, t, source, sent)
	if err != nil {
		return nil, ofApp(asked, err)
	}
	if path != "" && asked != c.App.ID {
		return nil, ofApp(asked, Refuse(UnauthorizedClient, "The client belongs to another application."))
	}
	if c.App.Public { // anybody can name it: what it sends counts, see admit
		return c, nil
	}
	return c, ofApp(c.App.ID, t.Admit(c.App.ID))
}

// admit counts a request of a public application against the limits of the tenant,
// once it has shown that it is for a user. Those of others counted when the client
// was known.
func (q *grantRequest) admit(user string) error {
	if app := &q.client.App; app.Public {
		return q.tenant.Admit(countedAs(app.ID, user))
	}
	return nil
}

// countedAs is what the requests of a user of an application are counted as.
func countedAs(app, user string) string { return app + "/" + user }

// public finds the public application that names itself.
func (i *Issuer) public(ctx context.Context, t *scim.Tenant, _ string, sent []Credentials) (*Client, error) {
	about := ""
	for _, c := range sent {
		client, err := i.named(ctx, t, c.ID)
		if err != nil {
			return nil, err
		}
		if client != nil && client.App.Public {
			return client, nil
		}
		if client != nil {
			about = client.App.ID
		}
	}
	return nil, ofApp(about, Refuse(InvalidClient, "The client did not authenticate; send its secret, or the id of a public application."))
}

// named finds the application that a client id means: its client id, or its own
// id, as tenants take it where no secret is needed. nil when there is none.
func (i *Issuer) named(ctx context.Context, t *scim.Tenant, id string) (*Client, error) {
	if !validClientID(id) {
		return nil, nil
	}
	app, err := i.apps.ApplicationByClient(ctx, t.ID, id)
	if err == nil {
		return &Client{App: app, ID: app.ClientID}, nil
	}
	if errors.Is(err, store.ErrNotFound) && ValidAppID(id) {
		if app, err = i.apps.Application(ctx, t.ID, id); err == nil {
			return &Client{App: app, ID: app.ID}, nil
		}
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return nil, scimerr.Unavailable(err)
}

// confidential finds the application whose client id and secret were sent.
func (i *Issuer) confidential(ctx context.Context, t *scim.Tenant, source string, sent []Credentials) (*Client, error) {
	clients, err := i.clients(ctx, t, sent)
	if err != nil {
		return nil, err
	}
	return i.compare(ctx, t, source, clients)
}

// claimant are credentials with the application that has the client id, nil for none.
type claimant struct {
	Credentials
	app *store.Application
}

type claimants []claimant

// any tells that there is an application of any of the client ids.
func (c claimants) any() bool { return c.about() != "" }

// about is the id of the first application that is meant, "" for none.
func (c claimants) about() string {
	for _, one := range c {
		if one.app != nil {
			return one.app.ID
		}
	}
	return ""
}

// clients finds the applications whose client ids were sent and that have a secret.
// What nobody can be called is left out.
func (i *Issuer) clients(ctx context.Context, t *scim.Tenant, sent []Credentials) (claimants, error) {
	var found claimants
	for _, c := range sent {
		if !validClientID(c.ID) {
			continue
		}
		one := claimant{Credentials: c}
		app, err := i.apps.ApplicationByClient(ctx, t.ID, c.ID)
		switch {
		case err == nil && !app.Public:
			one.app = &app
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return nil, scimerr.Unavailable(err)
		}
		found = append(found, one)
	}
	return found, nil
}

// compare tells which application's secret was sent, each being compared, so that it
// takes as long whether or not there is a client.
func (i *Issuer) compare(ctx context.Context, t *scim.Tenant, source string, sent claimants) (*Client, error) {
	about := sent.about()
	wrong := ofApp(about, Refuse(InvalidClient, "The client id or the client secret is wrong."))
	if len(sent) == 0 || len(sent[0].Secret) > maxCredential { // nobody has such a client id, which is no secret
		return nil, wrong
	}
	names := make([]string, len(sent))
	for n, c := range sent {
		if c.app != nil && i.knowsSecret(c.app, c.Secret) {
			return &Client{App: *c.app, ID: c.app.ClientID}, nil
		}
		names[n] = c.ID
	}
	decide, err := i.attempts.begin(ctx, t.ID, source, names...)
	if err != nil {
		return nil, ofApp(about, pressed(err))
	}
	failed := false
	defer func() { decide(failed) }()
	for _, c := range sent {
		same, err := i.secretMatches(ctx, c.app, c.Secret)
		if err != nil {
			return nil, ofApp(about, pressed(err))
		}
		if same {
			return &Client{App: *c.app, ID: c.app.ClientID}, nil
		}
	}
	failed = true
	return nil, wrong
}
