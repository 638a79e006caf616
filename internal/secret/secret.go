// Package secret keeps the server's encryption key. The key is 32 bytes, lies
// in the data directory (or is given), and never reaches the database, which
// holds only its fingerprint: a process with another key refuses to start
// before it writes anything that the others could not read.
package secret

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	keySize = 32
	// FileName is the key's file in the data directory.
	FileName = "key"
	// setting is the store setting that holds the fingerprint.
	setting = "key-fingerprint"
)

// ErrOtherKey: the database was first used with another key.
var ErrOtherKey = errors.New("the database belongs to another key: give the first server's key, from the file key in its data directory, with SCIMD_KEY or SCIMD_KEY_FILE")

// Ring seals and opens small values with AES-256-GCM.
type Ring struct {
	fingerprint string
	aead        cipher.AEAD
}

// Settings is where the fingerprint is kept; store.Store is one.
type Settings interface {
	Setting(ctx context.Context, key string) (value string, ok bool, err error)
	SetSetting(ctx context.Context, key, value string) (string, error)
}

// Open gives the ring of a server: with the given key (ParseKey) unless it is
// "", else with the key in dir, which is made when the database has no
// fingerprint yet. ErrOtherKey when the fingerprint is another one.
func Open(ctx context.Context, dir, given string, s Settings) (*Ring, error) {
	kept, used, err := s.Setting(ctx, setting)
	if err != nil {
		return nil, fmt.Errorf("read the key's fingerprint: %w", err)
	}
	key, err := load(dir, given, !used)
	if err != nil {
		return nil, err
	}
	r, err := NewRing(key)
	if err != nil {
		return nil, err
	}
	if !used {
		if kept, err = s.SetSetting(ctx, setting, r.fingerprint); err != nil {
			return nil, fmt.Errorf("keep the key's fingerprint: %w", err)
		}
	}
	if kept != r.fingerprint {
		return nil, ErrOtherKey
	}
	return r, nil
}

func load(dir, given string, create bool) ([]byte, error) {
	if given != "" {
		return ParseKey(given)
	}
	path := filepath.Join(dir, FileName)
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && create:
		return createKey(path)
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrOtherKey
	case err != nil:
		return nil, fmt.Errorf("read the key: %w", err)
	}
	key, err := ParseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// createKey makes the key's file, whole from the moment it has its name. When
// another process was first, its key is the one.
func createKey(path string) ([]byte, error) {
	key := make([]byte, keySize)
	_, _ = rand.Read(key)                                   // never fails
	tmp, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("make the key: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, fmt.Errorf("make the key: %w", err)
	}
	if err = os.Link(tmp.Name(), path); errors.Is(err, fs.ErrExist) {
		return load(filepath.Dir(path), "", false)
	}
	if err != nil {
		return nil, fmt.Errorf("make the key: %w", err)
	}
	return key, nil
}

// ParseKey reads a key: 32 bytes as 64 hexadecimal digits or in base64.
func ParseKey(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	if key, err := hex.DecodeString(text); err == nil && len(key) == keySize {
		return key, nil
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if key, err := enc.DecodeString(text); err == nil && len(key) == keySize {
			return key, nil
		}
	}
	return nil, errors.New("the key is not 32 bytes in base64 or hexadecimal")
}

// NewRing makes a ring of one key of 32 bytes.
func NewRing(key []byte) (*Ring, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("scimd key fingerprint"))
	return &Ring{fingerprint: hex.EncodeToString(mac.Sum(nil)[:8]), aead: aead}, nil
}

// Fingerprint names the key: 16 hexadecimal digits that tell nothing about it.
func (r *Ring) Fingerprint() string { return r.fingerprint }

// Seal encrypts a value. place names where the value will stand, so that it
// opens nowhere else. The result is the fingerprint, a colon, and base64.
func (r *Ring) Seal(value []byte, place string) string {
	nonce := make([]byte, r.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	sealed := r.aead.Seal(nonce, nonce, value, []byte(place))
	return r.fingerprint + ":" + base64.RawStdEncoding.EncodeToString(sealed)
}

// Open decrypts what Seal made with the same place.
func (r *Ring) Open(sealed, place string) ([]byte, error) {
	id, text, _ := strings.Cut(sealed, ":")
	if id != r.fingerprint {
		return nil, errors.New("sealed with another key")
	}
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(b) < r.aead.NonceSize() {
		return nil, errors.New("not a sealed value")
	}
	n := r.aead.NonceSize()
	return r.aead.Open(nil, b[:n], b[n:], []byte(place))
}
