package journal

import (
	"container/list"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scimd/scimd/internal/schema"
)

// Options bound the journal of each tenant: Entries in number, Bytes in memory; and
// all of them together: Total, in memory, 0 for no bound.
type Options struct {
	Entries int
	Bytes   int64
	Total   int64
}

const (
	// maxQueue and maxWaiting bound what waits to be redacted: requests, and the bytes
	// of their bodies.
	maxQueue   = 4096
	maxWaiting = 64 << 20
	// rest is how long entries are late at most that nobody waits for.
	rest = 5 * time.Millisecond
)

// Journals are the journals of all tenants of a process.
type Journals struct {
	options Options
	names   *names
	key     []byte
	queue   chan *item
	waiting atomic.Int64
	asked   chan struct{}
	stopped chan struct{}
	total   atomic.Int64
	// scratch is of the one goroutine that redacts.
	scratch []byte

	mu       sync.RWMutex
	byTenant map[int64]*Journal

	// aged are the journals of all entries, once for each, by the age of the entries.
	// Who holds the lock of a journal may take this one, not the other way round.
	ages sync.Mutex
	aged list.List
}

// item is an exchange to keep.
type item struct {
	Exchange
	recording *Recording
}

// New makes the journals; what is recorded is kept while Run runs.
func New(o Options, reg *schema.Registry) *Journals {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails: the runtime aborts the process instead
	return &Journals{
		options: o, names: newNames(reg), key: key, queue: make(chan *item, maxQueue), asked: make(chan struct{}, 1), stopped: make(chan struct{}), byTenant: map[int64]*Journal{},
	}
}

// Of is the journal of a tenant.
func (js *Journals) Of(tenant int64) *Journal {
	js.mu.RLock()
	j := js.byTenant[tenant]
	js.mu.RUnlock()
	if j != nil {
		return j
	}
	js.mu.Lock()
	defer js.mu.Unlock()
	if j = js.byTenant[tenant]; j == nil {
		j = &Journal{all: js, answering: map[*Recording]struct{}{}}
		js.byTenant[tenant] = j
	}
	return j
}

// Drop forgets the journal of a tenant that was deleted, and what still comes for it.
func (js *Journals) Drop(tenant int64) {
	js.mu.Lock()
	j := js.byTenant[tenant]
	delete(js.byTenant, tenant)
	js.mu.Unlock()
	if j != nil {
		j.end()
	}
}

// Run keeps what is recorded until ctx ends. It takes what has come, and then rests
// a little unless somebody asks: requests need not wake it one by one.
func (js *Journals) Run(ctx context.Context) {
	defer close(js.stopped)
	resting := time.NewTimer(rest)
	defer resting.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case x := <-js.queue:
			js.keep(x)
		}
		for more := true; more && ctx.Err() == nil; {
			select {
			case x := <-js.queue:
				js.keep(x)
			default:
				more = false
			}
		}
		resting.Reset(rest)
		select {
		case <-ctx.Done():
			return
		case <-js.asked:
		case <-resting.C:
		}
	}
}

// keep puts an exchange into its journal.
func (js *Journals) keep(x *item) {
	x.recording.journal.append(js.entry(x))
	x.recording.release()
	for o := js.options.Total; o > 0 && js.total.Load() > o; {
		if !js.forgetOldest() {
			return
		}
	}
}

// ask ends the rest of Run: somebody waits.
func (js *Journals) ask() {
	select {
	case js.asked <- struct{}{}:
	default:
	}
}

// forgetOldest removes the oldest entry of all journals; false when there is none.
func (js *Journals) forgetOldest() bool {
	js.ages.Lock()
	oldest := js.aged.Front()
	js.ages.Unlock()
	if oldest == nil {
		return false
	}
	oldest.Value.(*Journal).forgetOldest()
	return true
}

// enqueue has an exchange kept; false when too many wait.
func (js *Journals) enqueue(x *item) bool {
	select {
	case js.queue <- x:
		return true
	default:
		return false
	}
}

// hash is the keyed hash of a body that is not kept.
func (js *Journals) hash(data []byte) string {
	h := hmac.New(sha256.New, js.key)
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}
