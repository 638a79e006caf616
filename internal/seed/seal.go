package seed

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/crypto/scrypt"

	"github.com/scimd/scimd/internal/scim"
)

// minPassphrase is how many characters a passphrase has at least.
const minPassphrase = 12

// SealingKey seals secrets in a seed, so that they open on any server whose administrator
// has it. What it makes of a value depends on nothing but the value and its place:
// two exports of one state are equal. Who has no key learns from two exports only
// whether a secret is as it was.
type SealingKey struct {
	// ID tells keys apart without giving anything away.
	ID   string
	aead cipher.AEAD
	mac  []byte
}

// NewSealingKey makes a key of text: 32 bytes as base64 or in hexadecimal digits, or else a
// passphrase.
func NewSealingKey(text string) (*SealingKey, error) {
	text = strings.TrimSpace(text)
	plain := keyBytes(text)
	if plain == nil {
		if utf8.RuneCountInString(text) < minPassphrase {
			return nil, fmt.Errorf("a key is 32 bytes as base64 or hexadecimal digits, or a passphrase of at least %d characters", minPassphrase)
		}
		var err error
		// A salt of its own for each export would make no two of them equal.
		if plain, err = scrypt.Key([]byte(text), []byte("scimd seed 1"), 1<<15, 8, 1, 32); err != nil {
			return nil, err
		}
	}
	derived := make([][]byte, 3)
	for i, use := range []string{"id", "nonce", "seal"} {
		var err error
		if derived[i], err = hkdf.Key(sha256.New, plain, nil, "scimd seed "+use, 32); err != nil {
			return nil, err
		}
	}
	aead, err := chacha20poly1305.NewX(derived[2])
	return &SealingKey{ID: hex.EncodeToString(derived[0][:6]), aead: aead, mac: derived[1]}, err
}

func keyBytes(text string) []byte {
	for _, decode := range []func(string) ([]byte, error){
		hex.DecodeString, base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString, base64.URLEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
	} {
		if b, err := decode(text); err == nil && len(b) == 32 {
			return b
		}
	}
	return nil
}

// Format prints no key, whatever the verb.
func (k *SealingKey) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "seed key %s", k.ID) }

// Seal encrypts a value for its place.
func (k *SealingKey) Seal(plain []byte, place string) string {
	m := hmac.New(sha256.New, k.mac)
	m.Write(binary.AppendUvarint(nil, uint64(len(place))))
	m.Write([]byte(place))
	m.Write(plain)
	nonce := m.Sum(nil)[:k.aead.NonceSize()]
	return base64.StdEncoding.EncodeToString(k.aead.Seal(bytes.Clone(nonce), nonce, plain, []byte(place)))
}

var errNotOpened = errors.New("it does not open: it was sealed with another key, or for another place")

// Open decrypts what was sealed for a place.
func (k *SealingKey) Open(sealed, place string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(sealed)
	n := k.aead.NonceSize()
	if err != nil || len(data) < n {
		return nil, errNotOpened
	}
	plain, err := k.aead.Open(nil, data[:n], data[n:], []byte(place))
	if err != nil {
		return nil, errNotOpened
	}
	return plain, nil
}

// sealedSecrets is what is sealed of a resource.
type sealedSecrets struct {
	Password []byte            `json:"password,omitempty"`
	Secrets  map[string][]byte `json:"secrets,omitempty"`
}

// sealResource seals the secrets of a resource; "" when it has none.
func (k *SealingKey) sealResource(x *scim.SeedSecrets, place string) string {
	if x == nil || len(x.Password) == 0 && len(x.Sealed) == 0 {
		return ""
	}
	plain, err := json.Marshal(sealedSecrets{x.Password, x.Sealed})
	if err != nil {
		panic(err) // bytes always marshal
	}
	return k.Seal(plain, place)
}

func (k *SealingKey) openResource(sealed, place string) (*scim.SeedSecrets, error) {
	plain, err := k.Open(sealed, place)
	if err != nil {
		return nil, err
	}
	var x sealedSecrets
	if err := json.Unmarshal(plain, &x); err != nil {
		return nil, errNotOpened
	}
	return &scim.SeedSecrets{Password: x.Password, Sealed: x.Secrets}, nil
}

// place is where something sealed stands.
func place(kind, id string) string { return kind + "/" + id }

// SealHash and OpenHash are for what is kept of tokens and client secrets.
func (k *SealingKey) SealHash(hash []byte, kind, id string) string {
	return k.Seal(hash, place(kind, id))
}

// OpenHash gives what SealHash has sealed.
func (k *SealingKey) OpenHash(sealed, kind, id string) ([]byte, error) {
	return k.Open(sealed, place(kind, id))
}
