package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
)

// UserInfo is what the bearer of an access token learns of its user (OpenID Connect
// Core 1.0 §5.3.2).
type UserInfo struct {
	Subject string `json:"sub"`
	personClaims
}

// personClaims tell of a user (OpenID Connect Core 1.0 §5.1), as far as scopes
// allow.
type personClaims struct {
	UniqueName string `json:"unique_name"`
	// With the scope profile.
	Name              string `json:"name,omitempty"`
	GivenName         string `json:"given_name,omitempty"`
	FamilyName        string `json:"family_name,omitempty"`
	MiddleName        string `json:"middle_name,omitempty"`
	NickName          string `json:"nickname,omitempty"`
	PreferredUserName string `json:"preferred_username,omitempty"`
	Profile           string `json:"profile,omitempty"`
	Locale            string `json:"locale,omitempty"`
	Zone              string `json:"zoneinfo,omitempty"`
	Updated           int64  `json:"updated_at,omitempty"`
	// With the scope email.
	Email string `json:"email,omitempty"`
	// EmailVerified is false: nobody has checked an address.
	EmailVerified *bool `json:"email_verified,omitempty"`
}

// Claims are the names of all claims that tokens and UserInfo may have.
func Claims() []string {
	return []string{
		"iss", "sub", "aud", "client_id", "iat", "exp", "auth_time", "jti", "sid", "scope", "nonce", "at_hash", "unique_name",
		"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "locale", "zoneinfo", "updated_at",
		"email", "email_verified",
	}
}

// claimsOf are those of a user that scopes allow.
func claimsOf(p *scim.Person, scope string) personClaims {
	c := personClaims{UniqueName: p.UserName}
	if hasScope(scope, Profile) {
		c.Name, c.GivenName, c.FamilyName, c.MiddleName = p.DisplayName, p.GivenName, p.FamilyName, p.MiddleName
		c.NickName, c.PreferredUserName, c.Profile = p.NickName, p.UserName, p.ProfileURL
		c.Locale, c.Zone, c.Updated = p.Locale, p.Zone, p.Modified.Unix()
		if c.Name == "" {
			c.Name = strings.TrimSpace(p.GivenName + " " + p.FamilyName)
		}
	}
	if hasScope(scope, Email) && p.Email != "" {
		c.Email, c.EmailVerified = p.Email, new(bool)
	}
	return c
}

// idClaims are those of an id token (OpenID Connect Core 1.0 §2).
type idClaims struct {
	jwt.RegisteredClaims
	personClaims
	AuthTime *jwt.NumericDate `json:"auth_time"`
	Session  string           `json:"sid"`
	Nonce    string           `json:"nonce,omitempty"`
	// AccessHash is that of §3.1.3.6, of the access token that comes along.
	AccessHash string `json:"at_hash"`
}

// signID makes the id token that comes with an access token; the client calls
// itself audience.
func (i *Issuer) signID(ctx context.Context, t *scim.Tenant, person *scim.Person, issuer, audience string, b bearing, nonce, access string) (string, error) {
	hash := sha256.Sum256([]byte(access))
	text, err := i.signed(ctx, t.Home, "JWT", idClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Subject: person.ID, Audience: jwt.ClaimStrings{audience}, IssuedAt: jwt.NewNumericDate(t.Now()),
			ExpiresAt: jwt.NewNumericDate(b.expires),
		},
		personClaims: claimsOf(person, b.scope), AuthTime: jwt.NewNumericDate(b.signedIn), Session: b.session, Nonce: nonce,
		AccessHash: base64.RawURLEncoding.EncodeToString(hash[:len(hash)/2]),
	})
	if err != nil {
		return "", scimerr.Unavailable(err)
	}
	return text, nil
}

// UserInfo tells the bearer of an access token of an application, or with "" of
// any, about the user that it stands for (OpenID Connect Core 1.0 §5.3). The token
// needs the scope openid. Refusals have the challenge of RFC 6750 §3; by is who the
// bearer is, nil while that is not known.
func (i *Issuer) UserInfo(ctx context.Context, t *scim.Tenant, root, app string, header http.Header) (info *UserInfo, by *Identity, err error) {
	text, err := bearer(header)
	if err != nil {
		return nil, nil, err
	}
	v, holder, err := i.holding(ctx, t, root, text, Hash(text))
	if err != nil {
		return nil, nil, err
	}
	by = v.identity(holder)
	if err := t.Admit(v.counted()); err != nil {
		return nil, by, err
	}
	if app != "" && !strings.EqualFold(app, v.app) {
		return nil, by, invalid("The access token is of another application.")
	}
	if !hasScope(v.scope, OpenID) {
		e := scimerr.Forbidden("The token lacks the scope %s.", OpenID)
		e.Challenge = challenge("insufficient_scope", e.Detail) + `, scope="` + OpenID + `"`
		return nil, by, e
	}
	person, err := i.users.Person(ctx, t, v.subject)
	switch {
	case err != nil:
		return nil, by, scimerr.Unavailable(err)
	case person == nil:
		return nil, by, invalid("The user that the access token stands for is not there any more.")
	}
	return &UserInfo{Subject: person.ID, personClaims: claimsOf(person, v.scope)}, by, nil
}
