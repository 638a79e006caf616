// Package scimerr holds the one error type that reaches a SCIM client.
//
// Every refusal is made by a constructor of this package, travels unchanged
// through all layers, and is written in one place (internal/server). An error
// that is not an *Error is internal: the client sees 500 and a fixed sentence,
// the log gets the cause. RFC 7644 §3.12 gives the wire shape.
package scimerr

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// URN of the error message schema, RFC 7644 §3.12.
const URN = "urn:ietf:params:scim:api:messages:2.0:Error"

// Type is a scimType of RFC 7644 table 9. The zero Type is left out of the body.
type Type string

// The scimTypes of RFC 7644 table 9.
const (
	InvalidFilterType Type = "invalidFilter"
	TooManyType       Type = "tooMany"
	UniquenessType    Type = "uniqueness"
	MutabilityType    Type = "mutability"
	InvalidSyntaxType Type = "invalidSyntax"
	InvalidPathType   Type = "invalidPath"
	NoTargetType      Type = "noTarget"
	InvalidValueType  Type = "invalidValue"
	InvalidVersType   Type = "invalidVers"
	SensitiveType     Type = "sensitive"
)

// UnknownName stands in Error.At for an attribute name that no schema knows.
const UnknownName = "unknown name"

// Error is one refusal. Detail is sent to the client and must hold neither a
// secret nor an internal text. At names the attribute, path, header or position at
// fault for the request log; it is a schema name or an offset, never a value.
type Error struct {
	Status int
	Type   Type
	Detail string
	At     string
	// Challenge is the WWW-Authenticate header of a 401.
	Challenge string
	// Allow lists the methods of a 405.
	Allow []string
	// RetryAfter is the header of a 429, in seconds.
	RetryAfter int

	cause error
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d", e.Status)
	if e.Type != "" {
		b.WriteByte(' ')
		b.WriteString(string(e.Type))
	}
	b.WriteString(": ")
	b.WriteString(e.Detail)
	if e.cause != nil {
		b.WriteString(": ")
		b.WriteString(e.cause.Error())
	}
	return b.String()
}

// Unwrap gives the private cause, which is logged and never sent.
func (e *Error) Unwrap() error { return e.cause }

// Where returns a copy of e that names what is at fault: for refusals whose
// constructors are not told, of headers and the like.
func (e *Error) Where(at string) *Error {
	c := *e
	c.At = at
	return &c
}

