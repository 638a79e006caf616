package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// collect reads as the governance platform's PAM collector does: safe by safe,
// each found again by its name, with its permissions; then the accounts, one of
// each safe by its id; then all permissions on accounts, whose rows it groups
// while it reads, so that those of one account must stand together.
func collect(ctx context.Context, c *client) (*picture, error) {
	p := newPicture()
	containers, short, err := list[container](ctx, c, "Containers", "")
	if err != nil {
		return nil, err
	}
	p.cameShort("Containers", len(containers), short)
	for _, listed := range containers {
		found, _, err := list[container](ctx, c, "Containers", equals("name", listed.Name))
		if err != nil {
			return nil, err
		}
		if len(found) != 1 || found[0].ID != listed.ID {
			return nil, fmt.Errorf("safe %s is found %d times by its name", listed.Name, len(found))
		}
		if err := collectSafe(ctx, c, p, &found[0]); err != nil {
			return nil, err
		}
	}
	accounts, short, err := list[account](ctx, c, "PrivilegedData", "")
	if err != nil {
		return nil, err
	}
	p.cameShort("PrivilegedData", len(accounts), short)
	for _, a := range accounts {
		p.safe(a.Extension.Safe).accounts[a.ID] = true
	}
	return p, collectAccountPermissions(ctx, c, p)
}

func collectSafe(ctx context.Context, c *client, p *picture, s *container) error {
	permissions, short, err := list[permission](ctx, c, "ContainerPermissions", equals("container.value", s.ID))
	if err != nil {
		return err
	}
	p.cameShort("ContainerPermissions of "+s.ID, len(permissions), short)
	p.safe(s.ID)
	for i := range permissions {
		if err := p.grant(s.ID, &permissions[i]); err != nil {
			return err
		}
	}
	if len(s.PrivilegedData) == 0 {
		return nil
	}
	var a account
	if _, err := c.do(ctx, http.MethodGet, "/PrivilegedData/"+url.PathEscape(s.PrivilegedData[0].Value), nil, &a); err != nil {
		return err
	}
	if a.Extension.Safe != s.ID {
		return fmt.Errorf("account %s is listed in safe %s and says it is in %s", a.ID, s.ID, a.Extension.Safe)
	}
	return nil
}

// collectAccountPermissions reads the permissions on single accounts. A target
// that comes again after another one would be taken for a new one.
func collectAccountPermissions(ctx context.Context, c *client, p *picture) error {
	permissions, short, err := list[permission](ctx, c, "PrivilegedDataPermissions", "")
	if err != nil {
		return err
	}
	p.cameShort("PrivilegedDataPermissions", len(permissions), short)
	seen, last := map[string]bool{}, ""
	for i := range permissions {
		perm := &permissions[i]
		if _, err := perm.grantee(); err != nil {
			return err
		}
		if perm.PrivilegedData == nil {
			return fmt.Errorf("permission %s names no account", perm.ID)
		}
		target := perm.PrivilegedData.Value
		if target != last && seen[target] {
			return fmt.Errorf("the permissions on account %s do not stand together", target)
		}
		seen[target], last = true, target
	}
	status, err := c.do(ctx, http.MethodGet, "/PrivilegedData/none_such", nil, nil)
	if status == http.StatusNotFound {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("answered %d", status)
	}
	return fmt.Errorf("an account that is not there must be 404: %w", err)
}
