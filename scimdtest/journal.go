package scimdtest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/journal"
)

// Mark is a position in the journal of a tenant. The zero Mark is its beginning.
type Mark struct{ number int64 }

// Filter selects requests. What is zero is not asked for: Filter{} is each request.
type Filter struct {
	Operation Operation
	// Type is a resource type such as User, ID the id of the resource; a create has
	// the id that it was given.
	Type, ID string
	// Method is the method, Path the beginning of the path, with that of the URL.
	Method, Path string
	// Status is that of the answer; 4 means each from 400 to 499, and so on.
	Status int
	// Text stands in the body of the request or of the answer.
	Text string
	// After is a mark that came before.
	After Mark
}

func (f Filter) query() journal.Query {
	q := journal.Query{Operation: string(f.Operation), Type: f.Type, ID: f.ID, Method: f.Method, Path: f.Path, Text: f.Text, After: f.After.number}
	if q.Status = strconv.Itoa(f.Status); f.Status < 10 {
		q.Status += "xx"
	}
	if f.Status == 0 {
		q.Status = ""
	}
	return q
}

// String tells what is asked for, such as operation=create type=User.
func (f Filter) String() string {
	q := f.query()
	q.After = 0
	v := q.Values()
	v.Del("limit")
	text, _ := url.QueryUnescape(strings.ReplaceAll(v.Encode(), "&", " "))
	if text == "" {
		return "any"
	}
	return text
}

// Exchange is a request with its answer. Secrets in it read ***.
type Exchange struct {
	// Time is when it came, by the clock of the machine.
	Time time.Time
	// RequestID is that of the header X-Request-Id of the answer.
	RequestID string
	// Path and Query are as they came, escaped.
	Method, Path, Query string
	Operation           Operation
	// Type and ID are those of the resource.
	Type, ID      string
	RequestHeader http.Header
	// RequestBody is JSON, written anew, or a form; nil where there was none, or
	// neither of these.
	RequestBody []byte
	// Status is 0 when the connection was cut before there was an answer.
	Status         int
	ResponseHeader http.Header
	ResponseBody   []byte
	Duration       time.Duration
	// Cut tells that the connection was cut in the middle.
	Cut bool
	// Refusal tells of a status from 400 on why; else nil.
	Refusal *Refusal

	number int64
}

// Refusal tells why a request was refused.
type Refusal struct {
	// Rule is a scimType, an error of OAuth, or a name for the status. At is the
	// attribute, the path or the position at fault, if there is one.
	Rule, At string
	// Detail is the sentence that the client got.
	Detail string
}

// String is the exchange on a line: POST /scim/v2/Users: 409 uniqueness: ….
func (e Exchange) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.Method, e.Path)
	if e.Query != "" {
		b.WriteString("?" + e.Query)
	}
	switch {
	case e.Status == 0:
		b.WriteString(": cut")
	default:
		fmt.Fprintf(&b, ": %d", e.Status)
	}
	if r := e.Refusal; r != nil {
		fmt.Fprintf(&b, " %s: %s", r.Rule, r.Detail)
	}
	return b.String()
}

func exchange(e *journal.Entry) Exchange {
	out := Exchange{
		Time: e.Time, RequestID: e.RequestID, Method: e.Method, Path: e.Path, Query: e.Query,
		Operation: Operation(e.Operation), Type: e.Type, ID: e.ID, Status: e.Status, Cut: e.Cut,
		RequestHeader: e.Headers, RequestBody: body(e.Body), ResponseHeader: e.AnswerHeaders, ResponseBody: body(e.AnswerBody),
		Duration: time.Duration(e.Milliseconds * float64(time.Millisecond)), number: e.Number,
	}
	if w := e.Why; w != nil {
		out.Refusal = &Refusal{Rule: w.Rule, At: w.At, Detail: w.Detail}
	}
	return out
}

func body(b *journal.Body) []byte {
	switch {
	case b == nil:
		return nil
	case b.JSON != nil:
		return b.JSON
	case b.Text != "":
		return []byte(b.Text)
	}
	return nil
}

func exchanges(p *journal.Page) []Exchange {
	out := make([]Exchange, len(p.Entries))
	for i, e := range p.Entries {
		out[i] = exchange(e)
	}
	return out
}

// Mark is the end of the journal now: what comes later is after it.
func (s *Server) Mark(t testing.TB) Mark {
	t.Helper()
	page, err := s.manage.Journal(context.Background(), s.tenant, journal.Query{Limit: 1, Newest: true})
	must(t, "read the journal", err)
	return Mark{page.Last}
}

// Received gives the requests that the tenant has received, the oldest first. Each
// request is among them as soon as its client has the answer. The journal has the
// last 1,000.
func (s *Server) Received(t testing.TB, f Filter) []Exchange {
	t.Helper()
	page, err := s.manage.Journal(context.Background(), s.tenant, f.query())
	must(t, "read the journal", err)
	return exchanges(page)
}

// Expect fails the test, which goes on, unless exactly n requests were received that
// a filter selects, and gives them. The failure shows what was received.
func (s *Server) Expect(t testing.TB, f Filter, n int) []Exchange {
	t.Helper()
	page, err := s.manage.Journal(context.Background(), s.tenant, f.query())
	must(t, "read the journal", err)
	if len(page.Entries) != n {
		t.Errorf("scimdtest: %d requests were received that are %v, not %d%s", len(page.Entries), f, n, s.shown(t, f.After))
	}
	if page.Lost > 0 {
		t.Errorf("scimdtest: the journal lacks %d requests, because too many came at once: nobody knows whether they are %v", page.Lost, f)
	}
	return exchanges(page)
}

// WaitFor gives the requests that a filter selects as soon as there are n, and ends
// the test when the time is over before. The failure shows what was received.
func (s *Server) WaitFor(t testing.TB, f Filter, n int, timeout time.Duration) []Exchange {
	t.Helper()
	page, err := s.manage.AwaitJournal(context.Background(), s.tenant, f.query(), n, timeout)
	must(t, "wait for requests", err)
	if !page.Complete {
		t.Fatalf("scimdtest: %d requests were received within %v that are %v, not %d%s", page.Matched, timeout, f, n, s.shown(t, f.After))
	}
	return exchanges(page)
}

// mostShown bounds the requests that a failure shows.
const mostShown = 20

// shown tells what was received after a mark.
func (s *Server) shown(t testing.TB, after Mark) string {
	t.Helper()
	page, err := s.manage.Journal(context.Background(), s.tenant, journal.Query{After: after.number, Limit: mostShown, Newest: true})
	must(t, "read the journal", err)
	if page.Matched == 0 {
		return "; nothing was received"
	}
	lines := []string{"; received:"}
	if n := page.Matched - len(page.Entries); n > 0 {
		lines = append(lines, fmt.Sprintf("… %d earlier ones", n))
	}
	for _, e := range exchanges(page) {
		lines = append(lines, fmt.Sprintf("#%d %v", e.number, e))
	}
	return strings.Join(lines, "\n\t")
}
