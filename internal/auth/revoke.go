package auth

import (
	"context"
	"strings"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
)

// Introspection tells about a token, RFC 7662 §2.2; of one that is not active
// nothing else.
type Introspection struct {
	Active    bool   `json:"active"`
	TokenType string `json:"token_type,omitempty"`
	Scope     string `json:"scope,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	UserName  string `json:"username,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Audience  string `json:"aud,omitempty"`
	Issuer    string `json:"iss,omitempty"`
	ID        string `json:"jti,omitempty"`
	Session   string `json:"sid,omitempty"`
	Issued    int64  `json:"iat,omitempty"`
	SignedIn  int64  `json:"auth_time,omitempty"`
	Expires   int64  `json:"exp,omitempty"`
}

// Introspect tells a client about an access or refresh token of its own; all others
// are not active.
func (i *Issuer) Introspect(ctx context.Context, t *scim.Tenant, c *Client, text string) (*Introspection, error) {
	if !looksOwn(text) {
		return i.introspectRefresh(ctx, t, c, text)
	}
	v, app, err := i.holding(ctx, t, "", text, Hash(text))
	switch {
	case scimerr.Is(err, 401), err == nil && !strings.EqualFold(app.ID, c.App.ID):
		return &Introspection{}, nil
	case err != nil:
		return nil, err
	}
	out := &Introspection{
		Active: true, TokenType: "Bearer", Scope: v.scope, ClientID: app.ClientID, UserName: v.name, Subject: v.subject, Audience: v.client,
		Issuer: IssuerOf(v.root, v.app), ID: v.id, Session: v.session, Issued: v.begins.Unix(), Expires: v.until.Unix(),
	}
	if v.session != "" { // who may be called otherwise by now
		person, err := i.users.Person(ctx, t, v.subject)
		switch {
		case err != nil:
			return nil, scimerr.Unavailable(err)
		case person == nil:
			return &Introspection{}, nil
		}
		out.UserName = person.UserName
	}
	if !v.signedIn.IsZero() {
		out.SignedIn = v.signedIn.Unix()
	}
	return out, nil
}

func (i *Issuer) introspectRefresh(ctx context.Context, t *scim.Tenant, c *Client, text string) (*Introspection, error) {
	s, err := i.find(ctx, t, text)
	if err != nil {
		return nil, err
	}
	if s == nil || !s.Redeemed || !s.of(&c.App) || !s.good(text) || !s.lives(t.Now()) || !Allows(&c.App, RefreshGrant) {
		return &Introspection{}, nil
	}
	acts, err := i.users.MayAct(ctx, t, s.UserID)
	if err != nil {
		return nil, scimerr.Unavailable(err)
	}
	person, err := i.users.Person(ctx, t, s.UserID)
	switch {
	case err != nil:
		return nil, scimerr.Unavailable(err)
	case !acts || person == nil:
		return &Introspection{}, nil
	}
	return &Introspection{
		Active: true, TokenType: RefreshGrant, Scope: s.Scope, ClientID: c.App.ClientID, UserName: person.UserName, Subject: s.UserID,
		Session: s.ID, Issued: s.Created.Unix(), SignedIn: s.Created.Unix(), Expires: s.Expires.Unix(),
	}, nil
}

// Revoke ends an access token of a client alone, or with a refresh token all that
// came of the same sign-in (RFC 7009 §2.1). A token that is not good is passed
// over; one of another client is refused.
func (i *Issuer) Revoke(ctx context.Context, t *scim.Tenant, c *Client, text string) error {
	foreign := Refuse(InvalidGrant, "The token was issued to another client.")
	if !looksOwn(text) {
		s, err := i.find(ctx, t, text)
		switch {
		case err != nil || s == nil:
			return err
		case !strings.EqualFold(s.App, c.App.ID):
			return foreign
		}
		if c.App.Public {
			if err := t.Admit(countedAs(c.App.ID, s.UserID)); err != nil {
				return err
			}
		}
		return i.end(ctx, s)
	}
	v, err := i.verify(ctx, t, text, Hash(text))
	switch {
	case scimerr.Is(err, 401):
		return nil
	case err != nil:
		return err
	case !strings.EqualFold(v.app, c.App.ID):
		return foreign
	}
	if c.App.Public {
		if err := t.Admit(v.counted()); err != nil {
			return err
		}
	}
	if err := i.apps.EndToken(ctx, t.ID, v.id, v.until); err != nil {
		return scimerr.Unavailable(err)
	}
	i.lives.forgetToken(t.ID, v.id)
	return nil
}
