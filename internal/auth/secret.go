package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"
	"sync"

	"github.com/scimd/scimd/internal/phc"
	"github.com/scimd/scimd/internal/store"
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

// knowsSecret tells that a client secret was right before: then it is known again
// without the hash, by a keyed digest that this process alone can make.
func (i *Issuer) knowsSecret(app *store.Application, secret string) bool {
	digest := i.digest(secret)
	i.mu.Lock()
	known, ok := i.secrets[secretKey(app)]
	i.mu.Unlock()
	return ok && subtle.ConstantTimeCompare(known[:], digest[:]) == 1
}

func (i *Issuer) digest(secret string) [32]byte {
	mac := hmac.New(sha256.New, i.pepper[:])
	mac.Write([]byte(secret))
	return [32]byte(mac.Sum(nil))
}

func secretKey(app *store.Application) string {
	return fmt.Sprintf("%d/%s/%s", app.Tenant, strings.ToLower(app.ID), app.Epoch)
}

// secretMatches compares a client secret with the hash of an application, nil for
// none, and remembers one that is right. Another request may have done so meanwhile.
func (i *Issuer) secretMatches(ctx context.Context, app *store.Application, secret string) (bool, error) {
	if app == nil {
		return i.hasher.matches(ctx, "", secret)
	}
	if i.knowsSecret(app, secret) {
		return true, nil
	}
	same, err := i.hasher.matches(ctx, app.Secret, secret)
	if err != nil || !same {
		return false, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.secrets) >= cacheSize {
		clear(i.secrets)
	}
	i.secrets[secretKey(app)] = i.digest(secret)
	return true, nil
}
