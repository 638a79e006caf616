package auth

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/scimd/scimd/internal/phc"
	"github.com/scimd/scimd/internal/scimerr"
)

// The error codes of RFC 6749 §5.2 and §4.1.2.1, and of OpenID Connect Core 1.0
// §3.1.2.6, that are answered.
const (
	InvalidRequest          = "invalid_request"
	InvalidClient           = "invalid_client"
	InvalidGrant            = "invalid_grant"
	InvalidScope            = "invalid_scope"
	UnauthorizedClient      = "unauthorized_client"
	UnsupportedGrantType    = "unsupported_grant_type"
	UnsupportedResponseType = "unsupported_response_type"
	AccessDenied            = "access_denied"
	LoginRequired           = "login_required"
	RequestNotSupported     = "request_not_supported"
	RequestURINotSupported  = "request_uri_not_supported"
	TemporarilyUnavailable  = "temporarily_unavailable"
	serverError             = "server_error"
	invalidToken            = "invalid_token" // RFC 6750 §3.1
	insufficientScope       = "insufficient_scope"
)

// OAuthError is a refusal of the token endpoint, RFC 6749 §5.2. Description is
// ASCII without quotation marks and backslashes.
type OAuthError struct {
	Status      int
	Code        string
	Description string
	RetryAfter  int // seconds, 0 for none
	// Challenge is that of the bearer of an access token, "" for a client.
	Challenge string
	// At is the parameter or header at fault, for those who ask why; "" where none is.
	At    string
	cause error
}

func (e *OAuthError) Error() string { return e.Code + ": " + e.Description }

// Unwrap gives the private cause.
func (e *OAuthError) Unwrap() error { return e.cause }

// Refuse makes a refusal: 401 for invalid_client, else 400.
func Refuse(code, format string, args ...any) *OAuthError {
	status := http.StatusBadRequest
	if code == InvalidClient {
		status = http.StatusUnauthorized
	}
	return &OAuthError{Status: status, Code: code, Description: fmt.Sprintf(format, args...)}
}

// Where returns a copy of e that names what is at fault.
func (e *OAuthError) Where(at string) *OAuthError {
	c := *e
	c.At = at
	return &c
}

// refusedApp is a refusal with the application that it is about.
type refusedApp struct {
	error
	app string
}

func (e *refusedApp) Unwrap() error { return e.error }

// ofApp tells that an error, if it is one, is about an application; "" tells nothing.
func ofApp(app string, err error) error {
	if err == nil || app == "" {
		return err
	}
	return &refusedApp{err, app}
}

// RefusedApp is the id of the application that a refusal is about, for the log; "" when
// that is not known.
func RefusedApp(err error) string {
	var e *refusedApp
	if errors.As(err, &e) {
		return e.app
	}
	return ""
}

// OAuthRefusal is the *OAuthError in err's chain, or what any other error is to
// the client of a token endpoint.
func OAuthRefusal(err error) *OAuthError {
	var e *OAuthError
	if errors.As(err, &e) {
		return e
	}
	s := scimerr.From(err)
	code := InvalidRequest
	switch {
	case s.Challenge != "" && s.Status == http.StatusForbidden:
		code = insufficientScope
	case s.Challenge != "":
		code = invalidToken
	case s.Status == http.StatusServiceUnavailable, s.Status == http.StatusTooManyRequests:
		code = TemporarilyUnavailable
	case s.Status >= http.StatusInternalServerError:
		code = serverError
	}
	return &OAuthError{Status: s.Status, Code: code, Description: s.Detail, RetryAfter: s.RetryAfter, Challenge: s.Challenge, At: s.At, cause: err}
}

// pressed is the answer when secrets cannot be compared now.
func pressed(err error) error {
	switch {
	case errors.Is(err, errTooOften):
		return &OAuthError{
			Status: http.StatusTooManyRequests, Code: TemporarilyUnavailable, RetryAfter: int(ofPair.interval / time.Second),
			Description: "Too many wrong secrets came for this name, or from this address; wait before the next attempt.",
		}
	case errors.Is(err, phc.ErrBusy):
		return &OAuthError{
			Status: http.StatusServiceUnavailable, Code: TemporarilyUnavailable, RetryAfter: 1,
			Description: "Too many clients are authenticating just now; send the request again.",
		}
	}
	return scimerr.Unavailable(err)
}
