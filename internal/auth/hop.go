package auth

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// sdkRedirect is where the official SDKs let their id token be sent. They read it
// from the answer and go nowhere (tenant-apis 1.3).
const sdkRedirect = "https://cyberark.cloud/redirect"

// maxFrom bounds the tokens that one was got with, one by the other: each is looked
// up.
const maxFrom = 4

// Hop gives the bearer of an access token of an application a token to the same
// effect as an id token, as the official SDKs ask for it, and where it is sent
// (tenant-apis 1.3). It is an access token for the scopes asked for, of those
// that the bearer has. Refusals of the bearer have the challenge of RFC 6750 §3; by is
// who it is, nil while that is not known. With a location the error goes there.
//
// root is the URL that the token is issued under, must the one that the bearer's
// must be from, "" for any.
func (i *Issuer) Hop(ctx context.Context, t *scim.Tenant, root, must string, header http.Header, q AuthorizationRequest, place Place) (location string, by *Identity, err error) {
	text, err := bearer(header)
	if err != nil {
		return "", nil, err
	}
	v, app, err := i.holding(ctx, t, must, text, Hash(text))
	if err != nil {
		return "", nil, err
	}
	by = v.identity(app)
	if err := t.Admit(v.counted()); err != nil {
		return "", by, err
	}
	p := q.Params
	for name, values := range p {
		if len(values) > 1 {
			return "", by, Refuse(InvalidRequest, "The parameter %s is given more than once.", shortName(name))
		}
	}
	client, err := i.named(ctx, t, p.Get("client_id"))
	uri := p.Get("redirect_uri")
	switch {
	case err != nil:
		return "", by, err
	case q.App != "" && !strings.EqualFold(q.App, app.ID):
		return "", by, Refuse(InvalidRequest, "The access token is of another application than the path.")
	case client == nil || !strings.EqualFold(client.App.ID, app.ID):
		return "", by, Refuse(InvalidRequest, "The client_id is not the one of the application of the access token.").Where("client_id")
	case uri != sdkRedirect && !mayRedirect(&app.Application, uri):
		return "", by, Refuse(InvalidRequest, "The redirect_uri is none of the application, letter for letter.").Where("redirect_uri")
	case len(v.from) >= maxFrom:
		return "", by, Refuse(InvalidRequest, "The access token was itself got in this way, %d times over, which is the most.", maxFrom)
	case len(p.Get("nonce")) > maxNonce:
		return "", by, Refuse(InvalidRequest, "The parameter nonce is longer than %d bytes.", maxNonce).Where("nonce")
	}
	allowed := v.scope + " " + strings.Join(personalScopes, " ")
	asked := p.Get("scope")
	if strings.TrimSpace(asked) == "" {
		asked = v.scope
	}
	answer := url.Values{}
	if p.Get("state") != "" {
		answer.Set("state", p.Get("state"))
	}
	scope, ok := grant(allowed, asked)
	if !ok {
		refusal := Refuse(InvalidScope, "The access token has the scopes %s, not all of those asked for.", v.scope).Where("scope")
		answer.Set("error", refusal.Code)
		answer.Set("error_description", refusal.Description)
		return uri + "#" + answer.Encode(), by, refusal
	}
	id, err := i.sign(ctx, t, root, &app.Application, bearing{
		user: store.Principal{ID: v.subject, Display: v.name}, session: v.session, from: append(v.from[:len(v.from):len(v.from)], v.id), scope: scope, signedIn: v.signedIn,
		expires: v.until, nonce: p.Get("nonce"), place: place,
	})
	if err != nil {
		return "", by, scimerr.Unavailable(err)
	}
	answer.Set("id_token", id)
	return uri + "#" + answer.Encode(), by, nil
}
