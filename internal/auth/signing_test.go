package auth

import (
	"testing"
	"time"
)

// The keys of tenants that are no more do not stay in memory.
func TestKeysOfASpaceAreForgotten(t *testing.T) {
	t.Parallel()
	k := NewSigningKeys(nil, nil, time.Now)
	first, other := k.set(1), k.set(2)
	k.Forget(1)
	if len(k.spaces) != 1 || k.set(2) != other || k.set(1) == first {
		t.Errorf("kept are %v", k.spaces)
	}
}
