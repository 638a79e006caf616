//go:build unix

package control

import (
	"io/fs"
	"os"
	"syscall"
)

// private reports whether a directory is this user's and closed to others.
func private(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid() && info.Mode().Perm()&0o077 == 0
}
