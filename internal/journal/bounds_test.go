package journal

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
)

// recordFor records a request to a tenant, whose answer has about that many bytes.
func (js *Journals) recordFor(tenant int64, bytes int) {
	r := js.Begin()
	r.For(tenant)
	r.Answer([]byte(`{"displayName":"` + strings.Repeat("long ", bytes/5) + `"}`))
	r.End(&Exchange{Entry: Entry{Status: 200}, AnswerHeaders: map[string][]string{"Content-Type": {"application/json"}}})
}

func (js *Journals) found(t testing.TB, tenant int64) []int64 {
	t.Helper()
	page, err := js.Of(tenant).Find(t.Context(), Query{})
	if err != nil {
		t.Fatal(err)
	}
	return numbers(page)
}

// Thousands of tenants take no more memory than all journals may have together: the
// oldest entries go first, whosever they are.
func TestAllJournalsTogetherHaveABound(t *testing.T) {
	t.Parallel()
	const total = 100_000
	js := running(t, Options{Entries: 1000, Bytes: 1 << 20, Total: total})
	js.recordFor(1, 5000)
	js.recordFor(2, 5000)
	js.recordFor(1, 5000)
	for n := range 200 {
		js.recordFor(int64(3+n%50), 5000)
		if n == 10 {
			if got := fmt.Sprint(js.found(t, 1), js.found(t, 2)); got != "[1 2] [1]" {
				t.Errorf("below the bound there are %s", got)
			}
		}
	}
	js.recordFor(2, 10)
	js.found(t, 2) // all that came before has been looked at then
	if got := fmt.Sprint(js.found(t, 1), js.found(t, 2)); got != "[] [2]" {
		t.Errorf("the oldest are still there, or the youngest are not: %s", got)
	}
	kept := 0
	for js.total.Load() > total { // the last has just come
		time.Sleep(time.Millisecond)
	}
	for n := range 50 {
		kept += len(js.found(t, int64(3+n)))
	}
	if n := js.total.Load(); n > total || n < total/2 || kept < 10 || js.aged.Len() != kept+1 {
		t.Errorf("%d entries in %d bytes, %d aged", kept, n, js.aged.Len())
	}
	for n := range 53 {
		js.Of(int64(n)).Clear(t.Context(), "")
	}
	if n := js.total.Load(); n != 0 || js.aged.Len() != 0 {
		t.Errorf("of nothing there are %d bytes, %d aged", n, js.aged.Len())
	}
}

