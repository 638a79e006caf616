package auth

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/scimd/scimd/internal/phc"
)

// Bounds of hashes under way, so that requests with wrong secrets take neither
// all memory nor all time.
const (
	maxHashing = 2
	maxWaiting = 64
)

// errBusy: too many secrets are being compared.
var errBusy = errors.New("too many secrets are being compared")

// HashSecret is the form in which a client secret is stored. A secret made here
// has 256 random bits; the hash is for those that are not.
func HashSecret(secret string) string { return phc.Hash(secret, phc.Usual) }

// nobody is the hash that the secrets of unknown clients are compared with, so that
// an answer takes as long whether or not a client exists. It costs as much as a
// comparison, and is made when it is first needed.
var nobody = sync.OnceValue(func() string { return HashSecret(NewToken()) })

// hasher compares secrets with hashes, few at a time.
type hasher struct {
	slots   chan struct{}
	waiting atomic.Int32
}

func newHasher() *hasher {
	return &hasher{slots: make(chan struct{}, maxHashing)}
}

// matches compares a secret with a hash of HashSecret. errBusy when too many
// wait; the error of ctx when it ends first.
func (h *hasher) matches(ctx context.Context, hash, secret string) (bool, error) {
	if h.waiting.Add(1) > maxWaiting {
		h.waiting.Add(-1)
		return false, errBusy
	}
	defer h.waiting.Add(-1)
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	return phc.Matches(hash, secret)
}
