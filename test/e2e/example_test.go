package e2e_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// envVault sets the size of the vault that the example makes:
// SAFES/PERMISSIONS/ACCOUNTS.
const envVault = "SCIMD_TEST_VAULT"

// vaultNumbers is how large the example's vault is. There are more permissions
// and accounts than the largest page has.
type vaultNumbers struct{ safes, permissions, accounts int }

func vaultSize(t *testing.T) vaultNumbers {
	t.Helper()
	n := vaultNumbers{200, 4000, 4000}
	if raceDetector || testing.Short() {
		n = vaultNumbers{50, 1200, 1100}
	}
	if text := os.Getenv(envVault); text != "" {
		if _, err := fmt.Sscanf(text, "%d/%d/%d", &n.safes, &n.permissions, &n.accounts); err != nil || min(n.permissions, n.accounts) <= pageLimit {
			t.Fatalf("%s is %q, not SAFES/PERMISSIONS/ACCOUNTS with more than %d of the latter", envVault, text, pageLimit)
		}
	}
	return n
}

// pageLimit is a limit of lists that the vault is larger than.
const pageLimit = 1000

// tenant 17, 19.23; clients 10.2, 10.3: both of SailPoint's collectors see a whole vault, in whole lists and
// page by page, and a list that the server cuts is seen to be cut.
func TestTheCollectorsOfTheExampleAgree(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "sailpoint.exe")
	build := exec.Command("go", "build", "-o", program, "github.com/scimd/scimd/examples/sailpoint")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	n := vaultSize(t)
	// Who makes a safe has a permission on it, too.
	sees := regexp.MustCompile(fmt.Sprintf(`(?m)^.* %d safes +%d permissions of \d+ grantees +%d accounts$`, n.safes, n.permissions+n.safes, n.accounts))
	onEngines(t, func(t *testing.T, p place) {
		collect := func(s *server, status int, args ...string) string {
			t.Helper()
			began := time.Now()
			cmd := exec.CommandContext(t.Context(), program, append([]string{"--base", s.base}, args...)...)
			cmd.Env = append(os.Environ(), "SCIM_TOKEN="+token)
			var out, errs bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errs
			err := cmd.Run()
			t.Logf("%v: %.1f s", args, time.Since(began).Seconds())
			var ended *exec.ExitError
			if err != nil && !errors.As(err, &ended) {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != status {
				t.Fatalf("%v ends with %d, not %d\n%s%s", args, got, status, out.String(), errs.String())
			}
			return out.String()
		}
		whole := func(out string) {
			t.Helper()
			if len(sees.FindAllString(out, -1)) != 2 || !strings.Contains(out, "both pictures are the same") || strings.Contains(out, "truncated") {
				t.Errorf("not twice %s:\n%s", sees, out)
			}
		}
		s := p.start(t, "--log-level", "warn")
		whole(collect(s, 0, "--fill", "--safes", fmt.Sprint(n.safes), "--permissions", fmt.Sprint(n.permissions), "--accounts", fmt.Sprint(n.accounts)))
		whole(collect(s, 0))
		whole(collect(s, 0, "--page", "500"))
		s.stop(t)

		s = p.start(t, "--log-level", "warn", "--set", fmt.Sprintf("unpagedLimit=%d", pageLimit))
		out := collect(s, 3)
		for _, line := range []string{
			fmt.Sprintf("  truncated: containerpermissions: %d of %d\n", pageLimit, n.permissions+n.safes),
			fmt.Sprintf("  truncated: PrivilegedData: %d of %d\n", pageLimit, n.accounts),
		} {
			if !strings.Contains(out, line) {
				t.Errorf("no line %q:\n%s", line, out)
			}
		}
		whole(collect(s, 0, "--page", "500"))
	})
}
