package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
)

// The parameters of argon2id for new client secrets (OWASP's second choice: 19
// MiB). A secret made here has 256 random bits; the hash is for those that are
// not. Each hash keeps its parameters, so that these may change.
const (
	secretTime    = 2
	secretMemory  = 19 * 1024 // KiB
	secretThreads = 1
	secretKey     = 32
	secretSalt    = 16
)

// Bounds of hashes under way, so that requests with wrong secrets take neither
// all memory nor all time.
const (
	maxHashing = 2
	maxWaiting = 64
)

// errBusy: too many secrets are being compared.
var errBusy = errors.New("too many secrets are being compared")

// HashSecret is the form in which a client secret is stored: a salted argon2id
// hash in the PHC string form.
func HashSecret(secret string) string {
	salt := make([]byte, secretSalt)
	_, _ = rand.Read(salt) // never fails
	key := argon2.IDKey([]byte(secret), salt, secretTime, secretMemory, secretThreads, secretKey)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		secretMemory, secretTime, secretThreads, b64.EncodeToString(salt), b64.EncodeToString(key))
}

// hasher compares secrets with hashes, few at a time.
type hasher struct {
	slots   chan struct{}
	waiting atomic.Int32
	// nobody is the hash that unknown clients are compared with, so that an
	// answer takes as long whether or not a client exists.
	nobody string
}

func newHasher() *hasher {
	return &hasher{slots: make(chan struct{}, maxHashing), nobody: HashSecret(NewToken())}
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
	var version, memory, passes, threads uint32
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return false, errors.New("a stored client secret is no argon2id hash")
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &threads); err != nil ||
		version != argon2.Version || passes == 0 || threads == 0 || threads > 255 {
		return false, errors.New("the parameters of a stored client secret cannot be read")
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	if err := errors.Join(saltErr, keyErr); err != nil || len(key) == 0 {
		return false, errors.New("a stored client secret is damaged")
	}
	got := argon2.IDKey([]byte(secret), salt, passes, memory, uint8(threads), uint32(len(key)))
	return subtle.ConstantTimeCompare(got, key) == 1, nil
}
