package postgres

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/scimd/scimd/internal/pgtest"
)

func TestTransactionsHaveLimitsUnlessTheURLSetsThem(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{
		"":                                       "10s 1min",
		"lock_timeout=3s":                        "3s 1min",
		"idle_in_transaction_session_timeout=0":  "10s 0",
		"options=-c%20lock_timeout%3D7s":         "7s 1min",
		"options=-c%20statement_timeout%3D100ms": "10s 1min",
	} {
		link := pgtest.URL(t)
		c, err := pgx.ParseConfig(link + "&" + settings)
		if err != nil {
			t.Fatal(err)
		}
		if err := (&Store{log: slog.New(slog.DiscardHandler)}).limit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		conn, err := pgx.ConnectConfig(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		var got [2]string
		row := conn.QueryRow(t.Context(), "SELECT current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout')")
		if err := row.Scan(&got[0], &got[1]); err != nil || strings.Join(got[:], " ") != want {
			t.Errorf("%q: %v (%v), want %s", settings, got, err, want)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
