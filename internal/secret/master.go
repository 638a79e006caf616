// Package secret encrypts what is stored and must not be read from the database.
// A value is sealed with a data key (Keyring), which lies in the database, wrapped
// by the master key. The master key is 32 bytes, lies in the data directory (or is
// given), and never reaches the database, which holds only its fingerprint: a
// process with another key refuses to start before it writes anything that the
// others could not read.
package secret

import (
	"context"
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
	"time"

	"github.com/scimd/scimd/internal/store"
)

const (
	keySize = 32
	// FileName is the key's file in the data directory.
	FileName = "key"
)

// ErrOtherKey: the database was first used with another key.
var ErrOtherKey = errors.New("the database belongs to another key: give the first server's key, from the file key in its data directory, with SCIMD_KEY or SCIMD_KEY_FILE")

// Master is the key that wraps data keys.
type Master struct {
	fingerprint string
	key         *key
}

// Settings is where the fingerprint is kept; store.Store is one.
type Settings interface {
	Setting(ctx context.Context, key string) (value string, ok bool, err error)
	SetSetting(ctx context.Context, key, value string) (string, error)
}

// OpenMaster gives the master key of a server: the given one (ParseKey) unless it
// is "", else the one in dir, which is made when the database has no fingerprint
// yet. ErrOtherKey when the fingerprint is another one.
func OpenMaster(ctx context.Context, dir, given string, s Settings) (*Master, error) {
	kept, used, err := s.Setting(ctx, store.MasterSetting)
	if err != nil {
		return nil, fmt.Errorf("read the key's fingerprint: %w", err)
	}
	plain, err := load(dir, given, !used)
	if err != nil {
		return nil, err
	}
	m, err := NewMaster(plain)
	if err != nil {
		return nil, err
	}
	if !used {
		if kept, err = s.SetSetting(ctx, store.MasterSetting, m.fingerprint); err != nil {
			return nil, fmt.Errorf("keep the key's fingerprint: %w", err)
		}
	}
	if kept != m.fingerprint {
		return nil, ErrOtherKey
	}
	return m, nil
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
	plain := make([]byte, keySize)
	_, _ = rand.Read(plain) // never fails
	err := writeKey(path, plain, os.Link)
	if errors.Is(err, fs.ErrExist) {
		return load(filepath.Dir(path), "", false)
	}
	return plain, err
}

// ReplaceFile puts another key (ParseKey) in place of the one in dir.
func ReplaceFile(dir, text string) error {
	plain, err := ParseKey(text)
	if err != nil {
		return err
	}
	return writeKey(filepath.Join(dir, FileName), plain, os.Rename)
}

// writeKey writes a file that place gives its name once it is whole.
func writeKey(path string, plain []byte, place func(from, to string) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write the key: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.WriteString(base64.StdEncoding.EncodeToString(plain) + "\n")
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = place(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write the key: %w", err)
	}
	return nil
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

// NewMaster makes a master key of 32 bytes.
func NewMaster(plain []byte) (*Master, error) {
	k, err := newKey(plain)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, plain)
	mac.Write([]byte("scimd key fingerprint"))
	return &Master{fingerprint: hex.EncodeToString(mac.Sum(nil)[:8]), key: k}, nil
}

// Fingerprint names the key: 16 hexadecimal digits that tell nothing about it.
func (m *Master) Fingerprint() string { return m.fingerprint }

// Format prints the fingerprint, whatever the verb.
func (m *Master) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "master key %s", m.fingerprint) }

// newDataKey makes a data key that comes after another.
func (m *Master) newDataKey(after int64, now time.Time) store.DataKey {
	plain, id := make([]byte, keySize), make([]byte, 8)
	_, _ = rand.Read(plain) // never fails
	_, _ = rand.Read(id)
	k := store.DataKey{ID: hex.EncodeToString(id), Nr: after + 1, Master: m.fingerprint, Created: now}
	k.Wrapped = m.wrap(k.ID, plain)
	return k
}

func (m *Master) wrap(id string, plain []byte) []byte { return m.key.seal(plain, wrapContext(id)) }

func wrapContext(id string) []byte { return []byte("scimd data key " + id) }

// unwrap gives a data key in clear.
func (m *Master) unwrap(k store.DataKey) ([]byte, error) {
	if k.Master != m.fingerprint {
		return nil, fmt.Errorf("data key %s: %w", k.ID, ErrMasterChanged)
	}
	plain, err := m.key.open(k.Wrapped, wrapContext(k.ID))
	if err != nil {
		return nil, fmt.Errorf("data key %s is damaged", k.ID)
	}
	return plain, nil
}
