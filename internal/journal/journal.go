// Package journal keeps what a tenant has received and answered, for tests that
// assert on it: a ring in the memory of the process, redacted before it is stored.
//
// A request copies what it must into pooled buffers (Recording) and hands them to
// one goroutine (Journals.Run), which redacts, and appends to the ring of the
// tenant. What comes faster than it can be kept is dropped and counted. A query
// waits for what was answered before it (Journal.settle).
package journal

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
)

const (
	// MaxMarks is how many marks a journal keeps.
	MaxMarks = 1000
	// MaxWait is the longest time that Wait waits.
	MaxWait = 10 * time.Minute
)

// Journal is that of one tenant.
type Journal struct {
	all *Journals

	mu      sync.Mutex
	entries []*Entry
	size    int64
	last    int64
	marks   []Mark
	cleared int  // how often
	over    bool // the tenant is gone
	// lost counts requests that were not kept, because too many came at once.
	lost int64
	// expected counts the requests that were to be kept, and settled those of them
	// that are, or are lost.
	expected, settled int64
	// answering are the recordings whose answers a client may have already.
	answering map[*Recording]struct{}
	// changed is closed when an entry has come, and ended when a recording of
	// answering has ended; nil while nobody waits.
	changed, ended chan struct{}
}

// Mark is a named position: before all requests that come after it was set.
type Mark struct {
	Name   string `json:"name" doc:"What it is called."`
	Number int64  `json:"number" doc:"Number of the last entry before it."`
}

// Page is what a query finds: the entries, the oldest first.
type Page struct {
	Entries  []*Entry `json:"entries" doc:"The entries, the oldest first."`
	Matched  int      `json:"matched" doc:"How many match; there may be more than are given."`
	Complete bool     `json:"complete" doc:"Of a query that waited: as many match as were waited for."`
	Last     int64    `json:"last" doc:"Number of the newest entry; as since it finds what comes afterwards."`
	Lost     int64    `json:"lost" doc:"How many requests were not kept, because too many came at once."`
}

// append keeps an entry.
func (j *Journal) append(e *Entry) {
	e.weigh()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.settled++
	if !j.over {
		j.last++
		e.Number = j.last
		j.entries = append(j.entries, e)
		j.count(e)
		for len(j.entries) > j.all.options.Entries || j.size > j.all.options.Bytes {
			j.shift()
		}
	}
	wake(&j.changed)
}

// count adds a new entry to what is counted; j.mu is held.
func (j *Journal) count(e *Entry) {
	j.size += int64(e.size)
	j.all.total.Add(int64(e.size))
	j.all.ages.Lock()
	defer j.all.ages.Unlock()
	e.age = j.all.aged.PushBack(j)
}

// discount takes an entry that goes out of what is counted; j.mu is held.
func (j *Journal) discount(e *Entry) {
	j.size -= int64(e.size)
	j.all.total.Add(-int64(e.size))
	j.all.ages.Lock()
	defer j.all.ages.Unlock()
	j.all.aged.Remove(e.age)
}

// shift removes the oldest entry; j.mu is held.
func (j *Journal) shift() {
	j.discount(j.entries[0])
	j.entries[0] = nil
	j.entries = j.entries[1:]
}

// forgetOldest removes the oldest entry, if there is one.
func (j *Journal) forgetOldest() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.entries) > 0 {
		j.shift()
	}
}

// end empties the journal of a tenant that is gone; nothing comes into it any more.
func (j *Journal) end() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.clear("")
	j.over = true
	wake(&j.changed)
}

// from is the place of the first entry after a number; j.mu is held.
func (j *Journal) from(after int64) int {
	i, _ := slices.BinarySearchFunc(j.entries, after, func(e *Entry, n int64) int { return cmp.Compare(e.Number, n+1) })
	return i
}

// Find gives the entries that match. Requests that were answered before it is called
// are among them.
func (j *Journal) Find(ctx context.Context, q Query) (*Page, error) {
	j.settle(ctx)
	return j.find(q)
}

func (j *Journal) find(q Query) (*Page, error) {
	j.mu.Lock()
	after, err := j.position(&q)
	list := slices.Clone(j.entries[j.from(after):]) // entries do not change
	page := &Page{Entries: []*Entry{}, Complete: true, Last: j.last, Lost: j.lost}
	j.mu.Unlock()
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if q.matches(e) {
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
	return page, nil
}

// position is the number after which entries match; 400 for names that none has.
func (j *Journal) position(q *Query) (int64, error) {
	types := j.all.names.types
	if q.Type != "" && !slices.ContainsFunc(types, func(name string) bool { return strings.EqualFold(name, q.Type) }) {
		return 0, scimerr.InvalidValue("type", "There is no resource type %.64q; there are %s.", q.Type, strings.Join(types, ", "))
	}
	if q.Mark == "" {
		return q.After, nil
	}
	i := slices.IndexFunc(j.marks, func(m Mark) bool { return m.Name == q.Mark })
	if i < 0 {
		return 0, scimerr.InvalidValue("since", "There is no mark of this name, and it is neither a number nor a time such as 2030-12-31T12:00:00Z.")
	}
	return max(q.After, j.marks[i].Number), nil
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
	return j.clear(token)
}

func (j *Journal) clear(token string) int {
	left := make([]*Entry, 0, len(j.entries))
	for _, e := range j.entries {
		if token == "" || e.Token == token {
			j.discount(e)
		} else {
			left = append(left, e)
		}
	}
	gone := len(j.entries) - len(left)
	j.entries = left
	j.cleared++
	if token == "" {
		j.marks, j.lost = nil, 0
	}
	return gone
}
