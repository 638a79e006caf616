package server

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/fault"
	"github.com/scimd/scimd/internal/scim"
)

// The canonical paths of OAuth. Their fixed segments are taken in any letter
// case, under every profile: see locate.
const (
	oauthBase         = "/oauth2"
	tokenPath         = oauthBase + "/token"
	platformTokenPath = oauthBase + "/platformtoken"
	authorizePath     = oauthBase + "/authorize"
	userInfoPath      = oauthBase + "/userinfo"
	introspectPath    = oauthBase + "/introspect"
	revokePath        = oauthBase + "/revoke"
	keysPath          = oauthBase + "/keys"
	wellKnown         = "/.well-known"
	metadataPath      = wellKnown + "/openid-configuration"
)

// oauthPath gives a path of OAuth its canonical form; false for another path. The
// id of an application stays as it is.
func oauthPath(segments []string) ([]string, bool) {
	fixed := func(i int, name string) bool { return i < len(segments) && sameName(segments[i], name) }
	at := slices.IndexFunc(segments[:min(2, len(segments))], func(seg string) bool { return sameName(seg, wellKnown[1:]) })
	switch {
	case fixed(0, oauthBase[1:]):
		at = 0
	case at < 0:
		return nil, false
	}
	out := slices.Clone(segments)
	for i := at; i < min(at+2, len(out)); i++ {
		out[i] = strings.ToLower(out[i])
	}
	return out, true
}

// maxForm bounds the body of a token request, in bytes.
const maxForm = 16 << 10

// oauthRequest is a request to an OAuth endpoint on its way through a handler.
type oauthRequest struct {
	w      http.ResponseWriter
	r      *http.Request
	tenant *scim.Tenant
	// root is the URL of the tenant, before /scim and /oauth2.
	root string
	// source names where the client is, for counting wrong secrets.
	source string
}

// app is the application of the path, "" for none.
func (q *oauthRequest) app() string {
	text, err := url.PathUnescape(chi.URLParam(q.r, "appId"))
	if err != nil {
		return ""
	}
	return text
}

// oauth runs a handler that needs no bearer token. What anybody may ask takes no
// room from the requests of the tenant that are under way (scim.Tenant.Enter): what
// costs time has bounds of its own. Errors have the form of RFC
// 6749 §5.2.
func (s *server) oauth(op fault.Operation, fn func(*oauthRequest) (any, error)) http.HandlerFunc {
	return s.oauthEndpoint(op, func(w http.ResponseWriter, r *http.Request) {
		answer, err := s.oauthAnswer(w, r, fn)
		if err != nil {
			if app := auth.RefusedApp(err); app != "" {
				entry(r).token = app
			}
			s.refuse(w, r, auth.OAuthRefusal(err))
			return
		}
		writeOAuth(w, http.StatusOK, answer)
	})
}

// oauthEndpoint runs a handler of an OAuth endpoint, unless a fault of the tenant
// says otherwise.
func (s *server) oauthEndpoint(op fault.Operation, answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if at := placeOf(r); at.err == nil {
			entry(r).tenant, entry(r).operation = at.tenant.Name, op
			if !s.faultless(r) {
				s.faulty(w, r, at.tenant, op, func(w http.ResponseWriter, _ *scim.Tenant) { answer(w, r) })
				return
			}
		}
		answer(w, r)
	}
}

func (s *server) oauthAnswer(w http.ResponseWriter, r *http.Request, fn func(*oauthRequest) (any, error)) (any, error) {
	at := placeOf(r)
	if at.err != nil {
		return nil, at.err
	}
	return fn(&oauthRequest{w: w, r: r, tenant: at.tenant, root: s.publicRoot(r), source: s.source(r)})
}

// oauthError is the body of a refusal.
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func (s *server) refuse(w http.ResponseWriter, r *http.Request, e *auth.OAuthError) {
	entry(r).refuse(e)
	if e.Challenge != "" {
		w.Header().Set("WWW-Authenticate", e.Challenge)
	} else if e.Status == http.StatusUnauthorized { // R6749-5.2-02, and RFC 9110 §15.5.2
		w.Header().Set("WWW-Authenticate", `Basic realm="oauth2", charset="UTF-8"`)
	}
	if e.RetryAfter != 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.RetryAfter))
	}
	writeOAuth(w, e.Status, oauthError{e.Code, e.Description})
}

// writeOAuth writes an answer that no cache may keep (R6749-5.1-02).
func writeOAuth(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	w.Header().Set("Pragma", "no-cache")
	writeBytes(w, status, mediaJSON, body)
}

// token is the token endpoint, of an application or of the platform (RFC 6749
// §3.2).
func (s *server) token(q *oauthRequest) (any, error) {
	body, err := formBody(q.w, q.r)
	if err != nil {
		return nil, err
	}
	ask, err := tokenRequest(q.r.Header, q.r.URL.RawQuery, body)
	if err != nil {
		return nil, err
	}
	ask.App, ask.Source = q.app(), q.source
	e := entry(q.r)
	issued, err := s.Issuer.Issue(q.r.Context(), q.tenant, q.root, ask)
	if err != nil {
		return nil, err
	}
	e.token, e.principal, e.user = issued.App, issued.For, issued.For.ID
	return issued, nil
}

