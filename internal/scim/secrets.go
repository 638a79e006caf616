package scim

import (
	"context"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// Sealer encrypts secrets that are kept. context names where a value will
// stand, so that it opens nowhere else.
type Sealer interface {
	Seal(plain, context []byte) (store.Sealed, error)
}

// confidential is what a write carries and no document, event, log or error
// holds: the hash of a password, and secrets in clear until they are sealed in
// the transaction, by name; nil removes one.
type confidential struct {
	password []byte
	secrets  map[string][]byte
}

func (x *confidential) any() bool { return x != nil && (x.password != nil || len(x.secrets) > 0) }

// save stores what a resource is to keep.
func (x *confidential) save(tx store.Tx, t *Tenant, seq int64) error {
	if x == nil {
		return nil
	}
	if x.password != nil {
		if err := tx.SetPassword(seq, x.password); err != nil {
			return err
		}
	}
	if len(x.secrets) == 0 {
		return nil
	}
	sealed := make(map[string]store.Sealed, len(x.secrets))
	for name, plain := range x.secrets {
		if plain == nil {
			sealed[name] = store.Sealed{}
			continue
		}
		var err error
		if sealed[name], err = t.Sealer.Seal(plain, store.SecretContext(seq, name)); err != nil {
			return err
		}
	}
	return tx.SetSecrets(seq, sealed)
}

// sealedSecrets take the secrets to seal out of a tree, by resource type name;
// removedSecrets are those that a PATCH removes.
// secretElements tell that the path of a PATCH selects a secret in a
// multi-valued attribute: that one is never in the tree, and may be there all
// the same.
var (
	sealedSecrets  = map[string]func(*schema.ResourceType, *resource.Members) map[string]string{"PrivilegedData": accountSecrets}
	removedSecrets = map[string]func(*schema.ResourceType, []step) []string{"PrivilegedData": removedAccountSecrets}
	secretElements = map[string]func(*filter.Path) bool{"PrivilegedData": secretProperty}
)

func secretElement(rt *schema.ResourceType, p *filter.Path) bool {
	is := secretElements[rt.Name]
	return is != nil && is(p)
}

// remove marks the secrets that steps remove and none of them sets.
func (x *confidential) remove(rt *schema.ResourceType, steps []step) {
	removed := removedSecrets[rt.Name]
	if removed == nil {
		return
	}
	for _, name := range removed(rt, steps) {
		if _, set := x.secrets[name]; set {
			continue
		}
		if x.secrets == nil {
			x.secrets = map[string][]byte{}
		}
		x.secrets[name] = nil
	}
}

// takeSecrets removes what is write-only from a tree, so that it never reaches a
// document, and gives what is to be kept of it.
func (s *Service) takeSecrets(ctx context.Context, t *Tenant, rt *schema.ResourceType, tree *resource.Members) (*confidential, error) {
	password, secrets := removeSecrets(rt, tree)
	out := &confidential{secrets: t.keepable(secrets)}
	if password == "" {
		return out, nil
	}
	var err error
	out.password, err = s.hash(ctx, t.Profile, password)
	return out, err
}

// keepable are secrets as bytes; none without a Sealer.
func (t *Tenant) keepable(secrets map[string]string) map[string][]byte {
	if t.Sealer == nil || len(secrets) == 0 {
		return nil
	}
	out := make(map[string][]byte, len(secrets))
	for name, text := range secrets {
		out[name] = []byte(text)
	}
	return out
}

// removeSecrets takes the write-only attributes, and secrets that stand in
// others, out of a tree. It returns the text of "password" of a user and the
// secrets to seal.
func removeSecrets(rt *schema.ResourceType, tree *resource.Members) (password string, secrets map[string]string) {
	if take := sealedSecrets[rt.Name]; take != nil {
		secrets = take(rt, tree)
	}
	for a := range rt.Attributes() {
		if a.Mutability != schema.WriteOnly {
			continue
		}
		if a.Path == "password" {
			password = getAttribute(tree, a).Str()
		}
		setAttribute(tree, a, resource.Value{})
	}
	return password, secrets
}
