package scim

import (
	"context"
	"slices"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// everything lists what the tenant has, each resource after those that it cannot be
// without.
func (x *Seeding) everything(ctx context.Context) ([]store.Held, error) {
	var out []store.Held
	for _, rt := range SeedOrder(x.c.Tenant.Registry) {
		page, err := x.s.store.Query(ctx, &store.Query{Space: x.c.Tenant.Space, Parts: []store.Part{{Type: rt}}, Limit: -1})
		if err != nil {
			return nil, err
		}
		for {
			list, err := page.Next(ctx)
			if err != nil {
				return nil, err
			}
			if len(list) == 0 {
				break
			}
			for _, rec := range list {
				out = append(out, store.Held{Type: rt, Seq: rec.Seq, ID: rec.ID, Version: rec.Version, Modified: rec.Modified})
			}
		}
	}
	return out, nil
}

// prune deletes what the seed has not named.
func (r *seedRun) prune(all []store.Held) error {
	spare := slices.DeleteFunc(slices.Clone(all), func(h store.Held) bool { return r.kept[h.Seq] || r.Seeding.kept[h.Seq] })
	if err := r.lock(spare); err != nil {
		return err
	}
	for _, h := range spare {
		if err := r.c.touchHolders(r.tx, h.Type, h.Seq); err != nil {
			return err
		}
		if err := r.c.disown(r.tx, h.Type, h.Seq); err != nil {
			return err
		}
		if h.Type.Name == ServiceUserType {
			if err := r.tx.EndSessions(r.c.Tenant.ID, h.ID, r.c.Tenant.now()); err != nil {
				return err
			}
		}
	}
	for _, h := range spare {
		r.done = append(r.done, SeedChange{Op: SeedRemoved, Type: h.Type, ID: h.ID})
	}
	return r.c.deleteAll(r.tx, spare)
}

// lock locks what is to be deleted before what holds it, as each deletion does and
// whoever makes a link (Call.lockNamed).
func (r *seedRun) lock(list []store.Held) error {
	ids := map[*schema.ResourceType][]string{}
	for _, h := range list {
		ids[h.Type] = append(ids[h.Type], h.ID)
	}
	for _, rt := range SeedOrder(r.c.Tenant.Registry) {
		for part := range slices.Chunk(ids[rt], 1000) {
			if _, err := r.tx.GetMany(rt, part); err != nil {
				return err
			}
		}
	}
	return nil
}
