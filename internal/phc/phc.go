// Package phc hashes secrets that people choose, so that who reads a database
// cannot learn them cheaply: salted argon2id in the PHC string form. Each hash
// keeps its parameters, so that those of new ones may change.
package phc

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost is what one hash takes: passes over so much memory by so many threads.
type Cost struct {
	Passes  uint32
	Memory  uint32 // KiB
	Threads uint8
}

// Usual is the cost of new hashes (OWASP's second choice for argon2id: 19 MiB).
var Usual = Cost{Passes: 2, Memory: 19 * 1024, Threads: 1}

const (
	keyBytes  = 32
	saltBytes = 16
)

var errForm = errors.New("a stored hash is no argon2id hash in the PHC string form")

// Hash makes a hash with a salt of its own.
func Hash(secret string, c Cost) string {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails
	key := argon2.IDKey([]byte(secret), salt, c.Passes, c.Memory, c.Threads, keyBytes)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		c.Memory, c.Passes, c.Threads, b64.EncodeToString(salt), b64.EncodeToString(key))
}

// Matches compares a secret with a hash, in a time that does not depend on how
// far they agree. An error means that the hash is damaged.
func Matches(hash, secret string) (bool, error) {
	var version, memory, passes, threads uint32
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return false, errForm
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &threads); err != nil ||
		version != argon2.Version || passes == 0 || threads == 0 || threads > 255 {
		return false, errForm
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || keyErr != nil || len(key) == 0 {
		return false, errForm
	}
	got := argon2.IDKey([]byte(secret), salt, passes, memory, uint8(threads), uint32(len(key)))
	return subtle.ConstantTimeCompare(got, key) == 1, nil
}
