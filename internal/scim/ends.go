package scim

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// This file is about link attributes with a single value: a resource is made
// with them and keeps them. Clients name the other side by its id, or by what it
// is called (cyberark-scim section 11.3).

// called are the attributes by which resources of a type are called.
var called = map[string]string{"User": "userName", "Group": "displayName", "Container": "name", "PrivilegedData": "name"}

// end reads what a client gives for a single link attribute: the id of the
// other side as value or at the end of $ref, or else its name or display. Of
// these the first one that is given counts.
func (s *shaper) end(col *linkAttr, a *schema.Attribute, v resource.Value) (naming, error) {
	n := naming{col: col}
	if items := v.Items(); len(items) == 1 && s.p.ListAsObject {
		v = items[0]
	}
	switch {
	case v.Unassigned():
		return n, nil
	case v.Kind() == resource.String && s.p.TextAsValue != "none":
		n.ids = []string{v.Str()}
		return n, nil
	case v.Kind() != resource.Object:
		return n, scimerr.InvalidValue(a.Path, "%s must be an object, not %s.", a.Path, kindName(v))
	}
	said := map[string]string{}
	for name, x := range v.Members().All() {
		sub := a.SubAttribute(name)
		if sub == nil {
			if err := s.unknown(&resource.Members{}, name, a.Path+"."+name, x); err != nil {
				return n, err
			}
			continue
		}
		if x.Kind() != resource.String && !x.IsNull() {
			return n, scimerr.InvalidValue(sub.Path, "%s must be a text, not %s.", sub.Path, kindName(x))
		}
		said[sub.Name] = x.Str()
	}
	if id := cmp.Or(said["value"], lastSegment(said["$ref"])); id != "" {
		n.ids = []string{id}
		return n, nil
	}
	n.name = cmp.Or(said["name"], said["display"])
	return n, nil
}

// given tells that something is named; said is what.
func (n *naming) given() bool { return n.name != "" || len(n.ids) > 0 }

func (n *naming) said() string {
	if n.name != "" || len(n.ids) == 0 {
		return n.name
	}
	return n.ids[0]
}

// found is the resource that a naming of one resource means.
func (f foundLinks) of(n *naming) (store.Link, bool) {
	if len(n.ids) == 0 {
		return store.Link{}, false
	}
	l, ok := f[finding{n.col, n.ids[0]}]
	return l, ok
}

// resolveNames finds the ids of what a request calls by its name. It runs before
// the transaction, which then locks what has the id.
func (s *Service) resolveNames(ctx context.Context, c *Call, list []naming) error {
	for i := range list {
		n := &list[i]
		if err := s.resolveIDs(ctx, c, n.col, n.ids); err != nil {
			return err
		}
		if n.name == "" {
			continue
		}
		for _, rt := range n.col.types(c.Tenant.Registry) {
			id, err := s.idOf(ctx, c, rt, n.name)
			if err != nil {
				return err
			}
			if id != "" {
				n.ids = []string{id}
				break
			}
		}
	}
	return nil
}

// resolveIDs puts the ids in place of the names that stand for them at the legacy
// base.
func (s *Service) resolveIDs(ctx context.Context, c *Call, col *linkAttr, ids []string) error {
	if !c.Legacy {
		return nil
	}
	for i, name := range ids {
		for _, rt := range col.types(c.Tenant.Registry) {
			if !identities[rt.Name].named {
				continue
			}
			id, err := s.idOf(ctx, c, rt, name)
			if err != nil {
				return err
			}
			if id != "" {
				ids[i] = id
				break
			}
		}
	}
	return nil
}

// idOf is the id of the resource of a type that is called by a name, the oldest
// of several; "" when there is none.
func (s *Service) idOf(ctx context.Context, c *Call, rt *schema.ResourceType, name string) (string, error) {
	rec, err := s.named(ctx, c, rt, name)
	if rec == nil {
		return "", err
	}
	return rec.ID, nil
}

