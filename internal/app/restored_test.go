package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/clock"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/pgtest"
	"github.com/scimd/scimd/internal/scimerr"
)

// A login name that an application has by now keeps a snapshot with a user of it from
// being restored, and nothing of the tenant changes.
func TestAnApplicationKeepsItsLoginNameFromASnapshot(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.Token, cfg.Ephemeral = "own", true
	s, _ := start(t, cfg)
	l, m := &besieged{TB: t, base: s.BaseURL(), token: cfg.Token}, s.Control()
	id := l.create(l.token, "/Users", fmt.Sprintf(userOf, "robot@corp.example", "x"))
	if _, err := m.SaveSnapshot(t.Context(), "", control.NewSnapshot{Name: "s"}); err != nil {
		t.Fatal(err)
	}
	if status, answer := l.ask("DELETE", "/Users/"+id, ""); status != 204 {
		t.Fatalf("%d %s", status, answer)
	}
	if _, err := m.CreateApplication(t.Context(), control.NewApplication{AppID: "robot", ClientID: "robot@corp.example", Rights: "all"}); err != nil {
		t.Fatal(err)
	}
	_, err := m.RestoreSnapshot(t.Context(), "", "s")
	if !scimerr.Is(err, 409) || !strings.Contains(err.Error(), `"robot@corp.example"`) {
		t.Errorf("restored: %v", err)
	}
	if status, _ := l.ask("GET", "/Users/"+id, ""); status != 404 {
		t.Errorf("a restore that was refused: %d, want 404", status)
	}
	if err := m.DeleteApplication(t.Context(), "", "robot"); err != nil {
		t.Fatal(err)
	}
	if r, err := m.RestoreSnapshot(t.Context(), "", "s"); err != nil || r.Resources != 1 {
		t.Errorf("without the application: %+v, %v", r, err)
	}
	if status, _ := l.ask("GET", "/Users/"+id, ""); status != 200 {
		t.Errorf("restored: %d, want 200", status)
	}
}

// Of two servers on one database, what one saves has what the other wrote, and the
// other goes over to what one restores; clocks are each server's own.
func TestServersOfOneDatabaseShareSnapshots(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	server := func() (*besieged, control.Service) {
		cfg := config(t)
		cfg.Token, cfg.DatabaseURL, cfg.Key = "own", url, strings.Repeat("ab", 32)
		s, _ := start(t, cfg)
		return &besieged{TB: t, base: s.BaseURL(), token: cfg.Token}, s.Control()
	}
	one, m := server()
	other, beside := server()
	id := other.create(other.token, "/Users", fmt.Sprintf(userOf, "ada", "x"))
	if saved, err := m.SaveSnapshot(t.Context(), "", control.NewSnapshot{Name: control.SeedSnapshot}); err != nil || saved.Resources != 1 {
		t.Fatalf("saved %+v, %v", saved, err)
	}
	if status, _ := one.ask("DELETE", "/Users/"+id, ""); status != 204 {
		t.Fatalf("deleted: %d", status)
	}
	for range 2 {
		if r, err := beside.Reset(t.Context(), ""); err != nil || r.Resources != 1 {
			t.Fatalf("reset %+v, %v", r, err)
		}
		if status, _ := other.ask("GET", "/Users/"+id, ""); status != 200 {
			t.Errorf("at the server that reset: %d, want 200", status)
		}
		deadline := time.Now().Add(time.Minute)
		for status := 0; status != 204; {
			if status, _ = one.ask("DELETE", "/Users/"+id, ""); time.Now().After(deadline) {
				t.Fatalf("at the other server: %d", status)
			}
			time.Sleep(5 * time.Millisecond)
		}
		if status, _ := other.ask("GET", "/Users/"+id, ""); status != 404 {
			t.Errorf("deleted by the other: %d, want 404", status)
		}
	}
	if _, err := m.SetClock(t.Context(), "", clock.Setting{Mode: clock.Fixed, Time: time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	if now, err := beside.Clock(t.Context(), ""); err != nil || !now.Real {
		t.Errorf("the clock of the other: %+v, %v", now, err)
	}
	if found, err := m.Check(t.Context(), ""); err != nil || len(found.Findings) > 0 {
		t.Errorf("found %+v, %v", found, err)
	}
}
