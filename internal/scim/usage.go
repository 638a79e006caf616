package scim

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// How long a count of a tenant's resources is believed: when there is room,
// since other servers may fill it, and when there is none, since they may make
// some.
const (
	believeRoom = time.Minute
	believeFull = time.Second
)

// Usage is what the requests to a tenant use between them. It lives on while
// the tenant's settings change. A Usage must not be copied; nil keeps nothing.
type Usage struct {
	underWay atomic.Int64

	mu   sync.Mutex
	done sync.Cond // of creations, on mu
	// resources is never less than what this server knows of: those counted at
	// the time, and those made since. making is how many are not committed yet.
	resources, making int
	counted           time.Time
	stale             bool // some were deleted since
}

// NewUsage is that of a tenant without requests.
func NewUsage() *Usage {
	u := &Usage{}
	u.done.L = &u.mu
	return u
}

// Enter counts a request in, until leave is called; 429 when MaxConcurrent are
// under way.
func (t *Tenant) Enter() (leave func(), err error) {
	if t.MaxConcurrent == 0 || t.Usage == nil {
		return func() {}, nil
	}
	if t.Usage.underWay.Add(1) > int64(t.MaxConcurrent) {
		t.Usage.underWay.Add(-1)
		return nil, scimerr.Busy("The tenant has %d requests under way, which is its limit; send the request again.", t.MaxConcurrent)
	}
	return func() { t.Usage.underWay.Add(-1) }, nil
}

// makeRoom admits one more resource, or answers 403 when MaxResources are there.
// Its caller tells made whether the resource has come to be.
//
// Counting is left to one query a minute, and to one a second at the limit. In
// between a server counts on by itself, so that a single one never goes over
// the limit; several may, by what they make within that minute.
func (s *Service) makeRoom(ctx context.Context, t *Tenant) (made func(bool), err error) {
	u := t.Usage
	if t.MaxResources == 0 || u == nil {
		return func(bool) {}, nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	now := t.now()
	for fresh := false; ; {
		age := now.Sub(u.counted)
		switch full := u.resources >= t.MaxResources; {
		case u.counted.IsZero(), age > believeRoom && !fresh, full && u.making == 0 && (u.stale || age > believeFull) && !fresh:
			if err := s.count(ctx, t, now); err != nil {
				return nil, err
			}
			fresh = u.making == 0
		case !full:
			u.resources++
			u.making++
			return u.made, nil
		case u.making > 0:
			// What is being made counts as made; how it ends decides.
			u.done.Wait()
			u.stale, fresh = true, false
		default:
			return nil, scimerr.Forbidden("The tenant holds %d resources, which is its limit; delete some, or have the limit raised.", t.MaxResources)
		}
	}
}

// count counts the tenant's resources; u.mu is held.
func (s *Service) count(ctx context.Context, t *Tenant, now time.Time) error {
	q := &store.Query{Space: t.Space}
	for _, rt := range t.Registry.Types {
		q.Parts = append(q.Parts, store.Part{Type: rt})
	}
	page, err := s.store.Query(ctx, q)
	if err != nil {
		return err
	}
	u := t.Usage
	u.resources, u.counted, u.stale = page.Total+u.making, now, false
	return nil
}

func (u *Usage) made(ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.making--
	if !ok {
		u.resources--
	}
	u.done.Broadcast()
}

// removed notes that there may be room again.
func (u *Usage) removed() {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.stale = true
}
