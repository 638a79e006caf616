package seed

import (
	"cmp"
	"context"
	"errors"

	"github.com/scimd/scimd/internal/scim"
)

// Ahead tells what the tenant would refuse of a seed that was checked and goes in by
// batches, as far as that can be looked up: it changes nothing.
func (s *Seed) Ahead(ctx context.Context, service *scim.Service, t *Tenant, target *scim.Tenant, o Options) error {
	x, err := service.NewSeeding(ctx, target, scim.SeedOptions{Name: cmp.Or(t.Name, target.Name)})
	if err != nil {
		return err
	}
	m := &Mistakes{}
	var batch []*scim.Seeded
	look := func() error {
		var list *scim.SeedErrors
		err := x.Ahead(ctx, batch, t.names)
		if batch = nil; errors.As(err, &list) {
			s.place(m, list)
			return nil
		}
		return err
	}
	for _, rt := range scim.SeedOrder(s.reg) {
		err := s.each(t, rt, target, o.Key, m, func(e *scim.Seeded) error {
			if batch = append(batch, e); len(batch) < batchSize {
				return nil
			}
			return look()
		})
		if err == nil {
			err = look()
		}
		if err != nil && !errors.Is(err, errFull) {
			return err
		}
	}
	return m.err()
}
