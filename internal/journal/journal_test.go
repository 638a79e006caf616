package journal

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/schemas"
)

// running are journals that are kept while the test runs.
func running(t testing.TB, o Options) *Journals {
	t.Helper()
	reg, err := schemas.Registry()
	if err != nil {
		t.Fatal(err)
	}
	js := New(o, reg)
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(func() { stop(); <-js.stopped })
	go js.Run(ctx)
	return js
}

// record records a request with an answer.
func (js *Journals) record(e Entry, body string) {
	r := js.Begin()
	r.For(7)
	if body != "" {
		r.Answer([]byte(body))
		r.Answering()
	}
	r.End(&Exchange{Entry: e, AnswerHeaders: map[string][]string{"Content-Type": {"application/json"}}})
}

func numbers(p *Page) (out []int64) {
	for _, e := range p.Entries {
		out = append(out, e.Number)
	}
	return out
}

func TestQueriesFindWhatTheySay(t *testing.T) {
	t.Parallel()
	js := running(t, Options{Entries: 100, Bytes: 1 << 20})
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	js.record(Entry{Time: at, Method: "POST", Path: "/scim/v2/Users", Operation: "create", Type: "User", ID: "1", Token: "a", Client: "okta", Status: 201}, `{"userName":"ada"}`)
	js.record(Entry{Time: at.Add(time.Hour), Method: "GET", Path: "/scim/v2/Groups", Operation: "list", Type: "Group", Token: "b", Client: "entra", Status: 200}, "")
	js.record(Entry{Time: at.Add(2 * time.Hour), Method: "GET", Path: "/scim/v2/Users/1", Operation: "read", Type: "User", ID: "1", Token: "a", Client: "okta", Status: 404}, "")
	j := js.Of(7)
	if _, err := j.SetMark(t.Context(), "here"); err != nil {
		t.Fatal(err)
	}
	js.record(Entry{Time: at.Add(3 * time.Hour), Method: "GET", Path: "/scim/v2/Users/2", Operation: "read", Type: "User", ID: "2", Token: "b", Client: "okta", Status: 500}, "")
	for query, want := range map[string][]int64{
		"": {1, 2, 3, 4}, "operation=read": {3, 4}, "operation=READ&id=1": {3}, "type=user": {1, 3, 4}, "id=1": {1, 3}, "method=get": {2, 3, 4},
		"path=/scim/v2/Users": {1, 3, 4}, "path=/scim/v2/Users/": {3, 4}, "status=404": {3}, "status=4xx": {3}, "status=2XX": {1, 2}, "token=a": {1, 3}, "client=okta": {1, 3, 4},
		"text=ada": {1}, "text=%22ada%22": {1}, "text=nobody": nil, "since=2": {3, 4}, "since=here": {4}, "since=2030-01-01T02:00:00Z": {3, 4}, "limit=1": {1},
		"limit=2&newest=true": {3, 4}, "token=a&status=201&since=0": {1},
	} {
		v, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		q, err := ParseQuery(v)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		again, err := ParseQuery(q.Values())
		if err != nil || again != q {
			t.Errorf("%s: read again as %+v (%v), want %+v", query, again, err, q)
		}
		page, err := j.Find(t.Context(), q)
		if err != nil || !reflect.DeepEqual(numbers(page), want) || page.Last != 4 || !page.Complete {
			t.Errorf("%s: %v (%v), want %v", query, numbers(page), err, want)
		}
	}
	for _, query := range []string{"status=4", "status=oops", "status=9xx", "status=099", "limit=-1", "limit=x", "newest=maybe"} {
		v, _ := url.ParseQuery(query)
		if _, err := ParseQuery(v); !scimerr.Is(err, 400) {
			t.Errorf("%s: %v", query, err)
		}
	}
	if _, err := j.Find(t.Context(), Query{Mark: "nowhere"}); !scimerr.Is(err, 400) {
		t.Errorf("an unknown mark: %v", err)
	}
	if e, err := j.Entry(t.Context(), 3); err != nil || e.Number != 3 {
		t.Errorf("entry 3: %+v, %v", e, err)
	}
	if _, err := j.Entry(t.Context(), 5); !scimerr.Is(err, 404) {
		t.Errorf("entry 5: %v", err)
	}
	for _, name := range []string{"", "12", "2030-01-01T00:00:00Z", "a b", "..", strings.Repeat("x", 129)} {
		if _, err := j.SetMark(t.Context(), name); !scimerr.Is(err, 400) {
			t.Errorf("mark %q: %v", name, err)
		}
	}
	if n := j.Clear(t.Context(), "a"); n != 2 || len(j.Marks()) != 1 {
		t.Errorf("%d entries of a cleared, marks %v", n, j.Marks())
	}
	if n := j.Clear(t.Context(), ""); n != 2 || len(j.Marks()) != 0 || j.size != 0 {
		t.Errorf("%d entries cleared, marks %v, size %d", n, j.Marks(), j.size)
	}
	js.record(Entry{Status: 200}, "")
	if page, err := j.Find(t.Context(), Query{}); err != nil || len(page.Entries) != 1 || page.Entries[0].Number != 5 {
		t.Errorf("numbers do not go on: %+v, %v", page, err)
	}
}

