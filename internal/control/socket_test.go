package control_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/control"
)

func TestALiveSocketIsNeverStolenAndADeadOneIsReplaced(t *testing.T) {
	t.Parallel()
	path, err := control.SocketPath(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil { // left by a crash
		t.Fatal(err)
	}
	l, err := control.Listen(path)
	if err != nil {
		t.Fatalf("over a dead socket: %v", err)
	}
	if _, err := control.Listen(path); !errors.Is(err, control.ErrInUse) {
		t.Fatalf("over a live socket: %v, want ErrInUse", err)
	}
	if _, err := control.DialSocket(ctx, path); err != nil {
		t.Fatalf("the live socket no longer answers: %v", err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Fatalf("socket %v, %v; want mode 0600", info, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if list, _ := os.ReadDir(filepath.Dir(path)); len(list) != 0 && runtime.GOOS != "windows" {
		t.Errorf("%v is left behind", list)
	}
	if _, err := control.DialSocket(ctx, path); !errors.Is(err, control.ErrNoServer) {
		t.Fatalf("after the end: %v, want ErrNoServer", err)
	}
}

func TestADirectoryWithoutServerIsToldApart(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "missing"), longDir(t)} {
		if _, err := control.Dial(ctx, dir); !errors.Is(err, control.ErrNoServer) {
			t.Errorf("%s: %v, want ErrNoServer", dir, err)
		}
	}
	if err := control.Listens(ctx, "127.0.0.1:1"); !errors.Is(err, control.ErrNoServer) {
		t.Errorf("on TCP: %v, want ErrNoServer", err)
	}
}

func TestALongDataDirectoryGetsAShortSocketPath(t *testing.T) {
	t.Parallel()
	dir := longDir(t)
	path, err := control.SocketPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(path) > 100 || strings.HasPrefix(path, dir) {
		t.Fatalf("path %q", path)
	}
	if other, _ := control.SocketPath(dir + "x"); other == path {
		t.Error("two data directories share a socket")
	}
	l, err := control.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(filepath.Dir(path)) })
	if _, err := control.Dial(ctx, dir); err != nil {
		t.Errorf("the client does not find it: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory of the socket is left behind: %v", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o777), os.Chmod(filepath.Dir(path), 0o777)); err != nil {
		t.Fatal(err)
	}
	if _, err := control.Listen(path); err == nil || !strings.Contains(err.Error(), "open to others") {
		t.Errorf("listening where others may write: %v", err)
	}
	if _, err := control.Dial(ctx, dir); err == nil || errors.Is(err, control.ErrNoServer) {
		t.Errorf("dialling where others may write: %v", err)
	}
}

func longDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}
