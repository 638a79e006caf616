package app

import (
	"github.com/scimd/scimd/internal/secret"
	"github.com/scimd/scimd/internal/store"
)

// sealer seals the secrets of accounts with the server's ring.
type sealer struct{ ring *secret.Ring }

// Seal implements scim.Sealer.
func (s sealer) Seal(plain, context []byte) (store.Sealed, error) {
	return store.Sealed{Key: s.ring.Fingerprint(), Data: []byte(s.ring.Seal(plain, string(context)))}, nil
}
