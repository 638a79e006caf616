package scim

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// Service answers SCIM requests from a store.
type Service struct {
	store store.Store
	// hashing bounds concurrent password hashes: each takes memory.
	hashing chan struct{}
}

// NewService makes a Service on a store.
func NewService(s store.Store) *Service {
	return &Service{store: s, hashing: make(chan struct{}, 4)}
}

// The operations of the change log.
const (
	opCreate  = "create"
	opReplace = "replace"
	opPatch   = "patch"
	opDelete  = "delete"
)

// Create answers POST (RFC 7644 §3.3).
func (s *Service) Create(ctx context.Context, c *Call, rt *schema.ResourceType, body []byte, p *Params) (*Result, error) {
	in, err := parseObject(body)
	if err != nil {
		return nil, err
	}
	tree, err := s.shapeBody(c.Tenant, rt, in)
	if err != nil {
		return nil, err
	}
	proj, err := projection(c.Tenant, rt, p, tree)
	if err != nil {
		return nil, err
	}
	password, err := s.takeSecrets(ctx, c.Tenant, rt, tree)
	if err != nil {
		return nil, err
	}
	if err := finish(c.Tenant, rt, nil, tree); err != nil {
		return nil, err
	}
	now := c.Tenant.now()
	r := &store.Resource{Type: rt, ID: c.Tenant.NewID(rt), Version: 1, Created: now, Modified: now}
	return s.insert(ctx, c, r, tree, password, proj)
}

// insert stores a new resource and renders it.
func (s *Service) insert(ctx context.Context, c *Call, r *store.Resource, tree *resource.Members, password []byte, proj *resource.Projection) (*Result, error) {
	r.Body = tree
	r.Doc, r.Cut = resource.Encode(tree)
	var links []store.Link
	err := s.store.Do(ctx, c.Tenant.Space, func(tx store.Tx) error {
		links = nil
		if err := tx.Insert(r); err != nil {
			return refusal(err)
		}
		if err := saveReferences(tx, c.Tenant, r.Type, r.Seq, nil, tree); err != nil {
			return err
		}
		if password != nil {
			if err := tx.SetPassword(r.Seq, password); err != nil {
				return err
			}
		}
		var err error
		if links, err = readLinks(tx, r.Type, r.Seq, r.Doc, proj); err != nil {
			return err
		}
		return tx.Event(c.event(opCreate, r))
	})
	if err != nil {
		return nil, err
	}
	return c.result(r, links, proj), nil
}

// Replace answers PUT (RFC 7644 §3.5.1). It never creates.
func (s *Service) Replace(ctx context.Context, c *Call, rt *schema.ResourceType, id string, body []byte, p *Params) (*Result, error) {
	in, err := parseObject(body)
	if err != nil {
		return nil, err
	}
	shaped, err := s.shapeBody(c.Tenant, rt, in)
	if err != nil {
		return nil, err
	}
	proj, err := projection(c.Tenant, rt, p, shaped)
	if err != nil {
		return nil, err
	}
	password, err := s.takeSecrets(ctx, c.Tenant, rt, shaped)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, c, rt, id, opReplace, proj, func(before *resource.Members) (*resource.Members, []byte, error) {
		after := shaped.Clone()
		keepOmitted(c.Tenant, rt, before, after)
		if err := checkImmutable(rt, before, after, c.Tenant.Profile.ImmutableInPut == "ignore"); err != nil {
			return nil, nil, err
		}
		keepReadOnly(rt, before, after)
		return after, password, nil
	})
}

// edit is a change of one resource worked out on its stored tree.
type edit struct {
	version       int64 // of the resource that before was read from
	before, after *resource.Members
	password      []byte
}

// editor works out an edit; it is repeatable and does no I/O.
type editor func(before *resource.Members) (after *resource.Members, password []byte, err error)

// change applies fn to the stored tree of a resource in one transaction. What
// changes nothing moves neither version nor time (R7644-3.5.2-18).
//
// The edit is worked out before the transaction, so that nobody waits for it,
// and again inside only when the resource has changed in between.
func (s *Service) change(ctx context.Context, c *Call, rt *schema.ResourceType, id, op string, proj *resource.Projection, fn editor) (*Result, error) {
	rec, err := s.read(ctx, c, rt, id, nil)
	if err != nil {
		return nil, err
	}
	e, err := c.edit(rt, rec, fn)
	if err != nil {
		return nil, err
	}
	var r *store.Resource
	var links []store.Link
	err = s.store.Do(ctx, c.Tenant.Space, func(tx store.Tx) error {
		rec, err := c.get(tx, rt, id)
		if err != nil {
			return err
		}
		if e.version != rec.Version {
			if e, err = c.edit(rt, rec, fn); err != nil {
				return err
			}
		}
		r = &store.Resource{
			Type: rt, Seq: rec.Seq, ID: rec.ID, Version: rec.Version, Created: rec.Created, Modified: rec.Modified,
			Body: e.after, Hidden: rec.Hidden, Doc: rec.Doc, Cut: rec.Cut,
		}
		if !resource.Of(e.before).Equal(resource.Of(e.after)) {
			if err := c.update(tx, r, e.before); err != nil {
				return err
			}
		}
		if e.password != nil {
			if err := tx.SetPassword(r.Seq, e.password); err != nil {
				return err
			}
		}
		if r.Version != rec.Version || e.password != nil {
			if err := tx.Event(c.event(op, r)); err != nil {
				return err
			}
		}
		links, err = readLinks(tx, rt, r.Seq, r.Doc, proj)
		return err
	})
	if err != nil {
		return nil, err
	}
	return c.result(r, links, proj), nil
}

