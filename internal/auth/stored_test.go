package auth

import (
	"slices"
	"testing"

	"github.com/scimd/scimd/internal/phc"
	"github.com/scimd/scimd/internal/store"
)

func TestWhatIsStoredOfWhoMayComeInCanBeReadOrIsNamed(t *testing.T) {
	t.Parallel()
	hash := phc.Hash("x", phc.Cost{Passes: 1, Memory: 8, Threads: 1})
	good := store.Application{Rights: "all", Scopes: "scim", Grants: "client_credentials", Secret: hash}
	public := store.Application{Rights: "all", Scopes: "scim", Grants: "authorization_code", Redirects: "https://a.example/", Public: true}
	changed := func(a store.Application, change func(*store.Application)) store.Application {
		change(&a)
		return a
	}
	for _, row := range []struct {
		row  any
		want []string
	}{
		{good, nil}, {public, nil},
		{changed(good, func(a *store.Application) { a.Secret = "" }), []string{"secret"}},
		{changed(good, func(a *store.Application) { a.Secret = hash[:20] }), []string{"secret"}},
		{changed(public, func(a *store.Application) { a.Secret = hash }), []string{"secret"}},
		{changed(public, func(a *store.Application) { a.Redirects = "" }), []string{"grants"}},
		{changed(good, func(a *store.Application) { a.Scopes, a.Rights, a.PersonRights = "", "none", "x" }), []string{"rights", "person_rights", "scopes"}},
		{store.Tenant{}, nil}, {store.Tenant{Trust: "{"}, []string{"trust"}}, {store.Tenant{Trust: `[{"name":"a"}]`}, []string{"trust"}},
		{store.Token{Rights: "read"}, nil}, {store.Token{}, []string{"rights"}},
		{store.Session{About: "{}"}, nil}, {store.Session{}, []string{"about"}},
		{store.PasswordHash(hash), nil}, {store.PasswordHash("x"), []string{"hash"}},
	} {
		if got := Unreadable(row.row); !slices.Equal(got, row.want) {
			t.Errorf("%+v: %q, want %q", row.row, got, row.want)
		}
	}
}
