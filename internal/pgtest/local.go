package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// binaries are the programs needed to run a server, in one version.
type binaries struct{ initdb, postgres string }

// findBinaries looks on PATH and where Debian keeps them, newest version first.
func findBinaries() (binaries, error) {
	dirs := filepath.SplitList(os.Getenv("PATH"))
	debian, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return binaries{}, err
	}
	slices.Reverse(debian)
	for _, dir := range append(dirs, debian...) {
		b := binaries{filepath.Join(dir, "initdb"), filepath.Join(dir, "postgres")}
		if _, err := exec.LookPath(b.initdb); err != nil {
			continue
		}
		if _, err := exec.LookPath(b.postgres); err == nil {
			return b, nil
		}
	}
	return binaries{}, errors.New("no initdb and postgres on PATH or in /usr/lib/postgresql")
}

// startLocal runs local binaries in a temporary directory.
func startLocal(settings []string) (*Server, error) {
	b, err := findBinaries()
	if err != nil {
		return nil, err
	}
	who, err := serverAccount()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(tempDir(who), "scimd-pg-")
	if err != nil {
		return nil, err
	}
	s, err := startIn(dir, b, who, settings)
	if err != nil {
		_ = os.RemoveAll(dir)
	}
	return s, err
}

func startIn(dir string, b binaries, who *account, settings []string) (*Server, error) {
	if err := who.own(dir); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	initdb := exec.CommandContext(ctx, b.initdb, "-D", data, "-U", "postgres", "-E", "UTF8",
		"--locale=C", "--auth=trust", "--no-sync")
	who.run(initdb, dir)
	if out, err := initdb.CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return nil, fmt.Errorf("initdb: %w: %s", err, lines[len(lines)-1])
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	// Another process may take the port before the server does.
	var s *Server
	for range 3 {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		args := []string{"-c", keeper, dir, b.postgres, "-D", data, "-h", "127.0.0.1", "-p", port, "-k", ""}
		cmd := exec.Command("sh", append(args, settings...)...)
		who.run(cmd, dir)
		s, err = run(cmd, log, func() (string, error) {
			return "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable", nil
		})
		if err == nil || !strings.Contains(err.Error(), "ended at once") {
			return s, err
		}
	}
	return s, err
}

// tempDir is a directory in which the account can reach its own directory.
func tempDir(who *account) string {
	dir := os.TempDir()
	if who == nil {
		return dir
	}
	for d := dir; ; d = filepath.Dir(d) {
		if info, err := os.Stat(d); err != nil || info.Mode().Perm()&0o001 == 0 {
			return "/tmp"
		}
		if d == filepath.Dir(d) {
			return dir
		}
	}
}
