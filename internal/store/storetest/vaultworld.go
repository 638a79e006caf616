package storetest

import (
	"slices"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// vault is a small vault: two containers with two accounts each, all owned by
// the user, and permissions of the user and the group on every one of them.
type vault struct {
	user, group                  *store.Resource
	containers, accounts, grants []*store.Resource
}

func newVault(w *world) *vault {
	w.Helper()
	list := w.insert(User("ann"), Group("Ops"))
	v := &vault{user: list[0], group: list[1]}
	v.containers = w.insert(Container("One").Owned(v.user), Container("Two").Owned(v.user))
	for _, c := range v.containers {
		v.accounts = append(v.accounts, w.insert(Account("root", c), Account("admin", c))...)
	}
	for _, r := range append(slices.Clone(v.containers), v.accounts[:2]...) {
		v.grants = append(v.grants, w.insert(Grant(r, v.user), Grant(r, v.group))...)
	}
	return v
}

// Empty deletes a resource of the vault and everything that cannot be without
// it, as the protocol does: level by level, from the leaves up. It tells how
// many went.
func Empty(tx store.Tx, r *store.Resource) (int, error) {
	if _, err := tx.Get(r.Type, r.ID); err != nil {
		return 0, err
	}
	levels := map[*schema.ResourceType][]int64{r.Type: {r.Seq}}
	find := func(rel store.Relation, dst []int64) error {
		held, err := tx.Holders(rel, dst)
		for _, h := range held {
			levels[h.Type] = append(levels[h.Type], h.Seq)
		}
		return err
	}
	var err error
	switch r.Type {
	case containerType():
		if err = find(store.Safe, levels[r.Type]); err == nil {
			err = find(store.Target, append(slices.Clone(levels[r.Type]), levels[accountType()]...))
		}
	case accountType():
		err = find(store.Target, levels[r.Type])
	default:
		err = find(store.Grantee, levels[r.Type])
	}
	if err != nil {
		return 0, err
	}
	gone := 0
	var events []store.Event
	for _, rt := range []*schema.ResourceType{permissionType(), accountPermissionType(), accountType(), containerType(), groupType(), userType()} {
		if err := tx.DeleteMany(rt, levels[rt]); err != nil {
			return 0, err
		}
		gone += len(levels[rt])
		for range levels[rt] {
			events = append(events, store.Event{At: epoch, Operation: "delete", Type: rt.Name})
		}
	}
	return gone, tx.Events(events)
}

// orphans checks that every end in the space leads to a resource.
func (w *world) orphans(rts ...*schema.ResourceType) {
	w.Helper()
	for _, rt := range rts {
		q := w.query(store.Part{Type: rt})
		for _, rel := range ends {
			q.Want = append(q.Want, store.Want{Relation: rel})
		}
		for _, rec := range w.ask(q).records {
			want := 2
			if rt == accountType() {
				want = 1
			}
			if len(rec.Links) != want {
				w.Errorf("%s %s has the links %+v, want %d", rt.Name, rec.ID, rec.Links, want)
			}
		}
	}
}
