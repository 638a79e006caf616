package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
)

// ErrNotOpened: a value was sealed with another key or for another place, or it
// was changed since.
var ErrNotOpened = errors.New("the sealed value does not open")

// key is one key for AES-256-GCM.
type key struct{ aead cipher.AEAD }

func newKey(plain []byte) (*key, error) {
	if len(plain) != keySize {
		return nil, fmt.Errorf("a key has %d bytes", keySize)
	}
	block, err := aes.NewCipher(plain)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &key{aead}, nil
}

// seal encrypts a value for a context: a random nonce, then the value with its
// tag. Nonces of 96 bits stay apart for 2^32 values under one key (NIST SP 800-38D
// §8.3).
func (k *key) seal(plain, context []byte) []byte {
	n := k.aead.NonceSize()
	out := make([]byte, n, n+len(plain)+k.aead.Overhead())
	_, _ = rand.Read(out) // never fails
	return k.aead.Seal(out, out, plain, context)
}

func (k *key) open(sealed, context []byte) ([]byte, error) {
	n := k.aead.NonceSize()
	if len(sealed) < n {
		return nil, ErrNotOpened
	}
	plain, err := k.aead.Open(nil, sealed[:n], sealed[n:], context)
	if err != nil {
		return nil, ErrNotOpened
	}
	return plain, nil
}
