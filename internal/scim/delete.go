package scim

import (
	"context"
	"slices"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// taken are the relations whose sources go along with what they lead to: an
// account with its safe, a permission with its target and with its holder.
var taken = []store.Relation{store.Safe, store.Target, store.Grantee}

// Delete answers DELETE (RFC 7644 §3.6). What cannot be without the resource
// goes along, each with an event of its own.
func (s *Service) Delete(ctx context.Context, c *Call, rt *schema.ResourceType, id string) error {
	if c.Legacy {
		rec, err := s.read(ctx, c, rt, id, nil)
		if err != nil {
			return err
		}
		id = c.storedID(rec, id)
	}
	return s.remove(ctx, c, rt, id, func(store.Tx) error { return nil })
}

// remove is Delete with something more in its transaction.
func (s *Service) remove(ctx context.Context, c *Call, rt *schema.ResourceType, id string, then func(store.Tx) error) error {
	var gone string // the id of what was deleted
	err := s.store.Do(ctx, c.Tenant.Space, func(tx store.Tx) error {
		rec, err := c.get(tx, rt, id)
		if err != nil {
			return err
		}
		if err := c.guardServiceUser(rec); err != nil {
			return err
		}
		if rec.ID == c.Principal.ID {
			return scimerr.Forbidden("A token cannot delete the user that it stands for.")
		}
		if err := c.touchHolders(tx, rt, rec.Seq); err != nil {
			return err
		}
		if err := c.disown(tx, rt, rec.Seq); err != nil {
			return err
		}
		along, err := c.takenAlong(tx, rt, rec.Seq)
		if err != nil {
			return err
		}
		if err := c.deleteAll(tx, along); err != nil {
			return err
		}
		if err := tx.Delete(rt, rec.Seq); err != nil {
			return err
		}
		gone = rec.ID
		if rt.Name == ServiceUserType {
			if err := tx.EndSessions(c.Tenant.ID, rec.ID, c.Tenant.now()); err != nil {
				return err
			}
		}
		if err := then(tx); err != nil {
			return err
		}
		return tx.Event(c.event(opDelete, &store.Resource{Type: rt, ID: rec.ID, Version: rec.Version, Modified: c.Tenant.after(rec.Modified)}))
	})
	if err == nil {
		s.changed(c.Tenant.ID, rt.Name, gone)
		c.Tenant.Usage.removed()
	}
	return err
}

// takenAlong are the resources that go with one, level by level, each once.
func (c *Call) takenAlong(tx store.Tx, rt *schema.ResourceType, seq int64) ([]store.Held, error) {
	var all []store.Held
	seen := map[int64]bool{seq: true}
	types := map[*schema.ResourceType]bool{rt: true}
	for level := []int64{seq}; len(level) > 0; {
		var next []int64
		below := map[*schema.ResourceType]bool{}
		for _, rel := range taken {
			if !leadTo(rel, types) {
				continue
			}
			held, err := tx.Holders(rel, level)
			if err != nil {
				return nil, err
			}
			if rel == store.Safe && len(held) > 0 && c.Tenant.Profile.ContainerDelete == "refuse" {
				return nil, scimerr.Conflict("The %s is not empty: delete first what it holds (%d in number).", rt.Name, len(held))
			}
			for _, h := range held {
				if !seen[h.Seq] {
					seen[h.Seq] = true
					all, next = append(all, h), append(next, h.Seq)
					below[h.Type] = true
				}
			}
		}
		level, types = next, below
	}
	return all, nil
}

// leadTo tells that links of a relation lead to resources of one of the types
// from those that keep them.
func leadTo(rel store.Relation, types map[*schema.ResourceType]bool) bool {
	for rt := range types {
		for _, list := range linkAttrs {
			for i := range list {
				if list[i].relation == rel && list[i].single && list[i].reaches(rt) {
					return true
				}
			}
		}
		for _, list := range references {
			for i := range list {
				if list[i].relation == rel && list[i].end && slices.Contains(list[i].targets, rt.Name) {
					return true
				}
			}
		}
	}
	return false
}

// deleteAll deletes resources by sets, the last found first, and tells of each.
func (c *Call) deleteAll(tx store.Tx, list []store.Held) error {
	byType := map[*schema.ResourceType][]int64{}
	var types []*schema.ResourceType
	var events []store.Event
	for i := len(list) - 1; i >= 0; i-- {
		h := list[i]
		if byType[h.Type] == nil {
			types = append(types, h.Type)
		}
		byType[h.Type] = append(byType[h.Type], h.Seq)
		events = append(events, c.event(opDelete, &store.Resource{Type: h.Type, ID: h.ID, Version: h.Version, Modified: c.Tenant.after(h.Modified)}))
	}
	for _, rt := range types {
		if err := tx.DeleteMany(rt, byType[rt]); err != nil {
			return err
		}
	}
	if len(events) == 0 {
		return nil
	}
	return tx.Events(events)
}

// disown writes into the resources that one owns what it is called, which they
// show from then on. It is no change of them.
func (c *Call) disown(tx store.Tx, rt *schema.ResourceType, seq int64) error {
	if !leadTo(store.Owner, map[*schema.ResourceType]bool{rt: true}) {
		return nil
	}
	held, err := tx.Holders(store.Owner, []int64{seq})
	if err != nil {
		return err
	}
	for _, h := range held {
		rec, err := tx.Get(h.Type, h.ID)
		if err != nil {
			return err
		}
		links, err := tx.Links(h.Seq, []store.Want{{Relation: store.Owner}})
		if err != nil {
			return err
		}
		if err := c.keepNames(tx, h.Type, rec, links); err != nil {
			return err
		}
	}
	return nil
}

// keepNames puts the derived display of the owner into a resource's document.
func (c *Call) keepNames(tx store.Tx, rt *schema.ResourceType, rec *store.Record, links []store.Link) error {
	tree, err := resource.Decode(rec.Doc)
	if err != nil {
		return err
	}
	for _, ref := range references[rt.Name] {
		for _, l := range links {
			if l.Relation == ref.relation && l.Display != "" {
				setAttribute(tree, rt.Lookup(ref.urn, ref.name, ref.display), resource.Text(l.Display))
			}
		}
	}
	r := &store.Resource{
		Type: rt, Seq: rec.Seq, ID: rec.ID, Version: rec.Version, Created: rec.Created, Modified: rec.Modified, Body: tree, Hidden: rec.Hidden,
	}
	r.Doc, r.Cut = resource.Encode(tree)
	return tx.Update(r, rec.Version)
}

// touchHolders moves on the resources that hold one which is about to go in a
// link attribute: they change with it.
func (c *Call) touchHolders(tx store.Tx, rt *schema.ResourceType, seq int64) error {
	for _, rel := range holders(rt) {
		touched, err := tx.Touch(rel, seq, c.Tenant.now())
		if err != nil {
			return err
		}
		for _, t := range touched {
			if err := tx.Event(c.event(opPatch, &store.Resource{Type: t.Type, ID: t.ID, Version: t.Version, Modified: t.Modified})); err != nil {
				return err
			}
		}
	}
	return nil
}
