package auth

import (
	"context"
	"sync"

	"github.com/scimd/scimd/internal/phc"
)

// Bounds of comparisons under way, so that requests with wrong secrets take neither
// all memory nor all time.
const (
	maxHashing = 2
	maxWaiting = 64
)

// HashSecret is the form in which a client secret is stored. A secret made here
// has 256 random bits; the hash is for those that are not.
func HashSecret(secret string) string { return phc.Hash(secret, phc.Usual) }

// hasher compares secrets with hashes, few at a time.
type hasher struct {
	queue *phc.Queue
	// nobody is the hash that the secrets of unknown clients are compared with, so
	// that an answer takes as long whether or not a client exists. It is made when it
	// is first needed.
	nobody func() string
}

// newHasher makes a hasher for hashes of that cost.
func newHasher(cost phc.Cost) *hasher {
	return &hasher{
		queue:  phc.NewQueue(maxHashing, maxWaiting),
		nobody: sync.OnceValue(func() string { return phc.Hash(NewToken(), cost) }),
	}
}

// SecretsCost tells the cost of the hashes that client secrets are stored with, where
// it is not phc.Usual. It is called before requests come.
func (i *Issuer) SecretsCost(cost phc.Cost) { i.hasher = newHasher(cost) }

// matches compares a secret with a hash of HashSecret, "" for that of nobody: those
// leave half of the room to clients that there are. phc.ErrBusy when too many wait;
// the error of ctx when it ends first.
func (h *hasher) matches(ctx context.Context, hash, secret string) (bool, error) {
	enter := h.queue.Enter
	if hash == "" {
		enter = h.queue.EnterHalf
	}
	leave, err := enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	if hash == "" {
		_, err := phc.Matches(h.nobody(), secret)
		return false, err
	}
	return phc.Matches(hash, secret)
}
