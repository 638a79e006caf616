package server

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/fault"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// faultHeader names the header with a fault for the request that has it.
const faultHeader = "X-Scimd-Fault"

// faultless tells that no fault can be for a request: what most requests ask.
func (s *server) faultless(r *http.Request) bool {
	return s.Faults.None() && (!s.FaultHeader || s.Faults == nil || r.Header.Get(faultHeader) == "")
}

// worker does the work of a request for a tenant, and answers to a writer.
type worker func(http.ResponseWriter, *scim.Tenant)

// faulty does the work of a request that may be hit by a fault of its tenant. It may
// panic with http.ErrAbortHandler.
func (s *server) faulty(w http.ResponseWriter, r *http.Request, t *scim.Tenant, op fault.Operation, work worker) {
	hit, err := s.hit(w, r, t, op)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case hit == nil:
		work(w, t)
	default:
		s.act(w, r, t, hit, work)
	}
}

// hit is the fault of a request, nil for none: one that came with it, or one of the
// tenant's.
func (s *server) hit(w http.ResponseWriter, r *http.Request, t *scim.Tenant, op fault.Operation) (*fault.Hit, error) {
	asked := func() *fault.Request { return s.matched(w, r, t, op) }
	if s.FaultHeader && s.Faults != nil {
		if text := r.Header.Get(faultHeader); text != "" {
			return s.Faults.Carried(t.ID, text, asked())
		}
	}
	return s.Faults.Find(t.ID, asked), nil
}

// matched is what rules match of a request.
func (s *server) matched(w http.ResponseWriter, r *http.Request, t *scim.Tenant, op fault.Operation) *fault.Request {
	e := entry(r)
	q := &fault.Request{Operation: op, Type: e.resourceType, Token: e.token, Client: clientFamily(r), Now: t.Now}
	q.ID, _ = url.PathUnescape(chi.URLParam(r, "id")) // "" fits no rule with an id
	if placeOf(r).oauth {
		q.Token, _ = url.PathUnescape(chi.URLParam(r, "appId"))
	}
	q.Filter = func() string {
		switch op {
		case fault.List:
			return r.URL.Query().Get("filter")
		case fault.Search:
		default:
			return ""
		}
		var body struct {
			Filter string `json:"filter"`
		}
		_ = json.Unmarshal(hold(w, r, maxSearch), &body) // what is no JSON has no filter
		return body.Filter
	}
	q.Header = func(name string) (string, bool) {
		values := r.Header.Values(name)
		if strings.EqualFold(name, "Host") {
			values = []string{r.Host}
		}
		return strings.Join(values, ", "), len(values) > 0
	}
	return q
}

// hold reads the body of a request up to a limit into memory, where it is read
// again: only then is it noticed while waiting that the client goes away.
func hold(w http.ResponseWriter, r *http.Request, limit int64) []byte {
	data, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	rest := io.Reader(r.Body)
	if err != nil {
		rest = failing{err}
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(data), rest), r.Body}
	return data
}

// failing is what is read of a body that did not arrive.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// act does to a request what a rule says.
func (s *server) act(w http.ResponseWriter, r *http.Request, t *scim.Tenant, hit *fault.Hit, work worker) {
	e, act := entry(r), &hit.Act
	e.fault = hit.ID
	before, after := hit.Before(), hit.After()
	if before > 0 || after > 0 {
		hold(w, r, s.maxBody(t))
	}
	s.pause(w, r, before)
	if act.Cut == fault.Before {
		e.madeUp = true
		cut(w, act.Reset)
	}
	if act.Stale != "" {
		behind, err := s.behind(r, t, act.Stale)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		t = behind
	}
	out := &breaker{ResponseWriter: w, s: s, r: r, act: act, delay: after, left: -1}
	if !act.Replaces() && act.Cut != fault.After {
		work(out, t)
		out.end()
		return
	}
	e.madeUp = true
	if act.Works() {
		unseen := &silent{header: http.Header{}}
		work(unseen, t)
		e.worked = unseen.status
	}
	if act.Cut == fault.After {
		s.pause(w, r, out.delay)
		cut(w, act.Reset)
	}
	s.answer(out, r, act)
	out.end()
}

// behind is a tenant as it was at a snapshot.
func (s *server) behind(r *http.Request, t *scim.Tenant, snapshot string) (*scim.Tenant, error) {
	space, err := s.Snapshot(r.Context(), t.ID, snapshot)
	if errors.Is(err, store.ErrNotFound) {
		return nil, scimerr.NotFound("The fault names the snapshot %.64q, which the tenant does not have.", snapshot)
	}
	then := *t
	then.Space = space
	return &then, err
}

