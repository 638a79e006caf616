package control

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A body that no route reads is refused before anything is done, however its length is
// told, and not in a GET.
func TestABodyIsRefusedWhereARouteTakesNone(t *testing.T) {
	t.Parallel()
	h := &handler{log: slog.New(slog.DiscardHandler)}
	bodies := map[string]func() *http.Request{
		"a length":         func() *http.Request { return httptest.NewRequest("POST", "/", strings.NewReader("{}")) },
		"no length":        func() *http.Request { return httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("{}"))) },
		"empty, of 0":      func() *http.Request { return httptest.NewRequest("POST", "/", http.NoBody) },
		"empty, no length": func() *http.Request { return httptest.NewRequest("POST", "/", io.MultiReader()) },
	}
	refused := 0
	for _, r := range routes() {
		for name, request := range bodies {
			did := false
			r.do = func(Service, *http.Request) (any, error) {
				did = true
				return nil, nil
			}
			w, req := httptest.NewRecorder(), request()
			req.Method = r.method
			h.answer(&Direct{}, r)(w, req)
			want := strings.HasPrefix(name, "empty") || r.takesBody() || r.method == "GET"
			if did != want {
				t.Errorf("%s with %s: done: %t, want %t; %d %s", r.pattern(), name, did, want, w.Code, w.Body)
			}
			if want {
				continue
			}
			refused++
			if text := w.Body.String(); w.Code != 400 || !strings.Contains(text, r.method+" takes no body here; send none.") {
				t.Errorf("%s with %s: %d %s", r.pattern(), name, w.Code, text)
			}
		}
	}
	if refused < 20 {
		t.Errorf("%d requests were refused", refused)
	}
}