// edit works out what becomes of a record.
func (c *Call) edit(rt *schema.ResourceType, rec *store.Record, fn editor) (*edit, error) {
	before, err := resource.Decode(rec.Doc)
	if err != nil {
		return nil, err
	}
	after, password, err := fn(before)
	if err != nil {
		return nil, err
	}
	if err := finish(c.Tenant, rt, before, after); err != nil {
		return nil, err
	}
	if err := c.guardSelf(rt, rec.ID, after); err != nil {
		return nil, err
	}
	return &edit{version: rec.Version, before: before, after: after, password: password}, nil
}

// update writes a changed tree with the next version and time.
func (c *Call) update(tx store.Tx, r *store.Resource, before *resource.Members) error {
	ifVersion := r.Version
	r.Version++
	r.Modified = c.Tenant.after(r.Modified)
	r.Doc, r.Cut = resource.Encode(r.Body)
	if err := tx.Update(r, ifVersion); err != nil {
		return refusal(err)
	}
	return saveReferences(tx, c.Tenant, r.Type, r.Seq, before, r.Body)
}

// Delete answers DELETE (RFC 7644 §3.6).
func (s *Service) Delete(ctx context.Context, c *Call, rt *schema.ResourceType, id string) error {
	return s.store.Do(ctx, c.Tenant.Space, func(tx store.Tx) error {
		rec, err := c.get(tx, rt, id)
		if err != nil {
			return err
		}
		if rec.ID == c.Principal.ID {
			return scimerr.Forbidden("A token cannot delete the user that it stands for.")
		}
		if err := tx.Delete(rt, rec.Seq); err != nil {
			return err
		}
		return tx.Event(c.event(opDelete, &store.Resource{Type: rt, ID: rec.ID, Version: rec.Version, Modified: c.Tenant.after(rec.Modified)}))
	})
}

// guardSelf keeps a token from deactivating the user that it stands for.
func (c *Call) guardSelf(rt *schema.ResourceType, id string, after *resource.Members) error {
	if id != c.Principal.ID {
		return nil
	}
	if a := rt.Core("active"); a != nil {
		if v := getAttribute(after, a); v.Kind() == resource.Bool && !v.Bool() {
			return scimerr.Forbidden("A token cannot deactivate the user that it stands for.")
		}
	}
	return nil
}

// finish completes a tree before it is stored: quirks, required attributes, the
// schemas member.
func finish(t *Tenant, rt *schema.ResourceType, before, after *resource.Members) error {
	if err := applyQuirks(t, rt, before, after); err != nil {
		return err
	}
	distinct(rt, after)
	if err := checkRequired(rt, after); err != nil {
		return err
	}
	if err := checkSize(after); err != nil {
		return err
	}
	withSchemas(rt, after)
	return nil
}

// keepReadOnly carries over what clients cannot set but documents hold
// (LinkedObject, set by seeds).
func keepReadOnly(rt *schema.ResourceType, before, after *resource.Members) {
	for a := range rt.Attributes() {
		if v := getAttribute(before, a); a.Mutability == schema.ReadOnly && !v.Unassigned() {
			setAttribute(after, a, v)
		}
	}
}

// shapeBody makes the tree of a POST or PUT body.
func (s *Service) shapeBody(t *Tenant, rt *schema.ResourceType, in *resource.Members) (*resource.Members, error) {
	if err := checkSchemas(t, rt, in); err != nil {
		return nil, err
	}
	return newShaper(t, rt).body(in)
}

func parseObject(body []byte) (*resource.Members, error) {
	return resource.ParseObject(body, resource.Limits{})
}

func (c *Call) notFound(rt *schema.ResourceType, id string) error {
	if c.Tenant.Profile.TenantErrorTexts {
		return scimerr.NotFound(rt.NotFound, id)
	}
	return scimerr.NotFound("There is no %s with this id.", rt.Name)
}

func (c *Call) event(op string, r *store.Resource) store.Event {
	return store.Event{
		At: r.Modified, Operation: op, Type: r.Type.Name, ID: r.ID, Version: r.Version,
		Principal: c.Principal, RequestID: c.RequestID,
	}
}

func (c *Call) result(r *store.Resource, links []store.Link, proj *resource.Projection) *Result {
	rec := &store.Record{
		Seq: r.Seq, ID: r.ID, Version: r.Version, Created: r.Created, Modified: r.Modified,
		Doc: r.Doc, Cut: r.Cut, Links: links,
	}
	return &Result{
		Body:     newRenderer(c, proj).append(nil, r.Type, rec),
		Location: location(c.Base, r.Type, r.ID),
	}
}

func readLinks(tx store.Tx, rt *schema.ResourceType, seq int64, doc []byte, proj *resource.Projection) ([]store.Link, error) {
	want := wants(rt, proj)
	want = slices.DeleteFunc(want, func(w store.Want) bool { return w.Holds != nil && !bytes.Contains(doc, w.Holds) })
	if len(want) == 0 {
		return nil, nil
	}
	return tx.Links(seq, want)
}

// refusal turns what the store refuses into what the client is told.
func refusal(err error) error {
	var taken *store.TakenError
	if errors.As(err, &taken) {
		return scimerr.Uniqueness(taken.Attr)
	}
	return err
}
