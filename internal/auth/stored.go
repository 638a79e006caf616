package auth

import (
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/phc"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/store"
)

// Unreadable names the columns of a stored row of which nothing can be made here, so
// that whom it is about cannot come in: see store.CheckOptions.
func Unreadable(row any) (columns []string) {
	unless := func(good bool, column string) {
		if !good {
			columns = append(columns, column)
		}
	}
	switch row := row.(type) {
	case store.Tenant:
		trust, faults := scim.StoredTrust(row.Trust)
		unless(faults == nil && !slices.ContainsFunc(trust, func(i *scim.TrustedIssuer) bool { return CheckIssuer(i) != nil }), "trust")
	case store.Token:
		_, err := ParseRights(row.Rights)
		unless(err == nil, "rights")
	case store.Application:
		_, err := ParseRights(row.Rights)
		unless(err == nil, "rights")
		_, err = ParsePersonRights(row.PersonRights)
		unless(err == nil, "person_rights")
		_, err = ParseScopes(row.Scopes)
		unless(err == nil && row.Scopes != "", "scopes")
		redirects := strings.Fields(row.Redirects)
		_, err = ParseRedirects(redirects)
		unless(err == nil, "redirects")
		_, err = ParseGrants([]string{row.Grants}, row.Public, len(redirects) > 0, false)
		unless(err == nil && row.Grants != "", "grants")
		unless(row.Secret == "" && row.Public || !row.Public && phc.Readable(row.Secret), "secret")
	case store.Session:
		_, err := opened(row)
		unless(err == nil, "about")
	case store.PasswordHash:
		unless(phc.Readable(string(row)), "hash")
	}
	return columns
}
