// Package filter is the RFC 7644 filter and attribute path language: text to
// tree (Parse), tree to a predicate bound to a resource type's schema (Bind;
// Compile does both), a predicate's truth over a resource (Match, the in-memory
// judge), and back to text (Print). CompilePath, CompileName and CompileSort
// read the names of PATCH, projections and sortBy. The store compiles the same
// predicates to SQL.
//
// Leniencies are fields of Options; the zero Options is the RFC's grammar.
package filter

import (
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
)

// Options are the leniencies and limits of a parser and binder.
type Options struct {
	// SingleQuotes accepts 'text' beside "text" (cyberark-scim 6.3).
	SingleQuotes bool
	// BareLiterals accepts an unquoted word as text (cyberark-scim 10.3).
	BareLiterals bool
	// PathAfterFilter accepts emails[type eq "work"].value eq "x" in a filter
	// (R7644-3.4.2.2-24); the comparison joins the conditions in the brackets.
	PathAfterFilter bool
	// DotAfterURN accepts URN.attr beside URN:attr (idp-clients Q-99).
	DotAfterURN bool
	// BareExtensionNames resolves an unqualified name that the core schema does
	// not know in the extensions (idp-clients rule 13).
	BareExtensionNames bool
	// TextBooleans accepts "true" and "false" as text in any letter case where a
	// boolean is compared (idp-clients rule 16).
	TextBooleans bool
	// LiteralCase accepts true, false and null in any letter case.
	LiteralCase bool
	// TextAsValue lets text be compared with a single-valued complex attribute:
	// it means its value (idp-clients 2.2).
	TextAsValue bool
	// ExtensionPaths accepts the URN of an extension alone as a PATCH path
	// (R7644-3.5.2.2-10).
	ExtensionPaths bool
	// Canonical gives the word that is stored for a text that eq or ne compares an
	// attribute with; nil takes every text as it is.
	Canonical func(*schema.Attribute, string) string
	// UnknownAbsent makes a name that the type does not know an attribute
	// without a value, as multi-type queries need (RFC 7644 §3.4.2.1).
	UnknownAbsent bool
	// MaxDepth bounds the nesting of parentheses, not and brackets; 0 means 50.
	MaxDepth int
	// MaxLength bounds the text in bytes; 0 means 8192.
	MaxLength int
}

// Op is a comparison operator, RFC 7644 table 3.
type Op uint8

// The operators that take a value.
const (
	Eq Op = iota
	Ne
	Co
	Sw
	Ew
	Gt
	Ge
	Lt
	Le
)

var opNames = [...]string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"}

func (o Op) String() string { return opNames[o] }

// Predicate is a filter bound to a schema. The set of implementations is
// closed: *And, *Or, *Not, *Compare, *Present, *ValuePath, Const. Engines
// switch over it.
//
// Truth is two-valued: a comparison with an attribute that has no value is
// false (ne is true), and Not is the complement.
type Predicate interface{ predicate() }

// And holds when all terms hold. It has at least two terms, none of them And.
type And struct{ Terms []Predicate }

// Or holds when one term holds. It has at least two terms, none of them Or.
type Or struct{ Terms []Predicate }

// Not holds when its term does not.
type Not struct{ Term Predicate }

// Const is always true or always false (names unknown to the type at the root).
type Const bool

// Compare compares the values of a leaf attribute with a literal.
//
// Attr is never Complex: the binder has put `.value` where RFC 7644 allows a
// multi-valued complex attribute to stand for it. Of several values one that
// satisfies Op is enough (R7644-3.4.2.2-16); Ne also holds when there is none,
// and for a value of another kind than the literal's (schema.Any). An element
// without its primary flag compares as false (see IsPrimary).
//
// Inside a ValuePath the comparison is about the one element at hand. Text
// literals are never empty: Bind has turned those into Const or Present.
type Compare struct {
	Attr *schema.Attribute
	Op   Op
	// Kind is the literal's kind; for a declared attribute it follows from the
	// attribute's type, for schema.Any it selects the members of that kind.
	Kind KeyKind
	// Key is the literal as a comparison key (schema.TextKey, NumberKey,
	// TimeKey, "true" or "false"): comparing is comparing bytes.
	Key string
	// Literal is the literal as it was written, for elements that PATCH makes
	// from a selector; a boolean is one even if it was written as text.
	Literal resource.Value
}

// KeyKind tells what a comparison key was made of.
type KeyKind uint8

// The kinds of keys.
const (
	TextKind KeyKind = iota
	NumberKind
	TimeKind
	BoolKind
)

// Present holds when the attribute has a value (pr): a leaf that is not
// unassigned, or a complex attribute with at least one such sub-attribute.
type Present struct{ Attr *schema.Attribute }

// ValuePath holds when one element of a complex attribute satisfies Where. On
// a single-valued complex attribute the one value is tested (idp-clients Q-36).
type ValuePath struct {
	Attr  *schema.Attribute
	Where Predicate
}

func (*And) predicate()       {}
func (*Or) predicate()        {}
func (*Not) predicate()       {}
func (*Compare) predicate()   {}
func (*Present) predicate()   {}
func (*ValuePath) predicate() {}
func (Const) predicate()      {}

// Path is a bound PATCH path (RFC 7644 figure 7): an attribute, a sub-attribute,
// a value path with or without a sub-attribute, or a whole extension.
type Path struct {
	// Extension is set when the path is an extension's URN alone; Attr is nil.
	Extension *schema.Schema
	// Attr is the top-level attribute.
	Attr *schema.Attribute
	// Where selects elements of Attr; nil without brackets.
	Where Predicate
	// Sub is the sub-attribute; nil when the path ends at Attr or the brackets.
	Sub *schema.Attribute
}
