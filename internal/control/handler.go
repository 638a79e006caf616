package control

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/scimerr"
	"io"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// maxBody bounds a request to the control API, in bytes.
const maxBody = 64 << 10

// Handler serves a Service as JSON over HTTP. A request must carry token as its
// bearer token unless token is "", which is right only on a private socket.
func Handler(s Service, token string, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	h := &handler{log: log}
	mux.HandleFunc("GET /control/info", h.answer(func(r *http.Request) (any, error) { return s.Info(r.Context()) }))
	mux.HandleFunc("GET /control/health", h.answer(func(r *http.Request) (any, error) {
		return map[string]string{"status": "ok"}, s.Health(r.Context())
	}))
	mux.HandleFunc("GET /control/tenants", h.answer(func(r *http.Request) (any, error) { return s.Tenants(r.Context()) }))
	mux.HandleFunc("POST /control/tenants", h.answer(func(r *http.Request) (any, error) {
		n, err := read[NewTenant](r, "a tenant")
		if err != nil {
			return nil, err
		}
		return s.CreateTenant(r.Context(), n)
	}))
	mux.HandleFunc("GET /control/tenants/{tenant}", h.answer(func(r *http.Request) (any, error) {
		return s.Tenant(r.Context(), r.PathValue("tenant"))
	}))
	mux.HandleFunc("PATCH /control/tenants/{tenant}", h.answer(func(r *http.Request) (any, error) {
		c, err := read[TenantChange](r, "a change of a tenant")
		if err != nil {
			return nil, err
		}
		return s.UpdateTenant(r.Context(), r.PathValue("tenant"), c)
	}))
	mux.HandleFunc("DELETE /control/tenants/{tenant}", h.answer(func(r *http.Request) (any, error) {
		return map[string]string{"status": "deleted"}, s.DeleteTenant(r.Context(), r.PathValue("tenant"))
	}))
	mux.HandleFunc("GET /control/tenants/{tenant}/tokens", h.answer(func(r *http.Request) (any, error) {
		return s.Tokens(r.Context(), r.PathValue("tenant"))
	}))
	mux.HandleFunc("POST /control/tenants/{tenant}/tokens", h.answer(func(r *http.Request) (any, error) {
		n, err := read[NewToken](r, "a token request")
		if err != nil {
			return nil, err
		}
		n.Tenant = r.PathValue("tenant")
		return s.CreateToken(r.Context(), n)
	}))
	mux.HandleFunc("DELETE /control/tenants/{tenant}/tokens/{token}", h.answer(func(r *http.Request) (any, error) {
		return s.RevokeToken(r.Context(), r.PathValue("tenant"), r.PathValue("token"))
	}))
	mux.HandleFunc("GET /control/keys", h.answer(func(r *http.Request) (any, error) { return s.DataKeys(r.Context()) }))
	mux.HandleFunc("POST /control/keys", h.slowly(func(r *http.Request) (any, error) { return s.RotateKeys(r.Context()) }))
	mux.HandleFunc("PUT /control/keys/master", h.answer(func(r *http.Request) (any, error) {
		m, err := read[NewMaster](r, "a master key")
		if err != nil {
			return nil, err
		}
		return s.ChangeMaster(r.Context(), m)
	}))
	mux.HandleFunc("GET /control/check", h.slowly(func(r *http.Request) (any, error) {
		return s.Check(r.Context(), r.URL.Query().Get("tenant"))
	}))
	mux.HandleFunc("GET /control/tenants/{tenant}/applications", h.answer(func(r *http.Request) (any, error) {
		return s.Applications(r.Context(), r.PathValue("tenant"))
	}))
	mux.HandleFunc("POST /control/tenants/{tenant}/applications", h.answer(func(r *http.Request) (any, error) {
		n, err := read[NewApplication](r, "an application")
		if err != nil {
			return nil, err
		}
		n.Tenant = r.PathValue("tenant")
		return s.CreateApplication(r.Context(), n)
	}))
	mux.HandleFunc("POST /control/tenants/{tenant}/applications/{app}/secret", h.answer(func(r *http.Request) (any, error) {
		return s.RotateApplication(r.Context(), r.PathValue("tenant"), r.PathValue("app"))
	}))
	mux.HandleFunc("DELETE /control/tenants/{tenant}/applications/{app}", h.answer(func(r *http.Request) (any, error) {
		return map[string]string{"status": "deleted"}, s.DeleteApplication(r.Context(), r.PathValue("tenant"), r.PathValue("app"))
	}))
	mux.HandleFunc("GET /control/tenants/{tenant}/service-users", h.answer(func(r *http.Request) (any, error) {
		return s.ServiceUsers(r.Context(), r.PathValue("tenant"))
	}))
	mux.HandleFunc("PATCH /control/tenants/{tenant}/service-users/{user}", h.answer(func(r *http.Request) (any, error) {
		c, err := read[serviceUserChange](r, "a change of a service user")
		if err != nil {
			return nil, err
		}
		if c.Active == nil {
			return nil, scimerr.InvalidValue("active", "The body says nothing about active.")
		}
		return s.SetServiceUser(r.Context(), r.PathValue("tenant"), r.PathValue("user"), *c.Active)
	}))
	mux.HandleFunc("GET /control/tenants/{tenant}/signing-keys", h.answer(func(r *http.Request) (any, error) {
		return s.SigningKeys(r.Context(), r.PathValue("tenant"))
	}))
	mux.HandleFunc("POST /control/tenants/{tenant}/signing-keys", h.answer(func(r *http.Request) (any, error) {
		return s.RotateSigningKey(r.Context(), r.PathValue("tenant"), r.URL.Query().Get("dropOld") == "true")
	}))
	mux.HandleFunc("GET /control/tenants/{tenant}/issuers", h.answer(func(r *http.Request) (any, error) {
		return s.Issuers(r.Context(), r.PathValue("tenant"))
	}))
	mux.HandleFunc("POST /control/tenants/{tenant}/issuers", h.answer(func(r *http.Request) (any, error) {
		i, err := read[Issuer](r, "a trusted issuer")
		if err != nil {
			return nil, err
		}
		return s.AddIssuer(r.Context(), r.PathValue("tenant"), i)
	}))
	mux.HandleFunc("DELETE /control/tenants/{tenant}/issuers/{issuer}", h.answer(func(r *http.Request) (any, error) {
		return map[string]string{"status": "removed"}, s.RemoveIssuer(r.Context(), r.PathValue("tenant"), r.PathValue("issuer"))
	}))
	mux.HandleFunc("GET /control/audit", h.slowly(func(r *http.Request) (any, error) {
		q, err := readAuditQuery(r.URL.Query())
		if err != nil {
			return nil, err
		}
		return s.Audit(r.Context(), r.URL.Query().Get("tenant"), q)
	}))
	mux.HandleFunc("/", h.nothing(mux))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := auth.NewTokenID()
		w.Header().Set(requestID, id)
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, id))
		if token != "" && subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+token)) != 1 {
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
		mux.ServeHTTP(w, r)
	})
}