// formBody reads a form-encoded body within its limit.
func formBody(w http.ResponseWriter, r *http.Request) (string, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return "", auth.Refuse(auth.InvalidRequest, "The body must be application/x-www-form-urlencoded.").Where("Content-Type")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		e := auth.Refuse(auth.InvalidRequest, "The body is larger than the limit of %d bytes.", maxForm)
		e.Status = http.StatusRequestEntityTooLarge
		return "", e
	case err != nil:
		return "", auth.Refuse(auth.InvalidRequest, "The body ended before it was complete.")
	}
	return string(body), nil
}

// secretParameters are never taken from a query, where logs would keep them.
var secretParameters = []string{
	"client_secret", "client_id", "username", "password", "access_token", "refresh_token", "token", "code", "code_verifier", "client_assertion",
}

// formParameters are those that a form of a client may have, each once.
var formParameters = []string{
	"grant_type", "scope", "client_id", "client_secret", "code", "redirect_uri", "code_verifier", "refresh_token", "username", "password",
	"token", "token_type_hint",
}

// clientForm reads a form of a client and how it authenticates: with HTTP Basic or
// in the body, not both (RFC 6749 §2.3), or by its client id alone. A parameter
// comes once, one without a value counts as left out, unknown ones are ignored
// (§3.2).
func clientForm(h http.Header, query, body string) (url.Values, []auth.Credentials, error) {
	asked, err := url.ParseQuery(query)
	if err != nil {
		return nil, nil, auth.Refuse(auth.InvalidRequest, "The query of the URL cannot be read.")
	}
	if slices.ContainsFunc(secretParameters, asked.Has) {
		return nil, nil, auth.Refuse(auth.InvalidRequest, "Credentials must not stand in the URL.")
	}
	values, err := url.ParseQuery(body)
	if err != nil {
		return nil, nil, auth.Refuse(auth.InvalidRequest, "The body cannot be read: check its percent signs and semicolons.")
	}
	for _, name := range formParameters {
		if len(values[name]) > 1 {
			return nil, nil, auth.Refuse(auth.InvalidRequest, "The parameter %s is given more than once.", name).Where(name)
		}
	}
	sent := auth.Credentials{ID: values.Get("client_id"), Secret: values.Get("client_secret")}
	header := h.Values("Authorization")
	switch {
	case len(header) > 1:
		return nil, nil, auth.Refuse(auth.InvalidRequest, "The request has more than one Authorization header.").Where("Authorization")
	case len(header) == 1 && sent.Secret != "":
		return nil, nil, auth.Refuse(auth.InvalidRequest, "The client authenticates in two ways; use HTTP Basic or the body.")
	case len(header) == 1:
		client, ok := auth.Basic(header[0])
		if !ok || client[0].ID == "" {
			return nil, nil, auth.Refuse(auth.InvalidClient, "The Authorization header holds no client id and secret of the scheme Basic.").Where("Authorization")
		}
		if sent.ID != "" && !slices.ContainsFunc(client, func(c auth.Credentials) bool { return c.ID == sent.ID }) {
			return nil, nil, auth.Refuse(auth.InvalidRequest, "The parameter client_id names another client than the Authorization header.").Where("client_id")
		}
		return values, client, nil
	case sent.ID != "":
		return values, []auth.Credentials{sent}, nil
	}
	return values, nil, nil
}

// tokenRequest reads a request to the token endpoint.
func tokenRequest(h http.Header, query, body string) (*auth.TokenRequest, error) {
	v, client, err := clientForm(h, query, body)
	if err != nil {
		return nil, err
	}
	return &auth.TokenRequest{
		GrantType: v.Get("grant_type"), Scope: v.Get("scope"), Client: client,
		Code: v.Get("code"), RedirectURI: v.Get("redirect_uri"), Verifier: v.Get("code_verifier"),
		UserName: v.Get("username"), Password: v.Get("password"), Refresh: v.Get("refresh_token"),
	}, nil
}

// signingKeys publishes the keys of the tenant's access tokens (RFC 7517 §5).
func (s *server) signingKeys(q *oauthRequest) (any, error) {
	if asked := q.app(); asked != "" {
		if _, err := s.Issuer.App(q.r.Context(), q.tenant, asked); err != nil {
			return nil, err
		}
	}
	keys, err := s.Issuer.Keys.Published(q.r.Context(), q.tenant.Home)
	return map[string]any{"keys": keys}, err
}

// issuerRoot is the URL that the access tokens of a request must have been issued
// under: the tenant's, where the server knows it. Without a public URL it has no
// name but those that clients give it, and a token got under one is good under
// another.
func (s *server) issuerRoot(r *http.Request) string {
	if s.PublicURL == nil || placeOf(r).own {
		return ""
	}
	return s.publicRoot(r)
}