// answer is what a rule says instead of the tenant.
func (s *server) answer(w http.ResponseWriter, r *http.Request, act *fault.Act) {
	for name, value := range act.Headers {
		w.Header().Set(name, value)
	}
	e := &scimerr.Error{Status: act.Status, Type: scimerr.Type(act.ScimType), Detail: act.Detail}
	switch act.Refuse {
	case fault.ExpiredToken:
		e = scimerr.From(auth.Expired())
	case fault.Throttled:
		e = scimerr.Busy("The tenant gets too many requests; send the request again.")
	}
	if act.RetryAfter != nil {
		w.Header().Set("Retry-After", retry(act))
	}
	if w.Header().Get("Retry-After") != "" {
		e.RetryAfter = 0 // the rule's own stands
	}
	switch {
	case act.Body != "" || act.ContentType != "":
		media := act.ContentType
		if media == "" {
			media = "text/html"
		}
		writeBytes(w, act.Status, media, []byte(act.Body))
	case act.Refuse == "" && act.Status < http.StatusBadRequest: // it has no body
		w.WriteHeader(act.Status)
	default:
		if e.Detail == "" {
			e.Detail = http.StatusText(e.Status)
		}
		s.fail(w, r, e)
	}
}

// retry is the header Retry-After of a rule (RFC 9110 §10.2.3).
func retry(act *fault.Act) string {
	if act.RetryDate {
		return time.Now().Add(time.Duration(*act.RetryAfter) * time.Second).UTC().Format(http.TimeFormat)
	}
	return strconv.Itoa(*act.RetryAfter)
}

// pause waits, until the client goes away, which ends the request, or the server
// stops.
func (s *server) pause(w http.ResponseWriter, r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	rc, until := http.NewResponseController(w), time.Now().Add(d+s.Limits.Write)
	_ = rc.SetReadDeadline(until)
	_ = rc.SetWriteDeadline(until)
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.Faults.Stopping():
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	}
}

// cut ends the connection, in HTTP/2 the stream; a reset tells so at once. It does
// not return.
func cut(w http.ResponseWriter, reset bool) {
	if !reset {
		panic(http.ErrAbortHandler)
	}
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil { // not in HTTP/2
		if secure, ok := conn.(*tls.Conn); ok {
			conn = secure.NetConn()
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}

// silent is a writer of an answer that nobody gets.
type silent struct {
	header http.Header
	status int
}

func (s *silent) Header() http.Header         { return s.header }
func (s *silent) WriteHeader(status int)      { s.status = status }
func (s *silent) Write(p []byte) (int, error) { return len(p), nil }

// errCut ends the writing of an answer that is cut off.
var errCut = errors.New("cut off by a fault")

// breaker writes an answer as a rule says: late, slowly, in part, or spoilt.
type breaker struct {
	http.ResponseWriter
	s     *server
	r     *http.Request
	act   *fault.Act
	delay time.Duration
	// left is how many bytes of the body still go out, -1 for all; cutting tells that
	// the connection ends with them.
	left    int
	cutting bool

	begun, spoilt, over bool
}

// Unwrap is for http.ResponseController.
func (b *breaker) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// midway is where a body is cut whose length is not known, in bytes.
const midway = 4 << 10

func (b *breaker) WriteHeader(status int) {
	if b.begun {
		return
	}
	b.begun = true
	b.s.pause(b.ResponseWriter, b.r, b.delay)
	length, err := strconv.Atoi(b.Header().Get("Content-Length"))
	known := err == nil
	switch {
	case b.act.Cut == fault.Body && known:
		b.left, b.cutting = length/2, true
	case b.act.Cut == fault.Body:
		b.left, b.cutting = midway, true
		if status == http.StatusNoContent { // it has no middle
			cut(b.ResponseWriter, b.act.Reset)
		}
	case b.act.Truncate != nil:
		b.left, b.cutting = *b.act.Truncate, b.act.KeepLength
		if known && !b.cutting {
			b.Header().Set("Content-Length", strconv.Itoa(min(length, b.left)))
		}
	}
	b.ResponseWriter.WriteHeader(status)
}

func (b *breaker) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	whole := len(p)
	if b.act.Malformed && !b.spoilt && whole > 0 {
		b.spoilt = true
		p = append([]byte{'}'}, p[1:]...) // no JSON begins with it
	}
	if b.left >= 0 {
		b.over = b.over || len(p) > b.left
		p = p[:min(len(p), b.left)]
		b.left -= len(p)
	}
	if n, err := b.drip(p); err != nil {
		return n, err
	}
	if b.over && b.cutting {
		return len(p), errCut
	}
	return whole, nil
}

// drips is how often a slow body goes on in a second.
const drips = 10

// drip writes, slowly if it is to be slow.
func (b *breaker) drip(p []byte) (int, error) {
	if b.act.Drip == 0 {
		return b.ResponseWriter.Write(p)
	}
	written, some := 0, max(1, b.act.Drip/drips)
	for len(p) > 0 {
		n, err := b.ResponseWriter.Write(p[:min(some, len(p))])
		if written += n; err != nil {
			return written, err
		}
		_ = http.NewResponseController(b.ResponseWriter).Flush()
		p = p[n:]
		b.s.pause(b.ResponseWriter, b.r, time.Second*time.Duration(n)/time.Duration(b.act.Drip))
	}
	return written, nil
}

// end cuts the connection where the body was to be cut.
func (b *breaker) end() {
	if b.over && b.cutting {
		_ = http.NewResponseController(b.ResponseWriter).Flush() // what was written is to arrive
		cut(b.ResponseWriter, b.act.Reset)
	}
}
