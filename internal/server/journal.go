package server

import (
	"bufio"
	"cmp"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/journal"
)

// recorded is the writer of a request that is recorded for the journal.
type recorded struct {
	http.ResponseWriter
	recording *journal.Recording
	head      bool // the answer has no body, whatever is written
	begun     bool
	left      int64 // of the body, below 0 where its length is not known
}

// record begins to record a request. It gives the writer and the request to go on
// with, as they were where there is no journal.
func (s *server) record(w http.ResponseWriter, r *http.Request) (*journal.Recording, http.ResponseWriter, *http.Request) {
	if s.Journal == nil {
		return nil, w, r
	}
	rec := s.Journal.Begin()
	if r.Body != nil && r.Body != http.NoBody {
		own := *r
		own.Body = rec.Request(r.Body)
		r = &own
	}
	return rec, &recorded{ResponseWriter: w, recording: rec, head: r.Method == http.MethodHead}, r
}

func (w *recorded) WriteHeader(status int) {
	if !w.begun {
		w.begun, w.left = true, -1
		if n, err := strconv.ParseInt(w.Header().Get("Content-Length"), 10, 64); err == nil {
			w.left = n
		}
		if w.head || status == http.StatusNoContent || status == http.StatusNotModified {
			w.left = 0
		}
		w.ending(0)
	}
	w.ResponseWriter.WriteHeader(status)
}

// ending tells the recording when the client is about to have the whole answer. One
// whose length is not known it has only after the handler's end.
func (w *recorded) ending(written int) {
	if w.left >= 0 {
		if w.left -= int64(written); w.left <= 0 {
			w.recording.Answering()
		}
	}
}

func (w *recorded) Write(p []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	w.ending(len(p))
	n, err := w.ResponseWriter.Write(p)
	if !w.head {
		w.recording.Answer(p[:n])
	}
	return n, err
}

// Hijack gives the connection to who is going to cut it.
func (w *recorded) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.recording.Answering()
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap serves http.ResponseController.
func (w *recorded) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// journalled ends the recording of a request. What belongs to no tenant, and what
// asks about health, is not kept. cut tells that the connection is being cut.
func (s *server) journalled(rec *journal.Recording, w http.ResponseWriter, r *http.Request, status int, route string, e *logEntry, start time.Time, cut bool) {
	if rec == nil {
		return
	}
	if e.tenanted == nil || route == healthPath || route == readyPath {
		rec.End(nil)
		return
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	x := &journal.Exchange{
		Entry: journal.Entry{
			Time: start.UTC(), Tenant: e.tenanted.Name, RequestID: e.id, Protocol: r.Proto, Method: methodName(r.Method), Origin: scheme + "://" + s.host(r),
			Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Operation: cmp.Or(string(e.operation), journal.Other), Type: e.resourceType, ID: e.resource,
			Token: e.token, Client: clientFamily(r), Status: status, Cut: cut, Fault: e.fault, Milliseconds: float64(time.Since(start).Microseconds()) / 1000,
		},
		Headers: r.Header, AnswerHeaders: maps.Clone(w.Header()), Form: strings.HasPrefix(route, oauthBase), Length: r.ContentLength, Rule: ruleOf(e), At: e.at, Detail: e.detail,
	}
	rec.End(x)
}

// ruleOf is the rule by which a request was refused, "" for the one of its status.
func ruleOf(e *logEntry) string {
	if e.madeUp {
		return journal.FaultRule
	}
	return cmp.Or(e.rule, e.refusal)
}
