package server

import (
	"strings"

	"github.com/scimd/scimd/internal/auth"
)

// metadata describes the OAuth endpoints that there are, of an application or of
// the tenant (OpenID Connect Discovery 1.0 §3, RFC 8414 §2).
type metadata struct {
	Issuer            string   `json:"issuer"`
	Authorization     string   `json:"authorization_endpoint"`
	Token             string   `json:"token_endpoint"`
	UserInfo          string   `json:"userinfo_endpoint"`
	JWKS              string   `json:"jwks_uri"`
	Revocation        string   `json:"revocation_endpoint"`
	Introspection     string   `json:"introspection_endpoint"`
	GrantTypes        []string `json:"grant_types_supported"`
	ResponseTypes     []string `json:"response_types_supported"`
	ResponseModes     []string `json:"response_modes_supported"`
	SubjectTypes      []string `json:"subject_types_supported"`
	SigningAlgorithms []string `json:"id_token_signing_alg_values_supported"`
	ChallengeMethods  []string `json:"code_challenge_methods_supported"`
	ClientAuth        []string `json:"token_endpoint_auth_methods_supported"`
	RevocationAuth    []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectionAuth []string `json:"introspection_endpoint_auth_methods_supported"`
	Scopes            []string `json:"scopes_supported"`
	Claims            []string `json:"claims_supported"`
	Prompts           []string `json:"prompt_values_supported"`
	NamesIssuer       bool     `json:"authorization_response_iss_parameter_supported"`
	ClaimsParameter   bool     `json:"claims_parameter_supported"`
	RequestParameter  bool     `json:"request_parameter_supported"`
	RequestURI        bool     `json:"request_uri_parameter_supported"`
}

func (s *server) metadata(q *oauthRequest) (any, error) {
	secret := []string{"client_secret_basic", "client_secret_post"}
	public := append(secret[:2:2], "none")
	m := metadata{
		Issuer: q.root + "/", Token: q.root + platformTokenPath, Scopes: auth.AllScopes(), GrantTypes: auth.GrantTypes(),
		ResponseTypes: []string{auth.CodeResponse, auth.IDTokenResponse}, ResponseModes: []string{"query"}, SubjectTypes: []string{"public"},
		SigningAlgorithms: []string{auth.Algorithm}, ChallengeMethods: []string{auth.ChallengeMethod},
		ClientAuth: public, RevocationAuth: public, IntrospectionAuth: secret,
		Claims: auth.Claims(), Prompts: []string{"login", "none"}, NamesIssuer: true,
	}
	end := ""
	if asked := q.app(); asked != "" {
		app, err := s.Issuer.App(q.r.Context(), q.tenant, asked)
		if err != nil {
			return nil, err
		}
		end = "/" + app.ID
		m.Issuer, m.Token = auth.IssuerOf(q.root, app.ID), q.root+tokenPath+end
		m.GrantTypes = strings.Fields(app.Grants)
		m.Scopes = strings.Fields(app.Scopes)
		if auth.SignsIn(app) {
			m.Scopes = strings.Fields(auth.PersonScopes(app))
		}
		if app.Public {
			m.ClientAuth, m.RevocationAuth = public[2:], public[2:]
		} else {
			m.ClientAuth, m.RevocationAuth = secret, secret
		}
	}
	m.Authorization, m.UserInfo, m.JWKS = q.root+authorizePath+end, q.root+userInfoPath+end, q.root+keysPath+end
	m.Revocation, m.Introspection = q.root+revokePath+end, q.root+introspectPath+end
	return m, nil
}
