package phc

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func TestAQueueLetsFewInAndFewWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := NewQueue(1, 4)
		leave, err := q.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		in := make(chan func(), 4)
		wait := func(enter func(context.Context) (func(), error)) {
			go func() {
				if leave, err := enter(t.Context()); err == nil {
					in <- leave
				}
			}()
			synctest.Wait()
		}
		wait(q.EnterHalf)
		wait(q.EnterHalf)
		if _, err := q.EnterHalf(t.Context()); !errors.Is(err, ErrBusy) {
			t.Errorf("beyond half of the room: %v", err)
		}
		wait(q.Enter)
		ended, end := context.WithCancel(t.Context())
		end()
		if _, err := q.Enter(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("who went away: %v", err)
		}
		wait(q.Enter)
		if _, err := q.Enter(t.Context()); !errors.Is(err, ErrBusy) {
			t.Errorf("beyond the room: %v", err)
		}
		leave()
		for range 4 {
			(<-in)()
		}
		if leave, err := q.EnterHalf(t.Context()); err != nil {
			t.Error(err)
		} else {
			leave()
		}
	})
}
