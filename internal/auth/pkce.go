package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// ChallengeMethod is the one method of RFC 7636 that is offered: plain proves
// nothing to whom the request can be seen by.
const ChallengeMethod = "S256"

// validChallenge tells that a text can be a challenge of that method.
func validChallenge(text string) bool {
	hash, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(hash) == sha256.Size
}

// verifies tells that a verifier is the one of a challenge. Without a challenge
// there must be no verifier either: somebody may have taken the challenge off the
// request (RFC 9700 §4.8.2).
func verifies(verifier, challenge string) bool {
	if challenge == "" || verifier == "" {
		return challenge == verifier
	}
	if len(verifier) < 43 || len(verifier) > 128 || !unreserved(verifier) {
		return false
	}
	hash := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(hash[:])), []byte(challenge)) == 1
}

// unreserved tells that a text has the characters of RFC 3986 §2.3 alone.
func unreserved(text string) bool {
	for i := range len(text) {
		c := text[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0) {
			return false
		}
	}
	return true
}
