package scim

import (
	"context"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/store"
)

// ServiceUserSetting names, among a tenant's settings, the one that holds the id
// of its service user.
const ServiceUserSetting = "serviceUser"

// EnsureServiceUser gives the principal of the service user that every tenant
// is born with, and makes the user when it is not there. The user is hidden
// from lists (design table, "principals"). Several processes may call it at
// once: the setting decides whose user stays.
func (s *Service) EnsureServiceUser(ctx context.Context, t *Tenant) (store.Principal, error) {
	key := store.TenantSettings(t.ID) + ServiceUserSetting
	rt := t.Registry.Type("User")
	userName := "scimd-service@" + t.Name
	p := store.Principal{Kind: "service", Display: userName}
	id, ok, err := s.store.Setting(ctx, key)
	if err != nil {
		return p, err
	}
	if !ok {
		made := t.NewID(rt)
		if vaultNumbers(t.Profile) {
			made = "0" // no resource has this number
		}
		if id, err = s.store.SetSetting(ctx, key, made); err != nil {
			return p, err
		}
	}
	p.ID = id
	if _, err = s.store.Get(ctx, t.Space, rt, id, nil); err == nil {
		return p, nil
	}
	tree := &resource.Members{}
	setAttribute(tree, rt.Core("userName"), resource.Text(userName))
	setAttribute(tree, rt.Core("displayName"), resource.Text(userName))
	setAttribute(tree, rt.Core("active"), resource.Truth(true))
	if err := finish(t, rt, nil, tree); err != nil {
		return p, err
	}
	now := t.now()
	r := &store.Resource{Type: rt, ID: id, Version: 1, Created: now, Modified: now, Body: tree, Hidden: true}
	c := &Call{Tenant: t, Principal: p}
	if _, err = s.insert(ctx, c, r, nil, nil, nil); err != nil {
		// Another process may have made it meanwhile.
		if _, again := s.store.Get(ctx, t.Space, rt, id, nil); again == nil {
			return p, nil
		}
	}
	return p, err
}
