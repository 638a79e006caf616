package control

import (
	"context"
	"slices"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// Issuer is somebody else whose tokens a tenant accepts.
type Issuer = scim.TrustedIssuer

// Issuers implements Service.
func (d *Direct) Issuers(ctx context.Context, tenant string) ([]*Issuer, error) {
	t, err := d.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	list, _ := scim.StoredTrust(t.Trust) // what cannot be read is in the log
	if list == nil {
		list = []*Issuer{}
	}
	return list, nil
}

// AddIssuer implements Service.
func (d *Direct) AddIssuer(ctx context.Context, tenant string, i Issuer) (*Issuer, error) {
	if err := auth.CheckIssuer(&i); err != nil {
		return nil, scimerr.InvalidValue("issuer", "The issuer cannot be used: %v.", err)
	}
	return &i, d.changeTrust(ctx, tenant, func(name string, list []*Issuer) ([]*Issuer, error) {
		for _, have := range list {
			if have.Name == i.Name || have.Issuer == i.Issuer {
				return nil, scimerr.Conflict("The tenant %s trusts the issuer %s (%s) already; remove it first.", name, have.Name, have.Issuer)
			}
		}
		if len(list) >= auth.MaxTrusted {
			return nil, scimerr.InvalidValue("issuer", "A tenant trusts at most %d issuers.", auth.MaxTrusted)
		}
		return append(list, &i), nil
	})
}

// RemoveIssuer implements Service.
func (d *Direct) RemoveIssuer(ctx context.Context, tenant, issuer string) error {
	return d.changeTrust(ctx, tenant, func(name string, list []*Issuer) ([]*Issuer, error) {
		left := slices.DeleteFunc(slices.Clone(list), func(i *Issuer) bool { return i.Name == issuer })
		if len(left) == len(list) {
			return nil, scimerr.NotFound("The tenant %s trusts no issuer %s.", name, issuer)
		}
		return left, nil
	})
}

// changeTrust changes the issuers of a tenant. Those that cannot be read go by the
// way. change may run more than once.
func (d *Direct) changeTrust(ctx context.Context, tenant string, change func(name string, list []*Issuer) ([]*Issuer, error)) error {
	t, err := d.tenant(ctx, tenant)
	if err != nil {
		return err
	}
	ctx, done := toTheEnd(ctx)
	defer done()
	_, err = d.Store.UpdateTenant(ctx, t.ID, func(t *store.Tenant) error {
		list, _ := scim.StoredTrust(t.Trust)
		list, err := change(t.Name, list)
		if err == nil {
			t.Trust = scim.TrustText(list)
		}
		return err
	})
	if err != nil {
		return d.taken(err, t.Name)
	}
	return d.Changed(ctx)
}
