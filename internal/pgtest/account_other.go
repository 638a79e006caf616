//go:build !unix

package pgtest

import (
	"errors"
	"os/exec"
)

// account is unknown here: the keeper needs a POSIX shell, so that only a given
// server or a container serves the tests.
type account struct{}

func serverAccount() (*account, error) {
	return nil, errors.New("local binaries are run on Unix only")
}

func (*account) own(string) error { return nil }

func (*account) run(*exec.Cmd, string) {}
