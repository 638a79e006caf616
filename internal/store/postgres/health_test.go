package postgres

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/scimd/scimd/internal/pgtest"
)

func TestConnectionsHaveSettingsUnlessTheURLSetsThem(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{
		"":                                       "10s 1min off",
		"lock_timeout=3s":                        "3s 1min off",
		"idle_in_transaction_session_timeout=0":  "10s 0 off",
		"options=-c%20lock_timeout%3D7s":         "7s 1min off",
		"options=-c%20statement_timeout%3D100ms": "10s 1min off",
		"jit=on":                                 "10s 1min on",
	} {
		link := pgtest.URL(t)
		c, err := pgx.ParseConfig(link + "&" + settings)
		if err != nil {
			t.Fatal(err)
		}
		if err := (&Store{log: slog.New(slog.DiscardHandler)}).configure(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		conn, err := pgx.ConnectConfig(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		var got [3]string
		row := conn.QueryRow(t.Context(), "SELECT current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout'), current_setting('jit')")
		if err := row.Scan(&got[0], &got[1], &got[2]); err != nil || strings.Join(got[:], " ") != want {
			t.Errorf("%q: %v (%v), want %s", settings, got, err, want)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
