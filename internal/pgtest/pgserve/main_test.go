package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheCommandGetsAServerAndItsExitCodeIsOurs(t *testing.T) {
	t.Setenv("SCIMD_TEST_DATABASE_URL", "")
	out := filepath.Join(t.TempDir(), "url")
	script := `case $SCIMD_TEST_DATABASE_URL in postgres://*) echo "$SCIMD_TEST_DATABASE_URL" >"$1"; exit 7;; esac; exit 1`
	code, err := serve([]string{"--", "sh", "-c", script, "sh", out})
	if err != nil || code != 7 {
		t.Fatalf("exit code %d, error %v; want 7 and none", code, err)
	}
	if text, err := os.ReadFile(out); err != nil || len(text) == 0 {
		t.Errorf("the command saw no URL: %v", err)
	}
}

func TestAGivenServerIsPassedOnAsItIs(t *testing.T) {
	t.Setenv("SCIMD_TEST_DATABASE_URL", "postgres://given.example/db")
	code, err := serve([]string{"sh", "-c", `test "$SCIMD_TEST_DATABASE_URL" = postgres://given.example/db`})
	if err != nil || code != 0 {
		t.Errorf("exit code %d, error %v; want 0 and none", code, err)
	}
}

func TestACommandIsNeeded(t *testing.T) {
	t.Parallel()
	if code, err := serve([]string{"--"}); code != 2 || err == nil {
		t.Errorf("exit code %d, error %v; want 2 and the usage", code, err)
	}
}
