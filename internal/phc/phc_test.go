package phc

import (
	"strings"
	"testing"
)

func TestASecretMatchesItsHashAlone(t *testing.T) {
	t.Parallel()
	cheap := Cost{Passes: 1, Memory: 64, Threads: 2}
	hash := Hash("pässword", cheap)
	if hash == Hash("pässword", cheap) {
		t.Error("two hashes have one salt")
	}
	for secret, want := range map[string]bool{"pässword": true, "passwort": false, "Pässword": false, "": false, "pässword ": false} {
		if got, err := Matches(hash, secret); got != want || err != nil {
			t.Errorf("%q: %t, %v", secret, got, err)
		}
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=2$") {
		t.Errorf("hash %s", hash)
	}
}

func TestADamagedHashMatchesNothing(t *testing.T) {
	t.Parallel()
	hash := Hash("", Cost{Passes: 1, Memory: 64, Threads: 1})
	for _, damaged := range []string{
		"", "x", hash[:len(hash)-44], strings.Replace(hash, "argon2id", "argon2i", 1), strings.Replace(hash, "v=19", "v=16", 1),
		strings.Replace(hash, "t=1", "t=0", 1), strings.Replace(hash, "p=1", "p=256", 1), strings.Replace(hash, "p=1", "p=", 1), hash + "!", hash + "$x",
	} {
		if ok, err := Matches(damaged, ""); ok || err == nil {
			t.Errorf("%q: %t, %v", damaged, ok, err)
		}
	}
}
