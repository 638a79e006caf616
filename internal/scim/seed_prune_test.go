package scim

import (
	"fmt"
	"sync"
	"testing"

	"github.com/scimd/scimd/internal/pgtest"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store/postgres"
)

// What a seed deletes is locked before the groups that hold it: who adds a member locks
// the member first, too.
func TestAPruneAndChangesOfMembersDoNotLockEachOtherOut(t *testing.T) {
	t.Parallel()
	s, err := postgres.Open(t.Context(), postgres.Options{URL: pgtest.URL(t), Registry: registry()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for range 5 {
		d := newDirectory(t, s, "cyberark")
		var others []string
		for i := range 12 {
			others = append(others, fmt.Sprintf("u%d", i))
			d.create("User", others[i], `{"userName":"`+others[i]+`"}`)
		}
		d.group("all", others...)
		seeding, err := d.service.NewSeeding(t.Context(), d.call.Tenant, SeedOptions{Prune: true})
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for _, name := range others {
			all.Go(func() {
				for _, op := range []string{"remove", "add", "remove", "add"} {
					body := d.fill(`{"schemas":["` + urnPatchOp + `"],"Operations":[{"op":"` + op + `","path":"members","value":[{"value":"<` + name + `>"}]}]}`)
					_, err := d.service.Patch(t.Context(), d.call, d.rt("Group"), d.ids["all"], []byte(body), &Params{})
					if err != nil && !scimerr.Is(err, 404) { // deleted meanwhile
						t.Errorf("%s: %v", op, err)
					}
				}
			})
		}
		if _, _, err := seeding.Put(t.Context(), nil, true); err != nil {
			t.Error(err)
		}
		all.Wait()
	}
	if n := s.Retries(); n > 0 {
		t.Errorf("%d transactions had to run again", n)
	}
}
