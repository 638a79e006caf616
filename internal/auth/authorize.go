package auth

import (
	"context"
	"net/url"
	"strings"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// AuthorizationRequest is a request to the authorization endpoint (RFC 6749
// §4.1.1, RFC 7636 §4.3, OpenID Connect Core 1.0 §3.1.2.1), by its parameters.
type AuthorizationRequest struct {
	// App is the application of the path, "" for the endpoint of the tenant.
	App    string
	Params url.Values
}

// The response types.
const (
	CodeResponse    = "code"
	IDTokenResponse = "id_token"
)

// Authorization is a request whose client and redirect URI are good, so that the
// answer may be sent there.
type Authorization struct {
	App         store.Application
	RedirectURI string
	Issuer      string // RFC 9207
	State       string
	// LoginHint is the user name that the client expects, "" for none.
	LoginHint string
	// about is what is kept until the code is redeemed.
	about about
}

// Authorize checks an authorization request. Without an Authorization the error is
// for the person alone; with one it goes to the redirect URI (RFC 6749 §4.1.2.1).
func (i *Issuer) Authorize(ctx context.Context, t *scim.Tenant, root string, q AuthorizationRequest) (*Authorization, error) {
	a, err := i.redirectable(ctx, t, root, q)
	if err != nil {
		return nil, err
	}
	p := q.Params
	app := &a.App
	for name, values := range p {
		if len(values) > 1 {
			return a, Refuse(InvalidRequest, "The parameter %s is given more than once.", shortName(name))
		}
	}
	stand, err := i.stands.of(ctx, t, app.ID)
	switch response := p.Get("response_type"); {
	case err != nil:
		return a, scimerr.Unavailable(err)
	case !stand.acts:
		return a, Refuse(UnauthorizedClient, "The service user of the application is not active.")
	case p.Has("request"):
		return a, Refuse(RequestNotSupported, "Request objects are not offered.")
	case p.Has("request_uri"):
		return a, Refuse(RequestURINotSupported, "Request objects are not offered.")
	case response == "":
		return a, Refuse(InvalidRequest, "The parameter response_type is missing.").Where("response_type")
	case response != CodeResponse:
		return a, Refuse(UnsupportedResponseType, "The response type is not offered; use %s.", CodeResponse).Where("response_type")
	case p.Get("response_mode") != "" && p.Get("response_mode") != "query":
		return a, Refuse(InvalidRequest, "The response mode is not offered; use query.").Where("response_mode")
	case !Allows(app, AuthorizationCode):
		return a, Refuse(UnauthorizedClient, "The application may not use the grant type %s.", AuthorizationCode).Where("grant_type")
	}
	if err := a.challenge(p); err != nil {
		return a, err
	}
	if a.about.Scope, err = personGrant(app, p.Get("scope")); err != nil {
		return a, err
	}
	if len(p.Get("nonce")) > maxNonce {
		return a, Refuse(InvalidRequest, "The parameter nonce is longer than %d bytes.", maxNonce).Where("nonce")
	}
	if hasScope(p.Get("prompt"), "none") { // nobody is signed in before the page
		return a, Refuse(LoginRequired, "The person has to sign in.")
	}
	a.about.Nonce = p.Get("nonce")
	return a, nil
}

// maxNonce bounds a nonce, in bytes: it is kept with the code.
const maxNonce = 1024

// shortName is the name of a parameter for an error text.
func shortName(name string) string {
	if len(name) > 40 || !unreserved(name) {
		return "of that name"
	}
	return name
}

// redirectable finds the application that asks, and where the answer goes. Until
// both are known, nothing is sent anywhere.
func (i *Issuer) redirectable(ctx context.Context, t *scim.Tenant, root string, q AuthorizationRequest) (*Authorization, error) {
	p := q.Params
	for _, name := range []string{"client_id", "redirect_uri"} {
		if len(p[name]) > 1 {
			return nil, Refuse(InvalidRequest, "The parameter %s is given more than once.", name).Where(name)
		}
	}
	client, err := i.named(ctx, t, p.Get("client_id"))
	switch {
	case err != nil:
		return nil, err
	case p.Get("client_id") == "":
		return nil, Refuse(InvalidRequest, "The parameter client_id is missing.").Where("client_id")
	case client == nil:
		return nil, Refuse(InvalidRequest, "There is no application with this client_id.").Where("client_id")
	case q.App != "" && !strings.EqualFold(q.App, client.App.ID):
		return nil, Refuse(InvalidRequest, "The client_id is not the one of the application of the path.").Where("client_id")
	}
	a := &Authorization{App: client.App, RedirectURI: p.Get("redirect_uri"), Issuer: root + "/", State: p.Get("state"), LoginHint: p.Get("login_hint")}
	if q.App != "" {
		a.Issuer = IssuerOf(root, a.App.ID)
	}
	known := strings.Fields(a.App.Redirects)
	switch {
	case a.RedirectURI != "" && !mayRedirect(&a.App, a.RedirectURI):
		return nil, Refuse(InvalidRequest, "The redirect_uri is none of the application, letter for letter.").Where("redirect_uri")
	case a.RedirectURI == "" && len(known) != 1:
		return nil, Refuse(InvalidRequest, "The parameter redirect_uri is missing.").Where("redirect_uri")
	case a.RedirectURI == "":
		a.RedirectURI = known[0]
	default:
		a.about.Named = true
	}
	a.about.Redirect = a.RedirectURI
	return a, nil
}

// challenge takes the challenge of a request (RFC 7636 §4.3), without which no
// public application may go on (RFC 9700 §2.1.1).
func (a *Authorization) challenge(p url.Values) error {
	challenge, method := p.Get("code_challenge"), p.Get("code_challenge_method")
	switch {
	case challenge == "" && method != "":
		return Refuse(InvalidRequest, "The parameter code_challenge is missing.").Where("code_challenge")
	case challenge == "" && a.App.Public:
		return Refuse(InvalidRequest, "The application has no secret, so that it needs a code_challenge.").Where("code_challenge")
	case challenge == "":
		return nil
	case method != ChallengeMethod:
		return Refuse(InvalidRequest, "The code_challenge_method must be %s.", ChallengeMethod).Where("code_challenge_method")
	case !validChallenge(challenge):
		return Refuse(InvalidRequest, "The code_challenge is no SHA-256 in base64url without padding.").Where("code_challenge")
	}
	a.about.Challenge = challenge
	return nil
}

// SignIn opens a session for the user of a userName and password, sent from a source,
// and gives the code that the application redeems. Wrong ones are invalid_grant, too many of them
// 429.
func (i *Issuer) SignIn(ctx context.Context, t *scim.Tenant, a *Authorization, source, userName, password string) (code string, user store.Principal, err error) {
	signedIn, err := i.authenticate(ctx, t, source, userName, password)
	if err != nil {
		return "", user, err
	}
	_, code, err = i.open(ctx, t, &a.App, signedIn, a.about, false, codeLifetime)
	return code, signedIn.Principal, err
}

// Location is where an answer is sent: parameters, names and values in turn, in
// the query of the redirect URI, with state and issuer.
func (a *Authorization) Location(params ...string) string {
	v := url.Values{"iss": {a.Issuer}}
	if a.State != "" {
		v.Set("state", a.State)
	}
	for n := 0; n+1 < len(params); n += 2 {
		v.Set(params[n], params[n+1])
	}
	sep := "?"
	if strings.Contains(a.RedirectURI, "?") {
		sep = "&"
	}
	return a.RedirectURI + sep + v.Encode()
}
