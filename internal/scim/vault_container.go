package scim

import (
	"strings"
	"unicode/utf8"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

const (
	safeURN = "urn:ietf:params:scim:schemas:cyberark:1.0:Safe"
	// safeType is the type of every container on the wire (cyberark-scim 10.2).
	safeType = "safe"
	// retentionDays is the retention of a safe that says none.
	retentionDays = "7"
	maxSafeName   = 28
	// maxNameBytes leaves room in the ids of permissions for a colon and the id of
	// a grantee.
	maxNameBytes = schema.MaxKey - 37
)

// safeNameRules are the rules for names of safes, which are ids and parts of ids
// (cyberark-scim 10.3). A name never changes.
func safeNameRules(p *Profile, rt *schema.ResourceType, before, after *resource.Members) error {
	a := rt.Core("name")
	name := getAttribute(after, a).Str()
	if name == "" || before != nil {
		return nil
	}
	refused := ":/"
	if p.StrictNames {
		refused = `\/:*<>".|`
		if strings.HasPrefix(name, " ") {
			return scimerr.InvalidValue(a.Path, "name must not begin with a blank.")
		}
		if utf8.RuneCountInString(name) > maxSafeName {
			return scimerr.InvalidValue(a.Path, "name must have at most %d characters.", maxSafeName)
		}
	}
	if i := strings.IndexAny(name, refused); i >= 0 {
		return scimerr.InvalidValue(a.Path, "name must not contain %q.", name[i:i+1])
	}
	if !plausible(name, maxNameBytes) || name == "." || name == ".." {
		return scimerr.InvalidValue(a.Path, "name must be fit for an id: at most %d bytes, and no path.", maxNameBytes)
	}
	return nil
}

// safeDefaults are what follows from the name, and what every safe has.
func safeDefaults(p *Profile, rt *schema.ResourceType, _, after *resource.Members) error {
	setAttribute(after, rt.Core("displayName"), getAttribute(after, rt.Core("name")))
	setAttribute(after, rt.Core("type"), resource.Text(safeType))
	days := rt.Lookup(safeURN, "NumberOfDaysRetention", "")
	switch v := getAttribute(after, days); {
	case strings.HasPrefix(v.Literal(), "-"):
		return scimerr.InvalidValue(days.Path, "NumberOfDaysRetention must not be negative.")
	case v.Unassigned() && p.RetentionDefault:
		setAttribute(after, days, resource.NumberLiteral(retentionDays))
	}
	return nil
}

// creatorPermissions is how many permissions come with a safe.
func creatorPermissions(p *Profile) int {
	if p.CreatorPermission {
		return 1
	}
	return 0
}

// creatorPermission gives who makes a safe all rights on it (cyberark-scim
// 10.3).
func creatorPermission(c *Call, tx store.Tx, r *store.Resource) error {
	owner := endOf(r, store.Owner)
	if !c.Tenant.Profile.CreatorPermission || owner.Type == nil {
		return nil
	}
	rt := c.Tenant.Registry.Type("ContainerPermission")
	tree := &resource.Members{}
	setAttribute(tree, rt.Core("rights"), allRights())
	if err := finish(c.Tenant, rt, nil, tree); err != nil {
		return err
	}
	return c.add(tx, &store.Resource{Type: rt, Version: 1, Created: r.Created, Modified: r.Modified, Body: tree}, []naming{
		{col: writable(rt, rt.Core("container")), ids: []string{r.ID}},
		{col: writable(rt, rt.Core("user")), ids: []string{owner.ID}},
	}, nil)
}
