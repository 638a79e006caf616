package journal

import (
	"context"
	"maps"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
)

// settleTime is how long a query waits for requests whose answers are on their way.
const settleTime = 250 * time.Millisecond

// wake lets those go on that wait for a channel, which is nil for nobody.
func wake(c *chan struct{}) {
	if *c != nil {
		close(*c)
		*c = nil
	}
}

// next is what the next wake closes.
func next(c *chan struct{}) <-chan struct{} {
	if *c == nil {
		*c = make(chan struct{})
	}
	return *c
}

// enter tells that a client may soon have the answer that is recorded, leave that the
// recording has ended.
func (j *Journal) enter(r *Recording) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.answering[r] = struct{}{}
}

func (j *Journal) leave(r *Recording) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.answering, r)
	wake(&j.ended)
}

// expect counts a request that is to be kept, lose one that cannot be.
func (j *Journal) expect() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.expected++
	if j.changed != nil {
		j.all.ask()
	}
}

func (j *Journal) lose() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.settled++
	j.lost++
	wake(&j.changed)
}

// settle returns when all that was answered before is in the journal, or when ctx
// ends.
func (j *Journal) settle(ctx context.Context) {
	j.settleAnswers(ctx)
	j.mu.Lock()
	for expected := j.expected; j.settled < expected; {
		kept := next(&j.changed)
		j.mu.Unlock()
		j.all.ask()
		select {
		case <-kept:
		case <-ctx.Done():
			return
		case <-j.all.stopped:
			return
		}
		j.mu.Lock()
	}
	j.mu.Unlock()
}

// settleAnswers waits for the ends of recordings whose answers clients may have, but
// not long: where the network is slow they do not have them.
func (j *Journal) settleAnswers(ctx context.Context) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.answering) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	before := maps.Clone(j.answering)
	for {
		maps.DeleteFunc(before, func(r *Recording, _ struct{}) bool {
			_, still := j.answering[r]
			return !still
		})
		if len(before) == 0 || ctx.Err() != nil {
			return
		}
		ended := next(&j.ended)
		j.mu.Unlock()
		select {
		case <-ended:
		case <-ctx.Done():
		}
		j.mu.Lock()
	}
}

// Wait gives the entries that match as soon as n have come, or, not Complete, those
// that there are when the time is over or ctx ends.
func (j *Journal) Wait(ctx context.Context, q Query, n int, limit time.Duration) (*Page, error) {
	ctx, cancel := context.WithTimeout(ctx, min(limit, MaxWait))
	defer cancel()
	j.settle(ctx)
	var c counting
	for {
		changed, err := j.more(&c, &q)
		if err != nil {
			return nil, err
		}
		complete := c.matched >= n
		if !complete {
			select {
			case <-changed:
				continue
			case <-ctx.Done():
			}
		}
		page, err := j.find(q)
		if err == nil {
			page.Complete = complete
		}
		return page, err
	}
}

// counting is how far somebody who waits has looked: each entry is looked at once,
// however many wait.
type counting struct {
	begun   bool
	seen    int64 // number of an entry
	cleared int
	matched int
}

// more counts the entries that have come since, and tells when to look again.
func (j *Journal) more(c *counting, q *Query) (<-chan struct{}, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.over {
		return nil, scimerr.NotFound("The tenant was deleted.")
	}
	if !c.begun || c.cleared != j.cleared {
		after, err := j.position(q)
		if err != nil {
			return nil, err
		}
		*c = counting{begun: true, seen: after, cleared: j.cleared}
	}
	for _, e := range j.entries[j.from(c.seen):] {
		if q.matches(e) {
			c.matched++
		}
	}
	c.seen = max(c.seen, j.last)
	return next(&j.changed), nil
}
