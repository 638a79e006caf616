package control

import (
	"context"
	"strings"

	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// ServiceUser is a user of a tenant that stands for no person. AppID is its
// application, "" for the one that tokens stand for.
type ServiceUser struct {
	ID       string `json:"id" doc:"Id of the user."`
	UserName string `json:"userName" doc:"Its userName."`
	AppID    string `json:"appId,omitempty" doc:"Its application; absent from the one that tokens stand for."`
	Tenant   string `json:"tenant" doc:"Its tenant."`
	Active   bool   `json:"active" doc:"Whether its tokens are good."`
}

// serviceUserChange is the body of a change.
type serviceUserChange struct {
	Active *bool `json:"active" doc:"Whether its tokens are good."`
}

// ServiceUsers implements Service.
func (d *Direct) ServiceUsers(ctx context.Context, tenant string) ([]ServiceUser, error) {
	t, err := d.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return d.serviceUsers(ctx, t)
}

func (d *Direct) serviceUsers(ctx context.Context, t store.Tenant) ([]ServiceUser, error) {
	own, err := d.ServiceUser(ctx, t)
	if err != nil {
		return nil, err
	}
	apps, err := d.Store.Applications(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	out := []ServiceUser{{ID: own.ID, UserName: own.Display, Tenant: t.Name}}
	for _, a := range apps {
		out = append(out, ServiceUser{ID: a.UserID, UserName: a.ClientID, AppID: a.ID, Tenant: t.Name})
	}
	for i := range out {
		if out[i].Active, err = d.MayAct(ctx, t, out[i].ID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// SetServiceUser implements Service.
func (d *Direct) SetServiceUser(ctx context.Context, tenant, user string, active bool) (*ServiceUser, error) {
	t, err := d.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	list, err := d.serviceUsers(ctx, t)
	if err != nil {
		return nil, err
	}
	for _, u := range list {
		if user == "" || !strings.EqualFold(user, u.ID) && !strings.EqualFold(user, u.UserName) && !strings.EqualFold(user, u.AppID) {
			continue
		}
		if err := d.SetActive(ctx, t, u.ID, active); err != nil {
			return nil, err
		}
		u.Active = active
		return &u, nil
	}
	return nil, scimerr.NotFound("The tenant %s has no service user %s.", t.Name, user)
}
