package control

import (
	"context"
	"net/http"

	"github.com/scimd/scimd/internal/scimerr"
)

// maxSeed bounds a seed, in bytes.
const maxSeed = 256

// IDs makes the ids of the new resources of a tenant.
type IDs interface {
	// Seed makes them follow from a seed, from the first one on; "" makes them random.
	Seed(text string)
	// State tells the seed, "" for none, and how many ids were made of it by type.
	State() (seed string, made map[string]uint64)
}

// IDSeeds are where the ids of tenants come from. They are in the memory of a
// server: without one each method is 409, of several each has its own.
type IDSeeds interface {
	// IDSeed tells where the ids of a tenant come from.
	IDSeed(ctx context.Context, tenant string) (*IDSeed, error)
	// SeedIDs makes them follow from a seed, from the first one on; 400.
	SeedIDs(ctx context.Context, tenant, seed string) (*IDSeed, error)
	// RandomIDs makes them random again.
	RandomIDs(ctx context.Context, tenant string) (*IDSeed, error)
}

// IDSeed is where the ids of a tenant come from.
type IDSeed struct {
	Seed string            `json:"seed,omitempty" doc:"What ids follow from; absent when they are random."`
	Made map[string]uint64 `json:"made,omitempty" doc:"How many were made of the seed, by resource type."`
}

// newIDSeed asks for ids that follow from a seed.
type newIDSeed struct {
	Seed string `json:"seed" doc:"Any text of up to 256 bytes."`
}

func idRoutes() []route {
	const path = "tenants/{tenant}/ids"
	return []route{
		asking("GET", path, "getIdSeed", "Tells where the ids of new resources of a tenant come from.",
			func(s Service, r *http.Request) (*IDSeed, error) { return s.IDSeed(r.Context(), aTenant(r)) }),
		sending("PUT", path, "seedIds", "Makes the ids of new resources of a tenant follow from a seed, from the first one on.", "a seed of ids",
			func(s Service, r *http.Request, n newIDSeed) (*IDSeed, error) {
				return s.SeedIDs(r.Context(), aTenant(r), n.Seed)
			}),
		asking("DELETE", path, "randomIds", "Makes the ids of new resources of a tenant random again.",
			func(s Service, r *http.Request) (*IDSeed, error) { return s.RandomIDs(r.Context(), aTenant(r)) }),
	}
}

// withIDs does something with the ids of a tenant, and tells how they are made then.
func (d *Direct) withIDs(ctx context.Context, tenant string, do func(IDs)) (*IDSeed, error) {
	t, err := d.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if d.IDsOf == nil {
		return nil, noServer("What ids are made of is")
	}
	ids := d.IDsOf(t)
	do(ids)
	seed, made := ids.State()
	return &IDSeed{seed, made}, nil
}

// IDSeed implements Service.
func (d *Direct) IDSeed(ctx context.Context, tenant string) (*IDSeed, error) {
	return d.withIDs(ctx, tenant, func(IDs) {})
}

// SeedIDs implements Service.
func (d *Direct) SeedIDs(ctx context.Context, tenant, seed string) (*IDSeed, error) {
	if seed == "" || len(seed) > maxSeed {
		return nil, scimerr.InvalidValue("seed", "A seed of ids has 1 to %d bytes.", maxSeed)
	}
	return d.withIDs(ctx, tenant, func(ids IDs) { ids.Seed(seed) })
}

// RandomIDs implements Service.
func (d *Direct) RandomIDs(ctx context.Context, tenant string) (*IDSeed, error) {
	return d.withIDs(ctx, tenant, func(ids IDs) { ids.Seed("") })
}

// SeedIDs implements Service.
func (a *Audited) SeedIDs(ctx context.Context, tenant, seed string) (*IDSeed, error) {
	now, err := a.Direct.SeedIDs(ctx, tenant, seed)
	a.tell(ctx, "ids.seed", orDefault(tenant), "IDs", "", err)
	return now, err
}

// RandomIDs implements Service.
func (a *Audited) RandomIDs(ctx context.Context, tenant string) (*IDSeed, error) {
	now, err := a.Direct.RandomIDs(ctx, tenant)
	a.tell(ctx, "ids.random", orDefault(tenant), "IDs", "", err)
	return now, err
}

// IDSeed implements Service.
func (c *Client) IDSeed(ctx context.Context, tenant string) (*IDSeed, error) {
	return call[*IDSeed](ctx, c, http.MethodGet, idsPath(tenant), nil)
}

// SeedIDs implements Service.
func (c *Client) SeedIDs(ctx context.Context, tenant, seed string) (*IDSeed, error) {
	return call[*IDSeed](ctx, c, http.MethodPut, idsPath(tenant), newIDSeed{seed})
}

// RandomIDs implements Service.
func (c *Client) RandomIDs(ctx context.Context, tenant string) (*IDSeed, error) {
	return call[*IDSeed](ctx, c, http.MethodDelete, idsPath(tenant), nil)
}

func idsPath(tenant string) string { return tenantPath(tenant) + "/ids" }