// named is the resource that idOf finds, nil when there is none.
func (s *Service) named(ctx context.Context, c *Call, rt *schema.ResourceType, name string) (*store.Record, error) {
	a := rt.Core(called[rt.Name])
	key := schema.TextKey(name, a.CaseExact)
	if key == "" || strings.ContainsRune(key, 0) {
		return nil, nil
	}
	is := &filter.Compare{Attr: a, Op: filter.Eq, Kind: filter.TextKind, Key: key, Literal: resource.Text(name)}
	full := newRenderer(c, nil)
	page, err := s.store.Query(ctx, &store.Query{
		Space: c.Tenant.Space, Parts: []store.Part{{Type: rt, Filter: is}}, Limit: 1, IncludeHidden: true,
		Match: func(rt *schema.ResourceType, rec *store.Record) bool { return filter.Match(is, full.tree(rt, rec)) },
	})
	if err != nil {
		return nil, err
	}
	list, err := page.Next(ctx)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0].Record, nil
}

// ends are the resources that a new one of a type is linked to by its single
// link attributes: exactly one for each relation.
func (c *Call) ends(rt *schema.ResourceType, named []naming, found foundLinks) ([]store.Link, error) {
	var out []store.Link
	for _, choice := range alternatives(rt) {
		var names []string
		var given []naming
		for _, col := range choice {
			names = append(names, col.name)
			for _, n := range named {
				if n.col == col && n.given() {
					given = append(given, n)
				}
			}
		}
		switch {
		case len(given) == 0 && len(names) == 1:
			return nil, scimerr.InvalidValue(names[0], "%s is required, by its value, name or display.", names[0])
		case len(given) == 0:
			return nil, scimerr.InvalidValue(names[0], "One of %s is required, by its value or display.", strings.Join(names, " and "))
		case len(given) > 1:
			return nil, scimerr.InvalidValue(names[0], "Only one of %s can be given.", strings.Join(names, " and "))
		}
		l, ok := found.of(&given[0])
		if !ok {
			return nil, c.unknownLink(rt.Core(given[0].col.name), given[0].col, given[0].said())
		}
		l.Relation = given[0].col.relation
		out = append(out, l)
	}
	return out, nil
}

// alternatives are the single link attributes of a type, by relation in their order.
func alternatives(rt *schema.ResourceType) [][]*linkAttr {
	var out [][]*linkAttr
	list := linkAttrs[rt.Name]
	for i := range list {
		col := &list[i]
		if !col.single {
			continue
		}
		at := slices.IndexFunc(out, func(c []*linkAttr) bool { return c[0].relation == col.relation })
		if at < 0 {
			out = append(out, nil)
			at = len(out) - 1
		}
		out[at] = append(out[at], col)
	}
	return out
}

// keepEnds refuses a change of what a single link attribute has: another
// resource, or none. The same one may be named in another way, and what has none
// may be left without.
func (e *edges) keepEnds(ch *change) error {
	c := e.call
	var links []store.Link
	for i := range ch.naming {
		n := &ch.naming[i]
		if !n.col.single || n.step == nil && !n.given() {
			continue
		}
		if links == nil {
			var err error
			if links, err = e.tx.Links(e.seq, c.wants(e.rt, nil)); err != nil {
				return err
			}
		}
		a := e.rt.Core(n.col.name)
		var now []store.Link // none or one
		for _, l := range links {
			if n.col.of(&l) {
				now = append(now, l)
			}
		}
		if n.step != nil && n.step.path.Where != nil {
			now = e.matching(n.col, a, n.step.path.Where, now)
			if len(now) == 0 && n.step.op != opRemove {
				return noMatch(a)
			}
		}
		if !n.given() {
			if len(now) > 0 {
				return scimerr.Mutability(a.Path, "%s is immutable and cannot be removed.", a.Path)
			}
			continue
		}
		l, ok := e.found.of(n)
		same := ok && len(now) > 0 && now[0].Seq == l.Seq
		if !same && !(ch.op == opReplace && c.Tenant.Profile.ImmutableInPut == "ignore") {
			return scimerr.Mutability(a.Path, "%s is immutable and names another resource already.", a.Path)
		}
	}
	return nil
}
