package scim

import (
	"context"

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

// hiding tells where the secrets of a resource stand in what clients send.
type hiding struct {
	// take removes them from a tree and gives them by name, each as often as it
	// stands there.
	take func(*schema.ResourceType, *resource.Members) map[string][]string
	// place puts placeholder wherever a secret of that name may stand.
	place func(p *Profile, rt *schema.ResourceType, tree *resource.Members, name string)
}

// sealedSecrets are the secrets to seal, by resource type name.
var sealedSecrets = map[string]hiding{"PrivilegedData": {take: accountSecrets, place: placeAccountSecret}}

// placeholder stands in a tree for a secret that is sealed, while the operations
// of a PATCH are applied, so that they find, replace and remove it as they do
// everything else. No request can hold the character.
const placeholder = "\x00"

func holdsSecrets(rt *schema.ResourceType) bool { return sealedSecrets[rt.Name].take != nil }

// placeSecrets puts placeholders for sealed secrets into a tree, and gives what
// removeSecrets finds of them while none has changed.
func placeSecrets(p *Profile, rt *schema.ResourceType, tree *resource.Members, sealed []string) map[string][]string {
	if len(sealed) == 0 {
		return nil
	}
	how := sealedSecrets[rt.Name]
	for _, name := range sealed {
		how.place(p, rt, tree, name)
	}
	return how.take(rt, tree.Clone())
}

// takeSecrets removes what is write-only from a tree, so that it never reaches a
// document, and gives what is to be kept of it.
func (s *Service) takeSecrets(ctx context.Context, t *Tenant, rt *schema.ResourceType, tree *resource.Members) (*confidential, error) {
	password, secrets := removeSecrets(rt, tree)
	out := &confidential{secrets: t.keepable(secrets, nil)}
	if password == "" {
		return out, nil
	}
	var err error
	out.password, err = s.hash(ctx, t.Profile, password)
	return out, err
}

// keepable are the secrets to store: what was found in a tree, nil for those that
// had been placed there and are missing; none without a Sealer.
func (t *Tenant) keepable(found, placed map[string][]string) map[string][]byte {
	if t.Sealer == nil {
		return nil
	}
	out := map[string][]byte{}
	for name, was := range placed {
		if len(found[name]) < len(was) {
			out[name] = nil
		}
	}
	for name, texts := range found {
		for _, text := range texts {
			if text != placeholder {
				out[name] = []byte(text)
			}
		}
	}
	return out
}

// removeSecrets takes the write-only attributes, and secrets that stand in
// others, out of a tree. It returns the text of "password" of a user and the
// secrets to seal.
func removeSecrets(rt *schema.ResourceType, tree *resource.Members) (password string, secrets map[string][]string) {
	if holdsSecrets(rt) {
		secrets = sealedSecrets[rt.Name].take(rt, tree)
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
