package journal

import (
	"bytes"
	"io"
	"sync"
)

const (
	// captured is how much of a body is taken along, to be read as a whole; kept how
	// much of a redacted one is kept.
	captured = 1 << 20
	kept     = 64 << 10
	// pooled is the size up to which a buffer is used again.
	pooled = 256 << 10
)

// Exchange is what a server tells of a request when it is over. Maps and slices must
// not be changed afterwards.
type Exchange struct {
	Entry Entry
	// Names of headers are canonical.
	Headers, AnswerHeaders map[string][]string
	// Length is how long the body of the request was said to be, in bytes; below 0
	// when that was not said.
	Length int64
	// Form tells that the body of the request was to be a form.
	Form bool
	// Rule is that of a refusal, "" for one of its status; At what was at fault, and
	// Detail what the client is told of it.
	Rule, At, Detail string
}

// Recording follows one request from its arrival to the end of its answer. It is
// used by the goroutine of the request alone. A nil one records nothing.
type Recording struct {
	journals        *Journals
	journal         *Journal
	request, answer *bytes.Buffer
	read, written   int64
	answering       bool
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Begin begins to record a request.
func (js *Journals) Begin() *Recording { return &Recording{journals: js} }

// For tells which tenant the request is for: what comes for none is not kept.
func (r *Recording) For(tenant int64) {
	if r != nil {
		r.journal = r.journals.Of(tenant)
	}
}

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

// Answering tells that the client may soon have all that it gets: from now on a query
// waits for the end of the recording.
func (r *Recording) Answering() {
	if r.journal != nil && !r.answering {
		r.answering = true
		r.journal.enter(r)
	}
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
	keep := x != nil && r.journal != nil
	if keep {
		r.journal.expect()
		size := r.held()
		if keep = js.waiting.Add(size) <= maxWaiting && js.enqueue(&item{*x, r}); !keep {
			js.waiting.Add(-size)
			r.journal.lose()
		}
	}
	if r.answering {
		r.journal.leave(r)
	}
	if !keep {
		r.drop()
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
