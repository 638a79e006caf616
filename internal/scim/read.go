package scim

import (
	"context"
	"errors"
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
	if !plausibleID(id) {
		return nil, c.notFound(rt, id)
	}
	rec, err := s.store.Get(ctx, c.Tenant.Space, rt, id, wants(c.Tenant, rt, proj))
	if errors.Is(err, store.ErrNotFound) || err == nil && c.Tenant.Profile.CaseExactIDs && rec.ID != id {
		return nil, c.notFound(rt, id)
	}
	if err != nil {
		return nil, err
	}
	return &Result{
		Body:     newRenderer(c, proj).append(make([]byte, 0, len(rec.Doc)+512), rt, rec),
		Location: location(c.Base, rt, rec.ID),
	}, nil
}

// plausibleID reports whether an id can be one at all: what no database column
// can hold names no resource.
func plausibleID(id string) bool {
	return id != "" && len(id) <= schema.MaxKey && utf8.ValidString(id) && !strings.ContainsRune(id, 0)
}
