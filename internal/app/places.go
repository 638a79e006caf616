package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"github.com/scimd/scimd/internal/control"
)

// undo is what has to be undone at the end, the latest first.
type undo []func() error

func (u *undo) add(f func() error) { *u = append(*u, f) }

func (u *undo) run() error {
	var errs []error
	for i := len(*u) - 1; i >= 0; i-- {
		errs = append(errs, (*u)[i]())
	}
	*u = nil
	return errors.Join(errs...)
}

// makeDataDir makes the data directory.
func makeDataDir(cfg *Config, u *undo) error {
	leaveNoTrace(cfg, cfg.DataDir, u)
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil && !cfg.Ephemeral {
		return fmt.Errorf("make the data directory: %w", err)
	}
	return nil
}

// leaveNoTrace sees to it that a directory which is about to be made for an
// ephemeral server goes again at the end unless something else lies in it.
func leaveNoTrace(cfg *Config, dir string, u *undo) {
	if _, err := os.Stat(dir); !cfg.Ephemeral || !errors.Is(err, os.ErrNotExist) {
		return
	}
	u.add(func() error {
		_ = os.Remove(dir) // fails, rightly, when it is not empty
		return nil
	})
}

// privateDir gives the directory for the database and the key: a temporary one
// for an ephemeral server, else the data directory.
func privateDir(cfg *Config, u *undo) (string, error) {
	if !cfg.Ephemeral {
		return cfg.DataDir, nil
	}
	dir, err := os.MkdirTemp("", "scimd-*") // mode 0700
	if err != nil {
		return "", fmt.Errorf("make a temporary directory: %w", err)
	}
	u.add(func() error { return os.RemoveAll(dir) })
	return dir, nil
}

// listenControl listens on the control socket of the data directory, or, when
// another server holds it or an ephemeral server has no such directory, on one
// in a temporary directory: elsewhere is then its path, else "".
func listenControl(cfg *Config, u *undo) (l net.Listener, elsewhere string, err error) {
	path, err := control.SocketPath(cfg.DataDir)
	if err != nil {
		return nil, "", err
	}
	leaveNoTrace(cfg, filepath.Dir(path), u)
	if l, err = control.Listen(path); !errors.Is(err, control.ErrInUse) && (err == nil || !cfg.Ephemeral) {
		return l, "", err
	}
	dir, err := os.MkdirTemp("", "scimd-*")
	if err != nil {
		return nil, "", fmt.Errorf("make a directory for the control socket: %w", err)
	}
	u.add(func() error { return os.RemoveAll(dir) })
	if path, err = control.SocketPath(dir); err != nil {
		return nil, "", err
	}
	l, err = control.Listen(path)
	return l, path, err
}

// Ready is the content of the ready file. BaseURL reaches the server from its
// own machine; Token is "" when the server does not know one. CAFile holds the
// authority that clients have to trust, if the server made one.
type Ready struct {
	BaseURL string `json:"baseUrl"`
	Tenant  string `json:"tenant"`
	Token   string `json:"token"`
	PID     int    `json:"pid"`
	CAFile  string `json:"caFile,omitempty"`
	// ControlURL is the base of the control API over TCP, and ControlToken what
	// requests to it need; both are "" without it.
	ControlURL   string `json:"controlUrl,omitempty"`
	ControlToken string `json:"controlToken,omitempty"`
}

// readyFile is a ready file in the making: it is opened before anything is done
// that cannot be done again, and appears whole or not at all.
type readyFile struct {
	path string
	tmp  *os.File
}

func newReadyFile(path string) (*readyFile, error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".ready-*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("write the ready file: %w", err)
	}
	return &readyFile{path: path, tmp: tmp}, nil
}

func (f *readyFile) write(r Ready) error {
	b, err := json.Marshal(r)
	if err == nil {
		_, err = f.tmp.Write(append(b, '\n'))
	}
	if err = errors.Join(err, f.tmp.Close()); err == nil {
		err = os.Rename(f.tmp.Name(), f.path)
	}
	if err != nil {
		return fmt.Errorf("write the ready file: %w", err)
	}
	return nil
}

// remove removes the file, in whatever state it is.
func (f *readyFile) remove() error {
	_ = f.tmp.Close()
	_ = os.Remove(f.tmp.Name())
	if err := os.Remove(f.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
