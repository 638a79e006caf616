package auth

import (
	"sync"
	"time"

	"github.com/scimd/scimd/internal/store"
)

// cacheSize bounds the tokens remembered, known and unknown ones each.
const cacheSize = 4096

// cache remembers look-ups for a time. Then one request looks again, and others
// go by what is remembered for half that time more. Unknown tokens have their own
// map, so that a flood of wrong ones does not drive out the right ones.
type cache struct {
	ttl time.Duration

	mu      sync.Mutex
	forgets int // changes with each forget; see put
	known   map[[32]byte]cached
	unknown map[[32]byte]cached
}

type cached struct {
	token store.Token
	until time.Time
	// renewing tells that a request looks again.
	renewing bool
}

func newCache(ttl time.Duration) *cache {
	return &cache{ttl: ttl, known: map[[32]byte]cached{}, unknown: map[[32]byte]cached{}}
}

// get reports what is remembered of a hash; ok is false when the store has to be
// asked.
func (c *cache) get(hash [32]byte, now time.Time) (t store.Token, known, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, found := c.known[hash]; found {
		if now.Before(e.until) || e.renewing && now.Before(e.until.Add(c.ttl/2)) {
			return e.token, true, true
		}
		e.renewing = true
		c.known[hash] = e
	}
	if e, found := c.unknown[hash]; found && now.Before(e.until) {
		return e.token, false, true
	}
	return store.Token{}, false, false
}

func (c *cache) generation() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.forgets
}

// put remembers an answer of the store, unless something was forgotten since
// the question: the answer may then be from before a revocation.
func (c *cache) put(hash [32]byte, t store.Token, known bool, now time.Time, generation int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.forgets != generation {
		return
	}
	m, other := c.known, c.unknown
	if !known {
		m, other = other, m
	}
	delete(other, hash)
	if len(m) >= cacheSize {
		for victim := range m {
			delete(m, victim)
			break
		}
	}
	m[hash] = cached{token: t, until: now.Add(c.ttl)}
}

func (c *cache) forget(hash [32]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgets++
	delete(c.known, hash)
	delete(c.unknown, hash)
}
