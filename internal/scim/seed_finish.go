package scim

import (
	"errors"
	"slices"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
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
