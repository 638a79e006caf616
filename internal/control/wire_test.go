package control_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

// A name of dots alone is no step of a path: revoking a token of that name
// revokes it, or nothing, and never what a shorter path names.
func TestANameOfDotsNamesATokenAlone(t *testing.T) {
	t.Parallel()
	for where, view := range views {
		h := newHouse(t, view)
		if _, err := h.CreateTenant(ctx, control.NewTenant{Name: "cy"}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{".", "..", "...", "%2E%2E", "../..", "a/../..", ""} {
			if _, err := h.RevokeToken(ctx, "cy", name); !scimerr.Is(err, 404) || !strings.Contains(err.Error(), "no active token") {
				t.Errorf("%s: revoke %q: %v", where, name, err)
			}
			if err := h.DeleteTenant(ctx, "cy/tokens/"+name); !scimerr.Is(err, 404) || !strings.Contains(err.Error(), "no tenant") {
				t.Errorf("%s: delete a tenant and %q: %v", where, name, err)
			}
		}
		if _, err := h.Tenant(ctx, ".."); !scimerr.Is(err, 404) || !strings.Contains(err.Error(), "no tenant") {
			t.Errorf("%s: the tenant ..: %v", where, err)
		}
		list, err := h.store.Tenants(ctx)
		if err != nil || len(list) != 2 {
			t.Fatalf("%s: tenants %+v, %v", where, list, err)
		}
		// One that an earlier release has let be made.
		token := store.Token{ID: "old", Tenant: list[1].ID, Name: "..", Hash: auth.Hash("x"), Rights: "all", Created: now}
		if err := h.store.CreateToken(ctx, token); err != nil {
			t.Fatal(err)
		}
		if gone, err := h.RevokeToken(ctx, "cy", ".."); err != nil || gone.ID != "old" {
			t.Errorf("%s: %+v, %v", where, gone, err)
		}
	}
}

func TestAClientIsNotSentElsewhere(t *testing.T) {
	t.Parallel()
	reached := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reached++; reached == 1 {
			http.Redirect(w, r, "/_scimd/tenants/other", http.StatusTemporaryRedirect)
		}
	}))
	t.Cleanup(elsewhere.Close)
	at, err := url.Parse(elsewhere.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := control.AtURL(at, "", nil).DeleteTenant(ctx, "blue"); err == nil || !strings.Contains(err.Error(), "307") || reached != 1 {
		t.Errorf("%v after %d requests", err, reached)
	}
}

// ask sends one request to the handler of a service.
func ask(s control.Service, log *slog.Logger, method, path, body string) (*httptest.ResponseRecorder, map[string]string) {
	w := httptest.NewRecorder()
	control.Handler(s, "", log).ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	answer := map[string]string{}
	_ = json.Unmarshal(w.Body.Bytes(), &answer)
	return w, answer
}

func TestWhatIsNotThereIsAnsweredInJSON(t *testing.T) {
	t.Parallel()
	d, _ := direct(&admin{})
	for _, tc := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/", 404, ""},
		{"GET", "/_scimd", 404, ""},
		{"GET", "/_scimd/nothing", 404, ""},
		{"GET", "/_scimd/tenants/", 404, ""},
		{"DELETE", "/_scimd/tenants/blue/tokens/..", 404, ""},
		{"DELETE", "/_scimd//tenants/blue", 404, ""},
		{"PUT", "/_scimd/tenants", 405, "GET, HEAD, POST"},
		{"POST", "/_scimd/tenants/default", 405, "GET, HEAD, PATCH, DELETE"},
		{"FOO", "/_scimd/info", 405, "GET, HEAD"},
	} {
		w, answer := ask(d, slog.New(slog.DiscardHandler), tc.method, tc.path, "")
		if w.Code != tc.status || w.Header().Get("Allow") != tc.allow || w.Header().Get("Content-Type") != "application/json" || answer["detail"] == "" {
			t.Errorf("%s %s: %d %v %s", tc.method, tc.path, w.Code, w.Header(), w.Body)
		}
	}
}

func TestABodyIsOneObjectWithEachMemberOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, views["direct"])
	for _, tc := range []struct {
		method, path, body string
		status             int
		detail             string
	}{
		{"POST", "/_scimd/tenants", `{"name":"zz1"}trailing`, 400, "nothing may follow"},
		{"POST", "/_scimd/tenants", `{"name":"zz1"}{"name":"zz2"}`, 400, "nothing may follow"},
		{"POST", "/_scimd/tenants", `{"name":"zz1","name":"zz2"}`, 400, "occurs twice"},
		{"POST", "/_scimd/tenants", `{"name":"zz1","Name":"zz2"}`, 400, "occurs twice"},
		{"POST", "/_scimd/tenants", `{"name":"zz1","nope":1}`, 400, "nope"},
		{"POST", "/_scimd/tenants", `{"name":7}`, 400, "not a tenant"},
		{"POST", "/_scimd/tenants", "", 400, "not a tenant"},
		{"PATCH", "/_scimd/tenants/default", `null`, 400, "object"},
		{"PATCH", "/_scimd/tenants/default", `[]`, 400, "object"},
		{"PATCH", "/_scimd/tenants/default", `{"profile":"rfc7644","document":"{\"name\":\"x\"}"}`, 400, "not both"},
		{"POST", "/_scimd/tenants", `{"name":"` + strings.Repeat("z", 70<<10) + `"}`, 413, "65536"},
	} {
		w, answer := ask(h.Service, slog.New(slog.DiscardHandler), tc.method, tc.path, tc.body)
		if w.Code != tc.status || !strings.Contains(answer["detail"], tc.detail) {
			t.Errorf("%s %s %.60s: %d %s, want %d with %q", tc.method, tc.path, tc.body, w.Code, w.Body, tc.status, tc.detail)
		}
	}
	if list, err := h.Tenants(ctx); err != nil || len(list) != 1 || !list[0].FollowsOptions {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestEachRouteHasItsStatusAndItsParametersAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t, views["direct"])
	for _, tc := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/_scimd/tenants", `{"name":"blue"}`, 201, `"firstToken"`},
		{"POST", "/_scimd/tenants/blue/tokens", `{"rights":"read"}`, 201, `"token":"`},
		{"GET", "/_scimd/tenants/blue/tokens", "", 200, `[{`},
		{"GET", "/_scimd/tenants?name=blue", "", 400, `There is no parameter \"name\" here.`},
		{"GET", "/_scimd/audit?limit=1&limit=2", "", 400, "occurs twice"},
		{"GET", "/_scimd/audit?limit=x", "", 400, "limit is not a number"},
		{"GET", "/_scimd/audit?since=yesterday", "", 400, "since is not a time"},
		{"GET", "/_scimd/audit?last=perhaps", "", 400, "last is true or false"},
		{"DELETE", "/_scimd/tenants/blue?yes", "", 400, "no parameter"},
		{"DELETE", "/_scimd/tenants/blue", "", 204, ""},
		{"DELETE", "/_scimd/tenants/blue", "", 404, `"status":404`},
	} {
		w, _ := ask(h.Service, slog.New(slog.DiscardHandler), tc.method, tc.path, tc.body)
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.want) || tc.status == 204 && w.Body.Len() > 0 {
			t.Errorf("%s %s: %d %s, want %d with %s", tc.method, tc.path, w.Code, w.Body, tc.status, tc.want)
		}
	}
}

// failing is a service whose tenants cannot be read.
type failing struct{ control.Service }

func (failing) Tenants(context.Context) ([]control.Tenant, error) {
	return nil, errors.New("the disk is gone")
}

// vanishing is a service whose tenants go while they are read.
type vanishing struct{ control.Service }

func (vanishing) Tenants(context.Context) ([]control.Tenant, error) {
	return nil, fmt.Errorf("read a tenant: %w", store.ErrNotFound)
}

func (vanishing) ExportSeed(context.Context, control.ExportQuery, io.Writer) error {
	return store.ErrNotFound
}

func TestAnExportThatFailsBeforeItBeginsIsARefusal(t *testing.T) {
	t.Parallel()
	w, answer := ask(vanishing{}, slog.New(slog.DiscardHandler), "GET", "/_scimd/export", "")
	if w.Code != 404 || answer["detail"] == "" || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestWhatIsDeletedMeanwhileIsNotThere(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w, answer := ask(vanishing{}, slog.New(slog.NewTextHandler(&log, nil)), "GET", "/_scimd/tenants", "")
	if w.Code != 404 || answer["detail"] != "What this is about was deleted meanwhile." || log.Len() > 0 {
		t.Errorf("%d %s\n%s", w.Code, w.Body, &log)
	}
}

func TestTheIDOfARequestLeadsToItsLineInTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w, answer := ask(failing{}, slog.New(slog.NewJSONHandler(&log, nil)), "GET", "/_scimd/tenants", "")
	var line map[string]any
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	id := w.Header().Get("X-Request-Id")
	if w.Code != 500 || id == "" || line["id"] != id || line["error"] != "the disk is gone" || strings.Contains(answer["detail"], "disk") {
		t.Errorf("%d %s, id %q, line %v", w.Code, w.Body, id, line)
	}
	other, _ := ask(failing{}, slog.New(slog.DiscardHandler), "GET", "/_scimd/nothing", "")
	if again := other.Header().Get("X-Request-Id"); again == "" || again == id {
		t.Errorf("another request has the id %q", again)
	}
	_, err := overSocket(t, failing{}).Tenants(ctx)
	if e := scimerr.From(err); e.Status != 500 || !strings.Contains(e.Detail, "(X-Request-Id: ") {
		t.Errorf("a person is told %v", err)
	}
}
