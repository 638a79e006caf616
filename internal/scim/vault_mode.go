package scim

import (
	"context"
	"errors"
	"slices"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// vaultExtensions are what users and groups of a vault carry (cyberark-scim
// section 14), by resource type name.
var vaultExtensions = map[string]string{
	"User":  "urn:ietf:params:scim:schemas:cyberark:1.0:User",
	"Group": "urn:ietf:params:scim:schemas:cyberark:1.0:Group",
}

// vaultDirectory is the directoryType of users and groups of a vault.
const vaultDirectory = "Vault"

// vaultOrigin marks new users and groups of a vault with their directory.
func vaultOrigin(p *Profile, rt *schema.ResourceType, before, after *resource.Members) error {
	if a := rt.Lookup(vaultExtensions[rt.Name], "directoryType", ""); p.VaultMode != "off" && before == nil && getAttribute(after, a).Unassigned() {
		setAttribute(after, a, resource.Text(vaultDirectory))
	}
	return nil
}

// onlyFilters are the attributes that alone can be filtered by, with eq, in a
// self-hosted vault (cyberark-scim 6.3), by resource type name.
var onlyFilters = map[string]string{"Group": "displayName"}

// checkFilter refuses a filter that the tenant's vault does not know.
func (t *Tenant) checkFilter(rt *schema.ResourceType, p filter.Predicate) error {
	only := onlyFilters[rt.Name]
	if only == "" || t.Profile.VaultMode != "selfHosted" {
		return nil
	}
	a := rt.Core(only)
	if c, ok := p.(*filter.Compare); ok && c.Attr == a && c.Op == filter.Eq {
		return nil
	}
	return scimerr.InvalidFilter(a.Path, "A %s is found by %s with eq only.", rt.Name, a.Path)
}

// admit refuses users who may not become members of safes, as if they were not
// there (switch vaultProvisioning).
func (s *Service) admit(ctx context.Context, c *Call, rt *schema.ResourceType, named []naming) error {
	if c.Tenant.Profile.VaultProvisioning == "all" {
		return nil
	}
	for i := range named {
		n := &named[i]
		if n.col.relation != store.Grantee || len(n.ids) == 0 {
			continue
		}
		for _, user := range n.col.types(c.Tenant.Registry) {
			ok, err := s.hasVault(ctx, c, user, n.ids[0])
			if err != nil {
				return err
			}
			if !ok {
				return c.unknownLink(rt.Core(n.col.name), n.col, n.said())
			}
		}
	}
	return nil
}

// provisioned are the resource types whose resources need access to the vault.
var provisioned = map[string]bool{"User": true}

// hasVault tells that a user has access to the vault; groups always have. So has
// what is not there: that it is not is said elsewhere.
func (s *Service) hasVault(ctx context.Context, c *Call, rt *schema.ResourceType, id string) (bool, error) {
	if !provisioned[rt.Name] || !plausibleID(id) {
		return true, nil
	}
	rec, err := s.store.Get(ctx, c.Tenant.Space, rt, id, []store.Want{{Relation: store.Member, Reverse: true, Transitive: true}})
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if c.Tenant.Profile.VaultProvisioning == "role" {
		role := schema.Fold(c.Tenant.Profile.VaultRole)
		return slices.ContainsFunc(rec.Links, func(l store.Link) bool { return schema.Fold(l.Display) == role }), nil
	}
	tree, err := resource.Decode(rec.Doc)
	return err == nil && container(tree, vaultExtensions[rt.Name]).Len() > 0, err
}
