package main

import (
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/control"
)

func TestSnapshotsByCommand(t *testing.T) {
	t.Parallel()
	for name, env := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, env(t)...)
			s := p.serve()
			put := func(name string, want int) {
				t.Helper()
				if got := s.request("POST", "/Users", s.Token, user(name)); got != want {
					t.Errorf("user %s: status %d, want %d", name, got, want)
				}
			}
			put("ann", 201)
			p.refuse("--yes", "reset")
			var saved control.Snapshot
			p.succeed(&saved, "snapshot", "save", "seed")
			if saved.Name != "seed" || saved.Resources != 1 {
				t.Errorf("saved %+v", saved)
			}
			put("bob", 201)
			p.refuse("snapshot seed already", "snapshot", "save", "seed")
			var r control.Restored
			p.succeed(&r, "reset")
			if r.Snapshot != "seed" || r.Resources != 1 {
				t.Errorf("reset %+v", r)
			}
			put("ann", 409)
			put("bob", 201)
			p.succeed(&saved, "snapshot", "save", "seed", "--replace")
			p.succeed(&r, "snapshot", "restore", "seed")
			put("bob", 409)
			human, _, _ := p.run("snapshot", "list")
			if !strings.Contains(human, "seed") || strings.Count(human, "\n") != 2 {
				t.Errorf("snapshot list prints:\n%s", human)
			}
			p.refuse("one snapshot", "snapshot", "restore")
			p.refuse(`no snapshot "none"`, "snapshot", "delete", "none")
			var check control.Check
			p.succeed(&check, "check")
			var gone map[string]string
			p.succeed(&gone, "snapshot", "delete", "seed")
			r = control.Restored{}
			p.succeed(&r, "reset", "--yes")
			if r.Snapshot != "" || r.Resources != 0 {
				t.Errorf("emptied %+v", r)
			}
			put("ann", 201)
		})
	}
}
