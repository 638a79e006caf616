package scim

import (
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// renderer makes wire forms of stored records by splicing bytes. It is reused
// for the records of one answer and used by one goroutine.
type renderer struct {
	call *Call
	proj *resource.Projection

	rt         *schema.ResourceType // of the record before
	collection string               // absolute URL of rt's endpoint

	wire, spare, members, derived []byte
}

func newRenderer(c *Call, proj *resource.Projection) *renderer {
	return &renderer{call: c, proj: proj}
}

// append adds the wire form of a record without streams to dst.
func (r *renderer) append(dst []byte, rt *schema.ResourceType, rec *store.Record) []byte {
	meta := r.meta(rt, rec)
	r.derived = r.appendLinked(r.derived[:0], rt, rec.Links)
	doc, id := spelledRights(r.call.Tenant.Profile, rt, rec.Doc), r.call.shownID(rt, rec)
	if r.proj == nil && !refers(rt, rec.Links) {
		return resource.AppendResource(dst, doc, rec.Cut, id, r.derived, meta)
	}
	r.wire = resource.AppendResource(r.wire[:0], doc, rec.Cut, id, r.derived, meta)
	r.wire = r.appendReferences(r.wire, rt, rec.Links)
	return r.proj.Append(dst, r.wire)
}

func (r *renderer) meta(rt *schema.ResourceType, rec *store.Record) resource.Meta {
	if rt != r.rt {
		r.rt, r.collection = rt, r.call.Base+rt.Endpoint
	}
	meta := resource.Meta{ResourceType: rt.Name, Created: rec.Created, Modified: rec.Modified, Collection: r.collection}
	if r.call.Tenant.Profile.MetaTimes == "reply" {
		now := r.call.Tenant.now()
		meta.Created, meta.Modified = now, now
	}
	return meta
}

// tree decodes the complete wire form of a record: what filters are about.
// Only records that SQL could not decide come here.
func (r *renderer) tree(rt *schema.ResourceType, rec *store.Record) *resource.Members {
	r.spare = newRenderer(r.call, nil).append(r.spare[:0], rt, rec)
	m, err := resource.Decode(r.spare)
	if err != nil {
		return &resource.Members{}
	}
	return m
}

// appendLocation adds the URI of a resource.
func appendLocation(dst []byte, base string, rt *schema.ResourceType, id string) []byte {
	dst = append(dst, base...)
	dst = append(dst, rt.Endpoint...)
	dst = append(dst, '/')
	return resource.AppendEscapedID(dst, id)
}

func location(base string, rt *schema.ResourceType, id string) string {
	return string(appendLocation(nil, base, rt, id))
}
