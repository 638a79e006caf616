package scim

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// interrupted is a store in which others do something after a transaction, given by
// its number.
type interrupted struct {
	store.Store
	n     int
	after map[int]func()
}

func (s *interrupted) Do(ctx context.Context, space int64, fn func(store.Tx) error) error {
	err := s.Store.Do(ctx, space, fn)
	s.n++
	if do := s.after[s.n]; do != nil {
		do()
	}
	return err
}

// A restore brings the service user of an application back that is gone, and removes
// it a little later: in between, and whenever it goes, the application can be made
// anew.
func TestAServiceUserIsMadeWhateverRestoresDoWithAStray(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, s store.Store) {
		const name = "brief@tenant"
		none := func(store.Tx, string) error { return nil }
		for what, after := range map[string]func(comes, goes func()) map[int]func(){
			"it stays":           func(_, _ func()) map[int]func() { return nil },
			"it goes just then":  func(_, goes func()) map[int]func() { return map[int]func(){1: goes} },
			"it comes back once": func(comes, _ func()) map[int]func() { return map[int]func(){2: comes} },
			"it comes and goes": func(comes, goes func()) map[int]func() {
				return map[int]func(){2: comes, 3: goes}
			},
		} {
			t.Run(what, func(t *testing.T) {
				d := newDirectory(t, s, "cyberark")
				var stray string
				comes := func() {
					err := d.service.AddServiceUser(t.Context(), d.call.Tenant, name, func(_ store.Tx, id string) error { stray = id; return nil })
					if err != nil {
						t.Error(err)
					}
				}
				goes := func() {
					if err := d.service.RemoveServiceUser(t.Context(), d.call.Tenant, stray, func(store.Tx) error { return nil }); err != nil {
						t.Error(err)
					}
				}
				comes()
				service := NewService(&interrupted{Store: s, after: after(comes, goes)})
				if err := service.AddServiceUser(t.Context(), d.call.Tenant, name, none); err != nil {
					t.Error(err)
				}
			})
		}
		t.Run("a user has the name", func(t *testing.T) {
			d := newDirectory(t, s, "cyberark")
			if err := d.service.AddServiceUser(t.Context(), d.call.Tenant, "ada", none); !scimerr.Is(err, 409) {
				t.Errorf("%v, want 409", err)
			}
		})
		t.Run("a user had the name in a space that the tenant has left", func(t *testing.T) {
			d := newDirectory(t, s, "cyberark")
			if _, err := s.RestoreSnapshot(t.Context(), d.call.Tenant.ID, "", store.Event{At: time.Now()}); err != nil {
				t.Fatal(err)
			}
			if err := d.service.AddServiceUser(t.Context(), d.call.Tenant, "ada", none); !errors.Is(err, store.ErrMoved) {
				t.Errorf("%v, want ErrMoved", err)
			}
		})
	})
}
