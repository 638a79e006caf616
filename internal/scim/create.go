package scim

import (
	"context"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// Create answers POST (RFC 7644 §3.3).
func (s *Service) Create(ctx context.Context, c *Call, rt *schema.ResourceType, body []byte, p *Params) (*Result, error) {
	in, err := parseObject(body)
	if err != nil {
		return nil, err
	}
	tree, named, err := s.shapeBody(ctx, c, rt, in)
	if err != nil {
		return nil, err
	}
	if err := s.admit(ctx, c, rt, named); err != nil {
		return nil, err
	}
	proj, err := projection(c.Tenant, rt, p, tree)
	if err != nil {
		return nil, err
	}
	secrets, err := s.takeSecrets(ctx, c.Tenant, rt, tree)
	if err != nil {
		return nil, err
	}
	if err := finish(c.Tenant, rt, nil, tree); err != nil {
		return nil, err
	}
	now := c.Tenant.now()
	born := births[rt.Name]
	n := 1
	if born.along != nil {
		n += born.along(c.Tenant.Profile)
	}
	settle, err := s.reserve(ctx, c.Tenant, n)
	if err != nil {
		return nil, err
	}
	res, err := s.insert(ctx, c, &store.Resource{Type: rt, Version: 1, Created: now, Modified: now, Body: tree}, named, secrets, proj)
	settle(err == nil)
	return res, err
}

// insert stores a new resource and renders it.
func (s *Service) insert(ctx context.Context, c *Call, r *store.Resource, named []naming, secrets *confidential, proj *resource.Projection) (*Result, error) {
	var rec *store.Record
	err := s.store.Do(ctx, c.Tenant.Space, func(tx store.Tx) error {
		made := *r
		made.Body = r.Body.Clone()
		if err := c.add(tx, &made, named, secrets); err != nil {
			return err
		}
		var err error
		rec, err = c.written(tx, &made, proj)
		return err
	})
	if err == nil {
		err = s.readAlias(ctx, c, r.Type, rec)
	}
	if err != nil {
		return nil, err
	}
	return c.result(r.Type, rec, proj), nil
}

// add stores a new resource in a transaction, with all that belongs to it. It
// gives r its ends, its id and its document.
func (c *Call) add(tx store.Tx, r *store.Resource, named []naming, secrets *confidential) error {
	found, err := c.lockNamed(tx, r.Type, named)
	if err != nil {
		return err
	}
	if r.Ends, err = c.ends(r.Type, named, found); err != nil {
		return err
	}
	kept, err := c.endReferences(tx, r)
	if err != nil {
		return err
	}
	r.Ends = append(r.Ends, kept...)
	if err := c.form(tx, r); err != nil {
		return err
	}
	if err := c.clearLapsed(tx, r); err != nil {
		return err
	}
	if err := tx.Insert(r); err != nil {
		return refusal(r.Type, err)
	}
	e := &edges{call: c, tx: tx, rt: r.Type, seq: r.Seq, found: found}
	for _, n := range named {
		if n.col.single {
			continue
		}
		if err := e.add(n.col, n.ids); err != nil {
			return err
		}
	}
	if err := saveReferences(tx, c.Tenant, r.Type, r.Seq, nil, r.Body); err != nil {
		return err
	}
	if err := secrets.save(tx, c.Tenant, r.Seq); err != nil {
		return err
	}
	then := births[r.Type.Name].then
	if err := tx.Event(c.event(opCreate, r)); err != nil || then == nil {
		return err
	}
	return then(c, tx, r)
}

// form gives a new resource, which has its ends, what follows from them, its id and
// its document.
func (c *Call) form(tx store.Tx, r *store.Resource) error {
	if complete := births[r.Type.Name].complete; complete != nil {
		complete(r)
	}
	withSchemas(r.Type, r.Body)
	if err := c.identify(tx, r); err != nil {
		return err
	}
	r.Doc, r.Cut = resource.Encode(r.Body)
	return nil
}

// birth is what a tenant does in the transaction that makes a resource.
type birth struct {
	// complete fills in what follows from the resources that it is linked to.
	complete func(*store.Resource)
	// then makes what comes into being along with it, and along tells how many
	// resources that may be.
	then  func(*Call, store.Tx, *store.Resource) error
	along func(*Profile) int
}

// births by resource type name.
var births map[string]birth

func init() {
	births = map[string]birth{
		"Container":           {along: creatorPermissions, then: creatorPermission},
		"ContainerPermission": {complete: memberType},
	}
}
