package scim

import (
	"context"
	"errors"
	"time"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/store"
)

// Person is what applications may know of a user who signs in to them; "" is what
// the user has not.
type Person struct {
	ID, UserName, DisplayName                   string
	GivenName, FamilyName, MiddleName, NickName string
	ProfileURL, Locale, Zone                    string
	// Email is the primary one, or the first.
	Email    string
	Modified time.Time
}

// Person reads a user of a tenant; nil when there is none.
func (s *Service) Person(ctx context.Context, t *Tenant, id string) (*Person, error) {
	rt := t.Registry.Type(ServiceUserType)
	rec, err := s.store.Get(ctx, t.Space, rt, id, nil)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	tree, err := resource.Decode(rec.Doc)
	if err != nil {
		return nil, err
	}
	text := func(m *resource.Members, name string) string {
		v, _ := m.Get(name)
		return v.Str()
	}
	p := &Person{
		ID: rec.ID, UserName: text(tree, "userName"), DisplayName: text(tree, "displayName"), NickName: text(tree, "nickName"),
		ProfileURL: text(tree, "profileUrl"), Locale: text(tree, "locale"), Zone: text(tree, "timezone"), Modified: rec.Modified,
	}
	if name, ok := tree.Get("name"); ok && name.Kind() == resource.Object {
		m := name.Members()
		p.GivenName, p.FamilyName, p.MiddleName = text(m, "givenName"), text(m, "familyName"), text(m, "middleName")
	}
	if emails, ok := tree.Get("emails"); ok && emails.Kind() == resource.Array {
		for n, e := range emails.Items() {
			if e.Kind() != resource.Object {
				continue
			}
			primary, _ := e.Members().Get("primary")
			if n == 0 || primary.Kind() == resource.Bool && primary.Bool() {
				p.Email = text(e.Members(), "value")
			}
		}
	}
	return p, nil
}