// read reads the body of a request; what says what it should be.
func read[T any](r *http.Request, what string) (v T, err error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return v, scimerr.TooLarge("The body is longer than the limit of %d bytes.", maxBody)
	case err != nil:
		return v, scimerr.InvalidSyntax("", "The body did not arrive whole.")
	}
	// It refuses names that stand twice and what follows the object, which the
	// decoder passes over.
	if _, err := resource.ParseObject(body, resource.Limits{}); err != nil {
		return v, scimerr.InvalidSyntax("", "The body is not %s: %s", what, scimerr.From(err).Detail)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, scimerr.InvalidSyntax("", "The body is not %s: %v.", what, err)
	}
	return v, nil
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

func (h *handler) answer(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := do(r)
		if err != nil {
			h.refuse(r.Context(), w, err)
			return
		}
		h.log.LogAttrs(r.Context(), slog.LevelDebug, "control", idOf(r.Context()), slog.String("route", r.Pattern), slog.Int("status", http.StatusOK))
		write(w, http.StatusOK, v)
	}
}

// slowly is answer without a limit of time.
func (h *handler) slowly(do func(*http.Request) (any, error)) http.HandlerFunc {
	answer := h.answer(do)
	return func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
		answer(w, r)
	}
}

// refusal is the body of an error.
type refusal struct {
	Detail string `json:"detail"`
}

func (h *handler) refuse(ctx context.Context, w http.ResponseWriter, err error) {
	e := scimerr.From(err)
	if e.Status >= http.StatusInternalServerError {
		h.log.LogAttrs(ctx, slog.LevelError, "control", idOf(ctx), slog.Int("status", e.Status), slog.Any("error", err))
	}
	if len(e.Allow) > 0 {
		w.Header().Set("Allow", strings.Join(e.Allow, ", "))
	}
	if e.Challenge != "" {
		w.Header().Set("WWW-Authenticate", e.Challenge)
	}
	write(w, e.Status, refusal{e.Detail})
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that went away needs no answer
}
