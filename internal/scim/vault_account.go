package scim

import (
	"slices"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
)

const accountURN = "urn:ietf:params:scim:schemas:cyberark:1.0:PrivilegedData"

// accountRules: an account is in a safe and, where the profile says so, has a
// platform (cyberark-scim 12.2).
func accountRules(p *Profile, rt *schema.ResourceType, before, after *resource.Members) error {
	a := rt.Lookup(accountURN, "safe", "")
	if getAttribute(after, a).Unassigned() {
		return scimerr.InvalidValue(a.Path, "%s is required: an account is in a safe.", a.Path)
	}
	if p.RequirePlatform && property(rt, after, "platformId") == "" {
		return scimerr.InvalidValue(properties(rt).Path, "The property platformId is required.")
	}
	return nil
}

func properties(rt *schema.ResourceType) *schema.Attribute {
	return rt.Lookup(accountURN, "properties", "")
}

// property is the value of a property by its key in any letter case.
func property(rt *schema.ResourceType, tree *resource.Members, key string) string {
	for _, e := range getAttribute(tree, properties(rt)).Items() {
		if k, _ := e.Members().Get("key"); schema.Fold(k.Str()) == schema.Fold(key) {
			v, _ := e.Members().Get("value")
			return v.Str()
		}
	}
	return ""
}

// secretValue is the attribute in which some clients send the secret itself, as
// they would in a property. No schema has it.
const secretValue = "value"

// accountSecrets takes the secrets of an account out of its tree, by name: the
// property's key in lower case, or password for the attribute of that name.
func accountSecrets(rt *schema.ResourceType, tree *resource.Members) map[string][]string {
	out := map[string][]string{}
	keep := func(name string, value resource.Value) {
		if text := value.Str(); text != "" {
			out[schema.Fold(name)] = append(out[schema.Fold(name)], text)
		}
	}
	a := properties(rt)
	items := getAttribute(tree, a).Items()
	var plain []resource.Value
	for _, e := range items {
		key, _ := e.Members().Get("key")
		if !schema.SecretName(key.Str()) {
			plain = append(plain, e)
			continue
		}
		value, _ := e.Members().Get("value")
		keep(key.Str(), value)
	}
	if len(plain) < len(items) {
		setAttribute(tree, a, resource.List(plain...))
	}
	password := rt.Lookup(accountURN, "password", "")
	keep(password.Name, getAttribute(tree, password))
	setAttribute(tree, password, resource.Value{})
	// Where unknown attributes are kept, a secret among them is one all the same.
	for _, urn := range []string{"", accountURN} {
		inner := container(tree, urn)
		for name, v := range inner.Clone().All() {
			switch known := rt.Lookup(urn, name, ""); {
			case known == nil && name == accountURN:
			case known == nil && (schema.SecretName(name) || schema.Fold(name) == secretValue):
				keep(name, v)
				inner.Delete(name)
			default:
				put(inner, name, withoutSecrets(known, v))
			}
		}
		putContainer(tree, urn, inner)
	}
	return out
}

// withoutSecrets is a value of an attribute, nil for one that no schema knows,
// less the members inside that no schema knows either and that are named like
// secrets, or that another member says to be one, as in a property. Those are not
// kept: nothing could ask for them.
func withoutSecrets(a *schema.Attribute, v resource.Value) resource.Value {
	switch v.Kind() {
	case resource.Array:
		var list []resource.Value
		for _, e := range v.Items() {
			if e = withoutSecrets(a, e); !e.Unassigned() {
				list = append(list, e)
			}
		}
		return resource.List(list...)
	case resource.Object:
		m := &resource.Members{}
		called := a == nil && callsSecret(v.Members())
		for name, x := range v.Members().All() {
			var sub *schema.Attribute
			if a != nil {
				sub = a.SubAttribute(name)
			}
			if sub != nil || !schema.SecretName(name) && !(called && schema.Fold(name) == secretValue) {
				m.Set(name, withoutSecrets(sub, x))
			}
		}
		return resource.Of(m)
	}
	return v
}

// callsSecret tells that a member names the value beside it, and as a secret:
// {"key": "password", "value": …}.
func callsSecret(m *resource.Members) bool {
	for _, name := range []string{"key", "name", "type"} {
		if v, ok := m.GetFold(name); ok && schema.SecretName(v.Str()) {
			return true
		}
	}
	return false
}

// placeAccountSecret puts a placeholder where accountSecrets looks for a name:
// among the properties, and in the attribute that it is or may be.
func placeAccountSecret(p *Profile, rt *schema.ResourceType, tree *resource.Members, name string) {
	if schema.SecretName(name) {
		property := &resource.Members{}
		property.Set("key", resource.Text(name))
		property.Set("value", resource.Text(placeholder))
		a := properties(rt)
		setAttribute(tree, a, resource.List(append(slices.Clone(getAttribute(tree, a).Items()), resource.Of(property))...))
	}
	for _, urn := range []string{"", accountURN} {
		known := rt.Lookup(urn, name, "") != nil
		if known || p.UnknownAttributes == "keep" && schema.ValidName(name) {
			inner := container(tree, urn)
			inner.Set(name, resource.Text(placeholder))
			putContainer(tree, urn, inner)
		}
	}
}
