package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// spoolSize is how much of an answer is held back, so that a late failure can
// still become an error.
const spoolSize = 1 << 20

// errorBody is the error message of RFC 7644 §3.12, in the tenant's order.
type errorBody struct {
	Schemas  []string     `json:"schemas"`
	Status   string       `json:"status"`
	ScimType scimerr.Type `json:"scimType,omitempty"`
	Detail   string       `json:"detail"`
}

// fail writes an error: the one place where errors meet the wire. Endpoints of
// OAuth have errors of their own form.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := refusal(err)
	entry(r).failed(e)
	if placeOf(r).oauth {
		if e.Allow != nil {
			w.Header().Set("Allow", strings.Join(e.Allow, ", "))
		}
		if placeOf(r).page {
			s.refusePage(w, r, auth.OAuthRefusal(e))
			return
		}
		s.refuse(w, r, auth.OAuthRefusal(e))
		return
	}
	body, jsonErr := json.Marshal(errorBody{[]string{scimerr.URN}, strconv.Itoa(e.Status), e.Type, e.Detail})
	if jsonErr != nil {
		body = []byte(`{}`)
	}
	if e.Challenge != "" {
		w.Header().Set("WWW-Authenticate", e.Challenge)
	}
	if e.Allow != nil {
		w.Header().Set("Allow", strings.Join(e.Allow, ", "))
	}
	if e.RetryAfter != 0 && !reticent(r, e) {
		w.Header().Set("Retry-After", strconv.Itoa(e.RetryAfter))
	}
	media, mediaErr := negotiate(r.Header)
	if mediaErr != nil {
		media = mediaSCIM
	}
	writeBytes(w, e.Status, media, body)
}

// reticent tells that the tenant's profile leaves Retry-After out of an answer.
func reticent(r *http.Request, e *scimerr.Error) bool {
	t := placeOf(r).tenant
	return e.Status == http.StatusTooManyRequests && t != nil && !t.Profile.RetryAfter
}

// refusal is what a client is told of an error; what ended a request from
// outside is 503, not a fault of the server.
func refusal(err error) *scimerr.Error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, store.ErrClosed):
		return scimerr.Unavailable(err)
	case errors.Is(err, store.ErrVersion):
		return scimerr.Conflict("The resource was changed by another request meanwhile; try again.")
	}
	return scimerr.From(err)
}

func writeBytes(w http.ResponseWriter, status int, media string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may have gone: there is nobody to tell
}

// resource writes the outcome of an operation on one resource.
func (q *request) resource(status int, res *scim.Result) error {
	if status == http.StatusCreated {
		q.w.Header().Set("Location", res.Location)
	}
	if res.Body == nil {
		q.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	writeBytes(q.w, status, q.media, res.Body)
	return nil
}

// spool holds an answer back up to spoolSize and streams what is longer.
type spool struct {
	q      *request
	limit  time.Duration
	held   []byte
	stream bool
}

func (s *spool) Write(p []byte) (int, error) {
	if !s.stream {
		if len(s.held)+len(p) <= spoolSize {
			s.held = append(slices.Grow(s.held, len(p)), p...)
			return len(p), nil
		}
		s.stream = true
		h := s.q.w.Header()
		h.Set("Content-Type", s.q.media)
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		s.q.w.WriteHeader(http.StatusOK)
		if err := s.send(s.held); err != nil {
			return 0, err
		}
		s.held = nil
	}
	return len(p), s.send(p)
}

func (s *spool) send(p []byte) error {
	_ = http.NewResponseController(s.q.w).SetWriteDeadline(time.Now().Add(s.limit))
	_, err := s.q.w.Write(p)
	return err
}

// spooled writes an answer of any length; a failure after the first spoolSize
// bytes cuts the connection, so that no client takes a part for the whole. Each
// piece must be taken within limit.
func (q *request) spooled(write func(context.Context, io.Writer) error, limit time.Duration) error {
	out := &spool{q: q, limit: limit}
	err := write(q.r.Context(), out)
	switch {
	case err != nil && out.stream:
		entry(q.r).cause = err
		panic(http.ErrAbortHandler)
	case err != nil:
		return err
	case !out.stream:
		writeBytes(q.w, http.StatusOK, q.media, out.held)
	}
	return nil
}

var _ io.Writer = (*spool)(nil)
