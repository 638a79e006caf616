package main

import (
	"context"
	"fmt"
)

// aggregate reads as the RBAC connector does: four collections, in lower case,
// joined on the client's side by user.value and container.value. It never asks
// for a part of the permissions, so a list that comes short goes unnoticed
// unless one looks at totalResults.
func aggregate(ctx context.Context, c *client) (*picture, error) {
	p := newPicture()
	users, short, err := list[user](ctx, c, "users", "")
	if err != nil {
		return nil, err
	}
	p.cameShort("users", len(users), short)
	groups, short, err := list[group](ctx, c, "groups", "")
	if err != nil {
		return nil, err
	}
	p.cameShort("groups", len(groups), short)
	known := map[string]bool{}
	for _, u := range users {
		known[u.ID] = true
	}
	for _, g := range groups {
		known[g.ID] = true
	}
	containers, short, err := list[container](ctx, c, "containers", "")
	if err != nil {
		return nil, err
	}
	p.cameShort("containers", len(containers), short)
	for _, s := range containers {
		for _, a := range s.PrivilegedData {
			p.safe(s.ID).accounts[a.Value] = true
		}
		p.safe(s.ID)
	}
	permissions, short, err := list[permission](ctx, c, "containerpermissions", "")
	if err != nil {
		return nil, err
	}
	p.cameShort("containerpermissions", len(permissions), short)
	strangers := map[string]bool{}
	for i := range permissions {
		perm := &permissions[i]
		if perm.Container == nil {
			return nil, fmt.Errorf("permission %s names no safe", perm.ID)
		}
		if err := p.grant(perm.Container.Value, perm); err != nil {
			return nil, err
		}
		if who, _ := perm.grantee(); !known[who.Value] {
			strangers[who.Value] = true
		}
	}
	// The service user that made the safes is in no list of users.
	if len(strangers) > 1 && len(p.truncated) == 0 {
		return nil, fmt.Errorf("%d users and groups with permissions are in no list", len(strangers))
	}
	return p, nil
}
