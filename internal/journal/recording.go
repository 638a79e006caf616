package journal

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scimd/scimd/internal/schema"
)

const (
	// captured is how much of a body is taken along, to be read as a whole; kept how
	// much of a redacted one is kept.
	captured = 1 << 20
	kept     = 64 << 10
	// maxQueue and maxWaiting bound what waits to be redacted: requests, and the bytes
	// of their bodies.
	maxQueue   = 4096
	maxWaiting = 64 << 20
	// pooled is the size up to which a buffer is used again.
	pooled = 256 << 10
	// settleTime is how long a query waits for requests whose answers have begun.
	settleTime = 250 * time.Millisecond
)

// Journals are the journals of all tenants of a process.
type Journals struct {
	options Options
	names   *names
	key     []byte
	queue   chan item
	waiting atomic.Int64
	stopped chan struct{}

	mu       sync.Mutex
	byTenant map[int64]*Journal
	// answering are the recordings whose answers have begun.
	answering map[*Recording]struct{}
}

// item is an exchange to keep, or, with reached, the question when the queue has come
// this far.
type item struct {
	Exchange
	recording *Recording
	reached   chan struct{}
}

// New makes the journals; what is recorded is kept while Run runs.
func New(o Options, reg *schema.Registry) *Journals {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails: the runtime aborts the process instead
	return &Journals{
		options: o, names: newNames(reg), key: key, queue: make(chan item, maxQueue), stopped: make(chan struct{}),
		byTenant: map[int64]*Journal{}, answering: map[*Recording]struct{}{},
	}
}

// Of is the journal of a tenant.
func (js *Journals) Of(tenant int64) *Journal {
	js.mu.Lock()
	defer js.mu.Unlock()
	j := js.byTenant[tenant]
	if j == nil {
		j = newJournal(js.options, js.settle)
		js.byTenant[tenant] = j
	}
	return j
}

// Keep drops the journals of tenants that are not there any more.
func (js *Journals) Keep(there func(tenant int64) bool) {
	js.mu.Lock()
	defer js.mu.Unlock()
	maps.DeleteFunc(js.byTenant, func(tenant int64, _ *Journal) bool { return !there(tenant) })
}

// Run keeps what is recorded until ctx ends.
func (js *Journals) Run(ctx context.Context) {
	defer close(js.stopped)
	for {
		select {
		case <-ctx.Done():
			return
		case x := <-js.queue:
			if x.reached != nil {
				close(x.reached)
				continue
			}
			js.Of(x.Tenant).append(js.entry(&x))
			x.recording.release()
		}
	}
}

// settle returns when all that was answered before is in the journals.
func (js *Journals) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	js.mu.Lock()
	begun := make([]chan struct{}, 0, len(js.answering))
	for r := range js.answering {
		begun = append(begun, r.done)
	}
	js.mu.Unlock()
	for _, done := range begun {
		select {
		case <-done:
		case <-ctx.Done():
		}
	}
	// What waits in the queue is soon kept: only the end of the server bounds this.
	reached := make(chan struct{})
	select {
	case js.queue <- item{reached: reached}:
	case <-js.stopped:
		return
	}
	select {
	case <-reached:
	case <-js.stopped:
	}
}

// Exchange is what a server tells of a request when it is over. Maps and slices must
// not be changed afterwards.
type Exchange struct {
	Tenant int64
	Entry  Entry
	// Names of headers are canonical.
	Headers, AnswerHeaders map[string][]string
	// Form tells that the body of the request was to be a form.
	Form bool
	// Rule is that of a refusal, "" for one of its status; At what was at fault.
	Rule, At string
}

// Recording follows one request from its arrival to the end of its answer. It is
// used by the goroutine of the request alone.
type Recording struct {
	journals        *Journals
	request, answer *bytes.Buffer
	read, written   int64
	// done is closed when the answer is over, nil before it has begun.
	done chan struct{}
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Begin begins to record a request.
func (js *Journals) Begin() *Recording { return &Recording{journals: js} }

// Request takes along what is read of the body of the request.
func (r *Recording) Request(body io.ReadCloser) io.ReadCloser { return &tee{body, r} }

type tee struct {
	io.ReadCloser
	r *Recording
}

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if n > 0 {
		t.r.read += int64(n)
		t.r.request = capture(t.r.request, p[:n])
	}
	return n, err
}

// Answering tells that the answer is about to begin: from now on a query waits for
// its end.
func (r *Recording) Answering() {
	if r.done != nil {
		return
	}
	r.done = make(chan struct{})
	r.journals.mu.Lock()
	r.journals.answering[r] = struct{}{}
	r.journals.mu.Unlock()
}

// Answer takes along a part of the body of the answer.
func (r *Recording) Answer(p []byte) {
	r.written += int64(len(p))
	r.answer = capture(r.answer, p)
}

func capture(b *bytes.Buffer, p []byte) *bytes.Buffer {
	if b == nil {
		b = buffers.Get().(*bytes.Buffer)
	}
	b.Write(p[:min(len(p), captured-b.Len())])
	return b
}

// End ends the recording: with what is to be kept, or nil for nothing.
func (r *Recording) End(x *Exchange) {
	js := r.journals
	if x != nil {
		size := r.held()
		if js.waiting.Add(size) > maxWaiting || !js.enqueue(item{Exchange: *x, recording: r}) {
			js.waiting.Add(-size)
			js.Of(x.Tenant).lost.Add(1)
			x = nil
		}
	}
	if r.done != nil {
		js.mu.Lock()
		delete(js.answering, r)
		js.mu.Unlock()
		close(r.done)
	}
	if x == nil {
		r.drop()
	}
}

func (js *Journals) enqueue(x item) bool {
	select {
	case js.queue <- x:
		return true
	default:
		return false
	}
}

func (r *Recording) held() (size int64) {
	for _, b := range []*bytes.Buffer{r.request, r.answer} {
		if b != nil {
			size += int64(b.Len())
		}
	}
	return size
}

// release gives back what an exchange that is kept has held.
func (r *Recording) release() {
	r.journals.waiting.Add(-r.held())
	r.drop()
}

func (r *Recording) drop() {
	for _, b := range []*bytes.Buffer{r.request, r.answer} {
		if b != nil && b.Cap() <= pooled {
			b.Reset()
			buffers.Put(b)
		}
	}
	r.request, r.answer = nil, nil
}

// hash is the keyed hash of a body that is not kept.
func (js *Journals) hash(data []byte) string {
	h := hmac.New(sha256.New, js.key)
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}
