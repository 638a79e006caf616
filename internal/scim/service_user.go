package scim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// ServiceUserSetting names, among a tenant's settings, the one that holds the id
// of its service user.
const ServiceUserSetting = "serviceUser"

// ServiceUserType is the resource type of service users.
const ServiceUserType = "User"

// EnsureServiceUser gives the principal of the service user that every tenant
// is born with, and makes the user when it is not there. The user is hidden
// from lists (design table, "principals"). Several processes may call it at
// once: the setting decides whose user stays.
func (s *Service) EnsureServiceUser(ctx context.Context, t *Tenant) (store.Principal, error) {
	key := store.TenantSettings(t.ID) + ServiceUserSetting
	rt := t.Registry.Type(ServiceUserType)
	userName := serviceUserName(t.Name)
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
	r, err := newServiceUser(t, userName)
	if err != nil {
		return p, err
	}
	r.ID = id
	c := &Call{Tenant: t, Principal: p}
	err = s.store.Do(ctx, t.Space, func(tx store.Tx) error {
		if err := tx.Stay(t.ID); err != nil {
			return err
		}
		made := *r
		made.Body = r.Body.Clone()
		return c.add(tx, &made, nil, nil)
	})
	switch {
	case errors.Is(err, store.ErrMoved), errors.Is(err, store.ErrNotFound):
		return p, nil // it is in the tenant's new space, or gone with the tenant
	case err != nil:
		// Another process may have made it meanwhile.
		if _, again := s.store.Get(ctx, t.Space, rt, id, nil); again == nil {
			return p, nil
		}
	}
	return p, err
}

// serviceUserName is what the service user of a tenant of that name is called.
func serviceUserName(tenant string) string { return "scimd-service@" + tenant }

// newServiceUser is a service user to be inserted: a User that no list shows.
func newServiceUser(t *Tenant, userName string) (*store.Resource, error) {
	rt := t.Registry.Type(ServiceUserType)
	tree := &resource.Members{}
	setAttribute(tree, rt.Core("userName"), resource.Text(userName))
	setAttribute(tree, rt.Core("displayName"), resource.Text(userName))
	setAttribute(tree, rt.Core("active"), resource.Truth(true))
	now := t.now()
	return &store.Resource{Type: rt, Version: 1, Created: now, Modified: now, Body: tree, Hidden: true}, finish(t, rt, nil, tree)
}

// AddServiceUser makes a service user and, in the same transaction, what then
// keeps for its id; 409 when the userName is in use, store.ErrNotFound without the
// tenant, store.ErrMoved when it has another space by now. It may run then several
// times.
func (s *Service) AddServiceUser(ctx context.Context, t *Tenant, userName string, then func(tx store.Tx, id string) error) error {
	by, err := s.EnsureServiceUser(ctx, t)
	if err != nil {
		return err
	}
	r, err := newServiceUser(t, userName)
	if err != nil {
		return err
	}
	c := &Call{Tenant: t, Principal: by}
	add := func() error {
		return s.store.Do(ctx, t.Space, func(tx store.Tx) error {
			// First, as in a space that the tenant has left others may have the name.
			if err := tx.Stay(t.ID); err != nil {
				return err
			}
			made := *r
			made.Body = r.Body.Clone()
			if err := c.add(tx, &made, nil, nil); err != nil {
				return err
			}
			return then(tx, made.ID)
		})
	}
	for range strayTries {
		if err = add(); !scimerr.Is(err, 409) {
			return err
		}
		if free, failed := s.removeStray(ctx, c, userName); failed != nil || !free {
			return cmp.Or(failed, err)
		}
	}
	return err
}

// strayTries is how often a login name is taken that restores keep bringing back.
const strayTries = 8

