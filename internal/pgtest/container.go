package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

const image = "postgres:17-alpine"

// startContainer runs a server with Docker, if an engine answers. The keeper
// runs inside the container: the client passes the end of its input on.
func startContainer(settings []string) (*Server, error) {
	if err := command(10*time.Second, "docker", "info"); err != nil {
		return nil, err
	}
	if err := command(5*time.Minute, "docker", "pull", "--quiet", image); err != nil {
		return nil, err
	}
	log, err := os.CreateTemp("", "scimd-pg-log-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(log.Name())
	defer log.Close()
	name := freshName()
	args := []string{"run", "--rm", "--interactive", "--name", name, "--publish", "127.0.0.1::5432",
		"--env", "POSTGRES_HOST_AUTH_METHOD=trust", "--entrypoint", "sh", image,
		"-c", keeper, "", "docker-entrypoint.sh", "postgres"}
	return run(exec.Command("docker", append(args, settings...)...), log, func() (string, error) {
		out, err := exec.Command("docker", "port", name, "5432/tcp").Output()
		if err != nil {
			return "", err
		}
		address, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return "postgres://postgres@" + address + "/postgres?sslmode=disable", nil
	})
}

// startInstalled installs Postgres from Debian's packages and runs that.
func startInstalled(settings []string) (*Server, error) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return nil, errors.New("only root installs packages")
	}
	if _, err := os.Stat("/etc/debian_version"); err != nil {
		return nil, errors.New("this is not Debian")
	}
	// Other test binaries may be doing the same.
	wait := "DPkg::Lock::Timeout=300"
	if err := command(5*time.Minute, "apt-get", "-o", wait, "update"); err != nil {
		return nil, err
	}
	err := command(10*time.Minute, "env", "DEBIAN_FRONTEND=noninteractive",
		"apt-get", "-o", wait, "install", "-y", "--no-install-recommends", "postgresql")
	if err != nil {
		return nil, err
	}
	return startLocal(settings)
}

func command(limit time.Duration, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return fmt.Errorf("%s: %w %s", name, err, lines[len(lines)-1])
}
