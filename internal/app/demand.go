package app

import (
	"context"
	"net/http"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/scim"
)

// demand makes tenants at the first use of their names, for whoever has the token
// of the options. They are removed at an age, if it is not 0.
func demand(known *directory, a *auth.Authenticator, m *control.Audited, age time.Duration) func(context.Context, string, http.Header) (*scim.Tenant, error) {
	return func(ctx context.Context, name string, header http.Header) (*scim.Tenant, error) {
		if scim.ValidTenantName(name) && a.Fixed(header) {
			if err := m.Demand(ctx, name, age); err != nil {
				return nil, err
			}
		}
		return known.Named(ctx, name)
	}
}
