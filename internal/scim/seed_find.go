package scim

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/phc"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// This file finds what the resources of a seed name, and which of them are there
// already.

// nameKey is what a resource of a type is called, as names compare.
type nameKey struct {
	rt  *schema.ResourceType
	key string
}

func nameOf(rt *schema.ResourceType, name string) (nameKey, bool) {
	attr := called[rt.Name]
	if attr == "" {
		return nameKey{}, false
	}
	key := schema.TextKey(name, rt.Core(attr).CaseExact)
	return nameKey{rt, key}, key != ""
}

// seedFound is a resource of the tenant that has a name.
type seedFound struct {
	id     string
	seq    int64
	within string // id of the resource that it is in, if it is in one
}

// seedIndex knows the resources of a batch, and those of the tenant that the batch
// calls by name.
type seedIndex struct {
	own    string // what the tenant's service user is called in the seed
	ownID  string
	byID   map[idKey]*Seeded
	byName map[nameKey][]*Seeded
	stored map[nameKey][]seedFound
}

// nameBatch is how many names one query looks for.
const nameBatch = 100

// index reads which names of a batch are there.
func (x *Seeding) index(ctx context.Context, batch []*Seeded) (*seedIndex, error) {
	ix := &seedIndex{
		own: serviceUserName(x.o.Name), ownID: x.c.Principal.ID, byID: map[idKey]*Seeded{},
		byName: map[nameKey][]*Seeded{}, stored: map[nameKey][]seedFound{},
	}
	wanted := map[*schema.ResourceType][]string{}
	want := func(rt *schema.ResourceType, name string) {
		if k, ok := nameOf(rt, name); ok {
			if _, asked := ix.stored[k]; !asked {
				ix.stored[k] = nil
				wanted[rt] = append(wanted[rt], name)
			}
		}
	}
	for _, e := range batch {
		if k, ok := nameOf(e.Type, e.callName()); ok {
			ix.byName[k] = append(ix.byName[k], e)
			if e.id == "" {
				want(e.Type, e.callName())
			}
		}
		for i := range e.refs {
			if ref := &e.refs[i]; ref.name != "" {
				for _, rt := range ref.types {
					want(rt, ref.name)
				}
			}
		}
	}
	for rt, names := range wanted {
		for part := range slices.Chunk(names, nameBatch) {
			if err := x.lookUp(ctx, ix, rt, part); err != nil {
				return nil, err
			}
		}
	}
	return ix, nil
}

// lookUp finds the resources of a type that are called by one of the names.
func (x *Seeding) lookUp(ctx context.Context, ix *seedIndex, rt *schema.ResourceType, names []string) error {
	a := rt.Core(called[rt.Name])
	terms := make([]filter.Predicate, 0, len(names))
	for _, name := range names {
		terms = append(terms, &filter.Compare{Attr: a, Op: filter.Eq, Kind: filter.TextKind, Key: schema.TextKey(name, a.CaseExact), Literal: resource.Text(name)})
	}
	is := filter.AnyOf(terms...)
	q := &store.Query{
		Space: x.c.Tenant.Space, Parts: []store.Part{{Type: rt, Filter: is}}, Limit: -1, IncludeHidden: true, Budget: 1 << 30,
		Match: func(_ *schema.ResourceType, rec *store.Record) bool {
			tree, err := resource.Decode(rec.Doc)
			return err == nil && filter.Match(is, tree)
		},
	}
	if within := identities[rt.Name].within; within != 0 {
		q.Want = []store.Want{{Relation: within}}
	}
	page, err := x.s.store.Query(ctx, q)
	if err != nil {
		return err
	}
	for {
		list, err := page.Next(ctx)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return nil
		}
		for _, rec := range list {
			tree, err := resource.Decode(rec.Doc)
			if err != nil {
				return err
			}
			k, _ := nameOf(rt, getAttribute(tree, a).Str())
			f := seedFound{id: rec.ID, seq: rec.Seq}
			for _, l := range rec.Links {
				f.within = l.ID
			}
			ix.stored[k] = append(ix.stored[k], f)
		}
	}
}

// ready tells the resources of a batch whose names all lead somewhere from the
// others, which must wait.
func (ix *seedIndex) ready(batch []*Seeded) (ready, waiting []*Seeded) {
	for _, e := range batch {
		missing := false
		for i := range e.refs {
			ref := &e.refs[i]
			missing = missing || ref.name != "" && ref.id == "" && ix.count(ref) == 0
		}
		if missing {
			waiting = append(waiting, e)
		} else {
			ready = append(ready, e)
		}
	}
	if len(waiting) > 0 {
		for k, list := range ix.byName {
			ix.byName[k] = slices.DeleteFunc(slices.Clone(list), func(e *Seeded) bool { return slices.Contains(waiting, e) })
		}
	}
	return ready, waiting
}

