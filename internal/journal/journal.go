// Package journal keeps what a tenant has received and answered, for tests that
// assert on it: a ring in the memory of the process, redacted before it is stored.
//
// A request copies what it must into pooled buffers (Recording) and hands them to
// one goroutine (Journals.Run), which redacts, and appends to the ring of the
// tenant. What comes faster than it can be kept is dropped and counted.
package journal

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
)

// Options bound the journal of each tenant: Entries in number, Bytes in memory.
type Options struct {
	Entries int
	Bytes   int64
}

const (
	// MaxMarks is how many marks a journal keeps.
	MaxMarks = 1000
	// MaxWait is the longest time that Wait waits.
	MaxWait = 10 * time.Minute
)

// Journal is that of one tenant.
type Journal struct {
	options Options
	settle  func(context.Context)
	// lost counts requests that were not kept, because too many came at once.
	lost atomic.Int64

	mu      sync.Mutex
	entries []*Entry
	size    int64
	last    int64
	marks   []Mark
	// changed is closed when an entry comes.
	changed chan struct{}
}

func newJournal(o Options, settle func(context.Context)) *Journal {
	return &Journal{options: o, settle: settle, changed: make(chan struct{})}
}

// Mark is a named position: before all requests that come after it was set.
type Mark struct {
	Name string `json:"name"`
	// Number is that of the last entry before the mark.
	Number int64 `json:"number"`
}

// Page is what a query finds: the entries, the oldest first.
type Page struct {
	Entries []*Entry `json:"entries"`
	// Matched is how many entries match; there may be more than Entries has.
	Matched int `json:"matched"`
	// Complete tells, of a query that waited, that as many match as were waited for.
	Complete bool `json:"complete"`
	// Last is the number of the newest entry of the journal; the query that has it as
	// Since finds what comes afterwards.
	Last int64 `json:"last"`
	// Lost is how many requests were not kept, because too many came at once.
	Lost int64 `json:"lost"`
}

func (j *Journal) append(e *Entry) {
	e.weigh()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last++
	e.Number = j.last
	j.entries = append(j.entries, e)
	j.size += int64(e.size)
	for len(j.entries) > 0 && (len(j.entries) > j.options.Entries || j.size > j.options.Bytes) {
		j.size -= int64(j.entries[0].size)
		j.entries[0] = nil
		j.entries = j.entries[1:]
	}
	close(j.changed)
	j.changed = make(chan struct{})
}

// Find gives the entries that match. Requests that were answered before it is called
// are among them.
func (j *Journal) Find(ctx context.Context, q Query) (*Page, error) {
	j.settle(ctx)
	page, _, err := j.find(q)
	return page, err
}

func (j *Journal) find(q Query) (*Page, <-chan struct{}, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	after, err := j.position(&q)
	if err != nil {
		return nil, nil, err
	}
	page := &Page{Entries: []*Entry{}, Complete: true, Last: j.last, Lost: j.lost.Load()}
	for _, e := range j.entries {
		if e.Number > after && q.matches(e) {
			page.Entries = append(page.Entries, e)
		}
	}
	if page.Matched = len(page.Entries); q.Limit > 0 && page.Matched > q.Limit {
		if q.Newest {
			page.Entries = page.Entries[page.Matched-q.Limit:]
		} else {
			page.Entries = page.Entries[:q.Limit]
		}
	}
	return page, j.changed, nil
}

// position is the number after which entries match.
func (j *Journal) position(q *Query) (int64, error) {
	if q.Mark == "" {
		return q.After, nil
	}
	i := slices.IndexFunc(j.marks, func(m Mark) bool { return m.Name == q.Mark })
	if i < 0 {
		return 0, scimerr.InvalidValue("since", "There is no mark of this name, and it is neither a number nor a time such as 2030-12-31T12:00:00Z.")
	}
	return max(q.After, j.marks[i].Number), nil
}

// Wait gives the entries that match as soon as there are n, or, not Complete, those
// that there are when the time is over or ctx ends.
func (j *Journal) Wait(ctx context.Context, q Query, n int, limit time.Duration) (*Page, error) {
	ctx, cancel := context.WithTimeout(ctx, min(limit, MaxWait))
	defer cancel()
	j.settle(ctx)
	for {
		page, changed, err := j.find(q)
		if err != nil || page.Matched >= n {
			return page, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			page.Complete = false
			return page, nil
		}
	}
}

// Entry gives one entry; 404.
func (j *Journal) Entry(ctx context.Context, number int64) (*Entry, error) {
	j.settle(ctx)
	j.mu.Lock()
	defer j.mu.Unlock()
	i, ok := slices.BinarySearchFunc(j.entries, number, func(e *Entry, n int64) int { return int(e.Number - n) })
	if !ok {
		return nil, scimerr.NotFound("The journal has no entry %d: it holds what came last, and numbers begin with 1.", number)
	}
	return j.entries[i], nil
}

// SetMark sets a mark at the end of the journal, or moves it there.
func (j *Journal) SetMark(ctx context.Context, name string) (Mark, error) {
	j.settle(ctx)
	if err := checkMark(name); err != nil {
		return Mark{}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	m := Mark{Name: name, Number: j.last}
	if i := slices.IndexFunc(j.marks, func(m Mark) bool { return m.Name == name }); i >= 0 {
		j.marks[i] = m
		return m, nil
	}
	if len(j.marks) >= MaxMarks {
		return Mark{}, scimerr.Conflict("A journal has at most %d marks; clear removes them.", MaxMarks)
	}
	j.marks = append(j.marks, m)
	return m, nil
}

// Marks lists the marks, in the order in which they were first set.
func (j *Journal) Marks() []Mark {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]Mark{}, j.marks...)
}

// Clear removes the entries of one token or application, or, with "", everything,
// marks too. It gives how many entries went. Numbers go on.
func (j *Journal) Clear(ctx context.Context, token string) int {
	j.settle(ctx)
	j.mu.Lock()
	defer j.mu.Unlock()
	before := len(j.entries)
	j.entries = slices.DeleteFunc(slices.Clone(j.entries), func(e *Entry) bool { return token == "" || e.Token == token })
	j.size = 0
	for _, e := range j.entries {
		j.size += int64(e.size)
	}
	if token == "" {
		j.marks = nil
		j.lost.Store(0)
	}
	return before - len(j.entries)
}
