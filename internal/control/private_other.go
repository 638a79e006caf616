//go:build !unix

package control

import "io/fs"

// private: the temporary directory belongs to one user on these systems.
func private(fs.FileInfo) bool { return true }
