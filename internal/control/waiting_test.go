package control

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
)

// A request that takes long is not ended by the times that bound others, and one that
// only waits ends with the server.
func TestLongRequestsHaveTheirTimeAndThoseThatWaitEndWithTheServer(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		route func(route) route
		stop  bool
		want  int
	}{
		"long":                {route.slowly, false, 200},
		"long, at the end":    {route.slowly, true, 200},
		"waiting":             {route.waiting, false, 200},
		"waiting, at the end": {route.waiting, true, 503},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stopping, stop := context.WithCancel(t.Context())
			defer stop()
			rt := tc.route(asking("GET", "wait", "wait", "Waits.", func(_ Service, r *http.Request) (status, error) {
				if tc.stop {
					stop()
				}
				select {
				case <-time.After(300 * time.Millisecond):
					return status{"ok"}, nil
				case <-r.Context().Done():
					return status{}, r.Context().Err()
				}
			}))
			answer := (&handler{log: slog.New(slog.DiscardHandler)}).answer(nil, rt)
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				// The times for others end while the route is at it.
				c, soon := http.NewResponseController(w), time.Now().Add(250*time.Millisecond)
				if err := errors.Join(c.SetReadDeadline(soon), c.SetWriteDeadline(soon)); err != nil {
					t.Error(err)
				}
				answer(w, r)
			}))
			srv.Config.BaseContext = Stopping(stopping)
			srv.Start()
			t.Cleanup(srv.Close)
			resp, err := http.Get(srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != tc.want {
				t.Errorf("status %d, want %d", resp.StatusCode, tc.want)
			}
		})
	}
}

// Who sends a long body that is refused at its beginning gets the refusal, rather than
// a connection that is cut.
func TestARefusalReachesWhoIsStillSending(t *testing.T) {
	t.Parallel()
	rt := asking("POST", "read", "read", "Reads.", func(_ Service, r *http.Request) (status, error) {
		_, _ = r.Body.Read(make([]byte, 1))
		return status{}, scimerr.BadRequest("That is enough.")
	}).reading("application/json").atMost(32 << 20)
	h := &handler{log: slog.New(slog.DiscardHandler)}
	srv := httptest.NewServer(h.answer(nil, rt))
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	body := strings.Repeat(" ", 16<<20)
	if _, err := fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Error(resp.Status)
	}
}
