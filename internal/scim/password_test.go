package scim

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/scimd/scimd/internal/phc"
)

// R6749-10.10: anybody may have passwords compared, and that stops nobody who has a
// password to store.
func TestPasswordsAreStoredWhileAnyNumberIsCompared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &Service{passwords: newPasswords(phc.Cost{Passes: 1, Memory: 64, Threads: 1})}
		ctx, end := context.WithCancel(t.Context())
		for range comparingAtOnce {
			if _, err := s.passwords.comparing.Enter(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for range comparingRoom {
			go func() { _, _ = s.passwordMatches(ctx, nil, "p") }()
		}
		synctest.Wait()
		if _, err := s.passwordMatches(ctx, nil, "p"); !errors.Is(err, phc.ErrBusy) {
			t.Errorf("beyond the room: %v", err)
		}
		if hash, err := s.hash(ctx, &Profile{Passwords: "hash"}, "p"); err != nil || len(hash) == 0 {
			t.Errorf("hash %q, %v", hash, err)
		}
		end()
	})
}
