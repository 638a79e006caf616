package scim

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/phc"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// Service answers SCIM requests from a store.
type Service struct {
	store store.Store
	// reads is the store, or, for what describes a tenant as a whole, a moment of it.
	reads     store.Reader
	passwords *passwords
	// changed is told of each resource that was changed or deleted; see Watch.
	changed func(tenant int64, resourceType, id string)
}

// NewService makes a Service on a store.
func NewService(s store.Store) *Service {
	return &Service{store: s, reads: s, passwords: newPasswords(phc.Usual), changed: func(int64, string, string) {}}
}

// At is a Service whose Export and MayAct read from a moment of the store.
func (s *Service) At(moment store.Reader) *Service {
	at := *s
	at.reads = moment
	return &at
}

// Watch makes changed hear of every resource that is changed or deleted here,
// after the commit and before the answer. It is called before the first request.
func (s *Service) Watch(changed func(tenant int64, resourceType, id string)) { s.changed = changed }

// The operations of the change log.
const (
	opCreate  = "create"
	opReplace = "replace"
	opPatch   = "patch"
	opDelete  = "delete"
)

// Replace answers PUT (RFC 7644 §3.5.1). It never creates.
func (s *Service) Replace(ctx context.Context, c *Call, rt *schema.ResourceType, id string, body []byte, p *Params) (*Result, error) {
	in, err := parseObject(body)
	if err != nil {
		return nil, err
	}
	shaped, named, err := s.shapeBody(ctx, c, rt, in)
	if err != nil {
		return nil, err
	}
	proj, err := projection(c.Tenant, rt, p, shaped)
	if err != nil {
		return nil, err
	}
	secrets, err := s.takeSecrets(ctx, c.Tenant, rt, shaped)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, c, rt, id, change{
		op: opReplace, proj: proj, naming: named,
		edit: func(now *stored) (*resource.Members, *confidential, error) {
			after := shaped.Clone()
			keepOmitted(c.Tenant, rt, now.tree, after)
			if err := keepImmutable(rt, now.tree, after, c.Tenant.Profile.ImmutableInPut == "ignore"); err != nil {
				return nil, nil, err
			}
			keepReadOnly(rt, now.tree, after)
			return after, secrets, nil
		},
		link: func(e *edges) error { return e.replace(named) },
	})
}

// edit is a change of one resource worked out on its stored tree.
type edit struct {
	version       int64 // of the resource that before was read from
	before, after *resource.Members
	secrets       *confidential
}

// stored is what an edit works on.
type stored struct {
	tree   *resource.Members
	ids    []string // by which clients call it
	sealed []string // names of its secrets, for an edit that asks for them
}

// editor works out an edit; it is repeatable and does no I/O.
type editor func(now *stored) (after *resource.Members, secrets *confidential, err error)

// change is what a PUT or PATCH does to a stored resource: to its tree, and to
// its collections, which are no part of the tree.
type change struct {
	op     string
	proj   *resource.Projection
	edit   editor
	naming []naming
	// sealed says that the edit depends on which secrets there are.
	sealed bool
	// link changes the collections in the transaction; it is repeatable.
	link func(*edges) error
	// answers tells whether the result has a body; nil means that it has.
	answers func(*edges) (bool, error)
}

// change makes a change in one transaction. What changes nothing moves neither
// version nor time (R7644-3.5.2-18).
//
// The edit is worked out before the transaction, so that nobody waits for it,
// and again inside only when the resource has changed in between. One that
// depends on secrets, which move no version, is worked out inside.
func (s *Service) change(ctx context.Context, c *Call, rt *schema.ResourceType, id string, ch change) (*Result, error) {
	var want []store.Want
	if c.aliased(rt) {
		want = []store.Want{{Alias: true}}
	}
	rec, err := s.read(ctx, c, rt, id, want)
	if err != nil {
		return nil, err
	}
	if err := c.guardServiceUser(rec); err != nil {
		return nil, err
	}
	now := &stored{ids: []string{id, rec.ID, rec.Alias}}
	id = c.storedID(rec, id)
	var ed *edit
	if !ch.sealed {
		if ed, err = c.edit(rt, rec, now, ch.edit); err != nil {
			return nil, err
		}
	}
	var after *store.Record
	var written string // the id of what was changed
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
		if ch.sealed {
			sealed, err := tx.Secrets(rec.Seq)
			if err != nil {
				return err
			}
			now.sealed = slices.Sorted(maps.Keys(sealed))
		}
		if ch.sealed || ed.version != rec.Version {
			if ed, err = c.edit(rt, rec, now, ch.edit); err != nil {
				return err
			}
		}
		e := &edges{call: c, tx: tx, rt: rt, seq: rec.Seq, found: found}
		if err := e.keepEnds(&ch); err != nil {
			return err
		}
		if err := ch.link(e); err != nil {
			return err
		}
		r := &store.Resource{
			Type: rt, Seq: rec.Seq, ID: rec.ID, Version: rec.Version, Created: rec.Created, Modified: rec.Modified,
			Body: ed.after, Hidden: rec.Hidden, Doc: rec.Doc, Cut: rec.Cut,
		}
		if err := saveReferences(tx, c.Tenant, rt, r.Seq, ed.before, ed.after); err != nil {
			return err
		}
		event, err := c.store(tx, ch.op, r, ed, e)
		if err == nil && event != nil {
			err = tx.Event(*event)
		}
		if err != nil {
			return err
		}
		written = rec.ID
		if ch.answers != nil {
			if answer, err = ch.answers(e); err != nil || !answer {
				return err
			}
		}
		after, err = c.written(tx, r, ch.proj)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.changed(c.Tenant.ID, rt.Name, written)
	if !answer {
		return &Result{Location: location(c.Base, rt, written)}, nil
	}
	if err := s.readAlias(ctx, c, rt, after); err != nil {
		return nil, err
	}
	return c.result(rt, after, ch.proj), nil
}

