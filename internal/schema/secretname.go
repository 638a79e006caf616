package schema

import (
	"slices"
	"strings"
)

// Names of what is secret contain one of secretWords, end in one of secretEndings,
// or are pass.
var (
	secretWords   = []string{"secret", "password", "passphrase", "privatekey", "sshkey"}
	secretEndings = []string{"passwd", "passcode", "pwd", "accesskey", "apikey"}
)

// SecretName tells that what has this name is a secret: secret, password, and what
// is named like them (NewPassword, ssh_private_key, secretValue).
func SecretName(name string) bool {
	var letters strings.Builder
	for _, r := range Fold(name) {
		if r >= 'a' && r <= 'z' {
			letters.WriteRune(r)
		}
	}
	whole := letters.String()
	name = strings.TrimSuffix(whole, "value")
	return name == "pass" ||
		slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(whole, word) }) ||
		slices.ContainsFunc(secretEndings, func(end string) bool { return strings.HasSuffix(name, end) })
}
