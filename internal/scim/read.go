package scim

import (
	"context"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// Get answers GET by id (RFC 7644 §3.4.1).
func (s *Service) Get(ctx context.Context, c *Call, rt *schema.ResourceType, id string, p *Params) (*Result, error) {
	proj, err := projection(c.Tenant, rt, p, nil)
	if err != nil {
		return nil, err
	}
	rec, err := s.read(ctx, c, rt, id, c.wants(rt, proj))
	if err != nil {
		return nil, err
	}
	res := &Result{Location: location(c.Base, rt, c.shownID(rt, rec))}
	if rec.Streams != nil {
		res.Stream = func(ctx context.Context, w io.Writer) error { return newRenderer(c, proj).stream(ctx, w, rt, rec) }
	} else {
		res.Body = newRenderer(c, proj).append(make([]byte, 0, len(rec.Doc)+512), rt, rec)
	}
	return res, nil
}

// read reads a resource outside a transaction.
func (s *Service) read(ctx context.Context, c *Call, rt *schema.ResourceType, id string, want []store.Want) (*store.Record, error) {
	if c.Legacy && want == nil {
		want = []store.Want{{Alias: true}} // found by name
	}
	return c.found(rt, id, func() (*store.Record, error) { return s.store.Get(ctx, c.Tenant.Space, rt, id, want) })
}

// get reads a resource in a transaction, for change.
func (c *Call) get(tx store.Tx, rt *schema.ResourceType, id string) (*store.Record, error) {
	return c.found(rt, id, func() (*store.Record, error) { return tx.Get(rt, id) })
}

// found looks a resource up; where the profile compares ids with letter case,
// one whose case differs is not found.
func (c *Call) found(rt *schema.ResourceType, id string, get func() (*store.Record, error)) (*store.Record, error) {
	if !plausible(id, maxAlias) {
		return nil, c.notFound(rt, id)
	}
	rec, err := get()
	if errors.Is(err, store.ErrNotFound) || err == nil && (c.otherCase(rt, rec, id) || c.lapsed(rt, rec)) {
		return nil, c.notFound(rt, id)
	}
	return rec, err
}

// otherCase tells that an id differs from the record's in letter case alone, and
// that the profile minds. Of ids made of names it minds the case of the target's
// id; names have their own.
func (c *Call) otherCase(rt *schema.ResourceType, rec *store.Record, id string) bool {
	if !c.Tenant.Profile.CaseExactIDs {
		return false
	}
	if schema.Fold(rec.ID) != schema.Fold(id) && identities[rt.Name].pair != nil {
		stored, _, _ := strings.Cut(rec.ID, ":")
		asked, _, _ := strings.Cut(id, ":")
		return stored != asked
	}
	return rec.ID != id && schema.Fold(rec.ID) == schema.Fold(id)
}

// maxAlias bounds ids made of names: an id, a colon and a name.
const maxAlias = 2*schema.MaxKey + 1

// plausibleID reports whether an id can be one at all: what no database column
// can hold names no resource.
func plausibleID(id string) bool { return plausible(id, schema.MaxKey) }

func plausible(id string, most int) bool {
	return id != "" && len(id) <= most && utf8.ValidString(id) && !strings.ContainsRune(id, 0)
}
