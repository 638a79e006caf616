// Package schema holds SCIM schemas and resource types as data: what an
// attribute is (RFC 7643 §2 and §7) and how its values compare.
//
// Everything else in scimd asks this package: validation, PATCH, filters,
// projection and the store's table maps know no attribute by name unless a
// relation of the RFC or of CyberArk gives it a meaning of its own.
package schema

import (
	"iter"
	"strings"
)

// Type is an attribute's data type, RFC 7643 §2.3.
type Type uint8

// The data types. Any is the type of the members of an open extension: a JSON
// scalar whose own type decides.
const (
	String Type = iota
	Boolean
	Decimal
	Integer
	DateTime
	Binary
	Reference
	Complex
	Any
)

var typeNames = [...]string{"string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex", "any"}

func (t Type) String() string { return typeNames[t] }

// Mutability is RFC 7643 §7 "mutability".
type Mutability uint8

// The mutabilities.
const (
	ReadWrite Mutability = iota
	ReadOnly
	Immutable
	WriteOnly
)

var mutabilityNames = [...]string{"readWrite", "readOnly", "immutable", "writeOnly"}

func (m Mutability) String() string { return mutabilityNames[m] }

// Returned is RFC 7643 §7 "returned".
type Returned uint8

// When an attribute is returned.
const (
	ReturnedDefault Returned = iota
	ReturnedAlways
	ReturnedNever
	ReturnedRequest
)

var returnedNames = [...]string{"default", "always", "never", "request"}

func (r Returned) String() string { return returnedNames[r] }

// Uniqueness is RFC 7643 §7 "uniqueness".
type Uniqueness uint8

// The scopes of uniqueness. Server and Global are enforced alike, per tenant
// and resource type.
const (
	UniqueNone Uniqueness = iota
	UniqueServer
	UniqueGlobal
)

var uniquenessNames = [...]string{"none", "server", "global"}

func (u Uniqueness) String() string { return uniquenessNames[u] }

// Attribute is one attribute or sub-attribute with its characteristics. An
// Attribute is immutable after its schema is loaded, and compared by pointer.
type Attribute struct {
	Name            string
	Description     string
	Type            Type
	MultiValued     bool
	Required        bool
	CaseExact       bool
	Mutability      Mutability
	Returned        Returned
	Uniqueness      Uniqueness
	CanonicalValues []string
	ReferenceTypes  []string
	// Sub holds the sub-attributes of a Complex attribute.
	Sub []*Attribute
	// Identity is the sub-attribute that tells the elements of a multi-valued
	// attribute apart; nil where that is type and value (RFC 7643 §2.4).
	Identity *Attribute
	// EmptyIsValue says that an empty list is a value of the attribute, and not
	// the lack of one (RFC 7643 §2.5).
	EmptyIsValue bool

	// Parent is the complex attribute that this one is a sub-attribute of.
	Parent *Attribute
	// Schema is the schema that defines the attribute; nil for the common
	// attributes of RFC 7643 §3.1 and for members of an open extension.
	Schema *Schema
	// Extension is the URN of the extension object in which the attribute
	// stands, "" for core and common attributes.
	Extension string
	// Path is the canonical attribute path: "name.familyName",
	// "urn:…:2.0:User:manager.value".
	Path string

	sub map[string]*Attribute
}

// SubAttribute finds a sub-attribute by name in any letter case, or nil.
func (a *Attribute) SubAttribute(name string) *Attribute {
	return a.sub[FoldName(name)]
}

// Declared is the path of the attribute as a schema declares it: the URN alone
// for a member of an open extension, whose name a client has made up.
func (a *Attribute) Declared() string {
	if a.Type == Any {
		return a.Extension
	}
	return a.Path
}

// IsIdentity reports whether the attribute tells the elements of its parent apart.
func (a *Attribute) IsIdentity() bool { return a.Parent != nil && a.Parent.Identity == a }

// Top is the attribute itself, or the complex attribute it belongs to.
func (a *Attribute) Top() *Attribute {
	if a.Parent != nil {
		return a.Parent
	}
	return a
}

// Plural reports whether a resource can hold several values of a: it is
// multi-valued, or a sub-attribute of a multi-valued attribute.
func (a *Attribute) Plural() bool { return a.MultiValued || a.Parent != nil && a.Parent.MultiValued }

// Schema is one schema, RFC 7643 §7.
type Schema struct {
	ID          string
	Name        string
	Description string
	Attributes  []*Attribute
	// Open marks an extension whose object takes any scalar member
	// (CyberArk's custom extension).
	Open bool

	byName map[string]*Attribute
}

// Attribute finds a top-level attribute by name in any letter case. In an open
// schema every well-formed name gives an attribute of type Any.
func (s *Schema) Attribute(name string) *Attribute {
	if a := s.byName[FoldName(name)]; a != nil {
		return a
	}
	if s.Open && ValidName(name) {
		return &Attribute{Name: name, Type: Any, Extension: s.ID, Path: s.ID + ":" + name, Schema: s}
	}
	return nil
}

