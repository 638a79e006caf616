package server_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/scimd/scimd/internal/store"
)

// reading is what reading one answer took.
type reading struct {
	resources int
	bytes     int
	grown     int64 // of the heap, at most
}

// read reads an answer in small pieces, keeps nothing of it, and watches the
// heap, which is the server's too.
func (c *client) read(path string) reading {
	c.Helper()
	heap := func() int64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	runtime.GC()
	before := heap()
	req, err := http.NewRequestWithContext(c.Context(), http.MethodGet, c.base+path, nil)
	if err != nil {
		c.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	res, err := c.http.Do(req)
	if err != nil {
		c.Fatal(err)
	}
	defer res.Body.Close()
	var got reading
	buf := make([]byte, 16<<10)
	mark, left := []byte(`"id":`), []byte(nil)
	for {
		n, err := res.Body.Read(buf)
		got.bytes += n
		left = append(left, buf[:n]...)
		got.resources += bytes.Count(left, mark)
		left = append(left[:0], left[max(0, len(left)-len(mark)+1):]...)
		got.grown = max(got.grown, heap()-before)
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			c.Fatal(err)
		}
	}
}

// R7644-3.4.2.4-10, tenant 17: all permissions in one answer are streamed: the answer is larger than what
// the heap may grow by. It watches the heap of the process, so that no other test may run beside it.
func TestAllPermissionsInOneAnswerAreStreamed(t *testing.T) {
	const (
		users, safes = 100, 200
		mostGrowth   = 8 << 20
	)
	for _, e := range []struct {
		name string
		open func(*testing.T) store.Store
	}{{"sqlite", openSQLite}, {"postgres", openPostgres}} {
		t.Run(e.name, func(t *testing.T) {
			s := e.open(t)
			defer debug.SetGCPercent(debug.SetGCPercent(20))
			c := newClient(t, s, cyberark)
			c.seedPermissions(safes, users)
			got := c.read("/ContainerPermissions")
			t.Logf("%d permissions in %d bytes: heap grown by %.1f MB at most", got.resources, got.bytes, float64(got.grown)/1e6)
			if got.resources != safes*users {
				t.Errorf("%d permissions of %d", got.resources, safes*users)
			}
			if got.bytes < mostGrowth {
				t.Errorf("%d bytes are too few to tell anything", got.bytes)
			}
			if got.grown > mostGrowth {
				t.Errorf("the heap grew by %d bytes, more than %d", got.grown, mostGrowth)
			}
		})
	}
}
