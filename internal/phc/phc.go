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

// stored is a hash in parts.
type stored struct {
	Cost
	salt, key []byte
}

func parse(hash string) (s stored, err error) {
	var version, threads uint32
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return s, errForm
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &s.Memory, &s.Passes, &threads); err != nil ||
		version != argon2.Version || s.Passes == 0 || threads == 0 || threads > 255 {
		return s, errForm
	}
	s.Threads = uint8(threads)
	var saltErr, keyErr error
	s.salt, saltErr = base64.RawStdEncoding.DecodeString(parts[4])
	s.key, keyErr = base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || keyErr != nil || len(s.key) == 0 {
		return s, errForm
	}
	return s, nil
}

// Readable tells that a secret can be compared with a hash.
func Readable(hash string) bool {
	_, err := parse(hash)
	return err == nil
}

// Matches compares a secret with a hash, in a time that does not depend on how
// far they agree. An error means that the hash is damaged.
func Matches(hash, secret string) (bool, error) {
	s, err := parse(hash)
	if err != nil {
		return false, err
	}
	got := argon2.IDKey([]byte(secret), s.salt, s.Passes, s.Memory, s.Threads, uint32(len(s.key)))
	return subtle.ConstantTimeCompare(got, s.key) == 1, nil
}
