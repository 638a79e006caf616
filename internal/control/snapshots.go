package control

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// SeedSnapshot names the snapshot that a reset goes back to.
const SeedSnapshot = store.SeedSnapshot

// Snapshots keeps states of a tenant's resources, and takes it back to them. What
// is no resource stays as it is: tokens, applications, profile, hosts, logs.
// Requests under way end on the state that they began with.
type Snapshots interface {
	// SaveSnapshot keeps the resources as they are now; 404, and 409 when there is
	// a snapshot of the name, which is not to be replaced.
	SaveSnapshot(ctx context.Context, tenant string, n NewSnapshot) (*Snapshot, error)
	// Snapshots lists those of a tenant, by name.
	Snapshots(ctx context.Context, tenant string) ([]Snapshot, error)
	// RestoreSnapshot takes a tenant back; 404. 409 when a login name in the snapshot
	// is by now that of an application.
	RestoreSnapshot(ctx context.Context, tenant, name string) (*Restored, error)
	// DeleteSnapshot deletes a snapshot; 404.
	DeleteSnapshot(ctx context.Context, tenant, name string) error
	// Reset takes a tenant back to its snapshot seed, which seeding it makes, or, if
	// it has none, leaves no resources.
	Reset(ctx context.Context, tenant string) (*Restored, error)
}

// NewSnapshot asks for a snapshot.
type NewSnapshot struct {
	Name string `json:"name" doc:"1 to 63 letters, digits and hyphens. A reset goes to the one named seed."`
	// Replace lets it take the place of one of its name.
	Replace bool `json:"replace,omitempty" doc:"Takes the place of a snapshot of this name."`
}

// Snapshot is a state of a tenant's resources.
type Snapshot struct {
	Name string `json:"name" doc:"Name of the snapshot."`
	// Resources is how many there are, without service users.
	Resources int64     `json:"resources" doc:"How many there are, without service users."`
	Created   time.Time `json:"created" doc:"When it was saved."`
}

// Restored tells what a tenant was taken back to.
type Restored struct {
	Tenant string `json:"tenant" doc:"Name of the tenant."`
	// Snapshot is its name, "" when the tenant was emptied.
	Snapshot  string `json:"snapshot,omitempty" doc:"Absent when the tenant was emptied."`
	Resources int64  `json:"resources" doc:"How many there are now, without service users."`
}

// snapshotRoutes are those of Snapshots.
func snapshotRoutes() []route {
	const all = "tenants/{tenant}/snapshots"
	return []route{
		asking("GET", all, "listSnapshots", "Lists the snapshots of a tenant.",
			func(s Service, r *http.Request) ([]Snapshot, error) { return s.Snapshots(r.Context(), aTenant(r)) }),
		sending("POST", all, "saveSnapshot", "Keeps the resources of a tenant, as they are at one moment, under a name.", "a snapshot",
			func(s Service, r *http.Request, n NewSnapshot) (*Snapshot, error) {
				return s.SaveSnapshot(r.Context(), aTenant(r), n)
			}).making().slowly(),
		asking("POST", all+"/{snapshot}/restore", "restoreSnapshot", "Takes the resources of a tenant back to a snapshot, at once for all requests to come.",
			func(s Service, r *http.Request) (*Restored, error) {
				return s.RestoreSnapshot(r.Context(), aTenant(r), r.PathValue("snapshot"))
			}).slowly(),
		asking("DELETE", all+"/{snapshot}", "deleteSnapshot", "Deletes a snapshot.",
			doing(func(s Service, r *http.Request) error {
				return s.DeleteSnapshot(r.Context(), aTenant(r), r.PathValue("snapshot"))
			})),
		asking("POST", "tenants/{tenant}/reset", "resetTenant", "Takes a tenant back to its snapshot seed, or empties it when it has none.",
			func(s Service, r *http.Request) (*Restored, error) { return s.Reset(r.Context(), aTenant(r)) }).slowly(),
	}
}

// SaveSnapshot implements Service.
func (d *Direct) SaveSnapshot(ctx context.Context, tenant string, n NewSnapshot) (*Snapshot, error) {
	name := scim.TenantName(n.Name)
	if !scim.ValidTenantName(name) {
		return nil, scimerr.InvalidValue("name", "The name of a snapshot has 1 to 63 letters, digits and hyphens.")
	}
	t, err := d.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	saved, err := d.Store.SaveSnapshot(ctx, t.ID, name, n.Replace, d.now())
	var taken *store.TakenError
	switch {
	case errors.As(err, &taken):
		return nil, scimerr.Conflict("The tenant %s has a snapshot %s already; have it replaced, or choose another name.", t.Name, name)
	case err != nil:
		return nil, d.taken(err, t.Name)
	}
	if n.Replace {
		err = d.Sweep(ctx)
	}
	out := shownSnapshot(saved)
	return &out, err
}

func shownSnapshot(s store.Snapshot) Snapshot {
	return Snapshot{Name: s.Name, Resources: s.Resources, Created: s.Created}
}

// Snapshots implements Service.
func (d *Direct) Snapshots(ctx context.Context, tenant string) ([]Snapshot, error) {
	t, err := d.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	list, err := d.Store.Snapshots(ctx, t.ID)
	out := make([]Snapshot, len(list))
	for i, s := range list {
		out[i] = shownSnapshot(s)
	}
	return out, err
}

// DeleteSnapshot implements Service.
func (d *Direct) DeleteSnapshot(ctx context.Context, tenant, name string) error {
	t, err := d.tenant(ctx, tenant)
	if err != nil {
		return err
	}
	if err := d.Store.DeleteSnapshot(ctx, t.ID, scim.TenantName(name), d.now()); err != nil {
		return noSnapshot(err, t.Name, name)
	}
	return d.Sweep(ctx)
}

