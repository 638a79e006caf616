package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// Basic reads an Authorization header of the scheme Basic (RFC 7617): as it stands,
// and form-decoded where that differs (R6749-2.3.1-01; tenant-apis 1.2). ok is false
// for any other header.
func Basic(header string) (sent []Credentials, ok bool) {
	scheme, text, _ := strings.Cut(strings.Trim(header, " \t"), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return nil, false
	}
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	id, secret, ok := strings.Cut(string(plain), ":")
	if err != nil || !ok {
		return nil, false
	}
	sent = []Credentials{{ID: id, Secret: secret}}
	decodedID, idErr := url.QueryUnescape(id)
	decodedSecret, secretErr := url.QueryUnescape(secret)
	if idErr == nil && secretErr == nil && (decodedID != id || decodedSecret != secret) {
		sent = append(sent, Credentials{ID: decodedID, Secret: decodedSecret})
	}
	return sent, true
}

// AuthenticateBasic tells whose Basic credentials are, read as Basic does: those of an
// application are its client id and secret; with any other name the password is a
// token, see Authenticate. One that is neither is refused after the same time and in
// the same words, whether or not there is a client of that name. source names where
// the request is from. Refusals are those of Authenticate, and 429 after too many
// wrong secrets.
func (a *Authenticator) AuthenticateBasic(ctx context.Context, sent []Credentials, tenant *scim.Tenant, root, source string) (*Identity, error) {
	token := func() (*Identity, error) {
		return a.Authenticate(ctx, http.Header{"Authorization": {"Bearer " + sent[0].Secret}}, tenant, root)
	}
	if a.own == nil {
		return token()
	}
	clients, err := a.own.clients(ctx, tenant, sent)
	if err != nil {
		return nil, err
	}
	if !clients.any() {
		id, err := token()
		if err == nil || ValidToken(sent[0].Secret) && !errors.Is(err, errGuess) {
			return id, err
		}
	}
	client, err := a.own.compare(ctx, tenant, source, clients)
	if err != nil {
		return nil, inSCIM(err)
	}
	return a.own.service(ctx, tenant, client.App.ID)
}

// service is who an application acts for, with its rights.
func (i *Issuer) service(ctx context.Context, t *scim.Tenant, app string) (*Identity, error) {
	switch s, err := i.stands.of(ctx, t, app); {
	case err != nil:
		return nil, scimerr.Unavailable(err)
	case !s.there || !s.acts:
		return nil, invalid("The service user is not active.")
	default:
		return &Identity{
			TokenID: s.app.ID, TokenName: s.app.ID, Rights: s.rights,
			Principal: store.Principal{Kind: "service", ID: s.app.UserID, Display: s.app.ClientID},
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
		return ofApp(RefusedApp(err), invalid("The user name or the password is wrong."))
	}
	return ofApp(RefusedApp(err), &scimerr.Error{Status: e.Status, Detail: e.Description, RetryAfter: e.RetryAfter})
}

// OfferBasic makes the challenge of a 401 one for Basic credentials.
func OfferBasic(err error) error {
	var e *scimerr.Error
	if !errors.As(err, &e) || e.Challenge == "" {
		return err
	}
	basic := *e
	basic.Challenge = `Basic realm="scim"`
	return ofApp(RefusedApp(err), &basic)
}
