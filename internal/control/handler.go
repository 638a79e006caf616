package control

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// maxBody bounds the body of a request, in bytes, unless its route says otherwise.
const maxBody = 64 << 10

// Handler serves a Service as JSON over HTTP, by the routes. A request must carry
// token as its bearer token unless token is "", which is right only on a private
// socket. The description of the API needs none: it is the same for every server,
// and generators of clients have no way to send one.
func Handler(s Service, token string, log *slog.Logger) http.Handler {
	h := &handler{log: log}
	routed := sync.OnceValue(func() *http.ServeMux { return h.mux(s) }) // when it is needed: few tests ask
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := auth.NewTokenID()
		w.Header().Set(requestID, id)
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, id))
		if r.URL.Path == documentPath && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			h.document(w)
			return
		}
		if token != "" && !carries(r, token) {
			if a, ok := s.(*Audited); ok {
				a.refused(r, id)
			}
			h.refuse(r.Context(), w, scimerr.Unauthorized(`Bearer realm="control"`, "The control API needs the control token."))
			return
		}
		if p := r.URL.EscapedPath(); path.Clean(p) != p { // a mux would send the client elsewhere
			h.refuse(r.Context(), w, scimerr.NotFound("There is nothing here."))
			return
		}
		routed().ServeHTTP(w, r)
	})
}

func (h *handler) mux(s Service) *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range routes() {
		mux.HandleFunc(r.pattern(), h.answer(s, r))
	}
	mux.HandleFunc("/", h.nothing(mux))
	return mux
}

// carries tells whether a request has a bearer token.
func carries(r *http.Request, token string) bool {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare([]byte(text), []byte(token)) == 1
}

// requestID names the header with the id of a request, which leads to its line
// in the log; requestKey keeps it in the context.
const requestID = "X-Request-Id"

type requestKey struct{}

func idOf(ctx context.Context) slog.Attr { return slog.String("id", requestOf(ctx)) }

// requestOf is the id of a request, "" where a command works by itself.
func requestOf(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

type handler struct{ log *slog.Logger }

// nothing answers what no route takes: 405 where another method has one.
func (h *handler) nothing(mux *http.ServeMux) http.HandlerFunc {
	methods := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	return func(w http.ResponseWriter, r *http.Request) {
		allow := slices.DeleteFunc(slices.Clone(methods), func(m string) bool {
			_, pattern := mux.Handler(&http.Request{Method: m, URL: r.URL, Host: r.Host})
			return pattern == "/"
		})
		if len(allow) > 0 {
			h.refuse(r.Context(), w, scimerr.MethodNotAllowed(r.Method, allow))
			return
		}
		h.refuse(r.Context(), w, scimerr.NotFound("There is nothing here."))
	}
}

// mostDrained is how much of a body is read for nothing after it was refused, in bytes.
const mostDrained = 64 << 20

// answer is what a route does.
func (h *handler) answer(s Service, rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if rt.long {
			c := http.NewResponseController(w)
			_, _ = c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{})
		}
		if rt.waits {
			ctx, done := untilStopped(r.Context())
			defer done()
			r = r.WithContext(ctx)
		}
		r.Body = http.MaxBytesReader(nil, r.Body, rt.limit)
		v, err := any(nil), checkQuery(r.URL.Query(), rt.query)
		if err == nil && !rt.takesBody() {
			err = checkNoBody(r)
		}
		if err == nil {
			if v, err = rt.do(s, r); err != nil { // who still sends would see the connection cut, not the answer
				_, _ = io.CopyN(io.Discard, r.Body, mostDrained)
			}
		}
		if err != nil && context.Cause(r.Context()) == errStopping {
			err = scimerr.Unavailable(err)
		}
		if err != nil {
			h.refuse(r.Context(), w, err)
			return
		}
		h.log.LogAttrs(r.Context(), slog.LevelDebug, "control", idOf(r.Context()), slog.String("route", r.Pattern), slog.Int("status", rt.status))
		switch text, isText := v.(Text); {
		case isText:
			body := &begun{ResponseWriter: w, begin: func() { head(w, rt.status, text.ContentType) }}
			switch err := text.Write(body); {
			case err != nil && body.begin != nil:
				h.refuse(r.Context(), w, err)
			case err != nil:
				h.log.LogAttrs(r.Context(), slog.LevelError, "control", idOf(r.Context()), slog.Any("error", err))
				panic(http.ErrAbortHandler) // a part must not be taken for the whole
			case body.begin != nil: // it is empty
				body.begin()
			}
		case rt.status == http.StatusNoContent:
			w.WriteHeader(rt.status)
		default:
			write(w, rt.status, v)
		}
	}
}

// begun is an answer that begins with its first byte: until then it can be another.
type begun struct {
	http.ResponseWriter
	begin func() // nil when it has begun
}

func (b *begun) Write(p []byte) (int, error) {
	if b.begin != nil {
		b.begin()
		b.begin = nil
	}
	return b.ResponseWriter.Write(p)
}

func (b *begun) Unwrap() http.ResponseWriter { return b.ResponseWriter }

type stoppingKey struct{}

var errStopping = errors.New("the server is stopping")

// Stopping is the BaseContext of a server that serves a Handler: requests that only
// wait end with stopping, so that they do not hold up the end of the server.
func Stopping(stopping context.Context) func(net.Listener) context.Context {
	return func(net.Listener) context.Context {
		return context.WithValue(context.Background(), stoppingKey{}, stopping)
	}
}

func untilStopped(ctx context.Context) (waiting context.Context, done func()) {
	waiting, cancel := context.WithCancelCause(ctx)
	stopping, ok := ctx.Value(stoppingKey{}).(context.Context)
	if !ok {
		return waiting, func() { cancel(nil) }
	}
	stop := context.AfterFunc(stopping, func() { cancel(errStopping) })
	return waiting, func() { stop(); cancel(nil) }
}

// document answers with the description of the API.
func (h *handler) document(w http.ResponseWriter) {
	head(w, http.StatusOK, "application/json")
	_, _ = w.Write(Document())
}

// refusal is the body of an error.
type refusal struct {
	Detail string `json:"detail" doc:"One sentence on what is wrong."`
	Status int    `json:"status" doc:"Status of the answer."`
}

func (h *handler) refuse(ctx context.Context, w http.ResponseWriter, err error) {
	e := scimerr.From(err)
	if e.Status == http.StatusInternalServerError && errors.Is(err, store.ErrNotFound) {
		e = scimerr.NotFound("What this is about was deleted meanwhile.")
	}
	if e.Status >= http.StatusInternalServerError {
		h.log.LogAttrs(ctx, slog.LevelError, "control", idOf(ctx), slog.Int("status", e.Status), slog.Any("error", err))
	}
	if len(e.Allow) > 0 {
		w.Header().Set("Allow", strings.Join(e.Allow, ", "))
	}
	if e.Challenge != "" {
		w.Header().Set("WWW-Authenticate", e.Challenge)
	}
	write(w, e.Status, refusal{e.Detail, e.Status})
}

func head(w http.ResponseWriter, status int, contentType string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
}

func write(w http.ResponseWriter, status int, v any) {
	head(w, status, "application/json")
	_ = json.NewEncoder(w).Encode(v) // a client that went away needs no answer
}
