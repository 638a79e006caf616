package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

var memberRaceCases = []testCase{
	{"whoever holds a lock has it alone", func(w *world) {
		// Each round two groups want to be in each other; who comes second sees it.
		for i := range 10 {
			pair := w.insert(Group(fmt.Sprintf("left%d", i)), Group(fmt.Sprintf("right%d", i)))
			errs := concurrently(2, func(i int) error {
				g, other := pair[i], pair[1-i]
				return w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
					if err := tx.Lock("nesting"); err != nil {
						return err
					}
					cycle, err := tx.Reaches(store.Member, []int64{other.Seq}, g.Seq)
					if err != nil || cycle {
						return err
					}
					_, err = tx.AddLinks(store.Member, g.Seq, []store.Link{linkTo(other)})
					return err
				})
			})
			if err := errors.Join(errs...); err != nil {
				w.Fatal(err)
			}
			n := len(w.get(groupType(), pair[0].ID, store.Want{Relation: store.Member}).Links) +
				len(w.get(groupType(), pair[1].ID, store.Want{Relation: store.Member}).Links)
			if n != 1 {
				w.Fatalf("round %d: %d edges, want 1", i, n)
			}
		}
	}},
	{"32 clients add members while others delete those users: none dangles, none is lost", func(w *world) {
		const clients, each = 32, 6
		g := w.insert(Group("crowd"))[0]
		users := make([][]*store.Resource, clients)
		for i := range users {
			builders := make([]*Builder, each)
			for j := range builders {
				builders[j] = User(fmt.Sprintf("crowd-%d-%d", i, j))
			}
			users[i] = w.insert(builders...)
		}
		var changes, added, deleted atomic.Int64
		errs := concurrently(clients+8, func(i int) error {
			if i >= clients {
				for c := i - clients; c < clients; c += 8 {
					for _, u := range users[c][:each/2] {
						if err := w.store.Do(w.ctx, w.space, func(tx store.Tx) error { return expel(tx, u, &changes) }); err != nil {
							return fmt.Errorf("deleting: %w", err)
						}
						deleted.Add(1)
					}
				}
				return nil
			}
			for j := 0; j < each; j += 2 {
				n := 0
				err := w.store.Do(w.ctx, w.space, func(tx store.Tx) (err error) { n, err = enrol(tx, g, users[i][j:j+2]); return err })
				if err != nil {
					return fmt.Errorf("adding: %w", err)
				}
				if n > 0 {
					changes.Add(1)
					added.Add(int64(n))
				}
			}
			return nil
		})
		if err := errors.Join(errs...); err != nil {
			w.Fatal(err)
		}
		rec := w.get(g.Type, g.ID, store.Want{Relation: store.Member})
		var want []*store.Resource
		for i := range users {
			want = append(want, users[i][each/2:]...)
		}
		slices.SortFunc(want, func(a, b *store.Resource) int { return int(a.Seq - b.Seq) })
		w.leadsTo("the crowd", rec.Links, want...)
		w.edges(g, len(want))
		if rec.Version != 1+changes.Load() {
			w.Errorf("version %d after %d changes (%d added, %d deleted)", rec.Version, changes.Load(), added.Load(), deleted.Load())
		}
	}},
}

// enrol adds users that are still there to a group, as the protocol does: first
// the members are locked, then the group.
func enrol(tx store.Tx, g *store.Resource, users []*store.Resource) (int, error) {
	var ids []string
	for _, u := range users {
		ids = append(ids, u.ID)
	}
	links, err := tx.Find([]*schema.ResourceType{userType()}, ids)
	if err != nil {
		return 0, err
	}
	rec, err := tx.Get(g.Type, g.ID)
	if err != nil {
		return 0, err
	}
	changed, err := tx.AddLinks(store.Member, rec.Seq, links)
	if err != nil || len(changed) == 0 {
		return 0, err
	}
	next := *g
	next.Version, next.Modified = rec.Version+1, rec.Modified.Add(time.Microsecond)
	return len(changed), tx.Update(&next, rec.Version)
}

// expel deletes a user, and counts the groups that this has changed when it is
// sure to be committed: as the last of the transaction.
func expel(tx store.Tx, u *store.Resource, changes *atomic.Int64) error {
	rec, err := tx.Get(u.Type, u.ID)
	if err != nil {
		return err
	}
	touched, err := tx.Touch(store.Member, rec.Seq, epoch.Add(time.Hour))
	if err != nil {
		return err
	}
	if err := tx.Delete(u.Type, rec.Seq); err != nil {
		return err
	}
	changes.Add(int64(len(touched)))
	return nil
}
