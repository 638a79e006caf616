package auth

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/scimd/scimd/internal/scimerr"
)

// FromBasic reads Basic credentials (RFC 7617) as a bearer token: the password,
// whatever the user name. Other headers are returned as they are.
func FromBasic(header http.Header) http.Header {
	values := header.Values("Authorization")
	if len(values) != 1 {
		return header
	}
	scheme, text, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Basic") {
		return header
	}
	pair, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	_, password, ok := strings.Cut(string(pair), ":")
	if err != nil || !ok {
		return header
	}
	return http.Header{"Authorization": {"Bearer " + password}}
}

// OfferBasic makes the challenge of a 401 one for Basic credentials.
func OfferBasic(err error) error {
	var e *scimerr.Error
	if !errors.As(err, &e) || e.Challenge == "" {
		return err
	}
	basic := *e
	basic.Challenge = `Basic realm="scim"`
	return &basic
}
