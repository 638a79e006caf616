package scim

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// SeedOptions tell how a seed is brought in.
type SeedOptions struct {
	// Name is what the seed calls the tenant: its service user is called by it.
	Name string
	// DryRun undoes everything, and tells what would be done.
	DryRun bool
	// Prune deletes, at the end, what the seed has not named.
	Prune bool
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

// idKey is an id of a type as ids compare.
type idKey struct {
	rt  *schema.ResourceType
	key string
}

func keyOf(rt *schema.ResourceType, id string) idKey {
	return idKey{rt, schema.TextKey(id, rt.IDCaseExact)}
}

// seedRun is one run of the transaction of a batch.
type seedRun struct {
	*Seeding
	tx     store.Tx
	ix     *seedIndex
	last   bool
	db     map[idKey]store.Link // found in the database
	errs   SeedErrors
	events []store.Event
	late   []lateLink
	kept   map[int64]bool
	done   []SeedChange
}

// seedState is what a run knows of a resource.
type seedState struct {
	link    store.Link // it, for others to be linked to
	before  *store.Record
	tree    *resource.Members
	targets []seedTarget
}

// seedTarget is what a ref has led to.
type seedTarget struct {
	ref  *seedRef
	link store.Link
}

// all stores the batch, type by type, and then makes the links that may lead to
// what comes later.
func (r *seedRun) all(batch []*Seeded) error {
	clear(r.ix.byID)
	for _, e := range batch {
		e.state = seedState{tree: e.tree.Clone()}
		if err := r.name(e); err != nil {
			return err
		}
	}
	for _, rt := range SeedOrder(r.c.Tenant.Registry) {
		var list []*Seeded
		for _, e := range batch {
			if e.Type == rt {
				list = append(list, e)
			}
		}
		if len(list) == 0 {
			continue
		}
		if err := r.store(rt, list); err != nil {
			return err
		}
		if len(r.errs.List) > 0 {
			return r.errs.err()
		}
	}
	return r.finish(batch)
}

// name gives a resource its id where that follows from nothing that is yet to be
// stored.
func (r *seedRun) name(e *Seeded) error {
	id := e.id
	how := identities[e.Type.Name]
	switch {
	case id != "":
	case e.found != nil:
		id = e.found.id
	case how.attribute != "" || how.pair != nil || how.within != 0:
		return nil
	default:
		made := &store.Resource{Type: e.Type, Body: e.state.tree}
		if err := r.c.identify(r.tx, made); err != nil {
			return err
		}
		id, e.state.link.Seq = made.ID, made.Seq
	}
	e.state.link.Type, e.state.link.ID = e.Type, id
	r.ix.byID[keyOf(e.Type, id)] = e
	return nil
}

// store stores the resources of one type, but for the links that may lead on.
func (r *seedRun) store(rt *schema.ResourceType, list []*Seeded) error {
	if err := r.look(list, func(ref *seedRef) bool { return ref.hard() || ref.ref != nil }); err != nil {
		return err
	}
	var ids []string
	for _, e := range list {
		if !r.resolveHard(e) {
			continue
		}
		if e.state.link.ID == "" {
			e.state.link.ID = r.pairID(e)
			if e.state.link.ID != "" {
				r.ix.byID[keyOf(rt, e.state.link.ID)] = e
			}
		}
		if e.state.link.ID != "" {
			ids = append(ids, e.state.link.ID)
		}
	}
	if len(r.errs.List) > 0 {
		return nil
	}
	there, err := r.tx.Find([]*schema.ResourceType{rt}, ids)
	if err != nil {
		return err
	}
	have := make(map[idKey]store.Link, len(there))
	for _, l := range there {
		have[keyOf(rt, l.ID)] = l
	}
	for _, e := range list {
		if l, ok := have[keyOf(rt, e.state.link.ID)]; ok && e.state.link.ID != "" {
			err = r.load(e, l)
		} else {
			err = r.insert(e)
		}
		var refused *scimerr.Error
		if errors.As(err, &refused) && refused.Status < 500 {
			r.errs.add(e, refused.At, refused)
			return r.errs.err() // the transaction is not fit to go on
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// resolveHard finds what a resource cannot be without, and the ids that its
// document names; false when there is a mistake.
func (r *seedRun) resolveHard(e *Seeded) bool {
	ok := true
	for i := range e.refs {
		ref := &e.refs[i]
		if !ref.hard() && ref.ref == nil {
			continue
		}
		l, found, fault := r.follow(e, ref)
		switch {
		case fault != nil:
			r.errs.add(e, ref.path, fault)
			ok = false
			continue
		case found:
			e.state.targets = append(e.state.targets, seedTarget{ref, l})
			if ref.ref != nil {
				setAttribute(e.state.tree, ref.ref.attribute(e.Type), resource.Text(l.ID))
			}
		case ref.ref != nil && ref.name == "" && !ref.ref.mustExist(r.c.Tenant.Profile):
			// text that leads nowhere, as the profile lets clients have it
		case r.last || ref.hard() || ref.name != "":
			r.errs.add(e, ref.path, r.unknown(ref))
			ok = false
		}
	}
	return ok
}

func (r *seedRun) unknown(ref *seedRef) *scimerr.Error {
	return scimerr.InvalidValue(ref.path, "%s names %q, and neither the seed nor the tenant has such a resource.", ref.path, ref.said())
}

// pairID is the id of a resource that is made of those of its ends.
func (r *seedRun) pairID(e *Seeded) string {
	pair := identities[e.Type.Name].pair
	if pair == nil {
		return ""
	}
	var id string
	for i, rel := range pair {
		for _, t := range e.state.targets {
			if t.ref.relation() == rel {
				if i > 0 {
					id += ":"
				}
				id += t.link.ID
			}
		}
	}
	return id
}

// ends are the links that a resource is made with. What names nobody as its creator
// is made by the service user.
func (r *seedRun) ends(e *Seeded) ([]store.Link, error) {
	var out []store.Link
	for _, t := range e.state.targets {
		if t.ref.hard() {
			l := t.link
			l.Relation = t.ref.relation()
			out = append(out, l)
		}
	}
	for _, ref := range references[e.Type.Name] {
		a := ref.attribute(e.Type)
		if !ref.creator || e.exact || !getAttribute(e.state.tree, a).Unassigned() {
			continue
		}
		own, err := r.tx.Find(ref.types(r.c.Tenant.Registry), []string{r.c.Principal.ID})
		if err != nil {
			return nil, err
		}
		for _, l := range own {
			setAttribute(e.state.tree, a, resource.Text(l.ID))
			l.Relation = ref.relation
			out = append(out, l)
		}
	}
	return out, nil
}

// insert stores a new resource.
func (r *seedRun) insert(e *Seeded) error {
	now := r.c.Tenant.now()
	res := &store.Resource{
		Type: e.Type, Seq: e.state.link.Seq, ID: e.state.link.ID, Version: max(e.version, 1), Created: e.created, Modified: e.modified, Body: e.state.tree,
	}
	if res.Created.IsZero() {
		res.Created = now
		if !res.Modified.IsZero() && res.Modified.Before(now) {
			res.Created = res.Modified
		}
	}
	if res.Modified.IsZero() {
		res.Modified = res.Created
	}
	var err error
	if res.Ends, err = r.ends(e); err != nil {
		return err
	}
	if complete := births[e.Type.Name].complete; complete != nil {
		complete(res)
	}
	withSchemas(e.Type, res.Body)
	if err := r.c.identify(r.tx, res); err != nil {
		return err
	}
	res.Doc, res.Cut = resource.Encode(res.Body)
	if err := r.tx.Insert(res); err != nil {
		return refusal(e.Type, err)
	}
	if err := e.secrets.save(r.tx, r.c.Tenant, res.Seq); err != nil {
		return err
	}
	e.state.link.Seq, e.state.link.ID, e.state.link.Type = res.Seq, res.ID, e.Type
	r.ix.byID[keyOf(e.Type, res.ID)] = e
	r.events = append(r.events, r.c.event(opCreate, res))
	return nil
}

// load reads a resource that is there, to be compared.
func (r *seedRun) load(e *Seeded, l store.Link) error {
	rec, err := r.tx.Get(e.Type, l.ID)
	if err != nil {
		return err
	}
	if rec.Hidden {
		return scimerr.Conflict("The id %s is that of a service user.", l.ID)
	}
	e.state.before = rec
	e.state.link.Seq, e.state.link.ID, e.state.link.Type = rec.Seq, rec.ID, e.Type
	return nil
}

// finish makes the links that may lead to resources of the same type or of a later
// one, and brings what was there in line.
func (r *seedRun) finish(batch []*Seeded) error {
	if err := r.look(batch, func(ref *seedRef) bool { return !ref.hard() }); err != nil {
		return err
	}
	nested := map[string]bool{}
	for _, e := range batch {
		for i := range e.refs {
			if col := e.refs[i].col; col != nil && !col.single && col.reaches(e.Type) && !nested[col.name] {
				nested[col.name] = true
				if err := r.tx.Lock(col.name); err != nil {
					return err
				}
			}
		}
	}
	for _, e := range batch {
		if err := r.complete(e); err != nil {
			var refused *scimerr.Error
			if errors.As(err, &refused) && refused.Status < 500 {
				r.errs.add(e, refused.At, refused)
				return r.errs.err()
			}
			return err
		}
	}
	return nil
}

// complete ends what store has begun of a resource.
func (r *seedRun) complete(e *Seeded) error {
	seq := e.state.link.Seq
	r.keep(seq)
	ed := &edges{call: r.c, tx: r.tx, rt: e.Type, seq: seq, found: foundLinks{}}
	named := map[*linkAttr][]string{}
	for i := range e.refs {
		ref := &e.refs[i]
		if ref.hard() {
			continue
		}
		l, ok, fault := r.follow(e, ref)
		switch {
		case fault != nil:
			r.errs.add(e, ref.path, fault)
		case ok && ref.col != nil:
			r.keep(l.Seq)
			ed.found[finding{ref.col, l.ID}] = l
			named[ref.col] = append(named[ref.col], l.ID)
		case ok:
			r.keep(l.Seq)
		case !r.last && ref.name == "":
			r.late = append(r.late, lateLink{&Seeded{Type: e.Type, Tag: placeOf(e, ref.path)}, seq, ref})
		case ref.col != nil:
			r.errs.add(e, ref.path, r.unknown(ref))
		}
	}
	for _, t := range e.state.targets {
		r.keep(t.link.Seq)
	}
	if len(r.errs.List) > 0 {
		return nil
	}
	if e.state.before == nil {
		for col, ids := range named {
			if err := ed.add(col, slices.Compact(ids)); err != nil {
				return err
			}
		}
		if err := saveReferences(r.tx, r.c.Tenant, e.Type, seq, nil, e.state.tree); err != nil {
			return err
		}
		r.note(SeedCreated, e)
		return nil
	}
	return r.replace(e, ed, named)
}

// replace brings a resource that is there in line with the seed.
func (r *seedRun) replace(e *Seeded, links *edges, named map[*linkAttr][]string) error {
	rec := e.state.before
	before, err := resource.Decode(rec.Doc)
	if err != nil {
		return err
	}
	after := e.state.tree
	if !e.exact {
		for a := range e.Type.Attributes() {
			if v := getAttribute(before, a); a.Mutability == schema.ReadOnly && !v.Unassigned() && getAttribute(after, a).Unassigned() {
				setAttribute(after, a, v)
			}
		}
	}
	if err := keepImmutable(e.Type, before, after, false); err != nil {
		return err
	}
	withSchemas(e.Type, after)
	list := linkAttrs[e.Type.Name]
	for i := range list {
		if col := &list[i]; !col.reverse && !col.single {
			if err := links.set(col, named[col]); err != nil {
				return err
			}
		}
	}
	res := &store.Resource{
		Type: e.Type, Seq: rec.Seq, ID: rec.ID, Version: rec.Version, Created: rec.Created, Modified: rec.Modified,
		Body: after, Hidden: rec.Hidden, Doc: rec.Doc, Cut: rec.Cut,
	}
	ed := &edit{version: rec.Version, before: before, after: after, secrets: e.secrets}
	if len(links.changed) > 0 || !resource.Of(before).Equal(resource.Of(after)) {
		if res.Ends, err = r.ends(e); err != nil {
			return err
		}
		if err := r.c.update(r.tx, res, before); err != nil {
			return err
		}
	}
	if err := e.secrets.save(r.tx, r.c.Tenant, rec.Seq); err != nil {
		return err
	}
	if err := r.c.endSessions(r.tx, res, before, e.secrets); err != nil {
		return err
	}
	if res.Version == rec.Version && !e.secrets.any() {
		r.note(SeedUnchanged, e)
		return nil
	}
	event := r.c.event(opReplace, res)
	event.Attributes = changedNames(e.Type, ed, links)
	r.events = append(r.events, event)
	r.note(SeedUpdated, e)
	return nil
}

func (r *seedRun) keep(seq int64) { r.kept[seq] = true }

func (r *seedRun) note(op string, e *Seeded) {
	r.done = append(r.done, SeedChange{Op: op, Type: e.Type, ID: e.state.link.ID, Name: e.callName(), Tag: e.Tag})
}

// callName is what a resource is called.
func (e *Seeded) callName() string {
	if a := e.Type.Core(called[e.Type.Name]); called[e.Type.Name] != "" && a != nil {
		return getAttribute(e.tree, a).Str()
	}
	return ""
}

// links makes the links that had to wait. They move no version: the resources that
// they are of came with them.
func (r *seedRun) links(late []lateLink) error {
	for part := range slices.Chunk(late, 500) {
		var owners []*Seeded
		for _, l := range part {
			owners = append(owners, &Seeded{Type: l.of.Type, refs: []seedRef{*l.ref}, Tag: l.of.Tag})
		}
		if err := r.look(owners, func(*seedRef) bool { return true }); err != nil {
			return err
		}
		for _, l := range part {
			to, ok, _ := r.follow(l.of, l.ref)
			if !ok {
				if l.ref.col != nil {
					r.errs.add(l.of, l.ref.path, r.unknown(l.ref))
				}
				continue
			}
			r.keep(to.Seq)
			if l.ref.col == nil {
				if _, err := r.tx.SetLinks(l.ref.relation(), l.seq, []store.Link{to}); err != nil {
					return err
				}
				continue
			}
			ed := &edges{call: r.c, tx: r.tx, rt: l.of.Type, seq: l.seq, found: foundLinks{{l.ref.col, to.ID}: to}}
			if err := ed.add(l.ref.col, []string{to.ID}); err != nil {
				return err
			}
		}
	}
	return nil
}

func describe(rt *schema.ResourceType, name string) string {
	if a := called[rt.Name]; a != "" {
		return fmt.Sprintf("%s with the %s %q", rt.Name, a, name)
	}
	return rt.Name
}

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
