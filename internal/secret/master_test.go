package secret_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/scimd/scimd/internal/secret"
)

// settings are store settings in memory.
type settings struct {
	mu sync.Mutex
	m  map[string]string
}

func (s *settings) Setting(_ context.Context, key string) (string, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.m[key]
	return v, ok, nil
}

func (s *settings) SetSetting(_ context.Context, key, value string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.m[key]; ok {
		return v, nil
	}
	s.m[key] = value
	return value, nil
}

func database() *settings { return &settings{m: map[string]string{}} }

var ctx = context.Background()

func TestTheKeyIsMadeOnceAndKeptPrivate(t *testing.T) {
	t.Parallel()
	dir, db := t.TempDir(), database()
	first, err := secret.OpenMaster(ctx, dir, "", db)
	if err != nil {
		t.Fatal(err)
	}
	again, err := secret.OpenMaster(ctx, dir, "", db)
	if err != nil || again.Fingerprint() != first.Fingerprint() {
		t.Fatalf("second start: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, secret.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode().Perm())
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 {
		t.Errorf("%d files lie in the directory, want 1", len(list))
	}
}

func TestAnotherKeyRefusesToStart(t *testing.T) {
	t.Parallel()
	db := database()
	if _, err := secret.OpenMaster(ctx, t.TempDir(), "", db); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	if _, err := secret.OpenMaster(ctx, other, "", db); !errors.Is(err, secret.ErrOtherKey) {
		t.Fatalf("without a key: %v", err)
	}
	if list, _ := os.ReadDir(other); len(list) != 0 {
		t.Error("a key was made that can never be used")
	}
	if _, err := secret.OpenMaster(ctx, other, strings.Repeat("ab", 32), db); !errors.Is(err, secret.ErrOtherKey) {
		t.Fatalf("with another key: %v", err)
	}
}

func TestAGivenKeyLeavesNoFile(t *testing.T) {
	t.Parallel()
	dir, db, key := t.TempDir(), database(), bytes.Repeat([]byte{7}, 32)
	a, err := secret.OpenMaster(ctx, dir, hex.EncodeToString(key), db)
	if err != nil {
		t.Fatal(err)
	}
	b, err := secret.OpenMaster(ctx, dir, base64.StdEncoding.EncodeToString(key)+"\n", db)
	if err != nil || a.Fingerprint() != b.Fingerprint() {
		t.Fatalf("the same key in base64: %v", err)
	}
	if list, _ := os.ReadDir(dir); len(list) != 0 {
		t.Error("the given key was written to the directory")
	}
}

func TestServersThatStartTogetherShareOneKey(t *testing.T) {
	t.Parallel()
	dir, db := t.TempDir(), database()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := secret.OpenMaster(ctx, dir, "", db); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestADamagedKeyFileIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, secret.FileName)
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.OpenMaster(ctx, dir, "", database()); err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "short") {
		t.Fatalf("%v, want an error that names the file and not its content", err)
	}
}
