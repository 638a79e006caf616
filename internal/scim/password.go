package scim

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"golang.org/x/crypto/argon2"

	"github.com/scimd/scimd/internal/scimerr"
)

// maxPassword bounds a password in bytes: hashing reads all of it.
const maxPassword = 1024

// The argon2id parameters of RFC 9106 §4 (second recommended option, with the
// memory that a small server can spare four times over).
const (
	argonTime    = 3
	argonMemory  = 64 * 1024 // KiB
	argonThreads = 2
	argonKey     = 32
	argonSalt    = 16
)

// hash makes a salted argon2id hash in the PHC string form. It runs outside
// transactions, and few at a time.
func (s *Service) hash(ctx context.Context, p *Profile, password string) ([]byte, error) {
	if len(password) > maxPassword {
		return nil, scimerr.InvalidValue("password", "password must have at most %d bytes.", maxPassword)
	}
	if p.Passwords != "hash" {
		return nil, nil
	}
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
	case <-ctx.Done():
		return nil, scimerr.Unavailable(ctx.Err())
	}
	salt := make([]byte, argonSalt)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
	b64 := base64.RawStdEncoding
	return fmt.Appendf(nil, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		argonMemory, argonTime, argonThreads, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}
