package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// The error codes of RFC 6749 §5.2 that are answered, and the one of §4.1.2.1
// for what passes.
const (
	InvalidRequest         = "invalid_request"
	InvalidClient          = "invalid_client"
	InvalidGrant           = "invalid_grant"
	InvalidScope           = "invalid_scope"
	UnauthorizedClient     = "unauthorized_client"
	UnsupportedGrantType   = "unsupported_grant_type"
	TemporarilyUnavailable = "temporarily_unavailable"
	serverError            = "server_error"
)

// clientCredentials is the grant type that is offered.
const clientCredentials = "client_credentials"

// GrantTypes are those that are offered.
func GrantTypes() []string { return []string{clientCredentials} }

// maxCredential bounds a client id and a client secret, in bytes.
const maxCredential = 512

// OAuthError is a refusal of the token endpoint, RFC 6749 §5.2. Description is
// ASCII without quotation marks and backslashes.
type OAuthError struct {
	Status      int
	Code        string
	Description string
	RetryAfter  int // seconds, 0 for none
	cause       error
}

func (e *OAuthError) Error() string { return e.Code + ": " + e.Description }

// Unwrap gives the private cause.
func (e *OAuthError) Unwrap() error { return e.cause }

// Refuse makes a refusal: 401 for invalid_client, else 400.
func Refuse(code, format string, args ...any) *OAuthError {
	status := http.StatusBadRequest
	if code == InvalidClient {
		status = http.StatusUnauthorized
	}
	return &OAuthError{Status: status, Code: code, Description: fmt.Sprintf(format, args...)}
}

// OAuthRefusal is the *OAuthError in err's chain, or what any other error is to
// the client of a token endpoint.
func OAuthRefusal(err error) *OAuthError {
	var e *OAuthError
	if errors.As(err, &e) {
		return e
	}
	s := scimerr.From(err)
	code := InvalidRequest
	switch {
	case s.Status == http.StatusServiceUnavailable, s.Status == http.StatusTooManyRequests:
		code = TemporarilyUnavailable
	case s.Status >= http.StatusInternalServerError:
		code = serverError
	}
	return &OAuthError{Status: s.Status, Code: code, Description: s.Detail, RetryAfter: s.RetryAfter, cause: err}
}

// Credentials are a client id and a client secret.
type Credentials struct{ ID, Secret string }

// TokenRequest is a request to the token endpoint that could be read.
type TokenRequest struct {
	// App is the application of the path; "" is the platform's token endpoint,
	// which finds it by the client.
	App       string
	GrantType string
	Scope     string
	// Client are the ways to read the credentials that were sent, the likelier
	// first: real clients send Basic credentials encoded (RFC 6749 §2.3.1) or not.
	Client []Credentials
}

// IssuedToken is the answer to a TokenRequest, RFC 6749 §5.1. ExpiresIn is in
// seconds.
type IssuedToken struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"`
	Scope       string `json:"scope"`
}

// Issue answers a token request to a tenant whose root is that URL. Refusals are
// *OAuthError.
func (i *Issuer) Issue(ctx context.Context, t *scim.Tenant, root string, q *TokenRequest) (*IssuedToken, error) {
	switch {
	case q.GrantType == "":
		return nil, Refuse(InvalidRequest, "The parameter grant_type is missing.")
	case q.GrantType != clientCredentials:
		return nil, Refuse(UnsupportedGrantType, "The grant type is not offered; use %s.", clientCredentials)
	case len(q.Client) == 0:
		return nil, Refuse(InvalidClient, "The client did not authenticate; send client id and secret with HTTP Basic or as client_id and client_secret.")
	}
	if q.App != "" {
		if s, err := i.stands.of(ctx, t, q.App); err != nil {
			return nil, scimerr.Unavailable(err)
		} else if !s.there {
			return nil, Refuse(InvalidRequest, "There is no application with the id of the path.")
		}
	}
	app, err := i.client(ctx, t, q.Client)
	if err != nil {
		return nil, err
	}
	if q.App != "" && !strings.EqualFold(q.App, app.ID) {
		return nil, Refuse(UnauthorizedClient, "The client belongs to another application.")
	}
	acts, err := i.stands.users.MayAct(ctx, t, app.UserID)
	if err != nil {
		return nil, scimerr.Unavailable(err)
	}
	if !acts {
		return nil, Refuse(InvalidGrant, "The service user of the client is not active.")
	}
	scope, ok := grant(app.Scopes, q.Scope)
	if !ok {
		return nil, Refuse(InvalidScope, "The application has the scopes %s, not all of those asked for.", app.Scopes)
	}
	lifetime := app.Lifetime
	switch {
	case lifetime != 0:
	case q.App == "":
		lifetime = platformLifetime
	default:
		lifetime = applicationLifetime
	}
	text, err := i.sign(ctx, t.Space, root, &app, scope, lifetime)
	if err != nil {
		return nil, scimerr.Unavailable(err)
	}
	return &IssuedToken{AccessToken: text, TokenType: "Bearer", ExpiresIn: int64(lifetime / time.Second), Scope: scope}, nil
}

// client finds the application whose client id and secret were sent.
func (i *Issuer) client(ctx context.Context, t *scim.Tenant, sent []Credentials) (store.Application, error) {
	wrong := Refuse(InvalidClient, "The client id or the client secret is wrong.")
	if len(sent[0].ID) > maxCredential || len(sent[0].Secret) > maxCredential {
		return store.Application{}, wrong
	}
	compared := false
	for _, c := range sent {
		app, err := i.apps.ApplicationByClient(ctx, t.ID, c.ID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return store.Application{}, scimerr.Unavailable(err)
		}
		compared = true
		same, err := i.secretMatches(ctx, &app, c.Secret)
		if err != nil {
			return store.Application{}, pressed(err)
		}
		if same {
			return app, nil
		}
	}
	name := sent[0].ID
	if !compared { // takes as long, and is refused as often, as if there were one
		if !i.attempts.allowed(t.ID, name) {
			return store.Application{}, pressed(errTooOften)
		}
		if _, err := i.hasher.matches(ctx, i.hasher.nobody, sent[0].Secret); err != nil {
			return store.Application{}, pressed(err)
		}
	}
	for _, c := range sent {
		i.attempts.failed(t.ID, c.ID)
	}
	return store.Application{}, wrong
}

// pressed is the answer when secrets cannot be compared now.
func pressed(err error) error {
	switch {
	case errors.Is(err, errTooOften):
		return &OAuthError{
			Status: http.StatusTooManyRequests, Code: TemporarilyUnavailable, RetryAfter: int(attemptInterval / time.Second),
			Description: "The client has sent too many wrong secrets; wait before the next attempt.",
		}
	case errors.Is(err, errBusy):
		return &OAuthError{
			Status: http.StatusServiceUnavailable, Code: TemporarilyUnavailable, RetryAfter: 1,
			Description: "Too many clients are authenticating just now; send the request again.",
		}
	}
	return scimerr.Unavailable(err)
}
