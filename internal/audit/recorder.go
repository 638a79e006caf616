package audit

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/scimd/scimd/internal/store"
)

const (
	// maxQueue and maxOfSpace bound the rows that wait: all, and those of one space,
	// of which refusals and reads, that anybody can cause, may take half.
	maxQueue   = 16384
	maxOfSpace = 8192
	// batchSize rows are written at once, after they had gatherTime to come together.
	// Between batches the database has pauseTime for requests.
	batchSize  = 500
	gatherTime = 100 * time.Millisecond
	pauseTime  = 50 * time.Millisecond
	// writeTime bounds a write, keepTime one that somebody waits for; retryTime is
	// between two that fail.
	writeTime = 10 * time.Second
	keepTime  = 2 * time.Second
	retryTime = time.Second
)

// Recorder writes rows to the audit log beside the requests that they tell of. What
// cannot be kept is counted, and the count is written.
type Recorder struct {
	store interface {
		AppendAudit(context.Context, []store.Audit) error
	}
	log *slog.Logger
	now func() time.Time

	writing sync.Mutex // one batch after the other
	mu      sync.Mutex
	queue   []store.Audit
	waiting map[int64]int   // rows by space
	lost    map[int64]int64 // rows by space
	woken   chan struct{}
}

// NewRecorder makes a Recorder, which writes while Run runs.
func NewRecorder(s store.Trail, log *slog.Logger, now func() time.Time) *Recorder {
	return &Recorder{store: s, log: log, now: now, waiting: map[int64]int{}, lost: map[int64]int64{}, woken: make(chan struct{}, 1)}
}

// Keep writes a row before it returns, after those that wait, as no crash may lose it.
// Where that cannot be done now, the row waits as well.
func (r *Recorder) Keep(ctx context.Context, a store.Audit) {
	a.At = r.at(a.At)
	r.mu.Lock()
	r.queue = append(r.queue, a)
	r.waiting[a.Space]++
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTime)
	defer cancel()
	if r.Flush(ctx) != nil { // told of when it fails again
		r.wake()
	}
}

// at is the time of a row; one without is of now.
func (r *Recorder) at(t time.Time) time.Time {
	if t.IsZero() {
		t = r.now()
	}
	return t.UTC().Truncate(time.Microsecond)
}

// Add has a row written soon. It never waits. A row without a time is of now.
func (r *Recorder) Add(a store.Audit) {
	a.At = r.at(a.At)
	most := maxOfSpace
	if a.Status >= http.StatusBadRequest || a.Code != "" || a.Category == store.AuditRead {
		most /= 2
	}
	r.mu.Lock()
	if len(r.queue) >= maxQueue || r.waiting[a.Space] >= most {
		r.lost[a.Space]++
	} else {
		r.queue = append(r.queue, a)
		r.waiting[a.Space]++
	}
	r.mu.Unlock()
	r.wake()
}

// wake has Run look at the queue.
func (r *Recorder) wake() {
	select {
	case r.woken <- struct{}{}:
	default:
	}
}

// Run writes rows until ctx ends, and then those that wait.
func (r *Recorder) Run(ctx context.Context) {
	failing := false
	for wait := time.Duration(0); ; {
		if wait == 0 {
			select {
			case <-ctx.Done():
			case <-r.woken:
			}
			wait = gatherTime
		}
		select {
		case <-ctx.Done():
			if err := r.Flush(context.WithoutCancel(ctx)); err != nil {
				r.log.LogAttrs(ctx, slog.LevelError, "the end of the audit trail is lost", slog.Any("error", err))
			}
			return
		case <-time.After(wait):
		}
		more, err := r.write(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			if !failing {
				r.log.LogAttrs(ctx, slog.LevelWarn, "the audit trail waits to be written", slog.Any("error", err))
			}
			wait = retryTime
		case more:
			wait = pauseTime
		default:
			wait = 0
		}
		failing = err != nil
	}
}

// Flush writes all rows that wait.
func (r *Recorder) Flush(ctx context.Context) error {
	for {
		if more, err := r.write(ctx); err != nil || !more {
			return err
		}
	}
}

// write writes one batch, and tells whether there is more. What cannot be written
// waits on.
func (r *Recorder) write(ctx context.Context) (more bool, err error) {
	r.writing.Lock()
	defer r.writing.Unlock()
	batch, rows, lost := r.take()
	if len(batch) == 0 {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	if err := r.store.AppendAudit(ctx, batch); err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		for space, n := range lost {
			r.lost[space] += n
		}
		return true, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.queue[:rows] {
		if r.waiting[a.Space]--; r.waiting[a.Space] == 0 {
			delete(r.waiting, a.Space)
		}
	}
	r.queue = append(r.queue[:0:0], r.queue[rows:]...)
	for _, n := range lost {
		r.log.LogAttrs(ctx, slog.LevelWarn, "the audit trail has lost rows: they came faster than they could be written", slog.Int64("rows", n))
	}
	return len(r.queue) > 0 || len(r.lost) > 0, nil
}

// take gives the next batch: the first rows that wait, which stay in the queue, and
// one row for each space that has lost some.
func (r *Recorder) take() (batch []store.Audit, rows int, lost map[int64]int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rows = min(len(r.queue), batchSize)
	batch = append(batch, r.queue[:rows]...)
	lost, r.lost = r.lost, map[int64]int64{}
	for space, n := range lost {
		batch = append(batch, store.Audit{
			Space: space, At: r.now().UTC().Truncate(time.Microsecond), Category: store.AuditLost, Action: "overload", Count: n,
		})
	}
	return batch, rows, lost
}
