package auth

import (
	"context"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/scim"
)

// activeIn are the spaces in which every user is active.
type activeIn map[int64]bool

func (a activeIn) Inactive(_ context.Context, t *scim.Tenant, _ string) (bool, error) {
	return !a[t.Space], nil
}

// A tenant's number stays when it is restored, its space does not, and a new tenant's
// space need not have its number.
func TestWhatIsRememberedOfAUserIsOfHisTenantAndItsSpace(t *testing.T) {
	spaces := activeIn{7: true}
	p := &principals{users: spaces, now: time.Now, known: map[principalKey]principal{}}
	before, after := &scim.Tenant{ID: 2, Space: 7}, &scim.Tenant{ID: 2, Space: 9}
	check := func(when string, tenant *scim.Tenant, want bool) {
		t.Helper()
		if inactive, err := p.inactive(t.Context(), tenant, "ada"); err != nil || inactive != want {
			t.Errorf("%s: inactive is %v (%v), want %v", when, inactive, err, want)
		}
	}
	check("at first", before, false)
	spaces[7] = false
	check("remembered", before, false)
	p.forget(2, "ada")
	check("changed", before, true)
	check("the same user of a tenant whose number is that of the space", &scim.Tenant{ID: 7, Space: 3}, true)
	spaces[9] = true
	check("restored", after, false)
	check("a request that began before", before, true)
	check("after that one", after, false)
}
