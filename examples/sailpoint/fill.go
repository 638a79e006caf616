package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
)

// vaultSize is how much fillVault makes.
type vaultSize struct{ Safes, Permissions, Accounts int }

const (
	schemas = "urn:ietf:params:scim:schemas:"
	writers = 8
	// groupShare: one permission in so many is a group's.
	groupShare = 5
	// accountShare: one account in so many has permissions of its own.
	accountShare = 100
)

// fillVault makes users, groups, safes, permissions and accounts. Whom a safe
// is for follows from its number, so that every run makes the same vault.
func fillVault(ctx context.Context, c *client, size vaultSize) error {
	perSafe := max(1, (size.Permissions+size.Safes-1)/size.Safes)
	users, groups := make([]string, 2*perSafe), make([]string, perSafe)
	err := each(ctx, len(users), func(ctx context.Context, i int) (err error) {
		users[i], err = c.create(ctx, "/users", map[string]any{
			"schemas": []string{schemas + "core:2.0:User"}, "userName": fmt.Sprintf("vault.user.%04d@corp.example", i), "active": true,
		})
		return err
	})
	if err != nil {
		return err
	}
	err = each(ctx, len(groups), func(ctx context.Context, i int) (err error) {
		groups[i], err = c.create(ctx, "/groups", map[string]any{
			"schemas": []string{schemas + "core:2.0:Group"}, "displayName": fmt.Sprintf("Vault Team %04d", i),
			"members": []reference{{Value: users[i]}, {Value: users[i+len(groups)]}},
		})
		return err
	})
	if err != nil {
		return err
	}
	err = each(ctx, size.Safes, func(ctx context.Context, i int) error {
		_, err := c.create(ctx, "/containers", map[string]any{
			"schemas": []string{schemas + "pam:1.0:Container"}, "name": safeName(i), "description": fmt.Sprintf("Safe number %d", i),
		})
		return err
	})
	if err != nil {
		return err
	}
	err = each(ctx, size.Permissions, func(ctx context.Context, i int) error {
		n, s := i/size.Safes, i%size.Safes
		perm := permission{
			Schemas: []string{schemas + "pam:1.0:ContainerPermission"}, Container: &reference{Name: safeName(s)},
			Rights: rightsOf(i),
		}
		if n%groupShare == 0 {
			perm.Group = &reference{Value: groups[(n+s)%len(groups)]}
		} else {
			perm.User = &reference{Value: users[(n+s)%len(users)]}
		}
		_, err := c.create(ctx, "/containerpermissions", perm)
		return err
	})
	if err != nil {
		return err
	}
	return each(ctx, size.Accounts, func(ctx context.Context, i int) error {
		id, err := c.create(ctx, "/PrivilegedData", map[string]any{
			"schemas": []string{schemas + "pam:1.0:PrivilegedData", accountURN}, "name": fmt.Sprintf("account-%06d", i), "type": "password",
			accountURN: map[string]any{
				"safe": safeName(i % size.Safes),
				"properties": []map[string]string{
					{"key": "username", "value": fmt.Sprintf("svc%d", i)}, {"key": "address", "value": fmt.Sprintf("host%d.corp.example", i%500)},
					{"key": "platformId", "value": "UnixSSH"}, {"key": "secret", "value": fmt.Sprintf("not-a-real-secret-%d", i)},
				},
			},
		})
		if err != nil || i%accountShare != 0 {
			return err
		}
		for n := range 2 {
			_, err = c.create(ctx, "/PrivilegedDataPermissions", permission{
				Schemas: []string{schemas + "pam:1.0:PrivilegedDataPermission"}, PrivilegedData: &reference{Value: id},
				User: &reference{Value: users[(i+n)%len(users)]}, Rights: []string{"UseAccounts"},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func safeName(i int) string { return fmt.Sprintf("Safe-%05d", i) }

// rightsOf are the rights of the i-th permission: to use, to read, to manage.
func rightsOf(i int) []string {
	rights := []string{"UseAccounts", "RetrieveAccounts", "ListAccounts"}
	switch i % 7 {
	case 0:
		return append(rights, "AddAccounts", "UpdateAccountContent", "ManageSafe", "ManageSafeMembers", "ViewSafeMembers")
	case 1:
		return rights[2:]
	}
	return rights
}

// create posts a resource and gives its id.
func (c *client) create(ctx context.Context, path string, body any) (string, error) {
	var made struct {
		ID string `json:"id"`
	}
	_, err := c.do(ctx, http.MethodPost, path, body, &made)
	return made.ID, err
}

// each calls fn for 0 to n-1, some at a time, and gives the first error.
func each(ctx context.Context, n int, fn func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	numbers := make(chan int)
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for i := range numbers {
				if err := fn(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		numbers <- i
	}
	close(numbers)
	group.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
