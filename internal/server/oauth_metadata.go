package server

import (
	"slices"
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
	Introspection     string   `json:"introspection_endpoint,omitempty"`
	GrantTypes        []string `json:"grant_types_supported"`
	ResponseTypes     []string `json:"response_types_supported"`
	ResponseModes     []string `json:"response_modes_supported"`
	SubjectTypes      []string `json:"subject_types_supported"`
	SigningAlgorithms []string `json:"id_token_signing_alg_values_supported"`
	ChallengeMethods  []string `json:"code_challenge_methods_supported,omitempty"`
	ClientAuth        []string `json:"token_endpoint_auth_methods_supported"`
	RevocationAuth    []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectionAuth []string `json:"introspection_endpoint_auth_methods_supported,omitempty"`
	Scopes            []string `json:"scopes_supported"`
	Claims            []string `json:"claims_supported"`
	Prompts           []string `json:"prompt_values_supported,omitempty"`
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
		// Whoever has an access token gets an id token for it: see auth.Issuer.Hop.
		ResponseTypes: []string{auth.IDTokenResponse}, ResponseModes: []string{"fragment"}, SubjectTypes: []string{"public"},
		SigningAlgorithms: []string{auth.Algorithm}, ClientAuth: public, RevocationAuth: public, IntrospectionAuth: secret,
		Claims: auth.Claims(),
	}
	end, introspects := "", true
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
			m.IntrospectionAuth, introspects = nil, false
		} else {
			m.ClientAuth, m.RevocationAuth = secret, secret
		}
	}
	if slices.Contains(m.GrantTypes, auth.AuthorizationCode) {
		m.ResponseTypes, m.ResponseModes = []string{auth.CodeResponse, auth.IDTokenResponse}, []string{"query", "fragment"}
		m.ChallengeMethods, m.Prompts, m.NamesIssuer = []string{auth.ChallengeMethod}, []string{"login", "none"}, true
	}
	m.Authorization, m.UserInfo, m.JWKS = q.root+authorizePath+end, q.root+userInfoPath+end, q.root+keysPath+end
	m.Revocation = q.root + revokePath + end
	if introspects {
		m.Introspection = q.root + introspectPath + end
	}
	return m, nil
}
