package auth

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/scimd/scimd/internal/phc"
	"github.com/scimd/scimd/internal/schema"
)

// How many wrong secrets are taken: so many at once, and one more in each interval
// after that. One source may try one name strictly, so that nobody guesses, and who
// guesses locks nobody out from elsewhere; a name and a source by themselves are
// bounded loosely.
var (
	ofPair   = pace{10, 6 * time.Second}
	ofName   = pace{100, 600 * time.Millisecond}
	ofSource = pace{50, 2 * time.Second}
)

// maxUndecided bounds the attempts that wait for what becomes of others.
const maxUndecided = 256

var errTooOften = errors.New("too many wrong secrets")

// attempts counts wrong secrets by the name that they are for, whether or not there
// is such a name, and by the source that sends them. An attempt counts from before
// its secret is compared: a burst has no more than those one by one.
type attempts struct {
	now func() time.Time

	mu                    sync.Mutex
	pairs, names, sources *tally
	waiting               int
	decided               chan struct{} // closed when an attempt is, and then another
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{now: now, pairs: newTally(ofPair), names: newTally(ofName), sources: newTally(ofSource), decided: make(chan struct{})}
}

// counter is a box of a tally.
type counter struct {
	*tally
	box uint16
}

// begin takes an attempt at names, which are those of one secret; whoever began it
// tells decide what it was worth. It waits while others that are undecided may leave
// room; errTooOften when there is none, phc.ErrBusy when too many wait.
func (a *attempts) begin(ctx context.Context, tenant int64, source string, names ...string) (decide func(wrong bool), err error) {
	t := strconv.FormatInt(tenant, 10)
	counters := []counter{a.sources.at(t, source)}
	for i, name := range names {
		names[i] = schema.Fold(name)
		if slices.Index(names, names[i]) == i {
			counters = append(counters, a.names.at(t, names[i]), a.pairs.at(t, source, names[i]))
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for {
		now, room := a.now(), true
		for _, c := range counters {
			if c.full(c.box, now) {
				return nil, errTooOften
			}
			room = room && c.room(c.box, now)
		}
		if room {
			break
		}
		if a.waiting == maxUndecided {
			return nil, phc.ErrBusy
		}
		if err := a.wait(ctx); err != nil {
			return nil, err
		}
	}
	for _, c := range counters {
		c.open(c.box)
	}
	return func(wrong bool) { a.decide(counters, wrong) }, nil
}

// wait waits for an attempt to be decided; a.mu is held, but not meanwhile.
func (a *attempts) wait(ctx context.Context) error {
	decided := a.decided
	a.waiting++
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		a.waiting--
	}()
	select {
	case <-decided:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *attempts) decide(counters []counter, wrong bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	for _, c := range counters {
		c.close(c.box, now, wrong)
	}
	close(a.decided)
	a.decided = make(chan struct{})
}

// pace is so many at once, and one more in each interval after that.
type pace struct {
	atOnce   int
	interval time.Duration
}

// tally counts at a pace, by names that it does not keep: each has one of a fixed
// number of boxes. Nothing that counts is ever forgotten for others, whatever their
// number; those that fall into one box only have less of it.
type tally struct {
	pace
	seed  maphash.Seed
	boxes map[uint16]box
}

type box struct {
	until time.Time // when all that counts will be forgiven
	open  int       // attempts that are undecided
}

func newTally(p pace) *tally {
	return &tally{pace: p, seed: maphash.MakeSeed(), boxes: map[uint16]box{}}
}

// at is the box of a name of several parts.
func (t *tally) at(parts ...string) counter {
	var h maphash.Hash
	h.SetSeed(t.seed)
	for _, p := range parts {
		_, _ = h.WriteString(p) // never fails
		_ = h.WriteByte(0)
	}
	return counter{t, uint16(h.Sum64())}
}

// full tells that one more would be too many, however those undecided end.
func (t *tally) full(n uint16, now time.Time) bool {
	return t.boxes[n].until.Sub(now) > time.Duration(t.atOnce-1)*t.interval
}

// room tells that one more is not too many even if all undecided ones were wrong.
func (t *tally) room(n uint16, now time.Time) bool {
	b := t.boxes[n]
	return max(b.until.Sub(now), 0)+time.Duration(b.open)*t.interval <= time.Duration(t.atOnce-1)*t.interval
}

func (t *tally) open(n uint16) {
	b := t.boxes[n]
	b.open++
	t.boxes[n] = b
}

func (t *tally) close(n uint16, now time.Time, counts bool) {
	b := t.boxes[n]
	b.open--
	if counts {
		if b.until.Before(now) {
			b.until = now
		}
		b.until = b.until.Add(t.interval)
	}
	t.boxes[n] = b
	if b.open == 0 && !b.until.After(now) {
		delete(t.boxes, n)
	}
}
