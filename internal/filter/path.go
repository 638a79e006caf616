package filter

import (
	"strconv"
	"strings"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
)

// CompilePath reads a PATCH path (RFC 7644 figure 7) and binds it to a resource
// type: an attribute, a sub-attribute, a value path with or without a
// sub-attribute, or, with ExtensionPaths, an extension's URN alone. Errors are 400 invalidPath, and
// 400 invalidFilter for what stands inside brackets.
func CompilePath(text string, rt *schema.ResourceType, o Options) (*Path, error) {
	var few [4]node
	p, name, where, sub, err := parsePath(text, few[:0], o)
	if err != nil {
		return nil, err
	}
	attr, ext := resolve(rt, name, o)
	if ext != nil && where < 0 && rt.IsExtension(ext) && o.ExtensionPaths {
		return &Path{Extension: ext}, nil
	}
	if attr == nil {
		return nil, unknownPath(name, rt)
	}
	path := &Path{Attr: attr.Top()}
	if attr.Parent != nil {
		path.Sub = attr
	}
	if where >= 0 {
		if attr.Type != schema.Complex {
			return nil, scimerr.InvalidPath(attr.Path, "%s has no sub-attributes that brackets could select by.", attr.Path)
		}
		// A name that the type does not know makes no sense as a target.
		o.UnknownAbsent = false
		b := binder{nodes: p.nodes, rt: rt, o: o}
		if path.Where, err = b.bind(where, attr); err != nil {
			return nil, err
		}
	}
	if sub != "" {
		if path.Sub = attr.SubAttribute(sub); path.Sub == nil {
			return nil, scimerr.InvalidPath(attr.Path, "%s has no sub-attribute %s.", attr.Path, quoteName(sub))
		}
	}
	return path, nil
}

// CompileName resolves one entry of attributes or excludedAttributes: an
// attribute, a sub-attribute, or a whole extension by its URN, when attr is
// nil. A filter in brackets is read and ignored (idp-clients Q-111). The error
// is 400 invalidPath, or 400 invalidFilter inside brackets.
func CompileName(text string, rt *schema.ResourceType, o Options) (attr *schema.Attribute, ext *schema.Schema, err error) {
	var few [4]node
	_, name, where, sub, err := parsePath(text, few[:0], o)
	if err != nil {
		return nil, nil, err
	}
	attr, ext = resolve(rt, name, o)
	if attr != nil && sub != "" {
		attr = attr.SubAttribute(sub)
	}
	if attr != nil || ext != nil && where < 0 && rt.IsExtension(ext) {
		return attr, ext, nil
	}
	return nil, nil, unknownPath(text, rt)
}

// CompileSort resolves sortBy to a leaf attribute: a multi-valued complex
// attribute stands for its value (RFC 7644 §3.4.2.3), any other complex one
// needs a sub-attribute. What clients never see is no sort key, since the order
// would tell it. The error is 400 invalidPath.
func CompileSort(text string, rt *schema.ResourceType, o Options) (*schema.Attribute, error) {
	var few [4]node
	_, name, where, sub, err := parsePath(text, few[:0], o)
	if err != nil {
		return nil, err
	}
	attr, _ := resolve(rt, name, o)
	if attr == nil || where >= 0 || sub != "" {
		return nil, unknownPath(text, rt)
	}
	if attr.Type == schema.Complex {
		value := attr.SubAttribute("value")
		if value == nil || !attr.MultiValued {
			return nil, scimerr.InvalidPath(attr.Path, "Sorting by %s needs one of its sub-attributes.", attr.Path)
		}
		attr = value
	}
	if hidden(attr) {
		return nil, scimerr.InvalidPath(attr.Path, "%s cannot be sorted by.", attr.Path)
	}
	return attr, nil
}

// parsePath reads name, name.sub, name[filter] or name[filter].sub. A
// sub-attribute without brackets stays in the name; where is -1 without
// brackets, else a node of the parser.
func parsePath(text string, nodes []node, o Options) (p parser, name string, where int32, sub string, err error) {
	p = parser{text: text, o: o, nodes: nodes, path: true}
	where = -1
	if err = p.check(); err != nil {
		return p, "", where, "", err
	}
	p.blanks()
	start := p.pos
	if name = p.word(); name == "" {
		return p, "", where, "", p.fail(start, "An attribute name is missing")
	}
	p.blanks()
	if p.peek() == '[' {
		if where, err = p.selector(); err != nil {
			return p, "", where, "", err
		}
		if p.take('.') {
			start = p.pos
			if sub = p.word(); sub == "" {
				return p, "", where, "", p.fail(start, "A sub-attribute is missing")
			}
		}
	}
	return p, name, where, sub, p.end()
}

// resolve finds the attribute or sub-attribute that a name means (RFC 7644
// §3.10), or the schema whose URN it is; both are nil for an unknown name.
func resolve(rt *schema.ResourceType, name string, o Options) (*schema.Attribute, *schema.Schema) {
	urn, rest := "", name
	if strings.IndexByte(name, ':') >= 0 {
		var ok bool
		if urn, rest, ok = rt.SplitURN(name, o.DotAfterURN); !ok {
			return nil, nil
		}
		if len(urn) == len(name) {
			return nil, rt.SchemaByURN(urn)
		}
	}
	top, sub, dotted := strings.Cut(rest, ".")
	if dotted && sub == "" {
		return nil, nil
	}
	if urn == "" && o.BareExtensionNames && rt.Core(top) == nil {
		attr := rt.LookupBare(top)
		if attr != nil && dotted {
			attr = attr.SubAttribute(sub)
		}
		return attr, nil
	}
	return rt.Lookup(urn, top, sub), nil
}

// wellFormed reports whether a name could be an attribute of some type.
func wellFormed(name string) bool {
	if strings.IndexByte(name, ':') >= 0 {
		return len(name) > 4 && strings.EqualFold(name[:4], "urn:")
	}
	top, sub, dotted := strings.Cut(name, ".")
	return schema.ValidName(top) && (!dotted || schema.ValidName(strings.ToLower(sub)))
}

func unknownPath(name string, rt *schema.ResourceType) error {
	return scimerr.InvalidPath(nameOf(nil), "%s is no attribute of %s.", quoteName(name), rt.Name)
}

// hidden reports whether an attribute is never shown, so that neither a filter
// nor an order may tell its value (RFC 7644 §7.5.2).
func hidden(a *schema.Attribute) bool {
	return a.Returned == schema.ReturnedNever || a.Top().Returned == schema.ReturnedNever
}

const maxQuoted = 120

// nameOf names an attribute for the log, where a name that no schema knows must
// not stand: it is a value that a client sent.
func nameOf(a *schema.Attribute) string {
	if a == nil {
		return scimerr.UnknownName
	}
	return a.Declared()
}

// cutName keeps a name that came from a client short in answers.
func cutName(name string) string {
	if len(name) <= maxQuoted {
		return name
	}
	return strings.ToValidUTF8(name[:maxQuoted], "") + "…"
}

func quoteName(name string) string { return strconv.Quote(cutName(name)) }
