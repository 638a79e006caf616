package phc

import (
	"context"
	"errors"
	"sync/atomic"
)

// ErrBusy tells that too many wait to hash or compare.
var ErrBusy = errors.New("too many secrets are being compared")

// Queue lets few hash or compare at a time, as each takes memory and a processor, and
// few wait for that.
type Queue struct {
	slots   chan struct{}
	room    int32
	waiting atomic.Int32
}

// NewQueue makes a queue: so many are at work at once, room many wait.
func NewQueue(atOnce, room int) *Queue {
	return &Queue{slots: make(chan struct{}, atOnce), room: int32(room)}
}

// Enter waits for a turn, which leave ends. ErrBusy when there is no room to wait; the
// error of ctx when it ends first.
func (q *Queue) Enter(ctx context.Context) (leave func(), err error) { return q.enter(ctx, q.room) }

// EnterHalf is Enter for what leaves half of the room to others.
func (q *Queue) EnterHalf(ctx context.Context) (leave func(), err error) {
	return q.enter(ctx, q.room/2)
}

func (q *Queue) enter(ctx context.Context, room int32) (func(), error) {
	leave := func() { <-q.slots }
	select {
	case q.slots <- struct{}{}:
		return leave, nil
	default:
	}
	defer q.waiting.Add(-1)
	if q.waiting.Add(1) > room {
		return nil, ErrBusy
	}
	select {
	case q.slots <- struct{}{}:
		return leave, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