func noSnapshot(err error, tenant, name string) error {
	if errors.Is(err, store.ErrNotFound) {
		return scimerr.NotFound("The tenant %s has no snapshot %q.", tenant, name)
	}
	return err
}

// RestoreSnapshot implements Service.
func (d *Direct) RestoreSnapshot(ctx context.Context, tenant, name string) (*Restored, error) {
	t, err := d.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if name == "" { // it would empty the tenant
		return nil, noSnapshot(store.ErrNotFound, t.Name, name)
	}
	return d.restore(ctx, t, scim.TenantName(name))
}

// Reset implements Service.
func (d *Direct) Reset(ctx context.Context, tenant string) (*Restored, error) {
	t, err := d.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	r, err := d.restore(ctx, t, SeedSnapshot)
	if scimerr.Is(err, http.StatusNotFound) {
		r, err = d.restore(ctx, t, "")
	}
	if scimerr.Is(err, http.StatusNotFound) { // it was deleted meanwhile
		err = scimerr.NotFound("There is no tenant %s.", t.Name)
	}
	return r, err
}

func (d *Direct) restore(ctx context.Context, t store.Tenant, name string) (*Restored, error) {
	// What copies may take long; what follows is not cut off.
	r, err := d.Store.RestoreSnapshot(ctx, t.ID, name, store.Event{
		At: d.now(), Operation: "restore", Type: "Tenant", ID: name, Principal: operator, RequestID: requestOf(ctx),
	})
	var taken *store.TakenError
	switch {
	case errors.As(err, &taken):
		return nil, scimerr.Conflict("The snapshot %s of the tenant %s has a user with the userName %q, which is the login name of an application by now; delete the application first.", name, t.Name, taken.Value)
	case err != nil:
		return nil, noSnapshot(err, t.Name, name)
	}
	ctx, done := toTheEnd(ctx)
	defer done()
	err = d.Changed(ctx)
	d.Restored(t.ID)
	if err = errors.Join(err, d.removeStrays(ctx, r.Tenant, r.Strays), d.Sweep(ctx)); err != nil {
		return nil, err
	}
	return &Restored{Tenant: t.Name, Snapshot: name, Resources: r.Resources}, nil
}

// removeStrays deletes the service users of applications that a tenant does not
// have: they are in a copy, and their login names in use.
func (d *Direct) removeStrays(ctx context.Context, t store.Tenant, ids []string) error {
	var failed []error
	for _, id := range ids {
		failed = append(failed, d.RemoveServiceUser(ctx, t, id, func(store.Tx) error { return nil }))
	}
	return errors.Join(failed...)
}

// now is the time as it is stored.
func (d *Direct) now() time.Time { return d.Now().UTC().Truncate(time.Microsecond) }

// SaveSnapshot implements Service.
func (a *Audited) SaveSnapshot(ctx context.Context, tenant string, n NewSnapshot) (*Snapshot, error) {
	s, err := a.Direct.SaveSnapshot(ctx, tenant, n)
	a.tell(ctx, "snapshot.save", orDefault(tenant), "Snapshot", n.Name, err)
	return s, err
}

// RestoreSnapshot implements Service.
func (a *Audited) RestoreSnapshot(ctx context.Context, tenant, name string) (*Restored, error) {
	r, err := a.Direct.RestoreSnapshot(ctx, tenant, name)
	a.tell(ctx, "snapshot.restore", orDefault(tenant), "Snapshot", name, err)
	return r, err
}

// DeleteSnapshot implements Service.
func (a *Audited) DeleteSnapshot(ctx context.Context, tenant, name string) error {
	err := a.Direct.DeleteSnapshot(ctx, tenant, name)
	a.tell(ctx, "snapshot.delete", orDefault(tenant), "Snapshot", name, err)
	return err
}

// Reset implements Service.
func (a *Audited) Reset(ctx context.Context, tenant string) (*Restored, error) {
	r, err := a.Direct.Reset(ctx, tenant)
	a.tell(ctx, "tenant.reset", orDefault(tenant), "Tenant", orDefault(tenant), err)
	return r, err
}

// SaveSnapshot implements Service.
func (c *Client) SaveSnapshot(ctx context.Context, tenant string, n NewSnapshot) (*Snapshot, error) {
	return call[*Snapshot](ctx, c.patient(), http.MethodPost, snapshotsPath(tenant), n)
}

// Snapshots implements Service.
func (c *Client) Snapshots(ctx context.Context, tenant string) ([]Snapshot, error) {
	return call[[]Snapshot](ctx, c, http.MethodGet, snapshotsPath(tenant), nil)
}

// RestoreSnapshot implements Service.
func (c *Client) RestoreSnapshot(ctx context.Context, tenant, name string) (*Restored, error) {
	if name == "" { // leads to no snapshot
		return nil, noSnapshot(store.ErrNotFound, orDefault(tenant), name)
	}
	return call[*Restored](ctx, c.patient(), http.MethodPost, snapshotsPath(tenant)+"/"+escaped(name)+"/restore", nil)
}

// DeleteSnapshot implements Service.
func (c *Client) DeleteSnapshot(ctx context.Context, tenant, name string) error {
	if name == "" {
		return noSnapshot(store.ErrNotFound, orDefault(tenant), name)
	}
	_, err := call[any](ctx, c, http.MethodDelete, snapshotsPath(tenant)+"/"+escaped(name), nil)
	return err
}

// Reset implements Service.
func (c *Client) Reset(ctx context.Context, tenant string) (*Restored, error) {
	return call[*Restored](ctx, c.patient(), http.MethodPost, tenantPath(tenant)+"/reset", nil)
}

func snapshotsPath(tenant string) string { return tenantPath(tenant) + "/snapshots" }
