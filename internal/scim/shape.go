package scim

import (
	"strings"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
)

// shaper brings values that a client sent into the form that the schema
// declares: canonical names, declared types, no unassigned members. The
// leniencies of the profile are applied here and nowhere else.
type shaper struct {
	rt *schema.ResourceType
	p  *Profile
	d  *Discovery
	o  filter.Options
	// lists accepts one object for a list, whatever the profile says: PATCH add.
	lists bool
	// elements are what a body names for link attributes, which stand in no tree.
	elements []naming
	// seed takes what clients cannot set, as it comes from a seed.
	seed bool
}

func newShaper(t *Tenant, rt *schema.ResourceType) *shaper {
	return &shaper{rt: rt, p: t.Profile, d: t.Discovery, o: t.options()}
}

// target is what a member name of a body stands for.
type target struct {
	attr *schema.Attribute // top-level or sub-attribute
	ext  *schema.Schema    // a whole extension object, or the core schema as one
}

// key resolves a member name of a resource body, or of the value of a path-less
// PATCH operation (RFC 7644 §3.10; idp-clients rules 13 and 15).
func (s *shaper) key(name string) (t target, ok bool) {
	if a := s.rt.Core(name); a != nil {
		return target{attr: a}, true
	}
	if strings.Contains(name, ":") {
		urn, rest, ok := s.rt.SplitURN(name, s.p.DotAfterURN)
		if !ok {
			return target{}, false
		}
		sch := s.rt.SchemaByURN(urn)
		if rest == "" {
			return target{ext: sch}, true
		}
		if !s.p.URNKeys {
			return target{}, false
		}
		return s.dotted(urn, rest)
	}
	if t, ok := s.dotted("", name); ok {
		return t, true
	}
	if s.p.BareExtensionNames {
		if a := s.rt.LookupBare(name); a != nil {
			return target{attr: a}, true
		}
	}
	return target{}, false
}

func (s *shaper) dotted(urn, name string) (target, bool) {
	top, sub, isSub := strings.Cut(name, ".")
	if isSub && !s.p.DottedKeys {
		return target{}, false
	}
	a := s.rt.Lookup(urn, top, sub)
	return target{attr: a}, a != nil
}

