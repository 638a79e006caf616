package auth

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/store"
)

// scopes are those that an application may have, with the rights of each. An
// application without a list of its own has all of them; what it may do is
// bounded by its own rights all the same.
var scopes = []rightName{
	{"scim", All},
	{"api", All},
	{"user_management", UsersRead | UsersWrite | GroupsRead | GroupsWrite},
	{"privileged_cloud_admin", VaultRead | VaultWrite},
}

// The scopes of OpenID Connect, which any application may ask for that people sign
// in to. OfflineAccess asks for a refresh token, which all of them get that may use
// one.
const (
	OpenID        = "openid"
	Profile       = "profile"
	Email         = "email"
	OfflineAccess = "offline_access"
)

var personalScopes = []string{OpenID, Profile, Email, OfflineAccess}

// AllScopes are those and the ones of ScopeNames.
func AllScopes() []string { return append(ScopeNames(), personalScopes...) }

// SignsIn tells that people may sign in to an application.
func SignsIn(app *store.Application) bool {
	return Allows(app, AuthorizationCode) || Allows(app, PasswordGrant)
}

// personGrant chooses the scopes of a token for somebody who signs in. A request that
// names none tells who it is, unless people may do more.
func personGrant(app *store.Application, asked string) (string, error) {
	allowed := app.Scopes
	switch {
	case strings.TrimSpace(asked) != "":
		allowed = PersonScopes(app)
	case app.PersonRights == "":
		return OpenID, nil
	}
	granted, ok := grant(allowed, asked)
	if !ok {
		return "", noScope(allowed)
	}
	return granted, nil
}

// PersonScopes are all scopes that people may be asked for by an application.
func PersonScopes(app *store.Application) string {
	return strings.Join(append(strings.Fields(app.Scopes), personalScopes...), " ")
}

func hasScope(granted, scope string) bool { return slices.Contains(strings.Fields(granted), scope) }

// usualScope is granted to a request that names none, if the application has it.
const usualScope = "scim"

// ParseScopes reads scopes separated by blanks or commas, in any letter case,
// and gives them in the form that is stored. Without any it gives all.
func ParseScopes(text string) (string, error) {
	words := strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' })
	if len(words) == 0 {
		return strings.Join(ScopeNames(), " "), nil
	}
	var out []string
	for _, w := range words {
		name := strings.ToLower(w)
		if !slices.Contains(ScopeNames(), name) {
			return "", fmt.Errorf("%q is not a scope: use %s", w, strings.Join(ScopeNames(), ", "))
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return strings.Join(out, " "), nil
}

// ScopeNames are the names of all scopes.
func ScopeNames() []string {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = s.name
	}
	return names
}

// grant chooses the scopes of a token: those asked for, in any letter case and
// each once, or what is usual. ok is false when the application has one not.
func grant(allowed, asked string) (granted string, ok bool) {
	has := strings.Fields(allowed)
	words := strings.Fields(asked)
	if len(words) == 0 {
		if slices.Contains(has, usualScope) {
			return usualScope, true
		}
		return allowed, allowed != ""
	}
	var out []string
	for _, w := range words {
		name := strings.ToLower(w)
		if !slices.Contains(has, name) {
			return "", false
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return strings.Join(out, " "), true
}

// scopeRights are the rights of the scopes of a token together.
func scopeRights(granted string) Rights {
	var r Rights
	for _, w := range strings.Fields(granted) {
		for _, s := range scopes {
			if s.name == w {
				r |= s.rights
			}
		}
	}
	return r
}
