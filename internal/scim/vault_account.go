package scim

import (
	"strings"

	"github.com/scimd/scimd/internal/filter"
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

// secretEndings are the endings of the keys of properties that hold secrets.
var secretEndings = []string{"secret", "password", "passwd", "passphrase", "passcode", "pwd", "privatekey", "secretkey", "accesskey", "apikey", "sshkey"}

// secretKey tells that a property is a secret: secret, password, and what is
// named like them (NewPassword, ssh_private_key, secretValue).
func secretKey(key string) bool {
	var letters strings.Builder
	for _, r := range schema.Fold(key) {
		if r >= 'a' && r <= 'z' {
			letters.WriteRune(r)
		}
	}
	name := strings.TrimSuffix(letters.String(), "value")
	for _, end := range secretEndings {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// secretProperty tells that a path selects a secret by the key of its property.
func secretProperty(p *filter.Path) bool { return len(secretKeys(p)) > 0 }

// secretKeys are the keys of secrets that a path selects.
func secretKeys(p *filter.Path) []string {
	if p.Where == nil || p.Attr.Identity == nil {
		return nil
	}
	var keys []string
	eqs, _ := filter.EqSelector(p.Where)
	for _, c := range eqs {
		if c.Attr == p.Attr.Identity && secretKey(c.Literal.Str()) {
			keys = append(keys, schema.Fold(c.Literal.Str()))
		}
	}
	return keys
}

// accountSecrets takes the secrets of an account out of its tree, by name: the
// property's key in lower case, or password for the attribute of that name.
func accountSecrets(rt *schema.ResourceType, tree *resource.Members) map[string]string {
	var out map[string]string
	keep := func(name, value string) {
		if value == "" {
			return
		}
		if out == nil {
			out = map[string]string{}
		}
		out[schema.Fold(name)] = value
	}
	a := properties(rt)
	items := getAttribute(tree, a).Items()
	var plain []resource.Value
	for _, e := range items {
		key, _ := e.Members().Get("key")
		if !secretKey(key.Str()) {
			plain = append(plain, e)
			continue
		}
		value, _ := e.Members().Get("value")
		keep(key.Str(), value.Str())
	}
	if len(plain) < len(items) {
		setAttribute(tree, a, resource.List(plain...))
	}
	password := rt.Lookup(accountURN, "password", "")
	keep(password.Name, getAttribute(tree, password).Str())
	// Where unknown attributes are kept, a secret among them is one all the same.
	for _, urn := range []string{"", accountURN} {
		inner := container(tree, urn)
		for name, v := range inner.Clone().All() {
			if secretKey(name) && rt.Lookup(urn, name, "") == nil {
				keep(name, v.Str())
				inner.Delete(name)
			}
		}
		putContainer(tree, urn, inner)
	}
	return out
}

// removedAccountSecrets are the names of the secrets that the steps of a PATCH
// remove: by the attribute, or by the key of the property.
func removedAccountSecrets(rt *schema.ResourceType, steps []step) []string {
	var names []string
	for i := range steps {
		st := &steps[i]
		if st.op != opRemove || st.path == nil || st.path.Attr == nil {
			continue
		}
		if st.path.Attr == rt.Lookup(accountURN, "password", "") {
			names = append(names, st.path.Attr.Name)
		}
		names = append(names, secretKeys(st.path)...)
	}
	return names
}