// body shapes the body of a POST or PUT. Read-only attributes are left out
// (RFC 7644 §3.3), write-only ones are kept for the caller to take out.
func (s *shaper) body(in *resource.Members) (*resource.Members, error) {
	out := &resource.Members{}
	for name, v := range in.All() {
		if strings.EqualFold(name, "schemas") {
			continue
		}
		t, ok := s.key(name)
		switch {
		case !ok:
			if err := s.unknown(out, name, name, v); err != nil {
				return nil, err
			}
		case t.ext != nil:
			if err := s.extension(out, t.ext, v); err != nil {
				return nil, err
			}
		default:
			if err := s.assign(out, t.attr, v); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// offers reports whether what a client sends of an attribute counts: it does
// not where the profile takes only what discovery shows.
func (s *shaper) offers(a *schema.Attribute) bool {
	return s.p.UnadvertisedAttributes == "store" || s.d.Advertises(s.rt, a)
}

// unoffered passes over an attribute that is not offered, or refuses it.
func (s *shaper) unoffered(a *schema.Attribute, refuse func(at, format string, args ...any) *scimerr.Error) error {
	if s.p.UnadvertisedAttributes == "refuse" {
		return refuse(a.Declared(), "%s is not an attribute that this tenant offers.", a.Path)
	}
	return nil
}

// unknown handles a member that the schema does not know.
func (s *shaper) unknown(out *resource.Members, name, path string, v resource.Value) error {
	switch s.p.UnknownAttributes {
	case "reject":
		return scimerr.InvalidSyntax(scimerr.UnknownName, "The attribute %q is not known to %s.", path, s.rt.Name)
	case "keep":
		if schema.ValidName(name) {
			put(out, name, v)
		}
	}
	return nil
}

// extension shapes an extension object into its place in out.
func (s *shaper) extension(out *resource.Members, ext *schema.Schema, v resource.Value) error {
	if v.IsNull() {
		return nil
	}
	if v.Kind() != resource.Object {
		return scimerr.InvalidValue(ext.ID, "The extension %s must be an object, not %s.", ext.ID, kindName(v))
	}
	for name, x := range v.Members().All() {
		a, err := s.extensionKey(ext, name)
		switch {
		case err != nil:
			return err
		case a != nil:
			err = s.assign(out, a, x)
		default:
			err = s.unknownIn(out, ext, name, x)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// extensionKey resolves a member name of an extension object, nil when it is
// unknown. An open extension knows every name that is one.
func (s *shaper) extensionKey(ext *schema.Schema, name string) (*schema.Attribute, error) {
	if a := ext.Attribute(name); a != nil {
		return a, nil
	}
	if ext.Open {
		return nil, scimerr.InvalidValue(ext.ID, "%q is not an attribute name that %s can hold.", name, ext.ID)
	}
	if top, sub, isSub := strings.Cut(name, "."); isSub && s.p.DottedKeys {
		return s.rt.Lookup(ext.ID, top, sub), nil
	}
	return nil, nil
}

// unknownIn handles an unknown member of an extension object, or of the core
// schema as one.
func (s *shaper) unknownIn(out *resource.Members, ext *schema.Schema, name string, v resource.Value) error {
	urn := ext.ID
	if !s.rt.IsExtension(ext) {
		urn = ""
	}
	inner := container(out, urn)
	if err := s.unknown(inner, name, ext.ID+":"+name, v); err != nil {
		return err
	}
	putContainer(out, urn, inner)
	return nil
}

// assign shapes v for a and puts it into the resource; a read-only attribute is
// left out.
func (s *shaper) assign(out *resource.Members, a *schema.Attribute, v resource.Value) error {
	if !s.seed && (a.Mutability == schema.ReadOnly || a.Top().Mutability == schema.ReadOnly) {
		return nil
	}
	if !s.offers(a) {
		return s.unoffered(a, scimerr.InvalidValue)
	}
	if a.Parent != nil && a.Parent.MultiValued {
		return scimerr.InvalidPath(a.Path, "%s is multi-valued: select an element to set %s.", a.Parent.Path, a.Path)
	}
	if a.Parent != nil && writable(s.rt, a.Parent) != nil {
		m := &resource.Members{}
		m.Set(a.Name, v)
		a, v = a.Parent, resource.Of(m)
	}
	if col := writable(s.rt, a); col != nil && col.single {
		n, err := s.end(col, a, v)
		s.elements = append(s.elements, n)
		return err
	} else if col != nil {
		ids, err := s.elementIDs(a, v)
		s.elements = append(s.elements, naming{col: col, ids: ids})
		return err
	}
	shaped, err := s.value(a, v)
	if err != nil {
		return err
	}
	setAttribute(out, a, shaped)
	return nil
}

// value shapes a value for an attribute, all of its values when it is
// multi-valued. The result is null when v is unassigned.
func (s *shaper) value(a *schema.Attribute, v resource.Value) (resource.Value, error) {
	if v.Unassigned() {
		if a.EmptyIsValue && v.Kind() == resource.Array {
			return v, nil
		}
		return resource.Value{}, nil
	}
	if !a.MultiValued {
		return s.single(a, v)
	}
	if v.Kind() != resource.Array {
		if !s.asList(a, v) {
			return resource.Value{}, scimerr.InvalidValue(a.Path, "%s must be a list, not %s.", a.Path, kindName(v))
		}
		v = resource.List(v)
	}
	list := make([]resource.Value, 0, len(v.Items()))
	primary := ""
	for _, item := range v.Items() {
		if item.IsNull() {
			continue
		}
		if item.Unassigned() {
			return resource.Value{}, scimerr.InvalidValue(a.Path, "%s holds an empty element.", a.Path)
		}
		x, err := s.single(a, item)
		if err != nil {
			return resource.Value{}, err
		}
		if x.Unassigned() || !hasContent(a, x) && emptied(item) {
			continue
		}
		if isPrimary(x) {
			switch key := identity(a, x); {
			case primary == "" || primary == key:
				primary = key
			case s.p.SeveralPrimaries == "reject":
				return resource.Value{}, scimerr.InvalidValue(a.Path, "Only one element of %s can be primary.", a.Path)
			default:
				if x = without(x, "primary"); x.Unassigned() { // it said nothing else
					continue
				}
			}
		}
		list = append(list, x)
	}
	return resource.List(list...), s.distinctKeys(a, list)
}

// distinctKeys refuses two values for one key where elements have keys.
func (s *shaper) distinctKeys(a *schema.Attribute, list []resource.Value) error {
	if a.Identity == nil {
		return nil
	}
	seen := make(map[string]resource.Value, len(list))
	for _, x := range list {
		key, _ := x.Members().Get(a.Identity.Name)
		if key.Unassigned() {
			return scimerr.InvalidValue(a.Identity.Path, "Every element of %s needs a %s.", a.Path, a.Identity.Name)
		}
		id := identity(a, x)
		if old, again := seen[id]; again && !old.Equal(x) {
			return scimerr.InvalidValue(a.Identity.Path, "%s must not hold two elements with the same %s.", a.Path, a.Identity.Name)
		}
		seen[id] = x
	}
	return nil
}

// emptied reports whether an element as sent has a member without a value. When
// it then says only what kind it is of, it stands for no element: clients with
// templates send {"type":"work","value":""} for a user without one.
func emptied(e resource.Value) bool {
	for _, v := range e.Members().All() {
		if v.Unassigned() {
			return true
		}
	}
	return false
}

// asList reports whether one value may stand for a list of one.
func (s *shaper) asList(a *schema.Attribute, v resource.Value) bool {
	if v.Kind() == resource.Object || a.Type != schema.Complex {
		return s.lists || s.p.ObjectAsList
	}
	return s.p.TextAsValue == "all"
}

// single shapes one value of an attribute.
func (s *shaper) single(a *schema.Attribute, v resource.Value) (resource.Value, error) {
	if a.Type == schema.Complex {
		return s.complex(a, v)
	}
	return s.simple(a, v)
}

func (s *shaper) complex(a *schema.Attribute, v resource.Value) (resource.Value, error) {
	switch v.Kind() {
	case resource.Array:
		if items := v.Items(); s.p.ListAsObject && !a.MultiValued && len(items) == 1 {
			return s.complex(a, items[0])
		}
	case resource.String:
		allowed := s.p.TextAsValue == "all" || s.p.TextAsValue == "single" && !a.MultiValued
		if value := a.SubAttribute("value"); allowed && value != nil {
			m := &resource.Members{}
			m.Set("value", v)
			return s.complex(a, resource.Of(m))
		}
	case resource.Object:
		out := &resource.Members{}
		for name, x := range v.Members().All() {
			sub := a.SubAttribute(name)
			if sub == nil {
				if err := s.unknown(out, name, a.Path+"."+name, x); err != nil {
					return resource.Value{}, err
				}
				continue
			}
			if sub.Mutability == schema.ReadOnly && !s.seed {
				continue
			}
			if !s.offers(sub) {
				if err := s.unoffered(sub, scimerr.InvalidValue); err != nil {
					return resource.Value{}, err
				}
				continue
			}
			y, err := s.value(sub, x)
			if err != nil {
				return resource.Value{}, err
			}
			if !y.IsNull() {
				out.Set(sub.Name, y)
			}
		}
		return resource.Of(out), nil
	}
	return resource.Value{}, scimerr.InvalidValue(a.Path, "%s must be an object, not %s.", a.Path, kindName(v))
}
