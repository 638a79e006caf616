package control

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

const (
	socketName = "control.sock"
	// maxSocketPath is a length of socket path that every system takes: the
	// smallest limit is 104 bytes with the closing zero.
	maxSocketPath = 100
	shortPrefix   = "scimd-"
)

// ErrInUse: a live server holds the socket.
var ErrInUse = errors.New("another server holds the control socket")

// SocketPath is where the control socket of a data directory lies: in it, or,
// when that path is too long for a socket, in a private directory below
// os.TempDir whose name follows from the data directory.
func SocketPath(dataDir string) (string, error) {
	dir, err := filepath.Abs(dataDir)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	if path := filepath.Join(dir, socketName); len(path) <= maxSocketPath {
		return path, nil
	}
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join(os.TempDir(), shortPrefix+hex.EncodeToString(sum[:8]), socketName), nil
}

// checkPlace refuses a short path whose directory others could have made: in a
// shared temporary directory anyone can guess its name.
func checkPlace(path string) error {
	dir := filepath.Dir(path)
	if !isShort(dir) {
		return nil
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() || !private(info) {
		return fmt.Errorf("the directory %s for the control socket belongs to another user or is open to others", dir)
	}
	return nil
}

// isShort tells a directory that was made for the socket alone.
func isShort(dir string) bool {
	return filepath.Dir(dir) == filepath.Clean(os.TempDir()) && strings.HasPrefix(filepath.Base(dir), shortPrefix)
}

// Listen listens on a socket that only this user can reach. A socket left
// behind is replaced; ErrInUse when a live server has it, which the lock
// beside it tells. Closing the listener removes both, and the directory that was
// made for them.
func Listen(path string) (net.Listener, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of the control socket: %w", err)
	}
	if err := checkPlace(path); err != nil {
		return nil, err
	}
	lock, err := acquire(path + ".lock")
	if err != nil {
		return nil, err
	}
	l, err := listen(path)
	if err != nil {
		lock.release()
		return nil, fmt.Errorf("listen on the control socket: %w", err)
	}
	return &socket{Listener: l, lock: lock}, nil
}

func listen(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

type socket struct {
	net.Listener
	lock *lockFile
}

func (s *socket) Close() error {
	err := s.Listener.Close()
	s.lock.release()
	if dir := filepath.Dir(s.lock.path); isShort(dir) {
		_ = os.Remove(dir) // unless another server has come
	}
	return err
}

type lockFile struct {
	flock *flock.Flock
	path  string
}

// acquire takes the lock, and takes it again when its file was removed by the
// holder before between opening and locking.
func acquire(path string) (*lockFile, error) {
	for {
		f := flock.New(path, flock.SetPermissions(0o600))
		ok, err := f.TryLock()
		if err != nil {
			return nil, fmt.Errorf("lock the control socket: %w", err)
		}
		if !ok {
			return nil, ErrInUse
		}
		mine, err := f.Stat()
		if err != nil {
			_ = f.Unlock()
			return nil, err
		}
		if there, err := os.Stat(path); err == nil && os.SameFile(mine, there) {
			return &lockFile{f, path}, nil
		}
		_ = f.Unlock()
	}
}

// release removes the file while it is still locked, so that nobody can lock a
// file that is about to go; where open files cannot be removed it stays.
func (l *lockFile) release() {
	_ = os.Remove(l.path)
	_ = l.flock.Unlock()
}
