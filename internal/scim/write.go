package scim

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

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
	tree, named, err := s.shapeBody(c.Tenant, rt, in)
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
	made, err := s.makeRoom(ctx, c.Tenant)
	if err != nil {
		return nil, err
	}
	res, err := s.insert(ctx, c, r, tree, named, password, proj)
	made(err == nil)
	return res, err
}

// insert stores a new resource and renders it.
func (s *Service) insert(ctx context.Context, c *Call, r *store.Resource, tree *resource.Members, named []naming, password []byte, proj *resource.Projection) (*Result, error) {
	r.Body = tree
	r.Doc, r.Cut = resource.Encode(tree)
	var links []store.Link
	err := s.store.Do(ctx, c.Tenant.Space, func(tx store.Tx) error {
		links = nil
		found, err := c.lockNamed(tx, r.Type, named)
		if err != nil {
			return err
		}
		if err := tx.Insert(r); err != nil {
			return refusal(err)
		}
		e := &edges{call: c, tx: tx, rt: r.Type, seq: r.Seq, found: found}
		for _, n := range named {
			if err := e.add(n.col, n.ids); err != nil {
				return err
			}
		}
		if err := saveReferences(tx, c.Tenant, r.Type, r.Seq, nil, tree); err != nil {
			return err
		}
		if password != nil {
			if err := tx.SetPassword(r.Seq, password); err != nil {
				return err
			}
		}
		if links, err = readLinks(tx, c.Tenant, r.Type, r.Seq, r.Doc, proj); err != nil {
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
	shaped, named, err := s.shapeBody(c.Tenant, rt, in)
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
	return s.change(ctx, c, rt, id, change{
		op: opReplace, proj: proj, naming: named,
		edit: func(before *resource.Members) (*resource.Members, []byte, error) {
			after := shaped.Clone()
			keepOmitted(c.Tenant, rt, before, after)
			if err := checkImmutable(rt, before, after, c.Tenant.Profile.ImmutableInPut == "ignore"); err != nil {
				return nil, nil, err
			}
			keepReadOnly(rt, before, after)
			return after, password, nil
		},
		link: func(e *edges) error { return e.replace(named) },
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

// change is what a PUT or PATCH does to a stored resource: to its tree, and to
// its collections, which are no part of the tree.
type change struct {
	op     string
	proj   *resource.Projection
	edit   editor
	naming []naming
	// link changes the collections in the transaction; it is repeatable.
	link func(*edges) error
	// answers tells whether the result has a body; nil means that it has.
	answers func(*edges) (bool, error)
}

// change makes a change in one transaction. What changes nothing moves neither
// version nor time (R7644-3.5.2-18).
//
// The edit is worked out before the transaction, so that nobody waits for it,
// and again inside only when the resource has changed in between.
func (s *Service) change(ctx context.Context, c *Call, rt *schema.ResourceType, id string, ch change) (*Result, error) {
	rec, err := s.read(ctx, c, rt, id, nil)
	if err != nil {
		return nil, err
	}
	ed, err := c.edit(rt, rec, ch.edit)
	if err != nil {
		return nil, err
	}
	var r *store.Resource
	var links []store.Link
	answer := true
	err = s.store.Do(ctx, c.Tenant.Space, func(tx store.Tx) error {
		found, err := c.lockNamed(tx, rt, ch.naming)
		if err != nil {
			return err
		}
		rec, err := c.get(tx, rt, id)
		if err != nil {
			return err
		}
		if ed.version != rec.Version {
			if ed, err = c.edit(rt, rec, ch.edit); err != nil {
				return err
			}
		}
		e := &edges{call: c, tx: tx, rt: rt, seq: rec.Seq, found: found}
		if err := ch.link(e); err != nil {
			return err
		}
		r = &store.Resource{
			Type: rt, Seq: rec.Seq, ID: rec.ID, Version: rec.Version, Created: rec.Created, Modified: rec.Modified,
			Body: ed.after, Hidden: rec.Hidden, Doc: rec.Doc, Cut: rec.Cut,
		}
		if len(e.changed) > 0 || !resource.Of(ed.before).Equal(resource.Of(ed.after)) {
			if err := c.update(tx, r, ed.before); err != nil {
				return err
			}
		}
		if ed.password != nil {
			if err := tx.SetPassword(r.Seq, ed.password); err != nil {
				return err
			}
		}
		if r.Version != rec.Version || ed.password != nil {
			if err := tx.Event(c.event(ch.op, r)); err != nil {
				return err
			}
		}
		if ch.answers != nil {
			if answer, err = ch.answers(e); err != nil || !answer {
				return err
			}
		}
		links, err = readLinks(tx, c.Tenant, rt, r.Seq, r.Doc, ch.proj)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !answer {
		return &Result{Location: location(c.Base, rt, r.ID)}, nil
	}
	return c.result(r, links, ch.proj), nil
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
	err := s.store.Do(ctx, c.Tenant.Space, func(tx store.Tx) error {
		rec, err := c.get(tx, rt, id)
		if err != nil {
			return err
		}
		if rec.ID == c.Principal.ID {
			return scimerr.Forbidden("A token cannot delete the user that it stands for.")
		}
		if err := c.touchHolders(tx, rt, rec.Seq); err != nil {
			return err
		}
		if err := tx.Delete(rt, rec.Seq); err != nil {
			return err
		}
		return tx.Event(c.event(opDelete, &store.Resource{Type: rt, ID: rec.ID, Version: rec.Version, Modified: c.Tenant.after(rec.Modified)}))
	})
	if err == nil {
		c.Tenant.Usage.removed()
	}
	return err
}

// touchHolders moves on the resources that hold one which is about to go in a
// collection: they change with it.
func (c *Call) touchHolders(tx store.Tx, rt *schema.ResourceType, seq int64) error {
	for _, rel := range holders(rt) {
		touched, err := tx.Touch(rel, seq, c.Tenant.now())
		if err != nil {
			return err
		}
		for _, t := range touched {
			if err := tx.Event(c.event(opPatch, &store.Resource{Type: t.Type, ID: t.ID, Version: t.Version, Modified: t.Modified})); err != nil {
				return err
			}
		}
	}
	return nil
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

// shapeBody makes the tree of a POST or PUT body, and reads the elements that it
// names for collections.
func (s *Service) shapeBody(t *Tenant, rt *schema.ResourceType, in *resource.Members) (*resource.Members, []naming, error) {
	if err := checkSchemas(t, rt, in); err != nil {
		return nil, nil, err
	}
	sh := newShaper(t, rt)
	tree, err := sh.body(in)
	return tree, sh.elements, err
}

func parseObject(body []byte) (*resource.Members, error) {
	return resource.ParseObject(body, resource.Limits{})
}

func (c *Call) notFound(rt *schema.ResourceType, id string) error {
	if c.Tenant.Profile.TenantErrorTexts {
		return scimerr.NotFound("%s", strings.ReplaceAll(rt.NotFound, "%s", id))
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

func readLinks(tx store.Tx, t *Tenant, rt *schema.ResourceType, seq int64, doc []byte, proj *resource.Projection) ([]store.Link, error) {
	want := wants(t, rt, proj)
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
