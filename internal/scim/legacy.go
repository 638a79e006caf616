package scim

import (
	"context"
	"slices"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
)

// byName is a filter as the store understands it: at the legacy base the values of
// links are names where clients see them, and stored ids below. What equals a
// name equals the id behind it, and other comparisons are about the name.
func (s *Service) byName(ctx context.Context, c *Call, rt *schema.ResourceType, p filter.Predicate) (filter.Predicate, error) {
	if !c.Legacy || p == nil {
		return p, nil
	}
	var fault error
	out := filter.Rewrite(p, func(p *filter.Compare) filter.Predicate {
		col := namedLink(rt, p)
		if col == nil || fault != nil {
			return p
		}
		name := p.Literal.Str()
		if p.Op != filter.Eq && p.Op != filter.Ne {
			a := p.Attr.Parent.SubAttribute("display")
			return &filter.Compare{Attr: a, Op: p.Op, Kind: p.Kind, Key: schema.TextKey(name, a.CaseExact), Literal: p.Literal}
		}
		is := *p
		is.Op = filter.Eq
		any := &filter.Or{Terms: []filter.Predicate{&is}}
		for _, rt := range col.types(c.Tenant.Registry) {
			var id string
			if id, fault = s.idOf(ctx, c, rt, name); fault != nil {
				return p
			}
			if id != "" {
				x := is
				x.Key, x.Literal = schema.TextKey(id, p.Attr.CaseExact), resource.Text(id)
				any.Terms = append(any.Terms, &x)
			}
		}
		if p.Op == filter.Ne {
			return &filter.Not{Term: any}
		}
		return any
	})
	return out, fault
}

// namedLink is the link attribute whose value is compared, if the other side goes
// by its name at the legacy base; else nil.
func namedLink(rt *schema.ResourceType, p *filter.Compare) *linkAttr {
	parent := p.Attr.Parent
	if parent == nil || p.Attr.Name != "value" || p.Kind != filter.TextKind {
		return nil
	}
	list := linkAttrs[rt.Name]
	i := slices.IndexFunc(list, func(col linkAttr) bool { return rt.Core(col.name) == parent })
	if i < 0 || !slices.ContainsFunc(list[i].targets, func(name string) bool { return identities[name].named }) {
		return nil
	}
	return &list[i]
}
