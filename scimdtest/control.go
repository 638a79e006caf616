package scimdtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/control"
)

// Control asks the control API about the tenant, and gives what it answers: for what
// has no method here, such as tokens, applications and issuers. The path is what
// stands after /_scimd/tenants/NAME in docs/openapi.json, with the query; the body is
// JSON, a seed, or "". A refusal ends the test.
//
//	s.Control(t, "POST", "/tokens", `{"name":"reader","rights":"users:read"}`)
func (s *Server) Control(t testing.TB, method, path, body string) []byte {
	t.Helper()
	out := &written{header: http.Header{}}
	at := control.BasePath + "/tenants/" + s.tenant
	if rest := strings.TrimPrefix(path, "/"); rest != "" {
		at += "/" + rest
	}
	req, err := http.NewRequest(method, "http://localhost"+at, strings.NewReader(body))
	if err == nil {
		control.Handler(s.manage, "", slog.New(slog.DiscardHandler)).ServeHTTP(out, req)
		err = out.refusal()
	}
	must(t, method+" "+path, err)
	return out.body.Bytes()
}

// written is an answer that is kept.
type written struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (w *written) Header() http.Header { return w.header }

func (w *written) WriteHeader(status int) { w.status = status }

func (w *written) Write(b []byte) (int, error) { return w.body.Write(b) }

func (w *written) refusal() error {
	if w.status < http.StatusBadRequest {
		return nil
	}
	var refused struct{ Detail string }
	if err := json.Unmarshal(w.body.Bytes(), &refused); err != nil || refused.Detail == "" {
		return errors.New(http.StatusText(w.status))
	}
	return fmt.Errorf("%d: %s", w.status, refused.Detail)
}
