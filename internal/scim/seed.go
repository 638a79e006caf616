package scim

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// Seeds bring resources into a tenant as somebody has described them, with ids,
// times and what clients cannot set. This file has the way of a batch; seed_read.go
// and seed_refs.go read what a seed says of a resource, seed_index.go and
// seed_find.go find what it names, seed_store.go makes what is not there,
// seed_finish.go makes links and brings in line what is, seed_prune.go deletes the
// rest, and seed_export.go describes the resources of a tenant.

// SeedOptions tell how a seed is brought in.
type SeedOptions struct {
	// Name is what the seed calls the tenant: its service user is called by it.
	Name string
	// DryRun undoes everything, and tells what would be done.
	DryRun bool
	// Prune deletes, at the end, what the seed has not named.
	Prune bool
	// Resume tells that the seed was cut off before.
	Resume bool
	// Serving are the login names of service users that a dry run takes for there:
	// applications that would be made have them.
	Serving []string
}

// SeedChange is what becomes of one resource: created, updated, unchanged, removed.
type SeedChange struct {
	Op   string
	Type *schema.ResourceType
	ID   string
	Name string // what it is called, if anything
	Tag  any
}

// The operations of a SeedChange.
const (
	SeedCreated   = "created"
	SeedUpdated   = "updated"
	SeedUnchanged = "unchanged"
	SeedRemoved   = "removed"
)

// SeedErrors are mistakes that only a look at the tenant can find: names of what is
// not there, ids and names that are taken.
type SeedErrors struct{ List []SeedError }

// SeedError is one of them, with the Tag of the resource.
type SeedError struct {
	Tag any
	SeedFault
}

func (e *SeedErrors) Error() string { return e.List[0].Err.Error() }

// Unwrap gives the first refusal.
func (e *SeedErrors) Unwrap() error { return e.List[0].Err }

func (e *SeedErrors) add(s *Seeded, path string, err *scimerr.Error) {
	e.List = append(e.List, SeedError{s.Tag, SeedFault{path, err}})
}

func (e *SeedErrors) err() error {
	if len(e.List) == 0 {
		return nil
	}
	return e
}

// Seeding brings the resources of a seed into a tenant, batch by batch in the order
// of SeedOrder. It is used by one goroutine.
type Seeding struct {
	s *Service
	c *Call
	o SeedOptions
	// late are links to what had not come yet, kept what the seed names.
	late []lateLink
	kept map[int64]bool
}

// lateLink is a link to be made when everything is there.
type lateLink struct {
	of  *Seeded
	seq int64
	ref *seedRef
}

// NewSeeding begins to bring a seed into a tenant, as its service user.
func (s *Service) NewSeeding(ctx context.Context, t *Tenant, o SeedOptions) (*Seeding, error) {
	by, err := s.EnsureServiceUser(ctx, t)
	if err != nil {
		return nil, err
	}
	return &Seeding{s: s, c: &Call{Tenant: t, Principal: by}, o: o, kept: map[int64]bool{}}, nil
}

// errDry undoes a dry run.
var errDry = errors.New("scim: a dry run")

// Put stores resources in one transaction: what is not there is made, what is there
// with other content is replaced, and what is there as described stays untouched,
// with its version. last tells that there is nothing to come, so that every link has
// to lead somewhere. Resources that name what has not come yet are given back
// undone, to be put again later.
func (x *Seeding) Put(ctx context.Context, batch []*Seeded, last bool) (done []SeedChange, undone []*Seeded, err error) {
	done, undone, err = x.put(ctx, batch, last)
	if scimerr.Is(err, 409) { // perhaps with what somebody has made since it was looked for
		done, undone, err = x.put(ctx, batch, last)
	}
	if errors.Is(err, store.ErrMoved) {
		err = scimerr.Conflict("The tenant was restored or reset while the seed was applied; apply it again.")
	}
	return done, undone, err
}

func (x *Seeding) put(ctx context.Context, batch []*Seeded, last bool) (done []SeedChange, undone []*Seeded, err error) {
	ix, err := x.index(ctx, batch)
	if err != nil {
		return nil, nil, err
	}
	if !last {
		batch, undone = ix.ready(batch)
	}
	if err := ix.match(batch); err != nil {
		return nil, nil, err
	}
	if err := x.hashes(ctx, batch); err != nil {
		return nil, nil, err
	}
	var spare []store.Held
	if last && x.o.Prune {
		if spare, err = x.everything(ctx); err != nil {
			return nil, nil, err
		}
	}
	var run *seedRun
	err = x.s.store.Do(ctx, x.c.Tenant.Space, func(tx store.Tx) error {
		if !x.o.DryRun {
			if err := tx.Stay(x.c.Tenant.ID); err != nil {
				return err
			}
		}
		run = &seedRun{Seeding: x, tx: tx, ix: ix, last: last, db: map[idKey]store.Link{}, kept: map[int64]bool{}}
		if err := run.all(batch); err != nil {
			return err
		}
		if last {
			if err := run.links(x.late); err != nil {
				return err
			}
			if err := run.prune(spare); err != nil {
				return err
			}
		}
		if err := run.errs.err(); err != nil {
			return err
		}
		if len(run.events) > 0 {
			if err := tx.Events(run.events); err != nil {
				return err
			}
		}
		if x.o.DryRun {
			return errDry
		}
		return nil
	})
	if err != nil && !(x.o.DryRun && errors.Is(err, errDry)) {
		return nil, nil, err
	}
	x.late = append(x.late, run.late...)
	for seq := range run.kept {
		x.kept[seq] = true
	}
	if !x.o.DryRun {
		x.tell(run.done)
	}
	return run.done, undone, nil
}

// tell tells the rest of the server of changes.
func (x *Seeding) tell(done []SeedChange) {
	for _, d := range done {
		if d.Op == SeedUpdated || d.Op == SeedRemoved {
			x.s.changed(x.c.Tenant.ID, d.Type.Name, d.ID)
		}
	}
	x.c.Tenant.Usage.forget()
}

// SeedOrder gives the resource types in an order in which each comes after those
// that its resources cannot be without.
func SeedOrder(reg *schema.Registry) []*schema.ResourceType {
	var out []*schema.ResourceType
	var visit func(rt *schema.ResourceType)
	visit = func(rt *schema.ResourceType) {
		if rt == nil || slices.Contains(out, rt) {
			return
		}
		for _, col := range linkAttrs[rt.Name] {
			for _, of := range col.types(reg) {
				if col.single {
					visit(of)
				}
			}
		}
		for _, ref := range references[rt.Name] {
			for _, of := range ref.types(reg) {
				if ref.end {
					visit(of)
				}
			}
		}
		out = append(out, rt)
	}
	for _, rt := range reg.Types {
		visit(rt)
	}
	return out
}

func describe(rt *schema.ResourceType, name string) string {
	if a := called[rt.Name]; a != "" {
		return fmt.Sprintf("%s with the %s %q", rt.Name, a, name)
	}
	return rt.Name
}
