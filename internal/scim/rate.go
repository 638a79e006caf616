package scim

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/scimd/scimd/internal/scimerr"
)

const (
	// bucketsKept bounds the tokens of a tenant whose requests are counted.
	bucketsKept = 4096
	// bucketSweep is how often those are dropped that were not used lately.
	bucketSweep = time.Minute
)

// rates count the requests of a tenant: all, and those with each token. A bucket
// holds what may come in a second, and fills evenly.
type rates struct {
	mu     sync.Mutex
	tenant *rate.Limiter
	tokens map[string]*rate.Limiter
	swept  time.Time
}

// Admit takes a request with the token of that id, or answers 429 when there were
// too many within a second, with the token or in the tenant. What is refused
// counts for neither. Each server counts by itself.
func (t *Tenant) Admit(token string) error {
	if t.Rate == 0 && t.TokenRate == 0 || t.Usage == nil {
		return nil
	}
	r, now := &t.Usage.rates, t.wall()
	r.mu.Lock()
	defer r.mu.Unlock()
	undo := func() {}
	if t.TokenRate != 0 {
		one := r.token(token, t.TokenRate, now).ReserveN(now, 1)
		undo = func() { one.CancelAt(now) }
		if one.DelayFrom(now) > 0 {
			undo()
			return scimerr.Busy("The token is used for more than %d requests a second, which is its limit; send the request again.", t.TokenRate).Where("tokenRate")
		}
	}
	if t.Rate != 0 {
		r.tenant = fitted(r.tenant, t.Rate)
		if !r.tenant.AllowN(now, 1) {
			undo()
			return scimerr.Busy("The tenant gets more than %d requests a second, which is its limit; send the request again.", t.Rate).Where("rate")
		}
	}
	return nil
}

// fitted is a bucket of that rate: the one that there is, or a full one.
func fitted(b *rate.Limiter, perSecond int) *rate.Limiter {
	if b == nil || b.Burst() != perSecond {
		return rate.NewLimiter(rate.Limit(perSecond), perSecond)
	}
	return b
}

// token is the bucket of a token; r.mu is held. A full bucket remembers nothing
// and is dropped, seldom or when there are too many; if need be, half of all are.
func (r *rates) token(id string, perSecond int, now time.Time) *rate.Limiter {
	b := r.tokens[id]
	if b == nil && (len(r.tokens) >= bucketsKept || now.Sub(r.swept) >= bucketSweep) {
		r.swept = now
		for name, idle := range r.tokens {
			if idle.TokensAt(now) >= float64(idle.Burst()) {
				delete(r.tokens, name)
			}
		}
		if len(r.tokens) >= bucketsKept {
			for name := range r.tokens {
				if delete(r.tokens, name); len(r.tokens) <= bucketsKept/2 {
					break
				}
			}
		}
	}
	b = fitted(b, perSecond)
	if r.tokens == nil {
		r.tokens = map[string]*rate.Limiter{}
	}
	r.tokens[id] = b
	return b
}