// removeStray deletes a service user that nothing in the tenant stands for: a restore
// has brought it back, and has not removed it yet. free tells that nobody has the
// userName any more.
func (s *Service) removeStray(ctx context.Context, c *Call, userName string) (free bool, err error) {
	rt := c.Tenant.Registry.Type(ServiceUserType)
	rec, err := s.named(ctx, c, rt, userName)
	if err != nil || rec == nil {
		return err == nil, err
	}
	if !rec.Hidden || rec.ID == c.Principal.ID {
		return false, nil
	}
	applications, err := s.store.Applications(ctx, c.Tenant.ID)
	if err != nil || slices.ContainsFunc(applications, func(a store.Application) bool { return a.UserID == rec.ID }) {
		return false, err
	}
	err = s.remove(ctx, c, rt, rec.ID, func(store.Tx) error { return nil })
	if scimerr.Is(err, 404) { // another was first
		err = nil
	}
	return err == nil, err
}

// RemoveServiceUser deletes a service user, unless it has gone already, and runs
// then in the same transaction.
func (s *Service) RemoveServiceUser(ctx context.Context, t *Tenant, id string, then func(store.Tx) error) error {
	by, err := s.EnsureServiceUser(ctx, t)
	if err != nil {
		return err
	}
	rt := t.Registry.Type(ServiceUserType)
	err = s.remove(ctx, &Call{Tenant: t, Principal: by}, rt, id, then)
	if scimerr.Is(err, 404) {
		err = s.store.Do(ctx, t.Space, then)
	}
	return err
}

// SetActive makes a user active or not, as the tenant's service user would. Its own
// it cannot deactivate (403).
func (s *Service) SetActive(ctx context.Context, t *Tenant, id string, active bool) error {
	by, err := s.EnsureServiceUser(ctx, t)
	if err != nil {
		return err
	}
	body := fmt.Appendf(nil, `{"schemas":[%q],"Operations":[{"op":"replace","path":"active","value":%t}]}`, urnPatchOp, active)
	_, err = s.Patch(ctx, &Call{Tenant: t, Principal: by}, t.Registry.Type(ServiceUserType), id, body, &Params{})
	return err
}

// guardServiceUser keeps the tokens of people from service users, whose ends would
// end what applications do.
func (c *Call) guardServiceUser(rec *store.Record) error {
	if rec.Hidden && c.Principal.Kind == personKind {
		return scimerr.Forbidden("A token of somebody who signed in cannot change or delete a service user.")
	}
	return nil
}

// personKind is the kind of principals that are people.
const personKind = "user"

// MayAct tells whether tokens of a user are good: it is there and not inactive.
func (s *Service) MayAct(ctx context.Context, t *Tenant, userID string) (bool, error) {
	there, idle, err := s.stands(ctx, t, userID)
	return there && !idle, err
}

// Inactive tells that a user is there and inactive.
func (s *Service) Inactive(ctx context.Context, t *Tenant, userID string) (bool, error) {
	_, idle, err := s.stands(ctx, t, userID)
	return idle, err
}

// stands tells whether a user is there, and whether it is inactive.
func (s *Service) stands(ctx context.Context, t *Tenant, userID string) (there, idle bool, err error) {
	rt := t.Registry.Type(ServiceUserType)
	rec, err := s.reads.Get(ctx, t.Space, rt, userID, nil)
	if errors.Is(err, store.ErrNotFound) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	tree, err := resource.Decode(rec.Doc)
	if err != nil {
		return false, false, err
	}
	return true, inactive(rt, tree), nil
}

// endSessions ends where a user has signed in, when a change leaves it inactive or
// gives it another password: so no token of it stays good, at any server.
func (c *Call) endSessions(tx store.Tx, r *store.Resource, before *resource.Members, secrets *confidential) error {
	if r.Type.Name != ServiceUserType {
		return nil
	}
	if password := secrets != nil && secrets.password != nil; !password && (inactive(r.Type, before) || !inactive(r.Type, r.Body)) {
		return nil
	}
	return tx.EndSessions(c.Tenant.ID, r.ID, c.Tenant.now())
}

// inactive tells that a tree says so of its resource.
func inactive(rt *schema.ResourceType, tree *resource.Members) bool {
	a := rt.Core("active")
	if a == nil {
		return false
	}
	v := getAttribute(tree, a)
	return v.Kind() == resource.Bool && !v.Bool()
}
