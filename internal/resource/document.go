package resource

import (
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"
)

// A stored document is one JSON object: the core members in their order, then
// "schemas", then the extensions, whose names are URNs. It holds no id, meta or
// derived attribute. What is added on the way out therefore goes to one place,
// the cut, so that reading is splicing bytes.

// schemasKey is what stands at the cut.
const schemasKey = `"schemas":`

// Encode writes body as a stored document. cut is the offset of its "schemas"
// member, which is written as an empty array when body has none.
func Encode(body *Members) (doc []byte, cut int) {
	doc = append(doc, '{')
	for name, v := range body.All() {
		if name != "schemas" && !isURN(name) {
			doc = append(appendMember(doc, Member{name, v}), ',')
		}
	}
	cut = len(doc)
	schemas, ok := body.Get("schemas")
	if !ok {
		schemas = List()
	}
	doc = AppendJSON(append(doc, schemasKey...), schemas)
	for name, v := range body.All() {
		if isURN(name) {
			doc = appendMember(append(doc, ','), Member{name, v})
		}
	}
	return append(doc, '}'), cut
}

// isURN tells the name of an extension from that of an attribute, which holds
// no colon (RFC 7643 §2.1).
func isURN(name string) bool { return strings.Contains(name, ":") }

// Decode reads a stored document. Its error is internal: what is stored has
// been through Parse, whose limits for clients do not apply again.
func Decode(doc []byte) (*Members, error) {
	body, err := ParseObject(doc, Limits{Depth: 10 * defaultDepth, Members: math.MaxInt, Values: math.MaxInt})
	if err != nil {
		return nil, fmt.Errorf("stored document: %v", err) // %v: not the client's mistake
	}
	return body, nil
}

// TimeLayout is the form of created and lastModified, in UTC: up to seven
// fractional digits without trailing zeros, as the tenant writes them.
const TimeLayout = "2006-01-02T15:04:05.9999999Z"

// Meta is the content of a resource's meta attribute (RFC 7643 §3.1). What is
// zero is left out.
type Meta struct {
	ResourceType      string
	Created, Modified time.Time
	// Collection is the absolute URL of the type's endpoint without a slash at
	// the end; the location is Collection/id.
	Collection string
	// Version is the entity tag with its quotes, as in the ETag header.
	Version string
}

// AppendResource appends the wire form of a stored document: doc and cut as
// Encode made them, with derived, id and meta spliced in. derived holds encoded
// members, each followed by a comma (`"groups":[…],`).
func AppendResource(dst, doc []byte, cut int, id string, derived []byte, m Meta) []byte {
	extensions := valueEnd(doc, cut+len(schemasKey))
	dst = append(dst, doc[:cut]...)
	dst = append(dst, derived...)
	dst = append(dst, doc[cut:extensions]...)
	dst = append(dst, `,"id":`...)
	dst = AppendString(dst, id)
	dst = append(dst, `,"meta":`...)
	dst = m.append(dst, id)
	return append(dst, doc[extensions:]...)
}

func (m *Meta) append(dst []byte, id string) []byte {
	dst = append(dst, `{"resourceType":`...)
	dst = AppendString(dst, m.ResourceType)
	if !m.Created.IsZero() {
		dst = append(dst, `,"created":"`...)
		dst = append(m.Created.UTC().AppendFormat(dst, TimeLayout), '"')
	}
	if !m.Modified.IsZero() {
		dst = append(dst, `,"lastModified":"`...)
		dst = append(m.Modified.UTC().AppendFormat(dst, TimeLayout), '"')
	}
	if m.Collection != "" {
		dst = append(dst, `,"location":"`...)
		dst = appendText(dst, m.Collection)
		dst = append(dst, '/')
		dst = append(AppendEscapedID(dst, id), '"')
	}
	if m.Version != "" {
		dst = append(dst, `,"version":`...)
		dst = AppendString(dst, m.Version)
	}
	return append(dst, '}')
}

// AppendEscapedID appends id as one segment of a URL path: colons and at signs
// stay, a blank becomes %20. The result needs no escapes in JSON.
func AppendEscapedID(dst []byte, id string) []byte {
	return append(dst, url.PathEscape(id)...) // allocates only when it escapes
}

// InsertInto appends the wire form of a resource with members (`"$ref":"…"`)
// added at the end of the object at path, which must not have them yet. Where
// there is no such object, wire is appended as it is.
func InsertInto(dst, wire []byte, path []string, members []byte) []byte {
	from, to, ok := find(wire, path)
	if !ok || to-from < 2 || wire[from] != '{' || len(members) == 0 {
		return append(dst, wire...)
	}
	dst = append(dst, wire[:to-1]...)
	if to-from > 2 {
		dst = append(dst, ',')
	}
	dst = append(dst, members...)
	return append(dst, wire[to-1:]...)
}
