package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// Basic reads the Basic credentials of a request (RFC 7617); ok is false when it has
// none.
func Basic(header http.Header) (c Credentials, ok bool) {
	values := header.Values("Authorization")
	if len(values) != 1 {
		return c, false
	}
	scheme, text, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Basic") {
		return c, false
	}
	pair, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	c.ID, c.Secret, ok = strings.Cut(string(pair), ":")
	return c, err == nil && ok
}

// AuthenticateBasic tells whose Basic credentials are: those of an application are
// its client id and secret; with any other name the password is a token, see
// Authenticate. source names where the request is from. Refusals are those of
// Authenticate, and 429 after too many wrong secrets.
func (a *Authenticator) AuthenticateBasic(ctx context.Context, c Credentials, tenant *scim.Tenant, root, source string) (*Identity, error) {
	if a.own != nil {
		if id, err := a.own.service(ctx, tenant, source, c); id != nil || err != nil {
			return id, err
		}
	}
	return a.Authenticate(ctx, http.Header{"Authorization": {"Bearer " + c.Secret}}, tenant, root)
}

// service is the service user whose client id and secret were sent; nil when no
// application has the client id.
func (i *Issuer) service(ctx context.Context, t *scim.Tenant, source string, sent Credentials) (*Identity, error) {
	if !validClientID(sent.ID) {
		return nil, nil
	}
	app, err := i.apps.ApplicationByClient(ctx, t.ID, sent.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, scimerr.Unavailable(err)
	}
	if _, err = i.confidential(ctx, t, source, []Credentials{sent}); err != nil {
		return nil, inSCIM(err)
	}
	switch s, err := i.stands.of(ctx, t, app.ID); {
	case err != nil:
		return nil, scimerr.Unavailable(err)
	case !s.there || !s.acts:
		return nil, invalid("The service user is not active.")
	default:
		return &Identity{
			TokenID: app.ID, TokenName: app.ID, Rights: s.rights,
			Principal: store.Principal{Kind: "service", ID: app.UserID, Display: app.ClientID},
		}, nil
	}
}

// inSCIM is a refusal of a client's credentials in the form of the SCIM endpoint.
func inSCIM(err error) error {
	var e *OAuthError
	switch {
	case !errors.As(err, &e):
		return err
	case e.Status == http.StatusUnauthorized:
		return invalid("The user name or the password is wrong.")
	}
	return &scimerr.Error{Status: e.Status, Detail: e.Description, RetryAfter: e.RetryAfter}
}

// OfferBasic makes the challenge of a 401 one for Basic credentials.
func OfferBasic(err error) error {
	var e *scimerr.Error
	if !errors.As(err, &e) || e.Challenge == "" {
		return err
	}
	basic := *e
	basic.Challenge = `Basic realm="scim"`
	return &basic
}
