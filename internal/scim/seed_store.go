package scim

import (
	"errors"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// seedRun is one run of the transaction of a batch.
type seedRun struct {
	*Seeding
	tx     store.Tx
	ix     *seedIndex
	last   bool
	db     map[idKey]store.Link // found in the database
	edges  map[edgeEnd][]int64  // from what is there, sorted
	own    []store.Link         // the service user, when it was asked for
	errs   SeedErrors
	events []store.Event
	late   []lateLink
	kept   map[int64]bool
	done   []SeedChange
}

// edgeEnd is where the edges of a relation begin.
type edgeEnd struct {
	relation store.Relation
	seq      int64
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
	there, err := r.tx.GetMany(rt, ids)
	if err != nil {
		return err
	}
	have := make(map[idKey]*store.Record, len(there))
	for _, rec := range there {
		have[keyOf(rt, rec.ID)] = rec
	}
	var fresh []*Seeded
	for _, e := range list {
		rec := have[keyOf(rt, e.state.link.ID)]
		switch {
		case rec == nil:
			fresh = append(fresh, e)
		case rec.Hidden:
			return r.refused(e, scimerr.Conflict("The id %s is that of a service user.", rec.ID))
		default:
			e.state.before = rec
			e.state.link = store.Link{Type: rt, Seq: rec.Seq, ID: rec.ID}
		}
	}
	return r.insert(rt, fresh)
}

// refused puts a refusal with the mistakes; the transaction is not fit to go on after
// it.
func (r *seedRun) refused(e *Seeded, err error) error {
	var refused *scimerr.Error
	if !errors.As(err, &refused) || refused.Status >= 500 {
		return err
	}
	r.errs.add(e, refused.At, refused)
	return r.errs.err()
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
			if ref.hard() {
				e.state.targets = append(e.state.targets, seedTarget{ref, l})
			}
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
		if r.own == nil {
			var err error
			if r.own, err = r.tx.Find(ref.types(r.c.Tenant.Registry), []string{r.c.Principal.ID}); err != nil {
				return nil, err
			}
		}
		for _, l := range r.own {
			setAttribute(e.state.tree, a, resource.Text(l.ID))
			l.Relation = ref.relation
			out = append(out, l)
		}
	}
	return out, nil
}

// insert stores new resources of a type.
func (r *seedRun) insert(rt *schema.ResourceType, list []*Seeded) error {
	made := make([]*store.Resource, len(list))
	for i, e := range list {
		var err error
		if made[i], err = r.form(e); err != nil {
			return r.refused(e, err)
		}
	}
	if at, err := r.tx.InsertMany(made); err != nil {
		return r.refused(list[at], refusal(rt, err))
	}
	for i, e := range list {
		res := made[i]
		if err := e.secrets.save(r.tx, r.c.Tenant, res.Seq); err != nil {
			return r.refused(e, err)
		}
		e.state.link.Seq, e.state.link.ID, e.state.link.Type = res.Seq, res.ID, rt
		r.ix.byID[keyOf(rt, res.ID)] = e
		r.events = append(r.events, r.c.event(opCreate, res))
	}
	return nil
}

// form gives a new resource the version and times that the seed says, and all that
// new ones have.
func (r *seedRun) form(e *Seeded) (*store.Resource, error) {
	res := &store.Resource{
		Type: e.Type, Seq: e.state.link.Seq, ID: e.state.link.ID, Version: max(e.version, 1), Created: e.created, Modified: e.modified, Body: e.state.tree,
	}
	if res.Created.IsZero() {
		res.Created = r.c.Tenant.now()
		if !res.Modified.IsZero() && res.Modified.Before(res.Created) {
			res.Created = res.Modified
		}
	}
	if res.Modified.IsZero() {
		res.Modified = res.Created
	}
	var err error
	if res.Ends, err = r.ends(e); err != nil {
		return nil, err
	}
	return res, r.c.form(r.tx, res)
}

func (r *seedRun) keep(seq int64) { r.kept[seq] = true }

func (r *seedRun) note(op string, e *Seeded) {
	r.done = append(r.done, SeedChange{Op: op, Type: e.Type, ID: e.state.link.ID, Name: e.callName(), Tag: e.Tag})
}
