package scim

import (
	"context"
	"strconv"
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
	rates    rates

	mu       sync.Mutex
	room     room
	counting bool
	changed  chan struct{} // closed when a count or a creation ends, and then another
}

// room is what a server knows of the resources of a tenant.
type room struct {
	// resources is never less than what this server knows of: those counted at
	// the time, and those made since. making is how many are not committed yet.
	resources, making int
	counted           time.Time
	stale             bool // since then some were deleted, or their creation has ended
}

// needCount tells whether n more can be neither admitted nor refused by what is
// known. What is being made counts as made, so that its end is awaited first.
func (r *room) needCount(n, limit int, now time.Time) bool {
	age := now.Sub(r.counted)
	full := r.resources+n > limit
	return r.counted.IsZero() || age > believeRoom || full && r.making == 0 && (r.stale || age > believeFull)
}

// NewUsage is that of a tenant without requests.
func NewUsage() *Usage { return &Usage{changed: make(chan struct{})} }

// Enter counts a request in, until leave is called; 429 when MaxConcurrent are
// under way.
func (t *Tenant) Enter() (leave func(), err error) {
	if t.MaxConcurrent == 0 || t.Usage == nil {
		return func() {}, nil
	}
	if t.Usage.underWay.Add(1) > int64(t.MaxConcurrent) {
		t.Usage.underWay.Add(-1)
		return nil, scimerr.Busy("The tenant has %s under way, which is its limit; send the request again.", counted(t.MaxConcurrent, "request")).Where("maxConcurrent")
	}
	return func() { t.Usage.underWay.Add(-1) }, nil
}

// reserve admits n more resources, or answers 403 when there would be more than
// MaxResources. Its caller tells settle whether they have come to be; some of
// them may not have.
//
// Counting is left to one query a minute, and to one a second at the limit. In
// between a server counts on by itself, so that a single one never goes over
// the limit; several may, by what they make within that minute.
func (s *Service) reserve(ctx context.Context, t *Tenant, n int) (settle func(made bool), err error) {
	u := t.Usage
	if t.MaxResources == 0 || u == nil {
		return func(bool) {}, nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	now := t.wall()
	for {
		full := u.room.resources+n > t.MaxResources
		switch {
		case u.counting:
			err = u.wait(ctx)
		case u.room.needCount(n, t.MaxResources, now):
			err = s.count(ctx, t, now)
		case !full:
			u.room.resources += n
			u.room.making += n
			return func(made bool) { u.settle(n, made) }, nil
		case u.room.making > 0:
			err = u.wait(ctx)
		default:
			return nil, scimerr.Forbidden("The tenant may hold %s, and has no room for more; delete some, or have the limit raised.", counted(t.MaxResources, "resource")).Where("maxResources")
		}
		if err != nil {
			return nil, err
		}
	}
}

// counted is a number with what it counts.
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// wait waits for a change; u.mu is held, but not meanwhile.
func (u *Usage) wait(ctx context.Context) error {
	changed := u.changed
	u.mu.Unlock()
	defer u.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wake ends every wait; u.mu is held.
func (u *Usage) wake() {
	close(u.changed)
	u.changed = make(chan struct{})
}

// count counts the tenant's resources; u.mu is held, but not meanwhile. What was
// being made at its beginning may be among what is found: it is counted in all
// the same, and the count is stale once it ends.
func (s *Service) count(ctx context.Context, t *Tenant, now time.Time) error {
	q := &store.Query{Space: t.Space}
	for _, rt := range t.Registry.Types {
		q.Parts = append(q.Parts, store.Part{Type: rt})
	}
	u := t.Usage
	making := u.room.making
	u.counting, u.room.stale = true, false
	u.mu.Unlock()
	page, err := s.store.Query(ctx, q)
	u.mu.Lock()
	u.counting = false
	u.wake()
	if err != nil {
		u.room.stale = true
		return err
	}
	u.room.resources, u.room.counted = page.Total+making, now
	return nil
}

// settle ends the making of n resources.
func (u *Usage) settle(n int, made bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.room.making -= n
	if !made {
		u.room.resources -= n
	}
	u.room.stale = true
	u.wake()
}

// Restored tells that the tenant has other resources now: they are to be counted.
func (u *Usage) Restored() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.room.counted = time.Time{}
}

// removed notes that there may be room again.
func (u *Usage) removed() {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.room.stale = true
}

// forget makes the next creation count again.
func (u *Usage) forget() {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.room.counted = time.Time{}
}