func TestARingKeepsTheLastWithinItsBounds(t *testing.T) {
	t.Parallel()
	js := running(t, Options{Entries: 5, Bytes: 1 << 20})
	for range 12 {
		js.record(Entry{Status: 200}, "")
	}
	page, err := js.Of(7).Find(t.Context(), Query{})
	if err != nil || fmt.Sprint(numbers(page)) != "[8 9 10 11 12]" {
		t.Errorf("%v, %v", numbers(page), err)
	}
	js = running(t, Options{Entries: 1000, Bytes: 10_000})
	for range 30 {
		js.record(Entry{Status: 200}, `{"displayName":"`+strings.Repeat("long ", 300)+`"}`)
	}
	j := js.Of(7)
	page, err = j.Find(t.Context(), Query{})
	if n := len(page.Entries); err != nil || n == 0 || n > 6 || page.Entries[n-1].Number != 30 || j.size > 10_000 {
		t.Errorf("%v in %d bytes, %v", numbers(page), j.size, err)
	}
	if page, err := js.Of(8).Find(t.Context(), Query{}); err != nil || len(page.Entries) != 0 {
		t.Errorf("another tenant has %+v, %v", page, err)
	}
	js.Drop(7)
	if page, err := js.Of(7).Find(t.Context(), Query{}); err != nil || len(page.Entries) != 0 {
		t.Errorf("a tenant that is gone has %+v, %v", page, err)
	}
}

func TestWaitingEndsWithTheEntryOrWithTheTime(t *testing.T) {
	t.Parallel()
	js := running(t, Options{Entries: 100, Bytes: 1 << 20})
	j := js.Of(7)
	got := make(chan *Page)
	go func() {
		page, err := j.Wait(context.Background(), Query{Operation: "create"}, 2, time.Minute)
		if err != nil {
			t.Error(err)
		}
		got <- page
	}()
	js.record(Entry{Operation: "create", Status: 201}, "")
	js.record(Entry{Operation: "list", Status: 200}, "")
	select {
	case page := <-got:
		t.Fatalf("one is enough for two: %+v", page)
	case <-time.After(20 * time.Millisecond):
	}
	js.record(Entry{Operation: "create", Status: 201}, "")
	if page := <-got; !page.Complete || page.Matched != 2 {
		t.Errorf("%+v", page)
	}
	page, err := j.Wait(t.Context(), Query{Operation: "create"}, 3, time.Millisecond)
	if err != nil || page.Complete || page.Matched != 2 || len(page.Entries) != 2 {
		t.Errorf("%+v, %v", page, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if page, err := j.Wait(ctx, Query{}, 9, time.Minute); err != nil || page.Complete || page.Matched != 3 {
		t.Errorf("%+v, %v", page, err)
	}
}

// A query sees what was answered before it, also when the handler of the request has
// not ended yet.
func TestAQueryWaitsForAnswersThatHaveBegun(t *testing.T) {
	t.Parallel()
	js := running(t, Options{Entries: 100, Bytes: 1 << 20})
	r := js.Begin()
	r.For(7)
	r.Answering()
	found := make(chan int)
	go func() {
		page, _ := js.Of(7).Find(context.Background(), Query{})
		found <- len(page.Entries)
	}()
	time.Sleep(5 * time.Millisecond)
	r.End(&Exchange{Entry: Entry{Status: 200}})
	if n := <-found; n != 1 {
		t.Errorf("%d entries, want 1", n)
	}
	r = js.Begin() // one that never ends is waited for in vain
	r.For(7)
	r.Answering()
	if page, err := js.Of(7).Find(t.Context(), Query{}); err != nil || len(page.Entries) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
}

func TestWhatComesTooFastIsDroppedAndCounted(t *testing.T) {
	t.Parallel()
	reg, err := schemas.Registry()
	if err != nil {
		t.Fatal(err)
	}
	js := New(Options{Entries: 100_000, Bytes: 1 << 30}, reg) // nobody reads the queue yet
	const extra = 10
	for range maxQueue + extra {
		js.record(Entry{Status: 200}, "")
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go js.Run(ctx)
	page, err := js.Of(7).Find(t.Context(), Query{})
	if err != nil || len(page.Entries) != maxQueue || page.Lost != extra {
		t.Errorf("%d entries, %d lost, %v", len(page.Entries), page.Lost, err)
	}
	if n := js.waiting.Load(); n != 0 {
		t.Errorf("%d bytes are still said to wait", n)
	}
}

func TestManyRequestsAtOnceAreAllKept(t *testing.T) {
	t.Parallel()
	js := running(t, Options{Entries: 10_000, Bytes: 64 << 20})
	const clients, each = 16, 50
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			token := fmt.Sprint("client-", c)
			for n := range each {
				js.record(Entry{Token: token, Status: 200}, fmt.Sprintf(`{"userName":"%s %d"}`, token, n))
				page, err := js.Of(7).Find(context.Background(), Query{Token: token, Text: fmt.Sprintf(`"%s %d"`, token, n)})
				if err != nil || len(page.Entries) != 1 {
					t.Errorf("%s: %d entries after request %d, %v", token, len(page.Entries), n, err)
				}
			}
		})
	}
	wg.Wait()
	if page, _ := js.Of(7).Find(t.Context(), Query{}); page.Matched != clients*each || page.Lost != 0 {
		t.Errorf("%d entries, %d lost", page.Matched, page.Lost)
	}
}

func TestBuffersAreUsedAgainOnlyWhenNobodyHasThem(t *testing.T) {
	t.Parallel()
	js := running(t, Options{Entries: 100, Bytes: 1 << 20})
	for n := range 50 {
		js.record(Entry{Status: 200}, fmt.Sprintf(`{"userName":"u%d"}`, n))
	}
	page, err := js.Of(7).Find(t.Context(), Query{})
	if err != nil {
		t.Fatal(err)
	}
	for n, e := range page.Entries {
		if want := fmt.Sprintf(`{"userName":"u%d"}`, n); !bytes.Equal(e.AnswerBody.JSON, []byte(want)) {
			t.Errorf("entry %d is %s, want %s", n, e.AnswerBody.JSON, want)
		}
	}
}
