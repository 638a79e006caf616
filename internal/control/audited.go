package control

import (
	"context"
	"net"
	"net/http"

	"github.com/scimd/scimd/internal/audit"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// operator is who runs commands: whoever can read the data directory.
var operator = store.Principal{Kind: "operator"}

// Audited is Direct that tells of everything that it changes, done or refused.
type Audited struct {
	*Direct
	// Keep has written a row of the audit log when it returns; Record, for what was
	// refused, does not wait.
	Keep   func(context.Context, store.Audit)
	Record func(store.Audit)
}

// tell records an action on a tenant, "" for the server. An id is told only of what
// there is: what was asked for in vain may be anything, a secret by mistake.
func (a *Audited) tell(ctx context.Context, action, tenant, typ, id string, err error) {
	row := store.Audit{Space: store.ServerSpace, Category: store.AuditManagement, Action: action, Type: typ, Principal: operator, RequestID: requestOf(ctx)}
	if err != nil {
		e := scimerr.From(err)
		row.Status, row.Code = e.Status, string(e.Type)
	} else {
		row.ID = id
	}
	if tenant != "" {
		if t, err := a.tenant(context.WithoutCancel(ctx), tenant); err == nil {
			row.Space = t.Home
		}
	}
	if err != nil {
		a.Record(row)
		return
	}
	a.Keep(ctx, row)
}

// refused tells of a request without the control token.
func (a *Audited) refused(r *http.Request, id string) {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	a.Record(store.Audit{
		Space: store.ServerSpace, Category: store.AuditRefusal, Action: "control", Status: http.StatusUnauthorized, Address: host, RequestID: id,
	})
}

// CreateTenant implements Service.
func (a *Audited) CreateTenant(ctx context.Context, n NewTenant) (*MadeTenant, error) {
	t, err := a.Direct.CreateTenant(ctx, n)
	id := ""
	if err == nil {
		id = t.Name
		a.tell(ctx, "token.create", t.Name, "Token", t.FirstToken.ID, nil)
	}
	a.tell(ctx, "tenant.create", "", "Tenant", id, err)
	return t, err
}

// UpdateTenant implements Service.
func (a *Audited) UpdateTenant(ctx context.Context, name string, c TenantChange) (*Tenant, error) {
	t, err := a.Direct.UpdateTenant(ctx, name, c)
	a.tell(ctx, "tenant.update", orDefault(name), "Tenant", name, err)
	return t, err
}

// DeleteTenant implements Service.
func (a *Audited) DeleteTenant(ctx context.Context, name string) error {
	err := a.Direct.DeleteTenant(ctx, name)
	a.tell(ctx, "tenant.delete", "", "Tenant", name, err)
	return err
}

// CreateToken implements Service.
func (a *Audited) CreateToken(ctx context.Context, n NewToken) (*Token, error) {
	t, err := a.Direct.CreateToken(ctx, n)
	id := ""
	if err == nil {
		id = t.ID
	}
	a.tell(ctx, "token.create", orDefault(n.Tenant), "Token", id, err)
	return t, err
}

// RevokeToken implements Service.
func (a *Audited) RevokeToken(ctx context.Context, tenant, idOrName string) (*Token, error) {
	t, err := a.Direct.RevokeToken(ctx, tenant, idOrName)
	id := ""
	if err == nil {
		id = t.ID
	}
	a.tell(ctx, "token.revoke", orDefault(tenant), "Token", id, err)
	return t, err
}

// CreateApplication implements Service.
func (a *Audited) CreateApplication(ctx context.Context, n NewApplication) (*Application, error) {
	made, err := a.Direct.CreateApplication(ctx, n)
	a.tell(ctx, "application.create", orDefault(n.Tenant), "Application", n.AppID, err)
	return made, err
}

// RotateApplication implements Service.
func (a *Audited) RotateApplication(ctx context.Context, tenant, id string) (*Application, error) {
	rotated, err := a.Direct.RotateApplication(ctx, tenant, id)
	a.tell(ctx, "application.rotate", orDefault(tenant), "Application", id, err)
	return rotated, err
}

// DeleteApplication implements Service.
func (a *Audited) DeleteApplication(ctx context.Context, tenant, id string) error {
	err := a.Direct.DeleteApplication(ctx, tenant, id)
	a.tell(ctx, "application.delete", orDefault(tenant), "Application", id, err)
	return err
}

// RotateSigningKey implements Service.
func (a *Audited) RotateSigningKey(ctx context.Context, tenant string, dropOld bool) ([]SigningKey, error) {
	list, err := a.Direct.RotateSigningKey(ctx, tenant, dropOld)
	a.tell(ctx, "signing-key.rotate", orDefault(tenant), "SigningKey", "", err)
	return list, err
}

// RotateKeys implements Service.
func (a *Audited) RotateKeys(ctx context.Context) (*Rotation, error) {
	r, err := a.Direct.RotateKeys(ctx)
	id := ""
	if err == nil {
		id = r.Key
	}
	a.tell(ctx, "data-key.rotate", "", "DataKey", id, err)
	return r, err
}

// ChangeMaster implements Service.
func (a *Audited) ChangeMaster(ctx context.Context, n NewMaster) (*Master, error) {
	m, err := a.Direct.ChangeMaster(ctx, n)
	a.tell(ctx, "master-key.change", "", "MasterKey", "", err)
	return m, err
}

func orDefault(tenant string) string {
	if tenant == "" {
		return DefaultTenant
	}
	return tenant
}

// Audit implements Service.
func (d *Direct) Audit(ctx context.Context, tenant string, q audit.Query) (*audit.Page, error) {
	if tenant == "" {
		return audit.Read(ctx, d.Store, store.ServerSpace, "", q)
	}
	t, err := d.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return audit.Read(ctx, d.Store, t.Home, t.Name, q)
}

// SetServiceUser implements Service.
func (a *Audited) SetServiceUser(ctx context.Context, tenant, user string, active bool) (*ServiceUser, error) {
	u, err := a.Direct.SetServiceUser(ctx, tenant, user, active)
	action, id := "service-user.deactivate", ""
	if active {
		action = "service-user.activate"
	}
	if err == nil {
		id = u.ID
	}
	a.tell(ctx, action, orDefault(tenant), "User", id, err)
	return u, err
}

// AddIssuer implements Service.
func (a *Audited) AddIssuer(ctx context.Context, tenant string, i Issuer) (*Issuer, error) {
	added, err := a.Direct.AddIssuer(ctx, tenant, i)
	a.tell(ctx, "issuer.add", orDefault(tenant), "Issuer", i.Name, err)
	return added, err
}

// RemoveIssuer implements Service.
func (a *Audited) RemoveIssuer(ctx context.Context, tenant, issuer string) error {
	err := a.Direct.RemoveIssuer(ctx, tenant, issuer)
	a.tell(ctx, "issuer.remove", orDefault(tenant), "Issuer", issuer, err)
	return err
}
