package pgtest_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scimd/scimd/internal/pgtest"
)

func TestEachURLHasASchemaOfItsOwnThatEndsWithTheTest(t *testing.T) {
	t.Parallel()
	var urls []string
	t.Run("while the tests run", func(t *testing.T) {
		for range 2 {
			urls = append(urls, pgtest.URL(t))
			query(t, urls[len(urls)-1], "CREATE TABLE resource (id text)")
		}
		if got := query(t, urls[0], "SELECT count(*)::text FROM resource"); got != "0" {
			t.Errorf("rows in a new table: %s, want 0", got)
		}
	})
	if got := query(t, urls[0], "SELECT coalesce(to_regclass('resource')::text, 'gone')"); got != "gone" {
		t.Errorf("table after the test: %s, want it dropped with its schema", got)
	}
}

func TestADatabaseIsEmptyAndEndsWithTheTestDespiteOpenConnections(t *testing.T) {
	t.Parallel()
	var url string
	t.Run("while the test runs", func(t *testing.T) {
		url = pgtest.Database(t)
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), "CREATE TABLE resource (id text)"); err != nil {
			t.Error(err)
		}
	})
	if conn, err := pgx.Connect(t.Context(), url); err == nil {
		_ = conn.Close(t.Context())
		t.Error("the database outlived its test")
	}
}

func TestADurableServerSyncs(t *testing.T) {
	t.Parallel()
	if got := query(t, pgtest.URL(t, pgtest.Durable), "SHOW fsync"); got != "on" {
		t.Errorf("fsync = %s, want on", got)
	}
}

// The child process starts a server, prints its URL and waits to be killed.
func TestAServerEndsSoonAfterAKilledProcess(t *testing.T) {
	t.Parallel()
	if os.Getenv("PGTEST_CHILD") != "" {
		server, err := pgtest.Start()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("URL=" + server.URL + "\n")
		select {}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self, "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), "PGTEST_CHILD=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	buf := make([]byte, 512)
	for !strings.Contains(text.String(), "\n") {
		n, err := out.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			t.Fatalf("the child printed no URL: %v: %s", err, text.String())
		}
	}
	url := strings.TrimPrefix(strings.TrimSpace(text.String()), "URL=")
	query(t, url, "SELECT 'alive'")
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed

	deadline := time.Now().Add(time.Minute)
	for {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			return
		}
		_ = conn.Close(t.Context())
		if time.Now().After(deadline) {
			t.Fatal("the server outlived the killed process by 15 s")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func query(t *testing.T, url, statement string) (answer string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, statement)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&answer); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return answer
}
