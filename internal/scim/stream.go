package scim

import (
	"bytes"
	"context"
	"io"
	"slices"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// A resource with very many links is written in pieces: what stands before its
// link attributes, their values as the store hands them out, and what stands
// behind. A projection selects among the members of a resource one by one, so
// that it applies to each piece as it does to the whole.

// piece is how many values are rendered at a time.
const piece = 200

// stream writes the wire form of a record.
func (r *renderer) stream(ctx context.Context, w io.Writer, rt *schema.ResourceType, rec *store.Record) error {
	doc := spelledRights(r.call.Tenant.Profile, rt, rec.Doc)
	whole := resource.AppendResource(nil, doc, rec.Cut, r.call.shownID(rt, rec), nil, r.meta(rt, rec))
	// The cut is behind a comma, or behind the brace.
	before := append(slices.Clone(whole[:max(rec.Cut-1, 1)]), '}')
	behind := append([]byte{'{'}, whole[rec.Cut:]...)
	out := objectWriter{w: w, buf: make([]byte, 0, chunk+chunk/4)}
	out.members(r.proj.Append(nil, r.appendReferences(before, rt, rec.Links)))
	list := linkAttrs[rt.Name]
	for i := range list {
		if err := r.streamLinks(ctx, &out, &list[i], rec); err != nil {
			return err
		}
	}
	out.members(r.proj.Append(nil, r.appendReferences(behind, rt, rec.Links)))
	return out.close()
}

// streamLinks writes a link attribute; without values there is none.
func (r *renderer) streamLinks(ctx context.Context, out *objectWriter, col *linkAttr, rec *store.Record) error {
	if err := r.streamValues(out, col, rec.Links); err != nil || col.single {
		return err
	}
	for i := range rec.Streams {
		s := &rec.Streams[i]
		if s.Relation != col.relation || s.Reverse != col.reverse {
			continue
		}
		for {
			links, err := s.Next(ctx)
			if err != nil {
				return err
			}
			if len(links) == 0 {
				break
			}
			if err := r.streamValues(out, col, links); err != nil {
				return err
			}
		}
	}
	out.endArray()
	return nil
}

// streamValues writes some of the values of a link attribute.
func (r *renderer) streamValues(out *objectWriter, col *linkAttr, links []store.Link) error {
	for part := range slices.Chunk(links, piece) {
		r.derived = r.appendLinks(append(r.derived[:0], '{'), col, part)
		if len(r.derived) == 1 {
			continue
		}
		r.derived = append(r.derived, '}')
		r.wire = r.proj.Append(r.wire[:0], r.derived)
		if col.single {
			out.members(r.wire)
		} else if err := out.elements(r.wire); err != nil {
			return err
		}
	}
	return nil
}

// objectWriter writes one JSON object from the members of others, which come
// without blanks.
type objectWriter struct {
	w   io.Writer
	buf []byte
	// begun tells that the object is, array that an array in it is.
	begun, array bool
}

// members adds the members of an object.
func (o *objectWriter) members(object []byte) {
	if len(object) <= len("{}") {
		return
	}
	mark := byte('{')
	if o.begun {
		mark = ','
	}
	o.begun = true
	o.buf = append(append(o.buf, mark), object[1:len(object)-1]...)
}

// elements adds the elements of the array that is the only member of an object,
// always the same until endArray.
func (o *objectWriter) elements(object []byte) error {
	switch {
	case len(object) <= len("{}"):
		return nil
	case o.array:
		from := bytes.IndexByte(object, '[')
		o.buf = append(append(o.buf, ','), object[from+1:len(object)-len("]}")]...)
	default:
		o.members(object)
		o.buf = o.buf[:len(o.buf)-1]
		o.array = true
	}
	if len(o.buf) < chunk {
		return nil
	}
	return o.flush()
}

// endArray ends the array, if one is begun.
func (o *objectWriter) endArray() {
	if o.array {
		o.buf = append(o.buf, ']')
	}
	o.array = false
}

// close ends the object.
func (o *objectWriter) close() error {
	if !o.begun {
		o.buf = append(o.buf, '{')
	}
	o.buf = append(o.buf, '}')
	return o.flush()
}

func (o *objectWriter) flush() error {
	_, err := o.w.Write(o.buf)
	o.buf = o.buf[:0]
	return err
}
