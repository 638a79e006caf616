package scim

import "sync/atomic"

// Visits counts the requests under way in one space of a tenant, so that what is
// in it stays until the last has ended. A nil Visits counts nothing. It must not
// be copied.
type Visits struct{ n atomic.Int64 }

// shut is added when nobody may come any more; it is more than there ever are.
const shut = -1 << 40

// Enter counts a request in, until Leave is called. It is false when the tenant has
// another space by now, and is to be looked for again.
func (v *Visits) Enter() bool {
	if v == nil {
		return true
	}
	if v.n.Add(1) <= 0 {
		v.n.Add(-1)
		return false
	}
	return true
}

// Leave counts a request out.
func (v *Visits) Leave() {
	if v != nil {
		v.n.Add(-1)
	}
}

// Close lets nobody in any more. It is called once.
func (v *Visits) Close() { v.n.Add(shut) }

// Closed tells that nobody may come any more.
func (v *Visits) Closed() bool { return v != nil && v.n.Load() < 0 }

// Over tells that it is closed, and everybody has left.
func (v *Visits) Over() bool { return v.n.Load() == shut }
