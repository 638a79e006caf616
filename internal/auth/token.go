package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"math/big"
	"strings"
)

// Prefix begins every token made here, so that secret scanners know one.
const Prefix = "scimd_"

// tokenDigits is the number of base 62 digits that hold 256 bits.
const tokenDigits = 43

// NewToken makes a token of 256 random bits.
func NewToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: the runtime aborts the process instead
	digits := new(big.Int).SetBytes(b[:]).Text(62)
	return Prefix + strings.Repeat("0", tokenDigits-len(digits)) + digits
}

// NewTokenID makes the public id by which lists and logs name a token.
func NewTokenID() string { return strings.ToLower(rand.Text()[:12]) }

// Hash is the form in which a token is stored. A token has too many bits to
// be guessed, so that a plain hash is enough.
func Hash(token string) [32]byte {
	var most [2 << 10]byte // each request hashes one: without memory of its own
	return sha256.Sum256(append(most[:0], token...))
}

// ValidToken reports whether text fits b64token (RFC 6750 §2.1), so that it
// can be sent as a bearer token.
func ValidToken(text string) bool {
	body := strings.TrimRight(text, "=")
	for i := range len(body) {
		if !tokenBytes[body[i]] {
			return false
		}
	}
	return body != ""
}

// tokenBytes are those of a b64token.
var tokenBytes = func() (is [256]bool) {
	for _, c := range "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/" {
		is[c] = true
	}
	return is
}()
