package scim

import (
	"strings"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
)

// Params are the query parameters of RFC 7644 §3.4.2 and §3.9 as text and
// numbers, from a URL or a SearchRequest.
type Params struct {
	Filter    string
	HasFilter bool
	SortBy    string
	SortOrder string
	// StartIndex is 1-based; less counts as 1. Count is nil when not given.
	StartIndex int
	Count      *int
	// Attributes and ExcludedAttributes are attribute names.
	Attributes, ExcludedAttributes []string
}

// projects reports whether the request names attributes to return or not.
func (p *Params) projects() bool { return len(p.Attributes) > 0 || len(p.ExcludedAttributes) > 0 }

// projection compiles the returned characteristics of a type and a request's
// attribute names (RFC 7644 §3.9). Unknown names are ignored. It is nil when
// everything is returned.
//
// supplied are the attributes that a write has set: those with returned
// "request" are shown (RFC 7643 §7).
func projection(t *Tenant, rt *schema.ResourceType, p *Params, supplied *resource.Members) (*resource.Projection, error) {
	if len(p.Attributes) > 0 && len(p.ExcludedAttributes) > 0 {
		return nil, scimerr.InvalidValue("attributes", "attributes and excludedAttributes exclude each other: give one of them.")
	}
	b := projector{rt: rt, o: t.options()}
	if len(p.Attributes) > 0 {
		b.out = &resource.Projection{Rules: map[string]*resource.Rule{"schemas": {Keep: true}}}
		b.always()
		for _, name := range p.Attributes {
			b.include(name)
		}
		return b.out, nil
	}
	b.out = &resource.Projection{KeepOthers: true, Rules: map[string]*resource.Rule{}}
	b.onRequest(supplied)
	for _, name := range p.ExcludedAttributes {
		b.exclude(name)
	}
	if len(b.out.Rules) == 0 {
		return nil, nil
	}
	return b.out, nil
}

type projector struct {
	rt  *schema.ResourceType
	o   filter.Options
	out *resource.Projection
}

// each walks the top-level attributes of the type.
func (b *projector) each(fn func(*schema.Attribute)) {
	for _, a := range b.rt.Common.Attributes {
		fn(a)
	}
	for a := range b.rt.Attributes() {
		fn(a)
	}
}

func (b *projector) always() {
	b.each(func(a *schema.Attribute) {
		if a.Returned == schema.ReturnedAlways {
			b.keep(a)
		}
	})
}

// onRequest leaves out what is shown only on request, unless it was supplied.
func (b *projector) onRequest(supplied *resource.Members) {
	check := func(a *schema.Attribute) {
		if a.Returned == schema.ReturnedRequest && (supplied == nil || !holds(supplied, a)) {
			b.drop(a)
		}
	}
	b.each(func(a *schema.Attribute) {
		check(a)
		for _, sub := range a.Sub {
			check(sub)
		}
	})
}

func (b *projector) include(name string) {
	attr, ext, err := filter.CompileName(strings.TrimSpace(name), b.rt, b.o)
	switch {
	case err != nil:
	case ext != nil:
		b.out.Rules[ext.ID] = &resource.Rule{Keep: true}
	case attr.Returned != schema.ReturnedNever:
		b.keep(attr)
	}
}

func (b *projector) exclude(name string) {
	attr, ext, err := filter.CompileName(strings.TrimSpace(name), b.rt, b.o)
	switch {
	case err != nil:
	case ext != nil:
		b.out.Rules[ext.ID] = &resource.Rule{}
	case attr.Returned != schema.ReturnedAlways && attr.Path != "schemas":
		b.drop(attr)
	}
}

// keep makes the projection keep an attribute and what is always returned
// beside it.
func (b *projector) keep(a *schema.Attribute) {
	rules := b.rules(a.Extension, false)
	if rules == nil {
		return
	}
	if a.Parent == nil {
		rules[a.Name] = &resource.Rule{Keep: true}
		return
	}
	r := rules[a.Parent.Name]
	if r == nil {
		r = &resource.Rule{Keep: true, Sub: &resource.Projection{Rules: map[string]*resource.Rule{}}}
		for _, sub := range a.Parent.Sub {
			if sub.Returned == schema.ReturnedAlways {
				r.Sub.Rules[sub.Name] = &resource.Rule{Keep: true}
			}
		}
		rules[a.Parent.Name] = r
	}
	if r.Sub != nil {
		r.Sub.Rules[a.Name] = &resource.Rule{Keep: true}
	}
}

func (b *projector) drop(a *schema.Attribute) {
	rules := b.rules(a.Extension, true)
	if rules == nil {
		return
	}
	if a.Parent == nil {
		rules[a.Name] = &resource.Rule{}
		return
	}
	r := rules[a.Parent.Name]
	if r == nil {
		r = &resource.Rule{Keep: true, Sub: &resource.Projection{KeepOthers: true, Rules: map[string]*resource.Rule{}}}
		rules[a.Parent.Name] = r
	}
	if r.Sub != nil {
		r.Sub.Rules[a.Name] = &resource.Rule{}
	}
}

// rules are the rules at the level of an extension, or the top for "". It is
// nil when the whole extension is kept or dropped already.
func (b *projector) rules(extension string, others bool) map[string]*resource.Rule {
	if extension == "" {
		return b.out.Rules
	}
	r := b.out.Rules[extension]
	if r == nil {
		r = &resource.Rule{Keep: true, Sub: &resource.Projection{
			KeepOthers: others, Rules: map[string]*resource.Rule{}, AnyCase: b.rt.SchemaByURN(extension).Open,
		}}
		b.out.Rules[extension] = r
	}
	if r.Sub == nil {
		return nil
	}
	return r.Sub.Rules
}

// keeps reports whether a projection keeps anything at a path.
func keeps(p *resource.Projection, path ...string) bool {
	for _, name := range path {
		if p == nil {
			return true
		}
		r := p.Rules[name]
		if r == nil {
			return p.KeepOthers
		}
		if r.Sub == nil {
			return r.Keep
		}
		p = r.Sub
	}
	return true
}
