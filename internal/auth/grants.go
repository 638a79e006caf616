package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ParseGrants chooses the grant types of an application, in the form that is
// stored. Without any named they follow from what it is: client credentials with a
// secret, codes with redirect URIs. Whoever signs people in has refresh tokens,
// unless without.
func ParseGrants(named []string, public, redirects, without bool) (string, error) {
	var out []string
	for _, text := range named {
		for _, word := range strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' }) {
			name := strings.ToLower(word)
			if !slices.Contains(GrantTypes(), name) {
				return "", fmt.Errorf("%q is not a grant type: use %s", word, strings.Join(GrantTypes(), ", "))
			}
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	if len(out) == 0 {
		if !public {
			out = append(out, ClientCredentials)
		}
		if redirects || public {
			out = append(out, AuthorizationCode)
		}
	}
	people := slices.Contains(out, AuthorizationCode) || slices.Contains(out, PasswordGrant)
	has := slices.Contains(out, RefreshGrant)
	switch {
	case public && slices.Contains(out, ClientCredentials):
		return "", errors.New("a public application has no secret, and so no client_credentials")
	case slices.Contains(out, AuthorizationCode) && !redirects:
		return "", errors.New("authorization_code needs a redirect URI")
	case has && !people:
		return "", errors.New("refresh_token comes with authorization_code or password")
	case has && without:
		return "", errors.New("refresh_token is asked for and ruled out")
	case people && !has && !without:
		out = append(out, RefreshGrant)
	}
	return strings.Join(out, " "), nil
}
