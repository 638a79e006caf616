package scimerr

import (
	"net/http"
	"strings"
)

// rulesOfStatus name the rules by which requests are refused without a scimType.
var rulesOfStatus = map[int]string{
	http.StatusBadRequest:            "badRequest",
	http.StatusUnauthorized:          "unauthorized",
	http.StatusForbidden:             "forbidden",
	http.StatusNotFound:              "notFound",
	http.StatusMethodNotAllowed:      "methodNotAllowed",
	http.StatusNotAcceptable:         "notAcceptable",
	http.StatusConflict:              "conflict",
	http.StatusRequestEntityTooLarge: "tooLarge",
	http.StatusRequestURITooLong:     "uriTooLong",
	http.StatusUnsupportedMediaType:  "unsupportedMediaType",
	http.StatusTooManyRequests:       "tooManyRequests",
	http.StatusInternalServerError:   "internal",
	http.StatusNotImplemented:        "notImplemented",
	http.StatusServiceUnavailable:    "unavailable",
}

// RuleOf names the rule of a status, "" for one that is no refusal known here.
func RuleOf(status int) string { return rulesOfStatus[status] }

// Rule is the stable name of the rule by which a request was refused, which
// docs/refusals.md explains: its code, or a name for the status.
func (e *Error) Rule() string {
	if code := e.Code(); code != "" {
		return code
	}
	return RuleOf(e.Status)
}

// Code is the scimType, or the error code of the challenge (RFC 6750 §3.1), "" for
// neither.
func (e *Error) Code() string {
	if e.Challenge == "" {
		return string(e.Type)
	}
	_, rest, _ := strings.Cut(e.Challenge, ` error="`)
	code, _, _ := strings.Cut(rest, `"`)
	return code
}