// count is how many resources a name may mean.
func (ix *seedIndex) count(ref *seedRef) int {
	if ref.name == ix.own {
		return 1
	}
	n := 0
	for _, rt := range ref.types {
		k, _ := nameOf(rt, ref.name)
		n += len(ix.byName[k]) + len(ix.stored[k])
	}
	return n
}

// match finds which resources of a batch that give no id are there already.
func (ix *seedIndex) match(batch []*Seeded) error {
	var errs SeedErrors
	type place struct {
		nameKey
		within string
	}
	seen := map[place]bool{}
	ids := map[idKey]bool{}
	for _, e := range batch {
		e.found = nil
		if e.id != "" {
			k := keyOf(e.Type, e.id)
			if ids[k] {
				errs.add(e, "id", scimerr.InvalidValue("id", "The seed describes the %s %q twice.", e.Type.Name, e.id))
			}
			ids[k] = true
			continue
		}
		k, ok := nameOf(e.Type, e.callName())
		if !ok {
			continue
		}
		within := e.within()
		if at := (place{k, within}); seen[at] {
			errs.add(e, called[e.Type.Name], scimerr.InvalidValue(called[e.Type.Name], "The seed describes the %s twice; give ids to tell them apart.", describe(e.Type, e.callName())))
		} else {
			seen[at] = true
		}
		var found []seedFound
		for _, f := range ix.stored[k] {
			if within == "" || schema.Fold(f.within) == within {
				found = append(found, f)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			e.found = &found[0]
		default:
			errs.add(e, called[e.Type.Name], scimerr.Conflict("The tenant has more than one %s; give the id of the one that is meant.", describe(e.Type, e.callName())))
		}
	}
	return errs.err()
}

// within is what a resource says that it is in, as ids compare.
func (e *Seeded) within() string {
	rel := identities[e.Type.Name].within
	for i := range e.refs {
		if rel != 0 && e.refs[i].relation() == rel {
			return schema.Fold(e.refs[i].said())
		}
	}
	return ""
}

// look finds in the database what refs lead to, by sets.
func (r *seedRun) look(list []*Seeded, which func(*seedRef) bool) error {
	wanted := map[*schema.ResourceType][]string{}
	asked := map[idKey]bool{}
	for _, e := range list {
		for i := range e.refs {
			ref := &e.refs[i]
			if !which(ref) {
				continue
			}
			for _, c := range r.candidates(ref) {
				if _, have := r.db[c.key()]; have || c.of != nil || asked[c.key()] {
					continue
				}
				asked[c.key()] = true
				wanted[c.rt] = append(wanted[c.rt], c.id)
			}
		}
	}
	for _, rt := range r.c.Tenant.Registry.Types {
		for part := range slices.Chunk(wanted[rt], 1000) {
			links, err := r.tx.Find([]*schema.ResourceType{rt}, part)
			if err != nil {
				return err
			}
			for _, l := range links {
				r.db[keyOf(rt, l.ID)] = l
			}
		}
	}
	return nil
}

// candidate is a resource that a ref may mean: of the batch, or with an id.
type candidate struct {
	rt *schema.ResourceType
	id string
	of *Seeded
}

func (c candidate) key() idKey { return keyOf(c.rt, c.id) }

// candidates are the resources that a ref may mean: those that are called so, or,
// when none is, those with the id.
func (r *seedRun) candidates(ref *seedRef) []candidate {
	var out []candidate
	add := func(c candidate) {
		if !slices.ContainsFunc(out, func(x candidate) bool { return x.of != nil && x.of == c.of || x.key() == c.key() && x.id != "" }) {
			out = append(out, c)
		}
	}
	if ref.name != "" {
		for _, rt := range ref.types {
			if ref.name == r.ix.own && rt.Name == ServiceUserType {
				return []candidate{{rt: rt, id: r.ix.ownID}}
			}
			k, ok := nameOf(rt, ref.name)
			if !ok {
				continue
			}
			for _, e := range r.ix.byName[k] {
				add(candidate{rt: rt, id: e.state.link.ID, of: e})
			}
			for _, f := range r.ix.stored[k] {
				if e := r.ix.byID[keyOf(rt, f.id)]; e == nil {
					add(candidate{rt: rt, id: f.id})
				}
			}
		}
	}
	if len(out) > 0 || ref.id == "" {
		return out
	}
	for _, rt := range ref.types {
		add(candidate{rt: rt, id: ref.id, of: r.ix.byID[keyOf(rt, ref.id)]})
	}
	return out
}

// follow is the resource that a ref leads to; ok is false when there is none.
func (r *seedRun) follow(e *Seeded, ref *seedRef) (l store.Link, ok bool, fault *scimerr.Error) {
	for _, c := range r.candidates(ref) {
		found, there := r.db[c.key()]
		if c.of != nil {
			found, there = c.of.state.link, c.of.state.link.Seq != 0 || c.of.state.link.ID != ""
		}
		switch {
		case !there:
		case !ok:
			l, ok = found, true
		case ref.name != "":
			return l, false, ambiguous(ref)
		}
	}
	return l, ok, nil
}

// hashes makes the hashes of passwords that are not those that there are, and leaves
// out secrets that are as they were. It runs outside the transaction.
func (x *Seeding) hashes(ctx context.Context, batch []*Seeded) error {
	var with []*Seeded
	byID := map[idKey]*Seeded{}
	ids := map[*schema.ResourceType][]string{}
	for _, e := range batch {
		if e.password == "" && !e.secrets.any() {
			continue
		}
		with = append(with, e)
		if id := e.knownID(); id != "" {
			byID[keyOf(e.Type, id)] = e
			ids[e.Type] = append(ids[e.Type], id)
		}
	}
	for rt, list := range ids {
		if err := x.compareSecrets(ctx, rt, list, byID); err != nil {
			return err
		}
	}
	return each(with, func(e *Seeded) error {
		if e.password == "" {
			return nil
		}
		hash, err := x.s.hash(ctx, x.c.Tenant.Profile, e.password)
		e.secrets.password = hash
		return err
	})
}

// each runs fn on all elements, some of them at once.
func each(list []*Seeded, fn func(*Seeded) error) error {
	var wait sync.WaitGroup
	errs := make([]error, len(list))
	slots := make(chan struct{}, makingAtOnce)
	for i, e := range list {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			errs[i] = fn(e)
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *Seeded) knownID() string {
	if e.found != nil {
		return e.found.id
	}
	return e.id
}

// Opener opens what a Sealer has sealed.
type Opener interface {
	Open(ctx context.Context, sealed store.Sealed, context []byte) ([]byte, error)
}

// compareSecrets takes out of resources what their stored forms have already.
func (x *Seeding) compareSecrets(ctx context.Context, rt *schema.ResourceType, ids []string, byID map[idKey]*Seeded) error {
	bySeq := map[int64]*Seeded{}
	var seqs []int64
	for _, id := range ids {
		rec, err := x.s.store.Get(ctx, x.c.Tenant.Space, rt, id, nil)
		if err != nil {
			continue // it is not there yet
		}
		e := byID[keyOf(rt, rec.ID)]
		if e == nil {
			continue
		}
		bySeq[rec.Seq], seqs = e, append(seqs, rec.Seq)
	}
	kept, err := x.s.confidential(ctx, x.c.Tenant, seqs)
	if err != nil {
		return err
	}
	for seq, e := range bySeq {
		have := kept[seq]
		if have == nil {
			continue
		}
		if string(have.Password) == string(e.secrets.password) {
			e.secrets.password = nil
		}
		if e.password != "" && have.Password != nil {
			if same, err := phc.Matches(string(have.Password), e.password); err == nil && same {
				e.password = ""
			}
		}
		for name, plain := range e.secrets.secrets {
			if old, ok := have.Sealed[name]; ok && string(old) == string(plain) {
				delete(e.secrets.secrets, name)
			}
		}
	}
	return nil
}

// confidential reads what resources hold and no answer shows, by seq.
func (s *Service) confidential(ctx context.Context, t *Tenant, seqs []int64) (map[int64]*SeedSecrets, error) {
	if len(seqs) == 0 {
		return nil, nil
	}
	kept, err := s.store.Confidential(ctx, t.Space, seqs)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]*SeedSecrets, len(kept))
	opener, _ := t.Sealer.(Opener)
	for seq, k := range kept {
		x := &SeedSecrets{Password: k.Password, Sealed: map[string][]byte{}}
		for name, sealed := range k.Secrets {
			if opener == nil {
				return nil, fmt.Errorf("the secrets of a resource cannot be opened here")
			}
			if x.Sealed[name], err = opener.Open(ctx, sealed, store.SecretContext(seq, name)); err != nil {
				return nil, err
			}
		}
		out[seq] = x
	}
	return out, nil
}
