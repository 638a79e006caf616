package server_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/store"
)

// reading is what reading one answer took.
type reading struct {
	resources int
	bytes     int
	first     time.Duration // to the first byte of the body
	grown     int64         // of the heap, at most
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
	began := time.Now()
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
		if got.bytes == 0 {
			got.first = time.Since(began)
		}
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

// R7644-3.4.2.4-10, tenant 17: all permissions in one answer are streamed. Ten times as many take neither
// more memory nor longer to the first byte. It watches the heap of the process, so that no other test may
// run beside it.
func TestAllPermissionsInOneAnswerAreStreamed(t *testing.T) {
	const (
		users, few = 100, 20 // safes
		mostGrowth = 8 << 20
		mostDelay  = 3 // times that of a tenth
	)
	many, rounds := 200, 4
	if raceDetector {
		many, rounds = 40, 1
	}
	for _, e := range []struct {
		name string
		open func(*testing.T) store.Store
	}{{"sqlite", openSQLite}, {"postgres", openPostgres}} {
		t.Run(e.name, func(t *testing.T) {
			s := e.open(t)
			defer debug.SetGCPercent(debug.SetGCPercent(20))
			measure := func(safes int) (fastest time.Duration, grown int64) {
				c := newClient(t, s, cyberark)
				c.seedPermissions(safes, users)
				var first []time.Duration
				for range rounds {
					got := c.read("/ContainerPermissions")
					if got.resources != safes*users {
						t.Fatalf("%d permissions of %d", got.resources, safes*users)
					}
					first, grown = append(first, got.first), max(grown, got.grown)
					if got.bytes < 1<<20 || safes == 200 && got.bytes < mostGrowth {
						t.Errorf("%d bytes are too few to tell anything", got.bytes)
					}
				}
				slices.Sort(first)
				t.Logf("%d permissions: first byte after %v to %v, heap grown by %.1f MB at most", safes*users, first[0], first[rounds-1], float64(grown)/1e6)
				return first[0], grown
			}
			little, _ := measure(few)
			large, grown := measure(many)
			t.Logf("first byte: %.2f times as long", float64(large)/float64(little))
			if grown > mostGrowth {
				t.Errorf("the heap grew by %d bytes, more than %d", grown, mostGrowth)
			}
			if large > mostDelay*little {
				t.Errorf("the first byte takes %v, and %v of a tenth", large, little)
			}
		})
	}
}
