package scim

import (
	"strings"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
)

// quirk is what a tenant does to a resource of one type beyond its schema.
// Quirks are data: attribute paths and switches of the profile. They run on the
// canonical tree, after shaping and before validation.
//
// before is the resource as stored, nil on create.
type quirk func(p *Profile, rt *schema.ResourceType, before, after *resource.Members) error

// quirks by resource type name (cyberark-scim sections 8 and 10 to 13).
var quirks = map[string][]quirk{
	"User":                     {userNameRules, emailDefaults, displayFromUserName, formattedFollowsDisplay, activeByDefault, vaultOrigin},
	"Group":                    {vaultOrigin},
	"Container":                {safeNameRules, safeDefaults},
	"ContainerPermission":      {orderRights, expirationRules},
	"PrivilegedData":           {accountRules},
	"PrivilegedDataPermission": {orderRights},
}

func applyQuirks(t *Tenant, rt *schema.ResourceType, before, after *resource.Members) error {
	for _, q := range quirks[rt.Name] {
		if err := q(t.Profile, rt, before, after); err != nil {
			return err
		}
	}
	return nil
}

// userNameRules are the tenant's rules for login names (cyberark-scim 8.6). A
// name that did not change is left alone.
func userNameRules(p *Profile, rt *schema.ResourceType, before, after *resource.Members) error {
	a := rt.Core("userName")
	name := getAttribute(after, a).Str()
	if name == "" || before != nil && getAttribute(before, a).Str() == name {
		return nil
	}
	if p.StrictNames {
		if i := strings.IndexAny(name, `?<>*"/\`); i >= 0 {
			return scimerr.InvalidValue(a.Path, "userName must not contain %q.", name[i:i+1])
		}
	}
	if p.AllowedSuffixes == "" {
		return nil
	}
	_, suffix, _ := strings.Cut(name, "@")
	for _, s := range strings.Split(p.AllowedSuffixes, ",") {
		if strings.EqualFold(strings.TrimPrefix(strings.TrimSpace(s), "@"), suffix) {
			return nil
		}
	}
	return scimerr.InvalidValue(a.Path, "userName must end in a suffix that this tenant allows.")
}

// displayFromUserName gives a new user without displayName the part of its
// userName before the @ (cyberark-scim 8.3). A name.formatted that was sent
// stands for the missing displayName.
func displayFromUserName(p *Profile, rt *schema.ResourceType, before, after *resource.Members) error {
	display := rt.Core("displayName")
	if !p.DisplayDefault || before != nil || !getAttribute(after, display).Unassigned() {
		return nil
	}
	if p.FormattedFollows {
		if f := getAttribute(after, rt.Lookup("", "name", "formatted")); !f.Unassigned() {
			setAttribute(after, display, f)
			return nil
		}
	}
	local, _, _ := strings.Cut(getAttribute(after, rt.Core("userName")).Str(), "@")
	setAttribute(after, display, resource.Text(local))
	return nil
}

// formattedFollowsDisplay keeps name.formatted equal to displayName; a change
// of name.formatted alone changes displayName (cyberark-scim 6.6, 8.2).
func formattedFollowsDisplay(p *Profile, rt *schema.ResourceType, before, after *resource.Members) error {
	if !p.FormattedFollows {
		return nil
	}
	display, formatted := rt.Core("displayName"), rt.Lookup("", "name", "formatted")
	d, f := getAttribute(after, display), getAttribute(after, formatted)
	if before != nil && !f.Unassigned() &&
		!f.Equal(getAttribute(before, formatted)) && d.Equal(getAttribute(before, display)) {
		setAttribute(after, display, f)
		return nil
	}
	setAttribute(after, formatted, d)
	return nil
}

func activeByDefault(p *Profile, rt *schema.ResourceType, before, after *resource.Members) error {
	if a := rt.Core("active"); p.DefaultActive && before == nil && getAttribute(after, a).Unassigned() {
		setAttribute(after, a, resource.Truth(true))
	}
	return nil
}

// emailDefaults labels addresses as the tenant returns them: type work where
// there is none, the first one primary when none is (cyberark-scim 19.19).
func emailDefaults(p *Profile, rt *schema.ResourceType, _, after *resource.Members) error {
	if !p.EmailDefaults {
		return nil
	}
	a := rt.Core("emails")
	list := append([]resource.Value(nil), getAttribute(after, a).Items()...)
	primary := false
	for i, e := range list {
		if _, ok := e.Members().Get("type"); !ok {
			list[i] = with(e, "type", resource.Text("work"))
		}
		primary = primary || isPrimary(e)
	}
	if len(list) > 0 && !primary {
		if _, said := list[0].Members().Get("primary"); !said {
			list[0] = with(list[0], "primary", resource.Truth(true))
		}
	}
	setAttribute(after, a, resource.List(list...))
	return nil
}

// keptByPut are the attributes that the tenant keeps when a PUT leaves them out
// (cyberark-scim 19.25).
var keptByPut = map[string][]string{"User": {"displayName", "active"}}

func keepOmitted(t *Tenant, rt *schema.ResourceType, before, after *resource.Members) {
	if !t.Profile.PutKeepsOmitted {
		return
	}
	for _, name := range keptByPut[rt.Name] {
		a := rt.Core(name)
		if getAttribute(after, a).Unassigned() {
			setAttribute(after, a, getAttribute(before, a))
		}
	}
}
