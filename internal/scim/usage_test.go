package scim

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestAQuestionOfRoomIsCountedWhenItMustBe(t *testing.T) {
	t.Parallel()
	const limit = 10
	now := testStart
	for name, tc := range map[string]struct {
		room room
		n    int
		want bool
	}{
		"nothing is known":                   {room{}, 1, true},
		"there is room":                      {room{resources: 9, counted: now.Add(-time.Second)}, 1, false},
		"there is room, and some went":       {room{resources: 9, counted: now, stale: true}, 1, false},
		"there was room a minute ago":        {room{resources: 1, counted: now.Add(-believeRoom - 1)}, 1, true},
		"it is full":                         {room{resources: 10, counted: now}, 1, false},
		"it is full for two":                 {room{resources: 9, counted: now, stale: true}, 2, true},
		"it is full, and some went":          {room{resources: 10, counted: now, stale: true}, 1, true},
		"it was full a second ago":           {room{resources: 10, counted: now.Add(-believeFull - 1)}, 1, true},
		"it is full of what is being made":   {room{resources: 10, making: 1, counted: now, stale: true}, 1, false},
		"it was so a minute ago":             {room{resources: 10, making: 1, counted: now.Add(-believeRoom - 1)}, 1, true},
		"the clock was set back by a minute": {room{resources: 9, counted: now.Add(time.Minute)}, 1, false},
	} {
		if got := tc.room.needCount(tc.n, limit, now); got != tc.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// Who waits for room goes when the request ends, and is admitted when another's
// creation fails.
func TestWaitingForRoomEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	tenant := &Tenant{Limits: Limits{MaxResources: 2}, Usage: NewUsage(), Now: func() time.Time { return testStart }}
	tenant.Usage.room = room{counted: testStart}
	s := &Service{}
	settle, err := s.reserve(t.Context(), tenant, 2)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := s.reserve(ctx, tenant, 1)
		ended <- err
	}()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	go func() {
		_, err := s.reserve(t.Context(), tenant, 1)
		ended <- err
	}()
	settle(false)
	if err := <-ended; err != nil || tenant.Usage.room.resources != 1 || tenant.Usage.room.making != 1 {
		t.Errorf("%+v, %v", tenant.Usage.room, err)
	}
}
