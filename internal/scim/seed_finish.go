package scim

import (
	"slices"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/store"
)

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
	if err := r.readEdges(batch); err != nil {
		return err
	}
	for _, e := range batch {
		if err := r.complete(e); err != nil {
			return r.refused(e, err)
		}
	}
	return nil
}

// readEdges reads, by sets, where resources that are there lead to: most of them lead
// where the seed says.
func (r *seedRun) readEdges(batch []*Seeded) error {
	from := map[store.Relation][]int64{}
	for _, e := range batch {
		if e.state.before == nil {
			continue
		}
		for _, col := range linkAttrs[e.Type.Name] {
			if !col.reverse && !col.single {
				from[col.relation] = append(from[col.relation], e.state.before.Seq)
			}
		}
		for _, ref := range references[e.Type.Name] {
			if !ref.end {
				from[ref.relation] = append(from[ref.relation], e.state.before.Seq)
			}
		}
	}
	r.edges = map[edgeEnd][]int64{}
	for rel, seqs := range from {
		for part := range slices.Chunk(seqs, 1000) {
			far, err := r.tx.Edges(rel, part)
			if err != nil {
				return err
			}
			for seq, list := range far {
				slices.Sort(list)
				r.edges[edgeEnd{rel, seq}] = list
			}
		}
	}
	return nil
}

// leads tells that the edges of a relation from a resource that is there lead to just
// these others already.
func (r *seedRun) leads(rel store.Relation, seq int64, far []int64) bool {
	slices.Sort(far)
	return slices.Equal(r.edges[edgeEnd{rel, seq}], slices.Compact(far))
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
			ed.found[finding{ref.col, l.ID}] = l
			named[ref.col] = append(named[ref.col], l.ID)
		case ok:
			e.state.targets = append(e.state.targets, seedTarget{ref, l})
		case !r.last && ref.name == "":
			r.late = append(r.late, lateLink{&Seeded{Type: e.Type, Tag: placeOf(e, ref.path)}, seq, ref})
		case r.mustLead(ref):
			r.errs.add(e, ref.path, r.unknown(ref))
		}
		if ok {
			r.keep(l.Seq)
		}
	}
	for _, t := range e.state.targets {
		r.keep(t.link.Seq)
	}
	if len(r.errs.List) > 0 {
		return nil
	}
	if e.state.before != nil {
		return r.replace(e, ed, named)
	}
	for col, ids := range named {
		if err := ed.add(col, slices.Compact(ids)); err != nil {
			return err
		}
	}
	for _, t := range e.state.targets {
		if t.ref.hard() {
			continue
		}
		if _, err := r.tx.SetLinks(t.ref.relation(), seq, []store.Link{t.link}); err != nil {
			return err
		}
	}
	r.note(SeedCreated, e)
	return nil
}

// mustLead tells that a ref may not lead nowhere.
func (x *Seeding) mustLead(ref *seedRef) bool {
	return ref.col != nil || ref.name != "" || ref.ref.mustExist(x.c.Tenant.Profile)
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
		keepReadOnly(e.Type, before, after)
	}
	if err := keepImmutable(e.Type, before, after, false); err != nil {
		return err
	}
	withSchemas(e.Type, after)
	list := linkAttrs[e.Type.Name]
	for i := range list {
		col := &list[i]
		if col.reverse || col.single {
			continue
		}
		var far []int64
		for _, id := range named[col] {
			far = append(far, links.found[finding{col, id}].Seq)
		}
		if r.leads(col.relation, rec.Seq, far) {
			continue
		}
		if err := links.set(col, named[col]); err != nil {
			return err
		}
	}
	linked := len(links.changed) > 0
	if r.o.Resume && e.asMade(rec) {
		links.changed = nil
	}
	if err := r.refer(e, before); err != nil {
		return err
	}
	res := &store.Resource{
		Type: e.Type, Seq: rec.Seq, ID: rec.ID, Version: rec.Version, Created: rec.Created, Modified: rec.Modified,
		Body: after, Hidden: rec.Hidden, Doc: rec.Doc, Cut: rec.Cut,
	}
	if res.Ends, err = r.ends(e); err != nil {
		return err
	}
	event, err := r.c.store(r.tx, opReplace, res, &edit{version: rec.Version, before: before, after: after, secrets: e.secrets}, links)
	if err != nil {
		return err
	}
	if event != nil {
		r.events = append(r.events, *event)
	}
	if event != nil || linked {
		r.note(SeedUpdated, e)
	} else {
		r.note(SeedUnchanged, e)
	}
	return nil
}

// asMade tells that nobody has changed a resource since it was made of the seed: what
// a seed that was cut off has left it without, it gets as if that had come along.
func (e *Seeded) asMade(rec *store.Record) bool {
	modified := e.modified
	if modified.IsZero() {
		modified = rec.Created
	}
	return rec.Version == max(e.version, 1) && rec.Modified.Equal(modified)
}

// refer brings the edges of the references of a document that was there in line.
// They may differ where it does not: what it refers to may have come later.
func (r *seedRun) refer(e *Seeded, before *resource.Members) error {
	list := references[e.Type.Name]
	for i := range list {
		ref := &list[i]
		a := ref.attribute(e.Type)
		if ref.end || getAttribute(before, a).Unassigned() && getAttribute(e.state.tree, a).Unassigned() {
			continue
		}
		var links []store.Link
		var far []int64
		for _, t := range e.state.targets {
			if t.ref.ref == ref {
				links, far = append(links, t.link), append(far, t.link.Seq)
			}
		}
		if r.leads(ref.relation, e.state.link.Seq, far) {
			continue
		}
		if _, err := r.tx.SetLinks(ref.relation, e.state.link.Seq, links); err != nil {
			return err
		}
	}
	return nil
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
				if r.mustLead(l.ref) {
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
