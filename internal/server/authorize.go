package server

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/auth"
)

// authorize is the authorization endpoint (RFC 6749 §3.1): it shows the sign-in
// page, takes what was entered there, and sends the answer to the application.
func (s *server) authorize(q *oauthRequest) error {
	params, entered, err := authorizationForm(q.w, q.r)
	if err != nil {
		return err
	}
	ask := auth.AuthorizationRequest{App: q.app(), Params: params}
	if params.Get("response_type") == auth.IDTokenResponse && len(q.r.Header.Values("Authorization")) > 0 {
		return s.hop(q, ask)
	}
	a, err := s.Issuer.Authorize(q.r.Context(), q.tenant, q.root, ask)
	if a != nil {
		entry(q.r).token = a.App.ID
	}
	switch {
	case a == nil:
		return err
	case err != nil:
		e := auth.OAuthRefusal(err)
		entry(q.r).refuse(e)
		redirect(q.w, http.StatusFound, a.Location("error", e.Code, "error_description", e.Description))
		return nil
	case entered == nil:
		return s.signInPage(q, a, params, http.StatusOK, a.LoginHint, "")
	}
	return s.signIn(q, a, params, entered)
}

// signIn takes what was entered on the sign-in page.
func (s *server) signIn(q *oauthRequest, a *auth.Authorization, params, entered url.Values) error {
	userName := entered.Get(userNameField)
	if !q.fromPage(entered.Get(formTokenField)) {
		entry(q.r).code = auth.InvalidRequest
		return s.signInPage(q, a, params, http.StatusForbidden, userName, "The page had to be renewed. Sign in once more.")
	}
	e := entry(q.r)
	code, user, err := s.Issuer.SignIn(q.r.Context(), q.tenant, a, q.source, userName, entered.Get(passwordField))
	var refused *auth.OAuthError
	if errors.As(err, &refused) {
		e.code, e.refusal = refused.Code, refused.Code
	}
	switch {
	case err == nil:
		e.principal, e.user = user, user.ID
		redirect(q.w, http.StatusSeeOther, a.Location("code", code)) // RFC 9700 §4.12
		return nil
	case refused != nil && refused.Code == auth.InvalidGrant:
		e.at = passwordField
		q.w.Header().Set("WWW-Authenticate", `Form realm="oauth2"`) // RFC 9110 §15.5.2 wants one
		return s.signInPage(q, a, params, http.StatusUnauthorized, userName, "The user name or the password is wrong.")
	case refused != nil && refused.RetryAfter != 0:
		e.at = passwordField
		retryAfter(q.w, refused)
		return s.signInPage(q, a, params, refused.Status, userName, "There were too many attempts. Wait a moment, then try again.")
	}
	return err
}

// hop answers the official SDKs, which ask with a token (tenant-apis 1.3).
func (s *server) hop(q *oauthRequest, ask auth.AuthorizationRequest) error {
	entry(q.r).hop = true
	location, by, err := s.Issuer.Hop(q.r.Context(), q.tenant, q.root, s.issuerRoot(q.r), q.r.Header, ask, placeUnder(q.root, q.tenant.Name))
	e := entry(q.r)
	e.came(by)
	if location == "" {
		s.refuse(q.w, q.r, auth.OAuthRefusal(err))
		return nil
	}
	if err != nil {
		e.refuse(auth.OAuthRefusal(err))
	} else {
		e.user = e.principal.ID
	}
	redirect(q.w, http.StatusFound, location)
	return nil
}

// placeUnder tells where the services of a tenant are: the first label of its host
// is its subdomain, unless the host is an address or has but one.
func placeUnder(root, tenant string) auth.Place {
	p := auth.Place{Tenant: tenant, Subdomain: tenant}
	u, err := url.Parse(root)
	if err != nil {
		return p
	}
	p.PlatformDomain = u.Host
	_, noAddress := netip.ParseAddr(u.Hostname())
	if first, rest, ok := strings.Cut(u.Host, "."); ok && noAddress != nil {
		p.Subdomain, p.PlatformDomain = first, rest
	}
	return p
}

// The fields of the sign-in page.
const (
	userNameField  = "username"
	passwordField  = "password"
	formTokenField = "form_token"
)

var signInFields = []string{userNameField, passwordField, formTokenField}

// authorizationForm reads the parameters of an authorization request from query
// and body (OpenID Connect Core 1.0 §3.1.2.1), and what was entered on the sign-in
// page, nil for nothing. What stands in both with one value counts once.
func authorizationForm(w http.ResponseWriter, r *http.Request) (params, entered url.Values, err error) {
	params, err = url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, nil, auth.Refuse(auth.InvalidRequest, "The query of the URL cannot be read.")
	}
	if slices.ContainsFunc(signInFields, params.Has) {
		return nil, nil, auth.Refuse(auth.InvalidRequest, "Credentials must not stand in the URL.")
	}
	if r.Method == http.MethodPost {
		body, err := formBody(w, r)
		if err != nil {
			return nil, nil, err
		}
		sent, err := url.ParseQuery(body)
		if err != nil {
			return nil, nil, auth.Refuse(auth.InvalidRequest, "The body cannot be read: check its percent signs and semicolons.")
		}
		for name, values := range sent {
			switch {
			case slices.Contains(signInFields, name):
				if entered == nil {
					entered = url.Values{}
				}
				entered[name] = values
			case !slices.Equal(params[name], values):
				params[name] = append(params[name], values...)
			}
		}
	}
	for name, values := range params { // one without a value counts as left out
		if values = slices.DeleteFunc(values, func(v string) bool { return v == "" }); len(values) == 0 {
			delete(params, name)
		} else {
			params[name] = values
		}
	}
	return params, entered, nil
}

// redirect sends a browser on; nothing of this request goes along but the URL.
func redirect(w http.ResponseWriter, status int, location string) {
	h := w.Header()
	h.Set("Location", location)
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
}