// Extension is one schema extension of a resource type, RFC 7643 §6.
type Extension struct {
	Schema   *Schema
	Required bool
	// Qualified extensions are meant by no bare name: see LookupBare.
	Qualified bool
}

// ResourceType is one resource type with its schemas, RFC 7643 §6.
type ResourceType struct {
	Name        string // also its id
	Endpoint    string // with its slash: "/Users"
	Description string
	Schema      *Schema
	Extensions  []Extension
	// Common holds schemas, id, externalId and meta.
	Common *Schema
	// NotFound is the text of a 404; "%s" in it stands for the id.
	NotFound string
	// Family is the rights family that guards the type: users, groups or vault.
	Family string
	// IDCaseExact tells whether ids are compared with letter case.
	IDCaseExact bool

	bySchema map[string]*Schema
}

// Attributes walks the top-level attributes of the core schema and of all
// extensions.
func (rt *ResourceType) Attributes() iter.Seq[*Attribute] {
	return func(yield func(*Attribute) bool) {
		for _, a := range rt.Schema.Attributes {
			if !yield(a) {
				return
			}
		}
		for _, e := range rt.Extensions {
			for _, a := range e.Schema.Attributes {
				if !yield(a) {
					return
				}
			}
		}
	}
}

// SchemaByURN finds the core schema or an extension by its URN in any letter
// case, or nil.
func (rt *ResourceType) SchemaByURN(urn string) *Schema { return rt.bySchema[FoldName(urn)] }

// IsExtension reports whether s is one of rt's extensions.
func (rt *ResourceType) IsExtension(s *Schema) bool { return s != rt.Schema && s != rt.Common }

// Core finds a top-level core or common attribute by name in any letter case.
func (rt *ResourceType) Core(name string) *Attribute {
	if a := rt.Schema.Attribute(name); a != nil {
		return a
	}
	return rt.Common.Attribute(name)
}

// Lookup resolves an attribute name as RFC 7644 §3.10 writes it, split by the
// parser: urn is "" for an unqualified name, sub is "" for a top-level
// attribute. It returns nil when the name is unknown to the type.
func (rt *ResourceType) Lookup(urn, name, sub string) *Attribute {
	var a *Attribute
	if urn == "" {
		a = rt.Core(name)
	} else {
		s := rt.SchemaByURN(urn)
		if s == nil {
			return nil
		}
		a = s.Attribute(name)
		if a == nil && s == rt.Schema {
			a = rt.Common.Attribute(name)
		}
	}
	if a == nil || sub == "" {
		return a
	}
	return a.SubAttribute(sub)
}

// LookupBare finds an unqualified name in the declared extensions, in their
// order: the leniency for `department` and `manager` (idp-clients rule 13).
func (rt *ResourceType) LookupBare(name string) *Attribute {
	for _, e := range rt.Extensions {
		if a := e.Schema.byName[FoldName(name)]; a != nil && !e.Qualified {
			return a
		}
	}
	return nil
}

// SplitURN splits text that begins with the URN of one of rt's schemas, or
// another by which the type knows it, into the URN as declared and what follows it, without the separator. The longest
// URN wins, so that "2.0" never counts as a sub-attribute separator. The
// separator is a colon, or a dot when dots is set (idp-clients Q-99). rest is
// "" when text is the URN alone; ok is false when no URN matches.
func (rt *ResourceType) SplitURN(text string, dots bool) (urn, rest string, ok bool) {
	best := 0
	for name, s := range rt.bySchema {
		n := len(name)
		if s == rt.Common || n <= best || len(text) < n || !strings.EqualFold(text[:n], name) {
			continue
		}
		if len(text) == n || text[n] == ':' || dots && text[n] == '.' {
			urn, best = s.ID, n
		}
	}
	if best == 0 {
		return "", "", false
	}
	if len(text) > best {
		rest = text[best+1:]
	}
	return urn, rest, true
}

// ValidName reports whether name fits ATTRNAME of RFC 7643 §2.1, or is "$ref".
func ValidName(name string) bool {
	if name == "$ref" {
		return true
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '-' || c == '_' || c == '$')) {
			return false
		}
	}
	return name != ""
}

// FoldName folds what is ASCII by grammar, such as the name of an attribute, a URN
// or a segment of a path: A to Z become lower case. All else stays as it is, so
// that no letter beyond ASCII can stand for one within.
func FoldName(name string) string {
	upper := func(c byte) bool { return c >= 'A' && c <= 'Z' }
	for i := range len(name) {
		if !upper(name[i]) {
			continue
		}
		folded := []byte(name)
		for j := i; j < len(folded); j++ {
			if upper(folded[j]) {
				folded[j] += 'a' - 'A'
			}
		}
		return string(folded)
	}
	return name
}