// edit works out what becomes of a record.
func (c *Call) edit(rt *schema.ResourceType, rec *store.Record, now *stored, fn editor) (*edit, error) {
	before, err := resource.Decode(rec.Doc)
	if err != nil {
		return nil, err
	}
	now.tree = before
	after, secrets, err := fn(now)
	if err != nil {
		return nil, err
	}
	if err := finish(c.Tenant, rt, before, after); err != nil {
		return nil, err
	}
	if err := c.guardSelf(rt, rec.ID, after); err != nil {
		return nil, err
	}
	return &edit{version: rec.Version, before: before, after: after, secrets: secrets}, nil
}

// store writes what an edit and its links have made of r, with the next version and
// time, and gives the event to log; nil when nothing has changed.
func (c *Call) store(tx store.Tx, op string, r *store.Resource, ed *edit, links *edges) (*store.Event, error) {
	differs := len(links.changed) > 0 || !resource.Of(ed.before).Equal(resource.Of(ed.after))
	if differs {
		r.Version++
		r.Modified = c.Tenant.after(r.Modified)
		r.Doc, r.Cut = resource.Encode(r.Body)
		if err := tx.Update(r, r.Version-1); err != nil {
			return nil, refusal(r.Type, err)
		}
	}
	if err := ed.secrets.save(tx, c.Tenant, r.Seq); err != nil {
		return nil, err
	}
	if err := c.endSessions(tx, r, ed.before, ed.secrets); err != nil {
		return nil, err
	}
	if !differs && !ed.secrets.any() {
		return nil, nil
	}
	event := c.event(op, r)
	event.Attributes = changedNames(r.Type, ed, links)
	return &event, nil
}

// guardSelf keeps a token from deactivating the user that it stands for.
func (c *Call) guardSelf(rt *schema.ResourceType, id string, after *resource.Members) error {
	if id != c.Principal.ID {
		return nil
	}
	if inactive(rt, after) {
		return scimerr.Forbidden("A token cannot deactivate the user that it stands for.").Where("active")
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
// (LinkedObject, set by seeds), unless a seed sets it.
func keepReadOnly(rt *schema.ResourceType, before, after *resource.Members) {
	for a := range rt.Attributes() {
		if v := getAttribute(before, a); a.Mutability == schema.ReadOnly && !v.Unassigned() && getAttribute(after, a).Unassigned() {
			setAttribute(after, a, v)
		}
	}
}

// shapeBody makes the tree of a POST or PUT body, and finds what it names for
// link attributes.
func (s *Service) shapeBody(ctx context.Context, c *Call, rt *schema.ResourceType, in *resource.Members) (*resource.Members, []naming, error) {
	if err := checkSchemas(c.Tenant, rt, in); err != nil {
		return nil, nil, err
	}
	sh := newShaper(c.Tenant, rt)
	tree, err := sh.body(in)
	if err != nil {
		return nil, nil, err
	}
	return tree, sh.elements, s.resolveNames(ctx, c, sh.elements)
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

// event is made inside the transaction, when the rows are locked: its time is
// later than that of any event on a resource that had the id before, though r
// may have been worked out earlier. It is the time on the wall, whatever the
// tenant's clock says: the log tells when somebody did something. Where the wall's
// own clock was set back a little, the order of changes counts.
func (c *Call) event(op string, r *store.Resource) store.Event {
	at := c.Tenant.wall().UTC().Truncate(time.Microsecond)
	if ahead := r.Modified.Sub(at); ahead > 0 && ahead < time.Minute {
		at = r.Modified
	}
	return store.Event{
		Home: c.Tenant.Home, At: at, Operation: op, Type: r.Type.Name, ID: r.ID, Version: r.Version,
		Principal: c.Principal, Credential: c.Credential, Address: c.Address, RequestID: c.RequestID,
	}
}

// written is a resource as it was just written, with the links that its answer
// shows.
func (c *Call) written(tx store.Tx, r *store.Resource, proj *resource.Projection) (*store.Record, error) {
	rec := &store.Record{
		Seq: r.Seq, ID: r.ID, Version: r.Version, Created: r.Created, Modified: r.Modified, Doc: r.Doc, Cut: r.Cut,
	}
	want := c.wants(r.Type, proj)
	want = slices.DeleteFunc(want, func(w store.Want) bool { return w.Holds != nil && !bytes.Contains(r.Doc, w.Holds) })
	if len(want) == 0 {
		return rec, nil
	}
	var err error
	rec.Links, err = tx.Links(r.Seq, want)
	return rec, err
}

func (c *Call) result(rt *schema.ResourceType, rec *store.Record, proj *resource.Projection) *Result {
	return &Result{
		Body:     newRenderer(c, proj).append(nil, rt, rec),
		Location: location(c.Base, rt, c.shownID(rt, rec)),
	}
}

// refusal turns what the store refuses into what the client is told.
func refusal(rt *schema.ResourceType, err error) error {
	var taken *store.TakenError
	if !errors.As(err, &taken) {
		return err
	}
	if of := madeOf(rt); taken.Attr == "id" && of != "" {
		return scimerr.Uniqueness(of)
	}
	return scimerr.Uniqueness(taken.Attr)
}