// WithCause returns a copy of e that carries a private cause.
func (e *Error) WithCause(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// From returns the *Error in err's chain, or an internal one that wraps err.
func From(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Internal(err)
}

// Is reports whether err is a refusal with the given status.
func Is(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == status
}

func bad(t Type, at, format string, args []any) *Error {
	return &Error{Status: http.StatusBadRequest, Type: t, At: at, Detail: fmt.Sprintf(format, args...)}
}

// InvalidFilter is 400 invalidFilter; at is a position or attribute name.
func InvalidFilter(at, format string, args ...any) *Error {
	return bad(InvalidFilterType, at, format, args)
}

// InvalidPath is 400 invalidPath: a PATCH path or sort key that cannot be read.
func InvalidPath(at, format string, args ...any) *Error {
	return bad(InvalidPathType, at, format, args)
}

// InvalidSyntax is 400 invalidSyntax: the message's structure is broken.
func InvalidSyntax(at, format string, args ...any) *Error {
	return bad(InvalidSyntaxType, at, format, args)
}

// InvalidValue is 400 invalidValue: a value does not fit the schema.
func InvalidValue(at, format string, args ...any) *Error {
	return bad(InvalidValueType, at, format, args)
}

// Mutability is 400 mutability: the attribute may not be changed so.
func Mutability(at, format string, args ...any) *Error {
	return bad(MutabilityType, at, format, args)
}

// NoTarget is 400 noTarget: a PATCH path selects nothing.
func NoTarget(at, format string, args ...any) *Error {
	return bad(NoTargetType, at, format, args)
}

// TooMany is 400 tooMany: answering would look at more resources than allowed.
func TooMany(at, format string, args ...any) *Error {
	return bad(TooManyType, at, format, args)
}

// BadRequest is 400 without a scimType, for HTTP-level mistakes.
func BadRequest(format string, args ...any) *Error { return bad("", "", format, args) }

// Uniqueness is 409 uniqueness; attr is the attribute whose value is taken.
func Uniqueness(attr string) *Error {
	return &Error{
		Status: http.StatusConflict, Type: UniquenessType, At: attr,
		Detail: fmt.Sprintf("The value of %s is already in use by another resource.", attr),
	}
}

// Conflict is 409 without a scimType.
func Conflict(format string, args ...any) *Error {
	return &Error{Status: http.StatusConflict, Detail: fmt.Sprintf(format, args...)}
}

// NotFound is 404; RFC 7644 gives it no scimType.
func NotFound(format string, args ...any) *Error {
	return &Error{Status: http.StatusNotFound, Detail: fmt.Sprintf(format, args...)}
}

// Unauthorized is 401 with its challenge (RFC 6750 §3).
func Unauthorized(challenge, format string, args ...any) *Error {
	return &Error{Status: http.StatusUnauthorized, Challenge: challenge, Detail: fmt.Sprintf(format, args...)}
}

// Forbidden is 403.
func Forbidden(format string, args ...any) *Error {
	return &Error{Status: http.StatusForbidden, Detail: fmt.Sprintf(format, args...)}
}

// MethodNotAllowed is 405 with the methods that would be allowed.
func MethodNotAllowed(method string, allow []string) *Error {
	return &Error{
		Status: http.StatusMethodNotAllowed, Allow: allow,
		Detail: fmt.Sprintf("%s is not allowed here; use %s.", method, strings.Join(allow, ", ")),
	}
}

// NotAcceptable is 406.
func NotAcceptable(format string, args ...any) *Error {
	return &Error{Status: http.StatusNotAcceptable, Detail: fmt.Sprintf(format, args...)}
}

// TooLarge is 413.
func TooLarge(format string, args ...any) *Error {
	return &Error{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf(format, args...)}
}

// URITooLong is 414.
func URITooLong(format string, args ...any) *Error {
	return &Error{Status: http.StatusRequestURITooLong, Detail: fmt.Sprintf(format, args...)}
}

// Busy is 429: the same request may be sent again in a second.
func Busy(format string, args ...any) *Error {
	return &Error{Status: http.StatusTooManyRequests, Detail: fmt.Sprintf(format, args...), RetryAfter: 1}
}

// UnsupportedMediaType is 415.
func UnsupportedMediaType(format string, args ...any) *Error {
	return &Error{Status: http.StatusUnsupportedMediaType, Detail: fmt.Sprintf(format, args...)}
}

// NotImplemented is 501: an optional feature that this server does not offer.
func NotImplemented(format string, args ...any) *Error {
	return &Error{Status: http.StatusNotImplemented, Detail: fmt.Sprintf(format, args...)}
}

// Faithful is 500 with the text of the tenant's own answer, where a profile asks
// for the tenant's status codes.
func Faithful(detail string) *Error {
	return &Error{Status: http.StatusInternalServerError, Detail: detail}
}

// Unavailable is 503: the database cannot be reached or the server is stopping.
func Unavailable(cause error) *Error {
	return &Error{
		Status: http.StatusServiceUnavailable,
		Detail: "The service cannot answer just now; try again.", cause: cause,
	}
}

// Internal is 500. The cause is logged; the client gets a fixed sentence.
func Internal(cause error) *Error {
	return &Error{
		Status: http.StatusInternalServerError,
		Detail: "An internal error occurred; the request id in X-Request-Id leads to it in the server's log.",
		cause:  cause,
	}
}
