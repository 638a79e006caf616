package server

import (
	"github.com/scimd/scimd/internal/auth"
)

// userInfo tells about the user of an access token (OpenID Connect Core 1.0 §5.3).
// A body is passed over: real clients send one.
func (s *server) userInfo(q *oauthRequest) (any, error) {
	info, by, err := s.Issuer.UserInfo(q.r.Context(), q.tenant, s.issuerRoot(q.r), q.app(), q.r.Header)
	entry(q.r).came(by)
	if err != nil {
		return nil, err
	}
	return info, nil
}

// introspect tells a client about a token of its own (RFC 7662). The client must
// have a secret: else whoever has a token could ask what it is worth.
func (s *server) introspect(q *oauthRequest) (any, error) {
	client, token, err := s.tokenForm(q)
	if err != nil {
		return nil, err
	}
	if client.App.Public {
		return nil, auth.Refuse(auth.InvalidClient, "The client must authenticate with a secret.")
	}
	about, err := s.Issuer.Introspect(q.r.Context(), q.tenant, client, token)
	if err != nil {
		return nil, err
	}
	return about, nil
}

// revoke ends a token of a client (RFC 7009).
func (s *server) revoke(q *oauthRequest) (any, error) {
	client, token, err := s.tokenForm(q)
	if err != nil {
		return nil, err
	}
	return struct{}{}, s.Issuer.Revoke(q.r.Context(), q.tenant, client, token)
}

// tokenForm reads a request about a token, and whose it is. What a client says of
// the kind of token is passed over: tokens tell it themselves.
func (s *server) tokenForm(q *oauthRequest) (*auth.Client, string, error) {
	body, err := formBody(q.w, q.r)
	if err != nil {
		return nil, "", err
	}
	v, sent, err := clientForm(q.r.Header, q.r.URL.RawQuery, body)
	if err != nil {
		return nil, "", err
	}
	client, err := s.Issuer.Client(q.r.Context(), q.tenant, q.app(), q.source, sent)
	if err != nil {
		return nil, "", err
	}
	entry(q.r).token = client.App.ID
	if v.Get("token") == "" {
		return nil, "", auth.Refuse(auth.InvalidRequest, "The parameter token is missing.").Where("token")
	}
	return client, v.Get("token"), nil
}