// The size that is counted is about that in memory.
func TestSizesAreThoseInMemory(t *testing.T) {
	js := running(t, Options{Entries: 100_000, Bytes: 1 << 30})
	record := func() {
		r := js.Begin()
		r.For(7)
		r.Answer([]byte(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada","displayName":"Ada Lovelace","active":true}`))
		r.End(&Exchange{
			Entry: Entry{Status: 200, Method: "GET", Path: strings.Clone("/scim/v2/Users/1"), Origin: "http://127.0.0.1:8080"},
			Headers: map[string][]string{"Accept": {"application/scim+json"}, "Authorization": {"Bearer for-tests"}, "User-Agent": {"Go-http-client/1.1"},
				"Accept-Encoding": {"gzip"}},
			AnswerHeaders: map[string][]string{"Content-Type": {"application/scim+json"}, "Content-Length": {"200"}, "Cache-Control": {"no-store"}, "X-Request-Id": {"abcdefghijklmnopqrst"}},
		})
	}
	memory := func() uint64 {
		js.found(t, 7)
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	record()
	before := memory()
	const n = 3000
	for range n {
		record()
	}
	inMemory, counted := float64(memory()-before)/n, float64(js.total.Load())/(n+1)
	if ratio := inMemory / counted; ratio < 0.4 || ratio > 1.6 {
		t.Errorf("%.0f bytes in memory of each entry, of which %.0f are counted", inMemory, counted)
	}
}

func TestNothingIsKeptOfATenantThatIsGone(t *testing.T) {
	t.Parallel()
	js := running(t, Options{Entries: 100, Bytes: 1 << 20})
	under := js.Begin() // a request that ends after its tenant
	under.For(7)
	js.recordFor(7, 100)
	j := js.Of(7)
	waited := make(chan error)
	go func() {
		_, err := j.Wait(context.Background(), Query{}, 99, time.Minute)
		waited <- err
	}()
	js.found(t, 7)
	js.Drop(7)
	if err := <-waited; !scimerr.Is(err, 404) {
		t.Errorf("who waits gets %v", err)
	}
	under.End(&Exchange{Entry: Entry{Status: 200}})
	if page, err := j.Find(t.Context(), Query{}); err != nil || page.Matched != 0 {
		t.Errorf("%+v, %v", page, err)
	}
	js.mu.RLock()
	defer js.mu.RUnlock()
	if n := len(js.byTenant); n != 0 || js.total.Load() != 0 || js.aged.Len() != 0 {
		t.Errorf("%d journals, %d bytes, %d aged", n, js.total.Load(), js.aged.Len())
	}
}

// A slow answer of one tenant holds up no query of another.
func TestTenantsDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	js := running(t, Options{Entries: 100, Bytes: 1 << 20})
	slow := js.Begin()
	slow.For(1)
	slow.Answering()
	began := time.Now()
	for range 100 {
		js.recordFor(2, 10)
		js.found(t, 2)
	}
	if took := time.Since(began); took > 50*settleTime {
		t.Errorf("100 queries took %s", took)
	}
}

// A thousand who wait look at each entry once, and all of them are woken.
func TestManyWaitForTheSame(t *testing.T) {
	t.Parallel()
	js := running(t, Options{Entries: 10, Bytes: 1 << 20})
	j := js.Of(7)
	const waiters, requests = 1000, 50
	var all sync.WaitGroup
	for n := range waiters {
		all.Go(func() {
			page, err := j.Wait(context.Background(), Query{Since: time.Time{}}, requests-n%5, time.Minute)
			if err != nil || !page.Complete || len(page.Entries) == 0 {
				t.Errorf("waiter %d: %+v, %v", n, page, err)
			}
		})
	}
	over := make(chan struct{})
	go func() {
		all.Wait()
		close(over)
	}()
	for { // who begins late, or is woken late, needs more
		js.recordFor(7, 10)
		select {
		case <-over:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// What a text costs grows with its length, not with the square of it: eight times as
// long a one would cost 64 times as much. The memory that is used on the way tells,
// which others do not change as they do times.
func TestLongTextsAreRedactedInTime(t *testing.T) {
	random := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "w%dX%dy%dZ%d ", i, i*7, i*13, i*17)
		}
		return b.String()
	}
	filter := func(n int) string { return strings.Repeat(`password eq "x" or key eq "secret" and `, n) }
	m := &masker{names: testNames(t)}
	for name, c := range map[string]struct {
		text   func(int) string
		redact func(string) string
	}{
		"words": {random, withoutRandom}, "a sentence": {func(n int) string { return strings.ReplaceAll(random(n), "X", "%58") }, m.sentence}, "a filter": {filter, m.namesOnly},
	} {
		cost := func(n int) uint64 {
			text := c.text(n)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			c.redact(text)
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		if short, long := cost(500), cost(4000); long > 16*short {
			t.Errorf("%s: %d bytes, and for eight times as much %d", name, short, long)
		}
	}
}

func TestABodyThatWasNotReadIsKeptByItsLength(t *testing.T) {
	t.Parallel()
	js := running(t, Options{Entries: 10, Bytes: 1 << 20})
	r := js.Begin()
	r.For(7)
	r.End(&Exchange{Entry: Entry{Status: 413}, Headers: map[string][]string{"Content-Type": {"application/json"}}, Length: 1 << 30})
	page, err := js.Of(7).Find(t.Context(), Query{})
	if err != nil || len(page.Entries) != 1 {
		t.Fatal(page, err)
	}
	b := page.Entries[0].Body
	if b == nil || !b.Unread || b.Bytes != 1<<30 || b.Media != "application/json" || b.Hash != "" || b.JSON != nil {
		t.Errorf("body %+v", b)
	}
	h := page.Archive("test", func(int) string { return "" }).Log.Entries[0].Request
	if h.BodySize != 1<<30 || h.PostData == nil || h.PostData.Comment == "" {
		t.Errorf("in the archive %+v", h)
	}
}
