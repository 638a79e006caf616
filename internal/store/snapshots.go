package store

import (
	"context"
	"time"
)

// SeedSnapshot names the snapshot to which a tenant is reset.
const SeedSnapshot = "seed"

// Snapshot is a state of a tenant's resources, kept under a name.
type Snapshot struct {
	Tenant int64
	Name   string
	Space  int64
	// Resources is how many there are, without service users.
	Resources int64
	Created   time.Time
}

// Restored tells what a restore has done.
type Restored struct {
	Tenant Tenant
	// Resources is how many there are now, without service users.
	Resources int64
	// Strays are ids of service users in the snapshot that the tenant had no more
	// when it was restored.
	Strays []string
}

// Snapshots keeps states of tenants' resources, and takes tenants back to them.
// Tokens, applications, settings and everything else that is not a resource stay
// as they are, and so do the logs.
type Snapshots interface {
	// SaveSnapshot keeps the resources of a tenant as they are at one moment.
	// *TakenError "name" when there is a snapshot of the name that is not to be
	// replaced; ErrNotFound without the tenant.
	SaveSnapshot(ctx context.Context, tenant int64, name string, replace bool, at time.Time) (Snapshot, error)
	// Snapshots reads the snapshots of a tenant, by name.
	Snapshots(ctx context.Context, tenant int64) ([]Snapshot, error)
	// DeleteSnapshot removes a snapshot; ErrNotFound.
	DeleteSnapshot(ctx context.Context, tenant int64, name string, at time.Time) error
	// RestoreSnapshot gives a tenant the resources of a snapshot, or, with name "",
	// none, at once for everybody who looks for the tenant from then on: whoever has
	// found it before reads and writes what there was, to the end. Service users that
	// the snapshot lacks come along; sessions of people whom it lacks, or who are
	// inactive in it, end. The event, whose ID and At are given, is logged.
	// ErrNotFound without the tenant or the snapshot; *TakenError "userName" with the
	// name of a service user that another user in the snapshot has.
	RestoreSnapshot(ctx context.Context, tenant int64, name string, e Event) (Restored, error)
	// CopyTenant makes a tenant as CreateTenant does, with the resources that another
	// one has, or that it has kept as a snapshot; they are its SeedSnapshot, too.
	// The setting of the given name, the id of the tenant's own service user, goes
	// along; Strays are the others. ErrNotFound without the tenant or the snapshot.
	CopyTenant(ctx context.Context, t Tenant, from int64, snapshot, setting string) (Restored, error)
}
