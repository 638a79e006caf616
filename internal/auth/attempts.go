package auth

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"
)

// How many wrong secrets a client id may be tried with: so many at once, and one
// more in each interval after that.
const (
	attemptsAtOnce  = 10
	attemptInterval = 6 * time.Second
)

var errTooOften = errors.New("too many wrong secrets")

// attempts counts wrong secrets by client id, whether or not there is such a
// client, or by whoever else sends them.
type attempts struct {
	now      func() time.Time
	atOnce   int
	interval time.Duration

	mu sync.Mutex
	// until is when all attempts will be forgiven.
	until map[string]time.Time
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{now: now, atOnce: attemptsAtOnce, interval: attemptInterval, until: map[string]time.Time{}}
}

// allowed tells whether a secret may be tried now.
func (a *attempts) allowed(tenant int64, client string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.until[attemptKey(tenant, client)].Sub(a.now()) <= time.Duration(a.atOnce-1)*a.interval
}

// failed counts a wrong secret.
func (a *attempts) failed(tenant int64, client string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if len(a.until) >= cacheSize {
		for key, until := range a.until { // a forgiven one, or else any
			delete(a.until, key)
			if now.Before(until) {
				break
			}
		}
	}
	key := attemptKey(tenant, client)
	until := a.until[key]
	if until.Before(now) {
		until = now
	}
	a.until[key] = until.Add(a.interval)
}

func attemptKey(tenant int64, client string) string {
	return strconv.FormatInt(tenant, 10) + "/" + strings.ToLower(client)
}
