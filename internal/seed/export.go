package seed

import (
	"context"
	"strings"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/scim"
)

// Export adds the resources of a tenant to w, whose Tenant was called. With a key it
// adds passwords and secrets, sealed. hidden are the users that no list shows, by
// id: see scim.SeedExport.
func Export(ctx context.Context, service *scim.Service, t *scim.Tenant, w *Writer, key *SealingKey, hidden map[string]string) error {
	o := scim.SeedExport{Secrets: key != nil, Names: hidden}
	for _, rt := range scim.SeedOrder(t.Registry) {
		endpoint := strings.TrimPrefix(rt.Endpoint, "/")
		err := service.Export(ctx, t, rt, o, func(r scim.SeedResource) error {
			if key != nil {
				id, _ := r.Members.Get("id")
				if sealed := key.sealResource(r.Secrets, place(rt.Name, id.Str())); sealed != "" {
					r.Members.Set(sealedMember, resource.Text(sealed))
				}
			}
			return w.Resource(endpoint, r.Members)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
